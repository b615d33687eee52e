//! What a scan says of an image whose files can't be read: each by its name, on one line, and the rest is
//! judged all the same.

use orlop_testing::{Compression, Image, Layer, PlatformName, Tarball};

use super::db;
use crate::orlop;

/// Turns a terminal's title, and would make a line of its own.
const EVIL: &str = "srv/\u{1b}]0;owned\u{7}\nERROR: all is well/node_modules/evil/package.json";

#[test]
fn files_that_cant_be_read_are_told_and_the_rest_is_judged() {
    let orlop = orlop();
    db::import(&orlop, "2026-01-31");
    let bad = Tarball::new()
        .file("etc/os-release", 0o644, "ID=alpine\nVERSION_ID=3.20.3\n")
        .file(
            "lib/apk/db/installed",
            0o644,
            "P:musl\nV:1.2.5-r0\nA:x86_64\n\nP:half\nA:x",
        )
        .file(
            "srv/node_modules/left/package.json",
            0o644,
            r#"{"name":"left","version":"1.0.0"}"#,
        )
        .file(EVIL, 0o644, "{")
        .file("var/lib/rpm/rpmdb.sqlite", 0o644, [b'x'; 999])
        .symlink("loop/node_modules", "node_modules");
    let layer = Layer::new(&bad.finish(), Compression::Gzip);
    let layout = orlop.folder().join("hostile");
    Image::new(&PlatformName::host(), &[layer]).write_layout(&layout, "example.com/hostile:v1");
    let image = format!("oci-dir://{}", layout.display());
    for format in ["packages", "json"] {
        let scan = ["scout", "cves", "--format", format, "--exit-code", &image];
        let done = orlop.run(scan).expect_code(2);
        assert!(done.stdout.contains("CVE-2024-1000"), "{}", done.stdout);
        let warnings: Vec<&str> = done
            .stderr
            .lines()
            .filter_map(|line| line.trim().strip_prefix("WARNING: "))
            .collect();
        for told in [
            "lib/apk/db/installed: half has no version",
            "srv/ ]0;owned  ERROR: all is well/node_modules/evil/package.json: it can't be read as JSON",
            "var/lib/rpm/rpmdb.sqlite: ",
        ] {
            assert!(
                warnings.iter().any(|it| it.starts_with(told)),
                "{told}: {warnings:#?}"
            );
        }
        for text in [&done.stdout, &done.stderr] {
            assert!(
                !text.contains(['\u{1b}', '\u{7}']) && !text.contains("\nERROR"),
                "{text:?}"
            );
        }
    }
}

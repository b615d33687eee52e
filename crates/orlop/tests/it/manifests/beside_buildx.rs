//! `buildx imagetools` beside buildx itself, where `ORLOP_TEST_BUILDX` names its program: the same
//! output, the same exit codes, the same bytes in the registry.

use std::path::Path;

use orlop_testing::peer::Skopeo;
use orlop_testing::{Finished, Image, MediaTypes, Orlop, Program, Registry};

use super::{fill, of};
use crate::orlop;

/// Both programs, told the same.
struct Both {
    buildx: std::ffi::OsString,
    orlop: Orlop,
}

impl Both {
    fn new() -> Option<Self> {
        let buildx = std::env::var_os("ORLOP_TEST_BUILDX")?;
        let orlop = orlop();
        Some(Self { buildx, orlop })
    }

    fn theirs(&self, arguments: &[&str]) -> Finished {
        let home: &Path = self.orlop.folder();
        let program = Program::new(&self.buildx).env("DOCKER_CONFIG", home.join("theirs"));
        program.arg("imagetools").args(arguments).run()
    }

    fn ours(&self, arguments: &[&str]) -> Finished {
        let words = ["buildx", "imagetools"];
        self.orlop.run(words.iter().chain(arguments))
    }

    /// Insists that both print the same and end the same. Errors have each program's own words.
    fn agree(&self, arguments: &[&str]) {
        let (theirs, ours) = (self.theirs(arguments), self.ours(arguments));
        assert_eq!(
            (ours.code(), &ours.stdout),
            (theirs.code(), &theirs.stdout),
            "{arguments:?}\n{ours}\n{theirs}"
        );
    }
}

#[test]
fn buildx_inspects_the_same() {
    let (Some(both), Some(registry)) = (Both::new(), Registry::start()) else {
        return;
    };
    let host = fill(&registry, MediaTypes::Oci);
    let attested = Image::with_attestation(&of("linux/amd64", MediaTypes::Oci));
    let attested = attested.push(&host, "team/app", "attested");
    let names = ["team/app:amd", "team/app:all", "team/none:v1"];
    let names = names.map(|name| format!("{host}/{name}"));
    for name in names.iter().chain([&attested]) {
        let (theirs, ours) = (
            both.theirs(&["inspect", name]),
            both.ours(&["inspect", name]),
        );
        // buildx prints annotations in any order, each time another one.
        let lines = |run: &Finished| {
            let mut lines: Vec<String> = run.stdout.lines().map(str::to_owned).collect();
            lines.sort();
            (run.code(), lines)
        };
        assert_eq!(lines(&ours), lines(&theirs), "{ours}\n{theirs}");
        both.agree(&["inspect", "--raw", name]);
        for template in [
            "{{json .Manifest}}",
            "{{json .Image}}",
            "{{json .Provenance}}",
            "{{json .SBOM}}",
            "{{json .}}",
            "{{.Name}} {{.Manifest.Digest}}",
            "{{range .Manifest.Manifests}}{{.Platform.Architecture}} {{end}}",
            "{{.Nope}}",
            "{{",
        ] {
            both.agree(&["inspect", "--format", template, name]);
        }
    }
}

#[test]
fn buildx_creates_the_same() {
    let (Some(both), Some(registry), Some(skopeo)) =
        (Both::new(), Registry::start(), Skopeo::new())
    else {
        return;
    };
    let host = fill(&registry, MediaTypes::Oci);
    let [amd, arm, all, new] =
        ["amd", "arm", "all", "new"].map(|tag| format!("{host}/team/app:{tag}"));
    let file = both.orlop.folder().join("descriptor.json");
    std::fs::write(&file, r#"{"digest": 1}"#).expect("a file is written");
    let file = file.display().to_string();
    for arguments in [
        &[&amd[..], &arm][..],
        &[&all],
        &[&amd],
        &["--prefer-index=false", &amd],
        &["--platform", "linux/amd64", &all],
        &["--platform", "linux/amd64,linux/arm/v7", &all],
        &["--tag", &all, "--append", &amd],
        &["--tag", &new, "--annotation", "index:org.x=y", &amd, &arm],
        &[
            "--tag",
            &new,
            "--annotation",
            "manifest-descriptor[linux/amd64]:a=b",
            &amd,
            &arm,
        ],
        &["--tag", &new, "--annotation", "org.x=y", &amd],
        &["--tag", &new, "--file", &file],
        &[&format!("{host}/team/none:v1")],
        &[],
    ] {
        both.agree(&[&["create", "--dry-run"][..], arguments].concat());
    }
    let by = |who: &str| format!("{host}/team/combined:{who}");
    let (theirs, ours) = (by("buildx"), by("orlop"));
    both.theirs(&["create", "-t", &theirs, &amd, &all])
        .expect_success();
    both.ours(&["create", "-t", &ours, &amd, &all])
        .expect_success();
    let raw = |name: &str| skopeo.raw(&format!("docker://{name}"));
    assert_eq!(raw(&ours), raw(&theirs));
}

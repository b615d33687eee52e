//! An image whose files want to bring a scan down, or have it find nothing: each is told by its name, and all
//! the rest is found, whichever way the image is read.

use std::io::{Cursor, Write as _};
use std::path::Path;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use orlop_scout::Indexed;
use orlop_testing::Tarball;
use rawzip::{CompressionMethod, ZipArchiveWriter};

use crate::world::World;

/// Stands for bytes that are no UTF-8 until the archive is made.
const ODD: &str = "qqqqq";
const NOT_UTF8: &[u8] = b"\xff\xfe\x80\xc3(";

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut archive = ZipArchiveWriter::new(&mut bytes);
    for (name, content) in entries {
        let file = archive.new_file(name);
        let (mut entry, config) = file
            .compression_method(CompressionMethod::DEFLATE)
            .start()
            .unwrap();
        let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::best()));
        writer.write_all(content).unwrap();
        let (encoder, descriptor) = writer.finish().unwrap();
        encoder.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    bytes.into_inner()
}

/// A jar in a jar in a jar.
fn nested() -> Vec<u8> {
    let manifest: (&str, &[u8]) = ("META-INF/MANIFEST.MF", b"A: b\n");
    (0..30).fold(zip(&[manifest]), |inner, _| {
        zip(&[manifest, ("a-1.jar", &inner)])
    })
}

/// What can be read, in several ecosystems.
fn good(tar: Tarball) -> Tarball {
    let long = format!("srv/{}/{ODD}", "deep/".repeat(40));
    tar.file("etc/os-release", 0o644, "ID=alpine\nVERSION_ID=3.20.3\n")
        .file(
            "lib/apk/db/installed",
            0o644,
            "P:musl\nV:1.2.5-r0\nA:x86_64\n\n",
        )
        .file(
            "srv/node_modules/left/package.json",
            0o644,
            r#"{"name": "left", "version": "1.0.0"}"#,
        )
        .gnu_long_names()
        .file(
            &format!("{long}/node_modules/right/package.json"),
            0o644,
            r#"{"name": "right", "version": "2.0.0"}"#,
        )
}

/// Files that are damaged, endless or somewhere else, and what is said of each.
const BAD: &[(&str, &str)] = &[
    (
        "bomb/bomb.jar",
        "its entry META-INF/MANIFEST.MF has 94371840 bytes",
    ),
    ("deep/deep.jar", "archives in archives are read 5 deep"),
    ("half/half.jar", "is damaged"),
    (
        "srv/node_modules/bad/package.json",
        "it can't be read as JSON",
    ),
    (
        "srv/node_modules/huge/package.json",
        "it has 94371840 bytes",
    ),
    (
        "usr/lib/python3/dist-packages/a-1.dist-info/METADATA",
        "a package has neither name nor version",
    ),
    ("var/lib/dpkg/status", "half has no version"),
    ("var/lib/rpm/Packages", "it is no hash of Berkeley DB"),
    ("var/lib/rpm/rpmdb.sqlite", "file is not a database"),
];

fn bad(tar: Tarball) -> Tarball {
    let zeros = vec![0; 90 << 20];
    let whole = zip(&[("META-INF/MANIFEST.MF", b"A: b\n"), ("b", &[7; 999])]);
    let sqlite = [b"SQLite format 3\0".as_slice(), &[0xaa; 5000]].concat();
    let rpm = [[0; 12].as_slice(), &0x61561_u32.to_le_bytes(), &[9; 600]].concat();
    tar.file(
        "bomb/bomb.jar",
        0o644,
        zip(&[("META-INF/MANIFEST.MF", &zeros)]),
    )
    .file("deep/deep.jar", 0o644, nested())
    .file("half/half.jar", 0o644, &whole[..whole.len() - 30])
    .file(
        "srv/node_modules/bad/package.json",
        0o644,
        r#"{"name": "ba"#,
    )
    .file("srv/node_modules/huge/package.json", 0o644, &zeros)
    .file(
        "usr/lib/python3/dist-packages/a-1.dist-info/METADATA",
        0o644,
        b"\xff\xfe\x00N\x00a\x00m\x00e",
    )
    .file(
        "var/lib/dpkg/status",
        0o644,
        "Package: half\nStatus: install ok installed\nVer",
    )
    .file("var/lib/rpm/Packages", 0o644, rpm)
    .file("var/lib/rpm/rpmdb.sqlite", 0o644, sqlite)
    // Links that lead out, to themselves, or to what must not be opened.
    .symlink("usr/lib/python3/dist-packages/b-1.dist-info", "/proc/self")
    .symlink("opt/node_modules", "../../../../../../../../etc")
    .symlink("loop/a", "b")
    .symlink("loop/b", "a")
    .symlink("srv/node_modules/left/node_modules", "..")
    .symlink("var/lib/dpkg/status.d", "/dev/zero")
    .fifo("srv/node_modules/pipe/package.json", 0o644)
}

/// The archive with names that are no text.
fn odd(tar: Tarball) -> Vec<u8> {
    let mut bytes = tar.finish();
    let places: Vec<usize> = bytes
        .windows(ODD.len())
        .enumerate()
        .filter(|(_, part)| *part == ODD.as_bytes())
        .map(|(at, _)| at)
        .collect();
    assert_eq!(
        places.len(),
        1,
        "in the long name alone, which has no checksum"
    );
    bytes[places[0]..places[0] + NOT_UTF8.len()].copy_from_slice(NOT_UTF8);
    bytes
}

fn check(indexed: &Indexed, way: &str) {
    let names: Vec<&str> = indexed
        .sbom
        .packages
        .iter()
        .map(|one| one.package.name.as_str())
        .filter(|name| ["left", "musl", "right"].contains(name))
        .collect();
    assert_eq!(names, ["musl", "left", "right"], "{way}");
    let told: Vec<String> = indexed
        .sbom
        .faults
        .iter()
        .map(ToString::to_string)
        .collect();
    for (path, what) in BAD {
        assert!(
            told.iter()
                .any(|fault| fault.starts_with(&format!("{path}: ")) && fault.contains(what)),
            "{way}: nothing of {path} in {told:#?}"
        );
    }
    assert!(
        told.iter().all(|fault| !fault.contains('\n')),
        "{way}: {told:#?}"
    );
    let right = indexed
        .sbom
        .packages
        .iter()
        .find(|one| one.package.name == "right");
    let path = &right.unwrap().locations[0].path;
    assert!(
        path.contains(r"/\xff\xfe\x80\xc3(/node_modules/"),
        "{way}: {path}"
    );
}

#[test]
fn hostile_files_are_told_and_the_rest_is_found() {
    let world = World::new();
    let layer = orlop_testing::Layer::new(
        &odd(bad(good(Tarball::new()))),
        orlop_testing::Compression::Gzip,
    );
    let image = orlop_testing::Image::new(&orlop_testing::PlatformName::host(), &[layer]);
    let layout = world.layout(&image, "hostile");
    let source = format!("oci-dir://{}", layout.display());
    check(&world.index(&source).unwrap(), "a layout");
    assert!(world.index(&source).unwrap().was_cached);
    // Kept with its faults: the second time they are told again.
    check(&world.index(&source).unwrap(), "what is kept");
    world.load(&layout);
    let tree = world.folder().join("tree");
    unpack(&odd(bad(good(Tarball::new()))), &tree);
    let source = format!("fs://{}", tree.display());
    check(&world.index(&source).unwrap(), "a directory");
}

/// Unpacks as a user would, by tar.
fn unpack(bytes: &[u8], tree: &Path) {
    std::fs::create_dir(tree).unwrap();
    orlop_testing::Program::new("tar")
        .args(["-x", "-C"])
        .arg(tree)
        .input(bytes)
        .ok();
}

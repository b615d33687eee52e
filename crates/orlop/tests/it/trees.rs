//! A mounted image against what umoci unpacks from it, to the last mode, owner, time, extended
//! attribute and hard link.

use std::path::Path;
use std::time::Duration;

use orlop_fs::TreeListing;
use orlop_testing::peer::{Skopeo, Umoci};
use orlop_testing::{
    Compression, Image, Layer, Orlop, PlatformName, Program, Registry, Tarball, fixtures, is_root,
};

use crate::{assert_same_tree, mounted, orlop};

/// A base with every kind of node.
fn base() -> Tarball {
    let long = format!("{}/{}", "d".repeat(120), "f".repeat(200));
    Tarball::new()
        .dir(".", 0o755)
        .mtime(1_500_000_001, 0)
        .dir("bin", 0o755)
        .file("bin/su", 0o4755, "setuid")
        .file("bin/wall", 0o2755, "setgid")
        .hard_link("bin/su2", "bin/su")
        .dir("usr", 0o711)
        .dir("usr/lib", 0o755)
        .file("usr/lib/a", 0o644, "a in lib")
        .symlink("lib", "usr/lib")
        .symlink("absolute", "/usr/lib/a")
        .symlink("dangling", "nowhere/at/all")
        .dir("tmp", 0o1777)
        .fifo("tmp/pipe", 0o622)
        .char_device("null", 0o666, 1, 3)
        .block_device("disk", 0o660, 259, 70_000)
        .owner(1000, 2000)
        .mtime(1_600_000_000, 123_456_789)
        .xattr("user.note", b"kept\0with zero")
        .file("owned", 0o600, "precise time")
        .owner(0, 0)
        .mtime(0, 0)
        .xattr("security.capability", &CAPABILITY)
        .file("bin/ping", 0o755, "with a capability")
        .dir(&"d".repeat(120), 0o750)
        .file(&long, 0o644, "a long name")
        .gnu_long_names()
        .file(&format!("{long}2"), 0o644, "another")
        .file("sparse-looking", 0o644, vec![0; 100_000])
        .file("näme with späces", 0o644, "utf-8")
}

/// `cap_net_raw+ep` as the kernel stores it.
const CAPABILITY: [u8; 20] = [
    1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// Trees that later layers change.
fn prey() -> Tarball {
    Tarball::new()
        .mtime(1_400_000_000, 5)
        .dir("gone", 0o755)
        .file("gone/x", 0o644, "x")
        .dir("opaque", 0o701)
        .file("opaque/old", 0o644, "old")
        .dir("opaque/deep", 0o755)
        .file("opaque/deep/old", 0o644, "old")
        .file("becomes-dir", 0o644, "file")
        .dir("becomes-file", 0o755)
        .file("becomes-file/inner", 0o644, "inner")
        .dir("becomes-link", 0o755)
        .file("becomes-link/inner", 0o644, "inner")
        .dir("chmod", 0o755)
        .file("chmod/stays", 0o644, "stays")
        .dir("implicit", 0o3751)
        .dir("implicit/parent", 0o2750)
        .file("implicit/parent/old", 0o644, "old")
        .file("linked", 0o640, "has a link in a layer above")
        .file("replaced", 0o644, "old content")
        .file("file-out", 0o644, "out")
        .file("file-in-the-way", 0o644, "")
        .dir("kept", 0o751)
        .owner(7, 8)
        .xattr("user.note", b"kept")
        .dir("kept/deep", 0o1700)
        .file("kept/deep/old", 0o644, "old")
        .dir("kept/emptied", 0o2711)
        .file("kept/emptied/old", 0o644, "old")
        .dir("staff", 0o2775)
        .owner(0, 0)
        .file("several", 0o644, "one of three names")
        .hard_link("kept/several", "several")
        .hard_link("opaque/several", "several")
        .hard_link("kept/deep/several", "several")
}

/// Every change that a layer can make to the ones below.
fn changes() -> Tarball {
    Tarball::new()
        .mtime(1_450_000_000, 7)
        .whiteout("gone")
        .whiteout("file-out")
        .opaque("opaque")
        .file("opaque/new", 0o644, "new")
        .dir("becomes-dir", 0o700)
        .file("becomes-dir/inner", 0o644, "inner")
        .file("becomes-file", 0o600, "now a file")
        .symlink("becomes-link", "becomes-dir")
        .dir("chmod", 0o500)
        .file(
            "implicit/parent/new",
            0o644,
            "its parents have no entries here",
        )
        .hard_link("link-of-linked", "linked")
        .hard_link("implicit/link-of-linked", "linked")
        .hard_link("one-more-of-several", "several")
        .file("replaced", 0o4711, "new content, new mode")
        .file("lib/through-a-link", 0o644, "lands in usr/lib")
        // A whiteout makes nothing that wasn't there …
        .whiteout("never/was/here")
        .opaque("nowhere/at")
        .whiteout("dangling/here")
        .whiteout("replaced/no-folder")
        .opaque("file-in-the-way")
        // … keeps what it finds …
        .whiteout("kept/deep/old")
        .opaque("kept/emptied")
        // … and is forgotten where there is something to see, before it or after it.
        .dir("early", 0o755)
        .whiteout("early/never/was")
        .dir("early/never", 0o750)
        .file("early/never/now", 0o644, "now")
        .dir("late", 0o755)
        .dir("late/never", 0o750)
        .file("late/never/now", 0o644, "now")
        .whiteout("late/never/was")
        .opaque("late/never")
        // What is new in a folder with a setgid bit inherits it; only its time is umoci's own.
        .dir("staff/new", 0o755)
}

/// Changes to the changes.
fn more_changes() -> Tarball {
    Tarball::new()
        .mtime(1_460_000_000, 0)
        .dir("gone", 0o711)
        .file("gone/back", 0o644, "back again")
        .file("opaque/old", 0o644, "another old")
        .whiteout("becomes-dir/inner")
        .whiteout("link-of-linked")
        .dir("replaced", 0o755)
        .file("replaced/x", 0o644, "x")
        .whiteout("never-was-here")
        .whiteout("never/was/here/either")
        .opaque("early/never/there")
}

fn layers_of<const N: usize>(parts: [Tarball; N]) -> Vec<Layer> {
    parts
        .into_iter()
        .map(|tar| Layer::new(&tar.finish(), Compression::Gzip))
        .collect()
}

/// The tree that umoci makes of `tag` in a layout.
pub(crate) fn unpacked(umoci: &Umoci, layout: &Path, tag: &str, orlop: &Orlop) -> TreeListing {
    TreeListing::read(&umoci.unpack(layout, tag, &orlop.folder().join("bundle")))
        .expect("an unpacked tree can be read")
}

/// A file whose owner few machines have.
fn far() -> Tarball {
    Tarball::new()
        .mtime(1_600_000_000, 123_456_789)
        .owner(3_000_000, 4_000_000)
        .file("far", 0o400, "ids beyond octal")
}

/// An image with every kind of node, and every change that a layer can make to the ones below.
pub(crate) fn everything() -> Image {
    Image::new(
        &PlatformName::host(),
        &layers_of([base(), far(), prey(), changes(), more_changes()]),
    )
}

/// The same without what belongs to ids that a user hasn't got.
pub(crate) fn everything_near() -> Image {
    Image::new(
        &PlatformName::host(),
        &layers_of([base(), prey(), changes(), more_changes()]),
    )
}

/// What is mounted of [`everything`], and what umoci unpacks of it. Needs root.
pub(crate) fn mounted_and_unpacked(orlop: &Orlop) -> Option<(TreeListing, TreeListing)> {
    let (umoci, registry) = (Umoci::new()?, Registry::start()?);
    let image = everything();
    let name = image.push(&registry.host(), "tree", "v1");
    orlop.ok(["pull", "-q", &name]);
    let layout = orlop.folder().join("layout");
    image.write_layout(&layout, "v1");
    let expected = unpacked(&umoci, &layout, "v1", orlop);
    Some((mounted(orlop, &name), expected))
}

fn compare_with(driver: &str) {
    if is_root()
        && let Some((tree, expected)) = mounted_and_unpacked(&orlop().driver(driver))
    {
        assert_same_tree(&tree, &expected, driver);
    }
}

#[test]
fn root_a_mounted_tree_is_what_umoci_unpacks() {
    compare_with("overlay2");
}

#[test]
fn root_with_vfs_it_is_the_same() {
    compare_with("vfs");
}

#[test]
fn root_alpine_is_what_umoci_unpacks() {
    let (Some(fixtures), true) = (fixtures(), is_root()) else {
        return;
    };
    let (Some(umoci), Some(skopeo), Some(registry)) =
        (Umoci::new(), Skopeo::new(), Registry::start())
    else {
        return;
    };
    let orlop = orlop();
    for (folder, tag) in [("alpine-3.20", "3.20"), ("alpine-3.9", "3.9")] {
        let layout = format!(
            "oci:{}:{tag}",
            fixtures.join("images").join(folder).display()
        );
        let name = format!("{}/alpine:{tag}", registry.host());
        skopeo.copy(&layout, &format!("docker://{name}"), &["--all"]);
        for architecture in ["amd64", "arm64"] {
            let own = orlop.folder().join(format!("{tag}-{architecture}"));
            let one = ["--override-arch", architecture];
            skopeo
                .program()
                .args(one)
                .args(["copy", &layout, &format!("oci:{}:x", own.display())])
                .ok();
            let tree = umoci.unpack(&own, "x", &own.join("bundle"));
            let expected = TreeListing::read(&tree).expect("an unpacked tree can be read");
            let orlop = crate::orlop();
            orlop.ok([
                "pull",
                "-q",
                "--platform",
                &format!("linux/{architecture}"),
                &name,
            ]);
            assert_same_tree(
                &mounted(&orlop, &name),
                &expected,
                &format!("{tag} {architecture}"),
            );
        }
    }
}

/// A whole distribution, made in a minute and a half from the machine's Debian mirror: only when
/// `ORLOP_TEST_DEBIAN=1` asks for it.
#[test]
fn root_debian_is_what_umoci_unpacks() {
    if std::env::var_os("ORLOP_TEST_DEBIAN").is_none_or(|value| value != "1") {
        return;
    }
    let (Some(fixtures), true) = (fixtures(), is_root()) else {
        return;
    };
    let (Some(umoci), Some(skopeo), Some(registry)) =
        (Umoci::new(), Skopeo::new(), Registry::start())
    else {
        return;
    };
    let orlop = orlop();
    let layout = orlop.folder().join("debian");
    Program::new(fixtures.join("debian.sh"))
        .arg("amd64")
        .arg(&layout)
        .timeout(Duration::from_secs(900))
        .ok();
    let name = format!("{}/debian:bookworm", registry.host());
    skopeo.copy(
        &format!("oci:{}:bookworm", layout.display()),
        &format!("docker://{name}"),
        &[],
    );
    orlop.ok(["pull", "-q", &name]);
    let expected = unpacked(&umoci, &layout, "bookworm", &orlop);
    assert!(expected.nodes.len() > 3000, "a whole distribution");
    assert_same_tree(&mounted(&orlop, &name), &expected, "debian");
}

#[test]
fn root_a_mount_is_read_only_or_thrown_away() {
    let (true, Some(registry)) = (is_root(), Registry::start()) else {
        return;
    };
    let name = crate::small("mounts").push(&registry.host(), "app", "v1");
    for driver in ["overlay2", "vfs"] {
        mounts_are_read_only_or_thrown_away(&orlop().driver(driver), &name);
    }
}

/// `name` is the image of [`crate::small`] with the word `mounts`.
pub(crate) fn mounts_are_read_only_or_thrown_away(orlop: &Orlop, name: &str) {
    orlop.ok(["pull", "-q", name]);
    let target = orlop.folder().join("target");
    std::fs::create_dir(&target).expect("a folder is made");
    let directory = target.to_str().expect("the path is text");
    orlop.ok(["mount", name, directory]);
    assert_eq!(
        std::fs::read_to_string(target.join("top")).expect("the file is there"),
        "mounts top"
    );
    assert!(
        std::fs::write(target.join("new"), "x").is_err(),
        "read-only"
    );
    orlop.ok(["umount", directory]);
    assert!(!target.join("top").exists());

    orlop.ok(["mount", "--rw", name, directory]);
    std::fs::write(target.join("top"), "changed").expect("it can be written to");
    orlop.ok(["umount", directory]);
    orlop.ok(["mount", name, directory]);
    assert_eq!(
        std::fs::read_to_string(target.join("top")).expect("the file is there"),
        "mounts top",
        "thrown away"
    );
    orlop.ok(["umount", directory]);
    assert!(
        orlop.fails(["umount", directory]).contains("not"),
        "nothing is mounted there"
    );
}

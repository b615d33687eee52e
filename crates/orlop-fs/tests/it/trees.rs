//! Copying, listing and comparing trees.

use std::{fs, os::unix::fs::MetadataExt as _};

use orlop_fs::{Difference, TreeListing, WhiteoutStyle, copy_tree, usage};

use crate::layer::{Layer, assert_same, is_root, needs_root, node, scratch};

fn sample() -> Layer {
    let mut layer = Layer::new();
    layer
        .with_mode(0o751)
        .dir("./")
        .pax(&[("SCHILY.xattr.user.a", b"\x00b")])
        .dir("d")
        .file("d/one", vec![7; 100_000])
        .link("d/two", "d/one")
        .link("three", "d/two")
        .symlink("link", "/etc/passwd")
        .link("link2", "link")
        .node(b'6', "pipe", (0, 0))
        .with_mode(0o4711)
        .file("suid", b"#!")
        .with_mode(0o555)
        .dir("closed")
        .file("closed/x", b"");
    layer
}

#[test]
fn a_copy_is_the_same_tree() {
    let base = scratch();
    let (one, two) = (base.path().join("one"), base.path().join("two"));
    fs::create_dir(&one).unwrap();
    let mut layer = sample();
    if is_root() {
        layer
            .with_owner(1000, 2000)
            .node(b'3', "null", (1, 3))
            .file("owned", b"");
    }
    layer.unpack(&one, WhiteoutStyle::Apply).unwrap();
    let sparse = fs::File::create(one.join("sparse")).unwrap();
    sparse.set_len(50 << 20).unwrap();
    std::os::unix::fs::FileExt::write_at(&sparse, b"data", 20 << 20).unwrap();
    drop(sparse);
    copy_tree(&one, &two).unwrap();
    let listing = TreeListing::read(&one).unwrap();
    assert_same(&listing, &TreeListing::read(&two).unwrap());
    assert_eq!(
        node(&listing, "three").link_group.as_deref(),
        Some(&b"d/one"[..])
    );
    assert!(fs::metadata(two.join("sparse")).unwrap().blocks() * 512 < 1 << 20);
    assert_eq!(usage(&one).unwrap(), usage(&two).unwrap());
}

#[test]
fn root_a_copy_keeps_overlay_s_attributes() {
    if !needs_root("root_a_copy_keeps_overlay_s_attributes") {
        return;
    }
    let base = scratch();
    let (one, two) = (base.path().join("one"), base.path().join("two"));
    fs::create_dir(&one).unwrap();
    let mut layer = Layer::new();
    layer.dir("d").opaque("d").hide("gone");
    layer.unpack(&one, WhiteoutStyle::Overlay).unwrap();
    copy_tree(&one, &two).unwrap();
    let mut value = [0; 4];
    let length = rustix::fs::getxattr(two.join("d"), "trusted.overlay.opaque", &mut value).unwrap();
    assert_eq!(&value[..length], b"y");
    assert_eq!(fs::symlink_metadata(two.join("gone")).unwrap().rdev(), 0);
}

#[test]
fn every_difference_is_told() {
    let base = scratch();
    sample().unpack(base.path(), WhiteoutStyle::Apply).unwrap();
    let before = TreeListing::read(base.path()).unwrap();
    assert!(before.diff(&before).is_empty());
    fs::remove_file(base.path().join("pipe")).unwrap();
    fs::write(base.path().join("new"), b"").unwrap();
    // The same length and time, other content.
    let file = fs::OpenOptions::new()
        .write(true)
        .open(base.path().join("d/one"))
        .unwrap();
    let time = file.metadata().unwrap().modified().unwrap();
    std::os::unix::fs::FileExt::write_at(&file, b"!", 0).unwrap();
    file.set_modified(time).unwrap();
    let after = TreeListing::read(base.path()).unwrap();
    let told: Vec<_> = before
        .diff(&after)
        .into_iter()
        .map(|difference| match difference {
            Difference::Left(path, _) => format!("-{}", String::from_utf8(path).unwrap()),
            Difference::Right(path, _) => format!("+{}", String::from_utf8(path).unwrap()),
            Difference::Both(path, _) => format!("~{}", String::from_utf8(path).unwrap()),
        })
        .collect();
    assert_eq!(told, ["~", "~d/one", "~d/two", "-pipe", "~three", "+new"]);
}

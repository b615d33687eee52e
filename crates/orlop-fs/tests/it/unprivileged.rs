//! Without privileges everything belongs to the caller, and the rest is as it should be.

use std::os::unix::fs::MetadataExt as _;

use orlop_fs::{Position, Privilege, TreeListing, UnpackOptions, WhiteoutStyle};

use crate::layer::{Layer, node, scratch, shape};

fn options(whiteouts: WhiteoutStyle) -> UnpackOptions {
    UnpackOptions::new(whiteouts, Position::Bottom, Privilege::None)
}

#[test]
fn owners_are_ignored_and_devices_left_out() {
    let mut layer = Layer::new();
    layer
        .with_owner(12345, 54321)
        .dir("dev")
        .node(b'3', "dev/null", (1, 3))
        .link("dev/zero", "dev/null")
        .node(b'6', "pipe", (0, 0))
        .pax(&[
            ("SCHILY.xattr.security.capability", b"x"),
            ("SCHILY.xattr.user.a", b"1"),
        ])
        .with_mode(0o4755)
        .file("f", b"x");
    let dir = scratch();
    let unpacked = layer
        .unpack_with(dir.path(), &options(WhiteoutStyle::Apply))
        .unwrap();
    assert_eq!(unpacked.skipped_devices, 1);
    let listing = TreeListing::read(dir.path()).unwrap();
    assert_eq!(shape(&listing), ["dev/", "f 1", "pipe |"]);
    let own = std::fs::metadata(dir.path()).unwrap();
    for node in listing.nodes.values() {
        assert_eq!((node.uid, node.gid), (own.uid(), own.gid()));
    }
    assert_eq!(node(&listing, "f").mode, 0o4755);
    assert_eq!(
        node(&listing, "f").xattrs,
        [(b"user.a".to_vec(), b"1".to_vec())]
    );
}

#[test]
fn a_device_left_out_still_hides_what_is_below() {
    let mut layer = Layer::new();
    layer
        .node(b'3', "null", (1, 3))
        .node(b'3', "dir", (1, 5))
        .dir("dir");
    let dir = scratch();
    layer
        .unpack_with(dir.path(), &options(WhiteoutStyle::OverlayUser))
        .unwrap();
    let listing = TreeListing::read(dir.path()).unwrap();
    // Whiteouts are devices where they may be, else empty files.
    let whiteout = shape(&listing).remove(1);
    assert!(
        ["null c0:0", "null 0"].contains(&whiteout.as_str()),
        "{whiteout}"
    );
    let mut value = [0; 4];
    let path = dir.path().join("dir");
    let length = rustix::fs::getxattr(path, "user.overlay.opaque", &mut value).unwrap();
    assert_eq!(&value[..length], b"y");
}

/// Directories that their owner may not write to are filled all the same, in their own layer and
/// in one above.
#[test]
fn closed_directories_are_filled_and_closed_again() {
    let mut below = Layer::new();
    below
        .with_mode(0o555)
        .dir("closed")
        .file("closed/one", b"")
        .with_mode(0)
        .dir("closed/tight")
        .file("closed/tight/file", b"")
        .with_mode(0o555)
        .dir("./");
    let mut above = Layer::since(1_700_000_000);
    above
        .file("closed/two", b"")
        .file("closed/tight/two", b"")
        .hide("closed/one");
    let dir = scratch();
    let mut options = options(WhiteoutStyle::Apply);
    below.unpack_with(dir.path(), &options).unwrap();
    options.position = Position::Above;
    above.unpack_with(dir.path(), &options).unwrap();
    let mode = |path: &str| {
        let metadata = std::fs::symlink_metadata(dir.path().join(path)).unwrap();
        (metadata.mode() & 0o7777, metadata.mtime())
    };
    assert_eq!(mode("closed"), (0o555, 1_600_000_000));
    assert_eq!(mode("closed/tight"), (0, 1_600_000_002));
    assert_eq!(mode("").0, 0o555);
    let outer: Vec<_> = std::fs::read_dir(dir.path().join("closed"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(outer.len(), 2);
    orlop_fs::remove_tree(&dir.path().join("closed")).unwrap_or_else(|error| {
        // The root itself is closed to us: what is in it can't be removed by name.
        assert!(error.to_string().contains("remove"), "{error}");
    });
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(dir.path(), open).unwrap();
    orlop_fs::remove_tree(&dir.path().join("closed")).unwrap();
}

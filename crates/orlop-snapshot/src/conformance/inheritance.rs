//! Cases about what a layer says nothing of, and so has from the layers below or from the directory it
//! is made in.

use orlop_fs::Privilege;
use orlop_oci::{ChainId, Digest};
use rustix::fs::XattrFlags;
use rustix::io::Errno;

use super::cases::{DIR, Outcome, PLAIN, ensure, expect, with_owner};
use super::{Attributes, Bench, Failure, Layer};

const DEFAULT_ACL: &str = "system.posix_acl_default";
const ACCESS_ACL: &str = "system.posix_acl_access";

/// A tree may be empty but for its root, and still not be the first one.
pub(super) fn bare_root(bench: &Bench<'_>) -> Outcome {
    let root = Attributes {
        mode: 0o2751,
        owner: (5, 6),
        mtime: 78,
    };
    let bare = Layer::new()
        .xattrs(&[("user.note", b"kept")])
        .directory("./", root);
    let expected = with_owner("directory 2751 5:6 78.000000000 user.note=\"kept\"");
    for above in [
        Layer::new().file("a", PLAIN, b""),
        Layer::new().whiteout("a").opaque("."),
        Layer::new(),
    ] {
        let listing = bench.listing(&[bare.clone(), above.clone(), above])?;
        ensure(listing["."] == expected, || {
            format!("the root of the bare layer is lost: {}", listing["."])
        })?;
    }
    // What a bare layer above says of the root counts too.
    let named = Layer::new().directory("./", Attributes::mode(0o700));
    let listing = bench.listing(&[bare, named])?;
    let expected = with_owner("directory 700 0:0 1000000000.000000000");
    ensure(listing["."] == expected, || {
        format!("the root of the upper layer is lost: {}", listing["."])
    })
}

/// `user::rwx, user:1000:rw-, group::r-x, mask::rwx, other::---`, as the kernel keeps it.
fn list() -> Vec<u8> {
    const NOBODY: u32 = u32::MAX;
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in [
        (1_u16, 7_u16, NOBODY),
        (2, 6, 1000),
        (4, 5, NOBODY),
        (16, 7, NOBODY),
        (32, 0, NOBODY),
    ] {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(permissions.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

/// Whether lists are kept here: without privileges, no layer's are.
fn keeps_lists(bench: &Bench<'_>) -> Result<bool, Failure> {
    if !Privilege::of_process().keeps_owners() {
        return Ok(false);
    }
    // Where the layers will be. Some file systems keep the attribute, and don't know what it is.
    let staging = bench.driver().begin(&ChainId(Digest::of(b"lists")), None)?;
    let made = staging.path().join("made");
    match rustix::fs::setxattr(staging.path(), DEFAULT_ACL, &list(), XattrFlags::empty()) {
        Ok(()) => {}
        Err(Errno::OPNOTSUPP) => return Ok(false),
        Err(errno) => return Err(Failure::Io(errno.into())),
    }
    std::fs::create_dir(&made)?;
    let mut inherited = [0; 256];
    match rustix::fs::getxattr(&made, DEFAULT_ACL, &mut inherited[..]) {
        Ok(_) => Ok(true),
        Err(Errno::NODATA) => Ok(false),
        Err(errno) => Err(Failure::Io(errno.into())),
    }
}

/// An entry has the lists that it names; a directory without one has what `mkdir` gives it in the tree
/// of the layers below.
pub(super) fn access_control_lists(bench: &Bench<'_>) -> Outcome {
    if !keeps_lists(bench)? {
        return Ok(());
    }
    let list = list();
    let shown = format!("{:?}", String::from_utf8_lossy(&list));
    let default = format!("{DEFAULT_ACL}={shown}");
    let both = format!("{ACCESS_ACL}={shown} {default}");
    let below = Layer::new()
        .xattrs(&[(DEFAULT_ACL, &list)])
        .directory("d", Attributes::mode(0o750))
        .directory("d/plain", DIR)
        .file("d/f", PLAIN, b"")
        .file("d/own/f", PLAIN, b"");
    let above = Layer::new()
        .file("d/new/deep/f", PLAIN, b"")
        .file("d/new/g", PLAIN, b"")
        .fifo("d/p", PLAIN)
        .file("d/plain/new/f", PLAIN, b"");
    let inherited = format!("directory 770 0:0 1000000000.000000000 {both}");
    let mut expected = vec![
        format!("d: directory 750 0:0 1000000000.000000000 {default}"),
        "d/f: file \"\" 644 0:0 1000000000.000000000".to_owned(),
        format!("d/new: {inherited}"),
        format!("d/new/deep: {inherited}"),
        "d/new/deep/f: file \"\" 644 0:0 1000000000.000000000".to_owned(),
        "d/new/g: file \"\" 644 0:0 1000000000.000000000".to_owned(),
        format!("d/own: {inherited}"),
        "d/own/f: file \"\" 644 0:0 1000000000.000000000".to_owned(),
        "d/p: fifo 644 0:0 1000000000.000000000".to_owned(),
        "d/plain: directory 755 0:0 1000000000.000000000".to_owned(),
        "d/plain/new: directory 755 0:0 1000000000.000000000".to_owned(),
        "d/plain/new/f: file \"\" 644 0:0 1000000000.000000000".to_owned(),
    ];
    let lists = |listing: &super::Listing| listing.values().filter(|at| at.contains("acl")).count();
    let listing = bench.listing(&[below.clone(), above.clone()])?;
    compare(&listing, &expected)?;
    ensure(lists(&listing) == 4, || {
        format!("lists where none should be: {listing:#?}")
    })?;
    // An entry that names no list takes it away, and what it handed on stays.
    let without = Layer::new()
        .directory("d", DIR)
        .file("d/zlate/f", PLAIN, b"");
    expected[0] = "d: directory 755 0:0 1000000000.000000000".to_owned();
    expected.push("d/zlate: directory 755 0:0".to_owned());
    expected.push("d/zlate/f: file".to_owned());
    let listing = bench.listing(&[below, above, without])?;
    compare(&listing, &expected)?;
    ensure(lists(&listing) == 3, || {
        format!("lists where none should be: {listing:#?}")
    })
}

fn compare(listing: &super::Listing, expected: &[String]) -> Outcome {
    let lines: Vec<&str> = expected.iter().map(String::as_str).collect();
    expect(listing, &lines)
}

//! Access control lists: an entry has what it says, and a directory without one inherits, as `mkdir`
//! in the unpacked tree has it.

use std::os::unix::fs::PermissionsExt as _;

use orlop_fs::{Settled, TreeListing, WhiteoutStyle, copy_tree, settle};

use crate::layer::{Layer, acl, applied, is_root, needs_root, node, scratch};

const ACCESS: &str = "SCHILY.xattr.system.posix_acl_access";
const DEFAULT: &str = "SCHILY.xattr.system.posix_acl_default";

/// What a node has of lists: mode, access list, default list.
type Lists = (u32, Option<Vec<u8>>, Option<Vec<u8>>);

fn lists(listing: &TreeListing, path: &str) -> Lists {
    let node = node(listing, path);
    let list = |name: &str| {
        let found = node
            .xattrs
            .iter()
            .find(|(known, _)| known == name.as_bytes());
        found.map(|(_, value)| value.clone())
    };
    let (access, default) = ("system.posix_acl_access", "system.posix_acl_default");
    (node.mode, list(access), list(default))
}

/// A list with more than the mode can say, and one without.
fn full_and_minimal() -> [(Vec<u8>, Lists); 2] {
    let (full, minimal) = (acl(7, Some(6), 5, 0), acl(7, None, 1, 1));
    let inherited = [
        (0o770, Some(full.clone()), Some(full.clone())),
        (0o711, None, Some(minimal.clone())),
    ];
    [full, minimal]
        .into_iter()
        .zip(inherited)
        .collect::<Vec<_>>()
        .try_into()
        .unwrap()
}

#[test]
fn root_only_directories_without_an_entry_inherit() {
    if !needs_root("root_only_directories_without_an_entry_inherit") {
        return;
    }
    for (list, inherited) in full_and_minimal() {
        let mut one = Layer::new();
        one.file("d/before/f", b"")
            .with_mode(0o750)
            .pax(&[(DEFAULT, &list)])
            .dir("d")
            .with_mode(0o644)
            .file("d/f", b"")
            .node(b'6', "d/pipe", (0, 0))
            .node(b'3', "d/null", (1, 3))
            .symlink("d/link", "f")
            .with_mode(0o755)
            .dir("d/e")
            .file("d/e/deep/f", b"")
            .file("d/i/j/f", b"")
            .file("d/i/k/f", b"")
            .with_mode(0o711)
            .dir("d/i/k");
        let mut two = Layer::new();
        two.file("d/n/f", b"").file("d/e/n/f", b"");
        for layers in [&[&one, &two][..], &[&one]] {
            let (_dir, listing) = applied(layers).unwrap();
            assert_eq!(lists(&listing, "d"), (0o750, None, Some(list.clone())));
            for (path, mode) in [
                ("d/before", 0o755),
                ("d/f", 0o644),
                ("d/pipe", 0o660),
                ("d/null", 0o660),
                ("d/e", 0o755),
                ("d/e/deep", 0o755),
                ("d/i/k", 0o711),
            ] {
                assert_eq!(lists(&listing, path), (mode, None, None), "{path}");
            }
            for path in ["d/i", "d/i/j"] {
                assert_eq!(lists(&listing, path), inherited, "{path}");
            }
            if layers.len() > 1 {
                assert_eq!(lists(&listing, "d/n"), inherited);
                assert_eq!(lists(&listing, "d/e/n"), (0o755, None, None));
            }
        }
    }
}

/// The permissions of the group are the list's, whatever the header says of them.
#[test]
fn root_an_access_list_comes_after_the_mode() {
    if !needs_root("root_an_access_list_comes_after_the_mode") {
        return;
    }
    let list = acl(7, Some(6), 5, 0);
    let mut layer = Layer::new();
    layer
        .pax(&[(ACCESS, &list)])
        .file("plain", b"")
        .with_mode(0o4755)
        .pax(&[(ACCESS, &list)])
        .file("setuid", b"")
        .pax(&[(ACCESS, &list)])
        .dir("dir");
    let (_dir, listing) = applied(&[&layer]).unwrap();
    for (path, mode) in [("plain", 0o770), ("setuid", 0o4770), ("dir", 0o4770)] {
        assert_eq!(lists(&listing, path), (mode, Some(list.clone()), None));
    }
}

/// In a directory of its own a layer can't know.
#[test]
fn root_what_a_list_below_would_change_needs_apply() {
    if !needs_root("root_what_a_list_below_would_change_needs_apply") {
        return;
    }
    let list = acl(7, Some(6), 5, 0);
    let mut below = Layer::new();
    below.pax(&[(DEFAULT, &list)]).dir("d").dir("d/e").dir("x");
    let mut cases = vec![(Layer::new(), Settled::NeedsApply); 9];
    cases[0].0.file("d/new/f", b"");
    cases[1].0.file("d/new/f", b"").dir("d");
    cases[2].0.opaque("d/e").hide("d/e").file("d/e/f", b"");
    cases[3]
        .0
        .pax(&[(DEFAULT, &list)])
        .dir("x")
        .file("x/y/f", b"");
    cases[4]
        .0
        .hide("x/y/z")
        .pax(&[(DEFAULT, &list)])
        .dir("x")
        .file("x/y/f", b"");
    cases[4].1 = Settled::NeedsApply;
    // Nothing is inherited here.
    cases[5] = (Layer::new(), Settled::Done);
    cases[5].0.dir("d").file("d/new/f", b"");
    cases[6] = (Layer::new(), Settled::Done);
    cases[6].0.file("d/e/f", b"").file("d/f", b"").dir("d/new");
    cases[7] = (Layer::new(), Settled::Done);
    cases[7].0.hide("d/e/never").hide("d/never/was");
    cases[8] = (Layer::new(), Settled::Done);
    cases[8].0.hide("d").file("d/e/f", b"");
    for (number, (above, expected)) in cases.iter().enumerate() {
        let base = scratch();
        let dir = |name: &str| base.path().join(name);
        for name in ["below", "above"] {
            std::fs::create_dir(dir(name)).unwrap();
        }
        let style = WhiteoutStyle::Overlay;
        below.unpack(&dir("below"), style).unwrap();
        let unpacked = above.unpack(&dir("above"), style).unwrap();
        let settled = settle(&dir("above"), &[dir("below")], style, &unpacked).unwrap();
        assert_eq!(settled, *expected, "case {number}");
    }
}

/// A file that is copied up for the sake of a link stays what it is.
#[test]
fn root_what_is_copied_up_inherits_nothing() {
    if !needs_root("root_what_is_copied_up_inherits_nothing") {
        return;
    }
    let list = acl(7, Some(6), 5, 0);
    let mut below = Layer::new();
    below
        .dir("d")
        .file("d/f", b"1")
        .dir("d/e")
        .node(b'6', "d/e/p", (0, 0));
    let mut above = Layer::new();
    above
        .pax(&[(DEFAULT, &list)])
        .dir("d")
        .link("f", "d/f")
        .link("p", "d/e/p");
    let base = scratch();
    let dir = |name: &str| base.path().join(name);
    for name in ["below", "above"] {
        std::fs::create_dir(dir(name)).unwrap();
    }
    let style = WhiteoutStyle::Overlay;
    below.unpack(&dir("below"), style).unwrap();
    let unpacked = above.unpack(&dir("above"), style).unwrap();
    let settled = settle(&dir("above"), &[dir("below")], style, &unpacked).unwrap();
    assert_eq!(settled, Settled::Done);
    let listing = TreeListing::read(&dir("above")).unwrap();
    assert_eq!(lists(&listing, "d").2, Some(list));
    for (path, mode) in [("d/f", 0o644), ("f", 0o644), ("d/e", 0o755), ("p", 0o660)] {
        assert_eq!(lists(&listing, path), (mode, None, None), "{path}");
    }
}

/// What the machine hands on to the directory that a layer is unpacked into is no part of the image.
#[test]
fn lists_of_the_machine_stay_outside() {
    let base = scratch();
    // Generous: it would let group and others write where the umask doesn't.
    let list = acl(7, Some(7), 7, 7);
    let name = "system.posix_acl_default";
    match rustix::fs::setxattr(base.path(), name, &list, rustix::fs::XattrFlags::empty()) {
        Err(rustix::io::Errno::OPNOTSUPP) => return eprintln!("SKIPPED: no access lists here"),
        set => set.unwrap(),
    }
    let mut layer = Layer::new();
    layer
        .with_mode(0o666)
        .file("i/f", b"")
        .with_mode(0o777)
        .dir("e");
    let styles = [
        WhiteoutStyle::Apply,
        WhiteoutStyle::OverlayUser,
        WhiteoutStyle::Overlay,
    ];
    let expect = |dir: &std::path::Path| {
        let listing = TreeListing::read(dir).unwrap();
        for (path, mode) in [("i", 0o755), ("i/f", 0o666), ("e", 0o777)] {
            assert_eq!(lists(&listing, path), (mode, None, None), "{path}");
        }
        assert_eq!(lists(&listing, "").2, None);
    };
    for style in styles {
        let dir = base.path().join(format!("{style:?}"));
        std::fs::create_dir(&dir).unwrap();
        layer.unpack(&dir, style).unwrap();
        expect(&dir);
        assert!(is_root() || dir.metadata().unwrap().permissions().mode() & 0o700 == 0o700);
    }
    let copy = base.path().join("copy");
    copy_tree(&base.path().join("Apply"), &copy).unwrap();
    expect(&copy);
}

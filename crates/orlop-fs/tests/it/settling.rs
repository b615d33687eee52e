//! What a layer's own directory gets from the layers below.

use orlop_fs::{Settled, TreeListing, Unpacked, WhiteoutStyle, settle};
use tempfile::TempDir;

use crate::layer::{Layer, is_root, node, scratch, shape};

struct Two {
    base: TempDir,
    above: Unpacked,
}

impl Two {
    fn new(below: &Layer, above: &Layer) -> Self {
        let base = scratch();
        let style = WhiteoutStyle::OverlayUser;
        for name in ["below", "above"] {
            std::fs::create_dir(base.path().join(name)).unwrap();
        }
        below.unpack(&base.path().join("below"), style).unwrap();
        let above = above.unpack(&base.path().join("above"), style).unwrap();
        Self { base, above }
    }

    fn settle(&self) -> Result<Settled, orlop_fs::Error> {
        let lowers = [self.base.path().join("below")];
        let style = WhiteoutStyle::OverlayUser;
        settle(&self.base.path().join("above"), &lowers, style, &self.above)
    }

    fn listing(&self) -> TreeListing {
        TreeListing::read(&self.base.path().join("above")).unwrap()
    }
}

#[test]
fn implicit_directories_become_what_they_are_below() {
    let mut below = Layer::new();
    below.with_mode(0o711).dir("./").with_mode(0o1777);
    if is_root() {
        below.with_owner(7, 8);
    }
    below.pax(&[("SCHILY.xattr.user.x", b"1")]).dir("tmp");
    let mut above = Layer::since(1_700_000_000);
    above.file("tmp/new/file", b"");
    let two = Two::new(&below, &above);
    let implicit: Vec<_> = two
        .above
        .implicit_dirs
        .iter()
        .map(|p| p.to_str().unwrap())
        .collect();
    assert_eq!(implicit, ["", "tmp", "tmp/new"]);
    assert_eq!(two.settle().unwrap(), Settled::Done);
    let listing = two.listing();
    let root = node(&listing, "");
    assert_eq!((root.mode, root.mtime.seconds), (0o711, 1_600_000_000));
    let tmp = node(&listing, "tmp");
    assert_eq!((tmp.mode, tmp.mtime.seconds), (0o1777, 1_600_000_002));
    assert_eq!(tmp.xattrs, [(b"user.x".to_vec(), b"1".to_vec())]);
    if is_root() {
        assert_eq!((tmp.uid, tmp.gid), (7, 8));
    }
    let new = node(&listing, "tmp/new");
    assert_eq!((new.mode, new.mtime.seconds), (0o755, 1_700_000_000));
}

#[test]
fn links_to_files_below_copy_them_up() {
    let mut below = Layer::new();
    below
        .with_mode(0o750)
        .dir("usr")
        .dir("usr/bin")
        .with_mode(0o4755)
        .file("usr/bin/tool", b"#!tool")
        .symlink("usr/bin/link", "tool");
    let mut above = Layer::since(1_700_000_000);
    above
        .link("opt/tool", "usr/bin/tool")
        .link("opt/again", "opt/tool")
        .link("opt/link", "usr/bin/link");
    let two = Two::new(&below, &above);
    assert_eq!(two.settle().unwrap(), Settled::Done);
    let listing = two.listing();
    let expected = [
        "opt/",
        "opt/again 6 = opt/again",
        "opt/link -> tool",
        "opt/tool 6 = opt/again",
        "usr/",
        "usr/bin/",
        "usr/bin/link -> tool",
        "usr/bin/tool 6 = opt/again",
    ];
    assert_eq!(shape(&listing), expected);
    let tool = node(&listing, "opt/tool");
    assert_eq!((tool.mode, tool.mtime.seconds), (0o4755, 1_600_000_002));
    let bin = node(&listing, "usr/bin");
    assert_eq!((bin.mode, bin.mtime.seconds), (0o750, 1_600_000_001));
    assert_eq!(node(&listing, "opt").mtime.seconds, 1_700_000_000);
}

#[test]
fn a_link_outlives_the_file_that_its_layer_hides() {
    let mut below = Layer::new();
    below.dir("d").file("d/f", b"content");
    let mut above = Layer::new();
    above.link("kept", "d/f").hide("d").link("more", "kept");
    let two = Two::new(&below, &above);
    assert_eq!(two.settle().unwrap(), Settled::Done);
    let listing = two.listing();
    let names: Vec<_> = listing
        .nodes
        .keys()
        .map(|k| String::from_utf8_lossy(k))
        .collect();
    assert_eq!(names, ["", "d", "kept", "more"]);
    assert_eq!(
        node(&listing, "more").link_group.as_deref(),
        Some(&b"kept"[..])
    );

    // The other way round there is nothing to link to.
    let mut above = Layer::new();
    above.hide("d").link("late", "d/f");
    let error = above
        .unpack(scratch().path(), WhiteoutStyle::Overlay)
        .unwrap_err();
    assert!(error.to_string().contains("to link to"), "{error}");
}

#[test]
fn a_link_to_nothing_is_found_out() {
    let below = Layer::new();
    let mut above = Layer::new();
    above.link("a", "missing\x1b");
    let error = Two::new(&below, &above).settle().unwrap_err().to_string();
    assert!(
        error.contains("there is no file \"missing\\u{1b}\" to link to"),
        "{error}"
    );
    let mut below = Layer::new();
    below.dir("d");
    let mut above = Layer::new();
    above.link("a", "d");
    let error = Two::new(&below, &above).settle().unwrap_err().to_string();
    assert!(error.contains("hard link to a directory"), "{error}");
}

#[test]
fn what_a_link_below_would_change_needs_apply() {
    let mut below = Layer::new();
    below
        .dir("usr")
        .file("usr/f", b"")
        .symlink("lib", "usr")
        .file("file", b"");
    let mut cases = vec![Layer::new(); 4];
    cases[0].file("lib/x", b"");
    cases[1].link("a", "lib/f");
    cases[2].link("a", "lib").file("a/x", b"");
    cases[3].file("file/x", b"");
    for above in cases {
        assert_eq!(
            Two::new(&below, &above).settle().unwrap(),
            Settled::NeedsApply
        );
    }
}

#[test]
fn directories_that_only_carry_whiteouts_need_something_to_hide() {
    let mut below = Layer::new();
    below
        .with_mode(0o711)
        .dir("there")
        .file("there/x", b"")
        .dir("there/deep");
    let mut above = Layer::since(1_700_000_000);
    above
        .dir("own")
        .hide("own/never/was")
        .hide("never/was/here")
        .opaque("never/opaque")
        .hide("there/x")
        .hide("there/deep/x")
        .hide("there/never/x");
    let two = Two::new(&below, &above);
    assert_eq!(two.settle().unwrap(), Settled::Done);
    let listing = two.listing();
    let directories: Vec<_> = shape(&listing)
        .into_iter()
        .filter(|line| line.ends_with('/'))
        .collect();
    assert_eq!(directories, ["own/", "there/", "there/deep/"]);
    assert_eq!(node(&listing, "there").mode, 0o711);
    assert_eq!(node(&listing, "own").mtime.seconds, 1_700_000_000);
    assert_eq!(node(&listing, "there/deep").mtime.seconds, 1_600_000_002);
}

#[test]
fn all_names_of_a_linked_file_are_copied_up() {
    let mut below = Layer::new();
    below
        .with_mode(0o711)
        .file("one", b"content")
        .link("d/two", "one")
        .link("d/hidden", "one")
        .link("d/replaced", "one")
        .link("dir/name", "one")
        .link("again", "one");
    let mut above = Layer::since(1_700_000_000);
    above
        .link("three", "one")
        .link("four", "d/two")
        .hide("d/hidden")
        .file("d/replaced", b"")
        .link("dir", "one")
        .link("again", "one");
    let two = Two::new(&below, &above);
    assert_eq!(two.settle().unwrap(), Settled::Done);
    let listing = two.listing();
    let linked: Vec<_> = shape(&listing)
        .into_iter()
        .filter(|line| line.ends_with(" = again"))
        .collect();
    let expected =
        ["again", "d/two", "dir", "four", "one", "three"].map(|path| format!("{path} 7 = again"));
    assert_eq!(linked, expected);
    assert_eq!(node(&listing, "d").mtime.seconds, 1_600_000_001);
}

#[test]
fn new_directories_inherit_a_setgid_bit_from_below() {
    let mut below = Layer::new();
    below.with_mode(0o2775);
    if is_root() {
        below.with_owner(7, 50);
    }
    below.dir("staff").dir("explicit");
    let mut above = Layer::since(1_700_000_000);
    above
        .file("staff/new/deep/x", b"")
        .dir("explicit")
        .file("explicit/new/x", b"");
    let two = Two::new(&below, &above);
    assert_eq!(two.settle().unwrap(), Settled::Done);
    let listing = two.listing();
    for path in ["staff/new", "staff/new/deep"] {
        let node = node(&listing, path);
        assert_eq!((node.mode, node.mtime.seconds), (0o2755, 1_700_000_000));
        if is_root() {
            assert_eq!((node.uid, node.gid), (0, 50));
        }
    }
    assert_eq!(node(&listing, "explicit/new").mode, 0o755);
    // The one in between is another one below.
    below.mode = None;
    below.dir("staff/plain");
    let mut above = Layer::new();
    above
        .with_mode(0o2775)
        .dir("staff")
        .file("staff/plain/new/x", b"");
    let settled = Two::new(&below, &above).settle().unwrap();
    assert_eq!(settled, Settled::NeedsApply);
    // What the directory was when others were made in it isn't known any more.
    let mut above = Layer::new();
    above.file("staff/new/x", b"").dir("staff");
    let settled = Two::new(&below, &above).settle().unwrap();
    assert_eq!(settled, Settled::NeedsApply);
    // It is really made only when something else than a whiteout goes into it.
    for (before, after) in [(0o755, 0o2775), (0o2775, 0o755)] {
        let mut above = Layer::new();
        above
            .with_mode(before)
            .dir("d")
            .hide("d/x/y")
            .with_mode(after)
            .dir("d")
            .file("d/x/f", b"");
        let settled = Two::new(&below, &above).settle().unwrap();
        assert_eq!(settled, Settled::NeedsApply);
    }
}

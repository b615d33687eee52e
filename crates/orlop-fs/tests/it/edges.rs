//! Entries that are allowed and seldom, in one layer or in two.

use std::{fs, os::unix::fs::MetadataExt as _};

use orlop_fs::{TreeListing, WhiteoutStyle};
use orlop_layer::Time;

use crate::layer::{Layer, applied, is_root, needs_root, node, scratch, shape};

/// What layers give, applied one onto the other.
fn shapes(layers: &[&Layer]) -> Vec<String> {
    shape(&applied(layers).unwrap().1)
}

#[test]
fn a_plain_layer_is_unpacked_as_it_is() {
    let mut layer = Layer::new();
    layer
        .dir("./")
        .dir("bin/")
        .with_mode(0o4755)
        .file("bin/su", b"#!")
        .with_mode(0o600)
        .file("empty", b"")
        .symlink("lib", "usr/lib")
        .node(b'6', "pipe", (0, 0));
    let (_dir, listing) = applied(&[&layer]).unwrap();
    assert_eq!(
        shape(&listing),
        ["bin/", "bin/su 2", "empty 0", "lib -> usr/lib", "pipe |"]
    );
    assert_eq!(node(&listing, "bin/su").mode, 0o4755);
    assert_eq!(node(&listing, "bin/su").mtime.seconds, 1_600_000_002);
    assert_eq!(node(&listing, "bin").mode, 0o755);
    assert_eq!(node(&listing, "bin").mtime.seconds, 1_600_000_001);
    assert_eq!(node(&listing, "").mtime.seconds, 1_600_000_000);
    assert_eq!(node(&listing, "empty").mode, 0o600);
}

#[test]
fn every_mode_arrives_whatever_the_umask() {
    let mut layer = Layer::new();
    for mode in [0, 0o1, 0o22, 0o400, 0o777, 0o1777, 0o2755, 0o4711, 0o7777] {
        if !is_root() && mode & 0o500 != 0o500 {
            // We couldn't look at it.
            continue;
        }
        layer.with_mode(mode).file(format!("f{mode:o}"), b"x");
        layer.dir(format!("d{mode:o}"));
        // Something made in a setgid directory must not take its group or bit.
        layer.with_mode(0o755).dir(format!("d{mode:o}/below"));
    }
    let (_dir, listing) = applied(&[&layer]).unwrap();
    for (path, node) in listing.nodes.iter().skip(1) {
        let name = std::str::from_utf8(path).unwrap();
        let expected = match name.split_once("/below") {
            Some(_) => 0o755,
            None => u32::from_str_radix(&name[1..], 8).unwrap(),
        };
        assert_eq!(node.mode, expected, "{name}");
    }
}

#[test]
fn times_are_kept_to_the_nanosecond_and_before_1970() {
    let mut layer = Layer::new();
    layer
        .pax(&[("mtime", b"1700000000.123456789")])
        .file("new", b"")
        .pax(&[("mtime", b"-1.5")])
        .dir("old")
        .pax(&[("mtime", b"-2.25")])
        .symlink("old/link", "x");
    let (_dir, listing) = applied(&[&layer]).unwrap();
    let time = |seconds, nanos| Time { seconds, nanos };
    assert_eq!(
        node(&listing, "new").mtime,
        time(1_700_000_000, 123_456_789)
    );
    assert_eq!(node(&listing, "old").mtime, time(-2, 500_000_000));
    assert_eq!(node(&listing, "old/link").mtime, time(-3, 750_000_000));
}

#[test]
fn what_comes_later_wins() {
    let mut layer = Layer::new();
    layer
        .file("f", b"one")
        .file("f", b"second")
        .dir("d")
        .file("d/x", b"")
        .file("d", b"now a file")
        .file("g", b"")
        .dir("g")
        .file("g/x", b"")
        .symlink("s", "f")
        .file("s", b"no link")
        .file("t", b"")
        .symlink("t", "f")
        .dir("e")
        .file("e/kept", b"")
        .with_mode(0o700)
        .dir("e");
    let (_dir, listing) = applied(&[&layer]).unwrap();
    let expected = [
        "d 10", "e/", "e/kept 0", "f 6", "g/", "g/x 0", "s 7", "t -> f",
    ];
    assert_eq!(shape(&listing), expected);
    assert_eq!(node(&listing, "e").mode, 0o700);
}

#[test]
fn hard_links_of_all_kinds() {
    let mut layer = Layer::new();
    layer
        .file("a", b"content")
        .link("b", "a")
        .link("c", "./b")
        .symlink("s", "a")
        .link("s2", "s")
        // The file gets new content; its other names keep the old.
        .file("c", b"new")
        .dir("usr")
        .symlink("lib", "usr")
        .link("lib/d", "a")
        .link("e", "lib/d");
    let (_dir, listing) = applied(&[&layer]).unwrap();
    let expected = [
        "a 7 = a",
        "b 7 = a",
        "c 3",
        "e 7 = a",
        "lib -> usr",
        "s -> a",
        "s2 -> a",
        "usr/",
        "usr/d 7 = a",
    ];
    assert_eq!(shape(&listing), expected);
    assert_eq!(node(&listing, "s2").link_group.as_deref(), Some(&b"s"[..]));
}

#[test]
fn entries_below_links_go_where_the_links_lead() {
    let mut layer = Layer::new();
    layer
        .symlink("lib", "usr/lib")
        .file("lib/before", b"")
        .symlink("abs", "/usr/lib/deep")
        .file("abs/x", b"")
        .symlink("usr/lib/up", "../../../../etc")
        .file("lib/up/conf", b"1");
    let expected = [
        "abs -> /usr/lib/deep",
        "etc/",
        "etc/conf 1",
        "lib -> usr/lib",
        "usr/",
        "usr/lib/",
        "usr/lib/before 0",
        "usr/lib/deep/",
        "usr/lib/deep/x 0",
        "usr/lib/up -> ../../../../etc",
    ];
    assert_eq!(shapes(&[&layer]), expected);
    let (_dir, listing) = applied(&[&layer]).unwrap();
    assert_eq!(node(&listing, "usr").mode, 0o755);
    // An implicit directory has the time of the entry that needed it.
    assert_eq!(node(&listing, "etc").mtime.seconds, 1_600_000_005);
}

#[test]
fn whiteouts_hide_lower_layers_only() {
    let mut below = Layer::new();
    below
        .file("gone", b"")
        .dir("dir")
        .file("dir/old", b"")
        .dir("opaque")
        .file("opaque/old", b"")
        .dir("opaque/sub")
        .file("opaque/sub/old", b"")
        .file("again", b"old");
    let mut above = Layer::since(1_700_000_000);
    above
        .hide("gone")
        .hide("never/was")
        .file("dir/new", b"")
        .hide("dir")
        .file("opaque/sub/new", b"")
        .opaque("opaque")
        .file("opaque/late", b"")
        .file("again", b"new!")
        .hide("again")
        .file(".wh..wh.aufs", b"")
        .dir(".wh..wh.plnk");
    let expected = [
        "again 4",
        "dir/",
        "dir/new 0",
        "opaque/",
        "opaque/late 0",
        "opaque/sub/",
        "opaque/sub/new 0",
    ];
    assert_eq!(shapes(&[&below, &above]), expected);
}

#[test]
fn whiteouts_make_nothing() {
    let mut below = Layer::new();
    below.dir("d").file("f", b"").symlink("l", "nowhere");
    for path in [
        "never/was",
        "never/was/here",
        "d/e/x",
        "f/x",
        "l/x",
        "l/x/y",
    ] {
        let mut above = Layer::new();
        above.file("new", b"").hide(path);
        let mut opaque = Layer::new();
        opaque.file("new", b"").opaque(path);
        let expected = ["d/", "f 0", "l -> nowhere", "new 0"];
        assert_eq!(shapes(&[&below, &above]), expected, "{path}");
        assert_eq!(shapes(&[&below, &opaque]), expected, "opaque {path}");
    }
    // What is made in such a directory, before or after, makes it.
    let mut above = Layer::since(1_700_000_000);
    above
        .hide("early/never")
        .file("early/x", b"")
        .file("late/x", b"")
        .opaque("late");
    let (_dir, listing) = applied(&[&below, &above]).unwrap();
    assert_eq!(node(&listing, "early").mtime.seconds, 1_700_000_001);
    assert_eq!(node(&listing, "late").mtime.seconds, 1_700_000_002);
}

#[test]
fn a_directory_that_a_whiteout_clears_stays_what_it_was() {
    let mut below = Layer::new();
    below
        .with_mode(0o711)
        .pax(&[("SCHILY.xattr.user.note", b"kept")])
        .dir("d")
        .file("d/old", b"")
        .dir("d/e")
        .file("d/e/old", b"");
    let mut above = Layer::since(1_700_000_000);
    above.file("d/e/new", b"").hide("d");
    let (_dir, listing) = applied(&[&below, &above]).unwrap();
    assert_eq!(shape(&listing), ["d/", "d/e/", "d/e/new 0"]);
    for (path, time) in [("d", 1_600_000_001), ("d/e", 1_600_000_003)] {
        let node = node(&listing, path);
        assert_eq!((node.mode, node.mtime.seconds), (0o711, time), "{path}");
    }
    assert_eq!(node(&listing, "d").xattrs.len(), 1);
    // The other way round it is another one.
    let mut above = Layer::since(1_700_000_000);
    above.hide("d").file("d/e/new", b"");
    let (_dir, listing) = applied(&[&below, &above]).unwrap();
    let new = node(&listing, "d");
    assert_eq!((new.mode, new.mtime.seconds), (0o755, 1_700_000_001));
}

/// As in umoci: `..` of a link leads out of a directory that isn't there, and doesn't make it.
#[test]
fn a_link_may_pass_what_is_not_there() {
    let mut layer = Layer::new();
    layer
        .symlink("l", "missing/deep/../../d")
        .file("l/x", b"")
        .link("y", "l/x");
    let expected = [
        "d/",
        "d/x 0 = d/x",
        "l -> missing/deep/../../d",
        "y 0 = d/x",
    ];
    assert_eq!(shapes(&[&layer]), expected);
}

#[test]
fn a_root_without_an_entry_is_of_1970() {
    let mut layer = Layer::new();
    layer.file("f", b"");
    let (_dir, listing) = applied(&[&layer]).unwrap();
    let root = node(&listing, "");
    assert_eq!((root.mode, root.mtime.seconds), (0o755, 0));
}

#[test]
fn a_whiteout_before_its_name_comes_again() {
    let mut below = Layer::new();
    below.dir("d").file("d/old", b"").file("f", b"old");
    let mut above = Layer::new();
    above
        .hide("d")
        .dir("d")
        .file("d/new", b"")
        .hide("f")
        .file("f", b"");
    assert_eq!(shapes(&[&below, &above]), ["d/", "d/new 0", "f 0"]);
}

#[test]
fn directories_that_a_layer_only_passes_keep_what_they_are() {
    let mut below = Layer::new();
    below
        .with_mode(0o711)
        .dir("d")
        .dir("d/e")
        .file("d/gone", b"");
    let mut above = Layer::since(1_700_000_000);
    above.file("d/e/new", b"").hide("d/gone");
    let (_dir, listing) = applied(&[&below, &above]).unwrap();
    assert_eq!(
        shape(&listing),
        ["d/", "d/e/", "d/e/new 3"].map(|s| s.replace("new 3", "new 0"))
    );
    assert_eq!(node(&listing, "d").mode, 0o711);
    assert_eq!(node(&listing, "d").mtime.seconds, 1_600_000_000);
    assert_eq!(node(&listing, "d/e").mtime.seconds, 1_600_000_001);
}

#[test]
fn a_directory_over_a_link_replaces_it() {
    let mut below = Layer::new();
    below
        .dir("target")
        .file("target/x", b"")
        .symlink("d", "target");
    let mut above = Layer::new();
    above.dir("d").file("d/y", b"");
    assert_eq!(
        shapes(&[&below, &above]),
        ["d/", "d/y 0", "target/", "target/x 0"]
    );
}

#[test]
fn names_needn_t_be_text() {
    let mut layer = Layer::new();
    layer
        .file(b"\xff\xfe", b"1")
        .file("new\nline", b"")
        .file(" ", b"")
        .file("-rf", b"")
        .file([b'x'; 99], b"");
    let expected = [
        "  0",
        "-rf 0",
        "new\\nline 0",
        &format!("{} 0", "x".repeat(99)),
        "\\xff\\xfe 1",
    ];
    assert_eq!(shapes(&[&layer]), expected);
}

#[test]
fn deep_paths_work_up_to_the_bound() {
    let deep = vec!["d"; 500].join("/");
    let mut layer = Layer::new();
    layer.pax(&[("path", deep.as_bytes())]).file("x", b"deep");
    let (_dir, listing) = applied(&[&layer]).unwrap();
    assert_eq!(listing.nodes.len(), 501);

    let too_deep = vec!["d"; 513].join("/");
    let mut layer = Layer::new();
    layer.pax(&[("path", too_deep.as_bytes())]).file("x", b"");
    assert!(applied(&[&layer]).is_err());

    // Links don't get around it.
    let half = vec!["d"; 300].join("/");
    let through = format!("s/{half}/x");
    let mut layer = Layer::new();
    layer
        .pax(&[("linkpath", half.as_bytes())])
        .symlink("s", "")
        .pax(&[("path", through.as_bytes())])
        .file("x", b"");
    let error = applied(&[&layer]).unwrap_err().to_string();
    assert!(error.contains("too long or too deep"), "{error}");
}

#[test]
fn sparse_files_have_holes() {
    let size: u64 = 64 << 20;
    let mut layer = Layer::new();
    let mut data = vec![b'a'; 4096];
    data.extend_from_slice(&[b'z'; 100]);
    let map = format!("1048576,4096,{},100", size - 100);
    layer
        .pax(&[
            ("GNU.sparse.major", b"0"),
            ("GNU.sparse.minor", b"1"),
            ("GNU.sparse.name", b"sparse"),
            ("GNU.sparse.size", size.to_string().as_bytes()),
            ("GNU.sparse.map", map.as_bytes()),
        ])
        .file("x", &data);
    let dir = scratch();
    layer.unpack(dir.path(), WhiteoutStyle::Apply).unwrap();
    let file = dir.path().join("sparse");
    let metadata = fs::metadata(&file).unwrap();
    assert_eq!(metadata.len(), size);
    assert!(metadata.blocks() * 512 < 1 << 20, "{}", metadata.blocks());
    let content = fs::read(&file).unwrap();
    assert_eq!(&content[1 << 20..(1 << 20) + 4096], &data[..4096]);
    assert_eq!(
        &content[content.len() - 101..],
        [&[0][..], &[b'z'; 100]].concat()
    );
    assert_eq!(
        content.iter().filter(|byte| **byte != 0).count(),
        data.len()
    );
}

#[test]
fn user_attributes_are_kept_and_overlay_s_own_are_not_taken() {
    let mut layer = Layer::new();
    let records: &[(&str, &[u8])] = &[
        ("SCHILY.xattr.user.key", b"\x00value\xff"),
        ("SCHILY.xattr.user.overlay.whiteout", b"y"),
        ("SCHILY.xattr.trusted.overlay.opaque", b"y"),
        ("SCHILY.xattr.trusted.overlay.redirect", b"/etc"),
    ];
    layer
        .pax(records)
        .file("f", b"")
        .pax(records)
        .dir("d")
        .pax(records)
        .symlink("s", "f");
    let dir = scratch();
    layer.unpack(dir.path(), WhiteoutStyle::Overlay).unwrap();
    let listing = TreeListing::read(dir.path()).unwrap();
    for path in ["f", "d"] {
        let expected = [(b"user.key".to_vec(), b"\x00value\xff".to_vec())];
        assert_eq!(node(&listing, path).xattrs, expected);
        let path = rustix::path::Arg::as_cow_c_str(&dir.path().join(path))
            .unwrap()
            .into_owned();
        for name in ["user.overlay.whiteout", "trusted.overlay.opaque"] {
            let mut value = [0; 10];
            assert!(
                rustix::fs::lgetxattr(&path, name, &mut value).is_err(),
                "{name}"
            );
        }
    }
    assert_eq!(node(&listing, "s").xattrs, []);
}

#[test]
fn root_owners_devices_and_capabilities() {
    if !needs_root("root_owners_devices_and_capabilities") {
        return;
    }
    let mut layer = Layer::new();
    let capability: &[u8] =
        b"\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00";
    layer
        .with_owner(3_000_000, 4_000_000_000)
        .file("big", b"")
        .symlink("link", "big")
        .node(b'6', "pipe", (0, 0))
        .node(b'3', "null", (1, 3))
        .node(b'4', "disk", (8, 300))
        .with_owner(1000, 1000)
        .pax(&[("SCHILY.xattr.security.capability", capability)])
        .with_mode(0o6755)
        .file("ping", b"#!")
        .pax(&[("SCHILY.xattr.trusted.note", b"x")])
        .dir("dir")
        .with_owner(0, 0)
        .file("dir/roots", b"");
    let (_dir, listing) = applied(&[&layer]).unwrap();
    for path in ["big", "link", "pipe", "null", "disk"] {
        let node = node(&listing, path);
        assert_eq!((node.uid, node.gid), (3_000_000, 4_000_000_000), "{path}");
    }
    let marks = shape(&listing);
    assert!(marks.contains(&"null c1:3".to_owned()) && marks.contains(&"disk b8:300".to_owned()));
    assert_eq!(node(&listing, "null").mode, 0o660);
    let ping = node(&listing, "ping");
    assert_eq!((ping.mode, ping.uid), (0o6755, 1000));
    assert_eq!(
        ping.xattrs,
        [(b"security.capability".to_vec(), capability.to_vec())]
    );
    assert_eq!(
        node(&listing, "dir").xattrs,
        [(b"trusted.note".to_vec(), b"x".to_vec())]
    );
    // Made in a setgid directory of another group.
    assert_eq!(node(&listing, "dir/roots").gid, 0);
    assert!(is_root());
}

#[test]
fn the_attributes_of_a_replaced_directory_go() {
    let mut below = Layer::new();
    below.pax(&[("SCHILY.xattr.user.old", b"1")]).dir("d");
    let mut above = Layer::new();
    above.pax(&[("SCHILY.xattr.user.new", b"2")]).dir("d");
    let (_dir, listing) = applied(&[&below, &above]).unwrap();
    let expected = [(b"user.new".to_vec(), b"2".to_vec())];
    assert_eq!(node(&listing, "d").xattrs, expected);
}

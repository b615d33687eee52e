//! What no layer says of a directory, because it has no entry or because the tree below is empty: a
//! mounted image has it as umoci's unpacked one does, where the kernel made the directory.

use std::time::{SystemTime, UNIX_EPOCH};

use orlop_testing::peer::Umoci;
use orlop_testing::{
    Compression, FaultProxy, Image, Layer, PlatformName, Tarball, access_list, is_root,
};

use crate::stacks::{differences, unpacked};
use crate::{mounted, orlop};

/// Stacks, bottom first. A layer is a list of entries: `f 640` is a file, `d/ 750` a directory, `p| 622`
/// a pipe, `n* 666` a device, `l>f` a symbolic and `h=f` a hard link, `-x` and `-d/` are whiteouts. `@`
/// before a directory gives it a default access control list, `^` an access list; `~` gives an entry an
/// attribute and an owner.
const STACKS: &[(&str, &[&str])] = &[
    ("bare root", &["~./ 2711", "f 640"]),
    ("bare root and nothing else", &["~./ 711", "", ""]),
    ("bare root in between", &["f 640", "~./ 700", "g 640"]),
    ("whiteouts on a bare root", &["~./ 711", "-x -./", "f 640"]),
    ("list of a bare root", &["~./ 755", "@./ 750", "i/j/f 640"]),
    ("both lists", &["^@d/ 2770 d/i/f 644", "d/k/f 640"]),
    ("list and mode", &["^f 644 ^g 4755 ^p| 600 ^d/ 700"]),
    (
        "list",
        &["@d/ 750 d/i/j/f 640 d/i/g 640 d/p| 622 d/l>f d/null* 666 d/e/ 4755"],
    ),
    (
        "list below",
        &[
            "@d/ 750 d/plain/ 711",
            "d/i/j/f 640 d/i/g 644 d/p| 622 d/e/ 755 d/plain/i/f 600",
        ],
    ),
    (
        "list two below",
        &["./ 755 @d/ 750", "", "d/i/f 640 d/i/ 711 d/i/k/f 640"],
    ),
    (
        "entry after what inherits",
        &["d/i/f 640 @d/ 750 d/k/f 640 d/i/m/f 640"],
    ),
    ("entry without the list", &["@d/ 750", "d/ 700 d/i/f 640"]),
    (
        "list taken away",
        &["@d/ 750", "d/i/f 640 d/ 700 d/k/f 640", "d/i/n/f 640"],
    ),
    (
        "list above one without",
        &["d/ 755 d/i/ 711", "@d/ 755 d/i/f 640 d/n/f 640"],
    ),
    ("setgid and list", &["@~d/ 2750", "d/i/j/f 640"]),
    (
        "whiteouts",
        &["@d/ 750 d/x/y 600", "-d/x/y -d/q/y d/q/z/f 600"],
    ),
    ("whiteouts first", &["", "-d/x/y @d/ 755 d/x/f 600"]),
    ("setgid after whiteouts", &["", "-d/x/y ~d/ 2755 d/x/f 600"]),
    (
        "hidden and made anew",
        &["@d/ 750 d/x/y 600", "-d d/i/f 600", "d/k/f 600"],
    ),
    (
        "hidden in it",
        &["@d/ 750 d/plain/ 711", "-d/plain d/plain/i/f 600"],
    ),
    (
        "opaque",
        &["@d/ 750 d/plain/ 711", "-d/ d/i/f 600 d/plain/f 600"],
    ),
    (
        "through a link",
        &["@d/ 750 l>d", "l/i/f 600 l/e/ 755 l/f 600"],
    ),
    (
        "through a link of its own",
        &["d/ 755 l>d l/a 644 @d/ 755 l/b 666 l/i/f 644"],
    ),
    (
        "setgid through a link",
        &["d/ 755 l>d l/a 644 ~d/ 2755 l/b 666 l/i/f 644"],
    ),
    (
        "copied up",
        &[
            "d/ 755 d/f 644 d/e/ 755 d/e/p| 660",
            "@d/ 755 h=d/f g=d/e/p",
        ],
    ),
    ("file instead", &["@d/ 750", "d/i/f 640 d/i 644"]),
];

/// The archive that a line stands for, with lists of one kind.
fn layer(line: &str, list: &[u8]) -> Layer {
    let mut tar = Tarball::new().mtime(1_400_000_000, 5);
    let mut words = line.split_whitespace();
    while let Some(word) = words.next() {
        let path = word.trim_start_matches(['@', '^', '~']);
        let marks = &word[..word.len() - path.len()];
        if marks.contains('@') {
            tar = tar.xattr("system.posix_acl_default", list);
        }
        if marks.contains('^') {
            tar = tar.xattr("system.posix_acl_access", list);
        }
        tar = match marks.contains('~') {
            true => tar.xattr("user.note", b"kept").owner(5, 50),
            false => tar.owner(0, 0),
        };
        if let Some(hidden) = path.strip_prefix('-') {
            tar = match hidden.strip_suffix('/') {
                Some(dir) => tar.opaque(dir),
                None => tar.whiteout(hidden),
            };
            continue;
        }
        if let Some((path, text)) = path.split_once('>') {
            tar = tar.symlink(path, text);
            continue;
        }
        if let Some((path, target)) = path.split_once('=') {
            tar = tar.hard_link(path, target);
            continue;
        }
        let mode = words
            .next()
            .and_then(|mode| u32::from_str_radix(mode, 8).ok());
        let mode = mode.expect("a mode follows the path");
        tar = match path.split_at(path.len() - 1) {
            (path, "/") => tar.dir(path, mode),
            (path, "|") => tar.fifo(path, mode),
            (path, "*") => tar.char_device(path, mode, 1, 3),
            _ => tar.file(path, mode, "content"),
        };
    }
    Layer::new(&tar.finish(), Compression::Gzip)
}

fn compare(driver: &str) {
    let (true, Some(_)) = (is_root(), Umoci::new()) else {
        return;
    };
    let registry = FaultProxy::alone();
    let orlop = orlop().driver(driver);
    let started = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    // One that says more than a mode can, and one that doesn't.
    let lists = [
        access_list(7, Some((1000, 6)), 5, 0),
        access_list(7, None, 1, 1),
    ];
    let mut wrong = Vec::new();
    for (kind, list) in lists.iter().enumerate() {
        for (number, (what, lines)) in STACKS.iter().enumerate() {
            if kind > 0 && !lines.concat().contains(['@', '^']) {
                continue;
            }
            let layers: Vec<_> = lines.iter().map(|line| layer(line, list)).collect();
            let image = Image::new(&PlatformName::host(), &layers);
            // Of one length, as the registry takes what begins alike for the same.
            let tag = format!("s{kind}{number:03}");
            let expected = unpacked(&orlop, &image, &tag).expect("umoci takes it");
            registry.serve("unsaid", &tag, &image);
            let name = format!("{}/unsaid:{tag}", registry.host());
            orlop.ok(["pull", "-q", &name]);
            let differ = differences(&mounted(&orlop, &name), &expected, started);
            if !differ.is_empty() {
                wrong.push(format!("{what} {lines:?}:\n{}", differ.join("\n")));
            }
        }
    }
    assert!(wrong.is_empty(), "{driver}: {}", wrong.join("\n\n"));
}

#[test]
fn root_what_is_unsaid_is_what_umoci_unpacks() {
    compare("overlay2");
}

#[test]
fn root_with_vfs_it_is_the_same() {
    compare("vfs");
}

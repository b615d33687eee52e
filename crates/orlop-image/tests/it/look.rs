//! Looking inside images: layers laid upon each other, what each did, what is wasted, what two images
//! have in common, and what is refused.

use std::path::Path;
use std::sync::Arc;

use orlop_archive::Local;
use orlop_image::event::{EventSink, NoEvents};
use orlop_image::look::{
    Change, FileDifference, FileTree, ImageFiles, LookOptions, Looker, NodeId, diff_files, steps,
};
use orlop_image::{Cancel, Error, Origin, Result};
use orlop_layer::Bounds;
use orlop_oci::Platform;
use orlop_testing::{Compression, Image, Layer, MediaTypes, PlatformName, Tarball};

fn image(layers: impl IntoIterator<Item = Tarball>) -> Image {
    // Each compressed in another way.
    let ways = [Compression::Gzip, Compression::Zstd, Compression::None];
    let layers = layers.into_iter().zip(ways.into_iter().cycle());
    let layers: Vec<Layer> = layers
        .map(|(tar, way)| Layer::new(&tar.finish(), way))
        .collect();
    Image::new(&PlatformName::host(), &layers)
}

fn open(image: &Image, folder: &Path) -> (Origin, orlop_oci::Descriptor) {
    image.write_layout(folder, "test");
    let local = Local::open(folder, folder, &Bounds::default()).unwrap();
    let target = local.images()[0].target.clone();
    (Origin::Local(local), target)
}

fn look_with(looker: &mut Looker, image: &Image, cancel: &Cancel) -> Result<ImageFiles> {
    let folder = tempfile::tempdir().unwrap();
    let (origin, target) = open(image, folder.path());
    let events: Arc<dyn EventSink> = Arc::new(NoEvents);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(looker.look(&origin, &target, "test", &events, cancel))
}

fn look(image: &Image) -> ImageFiles {
    let mut looker = Looker::new(LookOptions::default());
    look_with(&mut looker, image, &Cancel::new()).unwrap()
}

fn tree(layers: impl IntoIterator<Item = Tarball>) -> FileTree {
    look(&image(layers)).tree()
}

fn text(path: &[u8]) -> String {
    String::from_utf8(path.to_vec()).unwrap()
}

fn letter(change: Change) -> char {
    match change {
        Change::Unmodified => ' ',
        Change::Modified => 'C',
        Change::Added => 'A',
        Change::Removed => 'D',
    }
}

/// What a layer did, a line for each path.
fn changes(tree: &FileTree, layer: usize) -> Vec<String> {
    let changes = tree.changes_of(layer);
    let line = |c: &orlop_image::look::LayerChange<'_>| {
        format!("{} {} {}", letter(c.change), text(&c.path), c.size)
    };
    changes.iter().map(line).collect()
}

/// All that is visible after the last layer.
fn visible(tree: &FileTree) -> Vec<String> {
    let comparison = tree.compare(None, tree.layer_count() - 1);
    let there = tree
        .nodes()
        .skip(1)
        .filter(|n| comparison.change(*n).is_some());
    there.map(|node| text(&tree.path(node))).collect()
}

fn base() -> Tarball {
    Tarball::new()
        .dir("etc", 0o755)
        .file("etc/a", 0o644, "aaaa")
        .file("etc/b", 0o644, "bb")
        .dir("opt", 0o755)
        .dir("opt/x", 0o755)
        .file("opt/x/1", 0o644, "1")
        .file("opt/x/2", 0o644, "22")
        .file("opt.conf", 0o644, "conf")
}

#[test]
fn what_each_layer_did_and_what_is_left() {
    let tree = tree([
        base(),
        Tarball::new()
            .dir("etc", 0o755)
            .file("etc/a", 0o644, "aaaa")
            .whiteout("etc/b")
            .file("etc/c", 0o644, "ccc")
            .dir("opt", 0o700)
            .whiteout("nothing"),
        Tarball::new()
            .opaque("opt")
            .file("opt/new/deep", 0o644, "deep"),
        Tarball::new()
            .file("etc", 0o644, "a file now")
            .whiteout("opt/new"),
    ]);
    assert_eq!(changes(&tree, 0).len(), 8);
    // The same content takes room again; a directory with the same mode doesn't count.
    assert_eq!(
        changes(&tree, 1),
        ["C etc/a 4", "D etc/b 2", "A etc/c 3", "C opt 0"]
    );
    assert_eq!(
        changes(&tree, 2),
        ["A opt/new 0", "A opt/new/deep 4", "D opt/x 3"]
    );
    assert_eq!(
        changes(&tree, 3),
        ["C etc 10", "D etc/a 4", "D etc/c 3", "D opt/new 4"]
    );
    assert_eq!(visible(&tree), ["etc", "opt", "opt.conf"]);
    assert_eq!(
        tree.find(b"opt/x/2").map(|n| tree.path(n)).as_deref(),
        Some(&b"opt/x/2"[..])
    );
    assert_eq!(tree.find(b"opt/x/3"), None);
}

#[test]
fn a_comparison_tells_changes_and_sizes_of_directories() {
    let tree = tree([
        base(),
        Tarball::new()
            .file("etc/a", 0o600, "aaaa")
            .whiteout("opt/x/1")
            .file("opt/x/3", 0o644, "333")
            .file("opt.conf", 0o644, "conf"),
    ]);
    let comparison = tree.compare(Some(0), 1);
    let of = |path: &str| {
        let node = tree.find(path.as_bytes()).unwrap();
        (comparison.change(node).unwrap(), comparison.size(node))
    };
    assert_eq!(of("etc"), (Change::Modified, 6));
    assert_eq!(of("etc/a"), (Change::Modified, 4));
    assert_eq!(of("etc/b"), (Change::Unmodified, 2));
    assert_eq!(of("opt/x"), (Change::Modified, 5));
    assert_eq!(of("opt/x/1"), (Change::Removed, 1));
    assert_eq!(of("opt/x/3"), (Change::Added, 3));
    // The same file again is no change.
    assert_eq!(of("opt.conf"), (Change::Unmodified, 4));
    assert_eq!(
        comparison.change(NodeId::ROOT),
        Some(Change::Modified),
        "something below is"
    );
    let node = tree.find(b"etc/a").unwrap();
    assert_eq!(comparison.file(&tree, node).unwrap().mode, 0o600);
}

#[test]
fn a_file_below_a_link_is_shown_where_the_layer_has_it() {
    let tree = tree([
        Tarball::new().dir("usr", 0o755).symlink("lib", "usr/lib"),
        Tarball::new().file("lib/foo", 0o644, "foo"),
    ]);
    assert_eq!(visible(&tree), ["lib", "lib/foo", "usr"]);
}

/// The numbers are dive's for the same layers.
#[test]
fn waste_is_what_dive_says() {
    let tree = tree([
        Tarball::new()
            .dir("root", 0o700)
            .dir("root/example", 0o755)
            .file("base", 0o644, vec![b'x'; 10_000]),
        Tarball::new().file("root/example/one", 0o644, vec![b'1'; 100]),
        Tarball::new().file("root/example/two", 0o644, vec![b'2'; 50]),
        // A copy, and the file itself away: a whiteout of a file adds nothing, but the file is wasted.
        Tarball::new()
            .file("root/saved", 0o644, vec![b'1'; 100])
            .whiteout("root/example/one"),
        Tarball::new().file("root/saved", 0o600, vec![b'1'; 100]),
        // A directory away: what was in it counts, for the directory's path, where it is the first.
        Tarball::new().whiteout("root/example"),
    ]);
    let waste = tree.waste();
    let paths: Vec<_> = waste
        .paths
        .iter()
        .map(|p| (text(&p.path), p.count, p.size))
        .collect();
    assert_eq!(
        paths,
        [
            ("root/saved".to_owned(), 2, 200),
            ("root/example/one".to_owned(), 2, 100),
            // In the bottom layer it is a leaf, with nothing in it.
            ("root/example".to_owned(), 2, 50),
        ]
    );
    assert_eq!(waste.bytes, 350);
    assert_eq!((waste.image_size, waste.user_size), (10_350, 350));
    // base, two, saved once; one and example have nothing at their least.
    let least = 10_000.0 + 50.0 + 100.0;
    let all = 10_000.0 + 100.0 + 50.0 + 200.0 + 50.0;
    assert!((waste.efficiency - least / all).abs() < 1e-12, "{waste:?}");
    assert!((waste.user_wasted() - 1.0).abs() < 1e-12);
}

#[test]
fn an_image_without_files_wastes_nothing() {
    let waste = tree([Tarball::new()]).waste();
    assert!((waste.efficiency - 1.0).abs() < f64::EPSILON);
    assert_eq!((waste.bytes, waste.paths.len()), (0, 0));
    assert!(waste.user_wasted().is_nan());
}

fn differences(a: &Image, b: &Image) -> Vec<String> {
    let mut looker = Looker::new(LookOptions::default());
    let a = look_with(&mut looker, a, &Cancel::new()).unwrap();
    let b = look_with(&mut looker, b, &Cancel::new()).unwrap();
    let found = diff_files(&a.tree(), &b.tree());
    let line = |d: &FileDifference| {
        format!(
            "{} {} {}",
            letter(d.change),
            text(&d.path),
            d.what.words().join(",")
        )
    };
    found.iter().map(line).collect()
}

#[test]
fn two_images_are_compared_file_by_file() {
    let a = image([
        base(),
        Tarball::new()
            .file("f/content", 0o644, "old")
            .file("f/mode", 0o644, "x")
            .file("f/type", 0o644, "x")
            .symlink("f/link", "old")
            .file("f/gone/deep", 0o644, "x")
            .xattr("user.a", b"1")
            .file("f/xattr", 0o644, "x")
            .file("f/owner", 0o644, "x"),
    ]);
    let b = image([
        base(),
        Tarball::new()
            .file("f/content", 0o644, "new")
            .file("f/mode", 0o4755, "x")
            .symlink("f/type", "x")
            .symlink("f/link", "new")
            .dir("f/new", 0o755)
            .xattr("user.a", b"2")
            .file("f/xattr", 0o644, "x")
            .mtime(1_800_000_000, 5)
            .owner(7, 8)
            .file("f/owner", 0o644, "x"),
    ]);
    assert_eq!(
        differences(&a, &b),
        [
            "C f/content content",
            "D f/gone ",
            "D f/gone/deep ",
            "C f/link content",
            "C f/mode mode",
            "A f/new ",
            "C f/owner owner",
            "C f/type type,mode",
            "C f/xattr xattrs",
        ]
    );
    assert_eq!(differences(&a, &a), Vec::<String>::new());
}

#[test]
fn the_same_files_in_other_layers_and_another_order_are_the_same() {
    let a = image([
        Tarball::new()
            .dir("d", 0o755)
            .file("d/a", 0o644, "same")
            .hard_link("d/b", "d/a"),
        Tarball::new().file("d/gone", 0o644, "x"),
        Tarball::new().whiteout("d/gone"),
    ]);
    let b = image([Tarball::new()
        .file("d/b", 0o644, "same")
        .hard_link("d/a", "d/b")
        .dir("d", 0o755)]);
    assert_eq!(differences(&a, &b), Vec::<String>::new());
    // A link keeps what its target was when it was made.
    let c = image([
        Tarball::new()
            .dir("d", 0o755)
            .file("d/a", 0o644, "same")
            .hard_link("d/b", "d/a"),
        Tarball::new().file("d/a", 0o644, "else"),
    ]);
    assert_eq!(differences(&a, &c), ["C d/a content"]);
}

#[test]
fn steps_have_their_layers() {
    let image = look(&image([base(), Tarball::new()]));
    let steps = steps(&image.config, image.layers.len());
    let shown: Vec<_> = steps
        .iter()
        .map(|s| (s.created_by.as_str(), s.layer))
        .collect();
    assert_eq!(
        shown,
        [
            ("layer 0", Some(0)),
            ("layer 1", Some(1)),
            ("CMD [\"/bin/sh\"]", None)
        ]
    );
    // More layers than steps.
    let none = orlop_image::look::steps(&orlop_oci::ImageConfig::default(), 2);
    assert_eq!(none.iter().filter_map(|s| s.layer).max(), Some(1));
}

#[test]
fn a_platform_is_chosen_as_a_pull_chooses() {
    let of = |platform: &str, name: &str| {
        let tar = Tarball::new().file(name, 0o644, "x").finish();
        Image::new(
            &PlatformName::new(platform),
            &[Layer::new(&tar, Compression::Gzip)],
        )
    };
    let other = "linux/s390x";
    let index = Image::index(
        MediaTypes::Oci,
        &[
            of(other, "other"),
            of(&PlatformName::host().to_string(), "host"),
        ],
    );
    let files = |platform: Option<&str>, image: &Image| {
        let platform: Option<Platform> = platform.map(|p| p.parse().unwrap());
        let mut looker = Looker::new(LookOptions {
            platform,
            ..LookOptions::default()
        });
        let found = look_with(&mut looker, image, &Cancel::new())?;
        Ok::<_, Error>(visible(&found.tree()).join(" "))
    };
    assert_eq!(files(None, &index).unwrap(), "host");
    assert_eq!(files(Some(other), &index).unwrap(), "other");
    let error = files(Some("linux/mips64le"), &index).unwrap_err();
    assert!(matches!(error, Error::NoMatchingPlatform { .. }), "{error}");
    // One that can't run here can be looked at.
    let only = Image::index(MediaTypes::Oci, &[of(other, "other")]);
    assert_eq!(files(None, &only).unwrap(), "other");
    let attested = Image::with_attestation(&of(&PlatformName::host().to_string(), "host"));
    assert_eq!(files(None, &attested).unwrap(), "host");
}

#[test]
fn what_is_wrong_with_a_layer_is_told() {
    let good = image([base()]);
    let mut short = good.clone();
    short.blobs[1].bytes.truncate(100);
    let mut flipped = good.clone();
    let last = flipped.blobs[1].bytes.len() - 9;
    flipped.blobs[1].bytes[last] ^= 1;
    let lying = {
        let mut layer = Layer::new(&base().finish(), Compression::Gzip);
        layer.diff_id = orlop_testing::digest_of(b"another");
        Image::new(&PlatformName::host(), &[layer])
    };
    let reserved = image([Tarball::new().file(".wh.a/b", 0o644, "x")]);
    for (image, words) in [
        (&short, "digest"),
        (&flipped, "digest"),
        (&lying, "wrong diff ID"),
        (&reserved, "reserved for whiteouts"),
    ] {
        let mut looker = Looker::new(LookOptions::default());
        let error = look_with(&mut looker, image, &Cancel::new()).unwrap_err();
        let mut said = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            said += &format!(": {cause}");
            source = cause.source();
        }
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn all_layers_together_are_bounded() {
    let image = image([
        base(),
        Tarball::new().file("a", 0o644, "").file("b", 0o644, ""),
    ]);
    let with = |max_entries| {
        let mut looker = Looker::new(LookOptions {
            bounds: Bounds {
                max_entries,
                ..Bounds::default()
            },
            ..LookOptions::default()
        });
        look_with(&mut looker, &image, &Cancel::new())
    };
    with(10).unwrap();
    let error = with(9).unwrap_err();
    assert!(error.to_string().contains("more than 9 entries"), "{error}");
}

#[test]
fn who_is_cancelled_stops() {
    let cancel = Cancel::new();
    cancel.cancel();
    let mut looker = Looker::new(LookOptions::default());
    let error = look_with(&mut looker, &image([base()]), &cancel).unwrap_err();
    assert!(matches!(error, Error::Cancelled), "{error}");
}

//! Storage drivers that need a file system of their own, end to end: chosen by where the store is, the
//! same trees as umoci's, true sizes, all given back.

use std::path::Path;

use orlop_testing::{Btrfs, Image, Layer, Orlop, PlatformName, Program, Registry, ZfsPool};

use crate::{assert_nothing_visible, assert_same_tree, orlop, small, trees};

/// An image of three layers that take 4 MiB each.
pub(crate) fn three_layers(seed: u64) -> Image {
    let layers: Vec<Layer> = (0..3)
        .map(|number| Layer::noise(&format!("noise{number}"), 4 << 20, seed + number))
        .collect();
    Image::new(&PlatformName::host(), &layers)
}

/// What `system df` says that the images take.
pub(crate) fn shown_size(orlop: &Orlop) -> f64 {
    let shown = orlop.ok(["system", "df", "--format", "{{.Size}}"]);
    let line = shown.lines()[0].to_owned();
    let number = line.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &line[number.len()..] {
        "B" => 1.0,
        "kB" => 1e3,
        "MB" => 1e6,
        other => panic!("{other} of {line}"),
    };
    number.parse::<f64>().expect("a number") * unit
}

/// What a folder takes on its disk.
pub(crate) fn taken_by(folder: &Path) -> u64 {
    let shown = Program::new("du")
        .args(["-s", "-x", "--block-size=1"])
        .arg(folder)
        .ok();
    let number = shown.text().split_whitespace().next().map(str::parse);
    number.expect("a line").expect("a number")
}

/// All that a person does with a store, whose driver has to be `driver` by itself. `used` says what the
/// file system has in use.
fn tour(orlop: &Orlop, driver: &str, used: impl Fn() -> u64) {
    let Some(registry) = Registry::start() else {
        return;
    };
    let shown = orlop.ok(["info", "--format", "{{.Driver}}"]);
    assert_eq!(shown.text(), driver);
    let empty = used();

    let name = small("mounts").push(&registry.host(), "app", "v1");
    trees::mounts_are_read_only_or_thrown_away(orlop, &name);

    let one = three_layers(7).push(&registry.host(), "noise", "one");
    let before = (used(), shown_size(orlop));
    orlop.ok(["pull", "-q", &one]);
    let (taken, shown) = (used() - before.0, shown_size(orlop) - before.1);
    // The blobs, and the files in them: each layer once, whatever is stacked on it.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let taken = taken as f64;
    assert!(
        (shown / taken - 1.0).abs() < 0.15,
        "{shown} bytes shown, {taken} taken"
    );
    assert!(shown < 26.0 * 1024.0 * 1024.0, "{shown} bytes shown");
    let history = orlop.ok(["history", "--human=false", "--format", "{{.Size}}", &one]);
    let sizes = history
        .lines()
        .into_iter()
        .map(|size| size.parse().expect("a number"));
    let layers: Vec<u64> = sizes.filter(|size| *size > 0).collect();
    assert!(
        layers.len() == 3 && layers.iter().all(|size| (4 << 20..5 << 20).contains(size)),
        "layers of {layers:?} bytes"
    );
    // A directory that is shown has the image's files; docker shows none either where there is none.
    let shown = orlop.ok([
        "inspect",
        "--format",
        "{{.GraphDriver.Data.UpperDir}}",
        &one,
    ]);
    match driver {
        "zfs" => assert_eq!(shown.text(), "<no value>"),
        _ => assert!(Path::new(shown.text()).join("noise2").is_file(), "{shown}"),
    }
    // Whatever a driver keeps its files in, they are those of the layers.
    let repair = orlop.ok(["system", "repair"]);
    assert!(repair.stdout.contains("nothing is damaged"), "{repair}");

    orlop.ok(["rmi", &one, &name]);
    assert_nothing_visible(orlop);
    let left = used().saturating_sub(empty);
    assert!(left < 6 << 20, "{left} bytes stay");
}

#[test]
fn root_btrfs() {
    let Some(disk) = Btrfs::new(1 << 30) else {
        return;
    };
    let orlop = orlop().root(disk.path().join("store"));
    tour(&orlop, "btrfs", || disk.used());
    let info = orlop.ok(["info"]).stdout;
    assert!(
        info.contains(" Storage Driver: btrfs\n  Btrfs: \n"),
        "{info}"
    );
}

#[test]
fn root_with_btrfs_a_tree_is_what_umoci_unpacks() {
    let Some(disk) = Btrfs::new(1 << 30) else {
        return;
    };
    let orlop = orlop().root(disk.path().join("store"));
    if let Some((tree, expected)) = trees::mounted_and_unpacked(&orlop) {
        assert_same_tree(&tree, &expected, "btrfs");
    }
}

#[test]
fn root_btrfs_elsewhere_is_refused() {
    let orlop = orlop().driver("btrfs");
    let said = orlop.fails(["images"]);
    assert!(
        said.contains("storage driver btrfs doesn't work here: ")
            && said.contains(" is on another file system")
            && said.contains("hint: "),
        "{said}"
    );
}

/// The same tree as umoci's, but that zfs-fuse knows no parts of a second.
#[test]
fn root_zfs() {
    let Some(pool) = ZfsPool::new(1 << 30) else {
        return;
    };
    let named = orlop().env("ORLOP_STORAGE_ZFS_DATASET", pool.name());
    // The blobs are not on the pool.
    let used = || pool.used() + taken_by(named.store());
    tour(&named, "zfs", used);
    let info = named.ok(["info"]).stdout;
    let shown = format!(
        " Storage Driver: zfs\n  Zpool: {}\n  Zpool Health: ONLINE\n",
        pool.name()
    );
    assert!(info.contains(&shown), "{info}");

    let on_it = orlop().root(pool.path().join("store"));
    let Some((tree, expected)) = trees::mounted_and_unpacked(&on_it) else {
        return;
    };
    assert_eq!(on_it.ok(["info", "--format", "{{.Driver}}"]).text(), "zfs");
    let [tree, expected] = [tree, expected].map(|mut listing| {
        for node in listing.nodes.values_mut() {
            node.mtime.nanos = 0;
        }
        listing
    });
    assert_same_tree(&tree, &expected, "zfs");
}

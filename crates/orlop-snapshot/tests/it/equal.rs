//! Whatever the layers, all drivers show the same tree.

use std::collections::BTreeMap;
use std::path::Path;

use orlop_snapshot::conformance::{Attributes, Bench, Layer};
use orlop_snapshot::{Btrfs, Driver, Overlay2, Vfs, Zfs};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};

#[derive(Clone, Debug)]
enum Thing {
    Directory(u32),
    OpaqueDirectory(u32),
    /// It hands on an access control list.
    ListedDirectory(u32),
    File(u8),
    Link(usize),
    HardLink(usize),
    Whiteout,
}

/// `user::rwx, group::--x, other::--x`, as the kernel keeps it.
const LIST: &[u8] = &[
    2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255, 4, 0, 1, 0, 255, 255, 255, 255, 32, 0, 1, 0, 255,
    255, 255, 255,
];

const NAMES: [&str; 3] = ["a", "b", "c"];

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec(0..NAMES.len(), 1..4).prop_map(|parts| {
        parts
            .iter()
            .map(|p| NAMES[*p])
            .collect::<Vec<_>>()
            .join("/")
    })
}

fn thing() -> impl Strategy<Value = Thing> {
    prop_oneof![
        3 => (0..3_u32).prop_map(Thing::Directory),
        1 => (0..3_u32).prop_map(Thing::OpaqueDirectory),
        1 => (0..3_u32).prop_map(Thing::ListedDirectory),
        4 => any::<u8>().prop_map(Thing::File),
        1 => (0..NAMES.len()).prop_map(Thing::Link),
        1 => (0..8_usize).prop_map(Thing::HardLink),
        2 => Just(Thing::Whiteout),
    ]
}

/// A layer of which no entry is below another that is no directory.
fn layer() -> impl Strategy<Value = BTreeMap<String, Thing>> {
    prop::collection::btree_map(path(), thing(), 0..7).prop_map(|all| {
        let mut kept: BTreeMap<String, Thing> = BTreeMap::new();
        for (path, thing) in all {
            let blocked = path.match_indices('/').any(|(at, _)| {
                kept.get(&path[..at]).is_some_and(|above| {
                    !matches!(
                        above,
                        Thing::Directory(_) | Thing::OpaqueDirectory(_) | Thing::ListedDirectory(_)
                    )
                })
            });
            if !blocked {
                kept.insert(path, thing);
            }
        }
        kept
    })
}

fn archive(things: &BTreeMap<String, Thing>) -> Layer {
    let attributes = |salt: u32| Attributes {
        mode: [0o755, 0o700, 0o1711][(salt % 3) as usize],
        owner: (salt, salt + 1),
        mtime: 1_000_000 + u64::from(salt),
    };
    // Of this layer, so that no driver is asked for what isn't there.
    let files: Vec<&String> = things
        .iter()
        .filter(|(_, thing)| matches!(thing, Thing::File(_)))
        .map(|(path, _)| path)
        .collect();
    let mut layer = Layer::new();
    for (path, thing) in things {
        layer = match thing {
            Thing::Directory(salt) => layer.directory(path, attributes(*salt)),
            Thing::OpaqueDirectory(salt) => layer.directory(path, attributes(*salt)).opaque(path),
            Thing::ListedDirectory(salt) => layer
                .xattrs(&[("system.posix_acl_default", LIST)])
                .directory(path, attributes(*salt)),
            Thing::File(salt) => layer.file(path, attributes(u32::from(*salt)), &[*salt]),
            Thing::Link(to) => layer.symlink(path, NAMES[*to]),
            Thing::Whiteout => layer.whiteout(path),
            Thing::HardLink(_) => layer,
        };
    }
    for (path, thing) in things {
        if let Thing::HardLink(to) = thing
            && !files.is_empty()
        {
            layer = layer.hard_link(path, files[to % files.len()]);
        }
    }
    layer
}

/// Where stores are made, and what makes a driver of one.
type Place<'a> = (&'a Path, fn(&Path) -> Box<dyn Driver>);

/// The listings of two drivers of fresh stores in `one` and `two` are the same, or both refuse.
fn same(
    stack: &[BTreeMap<String, Thing>],
    one: Place<'_>,
    two: Place<'_>,
) -> Result<(), TestCaseError> {
    let layers: Vec<Layer> = stack.iter().map(archive).collect();
    let [left, right] = [one, two].map(|(place, driver)| {
        let root = tempfile::tempdir_in(place).unwrap();
        let driver = driver(root.path());
        (
            driver.name(),
            Bench::new(&*driver, &root.path().join("scratch")).listing(&layers),
        )
    });
    match (left, right) {
        ((_, Ok(left)), (_, Ok(right))) => prop_assert_eq!(left, right),
        ((_, Err(_)), (_, Err(_))) => {}
        (left, right) => prop_assert!(false, "{left:?}, {right:?}"),
    }
    Ok(())
}

fn compare(one: Place<'_>, two: Place<'_>) {
    run(24, |stack| same(&stack, one, two));
}

fn run(cases: u32, test: impl Fn(Vec<BTreeMap<String, Thing>>) -> Result<(), TestCaseError>) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let stacks = prop::collection::vec(layer(), 1..5);
    TestRunner::new(config).run(&stacks, test).unwrap();
}

fn overlay2(root: &Path) -> Box<dyn Driver> {
    Box::new(Overlay2::new(root))
}

#[test]
fn root_vfs_shows_what_overlay2_shows() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED root_vfs_shows_what_overlay2_shows: needs root");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    compare(
        (dir.path(), overlay2),
        (dir.path(), |root| Box::new(Vfs::new(root))),
    );
}

#[test]
fn root_btrfs_shows_what_overlay2_shows() {
    let Some(disk) = orlop_testing::Btrfs::new(1 << 30) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    compare(
        (dir.path(), overlay2),
        (disk.path(), |root| Box::new(Btrfs::new(root))),
    );
}

/// For the test that has the pool. zfs-fuse keeps no access control lists, and takes its time.
pub(crate) fn zfs_shows_what_overlay2_shows(pool: &orlop_testing::ZfsPool) {
    let dir = tempfile::tempdir().unwrap();
    let zfs = |root: &Path| -> Box<dyn Driver> { Box::new(Zfs::new(root, None)) };
    run(4, |mut stack| {
        for thing in stack.iter_mut().flat_map(BTreeMap::values_mut) {
            if let Thing::ListedDirectory(salt) = *thing {
                *thing = Thing::Directory(salt);
            }
        }
        same(&stack, (dir.path(), overlay2), (pool.path(), zfs))
    });
}

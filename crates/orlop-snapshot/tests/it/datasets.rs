//! What only ZFS has: datasets that are clones of others, and go in an order of their own.

use std::fs;

use orlop_snapshot::conformance::{Attributes, Bench, Layer};
use orlop_snapshot::{Driver, MountMode, Wishes, Zfs};
use orlop_testing::ZfsPool;

const PLAIN: Attributes = Attributes::mode(0o644);

/// All at once, as there is one pool at a time.
#[test]
fn root_zfs() {
    let Some(pool) = ZfsPool::new(1 << 30) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("store");
    fs::create_dir(&root).unwrap();
    let wishes = Wishes {
        zfs_dataset: Some(pool.name()),
        ..Wishes::default()
    };
    let chosen = orlop_snapshot::choose(&root, &wishes).unwrap();
    assert_eq!(chosen.name(), "zfs");
    crate::conform::conforms(&*chosen, &dir.path().join("scratch"));

    datasets_come_and_go(&pool);
    a_store_on_the_pool_uses_it(&pool);
    what_a_crash_left_is_swept(&pool);
    crate::with_store::protects_on_zfs(&pool);
    crate::equal::zfs_shows_what_overlay2_shows(&pool);
}

/// The store's own, without the one that holds them.
fn ours(pool: &ZfsPool, container: &str) -> Vec<String> {
    let below = format!("{container}/");
    let all = pool.datasets().into_iter();
    all.filter_map(|name| name.strip_prefix(&below).map(str::to_owned))
        .collect()
}

fn container(root: &std::path::Path) -> String {
    let note = fs::read_to_string(root.join("snapshots/zfs/dataset")).unwrap();
    note.trim().to_owned()
}

fn datasets_come_and_go(pool: &ZfsPool) {
    let dir = tempfile::tempdir().unwrap();
    let driver = Zfs::new(dir.path(), Some(pool.name()));
    let bench = Bench::new(&driver, &dir.path().join("scratch"));
    let before = pool.used();
    let big = vec![7; 8 << 20];
    let (chain, _) = bench
        .stack(&[
            Layer::new().file("big", PLAIN, &big),
            Layer::new().file("small", PLAIN, b"small"),
            Layer::new().file("other", PLAIN, b"other"),
        ])
        .unwrap();
    let container = container(dir.path());
    assert!(container.starts_with(&format!("{}/orlop-", pool.name())));
    assert_eq!(ours(pool, &container).len(), 6, "datasets and snapshots");
    let taken = pool.used() - before;
    assert!(
        ((8 << 20)..(12 << 20)).contains(&taken),
        "three trees take {taken} bytes"
    );
    // Nothing stays mounted but what is mounted.
    let mounts = || {
        let table = fs::read_to_string("/proc/self/mountinfo").unwrap();
        table
            .lines()
            .filter(|line| line.contains(&container))
            .count()
    };
    assert_eq!(mounts(), 0);
    let target = bench.directory().unwrap();
    driver.mount(&chain, &target, MountMode::ReadOnly).unwrap();
    assert_eq!(fs::read(target.join("small")).unwrap(), b"small");
    driver.unmount(&target).unwrap();
    assert_eq!(mounts(), 0);
    // From the bottom: each has a clone that is still there.
    driver.remove(&chain[0]).unwrap();
    assert!(!driver.exists(&chain[0]));
    driver.remove(&chain[1]).unwrap();
    assert_eq!(driver.present().unwrap(), [chain[2].clone()]);
    bench
        .mounted(&chain, MountMode::Throwaway, |tree| {
            assert_eq!(fs::read(tree.join("small"))?, b"small");
            Ok(())
        })
        .unwrap();
    driver.remove(&chain[2]).unwrap();
    driver.sweep(&[]).unwrap();
    driver.sweep(&[]).unwrap();
    assert_eq!(ours(pool, &container), [""; 0]);
    let error = driver.begin(&chain[1], Some(&chain[0])).unwrap_err();
    assert!(error.to_string().contains("not unpacked"), "{error}");
}

fn a_store_on_the_pool_uses_it(pool: &ZfsPool) {
    let root = pool.path().join("store");
    fs::create_dir(&root).unwrap();
    let driver = orlop_snapshot::choose(&root, &Wishes::default()).unwrap();
    assert_eq!(driver.name(), "zfs");
    let bench = Bench::new(&*driver, &pool.path().join("scratch"));
    let listing = bench
        .listing(&[
            Layer::new().file("a", PLAIN, b"a"),
            Layer::new().file("b", PLAIN, b"b"),
        ])
        .unwrap();
    assert_eq!(listing.len(), 3);
    let status = driver.status();
    let names: Vec<&str> = status.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "Zpool",
            "Zpool Health",
            "Parent Dataset",
            "Space Used By Parent",
            "Space Available",
            "Parent Quota",
            "Compression"
        ]
    );
    assert_eq!(status[0].1, pool.name());
    assert_eq!(status[1].1, "ONLINE");
    assert_eq!(status[2].1, container(&root));
    assert!(status[3].1.parse::<u64>().unwrap() > 0);
    assert_eq!(status[5].1, "no");
    // Where it was made, whatever is configured later.
    let moved = Zfs::new(&root, Some("elsewhere"));
    assert_eq!(moved.status()[2].1, container(&root));
}

fn what_a_crash_left_is_swept(pool: &ZfsPool) {
    let dir = tempfile::tempdir().unwrap();
    let driver = Zfs::new(dir.path(), Some(pool.name()));
    let bench = Bench::new(&driver, &dir.path().join("scratch"));
    let (chain, _) = bench.stack(&[Layer::new().file("a", PLAIN, b"a")]).unwrap();
    let container = container(dir.path());
    let staging = dir.path().join("snapshots/zfs/staging/dead");
    fs::create_dir_all(&staging).unwrap();
    let zfs = |arguments: &[&str]| {
        orlop_testing::Program::new("zfs").args(arguments).ok();
    };
    zfs(&[
        "create",
        "-o",
        "mountpoint=none",
        &format!("{container}/staging-dead"),
    ]);
    driver.sweep(&[]).unwrap();
    assert!(!staging.exists());
    assert_eq!(ours(pool, &container).len(), 2);
    // Died after it had its name, and before it had its snapshot: not a row knows of it.
    zfs(&[
        "destroy",
        &format!("{container}/sha256-{}@layer", chain[0].0.hex()),
    ]);
    assert_eq!(driver.present().unwrap(), chain);
    driver.remove(&chain[0]).unwrap();
    assert_eq!(ours(pool, &container), [""; 0]);
}

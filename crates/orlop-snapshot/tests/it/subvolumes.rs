//! What only btrfs has: read-only subvolumes, shared content, subvolumes in subvolumes.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use orlop_snapshot::conformance::{Attributes, Bench, Layer};
use orlop_snapshot::{Btrfs, Driver, MountMode};
use orlop_testing::Program;

const PLAIN: Attributes = Attributes::mode(0o644);

fn is_read_only(subvolume: &Path) -> bool {
    let shown = Program::new("btrfs")
        .args(["property", "get"])
        .arg(subvolume)
        .arg("ro")
        .ok();
    shown.text() == "ro=true"
}

#[test]
fn root_published_subvolumes_are_read_only_and_share() {
    let Some(disk) = orlop_testing::Btrfs::new(1 << 30) else {
        return;
    };
    let driver = Btrfs::new(&disk.path().join("store"));
    let bench = Bench::new(&driver, &disk.path().join("scratch"));
    let before = disk.used();
    let big = vec![7; 32 << 20];
    let (chain, _) = bench
        .stack(&[
            Layer::new().file("big", PLAIN, &big),
            Layer::new().file("small", PLAIN, b"small"),
            Layer::new().file("other", PLAIN, b"other"),
        ])
        .unwrap();
    for chain in &chain {
        let tree = driver.layer_dir(chain);
        assert_eq!(tree.metadata().unwrap().ino(), 256, "a subvolume");
        assert!(is_read_only(&tree));
        assert!(fs::write(tree.join("new"), "").is_err());
        assert_eq!(fs::metadata(tree.join("big")).unwrap().len(), 32 << 20);
    }
    let taken = disk.used() - before;
    assert!(
        ((32 << 20)..(48 << 20)).contains(&taken),
        "three trees take {taken} bytes"
    );
    for chain in chain.iter().rev() {
        driver.remove(chain).unwrap();
    }
    let left = disk.used().saturating_sub(before);
    assert!(left < 8 << 20, "{left} bytes stay");
}

#[test]
fn root_subvolumes_that_were_made_in_a_mount_go_with_it() {
    let Some(disk) = orlop_testing::Btrfs::new(1 << 30) else {
        return;
    };
    let driver = Btrfs::new(&disk.path().join("store"));
    let bench = Bench::new(&driver, &disk.path().join("scratch"));
    let (chain, _) = bench.stack(&[Layer::new().file("a", PLAIN, b"a")]).unwrap();
    let target = bench.directory().unwrap();
    driver.mount(&chain, &target, MountMode::Throwaway).unwrap();
    fs::create_dir_all(target.join("d/e")).unwrap();
    let subvolume = |arguments: &[&str]| {
        Program::new("btrfs")
            .arg("subvolume")
            .args(arguments)
            .current_dir(&target)
            .ok();
    };
    subvolume(&["create", "d/e/one"]);
    subvolume(&["create", "d/e/one/two"]);
    fs::write(target.join("d/e/one/two/file"), "x").unwrap();
    subvolume(&["snapshot", "-r", "d/e/one", "d/e/one/three"]);
    driver.unmount(&target).unwrap();
    let throwaway = disk.path().join("store/snapshots/btrfs/throwaway");
    assert_eq!(fs::read_dir(throwaway).unwrap().count(), 0);
    // The layer isn't touched.
    assert_eq!(
        fs::read(driver.layer_dir(&chain[0]).join("a")).unwrap(),
        b"a"
    );
    // In a snapshot, where only somebody who changes it by hand could put one.
    let tree = driver.layer_dir(&chain[0]);
    Program::new("btrfs")
        .args(["property", "set"])
        .arg(&tree)
        .args(["ro", "false"])
        .ok();
    Program::new("btrfs")
        .args(["subvolume", "create"])
        .arg(tree.join("nested"))
        .ok();
    driver.remove(&chain[0]).unwrap();
    assert!(!tree.exists());
}

#[test]
fn root_what_a_crash_left_is_swept() {
    let Some(disk) = orlop_testing::Btrfs::new(1 << 30) else {
        return;
    };
    let driver = Btrfs::new(&disk.path().join("store"));
    let bench = Bench::new(&driver, &disk.path().join("scratch"));
    let (chain, _) = bench.stack(&[Layer::new().file("a", PLAIN, b"a")]).unwrap();
    // A staging directory that nobody has locked, with a read-only subvolume in it.
    let dead = disk.path().join("store/snapshots/btrfs/staging/dead");
    fs::create_dir_all(&dead).unwrap();
    Program::new("btrfs")
        .args(["subvolume", "snapshot", "-r"])
        .arg(driver.layer_dir(&chain[0]))
        .arg(dead.join("tree"))
        .ok();
    driver.sweep(&[]).unwrap();
    assert!(!dead.exists());
    assert!(driver.exists(&chain[0]));
}

//! All drivers run the suite.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use orlop_snapshot::{Btrfs, Driver, Overlay2, Vfs, Wishes, conformance};

/// Set in the child that runs without privileges.
const UNPRIVILEGED: &str = "ORLOP_TEST_UNPRIVILEGED";

pub(crate) fn conforms(driver: &dyn Driver, scratch: &std::path::Path) {
    if let Err(failures) = conformance::check(driver, scratch) {
        let shown: Vec<String> = failures
            .iter()
            .map(|(name, failure)| format!("{name}: {failure}"))
            .collect();
        panic!("{} fails:\n{}", driver.name(), shown.join("\n"));
    }
}

#[test]
fn root_overlay2() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED root_overlay2: needs root");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    conforms(&Overlay2::new(dir.path()), &dir.path().join("scratch"));
}

/// With names that are separators or escapes in mount options, and longer than `fsconfig` takes.
#[test]
fn root_overlay2_in_an_odd_place() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED root_overlay2_in_an_odd_place: needs root");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for name in ["a,b:c d=e", "back\\slash", &"long".repeat(60)] {
        let root = dir.path().join(name);
        std::fs::create_dir(&root).unwrap();
        conforms(&Overlay2::new(&root), &root.join("scratch"));
    }
}

/// The folder of the store hands on an access control list, which is the machine's and no image's.
#[test]
fn root_both_below_an_access_control_list() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED root_both_below_an_access_control_list: needs root");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    // user::rwx, user:1000:rwx, group::rwx, mask::rwx, other::rwx
    let mut list = 2_u32.to_le_bytes().to_vec();
    for (tag, id) in [
        (1_u16, u32::MAX),
        (2, 1000),
        (4, u32::MAX),
        (16, u32::MAX),
        (32, u32::MAX),
    ] {
        list.extend(tag.to_le_bytes());
        list.extend(7_u16.to_le_bytes());
        list.extend(id.to_le_bytes());
    }
    let name = "system.posix_acl_default";
    match rustix::fs::setxattr(dir.path(), name, &list, rustix::fs::XattrFlags::empty()) {
        Err(rustix::io::Errno::OPNOTSUPP) => return eprintln!("SKIPPED: no access lists here"),
        set => set.unwrap(),
    }
    let drivers: [&dyn Driver; 2] = [&Overlay2::new(dir.path()), &Vfs::new(dir.path())];
    // Those in which it could be seen.
    let cases = [
        "root directory of a bare layer",
        "implicit directories",
        "access control lists",
        "linked directories",
        "throwaway mount",
    ];
    for driver in drivers {
        let bench = conformance::Bench::new(driver, &dir.path().join("scratch"));
        for name in cases {
            let found = conformance::CASES.iter().find(|(known, _)| *known == name);
            let (_, case) = found.unwrap();
            case(&bench).unwrap_or_else(|failure| panic!("{}: {name}: {failure}", driver.name()));
        }
    }
}

#[test]
fn root_vfs() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED root_vfs: needs root, but for vfs_without_privileges");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    conforms(&Vfs::new(dir.path()), &dir.path().join("scratch"));
}

#[test]
fn root_btrfs() {
    let Some(disk) = orlop_testing::Btrfs::new(1 << 30) else {
        return;
    };
    let root = disk.path().join("store");
    std::fs::create_dir(&root).unwrap();
    let chosen = orlop_snapshot::choose(&root, &Wishes::default()).unwrap();
    assert_eq!(chosen.name(), "btrfs");
    conforms(&Btrfs::new(&root), &root.join("scratch"));
}

/// As root, a child without privileges runs it.
#[test]
fn vfs_without_privileges() {
    if rustix::process::geteuid().is_root() {
        let exe = std::env::current_exe().unwrap();
        let dir = tempfile::tempdir().unwrap();
        // Where the child may look: the test's own place may be private.
        let copy = dir.path().join("test");
        std::fs::copy(exe, &copy).unwrap();
        for path in [dir.path(), &copy] {
            let mode = rustix::fs::Mode::from_raw_mode(0o755);
            rustix::fs::chmod(path, mode).unwrap();
        }
        let output = Command::new(&copy)
            .args(["--exact", "conform::vfs_without_privileges", "--nocapture"])
            .env(UNPRIVILEGED, "1")
            .current_dir("/")
            .uid(65534)
            .gid(65534)
            .output()
            .unwrap();
        let shown = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{shown}");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let chosen = orlop_snapshot::choose(root, &Wishes::default());
    assert_eq!(chosen.unwrap().name(), "vfs");
    let wishes = Wishes {
        driver: Some("overlay2"),
        ..Wishes::default()
    };
    let Err(error) = orlop_snapshot::choose(root, &wishes) else {
        panic!("overlay2 without root");
    };
    assert_eq!(
        error.to_string(),
        "storage driver overlay2 doesn't work here: overlay mounts need root"
    );
    let vfs = Vfs::new(root);
    conforms(&vfs, &root.join("scratch"));
    let bench = conformance::Bench::new(&vfs, &root.join("scratch"));
    let (chain, _) = bench.stack(&[conformance::Layer::new()]).unwrap();
    let target = bench.directory().unwrap();
    for mode in [
        orlop_snapshot::MountMode::ReadOnly,
        orlop_snapshot::MountMode::Throwaway,
    ] {
        let error = vfs.mount(&chain, &target, mode).unwrap_err();
        assert!(error.to_string().ends_with("needs root"), "{error}");
        assert!(error.hint().unwrap().contains("unshare"));
    }
}

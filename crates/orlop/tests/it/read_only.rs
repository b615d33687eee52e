//! A store on a disk that can't be written: what reads works, and the rest says why it doesn't.

use std::path::Path;

use orlop_testing::{FaultProxy, is_root};
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags};

use crate::{orlop, small};

/// A folder that can't be written as long as this lives, by nobody.
struct ReadOnly<'a>(&'a Path);

impl<'a> ReadOnly<'a> {
    fn new(folder: &'a Path) -> Self {
        rustix::mount::mount_bind(folder, folder).expect("a folder is mounted on itself");
        let _ = rustix::mount::mount_change(folder, MountPropagationFlags::PRIVATE);
        let flags = MountFlags::BIND | MountFlags::RDONLY;
        rustix::mount::mount_remount(folder, flags, "").expect("it becomes read-only");
        Self(folder)
    }
}

impl Drop for ReadOnly<'_> {
    fn drop(&mut self) {
        let _ = rustix::mount::unmount(self.0, UnmountFlags::DETACH);
    }
}

#[test]
fn root_what_reads_works_and_what_writes_says_why_not() {
    if !is_root() {
        return;
    }
    let registry = FaultProxy::alone();
    registry.serve("app", "v1", &small("read-only"));
    registry.serve("other", "v1", &small("another"));
    let name = format!("{}/app:v1", registry.host());
    let other = format!("{}/other:v1", registry.host());
    for driver in crate::hostile::drivers() {
        let orlop = orlop().driver(driver);
        orlop.ok(["pull", "-q", &name]);
        let archive = orlop.folder().join("saved.tar");
        let archive = archive.to_str().expect("plain");
        let (listed, shown) = (
            orlop.ok(["images"]).stdout,
            orlop.ok(["inspect", &name]).stdout,
        );
        let read_only = ReadOnly::new(orlop.store());
        assert_eq!(orlop.ok(["images"]).stdout, listed, "{driver}");
        assert_eq!(orlop.ok(["inspect", &name]).stdout, shown, "{driver}");
        for command in [
            &["history", &name][..],
            &["history", "--files", &name],
            &["tag", "log", &name],
            &["system", "df"],
            &["system", "repair", "--dry-run"],
            &["info"],
            &["explore", "--ci", &name],
            &["why", &name],
            &["export", &name, "base"],
            &["save", "-q", "-o", archive, &name],
        ] {
            let ended = orlop.run(command);
            assert!(ended.status.success(), "{driver}: {ended}");
        }
        for command in [
            &["pull", &other][..],
            &["tag", &name, "another:v1"],
            &["rmi", &name],
            &["load", "-i", archive],
            &["prune", "-af"],
            &["system", "prune", "-f"],
        ] {
            let ended = orlop.run(command).expect_code(1);
            let errors = ended
                .stderr
                .lines()
                .filter(|line| line.starts_with("Error: "));
            let errors: Vec<&str> = errors.collect();
            assert_eq!(errors.len(), 1, "{driver}: {ended}");
            assert!(errors[0].contains("read-only"), "{driver}: {ended}");
        }
        drop(read_only);
        orlop.ok(["rmi", &name]);
        orlop.ok(["system", "prune", "-f"]);
        crate::assert_empty(&orlop);
    }
}

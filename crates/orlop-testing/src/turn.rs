//! Taking turns at what a machine has once, with tests of other processes.

use std::fs::File;

use rustix::fs::FlockOperation;

/// Waits for one's turn at `what`; it lasts until the file, which may be written to, is dropped.
pub(crate) fn take_turn(what: &str) -> File {
    let path = std::env::temp_dir().join(format!("orlop-test-{what}.lock"));
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .expect("the lock file is opened");
    rustix::io::retry_on_intr(|| rustix::fs::flock(&file, FlockOperation::LockExclusive))
        .expect("the lock is taken");
    file
}

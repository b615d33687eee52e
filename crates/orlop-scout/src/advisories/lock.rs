//! One at a time makes a database.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::time::Duration;

use orlop_image::Cancel;
use orlop_image::event::{Event, EventSink};
use rustix::fs::FlockOperation;
use rustix::io::Errno;

use super::Advisories;
use crate::error::{Error, Result, cancelled};

/// How long to wait before looking again.
const PAUSE: Duration = Duration::from_millis(100);

/// The right to make a database, until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    /// Closing it unlocks it.
    _file: File,
}

impl Advisories {
    /// Takes the lock, waiting for whoever has it, and removes what somebody left who was killed.
    pub(super) async fn lock(&self, events: &dyn EventSink, cancel: &Cancel) -> Result<Lock> {
        let path = self.folder.join("lock");
        // The root may not be there yet, and is nobody else's when a store comes into it.
        let made = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder);
        made.map_err(Error::io(&self.folder))?;
        let mut open = File::options();
        let open = open.read(true).write(true).create(true).truncate(false);
        let file = open.open(&path).map_err(Error::io(&path))?;
        let mut is_told = false;
        loop {
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                Err(Errno::WOULDBLOCK) => {}
                Err(errno) => return Err(Error::io(&path)(errno.into())),
            }
            if !std::mem::replace(&mut is_told, true) {
                events.emit(Event::Note {
                    text: "waiting for another process that makes the advisory database".to_owned(),
                });
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = cancel.cancelled() => return Err(cancelled()),
            }
        }
        self.sweep();
        Ok(Lock { _file: file })
    }

    /// Removes files that were never finished. Whoever would finish them has the lock.
    fn sweep(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with("advisories-v") && name.ends_with(".new") {
                // It takes room and does no harm.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

//! A file that is replaced in one step, by one process at a time.
//!
//! The next content is written beside it, into `NAME.new`, which is locked from before the old content
//! is read until the new one is in its place: two changes at once come one after the other. The lock
//! is the system's and gone with the process; what a killed one left is written over.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// The next content of a file. Dropping it leaves the file as it is.
pub(crate) struct Staged {
    path: PathBuf,
    next: PathBuf,
    file: File,
    published: bool,
}

impl Staged {
    /// Waits until nobody else changes the file.
    pub(crate) fn begin(path: &Path) -> io::Result<Self> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let next = path.with_file_name(name);
        loop {
            let mut options = OpenOptions::new();
            let options = options.write(true).create(true).truncate(false).mode(0o600);
            let file = options.open(&next)?;
            file.lock()?;
            // Who had the lock before may have moved it to its place, or removed it.
            let (ours, there) = (file.metadata()?, std::fs::symlink_metadata(&next));
            let there = match there {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                there => there?,
            };
            if !there.is_file() || there.nlink() > 1 {
                let reason = format!("{} is no file of its own", next.display());
                return Err(io::Error::other(reason));
            }
            if (ours.dev(), ours.ino()) == (there.dev(), there.ino()) {
                return Ok(Self {
                    path: path.to_owned(),
                    next,
                    file,
                    published: false,
                });
            }
        }
    }

    /// Replaces the file at once. It keeps its owner and its mode, or nothing is changed; a new one
    /// is for its owner only.
    pub(crate) fn publish(mut self, text: &str) -> io::Result<()> {
        let mut mode = 0o600;
        if let Ok(old) = std::fs::metadata(&self.path) {
            let now = self.file.metadata()?;
            if (now.uid(), now.gid()) != (old.uid(), old.gid()) {
                fchown(&self.file, Some(old.uid()), Some(old.gid()))?;
            }
            mode = old.mode() & 0o7777;
        }
        self.file
            .set_permissions(std::fs::Permissions::from_mode(mode))?;
        self.file.set_len(0)?;
        self.file.write_all(text.as_bytes())?;
        self.file.sync_all()?;
        std::fs::rename(&self.next, &self.path)?;
        self.published = true;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.published {
            // It is ours: the lock is still held.
            let _ = std::fs::remove_file(&self.next);
        }
    }
}

//! Room for the database on a disk that is full.
//!
//! Reading takes a little room, too: SQLite makes an index of its log, 32 KiB, for whoever opens the
//! database first. And a removal is a transaction before it frees a byte. Without either, whoever has
//! filled the disk with images could neither list them nor remove one. So a file takes room while there
//! is plenty, and gives it up when there is none.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use rustix::fs::FallocateFlags;

use crate::layout::Layout;

/// What the reserve takes, in bytes.
const SIZE: u64 = 1 << 20;

/// It is taken where so many times as much is free.
const PLENTY: u64 = 4;

/// What opening the database may take of it, with room for the few pages of a lease.
const TO_OPEN: u64 = 128 << 10;

impl Layout {
    fn reserve(&self) -> PathBuf {
        self.root().join("reserve")
    }

    /// Takes the reserve if it isn't there and there is plenty of room. That it can't be had is no
    /// reason to fail.
    pub(crate) fn keep_reserve(&self) {
        if self.reserve().exists() {
            return;
        }
        if self.free().is_some_and(|free| free >= PLENTY * SIZE) {
            self.take(SIZE);
        }
    }

    /// Gives it up, so that the database can be opened; false when there was none.
    pub(crate) fn give_up_reserve(&self) -> bool {
        std::fs::remove_file(self.reserve()).is_ok()
    }

    /// Gives it up if the disk is full, for what will free more.
    pub(crate) fn make_room_for_a_removal(&self) {
        if self.free().is_some_and(|free| free < SIZE) {
            self.give_up_reserve();
        }
    }

    /// Takes again what opening the database left of it: what the command would write next has to fail
    /// as on any full disk, and not to use up what others open the database with.
    pub(crate) fn take_rest_of_reserve(&self) {
        if let Some(free) = self.free() {
            self.take(free.min(SIZE).saturating_sub(TO_OPEN));
        }
    }

    fn take(&self, size: u64) {
        if size == 0 {
            return;
        }
        let mut options = OpenOptions::new();
        // Of two processes one takes it.
        let file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.reserve());
        let Ok(file) = file else { return };
        if allocate(&file, size).is_err() {
            self.give_up_reserve();
        }
    }

    /// Bytes that this user may still write; nothing when the file system doesn't say.
    fn free(&self) -> Option<u64> {
        let stat = rustix::fs::statvfs(self.root()).ok()?;
        Some(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

fn allocate(file: &File, size: u64) -> std::io::Result<()> {
    // A file system that can't has it without room behind it, which is no worse than nothing.
    match rustix::fs::fallocate(file, FallocateFlags::empty(), 0, size) {
        Err(rustix::io::Errno::OPNOTSUPP) => file.set_len(size),
        done => Ok(done?),
    }
}

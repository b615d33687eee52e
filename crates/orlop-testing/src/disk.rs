//! A disk that a test can fill.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use tempfile::TempDir;

use crate::process::temp_dir;
use crate::skip::is_root;

/// A file system of its own and of a few megabytes, unmounted when it is dropped.
#[derive(Debug)]
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// Mounts it; `None`, said loudly, without root.
    ///
    /// # Panics
    /// When it can't be mounted.
    #[must_use]
    pub fn new(megabytes: usize) -> Option<Self> {
        if !is_root() {
            return None;
        }
        let folder = temp_dir();
        let size = std::ffi::CString::new(format!("size={megabytes}m")).expect("it has no NUL");
        let flags = MountFlags::empty();
        mount("tmpfs", folder.path(), "tmpfs", flags, Some(&*size)).expect("a tmpfs is mounted");
        Some(Self { folder })
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    /// Takes all the space there is, to the last page.
    ///
    /// # Panics
    /// When the file that takes it can't be made.
    pub fn fill(&self) {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.filler());
        let mut file = file.expect("an empty file takes no page");
        let page = [0; 4096];
        while file.write_all(&page).is_ok() {}
    }

    /// Gives back what [`SmallDisk::fill`] took.
    ///
    /// # Panics
    /// When it wasn't filled.
    pub fn free(&self) {
        std::fs::remove_file(self.filler()).expect("it was filled");
    }

    /// Leaves this many bytes free, in whole pages.
    ///
    /// # Panics
    /// When it wasn't filled.
    pub fn leave(&self, bytes: u64) {
        self.fill();
        let file = OpenOptions::new().write(true).open(self.filler());
        let file = file.expect("it was just filled");
        let length = file.metadata().expect("it is open").len();
        file.set_len(length.saturating_sub(bytes))
            .expect("it gets shorter");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = unmount(self.path(), UnmountFlags::DETACH);
    }
}

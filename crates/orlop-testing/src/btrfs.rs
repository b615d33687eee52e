//! A btrfs in a file, mounted as long as a test needs it: the machine's own disk may be of another kind.

use std::fs::File;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::process::{Program, temp_dir};
use crate::skip::{find_program, impossible, is_root, need_programs};

/// A btrfs, mounted.
#[derive(Debug)]
pub struct Btrfs {
    mount_point: PathBuf,
    _folder: TempDir,
}

impl Btrfs {
    /// Makes and mounts one of this many bytes, which take space only when they are used. `None`, said
    /// aloud, where that can't be.
    #[must_use]
    pub fn new(size: u64) -> Option<Self> {
        if !is_root() || !need_programs(&[("mkfs.btrfs", "btrfs-progs")]) {
            return None;
        }
        if !kernel_has("btrfs") {
            impossible("btrfs", "this kernel hasn't got it");
            return None;
        }
        let folder = temp_dir();
        let (image, mount_point) = (folder.path().join("image"), folder.path().join("btrfs"));
        File::create(&image)
            .and_then(|file| file.set_len(size))
            .expect("a sparse file is made");
        std::fs::create_dir(&mount_point).expect("a folder is made");
        Program::new("mkfs.btrfs").arg("-q").arg(&image).ok();
        let mounted = Program::new("mount")
            .args(["-t", "btrfs", "-o", "loop"])
            .arg(&image)
            .arg(&mount_point)
            .run();
        if !mounted.status.success() {
            impossible("a mounted btrfs", mounted.stderr.trim());
            return None;
        }
        Some(Self {
            mount_point,
            _folder: folder,
        })
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.mount_point
    }

    /// Bytes in use, once all that is deleted is given back.
    ///
    /// # Panics
    /// When the kernel doesn't say.
    #[must_use]
    pub fn used(&self) -> u64 {
        for command in ["filesystem sync", "subvolume sync", "filesystem sync"] {
            Program::new("btrfs")
                .args(command.split(' '))
                .arg(&self.mount_point)
                .ok();
        }
        let stat =
            rustix::fs::statvfs(&self.mount_point).expect("the mounted file system is known");
        (stat.f_blocks - stat.f_bfree) * stat.f_frsize
    }
}

impl Drop for Btrfs {
    fn drop(&mut self) {
        // What a failed test left mounted in it goes first.
        let _ = Program::new("umount")
            .args(["-R", "-l"])
            .arg(&self.mount_point)
            .run();
    }
}

/// Whether the kernel knows a file system, if need be after it is told to load it.
fn kernel_has(name: &str) -> bool {
    let known = || {
        let list = std::fs::read_to_string("/proc/filesystems").unwrap_or_default();
        list.lines()
            .any(|line| line.split_whitespace().last() == Some(name))
    };
    if !known() && find_program("modprobe").is_some() {
        let _ = Program::new("modprobe").arg(name).run();
    }
    known()
}

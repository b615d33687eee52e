//! A ZFS pool in a file, by zfs-fuse: real ZFS where the kernel has none, if an old one.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::process::{Program, Running, temp_dir};
use crate::skip::{impossible, is_root, need_programs};
use crate::turn::take_turn;

/// How long zfs-fuse may take to answer, and to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A pool of its own with its own zfs-fuse. There is one at a time on a machine: zfs-fuse has one socket
/// in one place. Others wait.
#[derive(Debug)]
pub struct ZfsPool {
    name: String,
    mount_point: PathBuf,
    daemon: Option<Running>,
    _folder: TempDir,
    _turn: File,
}

impl ZfsPool {
    /// Makes a pool of this many bytes, which take space only when they are used, and mounts its
    /// dataset. `None`, said aloud, where that can't be.
    #[must_use]
    pub fn new(size: u64) -> Option<Self> {
        let programs = [("zfs-fuse", "zfs-fuse"), ("zpool", "zfs-fuse")];
        if !is_root() || !need_programs(&programs) {
            return None;
        }
        if !Path::new("/dev/fuse").exists() {
            impossible("zfs-fuse", "this machine has no /dev/fuse");
            return None;
        }
        let turn = take_turn("zfs");
        end_left_over(&turn);
        if answers() {
            impossible("zfs-fuse", "another one runs here, and is left alone");
            return None;
        }
        let folder = temp_dir();
        let mut daemon = Program::new("zfs-fuse")
            .args(["--no-daemon", "--enable-xattr", "--no-kstat-mount"])
            .args(["--max-arc-size", "32", "--pidfile"])
            .arg(folder.path().join("pid"))
            .spawn();
        turn.set_len(0).expect("the lock file is emptied");
        turn.write_all_at(daemon.id().to_string().as_bytes(), 0)
            .expect("the lock file is written");
        let started = Instant::now();
        while !answers() {
            if !daemon.is_running() || started.elapsed() > PATIENCE {
                impossible("zfs-fuse", daemon.stderr().trim());
                return None;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Self::with(daemon, folder, turn, size))
    }

    fn with(daemon: Running, folder: TempDir, turn: File, size: u64) -> Self {
        let pool = Self {
            name: format!("orloptest{}", std::process::id()),
            mount_point: folder.path().join("pool"),
            daemon: Some(daemon),
            _folder: folder,
            _turn: turn,
        };
        let image = pool.mount_point.with_file_name("image");
        File::create(&image)
            .and_then(|file| file.set_len(size))
            .expect("a sparse file is made");
        Program::new("zpool")
            // Not to be found again by a zfs-fuse of later.
            .args(["create", "-o", "cachefile=none", "-m"])
            .arg(&pool.mount_point)
            .arg(&pool.name)
            .arg(&image)
            .ok();
        pool
    }

    /// The name of the pool, which is that of its first dataset.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its dataset is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.mount_point
    }

    /// Bytes in use.
    ///
    /// # Panics
    /// When ZFS doesn't say.
    #[must_use]
    pub fn used(&self) -> u64 {
        let shown = Program::new("zfs")
            .args(["get", "-H", "-p", "-o", "value", "used", &self.name])
            .ok();
        shown.text().parse().expect("a number of bytes")
    }

    /// The names of all datasets and snapshots.
    #[must_use]
    pub fn datasets(&self) -> Vec<String> {
        let shown = Program::new("zfs")
            .args(["list", "-H", "-o", "name", "-t", "all", "-r", &self.name])
            .ok();
        shown.lines().into_iter().map(str::to_owned).collect()
    }
}

impl Drop for ZfsPool {
    fn drop(&mut self) {
        // What was unmounted a moment ago may still be busy. Without it the pool goes with its daemon.
        let asked = Instant::now();
        let destroy = || {
            let destroyed = Program::new("zpool").args(["destroy", "-f", &self.name]);
            destroyed.run().status.success()
        };
        while !destroy() && asked.elapsed() < PATIENCE / 3 {
            std::thread::sleep(Duration::from_millis(100));
        }
        if let Some(mut daemon) = self.daemon.take() {
            daemon.signal(Signal::TERM);
            let asked = Instant::now();
            while daemon.is_running() && asked.elapsed() < PATIENCE {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

/// Ends the zfs-fuse of a test that was killed. Its id is in the lock file, which only we have now.
fn end_left_over(turn: &File) {
    let mut id = [0; 10];
    let length = turn.read_at(&mut id, 0).expect("the lock file is read");
    let id = String::from_utf8_lossy(&id[..length]).into_owned();
    let alive = || {
        let name = std::fs::read_to_string(format!("/proc/{id}/comm"));
        name.is_ok_and(|name| name.trim() == "zfs-fuse")
    };
    if let Some(process) = id.parse().ok().and_then(Pid::from_raw)
        && alive()
    {
        let _ = kill_process(process, Signal::TERM);
        let asked = Instant::now();
        while alive() && asked.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Whether some zfs-fuse, or the kernel's ZFS, is there.
fn answers() -> bool {
    Program::new("zpool").arg("list").run().status.success()
}

//! CPU time and memory of a program and all its children, by a control group of their own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::Outcome;

/// What a pull took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// From the start of the command to its end.
    pub(crate) wall: Duration,
    /// User and system time of all processes that did the work.
    pub(crate) cpu: Duration,
    /// The most resident bytes that they had together, looked at every ten milliseconds.
    pub(crate) resident: u64,
    /// How long a `sync` took afterwards.
    pub(crate) sync: Duration,
}

impl std::fmt::Display for Measured {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (wall, cpu, sync) = (
            self.wall.as_secs_f64(),
            self.cpu.as_secs_f64(),
            self.sync.as_secs_f64(),
        );
        write!(
            out,
            "{wall:6.1} s wall, {cpu:6.1} s CPU, {:5} MB, then sync {sync:4.1} s",
            self.resident / 1_000_000
        )
    }
}

/// A control group. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct Group {
    folder: PathBuf,
    usage: Usage,
}

/// Where the kernel counts CPU time.
#[derive(Clone, Copy, Debug)]
enum Usage {
    /// `cpuacct.usage`, nanoseconds.
    Version1,
    /// `usage_usec` in `cpu.stat`.
    Version2,
}

impl Group {
    pub(crate) fn new(name: &str) -> Outcome<Self> {
        let places = [
            ("/sys/fs/cgroup/cpuacct", Usage::Version1),
            ("/sys/fs/cgroup/cpu,cpuacct", Usage::Version1),
            ("/sys/fs/cgroup", Usage::Version2),
        ];
        for (root, usage) in places {
            let counts = match usage {
                Usage::Version1 => Path::new(root).join("cpuacct.usage").exists(),
                Usage::Version2 => Path::new(root).join("cgroup.controllers").exists(),
            };
            let folder = Path::new(root).join(name);
            if counts && std::fs::create_dir(&folder).is_ok() {
                return Ok(Group { folder, usage });
            }
        }
        Err("no control group can be made: measuring children's CPU time needs root and a mounted cgroup".to_owned())
    }

    /// Starts a command in the group, its output into `log`.
    pub(crate) fn spawn(
        &self,
        command: &[String],
        environment: &[(String, String)],
        log: &Path,
    ) -> Outcome<Child> {
        let output =
            std::fs::File::create(log).map_err(|error| format!("{}: {error}", log.display()))?;
        let errors = output.try_clone().map_err(|error| error.to_string())?;
        // The shell moves itself into the group and then becomes the command.
        Command::new("sh")
            .args(["-c", "echo $$ >\"$0/cgroup.procs\" && exec \"$@\""])
            .arg(&self.folder)
            .args(command)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(|error| format!("{}: {error}", command[0]))
    }

    /// CPU time of everything in the group so far.
    pub(crate) fn cpu(&self) -> Duration {
        match self.usage {
            Usage::Version1 => {
                let text =
                    std::fs::read_to_string(self.folder.join("cpuacct.usage")).unwrap_or_default();
                Duration::from_nanos(text.trim().parse().unwrap_or(0))
            }
            Usage::Version2 => {
                let text =
                    std::fs::read_to_string(self.folder.join("cpu.stat")).unwrap_or_default();
                let line = text
                    .lines()
                    .find_map(|line| line.strip_prefix("usage_usec "));
                Duration::from_micros(line.and_then(|number| number.parse().ok()).unwrap_or(0))
            }
        }
    }

    /// Runs `work` and measures what the group used meanwhile.
    pub(crate) fn measure(&self, work: impl FnOnce() -> Outcome) -> Outcome<Measured> {
        let watch = MemoryWatch::start(self.folder.join("cgroup.procs"));
        let (start, before) = (Instant::now(), self.cpu());
        let done = work();
        let (wall, cpu) = (start.elapsed(), self.cpu().saturating_sub(before));
        let resident = watch.stop();
        done.map(|()| Measured {
            wall,
            cpu,
            resident,
            sync: Duration::ZERO,
        })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // A process that has just ended may still be on its way out of the group.
        for _ in 0..50 {
            if std::fs::remove_dir(&self.folder).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A thread that looks at the memory of a group's processes.
struct MemoryWatch {
    stop: Arc<AtomicBool>,
    peak: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl MemoryWatch {
    fn start(processes: PathBuf) -> Self {
        let (stop, peak) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let (stopped, highest) = (Arc::clone(&stop), Arc::clone(&peak));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                highest.fetch_max(resident(&processes), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        MemoryWatch { stop, peak, thread }
    }

    fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.join();
        self.peak.load(Ordering::Relaxed)
    }
}

/// Resident bytes of all processes listed in a file.
fn resident(processes: &Path) -> u64 {
    let list = std::fs::read_to_string(processes).unwrap_or_default();
    let of = |process: &str| -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim()
            .trim_end_matches(" kB")
            .parse::<u64>()
            .ok()
            .map(|kilobytes| kilobytes * 1024)
    };
    list.lines().filter_map(of).sum()
}

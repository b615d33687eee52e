//! How long a program takes, and how much memory it has at most.

use std::io::{Read as _, Seek as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::report::median;

/// What the runs of a program took.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runs {
    /// From its start to its end, each.
    pub(crate) walls: Vec<Duration>,
    /// The most resident bytes of a run of its own, files that are mapped included.
    pub(crate) resident: u64,
}

impl Runs {
    /// The time in the middle, in seconds.
    pub(crate) fn wall(&self) -> f64 {
        median(self.walls.iter().map(Duration::as_secs_f64).collect())
    }
}

/// Runs a program so many times, and once more to see how much memory it takes, each after `before`.
pub(crate) fn run(
    rounds: usize,
    command: impl Fn() -> Command,
    mut before: impl FnMut() -> Outcome,
) -> Outcome<Runs> {
    let mut runs = Runs::default();
    for _ in 0..rounds {
        before()?;
        let start = Instant::now();
        finish(command().stdin(Stdio::null()).stdout(Stdio::null()), None)?;
        runs.walls.push(start.elapsed());
    }
    before()?;
    let mut last = command();
    last.stdin(Stdio::null()).stdout(Stdio::null());
    finish(&mut last, Some(&mut runs.resident))?;
    Ok(runs)
}

/// Runs a program, and gives what it prints and the most memory it had.
pub(crate) fn output(command: &mut Command) -> Outcome<(String, u64)> {
    let failed = |error: std::io::Error| error.to_string();
    let mut printed = tempfile::tempfile().map_err(failed)?;
    command.stdout(printed.try_clone().map_err(failed)?);
    let mut resident = 0;
    finish(command, Some(&mut resident))?;
    let mut text = String::new();
    printed.rewind().map_err(failed)?;
    printed.read_to_string(&mut text).map_err(failed)?;
    Ok((text, resident))
}

/// Runs a program to its end, and looks at its memory all the while where that is asked for: whoever looks
/// takes time.
fn finish(command: &mut Command, resident: Option<&mut u64>) -> Outcome {
    let name = format!("{command:?}");
    let failed = |error: std::io::Error| format!("{name}: {error}");
    let mut errors = tempfile::tempfile().map_err(failed)?;
    command.stderr(errors.try_clone().map_err(failed)?);
    let mut child = command.spawn().map_err(failed)?;
    if let Some(resident) = resident {
        while child.try_wait().map_err(failed)?.is_none() {
            *resident = peak(child.id()).max(*resident);
            std::thread::sleep(Duration::from_micros(500));
        }
    }
    let status = child.wait().map_err(failed)?;
    if status.success() {
        return Ok(());
    }
    let mut said = String::new();
    let read = errors
        .rewind()
        .and_then(|()| errors.read_to_string(&mut said));
    read.map_err(failed)?;
    Err(format!("{name}: {status}\n{said}"))
}

/// The most resident bytes that a process and those that it started had so far.
fn peak(process: u32) -> u64 {
    let text = |path: String| std::fs::read_to_string(path).unwrap_or_default();
    let status = text(format!("/proc/{process}/status"));
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    let children = text(format!("/proc/{process}/task/{process}/children"));
    let children = children.split_whitespace().filter_map(|it| it.parse().ok());
    kilobytes.unwrap_or_default() * 1024 + children.map(peak).sum::<u64>()
}

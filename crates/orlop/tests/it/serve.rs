//! `orlop serve` and `orlop registry`, as somebody runs them.

mod adopt;
mod check;
mod clients;
mod edited;
mod events;
mod killed;
mod lengthy;
mod reloads;
mod restarts;
mod rules;
mod warned;
mod who;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use orlop_testing::{Finished, Orlop, Program, Running};
use rustix::process::Signal;

use crate::orlop;

/// How long is waited for what must come.
const LIMIT: Duration = Duration::from_secs(30);

/// A registry that `orlop serve` serves. Dropping it kills it.
pub(crate) struct Served {
    /// The program with its configuration; its store is the registry's folder.
    orlop: Orlop,
    process: Running,
    pub(crate) host: String,
}

impl Served {
    /// With no configuration but a port of its own.
    pub(crate) fn start() -> Self {
        Self::with(orlop(), &[])
    }

    /// With a configuration file. `FOLDER` in it is a folder of the test's own.
    fn configured(toml: &str) -> Self {
        let orlop = orlop();
        let folder = orlop.folder().display().to_string();
        let orlop = orlop.config(&toml.replace("FOLDER", &folder));
        Self::with(orlop, &[])
    }

    fn with(orlop: Orlop, arguments: &[&str]) -> Self {
        let mut process = spawn(&orlop, arguments);
        let host = wait_for_host(&mut process);
        Self {
            orlop,
            process,
            host,
        }
    }

    /// Starts the same again after [`Served::kill`] or [`Served::stop`].
    fn again(orlop: Orlop) -> Self {
        Self::with(orlop, &[])
    }

    /// Ends it as a power cut would, and returns what is left.
    fn kill(self) -> Orlop {
        self.process.signal(Signal::KILL);
        let _ = self.process.wait(LIMIT);
        self.orlop
    }

    /// Asks it to end, and waits until it has.
    fn stop(self) -> (Orlop, Finished) {
        self.process.signal(Signal::TERM);
        let finished = self.process.wait(LIMIT).expect_success();
        (self.orlop, finished)
    }

    /// The registry's folder.
    fn root(&self) -> &Path {
        self.orlop.store()
    }

    /// Where a blob is.
    fn blob_file(&self, digest: &str) -> PathBuf {
        let hex = digest.trim_start_matches("sha256:");
        let files = self.orlop.files_below("blobs");
        let file = files.into_iter().find(|file| file.ends_with(hex));
        file.unwrap_or_else(|| panic!("no file of {digest} below {}", self.root().display()))
    }

    /// Waits until it has said something.
    fn wait_for(&mut self, words: &str) -> String {
        wait_for_line(&mut self.process, words)
    }
}

fn spawn(orlop: &Orlop, arguments: &[&str]) -> Running {
    let listen = ["serve", "--listen", "127.0.0.1:0"];
    orlop.program().args(listen).args(arguments).spawn()
}

fn wait_for_host(process: &mut Running) -> String {
    let line = wait_for_line(process, "listening on http");
    let address = line.split("://").nth(1).unwrap_or_default();
    let end = address.find(|ch: char| !(ch.is_ascii_digit() || ".:".contains(ch)));
    address[..end.unwrap_or(address.len())].to_owned()
}

fn wait_for_line(process: &mut Running, words: &str) -> String {
    let start = Instant::now();
    loop {
        let said = process.stderr();
        // A line is there when its end is.
        let whole = said
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'));
        if let Some(line) = whole.into_iter().find(|line| line.contains(words)) {
            return line.to_owned();
        }
        assert!(
            process.is_running(),
            "it ended before it said {words:?}:\n{said}"
        );
        assert!(start.elapsed() < LIMIT, "it doesn't say {words:?}:\n{said}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// `orlop registry …` with something on standard input.
fn registry(orlop: &Orlop, arguments: &[&str], input: &str) -> Program {
    let program = orlop.program().arg("registry").args(arguments);
    program.input(input.as_bytes())
}

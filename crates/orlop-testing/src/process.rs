//! Running other programs: to their end with all they say kept, or in the background until dropped.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::skip::find_program;

/// A program about to be run.
#[derive(Debug)]
pub struct Program {
    name: String,
    command: Command,
    input: Option<Vec<u8>>,
    timeout: Duration,
}

impl Program {
    /// Prepares `name`, looked up in `PATH` and the `sbin` folders.
    pub fn new(name: impl AsRef<Path>) -> Self {
        let name = name.as_ref();
        let file = name
            .to_str()
            .and_then(find_program)
            .unwrap_or_else(|| name.to_owned());
        Program {
            name: name.display().to_string(),
            command: Command::new(file),
            input: None,
            timeout: Duration::from_secs(120),
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Removes an environment variable.
    #[must_use]
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Runs in `folder`.
    #[must_use]
    pub fn current_dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Gives the program `bytes` on standard input instead of nothing.
    #[must_use]
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Some(bytes.into());
        self
    }

    /// Lets the program run for `limit` instead of two minutes; then it is killed and the test fails.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Runs to the end.
    ///
    /// # Panics
    /// When the program cannot be started or doesn't end in time.
    #[must_use]
    pub fn run(self) -> Finished {
        let timeout = self.timeout;
        self.spawn().wait(timeout)
    }

    /// Runs to the end and insists on success.
    ///
    /// # Panics
    /// When it fails, with all that it said.
    pub fn ok(self) -> Finished {
        self.run().expect_success()
    }

    /// Starts in the background; output goes to temporary files.
    ///
    /// # Panics
    /// When the program cannot be started.
    #[must_use]
    pub fn spawn(mut self) -> Running {
        let stdout = tempfile::NamedTempFile::new().expect("a temporary file");
        let stderr = tempfile::NamedTempFile::new().expect("a temporary file");
        self.command
            .stdout(reopen(stdout.path()))
            .stderr(reopen(stderr.path()));
        match &self.input {
            None => self.command.stdin(Stdio::null()),
            Some(bytes) => {
                let file = tempfile::NamedTempFile::new().expect("a temporary file");
                std::fs::write(file.path(), bytes).expect("the input is written");
                self.command
                    .stdin(File::open(file.path()).expect("the input is opened"))
            }
        };
        let line = command_line(&self.name, self.command.get_args());
        let child = self
            .command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {line}: {error}"));
        Running {
            line,
            child: Some(child),
            started: Instant::now(),
            stdout,
            stderr,
        }
    }
}

fn reopen(path: &Path) -> File {
    File::options()
        .append(true)
        .open(path)
        .expect("the output file is opened")
}

fn command_line<'a>(name: &str, arguments: impl Iterator<Item = &'a OsStr>) -> String {
    let mut line = OsString::from(name);
    for argument in arguments {
        line.push(" ");
        line.push(argument);
    }
    line.to_string_lossy().into_owned()
}

/// A program that runs. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    line: String,
    child: Option<Child>,
    started: Instant,
    stdout: tempfile::NamedTempFile,
    stderr: tempfile::NamedTempFile,
}

impl Running {
    /// Its process id.
    ///
    /// # Panics
    /// After [`Running::wait`].
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child
            .as_ref()
            .expect("the program runs until it is waited for")
            .id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = i32::try_from(self.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, signal);
        }
    }

    /// What it has said on standard output so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        read(self.stdout.path())
    }

    /// What it has said on standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        read(self.stderr.path())
    }

    /// True while it runs.
    pub fn is_running(&mut self) -> bool {
        self.child
            .as_mut()
            .is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it doesn't come in time: the program is killed first.
    #[must_use]
    pub fn wait(mut self, limit: Duration) -> Finished {
        let mut child = self.child.take().expect("a program is waited for once");
        let start = Instant::now();
        let mut pause = Duration::from_millis(1);
        let status = loop {
            match child.try_wait().expect("the child is ours") {
                Some(status) => break status,
                None if start.elapsed() > limit => {
                    let _ = child.kill();
                    let _ = child.wait();
                    let (line, said) = (&self.line, self.stderr());
                    panic!("{line}: still running after {limit:?}, killed; it said:\n{said}");
                }
                None => std::thread::sleep(pause),
            }
            pause = (pause * 2).min(Duration::from_millis(20));
        };
        Finished {
            line: self.line.clone(),
            status,
            stdout: self.stdout(),
            stderr: self.stderr(),
            took: self.started.elapsed(),
        }
    }
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A program that has ended, and what it said.
#[derive(Clone, Debug)]
pub struct Finished {
    line: String,
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
    /// Wall time from start to end.
    pub took: Duration,
}

impl Finished {
    /// The exit code; -1 for an end by signal.
    #[must_use]
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or(-1)
    }

    /// Insists on success.
    ///
    /// # Panics
    /// When the program failed, with all that it said.
    pub fn expect_success(self) -> Self {
        assert!(self.status.success(), "{self}");
        self
    }

    /// Insists on this exit code.
    ///
    /// # Panics
    /// When it was another, with all that the program said.
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code(), code, "{self}");
        self
    }

    /// Standard output without the white space around it.
    #[must_use]
    pub fn text(&self) -> &str {
        self.stdout.trim()
    }

    /// Standard output's lines.
    #[must_use]
    pub fn lines(&self) -> Vec<&str> {
        self.stdout.lines().collect()
    }
}

impl std::fmt::Display for Finished {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(out, "{}\n{} after {:?}", self.line, self.status, self.took)?;
        writeln!(
            out,
            "--- stdout\n{}--- stderr\n{}---",
            self.stdout, self.stderr
        )
    }
}

/// A folder for a test, in the build's own `target/tmp`: overlay file systems need a real disk below
/// them, and `/tmp` may be none.
pub(crate) fn temp_dir() -> tempfile::TempDir {
    let program = std::env::current_exe().unwrap_or_default();
    let target = program
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").is_file());
    let base = target.map_or_else(std::env::temp_dir, |target| target.join("tmp"));
    std::fs::create_dir_all(&base).expect("a folder for temporary folders");
    tempfile::Builder::new()
        .prefix("orlop-test-")
        .tempdir_in(base)
        .expect("a temporary folder")
}

//! How a command fails: a kind, which decides the exit code, a message, and hints apart from it.
//!
//! The libraries below keep their errors typed; here, at the edge, an error becomes words. The
//! form is `Error: WHAT: WHY`, and each hint is a line of its own.

use std::error::Error as StdError;
use std::fmt;
use std::io;

/// What a command answers.
pub type CliResult<T = ()> = Result<T, CliError>;

/// What went wrong, as far as the exit code is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The command could not do what was asked: 1.
    Failed,
    /// The same where 1 is the answer "they differ": 2, as `diff` has it.
    Trouble,
    /// A flag or its value makes no sense: 125, as docker has it for all flag errors.
    Usage,
    /// A template given with `--format` to an inspecting command cannot be parsed: 64, as docker.
    Template,
    /// Whoever read our output went away: 141, as a program that SIGPIPE ended. Nothing is said.
    BrokenPipe,
    /// A command that we ran ended with this code, or with 126 or 127 because it couldn't be run.
    Command {
        /// The code.
        code: u8,
    },
    /// A signal asked us to stop: 128 and its number, as docker.
    Interrupted {
        /// Its number (SIGINT is 2).
        signal: u8,
    },
}

/// An error as the user will see it.
#[derive(Debug)]
pub struct CliError {
    kind: ErrorKind,
    message: String,
    hints: Vec<String>,
    detail: Option<String>,
}

impl CliError {
    /// A failure in these words.
    pub fn new(message: impl Into<String>) -> Self {
        Self::of(ErrorKind::Failed, message)
    }

    /// A misused flag.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::of(ErrorKind::Usage, message)
    }

    /// An error of this kind. With an empty message only the exit code tells of it.
    pub fn of(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hints: Vec::new(),
            detail: None,
        }
    }

    /// The command failed and has said so already.
    pub fn silent() -> Self {
        Self::new("")
    }

    /// Adds a hint: what the user may do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Takes the hints away, where they tell what is being done already.
    #[must_use]
    pub fn without_hints(mut self) -> Self {
        self.hints.clear();
        self
    }

    /// Makes a failure trouble, where 1 is an answer.
    #[must_use]
    pub fn into_trouble(mut self) -> Self {
        if self.kind == ErrorKind::Failed {
            self.kind = ErrorKind::Trouble;
        }
        self
    }

    /// Keeps the whole of the error below for `--debug`.
    #[must_use]
    pub fn detail(mut self, error: &dyn fmt::Debug) -> Self {
        self.detail = Some(format!("{error:#?}"));
        self
    }

    /// Puts what was being done before the message: `WHAT: WHY`.
    #[must_use]
    pub fn context(mut self, what: impl fmt::Display) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// Its kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Its message, without `Error:` and without hints. Empty when nothing is to be said.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Its hints.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// The whole of the error below, for `--debug`.
    pub fn details(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// What the process ends with.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            ErrorKind::Failed => 1,
            ErrorKind::Trouble => 2,
            ErrorKind::Usage => 125,
            ErrorKind::Template => 64,
            ErrorKind::BrokenPipe => 141,
            ErrorKind::Command { code } => code,
            ErrorKind::Interrupted { signal } => 128 + signal,
        }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for CliError {}

impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        Self::new(chain(&error))
    }
}

/// The words of an error and of its sources, each said once: a library that repeats its source in
/// its own message does not make us repeat it too.
pub fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("reading the list")]
    struct Outer(#[source] io::Error);

    #[test]
    fn sources_are_said_once() {
        let error = Outer(io::Error::other("disk on fire"));
        assert_eq!(chain(&error), "reading the list: disk on fire");

        #[derive(Debug, thiserror::Error)]
        #[error("reading: {0}")]
        struct Repeats(#[source] io::Error);
        let error = Repeats(io::Error::other("disk on fire"));
        assert_eq!(chain(&error), "reading: disk on fire");
    }

    #[test]
    fn kinds_have_dockers_exit_codes() {
        for (error, code) in [
            (CliError::new("x"), 1),
            (CliError::usage("x"), 125),
            (CliError::of(ErrorKind::Template, "x"), 64),
            (CliError::of(ErrorKind::Interrupted { signal: 2 }, ""), 130),
            (CliError::of(ErrorKind::Interrupted { signal: 15 }, ""), 143),
            (CliError::of(ErrorKind::BrokenPipe, ""), 141),
        ] {
            assert_eq!(error.exit_code(), code, "{error:?}");
        }
    }
}

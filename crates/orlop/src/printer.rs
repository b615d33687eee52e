//! The one place that writes to standard output and standard error.
//!
//! Results go to standard output, buffered; progress and diagnostics go to standard error, at
//! once. The buffer is written out before anything goes to standard error, so that the two keep
//! their order on a terminal. A reader that went away (`orlop images | head -1`) ends the command
//! without a word.

use std::fmt;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{CliError, CliResult, ErrorKind};
use crate::terminal;

/// Writes for people.
pub struct Printer {
    stdout: Mutex<BufWriter<Box<dyn Write + Send>>>,
    stderr: Mutex<Box<dyn Write + Send>>,
    look: Look,
    debug: AtomicBool,
}

/// What the two streams can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Standard output is a terminal of this width.
    pub stdout_width: Option<usize>,
    /// Standard output shows colours.
    pub stdout_color: bool,
    /// Standard error is a terminal of this size.
    pub stderr_size: Option<terminal::Size>,
    /// Standard error shows colours.
    pub stderr_color: bool,
}

/// A colour or weight of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Bold.
    Bold,
    /// Bold and blue: names.
    Name,
    /// Bold and red: `Error:`.
    Error,
    /// Green: a check that passed.
    Good,
    /// Yellow: `WARNING:`.
    Warning,
    /// Cyan: `hint:`.
    Hint,
    /// Less bright.
    Faint,
    /// Black on bright cyan: a chip.
    Chip,
}

impl Style {
    fn code(self) -> &'static str {
        match self {
            Self::Bold => "1",
            Self::Name => "1;34",
            Self::Error => "1;31",
            Self::Good => "32",
            Self::Warning => "33",
            Self::Hint => "36",
            Self::Faint => "2",
            Self::Chip => "30;106",
        }
    }

    /// The text in this style, or as it is when colours are off.
    pub fn paint(self, on: bool, text: impl fmt::Display) -> String {
        if on {
            format!("\x1b[{}m{text}\x1b[0m", self.code())
        } else {
            text.to_string()
        }
    }
}

impl fmt::Debug for Printer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Printer")
            .field("look", &self.look)
            .finish_non_exhaustive()
    }
}

impl Printer {
    /// Prints to the process's own streams. Colours are for terminals, and `NO_COLOR` and
    /// `TERM=dumb` are obeyed.
    pub fn stdio() -> Self {
        let colors = |is_terminal: bool, choice: anstream::ColorChoice| {
            is_terminal && !matches!(choice, anstream::ColorChoice::Never)
        };
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let look = Look {
            stdout_width: terminal::stdout_size().map(|size| size.width),
            stdout_color: colors(stdout.is_terminal(), anstream::AutoStream::choice(&stdout)),
            stderr_size: terminal::stderr_size(),
            stderr_color: colors(stderr.is_terminal(), anstream::AutoStream::choice(&stderr)),
        };
        Self::to(Box::new(stdout), Box::new(stderr), look)
    }

    /// Prints to these.
    pub fn to(stdout: Box<dyn Write + Send>, stderr: Box<dyn Write + Send>, look: Look) -> Self {
        Self {
            stdout: Mutex::new(BufWriter::with_capacity(64 << 10, stdout)),
            stderr: Mutex::new(stderr),
            look,
            debug: AtomicBool::new(false),
        }
    }

    /// Shows all of every error from now on.
    pub fn show_details(&self) {
        self.debug.store(true, Ordering::Relaxed);
    }

    /// What the streams can show.
    pub fn look(&self) -> Look {
        self.look
    }

    /// A line of the result.
    ///
    /// # Errors
    /// The reader went away, or the disk is full.
    pub fn line(&self, line: impl fmt::Display) -> CliResult {
        writeln!(self.lock_stdout(), "{line}").map_err(write_error)
    }

    /// A part of the result, as it is.
    ///
    /// # Errors
    /// As [`Self::line`].
    pub fn text(&self, text: impl fmt::Display) -> CliResult {
        write!(self.lock_stdout(), "{text}").map_err(write_error)
    }

    /// Bytes of the result.
    ///
    /// # Errors
    /// As [`Self::line`].
    pub fn bytes(&self, bytes: &[u8]) -> CliResult {
        self.lock_stdout().write_all(bytes).map_err(write_error)
    }

    /// Standard output as a stream, for results that are too large to be held.
    pub fn stream(self: &Arc<Self>) -> Stream {
        Stream(Arc::clone(self))
    }

    /// Writes out all that was printed so far.
    ///
    /// # Errors
    /// As [`Self::line`].
    pub fn flush(&self) -> CliResult {
        self.lock_stdout().flush().map_err(write_error)
    }

    /// A diagnostic line. A standard error that cannot be written to is no reason to stop.
    pub fn note(&self, line: impl fmt::Display) {
        self.diagnostic(&format!("{line}\n"));
    }

    /// A part of a diagnostic, as it is: a prompt, a frame of a progress display.
    pub fn diagnostic(&self, text: &str) {
        let _ = self.lock_stdout().flush();
        let mut stderr = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = stderr
            .write_all(text.as_bytes())
            .and_then(|()| stderr.flush());
    }

    /// A warning, in docker's form.
    pub fn warn(&self, text: impl fmt::Display) {
        self.note(self.warning(text));
    }

    /// The same, to be printed elsewhere.
    pub fn warning(&self, text: impl fmt::Display) -> String {
        let label = Style::Warning.paint(self.look.stderr_color, "WARNING:");
        format!("{label} {text}")
    }

    /// An error and its hints.
    pub fn error(&self, error: &CliError) {
        let color = self.look.stderr_color;
        if !error.message().is_empty() {
            self.note(format_args!(
                "{} {}",
                Style::Error.paint(color, "Error:"),
                error.message()
            ));
        }
        if let Some(details) = error.details()
            && self.debug.load(Ordering::Relaxed)
        {
            self.note(format_args!(
                "{} {details}",
                Style::Hint.paint(color, "debug:")
            ));
        }
        for hint in error.hints() {
            self.note(format_args!("{} {hint}", Style::Hint.paint(color, "hint:")));
        }
    }

    fn lock_stdout(&self) -> MutexGuard<'_, BufWriter<Box<dyn Write + Send>>> {
        // A thread that panicked while printing left at worst half a line.
        self.stdout.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Standard output, with the errors of the system as they are.
#[derive(Debug)]
pub struct Stream(Arc<Printer>);

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock_stdout().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.lock_stdout().flush()
    }
}

/// A reader that went away is no failure to speak of.
fn write_error(error: io::Error) -> CliError {
    if error.kind() == io::ErrorKind::BrokenPipe {
        CliError::of(ErrorKind::BrokenPipe, "")
    } else {
        CliError::from(error).context("writing the output")
    }
}

/// A stream that a test can read.
#[cfg(test)]
pub(crate) mod captured {
    use super::*;

    /// Shared bytes.
    #[derive(Clone, Default)]
    pub(crate) struct Bytes(Arc<Mutex<Vec<u8>>>);

    impl Bytes {
        /// What was written so far.
        pub(crate) fn text(&self) -> String {
            String::from_utf8(
                self.0
                    .lock()
                    .expect("no test panics while it writes")
                    .clone(),
            )
            .expect("we write text")
        }
    }

    impl Write for Bytes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0
                .lock()
                .expect("no test panics while it writes")
                .extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A printer and what it writes to both streams.
    pub(crate) fn printer(look: Look) -> (Printer, Bytes, Bytes) {
        let (out, err) = (Bytes::default(), Bytes::default());
        let printer = Printer::to(Box::new(out.clone()), Box::new(err.clone()), look);
        (printer, out, err)
    }
}

#[cfg(test)]
mod tests {
    use super::captured::printer;
    use super::*;

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn errors_and_hints_go_to_stderr() {
        let (printer, out, err) = printer(Look::default());
        printer.error(&CliError::new("no such object: x").hint("see `orlop images`"));
        assert_eq!(out.text(), "");
        assert_eq!(
            err.text(),
            "Error: no such object: x\nhint: see `orlop images`\n"
        );
    }

    #[test]
    fn nothing_is_said_of_silent_errors() {
        let (printer, _, err) = printer(Look::default());
        printer.error(&CliError::silent());
        assert_eq!(err.text(), "");
    }

    #[test]
    fn results_come_before_later_diagnostics() {
        let all = captured::Bytes::default();
        let printer = Printer::to(
            Box::new(all.clone()),
            Box::new(all.clone()),
            Look::default(),
        );
        printer.line("result").expect("memory");
        printer.note("diagnostic");
        assert_eq!(all.text(), "result\ndiagnostic\n");
    }

    #[test]
    fn a_reader_that_went_away_is_a_kind_of_its_own() {
        let printer = Printer::to(Box::new(Closed), Box::new(io::sink()), Look::default());
        printer.line("x").expect("buffered");
        let error = printer.flush().expect_err("closed");
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    }

    #[test]
    fn colour_only_where_wanted() {
        assert_eq!(Style::Error.paint(false, "x"), "x");
        assert_eq!(Style::Error.paint(true, "x"), "\x1b[1;31mx\x1b[0m");
    }
}

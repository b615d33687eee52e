//! Where `save` and `export` write: a file that appears whole or not at all, or standard output, which
//! must not be a terminal when an archive is written.

use std::error::Error as StdError;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use orlop_archive::NewFile;
use orlop_image::Cancel;

use crate::app::App;
use crate::error::{CliError, CliResult, ErrorKind};
use crate::printer::Stream;
use crate::terminal;

/// Only the one who saved it may read it, as docker has it.
const MODE: u32 = 0o600;
/// Bytes that are written at once.
const BUFFER: usize = 1 << 20;
/// How long an operation that shall stop may take to clear up.
const CLEARING: Duration = Duration::from_millis(400);

/// Writes a text to the file that was asked for, else to standard output.
///
/// # Errors
/// As [`Output::open_for_text`] and [`Output::place`].
pub(crate) fn write(app: &App, file: Option<&Path>, text: &str) -> CliResult {
    let mut output = Output::open_for_text(app, file)?;
    match &mut output {
        Output::File(file) => file.write_all(text.as_bytes())?,
        Output::Stdout(stream) => stream.write_all(text.as_bytes())?,
    }
    output.place()
}

/// What a long result is written to.
#[derive(Debug)]
pub enum Output {
    /// A file, and its name in words.
    File(BufWriter<NewFile>),
    /// Standard output.
    Stdout(Stream),
}

impl Output {
    /// Opens the file that was asked for, else standard output.
    ///
    /// # Errors
    /// Standard output is a terminal, or the file's directory isn't there or may not be written to.
    pub fn open(app: &App, file: Option<&Path>) -> CliResult<Self> {
        if file.is_none() && terminal::stdout_is_terminal() {
            let refusal = "cowardly refusing to save to a terminal. Use the -o flag or redirect";
            return Err(CliError::new(refusal));
        }
        Self::open_for_text(app, file)
    }

    /// The same, for what may be read on a terminal.
    ///
    /// # Errors
    /// The file's directory isn't there or may not be written to.
    pub fn open_for_text(app: &App, file: Option<&Path>) -> CliResult<Self> {
        let Some(path) = file else {
            return Ok(Self::Stdout(app.printer.stream()));
        };
        if let Some(folder) = path.parent()
            && !folder.as_os_str().is_empty()
            && !folder.exists()
        {
            let folder = folder.display();
            return Err(CliError::new(format!(
                "invalid output path: directory \"{folder}\" does not exist"
            )));
        }
        let file = NewFile::create(path, MODE).map_err(orlop_image::Error::from)?;
        Ok(Self::File(BufWriter::with_capacity(BUFFER, file)))
    }

    /// All was written: now it has its name.
    ///
    /// # Errors
    /// The disk is full, or the reader went away.
    pub fn place(self) -> CliResult {
        match self {
            Self::File(file) => {
                let file = file.into_inner().map_err(|error| error.into_error())?;
                Ok(file.place().map_err(orlop_image::Error::from)?)
            }
            Self::Stdout(mut stream) => Ok(stream.flush()?),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Stdout(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.flush(),
            Self::Stdout(stream) => stream.flush(),
        }
    }
}

/// Runs work that blocks, and waits for it. When it shall stop, it is waited for only shortly: it may
/// hang at a pipe that nobody reads, and what it had no time to clear up has no name.
///
/// # Errors
/// Those of the work. A reader that went away is told as such.
pub async fn blocking<T: Send + 'static>(
    cancel: &Cancel,
    work: impl FnOnce() -> Result<T, orlop_image::Error> + Send + 'static,
) -> CliResult<T> {
    let mut task = tokio::task::spawn_blocking(work);
    let done = tokio::select! {
        done = &mut task => done,
        () = cancel.cancelled() => match tokio::time::timeout(CLEARING, task).await {
            Ok(done) => done,
            Err(_) => return Err(CliError::silent()),
        },
    };
    let result = done.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    result.map_err(|error| match is_broken_pipe(&error) {
        true => CliError::of(ErrorKind::BrokenPipe, ""),
        false => error.into(),
    })
}

fn is_broken_pipe(error: &(dyn StdError + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let io = error.downcast_ref::<io::Error>();
        if io.is_some_and(|io| io.kind() == io::ErrorKind::BrokenPipe) {
            return true;
        }
        cause = error.source();
    }
    false
}

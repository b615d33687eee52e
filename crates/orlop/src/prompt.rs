//! Questions to the person at the terminal.

use std::io::{self, BufRead};

use crate::error::{CliError, CliResult, ErrorKind};
use crate::printer::Printer;
use crate::terminal::read_hidden_line;

/// Asks a question that only `y` answers with yes; anything else, and the end of input, is a no.
///
/// # Errors
/// The question could not be shown, or the answer not be read.
pub(crate) fn confirm(printer: &Printer, question: &str) -> CliResult<bool> {
    printer.text(format_args!("{question} [y/N] "))?;
    printer.flush()?;
    let answer = read_line(&mut io::stdin().lock())?;
    Ok(answer.is_some_and(|answer| answer.trim().eq_ignore_ascii_case("y")))
}

/// Asks for a line. `None` at the end of input.
///
/// # Errors
/// As [`confirm`].
pub(crate) fn ask(printer: &Printer, question: &str) -> CliResult<Option<String>> {
    printer.text(question)?;
    printer.flush()?;
    read_line(&mut io::stdin().lock())
}

/// Asks for a line that isn't shown while it is typed.
///
/// # Errors
/// As [`confirm`]; also when what is typed cannot be hidden.
pub(crate) fn ask_hidden(printer: &Printer, question: &str) -> CliResult<Option<String>> {
    printer.text(question)?;
    printer.flush()?;
    let answer = read_hidden_line();
    printer.line("")?;
    answer.map_err(|error| match error.kind() {
        io::ErrorKind::Interrupted => CliError::of(ErrorKind::Interrupted { signal: 2 }, ""),
        _ => CliError::from(error),
    })
}

/// A line without its end.
fn read_line(input: &mut impl BufRead) -> CliResult<Option<String>> {
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(without_end(&line).to_owned()))
}

/// Takes one line end off, as docker does with a password from standard input.
pub(crate) fn without_end(text: &str) -> &str {
    text.strip_suffix("\r\n")
        .or_else(|| text.strip_suffix('\n'))
        .or_else(|| text.strip_suffix('\r'))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_lose_one_end() {
        for (text, expected) in [
            ("secret\n", "secret"),
            ("secret\r\n", "secret"),
            ("secret\n\n", "secret\n"),
            (" secret ", " secret "),
            ("", ""),
        ] {
            assert_eq!(without_end(text), expected);
        }
        assert_eq!(read_line(&mut &b""[..]).expect("memory"), None);
        assert_eq!(
            read_line(&mut &b"y\nn\n"[..]).expect("memory").as_deref(),
            Some("y")
        );
    }
}

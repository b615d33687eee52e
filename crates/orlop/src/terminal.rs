//! What is known of the terminal: whether there is one, its size, and hiding what is typed.

use std::io::{self, IsTerminal, Read};

use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr,
};

/// The size of a terminal in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub width: usize,
    /// Lines.
    pub height: usize,
}

/// The size of the terminal that standard error goes to, if it is one that tells its size.
pub fn stderr_size() -> Option<Size> {
    size(&io::stderr())
}

/// The size of the terminal that standard output goes to, if it is one that tells its size.
pub fn stdout_size() -> Option<Size> {
    size(&io::stdout())
}

fn size(stream: &(impl IsTerminal + rustix::fd::AsFd)) -> Option<Size> {
    if !stream.is_terminal() {
        return None;
    }
    let size = tcgetwinsize(stream).ok()?;
    (size.ws_col > 0).then_some(Size {
        width: size.ws_col.into(),
        height: usize::from(size.ws_row).max(1),
    })
}

/// Whether standard output goes to a person.
pub fn stdout_is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether a person may be typing.
pub fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Reads a line from the terminal without showing it. `None` at the end of input.
///
/// # Errors
/// Standard input is no terminal, or Ctrl-C was typed ([`io::ErrorKind::Interrupted`]).
pub fn read_hidden_line() -> io::Result<Option<String>> {
    let hidden = Hidden::start()?;
    let line = edit_line(&mut io::stdin().lock());
    drop(hidden);
    line
}

/// While it lives, the terminal hands on each key as it is typed and shows none. Keys that would
/// end the process come as bytes too: a process that ended here would leave the terminal mute.
struct Hidden {
    before: Termios,
}

impl Hidden {
    fn start() -> io::Result<Self> {
        let stdin = io::stdin();
        let before = tcgetattr(&stdin)?;
        let mut hidden = before.clone();
        hidden
            .local_modes
            .remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
        hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&stdin, OptionalActions::Flush, &hidden)?;
        Ok(Self { before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that has gone away meanwhile.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}

/// The few keys that a line editor must know, as bytes.
fn edit_line(input: &mut impl Read) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let mut byte = [0];
    loop {
        if input.read(&mut byte)? == 0 {
            return Ok(text_of(line));
        }
        match byte[0] {
            b'\r' | b'\n' => return Ok(Some(String::from_utf8_lossy(&line).into_owned())),
            3 => return Err(io::ErrorKind::Interrupted.into()),
            4 => return Ok(text_of(line)),
            21 => line.clear(),
            8 | 127 => {
                // A character goes with all of its bytes.
                while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
            }
            byte => line.push(byte),
        }
    }
}

fn text_of(line: Vec<u8>) -> Option<String> {
    (!line.is_empty()).then(|| String::from_utf8_lossy(&line).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_edited() {
        for (keys, expected) in [
            (&b"secret\n"[..], Some("secret")),
            (b"sec\x7fcret\r", Some("secret")),
            (b"s\xc3\xa4\x7f\n", Some("s")),
            (b"wrong\x15right\n", Some("right")),
            (b"\n", Some("")),
            (b"\x04", None),
            (b"", None),
            (b"half", Some("half")),
        ] {
            let line = edit_line(&mut &keys[..]).expect("a line");
            assert_eq!(line.as_deref(), expected, "{keys:?}");
        }
        let error = edit_line(&mut &b"sec\x03"[..]).expect_err("interrupted");
        assert_eq!(error.kind(), io::ErrorKind::Interrupted);
    }
}

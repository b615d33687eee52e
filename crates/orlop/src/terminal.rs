//! What is known of the terminal: whether there is one, its size, and hiding what is typed.

use std::io::{self, IsTerminal};

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcgetwinsize, tcsetattr};

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

/// Whether a person may be typing.
pub fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// While it lives, the terminal does not show what is typed.
#[derive(Debug)]
pub struct HiddenInput {
    before: rustix::termios::Termios,
}

impl HiddenInput {
    /// Hides what is typed from now on.
    ///
    /// # Errors
    /// Standard input is no terminal, or one that cannot do it.
    pub fn start() -> io::Result<Self> {
        let stdin = io::stdin();
        let before = tcgetattr(&stdin)?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&stdin, OptionalActions::Flush, &hidden)?;
        Ok(Self { before })
    }
}

impl Drop for HiddenInput {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that has gone away meanwhile.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}

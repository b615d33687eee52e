//! The terminal of `explore`: what it sends becomes keys, and it is left as it was found, whatever
//! happens.

use std::io::{self, Stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use orlop_image::Cancel;
use orlop_tui::{Explorer, Flow, Key};
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    self, Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

use crate::error::{CliError, CliResult};
use crate::interrupt;

/// How long a signal may wait for the terminal.
const PATIENCE: Duration = Duration::from_millis(200);

/// Shows the image until the user has seen enough, or a signal ends it.
///
/// # Errors
/// The terminal can't be used.
pub(super) fn run(mut explorer: Explorer) -> CliResult {
    interrupt::run(
        async |cancel| {
            let failed = |error: io::Error| CliError::from(error).context("the terminal");
            let guard = Guard::take().map_err(failed)?;
            let result = tokio::task::block_in_place(|| show(&mut explorer, &cancel));
            drop(guard);
            result.map_err(failed)?;
            match cancel.is_cancelled() {
                true => Err(CliError::silent()),
                false => Ok(()),
            }
        },
        || None,
    )
}

fn show(explorer: &mut Explorer, cancel: &Cancel) -> io::Result<()> {
    let mut screen = Screen::new()?;
    loop {
        screen.draw(explorer)?;
        while !event::poll(PATIENCE)? {
            if cancel.is_cancelled() {
                return Ok(());
            }
        }
        // Whatever has come meanwhile is one picture.
        loop {
            if let Some(key) = key_of(&event::read()?)
                && explorer.press(key) == Flow::Quit
            {
                return Ok(());
            }
            if !event::poll(Duration::ZERO)? {
                break;
            }
        }
    }
}

/// What is drawn on. It is begun anew when the terminal has another size: `ratatui` would ask the terminal
/// then where its cursor is, and wait for an answer that not every terminal gives.
struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    size: (u16, u16),
}

impl Screen {
    fn new() -> io::Result<Self> {
        let size = terminal::size()?;
        let (width, height) = size;
        let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
        let backend = CrosstermBackend::new(io::stdout());
        let terminal = Terminal::with_options(backend, TerminalOptions { viewport })?;
        execute!(io::stdout(), Clear(ClearType::All))?;
        Ok(Self { terminal, size })
    }

    fn draw(&mut self, explorer: &mut Explorer) -> io::Result<()> {
        if terminal::size()? != self.size {
            *self = Self::new()?;
        }
        self.terminal.draw(|frame| explorer.draw(frame)).map(|_| ())
    }
}

/// While it lives, the terminal is ours. A panic gives it back before its words are printed.
struct Guard {
    taken: Arc<AtomicBool>,
}

impl Guard {
    fn take() -> io::Result<Self> {
        let taken = Arc::new(AtomicBool::new(true));
        let by_panic = Arc::clone(&taken);
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back(&by_panic);
            before(panic);
        }));
        let guard = Self { taken };
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen)?;
        Ok(guard)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back(&self.taken);
    }
}

fn give_back(taken: &AtomicBool) {
    if taken.swap(false, Ordering::SeqCst) {
        // Nothing can be done about a terminal that has gone away meanwhile.
        let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}

/// The key of an event, if it is one that was pressed.
fn key_of(event: &Event) -> Option<Key> {
    let Event::Key(KeyEvent {
        code,
        modifiers,
        kind: KeyEventKind::Press | KeyEventKind::Repeat,
        ..
    }) = event
    else {
        return None;
    };
    Some(match code {
        KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) => {
            Key::Ctrl(c.to_ascii_lowercase())
        }
        KeyCode::Char(c) => Key::Char(*c),
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Backspace => Key::Backspace,
        _ => return None,
    })
}

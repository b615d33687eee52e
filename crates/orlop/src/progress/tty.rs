//! The progress display on a terminal, redrawn in place ten times a second.
//!
//! Events only change the state; a thread of its own draws. So the many threads of a pull never
//! wait for a slow terminal.

use std::fmt::Write as _;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use orlop_image::event::Event;

use super::lines;
use super::screen::Screen;
use crate::printer::Printer;
use crate::terminal::{self, Size};

const FRAME: Duration = Duration::from_millis(100);

/// Where standard error is no terminal, but bars were asked for.
const NO_TERMINAL: Size = Size {
    width: 80,
    height: 24,
};

pub(super) struct Tty {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    printer: Arc<Printer>,
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    screen: Screen,
    /// Lines of the display that stand above the cursor.
    drawn: usize,
    changed: bool,
    finished: bool,
}

impl Tty {
    pub(super) fn start(printer: Arc<Printer>) -> Self {
        let shared = Arc::new(Shared {
            printer,
            state: Mutex::default(),
            wake: Condvar::new(),
        });
        let drawing = shared.clone();
        let thread = std::thread::Builder::new()
            .name("progress".to_owned())
            .spawn(move || drawing.draw_until_finished())
            // Without the thread the display is drawn once, at the end.
            .ok();
        Self {
            shared,
            thread: Mutex::new(thread),
        }
    }

    pub(super) fn emit(&self, event: Event) {
        let shared = &self.shared;
        let mut state = shared.state();
        match event {
            Event::Blob {
                digest,
                layer,
                state: blob,
            } => {
                state.screen.set(&digest, layer, blob, Instant::now());
                state.changed = true;
            }
            Event::Work(work) => {
                state.screen.set_work(work, Instant::now());
                state.changed = true;
            }
            Event::Platform { platform, digest } => {
                shared.leave(&mut state);
                shared.printer.note(format_args!("{platform}: {digest}"));
            }
            Event::Note { text } => {
                shared.print_above(&mut state, &text);
            }
            Event::Warning { text } => {
                let line = shared.printer.warning(&text);
                shared.print_above(&mut state, &line);
            }
            Event::PullStarted { .. } | Event::PushStarted { .. } => {
                shared.leave(&mut state);
                if let Some(line) = lines::heading(&event) {
                    // A reader that went away is found out by what is printed at the end.
                    let _ = shared
                        .printer
                        .line(line)
                        .and_then(|()| shared.printer.flush());
                }
            }
        }
    }

    pub(super) fn finish(&self) {
        let mut state = self.shared.state();
        if !state.finished {
            state.finished = true;
            self.shared.leave(&mut state);
        }
        drop(state);
        self.shared.wake.notify_all();
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            // It draws and waits, nothing else; a panic in it would have lost frames only.
            let _ = thread.join();
        }
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        self.finish();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn draw_until_finished(&self) {
        let mut state = self.state();
        while !state.finished {
            if state.changed {
                state.changed = false;
                let size = terminal::stderr_size().unwrap_or(NO_TERMINAL);
                let lines = state.screen.fitting(size);
                self.replace(&mut state, &lines);
            }
            let (next, _) = self
                .wake
                .wait_timeout(state, FRAME)
                .unwrap_or_else(PoisonError::into_inner);
            state = next;
        }
    }

    /// Puts these lines in place of the ones drawn before.
    fn replace(&self, state: &mut State, lines: &[String]) {
        self.printer.diagnostic(&frame(state.drawn, lines));
        state.drawn = lines.len();
    }

    /// Prints a line above the display.
    fn print_above(&self, state: &mut State, text: &str) {
        self.printer
            .diagnostic(&frame(state.drawn, &[text.to_owned()]));
        state.drawn = 0;
        state.changed = true;
    }

    /// Draws all blobs a last time and lets them stand; the next display begins below. A line of work
    /// goes: what came of it is printed.
    fn leave(&self, state: &mut State) {
        let width = terminal::stderr_size().unwrap_or(NO_TERMINAL).width;
        state.screen.end_work();
        let lines = state.screen.all(width);
        if !lines.is_empty() || state.drawn > 0 {
            self.replace(state, &lines);
        }
        state.screen.clear();
        state.drawn = 0;
        state.changed = false;
    }
}

/// What to write to put `lines` where `drawn` lines stand above the cursor. Lines are written over
/// and only their rest is erased, so that nothing flickers.
fn frame(drawn: usize, lines: &[String]) -> String {
    let mut text = String::new();
    if drawn > 0 {
        // Writing to a String cannot fail.
        let _ = write!(text, "\x1b[{drawn}A\r");
    }
    for line in lines {
        text.push_str(line);
        text.push_str("\x1b[K\n");
    }
    if drawn > lines.len() {
        text.push_str("\x1b[J");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printer::{Look, captured};
    use orlop_image::event::BlobState;
    use orlop_oci::Digest;

    #[test]
    fn frames_replace_each_other() {
        let line = |text: &str| text.to_owned();
        assert_eq!(frame(0, &[line("a"), line("b")]), "a\x1b[K\nb\x1b[K\n");
        assert_eq!(frame(2, &[line("c")]), "\x1b[2A\rc\x1b[K\n\x1b[J");
        assert_eq!(
            frame(1, &[line("d"), line("e")]),
            "\x1b[1A\rd\x1b[K\ne\x1b[K\n"
        );
    }

    #[test]
    fn the_last_state_stays() {
        let (printer, out, err) = captured::printer(Look::default());
        let tty = Tty::start(Arc::new(printer));
        let digest = Digest::of(b"layer");
        tty.emit(Event::PullStarted {
            reference: "alpine:3.20".parse().expect("a name"),
        });
        for state in [
            BlobState::Downloading {
                current: 1,
                total: 9,
            },
            BlobState::Pulled,
        ] {
            tty.emit(Event::Blob {
                digest: digest.clone(),
                layer: true,
                state,
            });
        }
        tty.finish();
        assert_eq!(out.text(), "3.20: Pulling from library/alpine\n");
        let last = format!("{}: Pull complete\x1b[K\n", digest.short());
        assert!(err.text().ends_with(&last), "{:?}", err.text());
    }
}

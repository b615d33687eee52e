//! Showing the events of a long operation: bars, lines, JSON or nothing.
//!
//! What a pull or push answers (`Digest: …`, `Status: …`) is printed by its command to standard
//! output; how it gets there is progress and goes to standard error.

mod bar;
mod json;
mod lines;
mod plain;
mod screen;
mod tally;
mod tty;
mod work;

use std::sync::{Arc, Mutex, PoisonError};

use orlop_image::event::{Event, EventSink, Work};

use crate::config::ProgressMode;
use crate::printer::Printer;
use tally::Tally;

/// The events of one operation, shown while it runs. Clones show on the same screen.
#[derive(Clone)]
pub struct Progress {
    renderer: Arc<Renderer>,
    tally: Arc<Mutex<Tally>>,
}

enum Renderer {
    Tty(tty::Tty),
    Plain(plain::Plain),
    Json(Arc<Printer>),
    /// Only what a registry warns of is shown.
    Quiet(Arc<Printer>),
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Progress").finish_non_exhaustive()
    }
}

impl Progress {
    /// Shows events in this mode; `auto` looks at what standard error is.
    pub fn new(printer: &Arc<Printer>, mode: ProgressMode) -> Self {
        let is_terminal = printer.look().stderr_size.is_some();
        let renderer = match mode {
            ProgressMode::Quiet => Renderer::Quiet(printer.clone()),
            ProgressMode::Json => Renderer::Json(printer.clone()),
            ProgressMode::Auto if !is_terminal => {
                Renderer::Plain(plain::Plain::new(printer.clone()))
            }
            ProgressMode::Plain => Renderer::Plain(plain::Plain::new(printer.clone())),
            ProgressMode::Tty | ProgressMode::Auto => {
                Renderer::Tty(tty::Tty::start(printer.clone()))
            }
        };
        Self {
            renderer: Arc::new(renderer),
            tally: Arc::default(),
        }
    }

    /// Shows how far a piece of work is that has no events of its own. Its line goes when all is
    /// finished.
    pub fn work(&self, work: Work) {
        self.emit(Event::Work(work));
    }

    /// The last state of everything stays on the screen, and nothing is drawn any more.
    pub fn finish(&self) {
        if let Renderer::Tty(tty) = &*self.renderer {
            tty.finish();
        }
    }

    /// What an operation that was stopped leaves for the next one, in words.
    pub fn kept(&self) -> Option<String> {
        self.tally
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .kept()
    }
}

impl EventSink for Progress {
    fn emit(&self, event: Event) {
        self.tally
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .count(&event);
        match &*self.renderer {
            Renderer::Tty(tty) => tty.emit(event),
            Renderer::Plain(plain) => plain.emit(&event),
            Renderer::Json(printer) => json::emit(printer, &event),
            Renderer::Quiet(printer) => {
                if let Event::Warning { text } = event {
                    printer.warn(text);
                }
            }
        }
    }
}

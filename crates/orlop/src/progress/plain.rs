//! Events as lines, each change of a blob's state once: for logs and pipes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use orlop_image::event::Event;
use orlop_oci::Digest;

use super::lines;
use crate::printer::Printer;

pub(super) struct Plain {
    printer: Arc<Printer>,
    /// The last words about each blob.
    said: Mutex<HashMap<Digest, String>>,
}

impl Plain {
    pub(super) fn new(printer: Arc<Printer>) -> Self {
        Self {
            printer,
            said: Mutex::default(),
        }
    }

    pub(super) fn emit(&self, event: &Event) {
        match event {
            Event::PullStarted { .. } | Event::PushStarted { .. } => {
                self.said
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clear();
                if let Some(line) = lines::heading(event) {
                    // A reader that went away is found out by what is printed at the end.
                    let _ = self.printer.line(line);
                }
            }
            Event::Platform { platform, digest } => {
                self.printer.note(format_args!("{platform}: {digest}"));
            }
            Event::Note { text } => self.printer.note(text),
            Event::Warning { text } => self.printer.warn(text),
            Event::Blob {
                digest,
                layer,
                state,
            } => {
                // As docker: what has bytes to count is for terminals, all else is worth a line.
                if lines::moving(state).is_some() {
                    return;
                }
                let words = lines::status(state, *layer);
                let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
                if said.get(digest) != Some(&words) {
                    self.printer
                        .note(format_args!("{}: {words}", digest.short()));
                    said.insert(digest.clone(), words);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printer::{Look, captured};
    use orlop_image::event::BlobState;

    #[test]
    fn each_change_once() {
        let (printer, out, err) = captured::printer(Look::default());
        let plain = Plain::new(Arc::new(printer));
        let digest = Digest::of(b"layer");
        let blob = |state| Event::Blob {
            digest: digest.clone(),
            layer: true,
            state,
        };
        plain.emit(&Event::PullStarted {
            reference: "alpine:3.20".parse().expect("a name"),
        });
        for state in [
            BlobState::Pending,
            BlobState::Pending,
            BlobState::Downloading {
                current: 1,
                total: 9,
            },
            BlobState::Downloading {
                current: 5,
                total: 9,
            },
            BlobState::Downloaded,
            BlobState::Extracting {
                current: 9,
                total: 9,
            },
            BlobState::Pulled,
        ] {
            plain.emit(&blob(state));
        }
        plain.printer.flush().expect("memory");
        assert_eq!(out.text(), "3.20: Pulling from library/alpine\n");
        let id = digest.short();
        assert_eq!(
            err.text(),
            format!("{id}: Pulling fs layer\n{id}: Download complete\n{id}: Pull complete\n")
        );
    }
}

//! Events as lines, each change of a blob's state once: for logs and pipes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use orlop_image::event::{Event, Work};
use orlop_oci::Digest;

use super::{lines, work};
use crate::printer::Printer;

pub(super) struct Plain {
    printer: Arc<Printer>,
    /// The last words about each blob.
    said: Mutex<HashMap<Digest, String>>,
    /// The last work that was said, and how many tenths of it were done.
    worked: Mutex<(&'static str, u64)>,
}

impl Plain {
    pub(super) fn new(printer: Arc<Printer>) -> Self {
        Self {
            printer,
            said: Mutex::default(),
            worked: Mutex::default(),
        }
    }

    /// A line for each tenth: more would bury what else is in a log.
    fn work(&self, work: &Work) {
        let tenths = work::tenths(work).unwrap_or(0);
        let mut worked = self.worked.lock().unwrap_or_else(PoisonError::into_inner);
        let (what, before) = *worked;
        if what != work.what {
            *worked = (work.what, tenths);
            if tenths == 0 {
                return;
            }
        } else if tenths <= before {
            return;
        }
        worked.1 = tenths;
        self.printer.note(work::line(work, None, usize::MAX));
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
            Event::Work(work) => self.work(work),
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
    fn work_is_told_of_in_tenths() {
        let (printer, _, err) = captured::printer(Look::default());
        let plain = Plain::new(Arc::new(printer));
        for (what, total) in [("Reading", 30), ("Looking", 2), ("Waiting", 0)] {
            for done in 0..=total {
                plain.work(&Work {
                    what,
                    done,
                    total: Some(total),
                    unit: "blobs",
                    ..Work::default()
                });
            }
        }
        let text = err.text();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 12, "{text}");
        assert_eq!(
            (lines[0], lines[9]),
            ("Reading 3/30 blobs", "Reading 30/30 blobs")
        );
        assert_eq!(lines[10..], ["Looking 1/2 blobs", "Looking 2/2 blobs"]);
    }

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

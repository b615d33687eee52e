//! What the progress display shows: a line for each blob, and what to leave out when there are more
//! of them than the terminal has lines. Pure: no clock, no terminal.

use std::collections::HashMap;
use std::time::Instant;

use orlop_image::event::{BlobState, Work};
use orlop_oci::Digest;

use super::bar::{self, Speed};
use super::{lines, work};
use crate::terminal::Size;

/// The state of all blobs, in the order in which they were first seen.
#[derive(Debug, Default)]
pub(super) struct Screen {
    index: HashMap<Digest, usize>,
    rows: Vec<Row>,
    /// What is worked at, below all blobs.
    work: Option<(Work, Speed)>,
}

#[derive(Debug)]
struct Row {
    id: String,
    layer: bool,
    state: BlobState,
    speed: Speed,
}

impl Screen {
    /// A blob changed its state.
    pub(super) fn set(&mut self, digest: &Digest, layer: bool, state: BlobState, now: Instant) {
        let index = *self.index.entry(digest.clone()).or_insert_with(|| {
            self.rows.push(Row {
                id: digest.short().to_owned(),
                layer,
                state: BlobState::Waiting,
                speed: Speed::default(),
            });
            self.rows.len() - 1
        });
        let row = &mut self.rows[index];
        if std::mem::discriminant(&row.state) != std::mem::discriminant(&state) {
            row.speed = Speed::default();
        }
        if let Some((current, _)) = lines::moving(&state) {
            row.speed.see(now, current);
        }
        row.state = state;
    }

    /// A piece of work is so far.
    pub(super) fn set_work(&mut self, work: Work, now: Instant) {
        let before = self.work.take().filter(|(old, _)| old.what == work.what);
        let mut speed = before.map(|(_, speed)| speed).unwrap_or_default();
        speed.see(now, work.bytes);
        self.work = Some((work, speed));
    }

    /// The work is at its end.
    pub(super) fn end_work(&mut self) {
        self.work = None;
    }

    /// Forgets all blobs.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Every blob, a line each.
    pub(super) fn all(&self, width: usize) -> Vec<String> {
        let rows = self.rows.iter().map(|row| row.line(width));
        let works = self.work.iter();
        let works = works.map(|(work, speed)| work::line(work, speed.per_second(), width));
        rows.chain(works).collect()
    }

    /// As many lines as fit. What is done goes first, then what has not begun; a last line says
    /// how many were left out.
    pub(super) fn fitting(&self, size: Size) -> Vec<String> {
        // The line that the cursor stands on stays empty.
        let room = size.height.saturating_sub(1).max(1);
        if self.rows.len() + usize::from(self.work.is_some()) <= room {
            return self.all(size.width);
        }
        let mut by_need: Vec<usize> = (0..self.rows.len()).collect();
        by_need.sort_by_key(|&index| self.rows[index].rank());
        let mut shown = by_need[..room - 1].to_vec();
        shown.sort_unstable();
        let mut text: Vec<String> = shown
            .iter()
            .map(|&index| self.rows[index].line(size.width))
            .collect();
        let done = self
            .rows
            .iter()
            .filter(|row| lines::is_done(&row.state))
            .count();
        let rest = self.rows.len() - shown.len();
        let words = format!("... and {rest} more; {done} of {} done", self.rows.len());
        text.push(bar::cut(words, size.width));
        text
    }
}

impl Row {
    /// What is worth a line most comes first.
    fn rank(&self) -> u8 {
        match &self.state {
            state if lines::moving(state).is_some() => 0,
            state if lines::is_done(state) => 3,
            BlobState::Downloaded => 1,
            _ => 2,
        }
    }

    fn line(&self, width: usize) -> String {
        let head = format!("{}: {}", self.id, lines::status(&self.state, self.layer));
        match lines::moving(&self.state) {
            Some((current, total)) => {
                bar::line(&head, current, total, self.speed.per_second(), width)
            }
            None => bar::cut(head, width),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(n: usize) -> Digest {
        Digest::of(&n.to_le_bytes())
    }

    #[test]
    fn a_line_for_each_blob_in_order() {
        let now = Instant::now();
        let mut screen = Screen::default();
        screen.set(&digest(0), true, BlobState::Pending, now);
        screen.set(&digest(1), true, BlobState::Exists, now);
        screen.set(
            &digest(0),
            true,
            BlobState::Downloading {
                current: 5,
                total: 10,
            },
            now,
        );
        let lines = screen.all(80);
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with(&format!("{}: Downloading [=", digest(0).short())));
        assert_eq!(lines[1], format!("{}: Already exists", digest(1).short()));
    }

    #[test]
    fn work_is_a_line() {
        let start = Instant::now();
        let mut screen = Screen::default();
        let size = Size {
            width: 80,
            height: 10,
        };
        let reading = |second: u64| Work {
            what: "Reading",
            done: second,
            total: Some(9),
            unit: "blobs",
            bytes: second * 1000,
            total_bytes: Some(9000),
            note: None,
        };
        for second in 0..=3 {
            let now = start + std::time::Duration::from_secs(second);
            screen.set_work(reading(second), now);
        }
        let lines = screen.fitting(size);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].starts_with("Reading 3/9 blobs [="), "{lines:?}");
        assert!(lines[0].ends_with("3kB/9kB  1kB/s 6s left"), "{lines:?}");
        screen.end_work();
        assert!(screen.fitting(size).is_empty());
    }

    #[test]
    fn more_blobs_than_lines() {
        let now = Instant::now();
        let mut screen = Screen::default();
        for n in 0..30 {
            let state = match n {
                0..10 => BlobState::Pulled,
                10..14 => BlobState::Downloading {
                    current: 1,
                    total: 10,
                },
                _ => BlobState::Pending,
            };
            screen.set(&digest(n), true, state, now);
        }
        let lines = screen.fitting(Size {
            width: 80,
            height: 10,
        });
        assert_eq!(lines.len(), 9);
        assert_eq!(
            lines
                .iter()
                .filter(|line| line.contains("Downloading"))
                .count(),
            4
        );
        assert_eq!(
            lines
                .iter()
                .filter(|line| line.contains("Pulling fs layer"))
                .count(),
            4
        );
        assert_eq!(lines[8], "... and 22 more; 10 of 30 done");
        assert_eq!(
            screen
                .fitting(Size {
                    width: 80,
                    height: 1
                })
                .len(),
            1
        );
        assert_eq!(screen.all(80).len(), 30);
    }
}

//! A long piece of work that isn't a pull or a push, as one line.

use serde::Serialize;

use super::bar;
use crate::units;

/// How far a piece of work is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Work {
    /// What is being done: `Reading`.
    pub what: &'static str,
    /// How many so far.
    pub done: u64,
    /// How many in all, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Of what: `blobs`.
    pub unit: &'static str,
    /// Bytes so far.
    pub bytes: u64,
    /// Bytes in all, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_bytes: Option<u64>,
    /// Anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Work {
    /// `Reading 12/40 blobs [==>  ]  1.2GB/4GB  200MB/s 14s left`.
    pub(super) fn line(&self, speed: Option<u64>, width: usize) -> String {
        let note = self.note.as_ref().map(|note| format!("  {note}"));
        let note = note.unwrap_or_default();
        if let Some(total) = self.total_bytes.filter(|total| *total > 0) {
            let room = width.saturating_sub(note.chars().count());
            let line = bar::line(&self.head(), self.bytes, total, speed, room);
            return bar::cut(line + &note, width);
        }
        let mut text = self.head();
        if self.bytes > 0 {
            text.push_str(&format!("  {}", units::size(self.bytes)));
            if let Some(speed) = speed {
                text.push_str(&format!("  {}/s", units::size(speed)));
            }
        }
        bar::cut(text + &note, width)
    }

    fn head(&self) -> String {
        match self.total {
            Some(total) => format!("{} {}/{total} {}", self.what, self.done, self.unit),
            None => format!("{} {} {}", self.what, self.done, self.unit),
        }
    }

    /// How many tenths are done.
    pub(super) fn tenths(&self) -> Option<u64> {
        let total = self.total.filter(|total| *total > 0)?;
        Some(self.done.min(total) * 10 / total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line() {
        let reading = Work {
            what: "Reading",
            done: 12,
            total: Some(40),
            unit: "blobs",
            bytes: 1_000_000_000,
            total_bytes: Some(4_000_000_000),
            note: None,
        };
        assert_eq!(
            reading.line(Some(200_000_000), 66),
            "Reading 12/40 blobs [===>         ]      1GB/4GB  200MB/s 15s left"
        );
        for width in [100, 60, 40, 20, 1] {
            let text = reading.line(Some(200_000_000), width);
            assert!(text.chars().count() <= width, "{width}: {text}");
        }
        let collecting = Work {
            what: "Collecting",
            done: 3,
            total: Some(7),
            unit: "repositories",
            note: Some("freed 12.3MB".into()),
            ..Work::default()
        };
        assert_eq!(
            collecting.line(None, 80),
            "Collecting 3/7 repositories  freed 12.3MB"
        );
        let unknown = Work {
            what: "Adopting",
            done: 3,
            unit: "blobs",
            bytes: 2000,
            ..Work::default()
        };
        assert_eq!(unknown.line(Some(100), 80), "Adopting 3 blobs  2kB  100B/s");
        let tenths = [&reading, &collecting, &unknown].map(Work::tenths);
        assert_eq!(tenths, [Some(3), Some(4), None]);
    }
}

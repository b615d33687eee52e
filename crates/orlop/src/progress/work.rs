//! A long piece of work that isn't a pull or a push, as one line.

use orlop_image::event::Work;

use super::bar;
use crate::units;

/// `Reading 12/40 blobs [==>  ]  1.2GB/4GB  200MB/s 14s left`.
pub(super) fn line(work: &Work, speed: Option<u64>, width: usize) -> String {
    let note = work.note.as_ref().map(|note| format!("  {note}"));
    let note = note.unwrap_or_default();
    if let Some(total) = work.total_bytes.filter(|total| *total > 0) {
        let room = width.saturating_sub(note.chars().count());
        let line = bar::line(&head(work), work.bytes, total, speed, room);
        return bar::cut(line + &note, width);
    }
    let mut text = head(work);
    if work.bytes > 0 {
        text.push_str(&format!("  {}", units::size(work.bytes)));
        if let Some(speed) = speed {
            text.push_str(&format!("  {}/s", units::size(speed)));
        }
    }
    bar::cut(text + &note, width)
}

fn head(work: &Work) -> String {
    match work.total {
        Some(total) => format!("{} {}/{total} {}", work.what, work.done, work.unit),
        None => format!("{} {} {}", work.what, work.done, work.unit),
    }
}

/// How many tenths are done.
pub(super) fn tenths(work: &Work) -> Option<u64> {
    let total = work.total.filter(|total| *total > 0)?;
    Some(work.done.min(total) * 10 / total)
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
            line(&reading, Some(200_000_000), 66),
            "Reading 12/40 blobs [===>         ]      1GB/4GB  200MB/s 15s left"
        );
        for width in [100, 60, 40, 20, 1] {
            let text = line(&reading, Some(200_000_000), width);
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
            line(&collecting, None, 80),
            "Collecting 3/7 repositories  freed 12.3MB"
        );
        let unknown = Work {
            what: "Adopting",
            done: 3,
            unit: "blobs",
            bytes: 2000,
            ..Work::default()
        };
        assert_eq!(
            line(&unknown, Some(100), 80),
            "Adopting 3 blobs  2kB  100B/s"
        );
        let tenths = [&reading, &collecting, &unknown].map(tenths);
        assert_eq!(tenths, [Some(3), Some(4), None]);
    }
}

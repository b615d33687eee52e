//! The rows of `undo --list`.

use jiff::Timestamp;
use orlop_store::{RemovalRecord, RemovedImage};

use crate::format::{Field, Listing};
use crate::units;

const FIELDS: &[Field] = &[
    Field {
        name: "Since",
        heading: "WHEN",
    },
    Field {
        name: "Command",
        heading: "COMMAND",
    },
    Field {
        name: "Names",
        heading: "NAMES",
    },
    Field {
        name: "Images",
        heading: "IMAGES",
    },
    Field {
        name: "Content",
        heading: "CONTENT",
    },
];

/// One row for each removal, the latest first.
pub fn listing(records: &[RemovalRecord], now: Timestamp) -> Listing {
    Listing {
        type_name: "*view.removals",
        fields: FIELDS,
        columns: FIELDS.iter().map(|field| field.name).collect(),
        rows: records.iter().map(|record| row(record, now)).collect(),
    }
}

fn row(record: &RemovalRecord, now: Timestamp) -> Vec<String> {
    vec![
        units::ago(record.at, now),
        record.command.clone(),
        record.names.len().to_string(),
        record.images.len().to_string(),
        content(&record.images, now),
    ]
}

/// What it takes to put the images back.
fn content(images: &[RemovedImage], now: Timestamp) -> String {
    let gone = images.iter().filter(|image| !image.is_here).count();
    if gone > 0 {
        return format!("{gone} to be fetched");
    }
    match images.iter().filter_map(|image| image.held_until).min() {
        Some(until) => {
            let left = u64::try_from(until.as_second() - now.as_second()).unwrap_or_default();
            format!("held for {}", units::short_duration(left))
        }
        None => "here".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use orlop_oci::{Descriptor, Digest, MediaType};

    #[test]
    fn what_it_takes() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().expect("a time");
        let image = |is_here: bool, held: Option<i64>| RemovedImage {
            target: Descriptor::new(MediaType::OciManifest, Digest::of(b"x"), 1),
            held_until: held.map(|s| now + jiff::SignedDuration::from_secs(s)),
            is_here,
        };
        assert_eq!(content(&[], now), "here");
        assert_eq!(content(&[image(true, None)], now), "here");
        assert_eq!(
            content(&[image(true, Some(300)), image(true, Some(65))], now),
            "held for 1m5s"
        );
        assert_eq!(content(&[image(true, Some(-5))], now), "held for 0s");
        assert_eq!(
            content(&[image(true, Some(300)), image(false, None)], now),
            "1 to be fetched"
        );
    }
}

//! The rows of `history` (docker/cli `cli/command/image/formatter_history.go`).

use jiff::Timestamp;
use jiff::tz::TimeZone;
use orlop_image::model::HistoryEntry;

use crate::format::{Field, Listing};
use crate::table::ellipsis;
use crate::units;

/// What the rows shall show.
#[derive(Clone, Debug)]
pub struct Options {
    /// `--human`, the default: rounded sizes and times.
    pub human: bool,
    /// `--no-trunc`.
    pub no_trunc: bool,
    /// What is "now" for `2 weeks ago`.
    pub now: Timestamp,
    /// The time zone of `CreatedAt`.
    pub zone: TimeZone,
}

const FIELDS: &[Field] = &[
    Field {
        name: "ID",
        heading: "IMAGE",
    },
    Field {
        name: "CreatedSince",
        heading: "CREATED",
    },
    Field {
        name: "CreatedAt",
        heading: "CREATED AT",
    },
    Field {
        name: "CreatedBy",
        heading: "CREATED BY",
    },
    Field {
        name: "Size",
        heading: "SIZE",
    },
    Field {
        name: "Comment",
        heading: "COMMENT",
    },
];

/// Builders that want reproducible images write dates like this one; they say nothing.
const EPOCH: i64 = 946_684_800; // 2000-01-01T00:00:00Z

const CREATED_BY_WIDTH: usize = 45;

/// One row for each step, top first.
pub fn listing(entries: &[HistoryEntry], options: &Options) -> Listing {
    let created = if options.human {
        "CreatedSince"
    } else {
        "CreatedAt"
    };
    Listing {
        type_name: "*image.historyContext",
        fields: FIELDS,
        columns: vec!["ID", created, "CreatedBy", "Size", "Comment"],
        rows: entries.iter().map(|entry| row(entry, options)).collect(),
    }
}

fn row(entry: &HistoryEntry, options: &Options) -> Vec<String> {
    let id = match &entry.id {
        Some(id) if options.no_trunc => id.to_string(),
        Some(id) => id.short().to_owned(),
        None => "<missing>".to_owned(),
    };
    let at = entry.created.unwrap_or(Timestamp::UNIX_EPOCH);
    let created_at = units::rfc3339(at, &options.zone);
    let since = match entry.created {
        _ if !options.human => created_at.clone(),
        Some(time) if time.as_second() > EPOCH => units::ago(time, options.now),
        _ => "N/A".to_owned(),
    };
    let by = entry.created_by.replace('\t', " ");
    let by = if options.no_trunc {
        by
    } else {
        ellipsis(&by, CREATED_BY_WIDTH)
    };
    let size = if options.human {
        units::size(entry.size)
    } else {
        entry.size.to_string()
    };
    vec![id, since, created_at, by, size, entry.comment.clone()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use orlop_oci::Digest;

    fn entries() -> Vec<HistoryEntry> {
        let time = |text: &str| Some(text.parse().expect("a time"));
        vec![
            HistoryEntry {
                id: Some(Digest::of(b"a")),
                created: time("2026-11-10T08:30:00Z"),
                created_by: "CMD [\"/bin/sh\"]".into(),
                size: 0,
                comment: "buildkit.dockerfile.v0".into(),
                tags: Vec::new(),
            },
            HistoryEntry {
                id: None,
                created: time("2000-01-01T00:00:00Z"),
                created_by: "/bin/sh -c #(nop) ADD file:8b1d1b1a0c1bd7ad1ff4a0a8 in / ".into(),
                size: 7_800_000,
                comment: String::new(),
                tags: Vec::new(),
            },
        ]
    }

    fn options() -> Options {
        Options {
            human: true,
            no_trunc: false,
            now: "2026-11-24T12:00:00Z".parse().expect("a time"),
            zone: TimeZone::UTC,
        }
    }

    #[test]
    fn the_table() {
        assert_eq!(
            listing(&entries(), &options())
                .render(None)
                .expect("a table"),
            "IMAGE          CREATED       CREATED BY                                      SIZE      COMMENT\n\
             ca978112ca1b   2 weeks ago   CMD [\"/bin/sh\"]                                 0B        buildkit.dockerfile.v0\n\
             <missing>      N/A           /bin/sh -c #(nop) ADD file:8b1d1b1a0c1bd7ad1…   7.8MB     \n"
        );
    }

    #[test]
    fn not_for_people() {
        let options = Options {
            human: false,
            no_trunc: true,
            ..options()
        };
        assert_eq!(
            listing(&entries(), &options)
                .render(Some("{{.ID}} {{.CreatedAt}} {{.CreatedSince}} {{.Size}}"))
                .expect("lines"),
            format!(
                "{} 2026-11-10T08:30:00Z 2026-11-10T08:30:00Z 0\n\
                 <missing> 2000-01-01T00:00:00Z 2000-01-01T00:00:00Z 7800000\n",
                Digest::of(b"a")
            )
        );
    }
}

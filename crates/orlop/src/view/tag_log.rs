//! The rows of `tag log`.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use orlop_oci::Digest;
use orlop_store::NameChange;

use crate::format::{Field, Listing};
use crate::units;

/// What the rows shall show.
#[derive(Clone, Debug)]
pub struct Options {
    /// `--no-trunc`.
    pub no_trunc: bool,
    /// What is "now" for `2 weeks ago`.
    pub now: Timestamp,
    /// The time zone of `At`.
    pub zone: TimeZone,
}

const FIELDS: &[Field] = &[
    Field {
        name: "When",
        heading: "WHEN",
    },
    Field {
        name: "At",
        heading: "AT",
    },
    Field {
        name: "Digest",
        heading: "DIGEST",
    },
    Field {
        name: "Action",
        heading: "ACTION",
    },
    Field {
        name: "Previous",
        heading: "PREVIOUS",
    },
    Field {
        name: "Name",
        heading: "NAME",
    },
];

/// One row for each change, the latest first. The digest of a removal is the one that went.
pub fn listing(changes: &[NameChange], options: &Options) -> Listing {
    Listing {
        type_name: "*tag.logContext",
        fields: FIELDS,
        columns: vec!["When", "Digest", "Action"],
        rows: changes.iter().map(|change| row(change, options)).collect(),
    }
}

fn row(change: &NameChange, options: &Options) -> Vec<String> {
    let digest = |digest: Option<&Digest>| match digest {
        Some(digest) if options.no_trunc => digest.to_string(),
        Some(digest) => digest.short().to_owned(),
        None => String::new(),
    };
    vec![
        units::ago(change.at, options.now),
        units::rfc3339(change.at, &options.zone),
        digest(change.new.as_ref().or(change.old.as_ref())),
        action(change).to_owned(),
        digest(change.old.as_ref()),
        change.reference.familiar(),
    ]
}

/// What happened; where the store wasn't told why, only what can be seen of it.
fn action(change: &NameChange) -> &'static str {
    match (change.cause, &change.old, &change.new) {
        (Some(cause), ..) => cause.as_str(),
        (None, _, None) => "removed",
        (None, None, Some(_)) => "added",
        (None, Some(_), Some(_)) => "moved",
    }
}

#[cfg(test)]
mod tests {
    use orlop_store::Cause;

    use super::*;

    fn changes() -> Vec<NameChange> {
        let (a, b) = (Some(Digest::of(b"a")), Some(Digest::of(b"b")));
        let change = |old: &Option<Digest>, new: &Option<Digest>, cause, at: &str| NameChange {
            reference: "alpine:3.20".parse().expect("a name"),
            old: old.clone(),
            new: new.clone(),
            at: at.parse().expect("a time"),
            cause,
        };
        vec![
            change(&b, &None, Some(Cause::Removed), "2026-11-24T09:00:00Z"),
            change(&a, &b, Some(Cause::Pulled), "2026-11-20T12:00:00Z"),
            change(&None, &a, None, "2026-11-10T12:00:00Z"),
        ]
    }

    #[test]
    fn the_table() {
        let options = Options {
            no_trunc: false,
            now: "2026-11-24T12:00:00Z".parse().expect("a time"),
            zone: TimeZone::UTC,
        };
        assert_eq!(
            listing(&changes(), &options).render(None).expect("a table"),
            "WHEN          DIGEST         ACTION\n\
             3 hours ago   3e23e8160039   removed\n\
             4 days ago    3e23e8160039   pulled\n\
             2 weeks ago   ca978112ca1b   added\n"
        );
        let options = Options {
            no_trunc: true,
            ..options
        };
        assert_eq!(
            listing(&changes()[..2], &options)
                .render(Some("{{.Name}} {{.At}} {{.Previous}} {{.Digest}}"))
                .expect("lines"),
            format!(
                "alpine:3.20 2026-11-24T09:00:00Z {b} {b}\nalpine:3.20 2026-11-20T12:00:00Z {a} {b}\n",
                a = Digest::of(b"a"),
                b = Digest::of(b"b")
            )
        );
    }
}

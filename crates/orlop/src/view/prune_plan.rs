//! What a prune is going to remove, and why.

use jiff::Timestamp;
use orlop_image::prune::{PlannedRemoval, PrunePlan, Reason};

use crate::error::CliResult;
use crate::format::{Field, Listing};
use crate::units;

const FIELDS: &[Field] = &[
    Field {
        name: "Image",
        heading: "IMAGE",
    },
    Field {
        name: "ID",
        heading: "IMAGE ID",
    },
    Field {
        name: "LastUsed",
        heading: "LAST USED",
    },
    Field {
        name: "Frees",
        heading: "FREES",
    },
    Field {
        name: "Why",
        heading: "WHY",
    },
];

/// The answer of `--dry-run`.
///
/// # Errors
/// Never: it is a table.
pub fn would(plan: &PrunePlan, now: Timestamp) -> CliResult<String> {
    let mut text = String::new();
    if !plan.remove.is_empty() {
        text.push_str(&listing(plan, now).render(None)?);
        text.push('\n');
    }
    for (bytes, what) in [
        (plan.held, "is held for `orlop undo` and would be let go"),
        (
            plan.leftovers,
            "is left over from interrupted pulls and crashes",
        ),
    ] {
        if bytes > 0 {
            text.push_str(&format!("{} {what}\n", units::size4(bytes)));
        }
    }
    text.push_str(&format!("Would reclaim: {}\n", units::size4(plan.bytes())));
    if plan.short > 0 {
        text.push_str(&format!(
            "{} less would be free than asked for: nothing else may be removed\n",
            units::size4(plan.short)
        ));
    }
    Ok(text)
}

/// What to ask before it is done.
///
/// # Errors
/// Never: it is a table.
pub fn question(plan: &PrunePlan, now: Timestamp) -> CliResult<String> {
    let count = plan.remove.len();
    let images = match count {
        0 => "only leftovers".to_owned(),
        1 => "1 image".to_owned(),
        _ => format!("{count} images"),
    };
    let mut text = format!(
        "WARNING! This will remove {images} and free {}:\n\n",
        units::size4(plan.bytes())
    );
    if count > 0 {
        text.push_str(&listing(plan, now).render(None)?);
        text.push('\n');
    }
    text.push_str("Are you sure you want to continue?");
    Ok(text)
}

fn listing(plan: &PrunePlan, now: Timestamp) -> Listing {
    Listing {
        type_name: "*view.prunePlan",
        fields: FIELDS,
        columns: FIELDS.iter().map(|field| field.name).collect(),
        rows: plan
            .remove
            .iter()
            .map(|planned| row(planned, now))
            .collect(),
    }
}

fn row(planned: &PlannedRemoval, now: Timestamp) -> Vec<String> {
    let image = &planned.image;
    let mut names = planned.names.iter();
    let name = match (names.next(), names.len()) {
        (None, _) => "<none>".to_owned(),
        (Some(name), 0) => name.familiar(),
        (Some(name), others) => format!("{} (+{others})", name.familiar()),
    };
    let words = |reason: &Reason| match reason {
        Reason::Dangling => "dangling".to_owned(),
        Reason::Unused => "no container uses it".to_owned(),
        Reason::Superseded(0) => "no image of its repository is kept".to_owned(),
        Reason::Superseded(1) => "not the newest of its repository".to_owned(),
        Reason::Superseded(count) => format!("not among the {count} newest of its repository"),
        Reason::UnusedSince(time) => format!(
            "unused for {}",
            units::duration(now.as_second() - time.as_second())
        ),
        Reason::Space => "least recently used".to_owned(),
    };
    let why: Vec<String> = planned.reasons.iter().map(words).collect();
    vec![
        name,
        image.id.short().to_owned(),
        units::ago(image.used, now),
        units::size4(planned.frees),
        why.join(", "),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::image_rows::tests::{NOW, image};

    fn plan() -> PrunePlan {
        let day = jiff::SignedDuration::from_hours(24);
        let now: Timestamp = NOW.parse().expect("a time");
        let planned = |seed: &str, names: &[&str], days: i32, reasons: &[Reason]| {
            let mut image = image(seed, names, &[]);
            image.used = now - day * days;
            PlannedRemoval {
                names: image.tags.clone(),
                image,
                reasons: reasons.to_vec(),
                frees: 1_234_567,
            }
        };
        PrunePlan {
            remove: vec![
                planned(
                    "a",
                    &["app:v1", "app:v1.0", "team/app:v1"],
                    30,
                    &[Reason::Superseded(2), Reason::UnusedSince(now - day * 30)],
                ),
                planned("b", &[], 3, &[Reason::Dangling]),
            ],
            leftovers: 1000,
            ..PrunePlan::default()
        }
    }

    #[test]
    fn the_plan_as_a_table() {
        let now = NOW.parse().expect("a time");
        assert_eq!(
            would(&plan(), now).expect("a text"),
            "IMAGE         IMAGE ID       LAST USED     FREES     WHY\n\
             app:v1 (+2)   ca978112ca1b   4 weeks ago   1.235MB   not among the 2 newest of its repository, unused for 4 weeks\n\
             <none>        3e23e8160039   3 days ago    1.235MB   dangling\n\n\
             1kB is left over from interrupted pulls and crashes\n\
             Would reclaim: 2.47MB\n"
        );
        let asked = question(&plan(), now).expect("a text");
        assert!(
            asked.starts_with("WARNING! This will remove 2 images and free 2.47MB:\n\nIMAGE "),
            "{asked}"
        );
        assert!(
            asked.ends_with("\n\nAre you sure you want to continue?"),
            "{asked}"
        );
        let nothing = PrunePlan::default();
        assert_eq!(would(&nothing, now).expect("a text"), "Would reclaim: 0B\n");
    }
}

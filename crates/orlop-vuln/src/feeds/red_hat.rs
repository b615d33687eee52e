//! What several fixes of one fault in one package mean together.
//!
//! RHEL 9.2 goes on getting fixes while 9.3 is there, and both are RHEL 9: a fault is fixed in
//! `7.76.1-23.el9_2.4` and in `7.76.1-26.el9_3.2`. A package of 9.2 with the first isn't affected, though it is
//! older than the second; whatever comes between them from a later release is.

use std::cmp::Ordering;

use crate::releases::rhel_minor;
use crate::{Event, Order, Range, RangeKind};

/// One range for the fixes at the ends of `ranges`, which all begin before every version; the ranges as
/// they are if there is none, or one that can't be compared.
pub(super) fn together(ranges: Vec<Range>) -> Vec<Range> {
    let events = ranges.iter().flat_map(|range| &range.events);
    let fixes: Vec<&str> = events
        .filter_map(|event| match event {
            Event::Fixed(version) => Some(version.as_str()),
            _ => None,
        })
        .collect();
    match (fixes.len(), one(fixes)) {
        (2.., Some(range)) => vec![range],
        _ => ranges,
    }
}

fn one(mut fixes: Vec<&str>) -> Option<Range> {
    let compare = |left: &str, right: &str| Order::Rpm.compare(left, right).ok();
    if fixes.iter().any(|fix| compare(fix, fix).is_none()) {
        return None;
    }
    fixes.sort_by(|left, right| compare(left, right).unwrap_or(Ordering::Equal));
    let (last, others) = fixes.split_last()?;
    let mut events = vec![Event::Introduced("0".into())];
    for (at, fix) in others.iter().enumerate() {
        // Of two fixes of the same minor release the later one counts, and of two without any.
        let next =
            next_minor(fix).filter(|next| compare(fixes[at + 1], next) != Some(Ordering::Less));
        if let Some(next) = next {
            events.extend([Event::Fixed((*fix).to_owned()), Event::Introduced(next)]);
        }
    }
    events.push(Event::Fixed((*last).to_owned()));
    Some(Range {
        kind: RangeKind::Ecosystem,
        events,
    })
}

/// Where the next minor release begins: `23.el9_3` for `23.el9_2.4`.
fn next_minor(version: &str) -> Option<String> {
    let (major, minor) = rhel_minor(version)?.split_once('_')?;
    let minor: u32 = minor.parse().ok()?;
    let before = &version[..version.rfind(".el")?];
    Some(format!("{before}.el{major}_{}", minor.saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge;

    fn ranges(fixes: &[&str]) -> Vec<Range> {
        let range = |fix: &&str| Range {
            kind: RangeKind::Ecosystem,
            events: vec![
                Event::Introduced("0".into()),
                Event::Fixed((*fix).to_owned()),
            ],
        };
        fixes.iter().map(range).collect()
    }

    #[test]
    fn a_minor_release_is_judged_by_its_own_fix() {
        // curl and CVE-2023-38545 in RHEL 9.
        let fixes = ["7.76.1-26.el9_3.2", "7.76.1-23.el9_2.4"];
        let ranges = together(ranges(&fixes));
        for (installed, fix) in [
            ("7.76.1-14.el9", Some("7.76.1-23.el9_2.4")),
            ("7.76.1-23.el9", Some("7.76.1-23.el9_2.4")),
            ("7.76.1-23.el9_2.2", Some("7.76.1-23.el9_2.4")),
            ("7.76.1-23.el9_2.4", None),
            ("7.76.1-23.el9_2.5", None),
            ("7.76.1-23.el9_3", Some("7.76.1-26.el9_3.2")),
            ("7.76.1-26.el9", Some("7.76.1-26.el9_3.2")),
            ("7.76.1-26.el9_3.1", Some("7.76.1-26.el9_3.2")),
            ("7.76.1-26.el9_3.2", None),
            ("7.76.1-29.el9", None),
        ] {
            let judged = judge("Red Hat:enterprise_linux:9", &ranges, &[], installed).unwrap();
            assert_eq!(judged.fixed_version.as_deref(), fix, "{installed}");
            assert_eq!(judged.is_affected(), fix.is_some(), "{installed}");
        }
    }

    #[test]
    fn without_minor_releases_the_newest_fix_counts() {
        for (fixes, installed, is_affected) in [
            (&["1-2.el9", "1-4.el9"][..], "1-3.el9", true),
            (&["1-2.el9_2.1", "1-2.el9_2.3"], "1-2.el9_2.2", true),
            (&["1-2.el9_2.1", "1-2.el9_2.3"], "1-2.el9_2.3", false),
            (&["1-2.el8_x", "1-3.el8"], "1-2.el8_x", true),
            (&["1-2.el8"], "1-1.el8", true),
            (&[], "1-1.el8", false),
        ] {
            let ranges = together(ranges(fixes));
            let judged = judge("Red Hat:enterprise_linux:9", &ranges, &[], installed).unwrap();
            assert_eq!(judged.is_affected(), is_affected, "{fixes:?} {installed}");
        }
        // What can't be compared stays, and is told as such.
        let odd = ranges(&["", "1-1.el9"]);
        assert_eq!(together(odd.clone()), odd);
    }
}

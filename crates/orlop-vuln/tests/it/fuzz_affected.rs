//! Ranges of advisories, whatever they say. Also a fuzz target: `fuzz/src/bin/affected.rs`.

use orlop_vuln::{Event, Order, Range, RangeKind, Reason, judge};

/// Lines: the ecosystem, the installed version, and then `i`, `f`, `l` or `m` and a version for an
/// event, `v` and a version that is listed, `r` or `s` for a new range of the ecosystem's own order or of
/// Semantic Versioning.
pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.split('\n');
    let (ecosystem, installed) = (
        lines.next().unwrap_or_default(),
        lines.next().unwrap_or_default(),
    );
    let (mut ranges, mut versions) = (Vec::<Range>::new(), Vec::new());
    for line in lines.take(32) {
        let mut version = line.chars();
        let kind = version.next();
        let version = version.as_str().to_owned();
        let event = match kind {
            Some('i') => Event::Introduced(version),
            Some('f') => Event::Fixed(version),
            Some('l') => Event::LastAffected(version),
            Some('m') => Event::Limit(version),
            Some('v') => {
                versions.push(version);
                continue;
            }
            Some('r' | 's') => {
                let kind = match kind {
                    Some('s') => RangeKind::Semver,
                    _ => RangeKind::Ecosystem,
                };
                let events = Vec::new();
                ranges.push(Range { kind, events });
                continue;
            }
            _ => continue,
        };
        if let Some(range) = ranges.last_mut() {
            range.events.push(event);
        }
    }
    let Ok(judgement) = judge(ecosystem, &ranges, &versions, installed) else {
        return;
    };
    assert_eq!(
        judgement.is_affected(),
        judgement.affected_range().is_some()
    );
    if versions.iter().any(|version| version == installed) {
        assert!(judgement.is_affected());
    }
    let Some(fix) = judgement.fixed_version else {
        return;
    };
    assert!(judgement.reason.is_some());
    let order = Order::of_ecosystem(ecosystem);
    let is_lawful = order != Some(Order::Maven);
    // Where ranges have two orders, a fix in one needn't be above the version in the other.
    let is_one = ranges
        .iter()
        .all(|range| range.kind == RangeKind::Ecosystem);
    if let (Some(order), true, true) = (order, is_lawful, is_one) {
        assert_eq!(
            order.compare(&fix, installed),
            Ok(std::cmp::Ordering::Greater)
        );
    }
    if let Ok(after) = judge(ecosystem, &ranges, &versions, &fix) {
        assert!(
            !matches!(after.reason, Some(Reason::InRange { .. })),
            "{fix} isn't fixed"
        );
    }
}

#[test]
fn near_the_seeds() {
    crate::seeds::replay("affected", 1, check);
}

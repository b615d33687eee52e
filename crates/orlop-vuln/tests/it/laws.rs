//! What makes an order one, whatever the versions.

use std::cmp::Ordering;

use orlop_vuln::Order;
use proptest::prelude::*;

use crate::near;

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn versions_near_each_other_are_in_order(seed: u64) {
        for order in Order::ALL {
            let pairs = near::pairs(order, seed, 8, &[]);
            let mut versions: Vec<&str> = Vec::new();
            for (left, right) in &pairs {
                versions.extend([left.as_str(), right.as_str()]);
            }
            versions.retain(|version| order.is_valid(version));
            versions.truncate(8);
            hold(order, &versions);
        }
    }

    #[test]
    fn usual_versions_of_maven_are_in_order(
        versions in proptest::collection::vec("[0-2](\\.[0-2]){0,3}(-(alpha|beta|m|rc|SNAPSHOT|sp|jre|x)(-?[0-2])?)?", 3..8)
    ) {
        let versions: Vec<&str> = versions.iter().map(String::as_str).collect();
        prop_assert!(versions.iter().all(|version| is_lawful(version)));
        hold(Order::Maven, &versions);
    }

    #[test]
    fn nothing_panics(left in ".{0,12}", right in "[0-9a-z.+~^_:!-]{0,16}") {
        for order in Order::ALL {
            let versions: Vec<&str> = [left.as_str(), right.as_str()]
                .into_iter()
                .filter(|version| order.is_valid(version))
                .collect();
            hold(order, &versions);
            let read = |version: &str| order.compare(version, version).is_ok();
            prop_assert_eq!(order.compare(&left, &right).is_ok(), read(&left) && read(&right));
        }
    }
}

/// Every version equals itself, every pair is turned around rightly, and from `a ≤ b ≤ c` follows
/// `a ≤ c`, and `a < c` where one of both is `<`.
fn hold(order: Order, versions: &[&str]) {
    let compare = |left, right| order.compare(left, right).unwrap();
    for a in versions {
        assert_eq!(compare(a, a), Ordering::Equal, "{order} {a}");
        for b in versions {
            let first = compare(a, b);
            assert_eq!(first.reverse(), compare(b, a), "{order} {a} {b}");
            // Maven's own order breaks this law for words between dots (see `order/maven.rs`).
            if order == Order::Maven && ![a, b].iter().all(|version| is_lawful(version)) {
                continue;
            }
            for c in versions
                .iter()
                .filter(|c| order != Order::Maven || is_lawful(c))
            {
                let second = compare(b, c);
                if first.is_le() && second.is_le() {
                    let expected = first.min(second);
                    assert_eq!(compare(a, c), expected, "{order} {a} ≤ {b} ≤ {c}");
                }
            }
        }
    }
}

/// Numbers between dots and, after a hyphen, a word that may have a number.
fn is_lawful(maven: &str) -> bool {
    let (numbers, word) = maven.split_once('-').unwrap_or((maven, ""));
    let numbers_only = numbers
        .split('.')
        .all(|number| number.parse::<u64>().is_ok());
    let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let word = word.strip_suffix('-').unwrap_or(word).to_lowercase();
    numbers_only
        && word.bytes().all(|byte| byte.is_ascii_alphabetic())
        && !["ga", "final", "release"].contains(&word.as_str())
}

//! Orders of versions, whatever the versions say. Also a fuzz target: `fuzz/src/bin/versions.rs`.

use std::cmp::Ordering;

use orlop_vuln::Order;

/// The order's number among all, then versions, a line each; three are looked at.
pub(crate) fn check(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else {
        return;
    };
    let order = Order::ALL[usize::from(*first) % Order::ALL.len()];
    let text = String::from_utf8_lossy(rest);
    let versions: Vec<&str> = text.split('\n').take(3).collect();
    for left in &versions {
        for right in &versions {
            let Ok(ordering) = order.compare(left, right) else {
                assert!(!(order.is_valid(left) && order.is_valid(right)));
                continue;
            };
            assert_eq!(
                order.compare(right, left),
                Ok(ordering.reverse()),
                "{order} {left} {right}"
            );
            assert!(
                left != right || ordering == Ordering::Equal,
                "{order} {left}"
            );
        }
    }
    let [a, b, c] = versions[..] else { return };
    // Maven's isn't an order in the strict sense (see `order/maven.rs`).
    if order == Order::Maven || !versions.iter().all(|version| order.is_valid(version)) {
        return;
    }
    for [a, b, c] in [
        [a, b, c],
        [b, c, a],
        [c, a, b],
        [c, b, a],
        [b, a, c],
        [a, c, b],
    ] {
        let compare = |left, right| order.compare(left, right).expect("they are versions");
        let (first, second) = (compare(a, b), compare(b, c));
        if first.is_le() && second.is_le() {
            assert_eq!(compare(a, c), first.min(second), "{order} {a} {b} {c}");
        }
    }
}

#[test]
fn near_the_seeds() {
    crate::seeds::replay("versions", 1, check);
}

//! What holds for retention, whatever the facts and the rules.

use std::collections::HashSet;

use jiff::Timestamp;
use orlop_oci::Digest;
use proptest::prelude::*;

use super::evaluate::Decision;
use super::facts::{RepositoryFacts, TagFact};
use super::tests::{
    HOUR, decide, digest, hours_ago, keep, manifest, now, removed_tags, rule, tagged,
};
use crate::TagName;
use crate::policy::{KeepWhen, RetentionRule, Untagged};

/// What is left of the facts.
fn apply(facts: &RepositoryFacts, decisions: &[Decision]) -> RepositoryFacts {
    let gone: HashSet<&Digest> = decisions
        .iter()
        .filter(|d| d.remove && d.tag.is_none())
        .map(|d| &d.digest)
        .collect();
    let tags_gone: HashSet<&TagName> = decisions
        .iter()
        .filter(|d| d.remove)
        .filter_map(|d| d.tag.as_ref())
        .collect();
    let mut left = facts.clone();
    for tag in facts
        .tags
        .iter()
        .filter(|tag| tags_gone.contains(&tag.name))
    {
        for manifest in &mut left.manifests {
            if manifest.digest == tag.digest {
                manifest.untagged_at = Some(now());
            }
        }
    }
    left.tags.retain(|tag| !tags_gone.contains(&tag.name));
    left.manifests.retain(|m| !gone.contains(&m.digest));
    left
}

fn reached(facts: &RepositoryFacts, from: &Digest, all: &mut HashSet<Digest>) {
    if !all.insert(from.clone()) {
        return;
    }
    for manifest in &facts.manifests {
        if manifest.digest == *from {
            manifest
                .children
                .iter()
                .for_each(|c| reached(facts, c, all));
        }
        if manifest.subject.as_ref() == Some(from) {
            reached(facts, &manifest.digest, all);
        }
    }
}

/// Manifest `i` may list and speak of manifests before it only, as digests allow.
fn facts() -> impl Strategy<Value = RepositoryFacts> {
    let one = (
        0..300_i64,
        proptest::option::of(0..300_i64),
        proptest::option::of(any::<prop::sample::Index>()),
        proptest::collection::vec(any::<prop::sample::Index>(), 0..3),
    );
    let manifests = proptest::collection::vec(one, 1..12);
    let tags = proptest::collection::vec((any::<prop::sample::Index>(), 0..300_i64), 0..10);
    (manifests, tags).prop_map(|(manifests, tags)| {
        let mut facts = RepositoryFacts::default();
        for (i, (pushed, pulled, subject, children)) in manifests.into_iter().enumerate() {
            let before = |index: &prop::sample::Index| digest(&format!("m{}", index.index(i)));
            let mut fact = manifest(&format!("m{i}"), pushed);
            fact.pulled_at = pulled.map(hours_ago);
            if i > 0 {
                fact.subject = subject.as_ref().map(before);
                fact.children = children.iter().map(before).collect();
            }
            facts.manifests.push(fact);
        }
        let count = facts.manifests.len();
        for (i, (of, pushed)) in tags.into_iter().enumerate() {
            let of = format!("m{}", of.index(count));
            let name = format!("1.{}.0", i % 7);
            if facts.tags.iter().all(|t| t.name.as_str() != name) {
                facts.tags.push(tagged(&name, &of, pushed, None));
            }
        }
        facts
    })
}

fn rules() -> impl Strategy<Value = RetentionRule> {
    let when = prop_oneof![
        (0..4_usize).prop_map(KeepWhen::LastPushed),
        (0..4_usize).prop_map(KeepWhen::LastPulled),
        (0..300_u32).prop_map(|h| KeepWhen::PushedWithin(HOUR * h)),
        (0..300_u32).prop_map(|h| KeepWhen::PulledWithin(HOUR * h)),
        proptest::option::of(0..4_usize).prop_map(|latest| KeepWhen::Semver {
            range: Some(">=1.2".into()),
            latest,
            prereleases: false,
        }),
    ];
    let keep = proptest::collection::vec(when.prop_map(keep), 0..3);
    let untagged = prop_oneof![
        Just(Untagged::Keep),
        (0..300_u32).prop_map(|h| Untagged::After(HOUR * h)),
    ];
    (keep, untagged, any::<bool>()).prop_map(|(keep, untagged, delete_referrers)| RetentionRule {
        delete_referrers,
        ..rule(keep, untagged)
    })
}

/// Whether a reason keeps a tag, said in another way than the code says it.
fn keeps(when: &KeepWhen, tag: &TagFact, facts: &RepositoryFacts) -> bool {
    let hours = |at: Timestamp| now().duration_since(at);
    match when {
        KeepWhen::LastPushed(count) => {
            let newest = |digest: &Digest| {
                let named = facts.tags.iter().filter(|t| t.digest == *digest);
                named.map(|t| t.pushed_at).max().unwrap()
            };
            let mine = newest(&tag.digest);
            let digests: HashSet<_> = facts.tags.iter().map(|t| &t.digest).collect();
            let newer = digests.into_iter().filter(|d| newest(d) >= mine).count();
            newer <= *count
        }
        KeepWhen::PushedWithin(period) => hours(tag.pushed_at) < (*period).try_into().unwrap(),
        KeepWhen::Semver { latest: None, .. } => {
            let minor: u32 = tag.name.as_str()[2..3].parse().unwrap();
            minor >= 2
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn never_removes_what_a_reason_keeps(facts in facts(), rule in rules()) {
        let decisions = decide(&rule, &facts);
        for tag in &facts.tags {
            if rule.keep.is_empty() || rule.keep.iter().any(|k| keeps(&k.when, tag, &facts)) {
                prop_assert!(!removed_tags(&decisions).contains(&tag.name.as_str()));
            }
        }
    }

    #[test]
    fn never_removes_what_is_reached(facts in facts(), rule in rules()) {
        let decisions = decide(&rule, &facts);
        let left = apply(&facts, &decisions);
        let mut needed = HashSet::new();
        for tag in &left.tags {
            reached(&facts, &tag.digest, &mut needed);
        }
        for manifest in &left.manifests {
            manifest.children.iter().for_each(|c| reached(&facts, c, &mut needed));
        }
        let there: HashSet<_> = left.manifests.iter().map(|m| m.digest.clone()).collect();
        for manifest in &facts.manifests {
            if needed.contains(&manifest.digest) {
                prop_assert!(there.contains(&manifest.digest));
            }
            if manifest.pushed_at > hours_ago(1) {
                prop_assert!(there.contains(&manifest.digest));
            }
        }
    }

    #[test]
    fn a_second_time_removes_nothing(facts in facts(), rule in rules()) {
        let left = apply(&facts, &decide(&rule, &facts));
        let again = decide(&rule, &left);
        prop_assert!(again.iter().all(|d| !d.remove), "{again:#?}");
    }

    #[test]
    fn one_decision_for_each(facts in facts(), rule in rules()) {
        let decisions = decide(&rule, &facts);
        let tags = decisions.iter().filter(|d| d.tag.is_some()).count();
        prop_assert_eq!(tags, facts.tags.len());
        for d in &decisions {
            let word = if d.remove { "removed: " } else { "kept: " };
            prop_assert!(d.reason.starts_with(word));
        }
    }
}

//! Retention over facts that were made up.

use std::collections::HashSet;
use std::time::Duration;

use super::evaluate::{Decision, Moment, evaluate};
use super::facts::{ManifestFact, RepositoryFacts, TagFact};
use crate::policy::{
    CompiledRetention, Keep, KeepWhen, Policies, RetentionRule, TagPattern, Untagged,
};
use crate::{RepositoryName, TagName};
use jiff::{SignedDuration, Timestamp};
use orlop_oci::Digest;

const DAY: Duration = Duration::from_secs(86_400);
pub(super) const HOUR: Duration = Duration::from_secs(3_600);

pub(super) fn now() -> Timestamp {
    "2026-01-31T00:00:00Z".parse().unwrap()
}

pub(super) fn hours_ago(hours: i64) -> Timestamp {
    now() - SignedDuration::from_hours(hours)
}

pub(super) fn digest(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

fn tag(name: &str) -> TagName {
    name.parse().unwrap()
}

/// A tag and what it names, pushed and pulled so many hours ago.
pub(super) fn tagged(name: &str, of: &str, pushed: i64, pulled: Option<i64>) -> TagFact {
    TagFact {
        name: tag(name),
        digest: digest(of),
        pushed_at: hours_ago(pushed),
        pulled_at: pulled.map(hours_ago),
    }
}

pub(super) fn manifest(name: &str, pushed: i64) -> ManifestFact {
    ManifestFact {
        digest: digest(name),
        size: 1,
        pushed_at: hours_ago(pushed),
        pulled_at: None,
        untagged_at: None,
        touched_at: None,
        subject: None,
        children: Vec::new(),
    }
}

fn about(name: &str, subject: &str, pushed: i64) -> ManifestFact {
    ManifestFact {
        subject: Some(digest(subject)),
        ..manifest(name, pushed)
    }
}

fn index(name: &str, children: &[&str], pushed: i64) -> ManifestFact {
    ManifestFact {
        children: children.iter().map(|child| digest(child)).collect(),
        ..manifest(name, pushed)
    }
}

pub(super) fn keep(when: KeepWhen) -> Keep {
    Keep {
        tags: Vec::new(),
        when,
    }
}

pub(super) fn rule(keep: Vec<Keep>, untagged: Untagged) -> RetentionRule {
    RetentionRule {
        repositories: vec!["**".into()],
        keep,
        untagged,
        delete_referrers: false,
        dry_run: false,
    }
}

pub(super) fn decide(rule: &RetentionRule, facts: &RepositoryFacts) -> Vec<Decision> {
    decide_with(rule, facts, |_| false)
}

fn decide_with(
    rule: &RetentionRule,
    facts: &RepositoryFacts,
    immutable: impl Fn(&TagName) -> bool,
) -> Vec<Decision> {
    let policies = Policies {
        retention: vec![rule.clone()],
        ..Policies::default()
    };
    let rules = policies.compile().unwrap();
    let name: RepositoryName = "app".parse().unwrap();
    let rule: &CompiledRetention = rules.retention(&name).unwrap();
    let moment = Moment {
        now: now(),
        grace: HOUR,
    };
    evaluate(rule, facts, moment, immutable)
}

/// The names of the tags that go.
pub(super) fn removed_tags(decisions: &[Decision]) -> Vec<&str> {
    let removed = decisions.iter().filter(|d| d.remove);
    removed
        .filter_map(|d| Some(d.tag.as_ref()?.as_str()))
        .collect()
}

/// Those of these manifests that go.
fn removed<'n>(decisions: &[Decision], names: &[&'n str]) -> Vec<&'n str> {
    let gone: HashSet<&Digest> = decisions
        .iter()
        .filter(|d| d.remove && d.tag.is_none())
        .map(|d| &d.digest)
        .collect();
    let names = names.iter().copied();
    names.filter(|name| gone.contains(&digest(name))).collect()
}

fn reason<'d>(decisions: &'d [Decision], name: &str) -> &'d str {
    let of_tag = |d: &&Decision| d.tag.as_ref().is_some_and(|tag| tag.as_str() == name);
    let found = decisions.iter().find(of_tag);
    let found = found.or_else(|| {
        let mut all = decisions.iter();
        all.find(|d| d.tag.is_none() && d.digest == digest(name))
    });
    &found.unwrap().reason
}

/// Five images, `v1` the oldest; `v5` and `latest` are the same.
fn five() -> RepositoryFacts {
    let ages = [(1, 500), (2, 400), (3, 300), (4, 200), (5, 100)];
    let mut facts = RepositoryFacts::default();
    for (number, age) in ages {
        let name = format!("m{number}");
        facts.manifests.push(manifest(&name, age));
        facts
            .tags
            .push(tagged(&format!("v{number}"), &name, age, None));
    }
    facts.tags.push(tagged("latest", "m5", 99, None));
    facts
}

#[test]
fn the_last_ones_count_by_digest() {
    let decisions = decide(
        &rule(vec![keep(KeepWhen::LastPushed(2))], Untagged::Keep),
        &five(),
    );
    assert_eq!(removed_tags(&decisions), ["v1", "v2", "v3"]);
    assert_eq!(
        removed(&decisions, &["m1", "m2", "m3", "m4", "m5"]),
        ["m1", "m2", "m3"]
    );
    assert_eq!(
        reason(&decisions, "latest"),
        "kept: one of the last 2 pushed"
    );
    assert_eq!(
        reason(&decisions, "v1"),
        "removed: not one of the last 2 pushed"
    );
    assert_eq!(
        reason(&decisions, "m1"),
        "removed: belongs to nothing but tag v1"
    );
}

#[test]
fn any_reason_is_enough() {
    let facts = five();
    let rule = rule(
        vec![
            Keep {
                tags: vec![TagPattern::Glob("lat*".into())],
                when: KeepWhen::Always,
            },
            Keep {
                tags: vec![TagPattern::Regex("v[12]".into())],
                when: KeepWhen::LastPushed(1),
            },
            keep(KeepWhen::PushedWithin(250 * HOUR)),
        ],
        Untagged::Keep,
    );
    let decisions = decide(&rule, &facts);
    assert_eq!(removed_tags(&decisions), ["v1", "v3"]);
    assert_eq!(
        reason(&decisions, "v2"),
        "kept: one of the last 1 pushed of v[12]"
    );
    assert_eq!(
        reason(&decisions, "v3"),
        "removed: doesn't match lat*, doesn't match v[12], not pushed within 250 hours"
    );
}

#[test]
fn pulls_count_by_whatever_name() {
    let mut facts = five();
    facts.tags[0].pulled_at = Some(hours_ago(2));
    facts.manifests[1].pulled_at = Some(hours_ago(3));
    facts.manifests[3].pulled_at = Some(hours_ago(150));
    // A platform of `v3` was pulled by its digest.
    facts.manifests[2].children.push(digest("platform"));
    let mut platform = manifest("platform", 300);
    platform.pulled_at = Some(hours_ago(5));
    facts.manifests.push(platform);
    let within = rule(vec![keep(KeepWhen::PulledWithin(4 * DAY))], Untagged::Keep);
    let decisions = decide(&within, &facts);
    assert_eq!(removed_tags(&decisions), ["v4", "v5", "latest"]);
    assert_eq!(
        reason(&decisions, "v4"),
        "removed: not pulled within 4 days"
    );
    let last = rule(vec![keep(KeepWhen::LastPulled(2))], Untagged::Keep);
    assert_eq!(
        removed_tags(&decide(&last, &facts)),
        ["v3", "v4", "v5", "latest"]
    );
    // Not pulled yet is no reason to remove what was just pushed.
    let week = rule(vec![keep(KeepWhen::PulledWithin(7 * DAY))], Untagged::Keep);
    let decisions = decide(&week, &five());
    assert_eq!(removed_tags(&decisions), ["v1", "v2", "v3", "v4"]);
    assert_eq!(
        reason(&decisions, "v5"),
        "kept: pushed within 7 days and not pulled yet"
    );
}

#[test]
fn versions_in_their_order() {
    let tags = [
        "v1.2.0",
        "1.2.0",
        "1.10.0",
        "1.9.0",
        "2.0.0-rc.1",
        "2.0",
        "latest",
    ];
    let mut facts = RepositoryFacts::default();
    for name in tags {
        facts.manifests.push(manifest(name, 100));
        facts.tags.push(tagged(name, name, 100, None));
    }
    let semver = |range: Option<&str>, latest, prereleases| {
        let range = range.map(str::to_owned);
        let when = KeepWhen::Semver {
            range,
            latest,
            prereleases,
        };
        let decisions = decide(&rule(vec![keep(when)], Untagged::Keep), &facts);
        let gone: Vec<String> = removed_tags(&decisions)
            .into_iter()
            .map(Into::into)
            .collect();
        gone
    };
    let no_versions = ["2.0.0-rc.1", "2.0", "latest"];
    assert_eq!(semver(None, None, false), no_versions);
    assert_eq!(
        semver(None, Some(1), false),
        ["v1.2.0", "1.2.0", "1.9.0", "2.0.0-rc.1", "2.0", "latest"]
    );
    assert_eq!(
        semver(None, Some(1), true),
        ["v1.2.0", "1.2.0", "1.10.0", "1.9.0", "2.0", "latest"]
    );
    assert_eq!(
        semver(Some(">=1.3, <3"), None, false),
        ["v1.2.0", "1.2.0", "2.0.0-rc.1", "2.0", "latest"]
    );
    assert_eq!(
        semver(Some(">=1.3, <3"), None, true),
        ["v1.2.0", "1.2.0", "2.0", "latest"]
    );
    assert_eq!(
        semver(Some("<1.10"), Some(1), false),
        ["v1.2.0", "1.2.0", "1.10.0", "2.0.0-rc.1", "2.0", "latest"]
    );
}

#[test]
fn what_is_kept_keeps_what_it_reaches() {
    let facts = RepositoryFacts {
        tags: vec![
            tagged("new", "index2", 100, None),
            tagged("old", "index1", 200, None),
        ],
        manifests: vec![
            index("index1", &["amd64", "arm-old"], 200),
            index("index2", &["amd64", "arm-new"], 100),
            manifest("amd64", 200),
            manifest("arm-old", 200),
            manifest("arm-new", 100),
            about("sbom-old", "arm-old", 200),
            about("sbom", "amd64", 200),
            about("signature of sbom-old", "sbom-old", 200),
        ],
    };
    let names = [
        "index1",
        "index2",
        "amd64",
        "arm-old",
        "arm-new",
        "sbom-old",
        "sbom",
        "signature of sbom-old",
    ];
    let mut rule = rule(vec![keep(KeepWhen::LastPushed(1))], Untagged::Keep);
    let decisions = decide(&rule, &facts);
    assert_eq!(removed(&decisions, &names), ["index1", "arm-old"]);
    assert_eq!(reason(&decisions, "amd64"), "kept: belongs to tag new");
    assert!(reason(&decisions, "sbom-old").contains("goes with it by collection"));
    rule.delete_referrers = true;
    let decisions = decide(&rule, &facts);
    assert_eq!(
        removed(&decisions, &names),
        ["index1", "arm-old", "sbom-old", "signature of sbom-old"]
    );
    assert_eq!(
        reason(&decisions, "sbom-old"),
        "removed: belongs to nothing but tag old"
    );
}

#[test]
fn untagged_ones_by_their_age() {
    let mut lost = manifest("lost its tag", 500);
    lost.untagged_at = Some(hours_ago(10));
    let mut pulled = manifest("pulled", 500);
    pulled.pulled_at = Some(hours_ago(10));
    let facts = RepositoryFacts {
        tags: Vec::new(),
        manifests: vec![
            manifest("old", 500),
            manifest("young", 10),
            lost,
            pulled,
            index("young index", &["old child"], 10),
            manifest("old child", 500),
            index("old index", &["its child", "young child"], 500),
            manifest("its child", 500),
            manifest("young child", 0),
            about("of old", "old", 500),
            about("of nothing", "never seen", 500),
        ],
    };
    let names = [
        "old",
        "young",
        "lost its tag",
        "pulled",
        "young index",
        "old child",
        "old index",
        "its child",
        "young child",
        "of old",
        "of nothing",
    ];
    let none = decide(&rule(Vec::new(), Untagged::Keep), &facts);
    assert!(removed(&none, &names).is_empty());
    let mut after = rule(Vec::new(), Untagged::After(DAY));
    let decisions = decide(&after, &facts);
    assert_eq!(
        removed(&decisions, &names),
        ["old", "old index", "its child"]
    );
    assert_eq!(
        reason(&decisions, "old"),
        "removed: untagged and unused for 1 day"
    );
    assert_eq!(
        reason(&decisions, "young child"),
        "kept: in use within 1 hour"
    );
    after.delete_referrers = true;
    assert_eq!(
        removed(&decide(&after, &facts), &names),
        ["old", "old index", "its child", "of old"]
    );
    // Never before the grace period.
    let at_once = rule(Vec::new(), Untagged::After(Duration::ZERO));
    let decisions = decide(&at_once, &facts);
    assert!(!removed(&decisions, &names).contains(&"young child"));
    assert!(removed(&decisions, &names).contains(&"young"));
}

#[test]
fn immutable_tags_stay() {
    let nothing = rule(vec![keep(KeepWhen::LastPushed(0))], Untagged::Keep);
    let decisions = decide_with(&nothing, &five(), |tag| tag.as_str() == "v1");
    assert_eq!(removed_tags(&decisions), ["v2", "v3", "v4", "v5", "latest"]);
    assert_eq!(reason(&decisions, "v1"), "kept: immutable");
    assert!(!removed(&decisions, &["m1"]).contains(&"m1"));
}

#[test]
fn signatures_by_tag_live_with_what_they_sign() {
    let mut facts = five();
    for (number, age) in [(1, 10), (5, 9)] {
        let name = format!("sig{number}");
        let signed = digest(&format!("m{number}"));
        facts.manifests.push(manifest(&name, age));
        let tag = format!("sha256-{}.sig", signed.hex());
        facts.tags.push(tagged(&tag, &name, age, None));
    }
    let decisions = decide(
        &rule(vec![keep(KeepWhen::LastPushed(1))], Untagged::Keep),
        &facts,
    );
    assert_eq!(
        removed(&decisions, &["m1", "m4", "m5", "sig1", "sig5"]),
        ["m1", "m4", "sig1"]
    );
    let signature = format!("sha256-{}.sig", digest("m5").hex());
    assert_eq!(
        reason(&decisions, &signature),
        format!("kept: speaks of {}", digest("m5"))
    );
}

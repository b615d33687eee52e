//! Which tags and manifests of a repository are kept, and why. Nothing here looks anywhere or
//! changes anything: the same facts give the same decisions.
//!
//! First each tag is kept or not. What kept tags reach (manifests of indexes, referrers) is kept.
//! What only removed tags reach goes with them. Of what is left, roots that may stay are found by
//! age, and keep what they reach. So a manifest is removed only when nothing that is kept reaches it.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use orlop_oci::Digest;

use super::facts::{ManifestFact, RepositoryFacts, TagFact};
use super::tags::TagJudge;
use super::words;
use crate::TagName;
use crate::policy::{CompiledRetention, Untagged};

/// What retention decided about a tag or a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The tag; `None` when it is about a manifest that no kept tag names.
    pub tag: Option<TagName>,
    /// The manifest.
    pub digest: Digest,
    /// It goes.
    pub remove: bool,
    /// Why, for people: `kept: one of the last 3 pushed`.
    pub reason: String,
}

/// From when decisions are looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Timestamp,
    /// Nothing that was pushed or pulled within this time is removed.
    pub(crate) grace: Duration,
}

impl Moment {
    pub(crate) fn is_within(&self, time: Timestamp, period: Duration) -> bool {
        let period = SignedDuration::try_from(period).unwrap_or(SignedDuration::MAX);
        self.now.duration_since(time) < period
    }
}

/// Decides about every tag, and about every manifest that no kept tag names: tags first.
pub(crate) fn evaluate(
    rule: &CompiledRetention,
    facts: &RepositoryFacts,
    moment: Moment,
    immutable: impl Fn(&TagName) -> bool,
) -> Vec<Decision> {
    let graph = Graph::new(facts);
    let judge = TagJudge::new(rule, facts, &graph, moment);
    let round = Round {
        rule,
        facts,
        graph: &graph,
        moment,
    };
    let decide = |tag: &TagFact| {
        let (keep, reason) = if immutable(&tag.name) {
            (true, "kept: immutable".to_owned())
        } else {
            judge.decide(tag)
        };
        about_tag(tag, !keep, reason)
    };
    let own = |tag: &&TagFact| graph.companion_of(&tag.name).is_none();
    let first = round.run(facts.tags.iter().filter(own).map(decide).collect());
    let gone: HashSet<&Digest> = first
        .iter()
        .filter(|decision| decision.tag.is_none() && decision.remove)
        .map(|decision| &decision.digest)
        .collect();
    let all = facts
        .tags
        .iter()
        .map(|tag| match graph.companion_of(&tag.name) {
            Some(subject) if !gone.contains(subject) => {
                about_tag(tag, false, format!("kept: speaks of {subject}"))
            }
            _ => decide(tag),
        });
    round.run(all.collect())
}

/// What a tag such as `sha256-HEX.sig` speaks of: signatures and lists of referrers are named so by
/// clients that know no referrers (distribution-spec, "Referrers Tag Schema"). They live as long as
/// that, and don't count among the last ones.
pub(super) fn companion_of(tag: &TagName) -> Option<Digest> {
    let name = tag.as_str().split('.').next()?;
    let (algorithm, hex) = name.split_once('-')?;
    format!("{algorithm}:{hex}").parse().ok()
}

fn about_tag(tag: &TagFact, remove: bool, reason: String) -> Decision {
    Decision {
        tag: Some(tag.name.clone()),
        digest: tag.digest.clone(),
        remove,
        reason,
    }
}

/// Who reaches whom.
pub(super) struct Graph<'f> {
    manifests: HashMap<&'f Digest, &'f ManifestFact>,
    referrers: HashMap<&'f Digest, Vec<&'f Digest>>,
    listed: HashSet<&'f Digest>,
}

impl<'f> Graph<'f> {
    fn new(facts: &'f RepositoryFacts) -> Self {
        let all = || facts.manifests.iter();
        let mut referrers: HashMap<&Digest, Vec<&Digest>> = HashMap::new();
        for manifest in all() {
            if let Some(subject) = &manifest.subject {
                referrers.entry(subject).or_default().push(&manifest.digest);
            }
        }
        Self {
            manifests: all().map(|m| (&m.digest, m)).collect(),
            referrers,
            listed: all().flat_map(|m| &m.children).collect(),
        }
    }

    pub(super) fn get(&self, digest: &Digest) -> Option<&'f ManifestFact> {
        self.manifests.get(digest).copied()
    }

    /// What a tag speaks of by its name, when that is here.
    pub(super) fn companion_of(&self, tag: &TagName) -> Option<&'f Digest> {
        let digest = companion_of(tag)?;
        self.get(&digest).map(|manifest| &manifest.digest)
    }

    /// What is reached in one step.
    fn next(&self, digest: &Digest, referrers: bool) -> impl Iterator<Item = &'f Digest> {
        let children = self.get(digest).map(|manifest| &manifest.children);
        let about = self.referrers.get(digest).filter(|_| referrers);
        children
            .into_iter()
            .flatten()
            .chain(about.into_iter().flatten().copied())
    }
}

/// What is reached, and from where first.
#[derive(Default)]
struct Reached(HashMap<Digest, String>);

impl Reached {
    /// Adds a manifest and all that it reaches.
    fn reach(&mut self, graph: &Graph<'_>, from: &Digest, referrers: bool, name: &str) {
        let mut queue = vec![from];
        while let Some(digest) = queue.pop() {
            if self.0.contains_key(digest) {
                continue;
            }
            self.0.insert(digest.clone(), name.to_owned());
            queue.extend(graph.next(digest, referrers));
        }
    }

    fn from(&self, digest: &Digest) -> Option<&str> {
        self.0.get(digest).map(String::as_str)
    }
}

/// What follows for manifests from decisions about tags.
struct Round<'r> {
    rule: &'r CompiledRetention,
    facts: &'r RepositoryFacts,
    graph: &'r Graph<'r>,
    moment: Moment,
}

impl Round<'_> {
    /// Adds the decisions about manifests to those about tags.
    fn run(&self, mut decisions: Vec<Decision>) -> Vec<Decision> {
        let (mut by_tags, mut removed) = (Reached::default(), Reached::default());
        let mut named = HashSet::new();
        for decision in &decisions {
            let Some(tag) = &decision.tag else { continue };
            let from = format!("tag {tag}");
            if decision.remove {
                let referrers = self.rule.delete_referrers;
                removed.reach(self.graph, &decision.digest, referrers, &from);
            } else {
                named.insert(decision.digest.clone());
                by_tags.reach(self.graph, &decision.digest, true, &from);
            }
        }
        let rest = || {
            let all = self.facts.manifests.iter();
            all.filter(|manifest| by_tags.from(&manifest.digest).is_none())
        };
        self.spread(rest(), &mut removed);
        // Those that stay on their own account keep what they reach.
        let mut kept = Reached::default();
        let mut reasons = HashMap::new();
        for manifest in rest() {
            if let Some(reason) = self.own_reason(manifest, &removed) {
                let name = format!("manifest {}", manifest.digest);
                kept.reach(self.graph, &manifest.digest, true, &name);
                reasons.insert(&manifest.digest, reason);
            }
        }
        let unnamed = self.facts.manifests.iter().map(|m| &m.digest);
        for digest in unnamed.filter(|digest| !named.contains(*digest)) {
            let stays = by_tags.from(digest).or_else(|| kept.from(digest));
            let (remove, reason) = match (reasons.remove(digest), stays, removed.from(digest)) {
                (Some(reason), _, _) => (false, format!("kept: {reason}")),
                (None, Some(from), _) => (false, format!("kept: belongs to {from}")),
                (None, None, Some(from)) => {
                    (true, format!("removed: belongs to nothing but {from}"))
                }
                (None, None, None) => (true, format!("removed: {}", self.too_old())),
            };
            decisions.push(Decision {
                tag: None,
                digest: digest.clone(),
                remove,
                reason,
            });
        }
        decisions
    }

    /// What untagged roots that go reach goes with them, unless something else keeps it.
    fn spread<'m>(&self, rest: impl Iterator<Item = &'m ManifestFact>, removed: &mut Reached) {
        for manifest in rest {
            let digest = &manifest.digest;
            let root = !self.graph.listed.contains(digest) && manifest.subject.is_none();
            if root
                && removed.from(digest).is_none()
                && self.own_reason(manifest, removed).is_none()
            {
                let name = format!("manifest {digest}");
                for next in self.graph.next(digest, self.rule.delete_referrers) {
                    removed.reach(self.graph, next, self.rule.delete_referrers, &name);
                }
            }
        }
    }

    /// Why a manifest that no kept tag reaches stays on its own account.
    fn own_reason(&self, manifest: &ManifestFact, removed: &Reached) -> Option<String> {
        let Moment { grace, .. } = self.moment;
        let within = |period| self.moment.is_within(manifest.used_at(), period);
        if within(grace) {
            return Some(format!("in use within {}", words::period(grace)));
        }
        if removed.from(&manifest.digest).is_some() {
            return None;
        }
        if let Some(subject) = &manifest.subject {
            return Some(format!(
                "speaks of {subject}, and goes with it by collection"
            ));
        }
        match self.rule.untagged {
            Untagged::Keep => Some("untagged manifests are kept".into()),
            Untagged::After(period) if within(period) => {
                Some(format!("in use within {}", words::period(period)))
            }
            Untagged::After(_) => None,
        }
    }

    fn too_old(&self) -> String {
        match self.rule.untagged {
            Untagged::After(period) => format!("untagged and unused for {}", words::period(period)),
            Untagged::Keep => "untagged".into(),
        }
    }
}

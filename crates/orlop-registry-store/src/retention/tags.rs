//! Which tags the reasons to keep keep.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use orlop_oci::Digest;
use orlop_pattern::{version, versions};

use super::evaluate::{Graph, Moment};
use super::facts::{RepositoryFacts, TagFact};
use super::words::{period, plural};
use crate::TagName;
use crate::policy::{CompiledKeep, CompiledRetention, CompiledWhen};

/// A rule's reasons, with what has to be counted over all tags counted.
pub(super) struct TagJudge<'f> {
    reasons: Vec<Reason<'f>>,
    moment: Moment,
    /// When each manifest, or anything that it lists, was last pulled.
    pulled: HashMap<&'f Digest, Timestamp>,
}

/// Some reason keeps a tag that was just pushed, whatever other tags there are. `false` says
/// nothing.
pub(super) fn surely_kept(rule: &CompiledRetention, tag: &TagName) -> bool {
    let mut reasons = rule
        .keep
        .iter()
        .filter(|keep| keep.tags.matches(tag.as_str()));
    rule.keep.is_empty()
        || reasons.any(|keep| match keep.when {
            CompiledWhen::Always => true,
            CompiledWhen::LastPushed(count) => count > 0,
            CompiledWhen::PushedWithin(time) => !time.is_zero(),
            CompiledWhen::LastPulled(_)
            | CompiledWhen::PulledWithin(_)
            | CompiledWhen::Semver { .. } => false,
        })
}

struct Reason<'f> {
    keep: &'f CompiledKeep,
    /// For those that count: the digests that are among the counted.
    digests: HashSet<&'f Digest>,
    /// For versions: the tags that are among the counted.
    versions: HashSet<&'f TagName>,
}

impl<'f> TagJudge<'f> {
    pub(super) fn new(
        rule: &'f CompiledRetention,
        facts: &'f RepositoryFacts,
        graph: &Graph<'f>,
        moment: Moment,
    ) -> Self {
        let pulled = pulled(facts, graph);
        let reasons = rule.keep.iter().map(|keep| {
            let own = |tag: &TagName| graph.companion_of(tag).is_none();
            let tags = || {
                let all = facts.tags.iter();
                all.filter(move |tag| keep.tags.matches(tag.name.as_str()) && own(&tag.name))
            };
            let mut reason = Reason {
                keep,
                digests: HashSet::new(),
                versions: HashSet::new(),
            };
            match &keep.when {
                CompiledWhen::LastPushed(count) => {
                    reason.digests = last(tags().map(|t| (&t.digest, t.pushed_at)), *count);
                }
                CompiledWhen::LastPulled(count) => {
                    let times = tags().filter_map(|t| Some((&t.digest, last_pull(t, &pulled)?)));
                    reason.digests = last(times, *count);
                }
                CompiledWhen::Semver {
                    range,
                    latest,
                    prereleases,
                } => {
                    let range = range.as_ref().map(|(range, _)| range);
                    let tags = tags().filter_map(|t| Some((version(t.name.as_str())?, &t.name)));
                    let counted = versions(tags, range, *latest, *prereleases);
                    reason.versions = counted.into_iter().collect();
                }
                _ => {}
            }
            reason
        });
        Self {
            reasons: reasons.collect(),
            moment,
            pulled,
        }
    }

    /// Whether a tag is kept, and why.
    pub(super) fn decide(&self, tag: &TagFact) -> (bool, String) {
        if self.reasons.is_empty() {
            return (true, "kept: the rule keeps all tags".into());
        }
        let mut against = Vec::with_capacity(self.reasons.len());
        for reason in &self.reasons {
            match self.ask(reason, tag) {
                Ok(why) => return (true, format!("kept: {why}")),
                Err(why) => against.push(why),
            }
        }
        (false, format!("removed: {}", against.join(", ")))
    }

    /// Why a reason keeps a tag, or why it doesn't.
    fn ask(&self, reason: &Reason<'_>, tag: &TagFact) -> Result<String, String> {
        let patterns = &reason.keep.tags;
        if !patterns.matches(tag.name.as_str()) {
            return Err(format!("doesn't match {}", patterns.words().unwrap_or("*")));
        }
        let of = patterns
            .words()
            .map_or_else(String::new, |words| format!(" of {words}"));
        let verdict = |yes: bool, words: String| {
            if yes {
                Ok(words)
            } else {
                Err(format!("not {words}"))
            }
        };
        match &reason.keep.when {
            CompiledWhen::Always => Ok(format!("matches {}", patterns.words().unwrap_or("*"))),
            CompiledWhen::LastPushed(count) => verdict(
                reason.digests.contains(&tag.digest),
                format!("one of the last {count} pushed{of}"),
            ),
            CompiledWhen::LastPulled(count) => verdict(
                reason.digests.contains(&tag.digest),
                format!("one of the last {count} pulled{of}"),
            ),
            CompiledWhen::Semver { range, latest, .. } => {
                let range = range.as_ref().map(|(_, text)| text.as_str());
                let words = version_words(range, *latest);
                verdict(reason.versions.contains(&tag.name), words + &of)
            }
            CompiledWhen::PushedWithin(time) => verdict(
                self.moment.is_within(tag.pushed_at, *time),
                format!("pushed within {}{of}", period(*time)),
            ),
            CompiledWhen::PulledWithin(time) => {
                let pulled = last_pull(tag, &self.pulled);
                if pulled.is_none() && self.moment.is_within(tag.pushed_at, *time) {
                    return Ok(format!(
                        "pushed within {} and not pulled yet",
                        period(*time)
                    ));
                }
                verdict(
                    pulled.is_some_and(|at| self.moment.is_within(at, *time)),
                    format!("pulled within {}{of}", period(*time)),
                )
            }
        }
    }
}

/// When each manifest was last pulled. Who pulls a platform's manifest of an index uses the index.
fn pulled<'f>(facts: &'f RepositoryFacts, graph: &Graph<'f>) -> HashMap<&'f Digest, Timestamp> {
    let mut all = HashMap::new();
    for manifest in &facts.manifests {
        // Indexes are rarely nested, and a cycle of digests can't be made.
        let mut queue = vec![manifest];
        let mut seen = HashSet::new();
        while let Some(next) = queue.pop() {
            if !seen.insert(&next.digest) {
                continue;
            }
            if let Some(at) = next.pulled_at {
                let last = all.entry(&manifest.digest).or_insert(at);
                *last = at.max(*last);
            }
            queue.extend(next.children.iter().filter_map(|child| graph.get(child)));
        }
    }
    all
}

fn last_pull(tag: &TagFact, pulled: &HashMap<&Digest, Timestamp>) -> Option<Timestamp> {
    tag.pulled_at.max(pulled.get(&tag.digest).copied())
}

/// The `count` digests with the latest times. Of equal times the smaller digest, so that the same
/// facts give the same answer.
fn last<'f>(
    times: impl Iterator<Item = (&'f Digest, Timestamp)>,
    count: usize,
) -> HashSet<&'f Digest> {
    let mut latest: HashMap<&Digest, Timestamp> = HashMap::new();
    for (digest, at) in times {
        let time = latest.entry(digest).or_insert(at);
        *time = at.max(*time);
    }
    let mut order: Vec<_> = latest.into_iter().collect();
    order.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.as_str().cmp(b.0.as_str())));
    order
        .into_iter()
        .take(count)
        .map(|(digest, _)| digest)
        .collect()
}

fn version_words(range: Option<&str>, latest: Option<usize>) -> String {
    let range = range.map_or_else(String::new, |range| format!(" in {range}"));
    match latest {
        Some(count) => {
            let versions = plural(count as u64, "highest version");
            format!("one of the {versions}{range}")
        }
        None => format!("a version{range}"),
    }
}

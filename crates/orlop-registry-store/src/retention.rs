//! Retention: what rules keep, and what they let go.
//!
//! Deciding and doing are apart. The facts of a repository are read as of one moment, decisions are
//! made from them alone ([`evaluate`]), and then each removal is a change that looks again whether
//! what it was decided about is still so. A dry run is the same without the last step.
//!
//! Manifests go before what they reach: an index before its platforms, a subject before its
//! referrers; a manifest that something else came to name meanwhile stays, with all that it reaches.

mod evaluate;
mod facts;
#[cfg(test)]
mod properties;
mod tags;
#[cfg(test)]
mod tests;
mod words;

use jiff::Timestamp;

use crate::policy::{CompiledRetention, Rules};
use crate::storage::Inner;
use crate::upkeep::Removal;
use crate::{Origin, RepositoryName, Storage, StorageError, TagName};
pub use evaluate::Decision;
use evaluate::{Moment, evaluate};
pub use facts::{ManifestFact, RepositoryFacts, TagFact};

type Result<T> = std::result::Result<T, StorageError>;

/// Repositories that are asked for at once.
const REPOSITORIES: usize = 256;

/// Removals in one transaction.
const BATCH: usize = 100;

/// What retention decided about a repository, and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryRetention {
    /// Which.
    pub repository: RepositoryName,
    /// Nothing was changed: because of the call, or of the rule.
    pub dry_run: bool,
    /// One for each tag, in byte order, and one for each manifest that no kept tag names.
    pub decisions: Vec<Decision>,
    /// How many of the removals weren't done, because somebody pushed or named it meanwhile.
    pub changed_meanwhile: usize,
}

/// What retention did over all repositories, or would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetentionReport {
    /// Repositories that a rule is for.
    pub repositories: usize,
    /// Tags that are gone, or would be.
    pub tags: usize,
    /// Manifests that are gone, or would be.
    pub manifests: usize,
    /// Those of `tags` that are really gone.
    pub removed_tags: usize,
    /// Those of `manifests` that are really gone.
    pub removed_manifests: usize,
}

impl Storage {
    /// Keeps and removes by rules (usually [`Storage::rules`]). `each` hears what was decided about
    /// each repository that a rule is for.
    ///
    /// # Errors
    /// Of the machine only.
    pub async fn retain(
        &self,
        rules: &Rules,
        dry_run: bool,
        each: &mut (dyn FnMut(RepositoryRetention) + Send),
    ) -> Result<RetentionReport> {
        self.inner().retain(rules, dry_run, each).await
    }
}

impl Inner {
    async fn retain(
        &self,
        rules: &Rules,
        dry_run: bool,
        each: &mut (dyn FnMut(RepositoryRetention) + Send),
    ) -> Result<RetentionReport> {
        let mut report = RetentionReport::default();
        let mut after = None;
        loop {
            let page = self.meta.activity(after, REPOSITORIES).await?;
            let Some(last) = page.last() else {
                return Ok(report);
            };
            after = Some(last.repository.clone());
            for entry in page {
                let name = &entry.repository;
                let Some(rule) = rules.retention(name) else {
                    continue;
                };
                let dry_run = dry_run || rule.dry_run;
                let done = self.retain_one(rules, rule, name, dry_run).await?;
                if let Some((retention, tags, manifests)) = done {
                    report.repositories += 1;
                    report.tags += tags;
                    report.manifests += manifests;
                    if !dry_run {
                        report.removed_tags += tags;
                        report.removed_manifests += manifests;
                    }
                    each(retention);
                }
            }
        }
    }

    /// Which of some tags that were just pushed retention would remove the next time that it runs,
    /// and why.
    pub(crate) async fn would_remove(
        &self,
        rules: &Rules,
        name: &RepositoryName,
        tags: &[TagName],
    ) -> Result<Vec<(TagName, String)>> {
        let Some(rule) = rules.retention(name).filter(|rule| !rule.dry_run) else {
            return Ok(Vec::new());
        };
        let unsure = |tag: &&TagName| {
            let spared = rules.is_immutable(name, tag) || evaluate::companion_of(tag).is_some();
            !spared && !tags::surely_kept(rule, tag)
        };
        let unsure: Vec<&TagName> = tags.iter().filter(unsure).collect();
        if unsure.is_empty() {
            return Ok(Vec::new());
        }
        let Some(facts) = self.meta.facts(name).await? else {
            return Ok(Vec::new());
        };
        let moment = Moment {
            now: Timestamp::now(),
            grace: self.options.grace,
        };
        let decisions = evaluate(rule, &facts, moment, |tag| rules.is_immutable(name, tag));
        let removed = decisions.into_iter().filter(|decision| decision.remove);
        let removed = removed.filter_map(|decision| {
            let tag = decision.tag.filter(|tag| unsure.contains(&tag))?;
            let why = decision.reason.trim_start_matches("removed: ");
            Some((tag, why.to_owned()))
        });
        Ok(removed.collect())
    }

    /// Returns what was decided, and how many tags and manifests went. `None` when the repository is
    /// gone.
    async fn retain_one(
        &self,
        rules: &Rules,
        rule: &CompiledRetention,
        name: &RepositoryName,
        dry_run: bool,
    ) -> Result<Option<(RepositoryRetention, usize, usize)>> {
        // In this order: what is pushed from now on is younger than this, and stays.
        let as_of = Timestamp::now();
        let grace = self.options.grace;
        let now = self.trusted_time(grace, true).await?;
        let Some(facts) = self.meta.facts(name).await? else {
            return Ok(None);
        };
        let moment = Moment { now, grace };
        let decisions = evaluate(rule, &facts, moment, |tag| rules.is_immutable(name, tag));
        let removals = decisions.iter().filter(|decision| decision.remove);
        let removals = removals.map(|decision| Removal {
            tag: decision.tag.clone(),
            digest: decision.digest.clone(),
            as_of,
            reason: decision.reason.clone(),
        });
        let (tags, manifests): (Vec<_>, Vec<_>) = removals.partition(|r| r.tag.is_some());
        let planned = (tags.len(), manifests.len());
        let (tags, manifests) = match dry_run {
            true => planned,
            false => {
                let tags = self.remove(name, tags).await?;
                (tags, self.remove(name, manifests).await?)
            }
        };
        let retention = RepositoryRetention {
            repository: name.clone(),
            dry_run,
            decisions,
            changed_meanwhile: planned.0 + planned.1 - tags - manifests,
        };
        Ok(Some((retention, tags, manifests)))
    }

    /// Removes what can be removed, as long as that lets something else go; returns how many went.
    async fn remove(&self, name: &RepositoryName, mut left: Vec<Removal>) -> Result<usize> {
        let mut removed = 0;
        loop {
            let mut stayed = Vec::new();
            let before = left.len();
            for batch in left.chunks(BATCH) {
                let origin = Origin::system();
                let went = self.meta.retain(name, batch.to_vec(), &origin).await?;
                let kept = batch.iter().zip(went).filter(|(_, went)| !went);
                stayed.extend(kept.map(|(removal, _)| removal.clone()));
            }
            removed += before - stayed.len();
            if stayed.is_empty() || stayed.len() == before {
                return Ok(removed);
            }
            left = stayed;
        }
    }
}

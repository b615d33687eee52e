//! What retention keeps, as it is said.

use std::time::Duration;

use orlop_pattern::VersionReq;

use super::{Globs, TagPattern, TagPatterns};

/// What retention keeps in some repositories, and what it removes.
///
/// A tag is kept when any of `keep` says so; without any, all tags are. A manifest that only removed
/// tags named goes with them, and so do the manifests of an index, unless something that is kept
/// reaches them too. Immutable tags are always kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetentionRule {
    /// Globs of repositories.
    pub repositories: Vec<String>,
    /// A tag is kept when any of these says so. None keeps all tags.
    pub keep: Vec<Keep>,
    /// What happens to manifests that no tag, no index and no subject reaches.
    pub untagged: Untagged,
    /// Untagged referrers go at once with their subject. Else collection removes them after its
    /// grace period.
    pub delete_referrers: bool,
    /// Only say what would be removed.
    pub dry_run: bool,
}

/// A reason to keep tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Which tags it looks at; none means all. "The last 3" are those of these.
    pub tags: Vec<TagPattern>,
    /// Which of those it keeps.
    pub when: KeepWhen,
}

/// Which tags are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeepWhen {
    /// All that match the patterns.
    Always,
    /// Those of the manifests that were pushed last. Several tags of one manifest count once.
    LastPushed(usize),
    /// Those of the manifests that were pulled last. What was never pulled isn't among them.
    LastPulled(usize),
    /// Those that are versions (`1.2.3`, `v1.2.3`).
    Semver {
        /// Within this range, in the notation of Cargo: `^1.2`, `>=1, <3`.
        range: Option<String>,
        /// Only the highest ones. Tags of the same version count once.
        latest: Option<usize>,
        /// Whether `1.0.0-rc.1` counts, where the range doesn't say so.
        prereleases: bool,
    },
    /// Pushed so recently.
    PushedWithin(Duration),
    /// Pulled so recently, by whatever name, or pushed so recently and not pulled yet.
    PulledWithin(Duration),
}

/// What happens to manifests that nothing reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Untagged {
    /// They stay.
    #[default]
    Keep,
    /// They go when for so long nobody pushed them, pulled them, or took the last tag away. Never
    /// before collection's grace period.
    After(Duration),
}

#[derive(Debug)]
pub(crate) struct CompiledRetention {
    pub(crate) repositories: Globs,
    pub(crate) keep: Vec<CompiledKeep>,
    pub(crate) untagged: Untagged,
    pub(crate) delete_referrers: bool,
    pub(crate) dry_run: bool,
}

#[derive(Debug)]
pub(crate) struct CompiledKeep {
    pub(crate) tags: TagPatterns,
    pub(crate) when: CompiledWhen,
}

#[derive(Debug)]
pub(crate) enum CompiledWhen {
    Always,
    LastPushed(usize),
    LastPulled(usize),
    Semver {
        range: Option<(VersionReq, String)>,
        latest: Option<usize>,
        prereleases: bool,
    },
    PushedWithin(Duration),
    PulledWithin(Duration),
}

impl RetentionRule {
    pub(super) fn compile(&self) -> Result<CompiledRetention, String> {
        Ok(CompiledRetention {
            repositories: Globs::new(&self.repositories)?,
            keep: self.keep.iter().map(compile).collect::<Result<_, _>>()?,
            untagged: self.untagged,
            delete_referrers: self.delete_referrers,
            dry_run: self.dry_run,
        })
    }
}

fn compile(keep: &Keep) -> Result<CompiledKeep, String> {
    let when = match &keep.when {
        KeepWhen::Always if keep.tags.is_empty() => {
            return Err("keeps all tags, which needs no reason: leave `keep` empty".into());
        }
        KeepWhen::Always => CompiledWhen::Always,
        KeepWhen::LastPushed(count) => CompiledWhen::LastPushed(*count),
        KeepWhen::LastPulled(count) => CompiledWhen::LastPulled(*count),
        KeepWhen::Semver {
            range,
            latest,
            prereleases,
        } => CompiledWhen::Semver {
            range: range.as_deref().map(compile_range).transpose()?,
            latest: *latest,
            prereleases: *prereleases,
        },
        KeepWhen::PushedWithin(period) => CompiledWhen::PushedWithin(*period),
        KeepWhen::PulledWithin(period) => CompiledWhen::PulledWithin(*period),
    };
    Ok(CompiledKeep {
        tags: TagPatterns::new(&keep.tags)?,
        when,
    })
}

fn compile_range(text: &str) -> Result<(VersionReq, String), String> {
    let range = orlop_pattern::range(text)?;
    Ok((range, text.to_owned()))
}

//! Rules of who runs the registry: what stays, what may not change, how much there may be.
//!
//! [`Policies`] is plain data, as a file of configuration says it. [`Rules`] is the same with its
//! patterns compiled; the metadata store asks it inside the transaction of a change, since only there
//! fifty clients that race on one tag or the last free megabyte get a true answer.

mod globs;
mod hold;
mod immutable;
mod quota;
mod retention;

use crate::{RepositoryName, TagName};
use globs::Globs;
pub(crate) use hold::CurrentRules;
pub use immutable::ImmutableRule;
pub use orlop_pattern::TagPattern;
use orlop_pattern::TagPatterns;
pub use quota::{Quota, QuotaRule, QuotaScope};
pub(crate) use retention::{CompiledKeep, CompiledRetention, CompiledWhen};
pub use retention::{Keep, KeepWhen, RetentionRule, Untagged};

/// Everything that is ruled. The default rules nothing.
///
/// In patterns of repositories `*` stands for anything within one component of a name, `**` for any
/// number of components, `{a,b}` for either, `[a-z]` and `?` for one character; `team/**` is
/// everything below `team`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policies {
    /// What retention keeps and removes. The first rule whose repositories match is the one that
    /// counts, so that what happens to a repository is said in one place.
    pub retention: Vec<RetentionRule>,
    /// Tags that can't be moved or deleted. Every rule that matches counts.
    pub immutable: Vec<ImmutableRule>,
    /// How much there may be. Every rule that matches counts.
    pub quotas: Vec<QuotaRule>,
}

/// A rule that can't be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} rule {number}: {reason}")]
pub struct PolicyError {
    /// `retention`, `immutable`, `quota`.
    pub kind: &'static str,
    /// Which of them, from 1.
    pub number: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl Policies {
    /// Compiles the patterns.
    ///
    /// # Errors
    /// The first rule with a pattern that can't be read, or without any repositories.
    pub fn compile(&self) -> Result<Rules, PolicyError> {
        Ok(Rules {
            retention: each("retention", &self.retention, RetentionRule::compile)?,
            immutable: each("immutable", &self.immutable, ImmutableRule::compile)?,
            quotas: each("quota", &self.quotas, QuotaRule::compile)?,
        })
    }
}

fn each<R, C>(
    kind: &'static str,
    rules: &[R],
    compile: impl Fn(&R) -> Result<C, String>,
) -> Result<Vec<C>, PolicyError> {
    let numbered = rules.iter().enumerate();
    let compiled = numbered.map(|(index, rule)| {
        compile(rule).map_err(|reason| PolicyError {
            kind,
            number: index + 1,
            reason,
        })
    });
    compiled.collect()
}

/// [`Policies`], ready to be asked.
#[derive(Debug, Default)]
pub struct Rules {
    retention: Vec<CompiledRetention>,
    immutable: Vec<immutable::Compiled>,
    quotas: Vec<Quota>,
}

impl Rules {
    /// Whether a tag can't be moved or deleted once it exists.
    pub fn is_immutable(&self, repository: &RepositoryName, tag: &TagName) -> bool {
        self.immutable
            .iter()
            .any(|rule| rule.matches(repository, tag))
    }

    /// Whether any tag of a repository may be immutable; spares a look at its tags.
    pub fn has_immutable(&self, repository: &RepositoryName) -> bool {
        self.immutable.iter().any(|rule| rule.covers(repository))
    }

    /// The quotas that a repository must fit into.
    pub fn quotas<'r>(&'r self, repository: &'r RepositoryName) -> impl Iterator<Item = &'r Quota> {
        self.quotas
            .iter()
            .filter(move |quota| quota.matches(repository.as_str()))
    }

    /// Whether a quota limits the bytes of a repository.
    pub(crate) fn limits_bytes(&self, repository: &RepositoryName) -> bool {
        self.quotas(repository).any(Quota::limits_bytes)
    }

    /// The rule of retention for a repository.
    pub(crate) fn retention(&self, repository: &RepositoryName) -> Option<&CompiledRetention> {
        self.retention
            .iter()
            .find(|rule| rule.repositories.matches(repository.as_str()))
    }
}

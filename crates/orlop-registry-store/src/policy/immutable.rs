//! Tags that stay as they are.

use super::{Globs, TagPattern, TagPatterns};
use crate::{RepositoryName, TagName};

/// Tags that can't be moved or deleted once they exist; nor can the manifests that they reach
/// through indexes. Pushing the same content again is fine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImmutableRule {
    /// Globs of repositories.
    pub repositories: Vec<String>,
    /// Which tags; none means all.
    pub tags: Vec<TagPattern>,
}

#[derive(Debug)]
pub(super) struct Compiled {
    repositories: Globs,
    tags: TagPatterns,
}

impl ImmutableRule {
    pub(super) fn compile(&self) -> Result<Compiled, String> {
        Ok(Compiled {
            repositories: Globs::new(&self.repositories)?,
            tags: TagPatterns::new(&self.tags)?,
        })
    }
}

impl Compiled {
    pub(super) fn covers(&self, repository: &RepositoryName) -> bool {
        self.repositories.matches(repository.as_str())
    }

    pub(super) fn matches(&self, repository: &RepositoryName, tag: &TagName) -> bool {
        self.covers(repository) && self.tags.matches(tag.as_str())
    }
}

//! The rules of a storage, and what is known to break them before anything is received.

use std::sync::{Arc, PoisonError};

use orlop_oci::Digest;

use super::{Policies, PolicyError, Rules};
use crate::meta_store::Lookup;
use crate::storage::Inner;
use crate::{RepositoryName, Storage, StorageError, UploadId};

type Result<T> = std::result::Result<T, StorageError>;

impl Storage {
    /// Sets other rules, for every change that begins after this.
    ///
    /// # Errors
    /// When one of them can't be understood; then the old ones stay.
    pub fn set_policies(&self, policies: &Policies) -> std::result::Result<(), PolicyError> {
        let rules = Arc::new(policies.compile()?);
        let inner = self.inner();
        inner.meta.set_rules(rules.clone());
        *inner.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
        Ok(())
    }

    /// The rules that hold.
    pub fn rules(&self) -> Arc<Rules> {
        self.inner().rules()
    }

    /// Refuses a chunk that can't fit into a quota before it is received. What counts is looked at
    /// again when the blob is named.
    pub(crate) async fn check_room(
        &self,
        repository: &RepositoryName,
        id: &UploadId,
        length: Option<u64>,
        digest: Option<&Digest>,
    ) -> Result<()> {
        let Some(length) = length else {
            return Ok(());
        };
        if !self.rules().limits_bytes(repository) {
            return Ok(());
        }
        if let Some(digest) = digest
            && self.has(repository, digest).await?
        {
            return Ok(());
        }
        let there = self.upload_offset(repository, id).await?;
        let all = there.saturating_add(length);
        self.inner().meta.check_room(repository, all).await
    }

    pub(crate) async fn has(&self, repository: &RepositoryName, digest: &Digest) -> Result<bool> {
        let found = self.inner().meta.blob(repository, digest).await?;
        Ok(matches!(found, Lookup::Found(_)))
    }
}

impl Inner {
    pub(crate) fn rules(&self) -> Arc<Rules> {
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
        rules.clone()
    }
}

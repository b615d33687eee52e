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

    /// Refuses a chunk that can't fit into a quota before it is received. Returns how large the blob
    /// may become, so that a chunk that doesn't say its length is cut off there. What counts is
    /// looked at again when the blob is named.
    pub(crate) async fn check_room(
        &self,
        repository: &RepositoryName,
        id: Option<&UploadId>,
        length: Option<u64>,
        digest: Option<&Digest>,
    ) -> Result<Option<u64>> {
        if !self.rules().limits_bytes(repository) {
            return Ok(None);
        }
        if let Some(digest) = digest
            && self.has(repository, digest).await?
        {
            return Ok(None);
        }
        let meta = &self.inner().meta;
        if let Some(length) = length {
            let there = match id {
                Some(id) => self.upload_offset(repository, id).await?,
                None => 0,
            };
            let all = there.saturating_add(length);
            meta.check_room(repository, all).await?;
        }
        meta.room(repository).await
    }

    /// What a quota refuses won't be sent on: its bytes go now, not when the upload expires.
    pub(crate) async fn give_up_refused<T>(
        &self,
        repository: &RepositoryName,
        id: &UploadId,
        result: Result<T>,
    ) -> Result<T> {
        if matches!(result, Err(StorageError::QuotaExceeded(_))) {
            // It is unknown when it came as far as its end; else housekeeping finds it.
            let _ = self.cancel_upload(repository, id).await;
        }
        result
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

//! The rules of a storage, and what becomes of uploads that break them.

use std::sync::{Arc, PoisonError, RwLock};

use orlop_oci::Digest;

use super::{Policies, PolicyError, Rules};
use crate::meta_store::Lookup;
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
        inner.rules.set(rules);
        Ok(())
    }

    /// The rules that hold.
    pub fn rules(&self) -> Arc<Rules> {
        self.inner().rules.get()
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

    /// Whether quotas count a blob that is sent: one that the repository has needs no room.
    pub(crate) async fn counts(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<bool> {
        if !self.rules().limits_bytes(repository) {
            return Ok(false);
        }
        let found = self.inner().meta.blob(repository, digest).await?;
        Ok(!matches!(found, Lookup::Found(_)))
    }
}

/// The rules that hold now. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct CurrentRules(Arc<RwLock<Arc<Rules>>>);

impl CurrentRules {
    pub(crate) fn new(rules: Arc<Rules>) -> Self {
        Self(Arc::new(RwLock::new(rules)))
    }

    pub(crate) fn get(&self) -> Arc<Rules> {
        let rules = self.0.read().unwrap_or_else(PoisonError::into_inner);
        rules.clone()
    }

    pub(crate) fn set(&self, rules: Arc<Rules>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }
}

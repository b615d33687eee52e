//! Bytes of uploads that aren't named yet, which quotas count beside those that are.
//!
//! The transaction that names a blob asks whether it still fits; that answer is the true one, but it
//! comes when the bytes are on disk already. So every upload says here how many bytes it has or is
//! about to have, before it writes them, and what doesn't fit beside the others is never written.
//!
//! An upload counts here until its row does, and for a moment in both places. A refusal that this
//! moment may be the reason for waits until it is over and looks again: nothing is refused that fits.
//!
//! All of it is in memory, and made again from the uploads on disk at the start. Blobs that weren't
//! uploaded (a mount) take no place on disk and aren't counted before their transaction.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::policy::{CurrentRules, Quota, QuotaScope, Rules};
use crate::{MetaStore, OpenUploads, RepositoryName, StorageError, UploadId, UploadState};

type Result<T> = std::result::Result<T, StorageError>;

/// All uploads that aren't named. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct InFlight(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    ledger: Mutex<Ledger>,
    /// An upload was named, or given up while it was.
    ended: Notify,
}

#[derive(Debug, Default)]
struct Ledger {
    uploads: HashMap<UploadId, Entry>,
    /// The sums of the uploads of each.
    repositories: BTreeMap<String, Sum>,
    /// Counts uploads that may have got a row: what was read before one did is out of date.
    named: u64,
}

#[derive(Debug)]
struct Entry {
    repository: RepositoryName,
    bytes: u64,
    /// Its transaction runs.
    naming: bool,
    /// A request is at it.
    held: bool,
}

/// What is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    /// Bytes that are there, or about to come.
    bytes: u64,
    /// Uploads.
    uploads: usize,
    /// Those of them whose transaction runs.
    naming: usize,
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.uploads += other.uploads;
        self.naming += other.naming;
    }
}

/// Quotas as of some moment.
#[derive(Debug)]
struct Look {
    rules: Arc<Rules>,
    /// Bytes that are named, for each quota of the repository.
    used: Vec<u64>,
    named: u64,
}

/// What an upload must fit into, for as long as a request adds to it.
#[derive(Debug)]
pub(super) struct Room {
    in_flight: InFlight,
    id: UploadId,
    repository: RepositoryName,
    /// Where the quotas are asked for; `None` when they don't count.
    quotas: Option<(CurrentRules, Arc<dyn MetaStore>)>,
    look: Option<Look>,
    reserved: u64,
}

enum Fit {
    Yes,
    /// What was looked at is out of date.
    Old,
    No(StorageError),
    /// Not now, but one of the others is just being named, and may count twice.
    Unclear,
}

impl InFlight {
    /// What is on disk at the start.
    pub(crate) fn found(states: Vec<UploadState>) -> Self {
        let all = Self::default();
        for state in states {
            let repository = state.repository.and_then(|name| name.parse().ok());
            if let Some(repository) = repository {
                all.ledger().begin(&state.id, &repository, state.size);
            }
        }
        all
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An upload begins.
    pub(super) fn begin(&self, id: &UploadId, repository: &RepositoryName) {
        self.ledger().begin(id, repository, 0);
    }

    /// The transaction that names an upload begins.
    pub(super) fn naming(&self, id: &UploadId) {
        self.ledger().change(id, |entry| entry.naming = true);
    }

    /// It wasn't named, and is what it was.
    pub(super) fn not_named(&self, id: &UploadId) {
        self.ledger().change(id, |entry| entry.naming = false);
        self.0.ended.notify_waiters();
    }

    /// An upload is gone, named or not.
    pub(super) fn end(&self, id: &UploadId) {
        let mut ledger = self.ledger();
        if ledger.remove(id).is_some_and(|entry| entry.naming) {
            ledger.named += 1;
            self.0.ended.notify_waiters();
        }
    }

    /// All of it.
    pub(crate) fn sum(&self) -> OpenUploads {
        let ledger = self.ledger();
        let bytes = ledger.repositories.values().map(|sum| sum.bytes);
        OpenUploads {
            count: ledger.uploads.len() as u64,
            bytes: bytes.fold(0, u64::saturating_add),
        }
    }

    /// Every upload that is counted.
    pub(super) fn known(&self) -> Vec<UploadId> {
        self.ledger().uploads.keys().cloned().collect()
    }

    /// Those of `known` that aren't on disk any more were ended by another process, unless a request
    /// is just at them.
    pub(super) fn forget_lost(&self, known: &[UploadId], there: &HashSet<UploadId>) {
        let mut ledger = self.ledger();
        for id in known.iter().filter(|id| !there.contains(id)) {
            if ledger.uploads.get(id).is_some_and(|entry| !entry.held) {
                ledger.remove(id);
            }
        }
    }
}

impl Ledger {
    /// Counts an upload, unless it is counted already.
    fn begin(&mut self, id: &UploadId, repository: &RepositoryName, bytes: u64) {
        if self.uploads.contains_key(id) {
            return;
        }
        let entry = Entry {
            repository: repository.clone(),
            bytes,
            naming: false,
            held: false,
        };
        self.insert(id, entry);
    }

    /// Changes an upload that is still counted.
    fn change(&mut self, id: &UploadId, change: impl FnOnce(&mut Entry)) {
        if let Some(mut entry) = self.remove(id) {
            change(&mut entry);
            self.insert(id, entry);
        }
    }

    fn insert(&mut self, id: &UploadId, entry: Entry) {
        let sum = self.repositories.entry(entry.repository.to_string());
        sum.or_default().add(entry.sum());
        self.uploads.insert(id.clone(), entry);
    }

    fn remove(&mut self, id: &UploadId) -> Option<Entry> {
        let entry = self.uploads.remove(id)?;
        let gone = entry.sum();
        if let Some(sum) = self.repositories.get_mut(entry.repository.as_str()) {
            sum.bytes = sum.bytes.saturating_sub(gone.bytes);
            sum.uploads -= gone.uploads;
            sum.naming -= gone.naming;
            if sum.uploads == 0 {
                self.repositories.remove(entry.repository.as_str());
            }
        }
        Some(entry)
    }

    /// All that a quota of a repository counts.
    fn of(&self, quota: &Quota, repository: &RepositoryName) -> Sum {
        let mut sum = Sum::default();
        match quota.scope() {
            QuotaScope::Each => {
                let own = self.repositories.get(repository.as_str()).copied();
                sum.add(own.unwrap_or_default());
            }
            QuotaScope::Together => {
                for prefix in quota.prefixes() {
                    let from = (Bound::Included(prefix.as_str()), Bound::Unbounded);
                    self.repositories
                        .range::<str, _>(from)
                        .take_while(|(name, _)| name.starts_with(prefix.as_str()))
                        .filter(|(name, _)| quota.matches(name))
                        .for_each(|(_, one)| sum.add(*one));
                }
            }
        }
        sum
    }

    /// Whether an upload may have `bytes`, beside all others and what is named.
    fn fits(&self, id: &UploadId, repository: &RepositoryName, bytes: u64, look: &Look) -> Fit {
        if look.named != self.named {
            return Fit::Old;
        }
        let own = self.uploads.get(id).map(Entry::sum).unwrap_or_default();
        for (quota, used) in look.rules.quotas(repository).zip(&look.used) {
            let all = self.of(quota, repository);
            let others = all.bytes.saturating_sub(own.bytes);
            if let Err(error) = quota.check_upload(*used, others, bytes) {
                return match all.naming {
                    0 => Fit::No(error),
                    _ => Fit::Unclear,
                };
            }
        }
        Fit::Yes
    }
}

impl Entry {
    fn sum(&self) -> Sum {
        Sum {
            bytes: self.bytes,
            uploads: 1,
            naming: usize::from(self.naming),
        }
    }
}

impl Room {
    /// For a request that is at an upload; quotas don't count when none are given.
    pub(super) fn new(
        in_flight: &InFlight,
        id: &UploadId,
        repository: &RepositoryName,
        quotas: Option<(CurrentRules, Arc<dyn MetaStore>)>,
    ) -> Self {
        let mut ledger = in_flight.ledger();
        ledger.begin(id, repository, 0);
        ledger.change(id, |entry| entry.held = true);
        drop(ledger);
        Self {
            in_flight: in_flight.clone(),
            id: id.clone(),
            repository: repository.clone(),
            quotas,
            look: None,
            reserved: 0,
        }
    }

    /// Lets the upload become so large in all. What was reserved before is part of it.
    ///
    /// # Errors
    /// `QuotaExceeded`: there isn't so much room beside what is named and what others send.
    pub(super) async fn reserve(&mut self, bytes: u64) -> Result<()> {
        if self.look.is_some() && bytes <= self.reserved {
            return Ok(());
        }
        // A look that was made before may say no to what fits by now.
        let mut fresh = false;
        loop {
            let waiting = self.in_flight.clone();
            let ended = waiting.0.ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            if self.look.is_none() {
                self.look = Some(self.look_now().await?);
                fresh = true;
            }
            match self.try_reserve(bytes) {
                Fit::Yes => {
                    self.reserved = bytes;
                    return Ok(());
                }
                Fit::No(error) if fresh => return Err(error),
                Fit::Unclear if fresh => ended.await,
                Fit::Old | Fit::No(_) | Fit::Unclear => {}
            }
            self.look = None;
        }
    }

    fn try_reserve(&self, bytes: u64) -> Fit {
        let mut ledger = self.in_flight.ledger();
        let fit = match &self.look {
            Some(look) => ledger.fits(&self.id, &self.repository, bytes, look),
            None => Fit::Old,
        };
        if matches!(fit, Fit::Yes) {
            ledger.change(&self.id, |entry| entry.bytes = bytes);
        }
        fit
    }

    /// A request ends that left the upload with so many bytes.
    pub(super) fn leave(&self, bytes: u64) {
        self.in_flight.ledger().change(&self.id, |entry| {
            (entry.bytes, entry.held) = (bytes, false);
        });
    }

    async fn look_now(&self) -> Result<Look> {
        // In this order: what is named after this makes the look old.
        let named = self.in_flight.ledger().named;
        let Some((rules, meta)) = &self.quotas else {
            let rules = Arc::new(Rules::default());
            return Ok(Look {
                rules,
                used: Vec::new(),
                named,
            });
        };
        let rules = rules.get();
        let used = match rules.limits_bytes(&self.repository) {
            true => meta.used(rules.clone(), &self.repository).await?,
            false => Vec::new(),
        };
        Ok(Look { rules, used, named })
    }
}

//! Retention and collection at their times, while the registry serves.
//!
//! When they last ran is kept in the storage: a registry that is restarted every hour still collects
//! once a day, and one that was off for a week does so soon after its start.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use orlop_registry_store::{CollectOptions, CollectReport, RetentionReport, Storage, StorageError};
use tokio::sync::watch;

use crate::{BesideMetrics, events};

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpkeepNotice {
    /// Retention went through all repositories that a rule is for.
    Retained(RetentionReport),
    /// Collection came to its end.
    Collected(CollectReport),
    /// It couldn't be done; the next time it is tried again.
    Failed {
        /// What: `retention`, `collection`.
        task: &'static str,
        /// Why.
        error: StorageError,
    },
}

/// Whom [`UpkeepNotice`]s are told to. Called from any thread, and must not block.
pub type UpkeepObserver = Arc<dyn Fn(UpkeepNotice) + Send + Sync>;

/// Where it is kept when they last ran.
const LAST: &str = "upkeep.last";
/// How often they run where nothing is said.
pub const INTERVAL: Duration = Duration::from_secs(6 * 60 * 60);
/// After a start nothing of this is done for so long: clients that waited for the registry come
/// first.
const AFTER_START: Duration = Duration::from_secs(60);

/// How long events are kept where nothing is said.
pub const KEEP_EVENTS: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What is done, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upkeep {
    /// How often.
    pub interval: Duration,
    /// Retention and collection are part of it.
    pub collects: bool,
    /// How long events are kept.
    pub keep_events: Duration,
    /// Events wait until the audit log has them.
    pub audited: bool,
}

/// Runs retention (by the rules of the storage) and then collection, and forgets old events, each
/// interval, until the future is dropped. Each run does `what` is then. One process of a registry runs
/// it.
pub async fn upkeep(
    storage: Storage,
    what: watch::Receiver<Upkeep>,
    metrics: BesideMetrics,
    observer: UpkeepObserver,
) {
    let interval = what.borrow().interval;
    let mut wait = AFTER_START.max(until_due(&storage, interval).await);
    loop {
        tokio::time::sleep(wait).await;
        let wanted = *what.borrow();
        run_once(&storage, &wanted, &metrics, &observer).await;
        // What can't be noted is done again a little sooner after a restart.
        let now = Some(Timestamp::now().to_string());
        let _ = storage.set_setting(LAST, now).await;
        wait = wanted.interval;
    }
}

/// How long it is until they have to run.
async fn until_due(storage: &Storage, interval: Duration) -> Duration {
    let last = storage.setting(LAST).await.ok().flatten();
    let Some(last) = last.and_then(|text| text.parse::<Timestamp>().ok()) else {
        return Duration::ZERO;
    };
    let gone = Timestamp::now().duration_since(last);
    // A clock that went backwards must not put it off for long.
    let gone = Duration::try_from(gone.max(SignedDuration::ZERO)).unwrap_or(interval);
    interval.saturating_sub(gone)
}

/// Runs all of it now.
pub async fn run_once(
    storage: &Storage,
    what: &Upkeep,
    metrics: &BesideMetrics,
    observer: &UpkeepObserver,
) {
    let failed = |task: &'static str| move |error| UpkeepNotice::Failed { task, error };
    if what.collects {
        let rules = storage.rules();
        let retained = storage.retain(&rules, false, &mut |_| {}).await;
        metrics.retained(retained.as_ref().ok());
        observer(retained.map_or_else(failed("retention"), UpkeepNotice::Retained));
        let options = CollectOptions::default();
        let begun = Instant::now();
        let collected = storage.collect(&options, &mut |_| {}).await;
        metrics.collected(collected.as_ref().ok(), begun.elapsed());
        observer(collected.map_or_else(failed("collection"), UpkeepNotice::Collected));
    }
    if let Err(error) = forget(storage, what).await {
        observer(failed("old events")(error));
    }
}

/// Forgets events that are old, and that the audit log has where there is one. Webhooks don't count:
/// they have a time of their own after which they give up.
async fn forget(storage: &Storage, what: &Upkeep) -> Result<usize, StorageError> {
    let up_to = match what.audited {
        true => events::audited_up_to(storage).await?,
        false => u64::MAX,
    };
    let age = SignedDuration::try_from(what.keep_events).unwrap_or(SignedDuration::MAX);
    let Ok(before) = Timestamp::now().checked_sub(age) else {
        return Ok(0);
    };
    storage.forget_events(before, up_to).await
}

#[cfg(test)]
mod tests {
    use orlop_registry_store::StorageOptions;

    use super::*;

    #[tokio::test]
    async fn it_is_due_once_in_an_interval() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(StorageOptions::new(folder.path())).unwrap();
        let hour = Duration::from_secs(3600);
        assert_eq!(until_due(&storage, hour).await, Duration::ZERO, "never yet");
        for (ago, least, most) in [
            (0, 3590, 3600),
            (600, 2990, 3000),
            (7200, 0, 0),
            (-7200, 3590, 3600),
        ] {
            let last = Timestamp::now() - SignedDuration::from_secs(ago);
            storage
                .set_setting(LAST, Some(last.to_string()))
                .await
                .unwrap();
            let due = until_due(&storage, hour).await;
            let bounds = Duration::from_secs(least)..=Duration::from_secs(most);
            assert!(bounds.contains(&due), "{ago}: {due:?}");
        }
    }

    const UPKEEP: Upkeep = Upkeep {
        interval: INTERVAL,
        collects: true,
        keep_events: Duration::ZERO,
        audited: true,
    };

    #[tokio::test]
    async fn old_events_go_when_the_audit_log_has_them() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(StorageOptions::new(folder.path())).unwrap();
        let note = |text: &'static str| {
            let origin = orlop_registry_store::Origin::system();
            let storage = &storage;
            async move {
                let kind = orlop_registry_store::EventKind::Account;
                storage.record(kind, text, &origin).await.unwrap();
            }
        };
        for text in ["one", "two", "three"] {
            note(text).await;
        }
        let left = async || storage.events(0, 10).await.unwrap().len();
        assert_eq!(
            forget(&storage, &UPKEEP).await,
            Ok(0),
            "the audit log has none"
        );
        storage
            .set_setting("audit", Some("2".into()))
            .await
            .unwrap();
        assert_eq!(forget(&storage, &UPKEEP).await, Ok(2));
        assert_eq!(left().await, 1);
        let young = Upkeep {
            keep_events: KEEP_EVENTS,
            audited: false,
            ..UPKEEP
        };
        assert_eq!(forget(&storage, &young).await, Ok(0));
        let unaudited = Upkeep {
            audited: false,
            ..UPKEEP
        };
        assert_eq!(forget(&storage, &unaudited).await, Ok(1));
        note("four").await;
        let next = storage.events(0, 10).await.unwrap();
        assert_eq!(next[0].id, 4, "an ID is never given twice");
    }

    #[tokio::test]
    async fn both_run_and_tell() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(StorageOptions::new(folder.path())).unwrap();
        let told = Arc::new(std::sync::Mutex::new(Vec::new()));
        let notices = Arc::clone(&told);
        let observer: UpkeepObserver = Arc::new(move |n| notices.lock().unwrap().push(n));
        run_once(&storage, &UPKEEP, &BesideMetrics::default(), &observer).await;
        let told = told.lock().unwrap();
        assert!(
            matches!(
                told[..],
                [UpkeepNotice::Retained(_), UpkeepNotice::Collected(_)]
            ),
            "{told:?}"
        );
    }
}

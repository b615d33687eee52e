//! One thread that changes the database, in groups.
//!
//! It takes the changes that wait (up to [`GROUP`]), begins a transaction, gives each change a
//! savepoint, syncs the directories that files were placed in, commits, and only then answers all.
//! A change that fails is undone alone; a commit that fails fails them all.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use super::row::failed;
use crate::policy::CurrentRules;
use crate::{BlobStore, Rules, StorageError};

type Result<T> = std::result::Result<T, StorageError>;

/// The most changes in one transaction.
const GROUP: usize = 128;

/// What a change may use while it runs.
pub(super) struct Write<'w> {
    /// The database, inside the transaction.
    pub(super) db: &'w Connection,
    /// Where content is placed and discarded.
    pub(super) blobs: &'w dyn BlobStore,
    /// What the change has to keep.
    pub(super) rules: Arc<Rules>,
    event: Cell<u64>,
}

impl Write<'_> {
    /// Notes that an event was written, for those who watch.
    pub(super) fn wrote_event(&self, id: u64) {
        self.event.set(self.event.get().max(id));
    }
}

/// A change, type erased. Given what it may use, it runs, says whether it may stay, and keeps its
/// answer until the fate of the group is known; given an error, it answers with that.
type Job = Box<dyn FnOnce(Result<&Write<'_>>) -> Ran + Send>;

struct Ran {
    /// Why the change may not stay.
    failed: Option<StorageError>,
    answer: Box<dyn FnOnce(Result<()>)>,
}

/// The way to the thread. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
    rules: CurrentRules,
    events: watch::Receiver<u64>,
}

impl Writer {
    pub(super) fn start(db: Connection, blobs: Arc<dyn BlobStore>) -> Result<Self> {
        let last: Option<i64> = db
            .query_row("SELECT max(id) FROM event", [], |row| row.get(0))
            .map_err(failed)?;
        let (events, seen) = watch::channel(last.map_or(0, i64::unsigned_abs));
        let (jobs, queue) = mpsc::channel();
        let rules = CurrentRules::default();
        let current = rules.clone();
        thread::Builder::new()
            .name("registry-writer".into())
            .spawn(move || run(&db, &*blobs, &queue, &events, &current))
            .map_err(|e| StorageError::Internal(format!("can't start a thread: {e}")))?;
        Ok(Self {
            jobs,
            rules,
            events: seen,
        })
    }

    /// Sets the rules that every change has to keep that begins after this.
    pub(super) fn set_rules(&self, rules: Arc<Rules>) {
        self.rules.set(rules);
    }

    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.events.clone()
    }

    /// Queues a change at once; the future is ready when it is durable. Dropping the future doesn't
    /// take the change back.
    pub(super) fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Write<'_>) -> Result<T> + Send + 'static,
    ) -> impl Future<Output = Result<T>> + Send + 'static {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |write| {
            let result = write.and_then(change);
            let failed = result.as_ref().err().cloned();
            let answer = move |fate: Result<()>| {
                // Nobody waits any more when the request was given up.
                let _ = answer.send(fate.and(result));
            };
            Ran {
                failed,
                answer: Box::new(answer),
            }
        });
        let queued = self.jobs.send(job);
        async move {
            let gone = || StorageError::Internal("the database's writer is gone".into());
            queued.map_err(|_| gone())?;
            answered.await.map_err(|_| gone())?
        }
    }
}

fn run(
    db: &Connection,
    blobs: &dyn BlobStore,
    queue: &mpsc::Receiver<Job>,
    events: &watch::Sender<u64>,
    rules: &CurrentRules,
) {
    while let Ok(first) = queue.recv() {
        let mut jobs = vec![first];
        jobs.extend(queue.try_iter().take(GROUP - 1));
        group(db, blobs, jobs, events, rules.get());
    }
}

fn group(
    db: &Connection,
    blobs: &dyn BlobStore,
    jobs: Vec<Job>,
    events: &watch::Sender<u64>,
    rules: Arc<Rules>,
) {
    let write = Write {
        db,
        blobs,
        rules,
        event: Cell::new(0),
    };
    let mut ran = Vec::with_capacity(jobs.len());
    let mut fate = db.execute_batch("BEGIN IMMEDIATE").map_err(failed);
    for job in jobs {
        match fate.clone().and_then(|()| savepoint(db)) {
            Ok(()) => {
                let one = job(Ok(&write));
                fate = match &one.failed {
                    // SQLite took the whole group back (a full disk): that is why, for all of them.
                    Some(why) if db.is_autocommit() => Err(why.clone()),
                    failed => end_savepoint(db, failed.is_none()),
                };
                ran.push(one);
            }
            Err(error) => {
                fate = Err(error.clone());
                ran.push(job(Err(error)));
            }
        }
    }
    let fate = fate
        .and_then(|()| blobs.settle())
        .and_then(|()| db.execute_batch("COMMIT").map_err(failed));
    if fate.is_err() && !db.is_autocommit() {
        // Should this fail too, the next BEGIN does, and says so.
        let _ = db.execute_batch("ROLLBACK");
    }
    if fate.is_ok() && write.event.get() > 0 {
        events.send_replace(write.event.get());
    }
    for one in ran {
        (one.answer)(fate.clone());
    }
}

fn savepoint(db: &Connection) -> Result<()> {
    cached(db, "SAVEPOINT change")
}

fn end_savepoint(db: &Connection, keep: bool) -> Result<()> {
    if !keep {
        cached(db, "ROLLBACK TO change")?;
    }
    cached(db, "RELEASE change")
}

fn cached(db: &Connection, sql: &str) -> Result<()> {
    let run = db
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute([]));
    run.map(drop).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LocalBlobs;
    use crate::sqlite::schema;

    #[tokio::test]
    async fn a_group_that_sqlite_took_back_says_why() {
        let directory = tempfile::tempdir().unwrap();
        let blobs = Arc::new(LocalBlobs::open(directory.path()).unwrap());
        let db = schema::open(&directory.path().join("registry.db")).unwrap();
        let writer = Writer::start(db, blobs).unwrap();
        let full = writer.write(|w| -> Result<()> {
            w.db.execute_batch("ROLLBACK").map_err(failed)?;
            Err(StorageError::NoSpace)
        });
        assert_eq!(full.await, Err(StorageError::NoSpace));
        assert_eq!(writer.write(|_| Ok(1)).await, Ok(1));
    }
}

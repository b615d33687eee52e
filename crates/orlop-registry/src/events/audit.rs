//! The audit log: one JSON line for each change, from the same log of events as everything else.
//!
//! A line is written before the place in the log of events is: after a crash the last lines may be
//! there twice (their `id` tells), and none is missing.

use std::io::{self, Write};
use std::time::Duration;

use orlop_registry_store::{Event, EventKind, Storage, StorageError};
use serde::Serialize;

use super::backoff::Backoff;
use super::{Cursor, EventNotice, EventObserver, LOOK, LogFile};
use crate::BesideMetrics;

/// Events that are written at a time.
const PAGE: usize = 256;
/// What its place in the log of events is kept under.
const KEY: &str = "audit";

/// An event as a line, and as the data of a CloudEvent.
#[derive(Debug, Serialize)]
pub(super) struct Line<'a> {
    id: u64,
    time: String,
    event: &'static str,
    actor: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    repository: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a str>,
    /// The request's ID in the access log.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

impl<'a> Line<'a> {
    pub(super) fn of(event: &'a Event) -> Self {
        let (target, origin) = (event.target.as_ref(), &event.origin);
        Self {
            id: event.id,
            time: event.at.to_string(),
            event: event.kind.as_str(),
            actor: &origin.actor,
            repository: event.repository.as_ref().map(|name| name.as_str()),
            tag: event.tag.as_ref().map(|tag| tag.as_str()),
            digest: target.map(|target| target.digest.as_str()),
            media_type: target.map(|target| target.media_type.as_str()),
            size: target.map(|target| target.size),
            address: origin.address.as_deref(),
            user_agent: origin.user_agent.as_deref(),
            request: origin.request_id.as_deref(),
            note: event.note.as_deref(),
        }
    }
}

/// The last event that is in the audit log.
pub(crate) async fn up_to(storage: &Storage) -> Result<u64, StorageError> {
    let kept = storage.setting(KEY).await?;
    Ok(kept.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// Where the audit log goes.
pub enum AuditTarget {
    /// Into a file, durably.
    File(LogFile),
    /// Elsewhere.
    Stream(Box<dyn Write + Send>),
}

impl AuditTarget {
    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file) => {
                file.write_all(lines)?;
                file.sync()
            }
            Self::Stream(stream) => {
                stream.write_all(lines)?;
                stream.flush()
            }
        }
    }
}

/// The audit log.
pub struct AuditLog {
    target: Option<AuditTarget>,
    backoff: Backoff,
}

impl AuditLog {
    /// Writes there.
    pub fn new(target: AuditTarget) -> Self {
        let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
        Self {
            target: Some(target),
            backoff,
        }
    }

    /// Writes what happened since it was last written (at first: since the registry was made), and
    /// what happens, until `stop` is ready; then what happened until then.
    pub async fn run(
        mut self,
        storage: Storage,
        metrics: BesideMetrics,
        observer: EventObserver,
        stop: impl Future<Output = ()>,
    ) {
        let reader = metrics.reader(None);
        let mut events = storage.watch_events();
        let mut cursor = None;
        let mut failures = 0;
        tokio::pin!(stop);
        loop {
            events.mark_unchanged();
            let read = self.page(&storage, &mut cursor).await;
            if let Some(cursor) = &cursor {
                reader.at(cursor.at, 0, None);
            }
            let pause = match read {
                Ok(true) => Duration::ZERO,
                Ok(false) => LOOK,
                Err(reason) => {
                    failures += 1;
                    if u32::is_power_of_two(failures) {
                        observer(EventNotice::AuditFailed { reason });
                    }
                    tokio::select! {
                        () = tokio::time::sleep(self.backoff.wait(failures)) => continue,
                        () = &mut stop => break,
                    }
                }
            };
            failures = 0;
            tokio::select! {
                biased;
                () = &mut stop => break,
                _ = tokio::time::timeout(pause, events.changed()) => {}
            }
        }
        // Whoever writes on begins where this ends.
        while let Ok(true) = self.page(&storage, &mut cursor).await {}
    }

    /// Writes the lines of all that has happened: before the process ends.
    ///
    /// # Errors
    /// In words, when they can't be written.
    pub async fn catch_up(&mut self, storage: &Storage) -> Result<(), String> {
        let mut cursor = None;
        while self.page(storage, &mut cursor).await? {}
        Ok(())
    }

    /// Writes the lines of one page; `false` when there was none.
    async fn page(
        &mut self,
        storage: &Storage,
        cursor: &mut Option<Cursor>,
    ) -> Result<bool, String> {
        let text = |error: StorageError| error.to_string();
        if cursor.is_none() {
            let open = Cursor::open(storage.clone(), KEY.to_owned(), 0);
            *cursor = Some(open.await.map_err(text)?);
        }
        let cursor = cursor.as_mut().expect("it was opened");
        let page = storage.events(cursor.at, PAGE).await.map_err(text)?;
        let Some(last) = page.last().map(|event| event.id) else {
            return Ok(false);
        };
        let lines = lines(&page);
        if !lines.is_empty() {
            self.write(lines).await?;
            cursor.at = last;
            cursor.save().await.map_err(text)?;
        }
        cursor.at = last;
        Ok(true)
    }

    /// Writes on a thread that may wait for the disk.
    async fn write(&mut self, lines: Vec<u8>) -> Result<(), String> {
        let Some(mut target) = self.target.take() else {
            return Err("the log was lost".to_owned());
        };
        let written = tokio::task::spawn_blocking(move || {
            let written = target.write(&lines);
            (target, written)
        });
        let (target, written) = written.await.map_err(|error| error.to_string())?;
        self.target = Some(target);
        written.map_err(|error| error.to_string())
    }
}

/// Changes as lines; pulls change nothing.
fn lines(events: &[Event]) -> Vec<u8> {
    let mut lines = Vec::new();
    for event in events.iter().filter(|event| event.kind != EventKind::Pull) {
        serde_json::to_writer(&mut lines, &Line::of(event)).expect("texts and numbers are JSON");
        lines.push(b'\n');
    }
    lines
}

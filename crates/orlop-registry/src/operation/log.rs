//! The access log: one JSON line for each request.

use std::io::Write;
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{PoisonError, RwLock};
use std::thread::JoinHandle;

use serde::Serialize;

/// Lines that wait to be written, at most.
const BACKLOG: usize = 8192;

/// What is said of a request. Its query isn't: it may hold what logs in.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Record {
    pub(crate) time: String,
    pub(crate) request: String,
    pub(crate) method: String,
    /// The route's pattern.
    pub(crate) route: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) repository: Option<String>,
    /// A tag or a digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<String>,
    pub(crate) status: u16,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    /// From the end of the request's headers to the end of the answer's body.
    pub(crate) duration_us: u64,
    pub(crate) actor: String,
    pub(crate) address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_agent: Option<String>,
    pub(crate) protocol: &'static str,
    /// The answer's body didn't get to its end.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) aborted: bool,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

/// Takes lines without ever waiting.
pub(crate) struct AccessLog(RwLock<Lines>);

/// Where lines go: to a thread that writes them.
struct Lines {
    sender: Option<SyncSender<Entry>>,
    thread: Option<JoinHandle<()>>,
}

enum Entry {
    Line(Vec<u8>),
    /// Everything before it is written; then this is told.
    Flush(Sender<()>),
}

impl Lines {
    fn new(writer: Option<Box<dyn Write + Send>>) -> Self {
        let Some(writer) = writer else {
            return Self {
                sender: None,
                thread: None,
            };
        };
        let (sender, receiver) = sync_channel(BACKLOG);
        let name = "access-log".to_owned();
        let thread = std::thread::Builder::new().name(name);
        let thread = thread.spawn(move || write(receiver, writer));
        Self {
            sender: thread.is_ok().then_some(sender),
            thread: thread.ok(),
        }
    }
}

impl AccessLog {
    /// Writes to `writer`, or nowhere.
    pub(crate) fn new(writer: Option<Box<dyn Write + Send>>) -> Self {
        Self(RwLock::new(Lines::new(writer)))
    }

    /// Writes to another from now on. Waits until what was taken before is written.
    pub(crate) fn replace(&self, writer: Option<Box<dyn Write + Send>>) {
        let mut lines = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *lines, Lines::new(writer));
        drop(lines);
        drop(before);
    }

    /// Writes a record. `false` when it had to be dropped.
    pub(crate) fn record(&self, record: &Record) -> bool {
        let lines = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = &lines.sender else {
            return true;
        };
        let mut line = serde_json::to_vec(record).expect("a record is JSON");
        line.push(b'\n');
        !matches!(
            sender.try_send(Entry::Line(line)),
            Err(TrySendError::Full(_))
        )
    }

    /// Waits until everything that was taken is written.
    pub(crate) fn flush(&self) {
        let (done, written) = channel();
        let lines = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let sender = lines.sender.clone();
        drop(lines);
        if let Some(sender) = sender
            && sender.send(Entry::Flush(done)).is_ok()
        {
            let _ = written.recv();
        }
    }
}

impl Drop for Lines {
    /// What was taken is written.
    fn drop(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Writes lines as they come, and flushes when no more wait. A writer that fails gets the next line
/// all the same: a full disk may be emptied.
fn write(entries: Receiver<Entry>, mut writer: Box<dyn Write + Send>) {
    let take = |entry, writer: &mut Box<dyn Write + Send>| match entry {
        Entry::Line(line) => drop(writer.write_all(&line)),
        Entry::Flush(done) => {
            let _ = writer.flush();
            let _ = done.send(());
        }
    };
    while let Ok(entry) = entries.recv() {
        take(entry, &mut writer);
        while let Ok(entry) = entries.try_recv() {
            take(entry, &mut writer);
        }
        let _ = writer.flush();
    }
}

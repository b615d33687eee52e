//! What the registry says of itself on standard error: lines for people on a terminal, JSON for
//! whoever collects them elsewhere.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use orlop_access::AccessEvent;
use orlop_registry::Notice;
use orlop_registry::config::LogFormat;
use orlop_registry::events::EventNotice;
use orlop_registry::upkeep::UpkeepNotice;
use serde_json::json;

use super::access_line;
use crate::printer::{Printer, Style};
use crate::units::size;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Info,
    Warning,
    Error,
}

/// Standard error, as a log. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Log {
    printer: Arc<Printer>,
    json: Arc<AtomicBool>,
}

impl Log {
    /// In this format, or in the one that fits where standard error goes.
    pub(super) fn new(printer: Arc<Printer>, format: Option<LogFormat>) -> Self {
        let log = Self {
            printer,
            json: Arc::default(),
        };
        log.set_format(format);
        log
    }

    /// The same for all clones, from now on.
    pub(super) fn set_format(&self, format: Option<LogFormat>) {
        let json = match format {
            Some(format) => format == LogFormat::Json,
            None => self.printer.look().stderr_size.is_none(),
        };
        self.json.store(json, Ordering::Relaxed);
    }

    fn is_json(&self) -> bool {
        self.json.load(Ordering::Relaxed)
    }

    pub(super) fn info(&self, message: impl AsRef<str>) {
        self.say(Level::Info, message.as_ref());
    }

    pub(super) fn warn(&self, message: impl AsRef<str>) {
        self.say(Level::Warning, message.as_ref());
    }

    pub(super) fn error(&self, message: impl AsRef<str>) {
        self.say(Level::Error, message.as_ref());
    }

    fn say(&self, level: Level, message: &str) {
        if self.is_json() {
            let level = match level {
                Level::Info => "info",
                Level::Warning => "warning",
                Level::Error => "error",
            };
            let time = Timestamp::now().to_string();
            let line = json!({ "time": time, "level": level, "message": message });
            self.printer.note(line);
            return;
        }
        let color = self.printer.look().stderr_color;
        let level = match level {
            Level::Info => String::new(),
            Level::Warning => format!("{} ", Style::Warning.paint(color, "WARNING:")),
            Level::Error => format!("{} ", Style::Error.paint(color, "Error:")),
        };
        self.printer
            .note(format_args!("{} {level}{message}", self.time()));
    }

    /// The time of day here.
    fn time(&self) -> String {
        let color = self.printer.look().stderr_color;
        let now = TimeZone::system().to_datetime(Timestamp::now());
        Style::Faint.paint(color, now.strftime("%H:%M:%S"))
    }

    /// Of the server.
    pub(super) fn notice(&self, notice: &Notice) {
        match notice {
            Notice::Listening { address, secure } => {
                let scheme = if *secure { "https" } else { "http" };
                self.info(format!("listening on {scheme}://{address}"));
            }
            Notice::TlsRead => self.info("the certificate was read again"),
            Notice::TlsRefused { reason } => {
                self.error(format!("the certificate stays as it was: {reason}"));
            }
            Notice::AcceptFailed { reason } => {
                self.error(format!("cannot take connections: {reason}"));
            }
            Notice::Panicked { request, reason } => {
                self.error(format!("request {request}: fault of the program: {reason}"));
            }
            Notice::Failed { request, reason } => {
                self.error(format!("request {request}: {reason}"));
            }
            Notice::Draining => self.info("stopping: finishing what runs"),
            Notice::CutOff { connections } => {
                self.warn(format!("{connections} connections were cut off"));
            }
            other => self.info(format!("{other:?}")),
        }
    }

    /// Of access.
    pub(super) fn access(&self, event: &AccessEvent) {
        match event {
            AccessEvent::UsersRead { users } => {
                self.info(format!("the file of users was read again: {users} users"));
            }
            AccessEvent::KeysRead { keys } => {
                self.info(format!(
                    "the token service's keys were read again: {keys} keys"
                ));
            }
            AccessEvent::FileRefused { reason } => {
                self.error(format!("what was read before stays: {reason}"));
            }
            AccessEvent::KeyMade { id } => self.info(format!("key {id} signs tokens from now on")),
            AccessEvent::KeyRemoved { id } => self.info(format!("key {id} was removed")),
            AccessEvent::Unwritten { reason } => self.warn(reason),
            other => self.info(format!("{other:?}")),
        }
    }

    /// Of webhooks and the audit log.
    pub(super) fn event(&self, notice: &EventNotice) {
        match notice {
            EventNotice::Undelivered {
                name,
                reason,
                failures,
                retry_in,
            } => self.warn(format!(
                "webhook {name}: {reason} (failure {failures}; next try in {:.1} s)",
                retry_in.as_secs_f64()
            )),
            EventNotice::Recovered { name, failures } => {
                self.info(format!(
                    "webhook {name}: delivered after {failures} failures"
                ));
            }
            EventNotice::Dropped { name, events } => {
                self.error(format!(
                    "webhook {name}: {events} events are too old and were dropped"
                ));
            }
            EventNotice::LogUnavailable { name, reason } => {
                self.error(format!("webhook {name}: {reason}"));
            }
            EventNotice::AuditFailed { reason } => self.error(format!("audit log: {reason}")),
            other => self.info(format!("{other:?}")),
        }
    }

    /// Of retention and collection. What changed nothing isn't told.
    pub(super) fn upkeep(&self, notice: &UpkeepNotice) {
        match notice {
            UpkeepNotice::Retained(report)
                if report.removed_tags + report.removed_manifests > 0 =>
            {
                let (tags, manifests) = (report.removed_tags, report.removed_manifests);
                self.info(format!(
                    "retention removed {tags} tags and {manifests} manifests"
                ));
            }
            UpkeepNotice::Collected(report) if report.freed.count > 0 => {
                let (count, bytes) = (report.freed.count, size(report.freed.bytes));
                self.info(format!("collection freed {count} blobs, {bytes}"));
            }
            UpkeepNotice::Failed { task, error } => self.error(format!("{task}: {error}")),
            _ => {}
        }
    }

    /// A stream for lines that are JSON already.
    pub(super) fn lines(&self) -> Lines {
        Lines(self.clone())
    }
}

/// A stream of JSON lines into the log. One line comes in one piece.
pub(super) struct Lines(Log);

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let Self(log) = self;
        let text = String::from_utf8_lossy(line);
        if log.is_json() {
            log.printer.diagnostic(&text);
        } else {
            for line in text.lines() {
                let now = log.time();
                let line = access_line::for_people(line);
                log.printer.note(format_args!("{now} {line}"));
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

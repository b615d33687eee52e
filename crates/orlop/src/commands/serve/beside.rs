//! What runs beside the server: housekeeping, upkeep, webhooks, the logs. A start and SIGHUP go the
//! same way: all that is wanted is prepared first, and then nothing fails any more.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use orlop_registry::Server;
use orlop_registry::config::{LogFormat, LogTarget, WebhookConfig};
use orlop_registry::events::{
    AuditLog, AuditTarget, EventObserver, LogFile, Pace, Reopen, Source, Webhook,
};
use orlop_registry::upkeep::{Upkeep, upkeep};
use orlop_registry_store::{HousekeepingError, Storage};
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use url::Url;

use super::Plan;
use super::log::Log;
use super::plan::config_fault;
use crate::app::App;
use crate::error::{CliError, CliResult};

/// What runs beside the server.
pub(super) struct Beside {
    storage: Storage,
    server: Server,
    log: Log,
    root: PathBuf,
    /// The registry as its events name it, until a restart.
    url: Url,
    /// Files of logs are opened again.
    reopen: Reopen,
    upkeep: watch::Sender<Upkeep>,
    webhooks: Vec<(WebhookConfig, JoinHandle<()>)>,
    audit: Option<Audit>,
    access_log: Option<LogTarget>,
    /// What no configuration changes.
    always: JoinSet<()>,
}

/// An audit log that is being written.
struct Audit {
    target: LogTarget,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// What shall run, prepared so that it will.
pub(super) struct Wanted {
    webhooks: Vec<(WebhookConfig, Option<Webhook>)>,
    source: Option<Source>,
    pulls: bool,
    /// When it is another than before.
    access_log: Option<(LogTarget, Option<Box<dyn Write + Send>>)>,
    audit: Option<(LogTarget, Option<AuditLog>)>,
    format: Option<LogFormat>,
    upkeep: Upkeep,
}

impl Beside {
    /// Begins with what always runs.
    ///
    /// # Errors
    /// There is no address that the registry could be named by.
    pub(super) fn new(
        plan: &Plan,
        storage: &Storage,
        server: &Server,
        log: &Log,
    ) -> CliResult<Self> {
        let url = plan.url(server.addresses())?;
        let (upkeep_now, what) = watch::channel(plan.config.upkeep());
        let mut always = JoinSet::new();
        always.spawn(housekeeping(storage.clone(), log.clone()));
        let told = log.clone();
        let observer = Arc::new(move |notice| told.upkeep(&notice));
        always.spawn(upkeep(storage.clone(), what, server.beside(), observer));
        Ok(Self {
            storage: storage.clone(),
            server: server.clone(),
            log: log.clone(),
            root: plan.root.clone(),
            url,
            reopen: Reopen::default(),
            upkeep: upkeep_now,
            webhooks: Vec::new(),
            audit: None,
            access_log: None,
            always,
        })
    }

    /// Opens files of logs again before their next line.
    pub(super) fn reopen(&self) {
        self.reopen.reopen();
    }

    /// Prepares what a configuration wants. Nothing of what runs is changed.
    ///
    /// # Errors
    /// A file can't be read or opened.
    pub(super) async fn prepare(&self, app: &App, plan: &Plan) -> CliResult<Wanted> {
        let config = &plan.config;
        let mut webhooks = Vec::new();
        for (index, webhook) in config.webhooks.iter().enumerate() {
            let made = match self.goes_on(webhook) {
                true => None,
                false => Some(self.webhook(app, webhook, index)?),
            };
            webhooks.push((webhook.clone(), made));
        }
        let source = match webhooks.iter().any(|(_, made)| made.is_some()) {
            true => Some(self.source(plan).await?),
            false => None,
        };
        let access_log = match self.access_log.as_ref() == Some(&config.log.access) {
            true => None,
            false => {
                let target = config.log.access.clone();
                let made = self.access_log(app, &target)?;
                Some((target, made))
            }
        };
        let audited = self.audit.as_ref().map_or(&LogTarget::Off, |a| &a.target);
        let audit = match *audited == config.log.audit {
            true => None,
            false => {
                let target = config.log.audit.clone();
                let made = self.audit_log(app, &target)?;
                Some((target, made))
            }
        };
        let begun = *self.upkeep.borrow();
        let Upkeep {
            keep_events,
            audited,
            ..
        } = config.upkeep();
        Ok(Wanted {
            webhooks,
            source,
            pulls: config.storage(&self.root).pull_events,
            access_log,
            audit,
            format: config.log.format,
            upkeep: Upkeep {
                keep_events,
                audited,
                ..begun
            },
        })
    }

    /// Lets all run that is wanted, and what isn't any more end.
    pub(super) async fn apply(&mut self, wanted: Wanted) {
        self.log.set_format(wanted.format);
        self.storage.set_pull_events(wanted.pulls);
        if let Some((target, writer)) = wanted.access_log {
            self.server.set_access_log(writer);
            self.access_log = Some(target);
        }
        if let Some((target, audit)) = wanted.audit {
            self.stop_audit().await;
            self.audit = audit.map(|audit| self.begin_audit(target, audit));
        }
        self.upkeep.send_replace(wanted.upkeep);
        let mut before = std::mem::take(&mut self.webhooks);
        for (config, made) in wanted.webhooks {
            let same = before.iter().position(|(old, _)| old.name == config.name);
            let running = same.map(|index| before.swap_remove(index).1);
            let task = match (made, running, &wanted.source) {
                (Some(webhook), running, Some(source)) => {
                    // What it was just sending comes again, with the same ID.
                    end(running).await;
                    let (storage, source) = (self.storage.clone(), source.clone());
                    let observer = self.observer();
                    tokio::spawn(webhook.deliver(storage, source, self.server.beside(), observer))
                }
                (_, Some(running), _) => running,
                _ => continue,
            };
            self.webhooks.push((config, task));
        }
        for (_, gone) in before {
            end(Some(gone)).await;
        }
    }

    /// Ends all of it, when nothing happens any more that it could tell of.
    ///
    /// # Errors
    /// The audit log can't be written to its end.
    pub(super) async fn stop(mut self, app: &App) -> CliResult {
        self.always.shutdown().await;
        for (_, webhook) in std::mem::take(&mut self.webhooks) {
            end(Some(webhook)).await;
        }
        let target = self.audit.as_ref().map(|audit| audit.target.clone());
        self.stop_audit().await;
        let audit = target.map(|target| self.audit_log(app, &target));
        if let Some(mut audit) = audit.transpose()?.flatten() {
            let caught_up = audit.catch_up(&self.storage).await;
            caught_up.map_err(|reason| CliError::new(reason).context("audit log"))?;
        }
        Ok(())
    }

    /// A webhook is as it was, and reads no file that may be another now.
    fn goes_on(&self, wanted: &WebhookConfig) -> bool {
        let files = [&wanted.authorization_file, &wanted.secret_file, &wanted.ca];
        files.iter().all(|file| file.is_none())
            && self.webhooks.iter().any(|(running, _)| running == wanted)
    }

    fn webhook(&self, app: &App, config: &WebhookConfig, index: usize) -> CliResult<Webhook> {
        let roots = app.trust_roots().load();
        let webhook = Webhook::new(config, index, &roots, Pace::default());
        webhook.map_err(|error| config_fault(app, &error))
    }

    async fn source(&self, plan: &Plan) -> CliResult<Source> {
        let source = Source::open(&self.storage, &self.url).await;
        source.map_err(|error| plan.fault(&error))
    }

    fn access_log(
        &self,
        app: &App,
        target: &LogTarget,
    ) -> CliResult<Option<Box<dyn Write + Send>>> {
        Ok(match target {
            LogTarget::Off => None,
            LogTarget::Stderr => Some(Box::new(self.log.lines())),
            LogTarget::File(path) => {
                Some(Box::new(self.log_file(app, "serve.log.access", path)?))
            }
        })
    }

    fn audit_log(&self, app: &App, target: &LogTarget) -> CliResult<Option<AuditLog>> {
        let target = match target {
            LogTarget::Off => return Ok(None),
            LogTarget::Stderr => AuditTarget::Stream(Box::new(self.log.lines())),
            LogTarget::File(path) => {
                AuditTarget::File(self.log_file(app, "serve.log.audit", path)?)
            }
        };
        Ok(Some(AuditLog::new(target)))
    }

    fn log_file(&self, app: &App, key: &str, path: &Path) -> CliResult<LogFile> {
        LogFile::open(path, self.reopen.clone()).map_err(|error| {
            let reason = format!("{}: {error}", path.display());
            app.layers.fault(key, &reason)
        })
    }

    fn begin_audit(&self, target: LogTarget, audit: AuditLog) -> Audit {
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            let _ = stopped.await;
        };
        let (storage, metrics) = (self.storage.clone(), self.server.beside());
        let task = tokio::spawn(audit.run(storage, metrics, self.observer(), stopped));
        Audit { target, stop, task }
    }

    async fn stop_audit(&mut self) {
        if let Some(Audit { stop, task, .. }) = self.audit.take() {
            // It has ended when nobody hears it.
            let _ = stop.send(());
            let _ = task.await;
        }
    }

    fn observer(&self) -> EventObserver {
        let log = self.log.clone();
        Arc::new(move |notice| log.event(&notice))
    }
}

async fn end(task: Option<JoinHandle<()>>) {
    if let Some(task) = task {
        task.abort();
        // It was given up, which is no error.
        let _ = task.await;
    }
}

async fn housekeeping(storage: Storage, log: Log) {
    let failed = |error: HousekeepingError| log.error(error.to_string());
    storage.housekeeping(failed).await;
}

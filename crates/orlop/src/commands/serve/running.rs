//! A registry from its start to its end: what is opened, what runs beside the server, and in which
//! order it ends.

use std::fs::{File, TryLockError};
use std::io::Write;
use std::sync::Arc;

use orlop_access::{AccessControl, SystemClock};
use orlop_registry::config::LogTarget;
use orlop_registry::events::{
    AuditLog, AuditTarget, EventObserver, LogFile, Pace, Reopen, Source, Webhook,
};
use orlop_registry::upkeep::upkeep;
use orlop_registry::{Server, ServerError, Sinks};
use orlop_registry_store::{Origin, Storage};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::task::JoinSet;

use super::check::access_fault;
use super::log::Log;
use super::plan::config_fault;
use super::reload::Reload;
use super::signals::Signals;
use super::{Plan, ServeArgs};
use crate::app::App;
use crate::commands::registry_record::{KeyLog, record};
use crate::error::{CliError, CliResult, chain};

/// Serves until a signal ends it.
///
/// # Errors
/// It can't be started.
pub(super) async fn run(app: &App, args: &ServeArgs, plan: Plan) -> CliResult {
    let signals = Signals::listen()?;
    let log = Log::new(app.printer.clone(), plan.config.log.format);
    raise_open_files();
    let reopen = Reopen::default();
    let storage = plan.open(app)?;
    let _only_one = lock(&plan)?;
    let mut keys = KeyLog::new(Origin::system());
    let access = open_access(app, &plan, &storage, &log, &keys).await?;
    let server = bind(app, &plan, &storage, &access, &log, &reopen).await?;
    announce(&plan, &server, &log);
    first_admin(app, &plan, &storage, &access, &server).await?;

    let mut beside = JoinSet::new();
    beside.spawn(housekeeping(storage.clone(), log.clone()));
    let observer = log.clone();
    let observer = Arc::new(move |notice| observer.upkeep(&notice));
    let metrics = server.beside();
    beside.spawn(upkeep(
        storage.clone(),
        plan.config.upkeep(),
        metrics.clone(),
        observer,
    ));
    webhooks(app, &plan, &storage, &server, &log, &mut beside).await?;
    let audit = audit_log(app, &plan, &log, &reopen)?;
    let keeps_audit = audit.is_some();
    if let Some(audit) = audit {
        beside.spawn(audit.run(storage.clone(), metrics, event_observer(&log)));
    }
    let (hangup, ended) = signals.split();
    let reload = Reload {
        app,
        plan: &plan,
        storage: &storage,
        args,
        server: &server,
        access: &access,
        log: &log,
        reopen: &reopen,
    };
    tokio::select! {
        () = server.run(ended) => {}
        () = reload.on(hangup) => {}
        () = keys.run(&storage, |error| log.error(error.to_string())) => {}
    }

    beside.shutdown().await;
    keys.catch_up(&storage).await?;
    if keeps_audit && let Some(mut audit) = audit_log(app, &plan, &log, &reopen)? {
        let caught_up = audit.catch_up(&storage).await;
        caught_up.map_err(|reason| CliError::new(reason).context("audit log"))?;
    }
    storage.flush().await.map_err(|error| plan.fault(&error))?;
    log.info("stopped");
    Ok(())
}

/// What keeps others from serving the folder, too: webhooks would be told everything twice. It is
/// gone with the process, however that ends.
fn lock(plan: &Plan) -> CliResult<File> {
    let path = plan.root.join("serve.lock");
    let context = |error: std::io::Error| CliError::from(error).context(path.display());
    let mut options = File::options();
    let options = options.create(true).truncate(false).write(true);
    let file = options.open(&path).map_err(context)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let served = format!("{} is being served already", plan.root.display());
            Err(CliError::new(served).hint("--root DIR names another folder"))
        }
        Err(TryLockError::Error(error)) => Err(context(error)),
    }
}

async fn open_access(
    app: &App,
    plan: &Plan,
    storage: &Storage,
    log: &Log,
    keys: &KeyLog,
) -> CliResult<AccessControl> {
    let log = log.clone();
    let opened = AccessControl::open(
        plan.config.access(),
        Arc::new(storage.clone()),
        Arc::new(SystemClock::default()),
        keys.observer(move |event| log.access(event)),
    );
    opened.await.map_err(|error| access_fault(app, &error))
}

async fn bind(
    app: &App,
    plan: &Plan,
    storage: &Storage,
    access: &AccessControl,
    log: &Log,
    reopen: &Reopen,
) -> CliResult<Server> {
    let access_log: Option<Box<dyn Write + Send>> = match &plan.config.log.access {
        LogTarget::Off => None,
        LogTarget::Stderr => Some(Box::new(log.lines())),
        LogTarget::File(path) => {
            let file = LogFile::open(path, reopen.clone());
            let fault = |error: std::io::Error| {
                let reason = format!("{}: {error}", path.display());
                app.layers.fault("serve.log.access", &reason)
            };
            Some(Box::new(file.map_err(fault)?))
        }
    };
    let observer = log.clone();
    let sinks = Sinks {
        access_log,
        observer: Some(Arc::new(move |notice| observer.notice(&notice))),
    };
    let options = plan.config.server();
    let bound = Server::bind(options, storage.clone(), access.clone(), sinks);
    bound.await.map_err(|error| match &error {
        ServerError::Listen { address, .. } => {
            let hint =
                format!("another program may have {address}; --listen names another address");
            CliError::new(chain(&error)).hint(hint)
        }
        ServerError::File { .. } | ServerError::Pem { .. } | ServerError::Tls(_) => {
            app.layers.fault("serve.tls", &chain(&error))
        }
        _ => CliError::new(chain(&error)),
    })
}

/// Says what is served, and what whoever started it may not want.
fn announce(plan: &Plan, server: &Server, log: &Log) {
    log.info(format!("registry in {}", plan.root.display()));
    for warning in plan.warnings(server.addresses()) {
        log.warn(warning);
    }
}

/// Makes the administrator that a first start needs. Its password is shown here and never again, and
/// in no log's format: it is for whoever started the registry.
async fn first_admin(
    app: &App,
    plan: &Plan,
    storage: &Storage,
    access: &AccessControl,
    server: &Server,
) -> CliResult {
    let made = access.first_admin().await;
    let Some(admin) = made.map_err(|error| access_fault(app, &error))? else {
        return Ok(());
    };
    let url = plan.url(server.addresses())?;
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    app.printer.note(format_args!(
        "\nThere is no administrator yet. Here is one; the password isn't shown again:\n\n  \
         user      {}\n  password  {}\n\n  orlop login -u {} {host}\n",
        admin.name,
        admin.password.expose(),
        admin.name
    ));
    let note = format!("administrator {} made", admin.name);
    record(storage, &note, &Origin::system()).await
}

async fn housekeeping(storage: Storage, log: Log) {
    let failed = |error: orlop_registry_store::HousekeepingError| log.error(error.to_string());
    storage.housekeeping(failed).await;
}

async fn webhooks(
    app: &App,
    plan: &Plan,
    storage: &Storage,
    server: &Server,
    log: &Log,
    beside: &mut JoinSet<()>,
) -> CliResult {
    if plan.config.webhooks.is_empty() {
        return Ok(());
    }
    let roots = app.trust_roots().load();
    let url = plan.url(server.addresses())?;
    let source = Source::open(storage, &url).await;
    let source = source.map_err(|error| plan.fault(&error))?;
    for (index, config) in plan.config.webhooks.iter().enumerate() {
        let webhook = Webhook::new(config, index, &roots, Pace::default());
        let webhook = webhook.map_err(|error| config_fault(app, &error))?;
        let observer = event_observer(log);
        let (storage, source) = (storage.clone(), source.clone());
        beside.spawn(webhook.deliver(storage, source, server.beside(), observer));
    }
    Ok(())
}

fn event_observer(log: &Log) -> EventObserver {
    let log = log.clone();
    Arc::new(move |notice| log.event(&notice))
}

fn audit_log(app: &App, plan: &Plan, log: &Log, reopen: &Reopen) -> CliResult<Option<AuditLog>> {
    let target = match &plan.config.log.audit {
        LogTarget::Off => return Ok(None),
        LogTarget::Stderr => AuditTarget::Stream(Box::new(log.lines())),
        LogTarget::File(path) => {
            let file = LogFile::open(path, reopen.clone()).map_err(|error| {
                let reason = format!("{}: {error}", path.display());
                app.layers.fault("serve.log.audit", &reason)
            })?;
            AuditTarget::File(file)
        }
    };
    Ok(Some(AuditLog::new(target)))
}

/// Lets as many files be open as the system allows: each connection is one, and each blob on its way.
fn raise_open_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where it isn't allowed, less has to do.
    let _ = setrlimit(Resource::Nofile, limit);
}

//! A registry from its start to its end: what is opened, in which order it begins and ends.

use std::fs::{File, TryLockError};
use std::sync::Arc;

use orlop_access::{AccessControl, SystemClock};
use orlop_registry::{Server, ServerError, Sinks};
use orlop_registry_store::{Origin, Storage};
use rustix::process::{Resource, getrlimit, setrlimit};

use super::beside::Beside;
use super::check::access_fault;
use super::log::Log;
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
    let storage = plan.open(app)?;
    let _only_one = lock(&plan)?;
    let mut keys = KeyLog::new(Origin::system());
    let access = open_access(app, &plan, &storage, &log, &keys).await?;
    let server = bind(app, &plan, &storage, &access, &log).await?;
    let mut beside = Beside::new(&plan, &storage, &server, &log)?;
    let wanted = beside.prepare(app, &plan).await?;
    announce(&plan, &server, &log);
    first_admin(app, &plan, &storage, &access, &server).await?;
    beside.apply(wanted).await;
    let (hangup, ended) = signals.split();
    let mut reload = Reload {
        app,
        plan: &plan,
        storage: &storage,
        args,
        server: &server,
        access: &access,
        log: &log,
        beside,
    };
    tokio::select! {
        () = server.run(ended) => {}
        () = reload.on(hangup) => {}
        () = keys.run(&storage, |error| log.error(error.to_string())) => {}
    }

    keys.catch_up(&storage).await?;
    reload.beside.stop(app).await?;
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
) -> CliResult<Server> {
    let observer = log.clone();
    let sinks = Sinks {
        // Comes with what runs beside.
        access_log: None,
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

/// Lets as many files be open as the system allows: each connection is one, and each blob on its way.
fn raise_open_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where it isn't allowed, less has to do.
    let _ = setrlimit(Resource::Nofile, limit);
}

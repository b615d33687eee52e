//! `registry …`: what there is to do about a registry beside serving it. Each command works on the
//! registry's folder itself, whether it is being served or not.

use std::sync::{Mutex, PoisonError};

use clap::{Args, Subcommand};
use orlop_registry_store::Storage;

use super::serve::{Plan, ServeArgs};
use super::{
    registry_gc, registry_import, registry_retention, registry_tokens, registry_users,
    registry_verify,
};
use crate::app::App;
use crate::error::{CliError, CliResult};
use crate::interrupt;
use crate::progress::Progress;

/// Arguments of `registry`.
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "The registry is the one that `orlop serve` would serve with the same --config and --root.\n\n\
        Examples:\n  orlop registry gc --dry-run\n  orlop registry verify --root /srv/registry"
)]
pub struct RegistryArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: RegistryCommand,
}

/// What can be done with a registry.
#[derive(Debug, Subcommand)]
pub enum RegistryCommand {
    /// Remove content that nothing needs any more
    Gc(registry_gc::GcArgs),
    /// Keep and remove tags by the rules of the configuration
    Retention(registry_retention::RetentionArgs),
    /// Read everything again, and name what is damaged and who needs it
    Verify(registry_verify::VerifyArgs),
    /// Adopt the folder of CNCF distribution or of zot
    Import(registry_import::ImportArgs),
    /// Manage the users of the password file
    Users(registry_users::UsersArgs),
    /// Manage robots: accounts for machines, each with a secret of its own
    #[command(visible_alias = "robots")]
    Tokens(registry_tokens::TokensArgs),
}

/// Runs it.
///
/// # Errors
/// Those of the command.
pub fn run(app: &App, args: RegistryArgs) -> CliResult {
    match args.command {
        RegistryCommand::Gc(args) => registry_gc::run(app, &args),
        RegistryCommand::Retention(args) => registry_retention::run(app, &args),
        RegistryCommand::Verify(args) => registry_verify::run(app, &args),
        RegistryCommand::Import(args) => registry_import::run(app, &args),
        RegistryCommand::Users(args) => registry_users::run(app, args),
        RegistryCommand::Tokens(args) => registry_tokens::run(app, args),
    }
}

/// A registry that is there.
pub(super) struct Existing {
    pub(super) plan: Plan,
    pub(super) storage: Storage,
}

impl Existing {
    /// Opens it.
    ///
    /// # Errors
    /// There is none, or it can't be opened.
    pub(super) fn open(app: &App) -> CliResult<Self> {
        let plan = Plan::new(app, &ServeArgs::default())?;
        let none = format!("there is no registry in {}", plan.root.display());
        let none = || CliError::new(none).hint("--root DIR names another folder");
        Self::of(app, plan)?.ok_or_else(none)
    }

    /// Opens it, if there is one.
    ///
    /// # Errors
    /// It can't be opened.
    pub(super) fn find(app: &App) -> CliResult<Option<Self>> {
        Self::of(app, Plan::new(app, &ServeArgs::default())?)
    }

    fn of(app: &App, plan: Plan) -> CliResult<Option<Self>> {
        if !plan.root.join("registry.db").is_file() {
            return Ok(None);
        }
        let storage = plan.open(app)?;
        Ok(Some(Self { plan, storage }))
    }
}

/// Runs an operation on a registry to its end, or until it is interrupted.
pub(super) fn work<T>(operation: impl Future<Output = CliResult<T>>) -> CliResult<T> {
    long_work(None, operation, || None)
}

/// The same with a display of its progress; `kept` says what there is of it when it is interrupted.
pub(super) fn long_work<T>(
    progress: Option<&Progress>,
    operation: impl Future<Output = CliResult<T>>,
    kept: impl FnOnce() -> Option<String>,
) -> CliResult<T> {
    let stopped = |cancel: orlop_image::Cancel| async move {
        tokio::select! {
            done = operation => done,
            () = cancel.cancelled() => Err(CliError::silent()),
        }
    };
    let done = interrupt::run(stopped, kept);
    if let Some(progress) = progress {
        progress.finish();
    }
    done
}

/// The latest of what was told of an operation, for its last words.
pub(super) struct Latest<T>(Mutex<Option<T>>);

impl<T: Clone> Latest<T> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(None))
    }

    pub(super) fn set(&self, value: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
    }

    pub(super) fn get(&self) -> Option<T> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

//! `registry users …`: the file of users and passwords.

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use orlop_access::{AccessControl, AccessError, SystemClock, UserFile};
use orlop_registry_store::{Origin, Storage};
use orlop_secret::Secret;

use super::registry::{Existing, work};
use super::registry_record::{KeyLog, origin, record};
use crate::app::App;
use crate::error::{CliError, CliResult, chain};
use crate::prompt::{ask_hidden, without_end};
use crate::terminal;

/// The longest password that is read, in bytes; bcrypt looks at 72.
const MAX_PASSWORD: u64 = 4096;

/// Arguments of `registry users`.
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:
  orlop registry users add alice
  pass registry/alice | orlop registry users passwd alice
  orlop registry users ls

The file is that of serve.access.htpasswd. A registry that is served sees changes within seconds. What is
done to users is written into the registry's log of events, of another --file with its path."
)]
pub struct UsersArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: UsersCommand,
    /// The file of users [default: serve.access.htpasswd]
    #[arg(long, value_name = "FILE", global = true)]
    pub file: Option<PathBuf>,
}

/// What can be done with users.
#[derive(Debug, Subcommand)]
pub enum UsersCommand {
    /// Add a user; the password is asked for, or read from stdin
    #[command(after_help = "Example:\n  orlop registry users add alice")]
    Add {
        /// The user's name
        name: String,
    },
    /// Give a user another password, which is asked for, or read from stdin
    #[command(after_help = "Example:\n  orlop registry users passwd alice")]
    Passwd {
        /// The user's name
        name: String,
    },
    /// Remove users
    #[command(
        visible_alias = "remove",
        after_help = "Example:\n  orlop registry users rm alice"
    )]
    Rm {
        /// Their names
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
    /// List users
    #[command(
        visible_alias = "list",
        after_help = "Example:\n  orlop registry users ls"
    )]
    Ls,
    /// Give the administrator of the first start another password, and show it
    #[command(after_help = "Example:\n  orlop registry users reset-admin")]
    ResetAdmin,
}

/// Runs it.
///
/// # Errors
/// The file can't be read or written, or there is no such user.
pub fn run(app: &App, args: UsersArgs) -> CliResult {
    if let UsersCommand::ResetAdmin = args.command {
        return reset_admin(app);
    }
    let configured = app.settings.serve.access.htpasswd.as_ref();
    let path = args.file.as_ref().or(configured).cloned().ok_or_else(|| {
        CliError::new("there is no file of users")
            .hint("set serve.access.htpasswd in the configuration, or use --file FILE")
    })?;
    let elsewhere = (configured != Some(&path)).then(|| path.clone());
    let file = UserFile::new(path);
    let names = file.names().map_err(failed)?;
    // Opened before anything is changed: what can't be written down isn't done.
    let log = match args.command {
        UsersCommand::Ls => None,
        _ => Log::open(app, elsewhere)?,
    };
    match args.command {
        UsersCommand::Add { name } => {
            if names.contains(&name) {
                return Err(CliError::new(format!("there is a user {name:?} already"))
                    .hint("`orlop registry users passwd` gives them another password"));
            }
            file.set(&name, &password(app)?).map_err(failed)?;
            written_down(log.as_ref(), &name, "added")
        }
        UsersCommand::Passwd { name } => {
            check_known(&name, &names)?;
            file.set(&name, &password(app)?).map_err(failed)?;
            written_down(log.as_ref(), &name, "got another password")
        }
        UsersCommand::Rm { names: gone } => {
            gone.iter().try_for_each(|name| check_known(name, &names))?;
            gone.iter().try_for_each(|name| {
                file.remove(name).map_err(failed)?;
                written_down(log.as_ref(), name, "removed")
            })
        }
        UsersCommand::Ls => names.iter().try_for_each(|name| app.printer.line(name)),
        UsersCommand::ResetAdmin => Ok(()),
    }
}

fn failed(error: AccessError) -> CliError {
    CliError::new(chain(&error))
}

/// The registry that writes down what is done to users, and who does it.
struct Log {
    storage: Storage,
    who: Origin,
    /// The file, when it isn't the registry's own as it is configured here: it may be served with
    /// another configuration, or come to be the registry's by being moved.
    elsewhere: Option<PathBuf>,
}

impl Log {
    /// `None` when there is no registry: the file may come before it.
    fn open(app: &App, elsewhere: Option<PathBuf>) -> CliResult<Option<Self>> {
        let elsewhere = elsewhere.map(std::path::absolute).transpose()?;
        let registry = Existing::find(app)?;
        Ok(registry.map(|found| Self {
            storage: found.storage,
            who: origin(app),
            elsewhere,
        }))
    }

    fn note(&self, user: &str, verb: &str) -> CliResult {
        let file = self.elsewhere.as_ref();
        let file = file.map_or_else(String::new, |path| format!(" in {}", path.display()));
        let note = format!("user {user} {verb}{file}");
        work(record(&self.storage, &note, &self.who))
    }
}

fn written_down(log: Option<&Log>, user: &str, verb: &str) -> CliResult {
    log.map_or(Ok(()), |log| log.note(user, verb))
}

fn check_known(name: &String, names: &[String]) -> CliResult {
    if names.contains(name) {
        return Ok(());
    }
    Err(CliError::new(format!("there is no user {name:?}")))
}

/// Asks twice at a terminal; else it is all of standard input.
fn password(app: &App) -> CliResult<Secret> {
    if !terminal::stdin_is_terminal() {
        let mut text = String::new();
        std::io::stdin()
            .take(MAX_PASSWORD)
            .read_to_string(&mut text)?;
        return Ok(Secret::new(without_end(&text)));
    }
    let first = Secret::new(ask_hidden(&app.printer, "Password: ")?.unwrap_or_default());
    let second = Secret::new(ask_hidden(&app.printer, "Again: ")?.unwrap_or_default());
    if first == second {
        Ok(first)
    } else {
        Err(CliError::new("the two passwords differ"))
    }
}

fn reset_admin(app: &App) -> CliResult {
    let Existing { plan, storage } = Existing::open(app)?;
    let admin = work(async {
        let accounts = Arc::new(storage.clone());
        let clock = Arc::new(SystemClock::default());
        let who = origin(app);
        let mut keys = KeyLog::new(who.clone());
        let observer = keys.observer(|_| {});
        let access = AccessControl::open(plan.config.access(), accounts, clock, observer).await;
        keys.catch_up(&storage).await?;
        let admin = access
            .map_err(failed)?
            .reset_admin()
            .await
            .map_err(failed)?;
        let note = format!("administrator {} got another password", admin.name);
        record(&storage, &note, &who).await?;
        Ok(admin)
    })?;
    app.printer.line(format_args!("user      {}", admin.name))?;
    app.printer
        .line(format_args!("password  {}", admin.password.expose()))
}

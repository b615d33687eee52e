//! `login`: asking a registry whether it takes a password, and keeping it.

use std::io::Read;

use clap::Args;
use orlop_distribution::{Credential, Keeper, LoginOutcome, registry_name};
use orlop_oci::DEFAULT_REGISTRY;

use crate::app::{App, address_of, registry_error};
use crate::error::{CliError, CliResult, chain};
use crate::interrupt;
use crate::prompt::{ask, ask_hidden, without_end};
use crate::terminal;

/// Arguments of `login`.
#[derive(Args, Clone)]
#[command(after_help = "Examples:
  orlop login
  orlop login -u me registry.example.com
  cat token | orlop login -u me --password-stdin ghcr.io")]
pub struct LoginArgs {
    /// The registry; Docker Hub when there is none
    #[arg(value_name = "SERVER")]
    pub server: Option<String>,
    /// Password or access token, or "-" to read it from stdin
    #[arg(short, long)]
    pub password: Option<String>,
    /// Take the password or access token from stdin
    #[arg(long)]
    pub password_stdin: bool,
    /// Username
    #[arg(short, long)]
    pub username: Option<String>,
}

impl std::fmt::Debug for LoginArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginArgs")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

/// Runs it.
///
/// # Errors
/// The registry doesn't take the password, or it cannot be kept.
pub fn run(app: &App, args: LoginArgs) -> CliResult {
    check(&args)?;
    let registry = registry_name(args.server.as_deref().unwrap_or(DEFAULT_REGISTRY));
    let credential = match given(app, &args)? {
        Some(credential) => credential,
        None => match log_in_again(app, &registry, &args)? {
            Some(outcome) => return keep(app, &outcome),
            None => asked(app, &registry, &args)?,
        },
    };
    let outcome = log_in(app, &registry, credential)?;
    keep(app, &outcome)
}

/// docker's rules for the flags (docker/cli `verifyLoginFlags`).
fn check(args: &LoginArgs) -> CliResult {
    let from_stdin = args.password_stdin || args.password.as_deref() == Some("-");
    let wrong = if args.password_stdin && args.password.as_deref().is_some_and(|p| p != "-") {
        "conflicting options: cannot specify both --password and --password-stdin"
    } else if from_stdin && args.username.is_none() {
        "the --password-stdin option requires --username to be set"
    } else if args.username.as_deref() == Some("") {
        "username is empty"
    } else if args.password.as_deref() == Some("") {
        "password is empty"
    } else {
        return Ok(());
    };
    Err(CliError::new(wrong))
}

/// What flags and standard input say, when that is enough.
fn given(app: &App, args: &LoginArgs) -> CliResult<Option<Credential>> {
    let Some(user) = &args.username else {
        return Ok(None);
    };
    if args.password_stdin || args.password.as_deref() == Some("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        let password = without_end(&text);
        if password.trim().is_empty() {
            return Err(CliError::new("password is empty"));
        }
        return Ok(Some(Credential::password(user, password)));
    }
    let Some(password) = &args.password else {
        return Ok(None);
    };
    app.printer
        .warn("Using --password via the CLI is insecure. Use --password-stdin.");
    Ok(Some(Credential::password(user, password.as_str())))
}

/// Without any flag the login that is kept is tried first.
fn log_in_again(app: &App, registry: &str, args: &LoginArgs) -> CliResult<Option<LoginOutcome>> {
    if args.username.is_some() || args.password.is_some() {
        return Ok(None);
    }
    let kept = app
        .credentials()
        .get(registry)
        .map_err(|error| CliError::new(chain(&error)))?;
    let Some(credential) = kept else {
        return Ok(None);
    };
    let user = credential
        .user()
        .map_or_else(String::new, |user| format!(" [Username: {user}]"));
    app.printer.note(format_args!(
        "Authenticating with existing credentials...{user}"
    ));
    app.printer
        .note("To login with a different account, run 'orlop logout' followed by 'orlop login'");
    match log_in(app, registry, credential) {
        Ok(outcome) => Ok(Some(outcome)),
        Err(error) => {
            app.printer
                .note(format_args!("Login did not succeed, error: {error}"));
            Ok(None)
        }
    }
}

fn asked(app: &App, registry: &str, args: &LoginArgs) -> CliResult<Credential> {
    if !terminal::stdin_is_terminal() {
        return Err(
            CliError::new("cannot perform an interactive login from a non-TTY device")
                .hint("use -u USER --password-stdin"),
        );
    }
    let user = match &args.username {
        Some(user) => user.clone(),
        None => {
            if registry == DEFAULT_REGISTRY {
                app.printer.line(
                    "Log in with your Docker ID or email address to push and pull images from Docker Hub.",
                )?;
            }
            ask(&app.printer, "Username: ")?
                .unwrap_or_default()
                .trim()
                .to_owned()
        }
    };
    if user.is_empty() {
        return Err(CliError::new("username is required"));
    }
    let password = match &args.password {
        Some(password) => password.clone(),
        None => ask_hidden(&app.printer, "Password: ")?.unwrap_or_default(),
    };
    if password.is_empty() {
        return Err(CliError::new("password is required"));
    }
    Ok(Credential::password(user, password))
}

fn log_in(app: &App, registry: &str, credential: Credential) -> CliResult<LoginOutcome> {
    let client = app.client(app.progress(false))?;
    interrupt::run(
        async |cancel| {
            tokio::select! {
                outcome = client.login(registry, credential) => {
                    outcome.map_err(|error| registry_error(&error).without_hints())
                }
                () = cancel.cancelled() => Err(CliError::silent()),
            }
        },
        || None,
    )
}

fn keep(app: &App, outcome: &LoginOutcome) -> CliResult {
    let keeper = app
        .credentials()
        .store(&outcome.registry, &outcome.credential)
        .map_err(|error| CliError::new(chain(&error)).context("error saving credentials"))?;
    if let Keeper::File(path) = keeper {
        app.printer.note("");
        app.printer.warn(format_args!(
            "Your credentials are stored unencrypted in '{}'.\n\
             Configure a credential helper to remove this warning. See\n\
             https://docs.docker.com/go/credential-store/\n",
            path.display()
        ));
    }
    if !outcome.checked {
        app.printer.note(format_args!(
            "{} lets everybody in and did not look at the password",
            address_of(&outcome.registry)
        ));
    }
    app.printer.line("Login Succeeded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_make_no_sense() {
        let args = |username: Option<&str>, password: Option<&str>, password_stdin| LoginArgs {
            server: None,
            password: password.map(str::to_owned),
            password_stdin,
            username: username.map(str::to_owned),
        };
        for (args, expected) in [
            (args(Some("u"), Some("p"), false), None),
            (args(None, None, false), None),
            (args(Some("u"), None, true), None),
            (args(Some("u"), Some("-"), false), None),
            (
                args(Some("u"), Some("p"), true),
                Some("conflicting options: cannot specify both --password and --password-stdin"),
            ),
            (
                args(None, None, true),
                Some("the --password-stdin option requires --username to be set"),
            ),
            (args(Some(""), None, false), Some("username is empty")),
            (args(Some("u"), Some(""), false), Some("password is empty")),
        ] {
            let error = check(&args).err();
            assert_eq!(error.as_ref().map(CliError::message), expected);
            assert!(!format!("{args:?}").contains("\"p\""));
        }
    }
}

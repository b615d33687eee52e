//! `unshare`: a shell, or a command, in the namespace that a user's images are unpacked in (as
//! `podman unshare`). What is mounted in it is seen there, and nowhere else.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitStatus};

use clap::Args;
use rustix::process::{Pid, Signal, kill_process};
use tokio::signal::unix::{SignalKind, signal};

use crate::app::App;
use crate::environment::UNSHARED;
use crate::error::{CliError, CliResult, ErrorKind};
use crate::rootless;

/// Arguments of `unshare`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop unshare
  orlop unshare sh -c 'orlop mount alpine:3.20 mnt && ls mnt'
  orlop unshare rm -r files-that-belong-to-others")]
pub struct UnshareArgs {
    /// What to run, in place of the user's shell
    #[arg(
        value_name = "COMMAND",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub command: Vec<OsString>,
}

/// Runs it.
///
/// # Errors
/// There is no namespace, or the command can't be run or fails.
pub fn run(app: &App, args: UnshareArgs) -> CliResult {
    if app.env.is_root() {
        return Err(
            CliError::new("root needs no namespace to unpack and mount images")
                .hint("run the command itself"),
        );
    }
    let outermost = !app.env.is_unshared();
    if outermost {
        let entered = rootless::enter()?;
        if let Some(note) = entered.note {
            let text = format!("Note: all files belong to the user: {note}\n");
            app.printer.diagnostic(&text);
        }
    }
    let mut words = args.command.into_iter();
    let program = words.next().unwrap_or_else(|| {
        let shell = app.env.get("SHELL").unwrap_or("/bin/sh");
        shell.into()
    });
    let mut command = Command::new(&program);
    command
        .args(words)
        .env(UNSHARED, "1")
        .env("ORLOP_ROOT", &app.settings.root);
    let ended = wait(command)?;
    if outermost && app.settings.root.join("snapshots").exists() {
        app.images()?.unmount_all()?;
    }
    match ended {
        Ok(status) => code_of(status),
        Err(error) => {
            let code = if error.kind() == io::ErrorKind::NotFound {
                127
            } else {
                126
            };
            let message = format!("{}: {error}", program.display());
            Err(CliError::of(ErrorKind::Command { code }, message))
        }
    }
}

/// Runs a command to its end. Signals that the terminal sends to both are for it alone, and one that asks us
/// to end is passed on: what was mounted has to be cleared away afterwards.
fn wait(mut command: Command) -> CliResult<io::Result<ExitStatus>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let kinds = [
            SignalKind::interrupt(),
            SignalKind::quit(),
            SignalKind::hangup(),
        ];
        let _ignored = kinds.map(signal);
        let mut asked = signal(SignalKind::terminate())?;
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => return Ok(Err(error)),
        };
        let process = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let mut ended = tokio::task::spawn_blocking(move || child.wait());
        loop {
            tokio::select! {
                ended = &mut ended => {
                    let panic = |error: tokio::task::JoinError| {
                        std::panic::resume_unwind(error.into_panic())
                    };
                    return Ok(ended.unwrap_or_else(panic));
                }
                _ = asked.recv() => {
                    if let Some(process) = process {
                        let _ = kill_process(process, Signal::TERM);
                    }
                }
            }
        }
    })
}

/// Passes on how a command ended.
fn code_of(status: ExitStatus) -> CliResult {
    let signal = || status.signal().map(|signal| 128 + signal);
    match status.code().or_else(signal).unwrap_or(1) {
        0 => Ok(()),
        code => {
            let code = u8::try_from(code).unwrap_or(1);
            Err(CliError::of(ErrorKind::Command { code }, ""))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_command_ended() {
        let code = |raw| code_of(ExitStatus::from_raw(raw)).map_err(|error| error.exit_code());
        assert_eq!(code(0), Ok(()));
        assert_eq!(code(7 << 8), Err(7));
        assert_eq!(code(9), Err(137));
    }
}

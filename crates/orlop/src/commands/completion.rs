//! `completion`: scripts that complete commands and flags in a shell.

use clap::Args;
use clap_complete::Shell;

use crate::app::App;
use crate::cli;
use crate::error::CliResult;

/// Arguments of `completion`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop completion bash > /etc/bash_completion.d/orlop
  orlop completion zsh > \"${fpath[1]}/_orlop\"
  orlop completion fish > ~/.config/fish/completions/orlop.fish")]
pub struct CompletionArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
}

/// Runs it.
///
/// # Errors
/// The script cannot be written.
pub fn run(app: &App, args: &CompletionArgs) -> CliResult {
    app.printer.bytes(&script(args.shell))
}

/// The script for a shell.
pub fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::command(), "orlop", &mut script);
    script
}

//! `scout db verify`: whether the database is whole.

use clap::Args;
use orlop_scout::Advisories;

use crate::app::App;
use crate::error::{CliError, CliResult};

/// Arguments of `scout db verify`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "A scan checks what it reads; this checks what no scan has read yet, too.

Example:
  orlop scout db verify"
)]
pub struct ScoutDbVerifyArgs {
    /// Print only what is wrong
    #[arg(short, long)]
    pub quiet: bool,
}

/// Runs it.
///
/// # Errors
/// There is no database, or it is damaged.
pub fn run(app: &App, args: &ScoutDbVerifyArgs) -> CliResult {
    let own = Advisories::of(&app.settings.root);
    let database = own.open()?;
    if let Err(error) = database.verify() {
        let damages = database.damages();
        let error = orlop_scout::Error::from(error);
        let hint = error.hint();
        let text = match damages.is_empty() {
            true => error.to_string(),
            false => format!("{error}; lost are {}", damages.join(", ")),
        };
        let error = CliError::new(text).context(own.path().display());
        return Err(match hint {
            Some(hint) => error.hint(hint),
            None => error,
        });
    }
    if args.quiet {
        return Ok(());
    }
    app.printer
        .line(format_args!("sha256:{}: whole", database.digest()))
}

//! `scout db status`: what the database holds.

use clap::Args;
use jiff::Timestamp;
use orlop_scout::Advisories;

use crate::app::App;
use crate::error::{CliError, CliResult, ErrorKind};
use crate::format::Template;
use crate::scanning;
use crate::view::advisories;

/// A table of two lists, and not of one: it takes no template of its own.
const FORMAT_HELP: &str = "Format output using a custom template:
'table':            Print output in table format (default)
'json':             Print in JSON format
'TEMPLATE':         Print output using the given Go template";

/// Arguments of `scout db status`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "What is older than scout.stale_after of the configuration is called stale.

Examples:
  orlop scout db status
  orlop scout db status --format '{{range .Ecosystems}}{{println .Name .State}}{{end}}'"
)]
pub struct ScoutDbStatusArgs {
    #[arg(long, help = FORMAT_HELP, value_name = "FORMAT")]
    #[expect(missing_docs, reason = "the help says it")]
    pub format: Option<String>,
}

/// Runs it.
///
/// # Errors
/// There is no database, it can't be used, or the format makes no sense.
pub fn run(app: &App, args: &ScoutDbStatusArgs) -> CliResult {
    let own = Advisories::of(&app.settings.root);
    let database = own.open()?;
    let stale_before = scanning::stale_before(app);
    let object = advisories::object(&own.path(), &database, stale_before);
    let template = match args.format.as_deref() {
        None | Some("" | "table") => {
            return app
                .printer
                .text(advisories::table(&object, Timestamp::now()));
        }
        Some("json") => "{{json .}}",
        Some(template) => template,
    };
    let template = Template::parse(template)
        .map_err(|error| CliError::of(ErrorKind::Template, error.message()))?;
    app.printer.line(template.render(&object)?)
}

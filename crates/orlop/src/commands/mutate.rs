//! `mutate`: other settings for an image, without unpacking it.

use clap::Args;
use orlop_image::edit::Operation;
use orlop_oci::Platform;
use orlop_oci::edit::{Changes, Setting};

use crate::app::App;
use crate::editing::{self, EditArgs};
use crate::error::{CliError, CliResult};

/// Arguments of `mutate`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "NAME- in place of NAME=VALUE takes it away. An annotation `index:NAME=VALUE` is one of the index,
all others are of the manifests. A new entrypoint without --cmd takes the arguments away.
Attestations of what is changed are left out: they spoke of what was before.

Examples:
  orlop mutate --env DEBUG=1 --label stage=test -t registry.example.com/app:debug registry.example.com/app:v1
  orlop mutate --entrypoint '[\"/bin/app\",\"--verbose\"]' --user nobody registry.example.com/app:v1
  orlop mutate --annotation org.opencontainers.image.source=https://example.com/app store:app:v1"
)]
pub struct MutateArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "they say it themselves")]
    pub image: EditArgs,
    /// Set a variable
    #[arg(short, long, value_name = "NAME=VALUE")]
    pub env: Vec<Setting>,
    /// Set a label
    #[arg(short, long, value_name = "NAME=VALUE")]
    pub label: Vec<Setting>,
    /// Set an annotation
    #[arg(short, long, value_name = "[index:]NAME=VALUE")]
    pub annotation: Vec<String>,
    /// Set the program: words with commas between them, or a list in JSON; empty for none
    #[arg(long, value_name = "WORDS")]
    pub entrypoint: Option<String>,
    /// Set its arguments, likewise
    #[arg(long, value_name = "WORDS")]
    pub cmd: Option<String>,
    /// Set where it starts; empty for nowhere special
    #[arg(short, long, value_name = "DIR")]
    pub workdir: Option<String>,
    /// Set as whom it starts; empty for root
    #[arg(short, long, value_name = "USER")]
    pub user: Option<String>,
    /// Set all its ports; empty for none
    #[arg(long, value_name = "PORTS")]
    pub exposed_ports: Option<String>,
    /// Say that it runs on another platform: os/arch[/variant]
    #[arg(long, value_name = "PLATFORM")]
    pub set_platform: Option<Platform>,
}

/// Runs it.
///
/// # Errors
/// A change makes no sense, the image isn't there, or its new place doesn't take it.
pub fn run(app: &App, args: &MutateArgs) -> CliResult {
    let mut index = Vec::new();
    let mut annotations = Vec::new();
    for text in &args.annotation {
        let (list, text) = match text.strip_prefix("index:") {
            Some(text) => (&mut index, text),
            None => (&mut annotations, text.as_str()),
        };
        list.push(text.parse::<Setting>().map_err(CliError::new)?);
    }
    let words = |text: &Option<String>| text.as_deref().map(words).transpose();
    let changes = Changes {
        env: args.env.clone(),
        labels: args.label.clone(),
        annotations,
        entrypoint: words(&args.entrypoint)?,
        cmd: words(&args.cmd)?,
        working_dir: args.workdir.clone(),
        user: args.user.clone(),
        exposed_ports: words(&args.exposed_ports)?,
        platform: args.set_platform.clone(),
    };
    if changes == Changes::default() && index.is_empty() {
        return Err(CliError::new("nothing is to be changed").hint("see `orlop mutate --help`"));
    }
    let operation = Operation::Change {
        changes: Box::new(changes),
        index,
    };
    editing::run(app, args.image.quiet, async |editing| {
        editing.edit(&args.image, operation).await
    })
}

/// Words with commas between them, or a list in JSON.
fn words(text: &str) -> CliResult<Vec<String>> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    if text.starts_with('[') {
        return serde_json::from_str(text).map_err(|error| {
            CliError::new(format!("{text:?} is no list of texts in JSON: {error}"))
        });
    }
    Ok(text.split(',').map(str::to_owned).collect())
}

//! `explore`: an image's layers and files in a terminal, its wasted space for a build's checks, or all of
//! it as JSON. Flags, files, words and exit codes are dive's.

mod rule_file;
mod rules;
mod screen;

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use orlop_archive::NewFile;
use orlop_image::look::{ImageFiles, steps};
use orlop_oci::Platform;
use orlop_tui::{Explorer, LayerLine, Subject};

use crate::app::App;
use crate::error::{CliError, CliResult};
use crate::view::{dive_json, dive_report};
use crate::{looking, units};
use rules::{RuleTexts, Rules};

/// The file that rules are read from when it is there.
const RULE_FILE: &str = ".dive-ci";

/// Arguments of `explore`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Keys: Tab goes from pane to pane, arrows move. In the layers ^L shows what the selected layer changed,
^A what all up to it did. In the files Space folds, ^Space folds all, ^F filters by a regular
expression; ^A, ^R, ^M and ^U hide what was added, removed, modified or not, ^O sorts by size, ^B
shows modes and owners. q or ^C ends.

Efficiency and wasted space are what dive says. With --ci (or CI=true in the environment) they are
checked against rules, and the exit code is 1 when one fails. A rule is a number, or `disabled`; it is
taken from a flag, else from .dive-ci, else it is dive's.

An IMAGE is looked for in the store, and then at its registry, from which nothing is kept. It may
also be docker://NAME, oci:DIR[:NAME], oci-archive:FILE[:NAME], docker-archive:FILE[:NAME].

Examples:
  orlop explore alpine:3.20
  orlop explore --ci --lowestEfficiency 0.95 --highestWastedBytes 20MB app:v1
  orlop explore --json - oci-archive:app.tar"
)]
pub struct ExploreArgs {
    /// What to explore
    #[arg(value_name = "IMAGE")]
    pub image: String,
    /// Check the image against rules instead of showing it
    #[arg(long)]
    pub ci: bool,
    /// File with the rules (default .dive-ci, if it is there)
    #[arg(long, value_name = "FILE")]
    pub ci_config: Option<PathBuf>,
    /// With --ci: fail when the efficiency is lower, between 0 and 1 (default 0.9)
    #[arg(long = "lowestEfficiency", value_name = "RATIO")]
    pub lowest_efficiency: Option<String>,
    /// With --ci: fail when more is wasted, as 20MB (default disabled)
    #[arg(long = "highestWastedBytes", value_name = "BYTES")]
    pub highest_wasted_bytes: Option<String>,
    /// With --ci: fail when a larger part of what the image adds to its base is wasted (default 0.1)
    #[arg(long = "highestUserWastedPercent", value_name = "RATIO")]
    pub highest_user_wasted_percent: Option<String>,
    /// Write layers, files and wasted space as JSON instead of showing them; - is standard output
    #[arg(short, long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Explore the image of this platform: os[/arch[/variant]]
    #[arg(long)]
    pub platform: Option<Platform>,
}

/// Runs it.
///
/// # Errors
/// The image can't be read, a rule fails or makes no sense, or there is no terminal.
pub fn run(app: &App, args: ExploreArgs) -> CliResult {
    let asked_by_environment = matches!(app.env.get("CI"), Some("true" | "1" | "yes"));
    let rules = match args.json.is_none() && (args.ci || asked_by_environment) {
        true => Some(read_rules(&args)?),
        false => None,
    };
    if rules.is_none() && args.json.is_none() {
        need_terminal()?;
    }
    let image = looking::look(app, &[&args.image], args.platform.clone(), true)?;
    let Some(image) = image.into_iter().next() else {
        return Ok(());
    };
    if let Some(path) = &args.json {
        return write_json(app, &image, path);
    }
    match rules {
        Some(rules) => check(app, &image, &rules),
        None => screen::run(Explorer::new(subject(&args.image, &image))),
    }
}

fn need_terminal() -> CliResult {
    if std::io::stdout().is_terminal() {
        return Ok(());
    }
    Err(
        CliError::new("explore: standard output is no terminal").hint(
            "--ci checks the image, --json - prints all of it, `orlop history --files` lists the files",
        ),
    )
}

fn read_rules(args: &ExploreArgs) -> CliResult<Rules> {
    let mut texts = RuleTexts::default();
    let file = args.ci_config.as_deref();
    if let Some(file) = file.or_else(|| Path::new(RULE_FILE).exists().then(|| Path::new(RULE_FILE)))
    {
        rule_file::read(file, &mut texts)?;
    }
    let typed = [
        (&args.lowest_efficiency, &mut texts.lowest_efficiency),
        (&args.highest_wasted_bytes, &mut texts.highest_wasted_bytes),
        (
            &args.highest_user_wasted_percent,
            &mut texts.highest_user_wasted_percent,
        ),
    ];
    for (typed, text) in typed {
        if let Some(typed) = typed {
            text.clone_from(typed);
        }
    }
    Rules::parse(&texts)
}

fn check(app: &App, image: &ImageFiles, rules: &Rules) -> CliResult {
    let waste = image.tree().waste();
    let rulings = rules.check(&waste);
    let color = app.printer.look().stdout_color;
    let report = dive_report::text(&waste, &rulings, color);
    app.printer.text(report)?;
    match dive_report::passes(&rulings) {
        true => Ok(()),
        false => Err(CliError::new("evaluation failed")),
    }
}

fn write_json(app: &App, image: &ImageFiles, path: &Path) -> CliResult {
    let text = format!("{:#}\n", dive_json::object(image));
    if path == Path::new("-") {
        return app.printer.text(text);
    }
    let failed = |error: orlop_archive::Error| CliError::from(orlop_image::Error::from(error));
    let mut file = NewFile::create(path, 0o644).map_err(failed)?;
    file.write_all(text.as_bytes())
        .map_err(|error| CliError::from(error).context(format_args!("write {}", path.display())))?;
    file.place().map_err(failed)
}

fn subject(name: &str, image: &ImageFiles) -> Subject {
    let tree = image.tree();
    let steps = steps(&image.config, image.layers.len());
    let steps = steps.into_iter().filter(|step| step.layer.is_some());
    let layers = image.layers.iter().zip(&image.manifest.layers).zip(steps);
    Subject {
        name: name.to_owned(),
        waste: tree.waste(),
        tree,
        layers: layers
            .map(|((files, descriptor), step)| LayerLine {
                command: dive_json::command(&step).to_owned(),
                digest: descriptor.digest.to_string(),
                diff_id: files.diff_id.to_string(),
                size: files.size,
                compressed: descriptor.size,
            })
            .collect(),
        size: units::size,
    }
}

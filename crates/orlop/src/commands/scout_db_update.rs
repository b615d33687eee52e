//! `scout db update`: the database from what publishers have now.

use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use orlop_image::event::EventSink;
use orlop_scout::{Advisories, SourceOutcome, SourceState, UpdateOptions, Updated};

use crate::app::App;
use crate::error::{CliError, CliResult};
use crate::interrupt;
use crate::units;
use crate::view::advisories;

/// So many sources are named that failed for the same reason.
const SHOWN: usize = 3;

/// Arguments of `scout db update`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "What is fetched, and from which mirror, the keys scout.* of the configuration say (`orlop config
--help`). Sources are kept in the store's folder, and fetched again only when they have changed. In
place of one that can't be fetched its last good copy is used, which is warned of; where none can be
fetched, or one without a copy while the database was imported or pulled, the database stays what it
is and the exit code is 1.

Examples:
  orlop scout db update
  orlop scout db update --set 'scout.ecosystems=[\"Debian\", \"PyPI\"]'
  orlop scout db update --set 'scout.urls.osv=\"https://mirror.example.com/osv\"'"
)]
pub struct ScoutDbUpdateArgs {
    /// Print only the database's digest
    #[arg(short, long)]
    pub quiet: bool,
}

/// Runs it.
///
/// # Errors
/// Nothing could be fetched, or the database can't be written.
pub fn run(app: &App, args: &ScoutDbUpdateArgs) -> CliResult {
    let own = Advisories::of(&app.settings.root);
    let wanted = app.settings.advisories.files();
    let sources = wanted.map_err(|(key, why)| app.layers.fault(&format!("scout.{key}"), &why))?;
    let bases = &app.settings.base_images;
    if sources.is_empty() && bases.is_empty() {
        return Err(CliError::new(
            "there is nothing to fetch: scout.sources is empty",
        ));
    }
    let progress = app.progress(args.quiet);
    let client = app.client(progress.clone())?;
    let events: Arc<dyn EventSink> = Arc::new(progress.clone());
    let options = UpdateOptions {
        parallel: app.settings.parallel_downloads,
        now: now(),
    };
    let updated = interrupt::run(
        async |cancel| {
            let updated = own.update(&sources, bases, &client, options, &events, &cancel);
            Ok(updated.await?)
        },
        || Some("the database is what it was, and whole sources are kept".to_owned()),
    );
    progress.finish();
    let Updated { built, outcomes } = updated?;
    tell(app, &outcomes);
    let Some(built) = built else {
        if outcomes.iter().any(|outcome| outcome.state.is_current()) {
            return Err(CliError::new(
                "some sources can't be fetched and there is no copy of them: the database, which was imported or pulled, is what it was",
            )
            .hint("what could be fetched is kept for the next update; scout.sources and scout.ecosystems name what is fetched"));
        }
        return Err(CliError::new(
            "no source of advisories could be fetched: the database is what it was",
        )
        .hint("scout.urls names mirrors; `orlop scout db import` reads files, `orlop scout db pull` a registry"));
    };
    advisories::warnings(&built)
        .iter()
        .for_each(|line| app.printer.warn(line));
    if args.quiet {
        return app.printer.line(built.digest);
    }
    let is = |wanted: fn(&SourceState) -> bool| {
        let states = outcomes.iter().map(|outcome| &outcome.state);
        states.filter(|state| wanted(state)).count()
    };
    app.printer.note(format_args!(
        "{} fetched, {} unchanged, {} failed",
        is(|state| matches!(state, SourceState::Fetched(_))),
        is(|state| matches!(state, SourceState::Unchanged)),
        is(|state| matches!(state, SourceState::Failed { .. })),
    ));
    app.printer.text(advisories::summary(&built))
}

/// Now, in whole seconds.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// Warns of what couldn't be fetched: once for all that failed for the same reason.
fn tell(app: &App, outcomes: &[SourceOutcome]) {
    let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
    for outcome in outcomes {
        let SourceState::Failed { error, kept } = &outcome.state else {
            continue;
        };
        let instead = match kept {
            Some(kept) => {
                let ago = units::ago(*kept, Timestamp::now());
                format!("the copy of {}, {ago}, is used", kept.strftime("%Y-%m-%d"))
            }
            None => "there is no older copy".to_owned(),
        };
        let reason = format!(
            "can't be fetched: {}; {instead}",
            crate::error::chain(error)
        );
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) => names.push(&outcome.name),
            None => reasons.push((reason, vec![&outcome.name])),
        }
    }
    for (reason, names) in reasons {
        let names = match names.as_slice() {
            [name] => (*name).to_owned(),
            [names @ .., last] if names.len() < SHOWN => {
                format!("{} and {last}", names.join(", "))
            }
            names => format!(
                "{} and {} others",
                names[..SHOWN].join(", "),
                names.len() - SHOWN
            ),
        };
        app.printer.warn(format_args!("{names} {reason}"));
    }
}

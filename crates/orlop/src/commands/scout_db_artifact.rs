//! `scout db push`, `scout db pull`: the database as an artifact in a registry.

use std::sync::Arc;

use clap::Args;
use orlop_image::event::EventSink;
use orlop_oci::Reference;
use orlop_scout::Advisories;

use crate::app::App;
use crate::error::CliResult;
use crate::interrupt;

/// Arguments of `scout db push`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "The artifact has the type application/vnd.orlop.advisories.v1 and one layer, the file as it is. The
same database is always the same artifact.

Examples:
  orlop scout db push registry.example.com/scout/advisories
  orlop scout db push registry.example.com/scout/advisories:2026-01"
)]
pub struct ScoutDbPushArgs {
    /// Where to
    #[arg(value_name = "NAME[:TAG]")]
    pub name: Reference,
    /// Print only the artifact's digest
    #[arg(short, long)]
    pub quiet: bool,
}

/// Arguments of `scout db pull`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "What was pulled takes the database's place only when all of it is right; the same database again
costs one look at the registry.

Examples:
  orlop scout db pull registry.example.com/scout/advisories
  orlop scout db pull registry.example.com/scout/advisories:2026-01"
)]
pub struct ScoutDbPullArgs {
    /// Where from
    #[arg(value_name = "NAME[:TAG|@DIGEST]")]
    pub name: Reference,
    /// Print only the name
    #[arg(short, long)]
    pub quiet: bool,
}

/// Pushes.
///
/// # Errors
/// There is no database or it is damaged, or the registry doesn't take it.
pub fn push(app: &App, args: &ScoutDbPushArgs) -> CliResult {
    let own = Advisories::of(&app.settings.root);
    let progress = app.progress(args.quiet);
    let client = app.client(progress.clone())?;
    let events: Arc<dyn EventSink> = Arc::new(progress.clone());
    let name = args.name.clone().with_default_tag();
    let remote = client.repository(name.repository());
    let pushed = interrupt::run(
        async |cancel| Ok(own.push(&remote, &name, &events, &cancel).await?),
        || None,
    );
    progress.finish();
    let manifest = pushed?;
    if args.quiet {
        return app.printer.line(manifest.digest());
    }
    let label = name.tag().unwrap_or_else(|| manifest.digest().as_str());
    app.printer.line(format_args!(
        "{label}: digest: {} size: {}",
        manifest.digest(),
        manifest.bytes().len()
    ))
}

/// Pulls.
///
/// # Errors
/// It isn't there, or is no database that can be used: then the database is what it was.
pub fn pull(app: &App, args: &ScoutDbPullArgs) -> CliResult {
    let own = Advisories::of(&app.settings.root);
    let progress = app.progress(args.quiet);
    let client = app.client(progress.clone())?;
    let events: Arc<dyn EventSink> = Arc::new(progress.clone());
    let name = args.name.clone().with_default_tag();
    let remote = client.repository(name.repository());
    let pulled = interrupt::run(
        async |cancel| Ok(own.pull(&remote, &name, &events, &cancel).await?),
        || Some("the database is what it was".to_owned()),
    );
    progress.finish();
    let pulled = pulled?;
    if args.quiet {
        return app.printer.line(&name);
    }
    let what = match pulled.is_new {
        true => "Downloaded newer advisory database from",
        false => "Advisory database is up to date with",
    };
    app.printer.line(format_args!(
        "Digest: {}\nStatus: {what} {}\nDatabase: {}, built {}",
        pulled.manifest,
        name.familiar(),
        pulled.digest,
        pulled.built.strftime("%Y-%m-%d %H:%M UTC")
    ))
}

//! `scout cache`: what scans keep to save time.

use clap::{Args, Subcommand};
use orlop_scout::{Cache, CacheUsage};
use unicode_width::UnicodeWidthStr as _;

use crate::app::App;
use crate::error::CliResult;
use crate::prompt::confirm;
use crate::scanning;
use crate::units;

/// Arguments of `scout cache`.
#[derive(Args, Clone, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "What was found in a layer is kept in the store, by the layer's diff ID, and serves every image that
has the layer. It goes with the last image of the store that has it.

Examples:
  orlop scout cache df
  orlop scout cache prune --sboms"
)]
pub struct ScoutCacheArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: CacheCommand,
}

/// What can be done.
#[derive(Clone, Debug, Subcommand)]
pub enum CacheCommand {
    /// Show disk usage
    #[command(after_help = "Example:
  orlop scout cache df")]
    Df,
    /// Remove temporary or cached data
    Prune(CachePruneArgs),
}

/// Arguments of `scout cache prune`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Temporary data is what nobody needs any more: databases of older formats, what an update left that
was killed, and SBOMs that an older version of the program made.

Examples:
  orlop scout cache prune
  orlop scout cache prune --sboms --force"
)]
pub struct CachePruneArgs {
    /// Do not prompt for confirmation
    #[arg(short, long)]
    pub force: bool,
    /// Prune cached SBOMs
    #[arg(long)]
    pub sboms: bool,
}

/// Runs it.
///
/// # Errors
/// The store can't be read or changed.
pub fn run(app: &App, args: &ScoutCacheArgs) -> CliResult {
    match &args.command {
        CacheCommand::Df => df(app),
        CacheCommand::Prune(args) => prune(app, args),
    }
}

fn df(app: &App) -> CliResult {
    let images = app.images()?;
    let usage = Cache::of(images.store()).usage()?;
    let root = images.store().root().display().to_string();
    app.printer.text(shown(&usage, &root))
}

fn prune(app: &App, args: &CachePruneArgs) -> CliResult {
    let question = match args.sboms {
        true => "Are you sure to delete all temporary data and all cached SBOMs?",
        false => "Are you sure to delete all temporary data?",
    };
    if !args.force && !confirm(&app.printer, question)? {
        return Ok(());
    }
    let images = app.images()?;
    let cache = Cache::of(images.store());
    let mut reclaimed = cache.prune_temporary()?;
    scanning::status(app, true, "temporary data deleted");
    if args.sboms {
        reclaimed += cache.prune_sboms()?;
        scanning::status(app, true, "cached SBOMs deleted");
    }
    app.printer.line(format_args!(
        "Total reclaimed space: {}",
        units::size4(reclaimed)
    ))
}

/// As docker scout shows it (docker/scout-cli, `docs/scout_cache_df.md`).
fn shown(usage: &CacheUsage, root: &str) -> String {
    let mut temporary: Vec<(String, u64)> = usage.temporary.clone();
    temporary.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    let mut sboms: Vec<(String, u64)> = usage
        .images
        .iter()
        .map(|(digest, bytes)| (digest.to_string(), *bytes))
        .collect();
    for ((count, bytes), what) in [
        (usage.others, "image that isn't in the store"),
        (usage.layers, "layer"),
    ] {
        match count {
            0 => {}
            1 => sboms.push((format!("1 {what}"), bytes)),
            _ if what == "layer" => sboms.push((format!("{count} layers"), bytes)),
            _ => sboms.push((format!("{count} images that aren't in the store"), bytes)),
        }
    }
    let mut text = format!("Temporary data is located at:\n  {root}/scout\n\n");
    text.push_str(&table(["Name", "Size"], &temporary));
    text.push_str(&total(usage.temporary_bytes()));
    text.push_str(&format!(
        "\n\nCached SBOMs are located at:\n  {root}/orlop.db\n\n"
    ));
    text.push_str(&table(["Image Digest", "Size of SBOM"], &sboms));
    text.push_str(&total(usage.sbom_bytes()));
    text
}

fn total(bytes: u64) -> String {
    format!("Total: {}\n", units::size(bytes))
}

/// A table with a line below its heads; nothing where it has no rows.
fn table([first, second]: [&str; 2], rows: &[(String, u64)]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let widest = rows.iter().map(|(name, _)| name.width()).max();
    let width = widest.unwrap_or_default().max(first.len());
    let mut text = format!("  {first:width$} │ {second}\n");
    text.push_str(&format!(
        "{}┼{}\n",
        "─".repeat(width + 3),
        "─".repeat(second.len() + 2)
    ));
    for (name, bytes) in rows {
        let gap = width.saturating_sub(name.width());
        let size = units::size(*bytes);
        text.push_str(&format!("  {name}{:gap$} │ {size}\n", ""));
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use orlop_oci::Digest;

    use super::*;

    #[test]
    fn what_takes_how_much_is_shown_as_docker_scout_does() {
        assert_eq!(
            shown(&CacheUsage::default(), "/r"),
            "Temporary data is located at:\n  /r/scout\n\nTotal: 0B\n\n\n\
             Cached SBOMs are located at:\n  /r/orlop.db\n\nTotal: 0B\n"
        );
        let digest = Digest::of(b"a");
        let usage = CacheUsage {
            temporary: vec![("/r/scout/advisories-v0.db".to_owned(), 21_000)],
            images: vec![(digest.clone(), 42_000)],
            others: (2, 2000),
            layers: (1, 1_000_000),
        };
        let line = format!("{}┼──────────────", "─".repeat(74));
        let expected = [
            "Temporary data is located at:",
            "  /r/scout",
            "",
            "  Name                      │ Size",
            "────────────────────────────┼──────",
            "  /r/scout/advisories-v0.db │ 21kB",
            "",
            "Total: 21kB",
            "",
            "",
            "Cached SBOMs are located at:",
            "  /r/orlop.db",
            "",
            &format!("  {:71} │ Size of SBOM", "Image Digest"),
            &line,
            &format!("  {digest} │ 42kB"),
            &format!("  {:71} │ 2kB", "2 images that aren't in the store"),
            &format!("  {:71} │ 1MB", "1 layer"),
            "",
            "Total: 1.04MB",
            "",
        ];
        assert_eq!(shown(&usage, "/r"), expected.join("\n"));
    }
}

//! `images`, `image ls`: what is in the store.

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use orlop_image::Images;
use orlop_image::model::ImageSummary;

use crate::app::App;
use crate::error::{CliError, CliResult};
use crate::filter::{Filters, LIST_KEYS, is_dangling};
use crate::format::LIST_HELP;
use crate::view::{image_rows, image_tree};

/// Arguments of `images`.
#[derive(Args, Clone, Debug, Default)]
#[command(after_help = "Examples:
  orlop images
  orlop images --tree 'ghcr.io/*/*'
  orlop images --filter dangling=true -q
  orlop images --format 'table {{.Repository}}\\t{{.Tag}}\\t{{.Size}}'")]
pub struct ImagesArgs {
    /// Only images of this name; `*` stands for anything but a slash
    #[arg(value_name = "REPOSITORY[:TAG]")]
    pub name: Option<String>,
    /// Show all images, also those that --tree hides because they have no name
    #[arg(short, long)]
    pub all: bool,
    /// Show digests
    #[arg(long)]
    pub digests: bool,
    /// Filter output: before=, dangling=, label=, reference=, since=, until=
    #[arg(short, long, value_name = "FILTER")]
    pub filter: Vec<String>,
    #[arg(long, help = LIST_HELP, value_name = "FORMAT")]
    #[expect(missing_docs, reason = "the help says it")]
    pub format: Option<String>,
    /// Don't truncate output
    #[arg(long)]
    pub no_trunc: bool,
    /// Only show image IDs
    #[arg(short, long)]
    pub quiet: bool,
    /// List images with their platforms as a tree
    #[arg(long)]
    pub tree: bool,
}

/// The commands that someone who types `orlop images ls` may have meant.
const IMAGE_COMMANDS: &[&str] = &[
    "history", "inspect", "list", "ls", "prune", "pull", "push", "rm", "tag",
];

/// Runs `images`, which someone may have typed for `image`.
///
/// # Errors
/// As [`run`].
pub fn run_by_its_short_name(app: &App, args: ImagesArgs) -> CliResult {
    let name = args.name.clone();
    let shown = run(app, args)?;
    if let Some(name) = name
        && shown == 0
        && IMAGE_COMMANDS.contains(&name.as_str())
    {
        app.printer.note(format_args!(
            "No images found matching {name:?}: did you mean \"orlop image {name}\"?"
        ));
    }
    Ok(())
}

/// Lists images, and says how many.
///
/// # Errors
/// The store cannot be read, or a filter or format makes no sense.
pub fn run(app: &App, args: ImagesArgs) -> CliResult<usize> {
    refuse_with_tree(&args)?;
    let mut filters = Filters::parse(&args.filter, LIST_KEYS)?;
    if let Some(name) = &args.name {
        filters.add("reference", name);
    }
    let mut images = select(&app.images()?, &filters, wants_sharing(&args))?;
    if args.tree {
        if !args.all && filters.dangling()?.is_none() {
            images.retain(|image| !is_dangling(image));
        }
        let look = app.printer.look();
        app.printer.text(image_tree::render(
            &images,
            look.stdout_width,
            look.stdout_color,
        ))?;
        return Ok(images.len());
    }
    let options = image_rows::Options {
        digests: args.digests,
        format_has_digest: args
            .format
            .as_deref()
            .is_some_and(|f| f.contains(".Digest")),
        no_trunc: args.no_trunc,
        now: Timestamp::now(),
        zone: TimeZone::system(),
    };
    let listing = image_rows::listing(&images, &options);
    let text = match args.format.as_deref() {
        None | Some("table") if args.quiet => listing.column("ID"),
        Some(format)
            if format.starts_with("table ") && args.digests && !options.format_has_digest =>
        {
            listing.render(Some(&format!("{format}\t{{{{.Digest}}}}")))?
        }
        format => listing.render(format)?,
    };
    app.printer.text(text)?;
    Ok(images.len())
}

/// The images that pass, with the names that pass.
fn select(store: &Images, filters: &Filters, sharing: bool) -> CliResult<Vec<ImageSummary>> {
    let created_of = |name: &str| Ok(store.inspect(name, None)?.summary.created);
    let predicate = filters.predicate(Timestamp::now(), &created_of)?;
    let mut images = if sharing {
        store.list_with_shared_sizes()?
    } else {
        store.list()?
    };
    images.retain_mut(|image| predicate(image) && filters.keep_names(image));
    Ok(images)
}

/// Whether what images share is asked for: it takes longer than the rest of the list.
fn wants_sharing(args: &ImagesArgs) -> bool {
    let format = args.format.as_deref().unwrap_or_default();
    ["json", "SharedSize", "UniqueSize"]
        .iter()
        .any(|asked| format.contains(asked))
}

fn refuse_with_tree(args: &ImagesArgs) -> CliResult {
    let wrong = match args {
        ImagesArgs { tree: false, .. } => return Ok(()),
        ImagesArgs { quiet: true, .. } => "--quiet",
        ImagesArgs { no_trunc: true, .. } => "--no-trunc",
        ImagesArgs { digests: true, .. } => "--digests",
        ImagesArgs {
            format: Some(_), ..
        } => "--format",
        _ => return Ok(()),
    };
    Err(CliError::new(format!(
        "{wrong} is not yet supported with --tree"
    )))
}

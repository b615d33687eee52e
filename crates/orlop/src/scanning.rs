//! What is scanned, and with which advisories: what the commands of `scout` have in common.

use std::path::Path;
use std::sync::Arc;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use orlop_image::event::EventSink;
use orlop_image::{Images, ObserverFactory, PullOptions};
use orlop_oci::{Platform, Reference};
use orlop_sbom::ScanOptions;
use orlop_scout::{Advisories, Base, Indexed, Indexer, JudgeOptions, Source};
use orlop_vuln::database::Database;

use crate::app::App;
use crate::config::ProgressMode;
use crate::error::{CliError, CliResult, chain};
use crate::interrupt;
use crate::looking::Reading;
use crate::printer::Style;
use crate::view::file_words::one_line;
use crate::view::quickview;

/// How what is scanned may be named.
pub(crate) const TARGET_HELP: &str = "An IMAGE is looked for in the store, and then at its registry, from which nothing is kept but what its
layers hold. Without one it is the image that was most recently built, pulled or loaded. It may also
be local://NAME, registry://NAME, oci-dir://DIR, archive://FILE, fs://DIRECTORY or fs://FILE, and
sbom://FILE, or sbom:// for standard input.";

/// What to scan.
#[derive(Args, Clone, Debug, Default)]
pub struct Target {
    /// Image, directory or SBOM to scan
    #[arg(value_name = "IMAGE|DIRECTORY|ARCHIVE")]
    pub what: Option<String>,
    /// Scan the image of this platform: os[/arch[/variant]]
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<Platform>,
    /// Name of the image meant, where an archive or layout holds several
    #[arg(long = "ref", value_name = "NAME")]
    pub reference: Option<Reference>,
    /// Look for what is only declared too: lock files
    #[arg(long)]
    pub declared: bool,
}

/// Finds out what is in it. `quiet` keeps to itself how it was found out.
///
/// # Errors
/// It isn't there, or can't be read.
pub(crate) fn index(app: &App, target: &Target, quiet: bool) -> CliResult<Indexed> {
    Ok(scan(app, target, quiet)?.1)
}

/// The same, with what can tell more of it.
///
/// # Errors
/// As [`index`].
pub(crate) fn scan(app: &App, target: &Target, quiet: bool) -> CliResult<(Indexer, Indexed)> {
    let source: Source = match &target.what {
        Some(what) => what
            .parse()
            .map_err(|error| CliError::usage(chain(&error)))?,
        None => Source::Local(newest(app)?),
    };
    // Where no terminal is, the answer is all that is wanted.
    let is_terminal = app.printer.look().stderr_size.is_some();
    let is_shown = is_terminal || app.settings.progress != ProgressMode::Auto;
    let progress = app.progress(quiet || !is_shown);
    let indexer = Indexer {
        images: store(app, &source)?,
        client: app.client(progress.clone())?,
        platform: app.platform(target.platform.clone()),
        reference: target.reference.clone(),
        scan: ScanOptions {
            declared: target.declared,
        },
        bounds: app.settings.bounds.clone(),
        scratch: std::env::temp_dir(),
    };
    let events: Arc<dyn EventSink> = Arc::new(Reading::shown_on(progress.clone()));
    let indexed = interrupt::run(
        async |cancel| Ok(indexer.index(&source, &events, &cancel).await?),
        || Some("what was found in whole layers is kept".to_owned()),
    );
    progress.finish();
    let indexed = indexed?;
    tell_faults(app, &indexed);
    if !quiet {
        tell_indexed(app, &indexed);
    }
    Ok((indexer, indexed))
}

/// The image that what was scanned stands on.
///
/// # Errors
/// The store, the database or the provenance can't be read.
pub(crate) fn base(
    indexer: &Indexer,
    indexed: &Indexed,
    database: &Database,
) -> CliResult<Option<Base>> {
    interrupt::run(
        async |cancel| Ok(indexer.base(indexed, Some(database), &cancel).await?),
        || None,
    )
}

/// The store, for what it holds and to keep what is found in layers. Where there is none yet and none is
/// needed, one that can't be made is done without.
fn store(app: &App, source: &Source) -> CliResult<Option<Images>> {
    let is_there = || Ok::<_, CliError>(app.known_sources()?.is_some());
    match source {
        Source::Image(_) | Source::Local(_) => Ok(Some(app.images()?)),
        Source::Directory(_) | Source::Document(_) => Ok(None),
        _ if is_there()? => Ok(Some(app.images()?)),
        _ => Ok(app.images().ok()),
    }
}

/// A line of what an image stands on, and who says so.
pub(crate) fn tell_base(app: &App, base: &Base) {
    status(app, true, &quickview::base_line(base));
}

/// Who looks for packages while layers are unpacked: nobody, unless the configuration wishes it.
pub(crate) fn observers(app: &App, images: &Images) -> ObserverFactory {
    match app.settings.index_on_pull {
        true => orlop_scout::observers(images.store(), ScanOptions::default()),
        false => PullOptions::default().observers,
    }
}

/// A line of what was done: `    ✓ …`, `    ✗ …`.
pub(crate) fn status(app: &App, is_good: bool, text: &str) {
    let color = app.printer.look().stderr_color;
    let sign = match is_good {
        true => Style::Good.paint(color, '✓'),
        false => Style::Error.paint(color, '✗'),
    };
    app.printer.note(format_args!("    {sign} {text}"));
}

/// That a report is in a file.
pub(crate) fn tell_written(app: &App, file: Option<&Path>, quiet: bool) {
    if let Some(file) = file.filter(|_| !quiet) {
        let file = orlop_layer::printable(file.as_os_str().as_encoded_bytes());
        status(app, true, &format!("Report written to {file}"));
    }
}

fn tell_indexed(app: &App, indexed: &Indexed) {
    let count = counted(indexed.sbom.packages.len(), "package");
    match (&indexed.image, indexed.was_cached) {
        (Some(_), true) => {
            let text = format!("SBOM of image already cached, {count} indexed");
            status(app, true, &text);
        }
        _ => status(app, true, &format!("Indexed {count}")),
    }
}

/// A file that can't be read hides packages: that is said whatever the format.
fn tell_faults(app: &App, indexed: &Indexed) {
    const SHOWN: usize = 10;
    let faults = &indexed.sbom.faults;
    for fault in faults.iter().take(SHOWN) {
        app.printer.warn(one_line(&fault.to_string()));
    }
    if let Some(more) = faults.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let more = counted(more, "more file");
        app.printer.warn(format_args!(
            "{more} couldn't be read; `orlop scout sbom --format json` lists them"
        ));
    }
}

/// `1 package`, `2 packages`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {}", plural(what)),
    }
}

fn plural(what: &str) -> String {
    match what.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{what}s"),
    }
}

/// The database of advisories.
///
/// # Errors
/// There is none, or it can't be used.
pub(crate) fn database(app: &App) -> CliResult<Database> {
    Ok(Advisories::of(&app.settings.root).open()?)
}

/// How advisories are judged: as of a time, or as of now.
pub(crate) fn judge_options(app: &App, as_of: Option<Timestamp>) -> JudgeOptions {
    JudgeOptions {
        as_of,
        // What was known at a time doesn't age.
        stale_before: match as_of {
            Some(_) => None,
            None => stale_before(app),
        },
    }
}

/// Data from before this time is stale; none is where everything is younger than any time.
pub(crate) fn stale_before(app: &App) -> Option<Timestamp> {
    let age = SignedDuration::try_from(app.settings.stale_after).ok()?;
    Timestamp::now().checked_sub(age).ok()
}

/// The image that came into the store last.
fn newest(app: &App) -> CliResult<String> {
    let images = app.images()?;
    let store = images.store();
    let newest = store.newest_image().map_err(|it| app.store_error(&it))?;
    let Some(image) = newest else {
        return Err(CliError::new("no image was named, and the store has none")
            .hint("`orlop scout cves IMAGE` names one"));
    };
    let id = image.target.digest;
    let names = store.names_of(&id).map_err(|it| app.store_error(&it))?;
    let tagged = names.iter().find(|name| name.digest().is_none());
    Ok(tagged.map_or_else(|| id.to_string(), Reference::familiar))
}

impl From<orlop_scout::Error> for CliError {
    fn from(error: orlop_scout::Error) -> Self {
        if let orlop_scout::Error::Image(error) = error {
            return error.into();
        }
        let hint = error.hint();
        let error = Self::new(chain(&error)).detail(&error);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// Reads the time of `--as-of`: a day, whose end is meant, or a time with its zone.
pub(crate) fn parse_as_of(text: &str) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    let day: jiff::civil::Date = text.parse().map_err(|_| {
        format!("{text:?} is no date: 2026-01-31, or 2026-01-31T12:00:00Z, is meant")
    })?;
    let end = day.tomorrow().and_then(|next| {
        jiff::tz::Offset::UTC.to_timestamp(next.to_datetime(jiff::civil::Time::midnight()))
    });
    let end = end.map_err(|_| format!("{text:?} is out of range"))?;
    Ok(end - SignedDuration::from_nanos(1))
}

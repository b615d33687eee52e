//! `pin`: digests for the image references of files.
//!
//! Everything is read and everything looked up before the first file is written: one name that can't
//! be looked up leaves all files as they are.

mod changes;
mod files;
mod names;
mod report;

use clap::Args;
use orlop_image::Cancel;
use orlop_pin::{Image, Kind, State};

use crate::app::App;
use crate::error::{CliError, CliResult};
use crate::filter::matches;
use crate::interrupt;
use files::SourceFile;
use names::Names;

/// Arguments of `pin`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Rewrites image references to NAME:TAG@DIGEST, in Dockerfiles, compose files, Kubernetes objects and
GitHub workflows; everything else in a file stays as it is, to the byte. The digest is that of the
whole index, so that every platform is pinned. In a Dockerfile the defaults of ARGs are followed;
variables whose values come from elsewhere are told and left alone.

Of a directory these are taken: Dockerfile*, Containerfile*, compose files, YAML files that look
like one of these, and .github/workflows; not the directories in it.

--check fails when a reference has no digest. Together with --update it also fails when a tag has
moved on. Neither writes anything.

Examples:
  orlop pin Dockerfile compose.yaml
  orlop pin --check .
  orlop pin --update --dry-run .
  orlop pin --type kubernetes - < deploy.yaml | kubectl apply -f -")]
pub struct PinArgs {
    /// Files, directories, or - for standard input to standard output
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<String>,
    /// Fail when a reference isn't pinned, and write nothing
    #[arg(long, conflicts_with = "dry_run")]
    pub check: bool,
    /// Renew digests whose tags have moved
    #[arg(short, long)]
    pub update: bool,
    /// Show what would change as a unified diff, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Take digests from this store instead of registries
    #[arg(long)]
    pub local: bool,
    /// Read the files as dockerfile, compose, kubernetes or workflow
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Option<Kind>,
    /// Leave these references alone; `*` stands for anything but a slash
    #[arg(long, value_name = "PATTERN")]
    pub ignore: Vec<String>,
    /// Say nothing of what was done
    #[arg(short, long)]
    pub quiet: bool,
}

impl PinArgs {
    /// The reference is to be looked at.
    fn wants(&self, image: &Image) -> bool {
        !self.ignore.iter().any(|pattern| {
            matches(pattern, &image.text)
                || image
                    .reference()
                    .is_some_and(|name| crate::filter::matches_reference(pattern, name))
        })
    }

    /// Its name has to be looked up.
    fn looks_up(&self, image: &Image) -> bool {
        let due = if self.check {
            self.update && image.is_pinned()
        } else {
            self.update || !image.is_pinned()
        };
        due && self.wants(image) && image.tagged().is_some()
    }
}

/// Runs it.
///
/// # Errors
/// A file can't be read or written, a name can't be looked up, or a check fails.
pub fn run(app: &App, args: &PinArgs) -> CliResult {
    let files = files::gather(&args.files, args.kind)?;
    let images = || files.iter().flat_map(|file| &file.images);
    let progress = app.progress(args.quiet);
    let wanted = images()
        .filter(|image| args.looks_up(image))
        .filter_map(Image::tagged)
        .collect();
    let names = if args.local {
        Names::of_store(&app.images()?, wanted)?
    } else {
        let client = app.client(progress.clone())?;
        let parallel = app.settings.parallel_downloads;
        interrupt::run(
            async |cancel: Cancel| Names::of_registries(client, wanted, parallel, &cancel).await,
            || None,
        )?
    };
    progress.finish();
    refuse_unknown(app, args, &files, &names)?;
    if args.check {
        return check(app, args, &files, &names);
    }
    tell_unresolved(app, args, &files);
    let rewritten = rewrite(args, &files, &names)?;
    if args.dry_run {
        let pairs = files.iter().zip(&rewritten);
        return pairs
            .map(|(file, text)| report::diff(&file.shown, &file.text, text))
            .try_for_each(|diff| app.printer.text(diff));
    }
    for (file, text) in files.iter().zip(&rewritten) {
        file.write(app, text)?;
    }
    if args.quiet {
        return Ok(());
    }
    report_changes(app, args, &files, &names)
}

/// Each name that couldn't be looked up, and then no more.
fn refuse_unknown(app: &App, args: &PinArgs, files: &[SourceFile], names: &Names) -> CliResult {
    let mut unknown = Vec::new();
    for file in files {
        for image in file.images.iter().filter(|image| args.looks_up(image)) {
            if let Some(error) = image.tagged().and_then(|name| names.error(&name)) {
                unknown.push(error.context(format_args!("{}:{}", file.shown, image.at.line)));
            }
        }
    }
    let Some(last) = unknown.pop() else {
        return Ok(());
    };
    unknown.iter().for_each(|error| app.printer.error(error));
    Err(last.hint("nothing was written; --ignore NAME leaves a reference out"))
}

/// `--check`: a line for each reference that isn't as it should be.
fn check(app: &App, args: &PinArgs, files: &[SourceFile], names: &Names) -> CliResult {
    let mut fine = true;
    for file in files {
        for image in file.images.iter().filter(|image| args.wants(image)) {
            let now = image.tagged().and_then(|name| names.digest(&name));
            if let Some(fault) = report::fault(image, now) {
                let (path, line) = (&file.shown, image.at.line);
                app.printer.line(format_args!("{path}:{line}: {fault}"))?;
                fine = false;
            }
        }
    }
    if fine {
        Ok(())
    } else {
        Err(CliError::silent())
    }
}

/// What can't be pinned is no failure, but nobody should think that it was.
fn tell_unresolved(app: &App, args: &PinArgs, files: &[SourceFile]) {
    for file in files {
        for image in file.images.iter().filter(|image| args.wants(image)) {
            if let State::Unresolved { why } = &image.state {
                let (path, line, text) = (&file.shown, image.at.line, &image.text);
                app.printer
                    .warn(format_args!("{path}:{line}: {text} is not pinned: {why}"));
            }
        }
    }
}

/// The new texts.
fn rewrite(args: &PinArgs, files: &[SourceFile], names: &Names) -> CliResult<Vec<String>> {
    let digest_of = |image: &Image| {
        let name = image.tagged().filter(|_| args.looks_up(image))?;
        names.digest(&name).cloned()
    };
    files
        .iter()
        .map(|file| {
            orlop_pin::rewrite(file.kind, &file.text, digest_of)
                .map_err(|error| files::unreadable(&file.shown, &error))
        })
        .collect()
}

/// What was done, on standard output, or beside it when that is the file.
fn report_changes(app: &App, args: &PinArgs, files: &[SourceFile], names: &Names) -> CliResult {
    let moves = changes::moves(app, args, files, names)?;
    for file in files {
        let mut told = Vec::new();
        for image in file.images.iter().filter(|image| args.looks_up(image)) {
            let now = image.tagged().and_then(|name| names.digest(&name));
            let Some(lines) = now.and_then(|now| report::change(image, now, &moves)) else {
                continue;
            };
            // An ARG that two stages use is one reference of the file.
            if told.contains(&(image.at, lines.clone())) {
                continue;
            }
            let line = format!("{}:{}: {lines}", file.shown, image.at.line);
            if file.path.is_some() {
                app.printer.line(line)?;
            } else {
                app.printer.note(line);
            }
            told.push((image.at, lines));
        }
    }
    Ok(())
}

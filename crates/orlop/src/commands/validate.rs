//! `validate`: whether an image is what it says of itself.

use std::sync::Arc;

use clap::Args;
use orlop_distribution::Client;
use orlop_image::event::EventSink;
use orlop_image::{Cancel, ValidateOptions, Validated, validate};
use orlop_oci::Platform;
use serde_json::json;

use crate::app::App;
use crate::error::{CliError, CliResult};
use crate::format::indented_json;
use crate::interrupt;
use crate::place::Place;
use crate::units;

/// Arguments of `validate`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Looked at are each manifest, configuration and layer: digest, size, type, that a layer is an archive
and has the diff ID of the configuration, that history and layers agree, that an index says of its
manifests' platforms what their configurations say; and what speaks of the image: that it is there
and does. Each fault is a line, and the exit code is 1. An archive, a layout or the store needn't
have all platforms of an image.

A PLACE is a NAME (or docker://NAME) in a registry, oci:DIR[:NAME], oci-archive:FILE[:NAME],
docker-archive:FILE[:NAME], or store:NAME.

Examples:
  orlop validate registry.example.com/app:v1
  orlop validate --fast --platform linux/arm64 alpine:3.20
  orlop validate --json oci-archive:app.tar"
)]
pub struct ValidateArgs {
    /// What to look at
    pub place: Place,
    /// Don't read layers: only ask whether they are there, and how long
    #[arg(long)]
    pub fast: bool,
    /// Only the manifest of this platform: os[/arch[/variant]]
    #[arg(long)]
    pub platform: Option<Platform>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Print only what is wrong
    #[arg(short, long)]
    pub quiet: bool,
}

/// Runs it.
///
/// # Errors
/// Something is wrong, or it can't be looked at.
pub fn run(app: &App, args: &ValidateArgs) -> CliResult {
    let progress = app.progress(args.quiet || args.json);
    let client = app.client(progress.clone())?;
    let events: Arc<dyn EventSink> = Arc::new(progress.clone());
    let report = interrupt::run(
        async |cancel| {
            tokio::select! {
                report = look(app, &client, args, &events, &cancel) => report,
                () = cancel.cancelled() => Err(CliError::silent()),
            }
        },
        || None,
    );
    progress.finish();
    let report = report?;
    match args.json {
        true => app.printer.line(indented_json(&object(&report, args)))?,
        false => print(app, &report, args)?,
    }
    match report.findings.is_empty() {
        true => Ok(()),
        false => Err(CliError::silent()),
    }
}

async fn look(
    app: &App,
    client: &Client,
    args: &ValidateArgs,
    events: &Arc<dyn EventSink>,
    cancel: &Cancel,
) -> CliResult<Validated> {
    let found = args.place.find(app, client).await?;
    let options = ValidateOptions {
        platform: args.platform.clone(),
        contents: !args.fast,
        parallel: app.settings.parallel_downloads,
        bounds: app.settings.bounds.clone(),
    };
    Ok(validate(&found.origin, &found.target, &options, events, cancel).await?)
}

/// A line for each fault, and one for all.
fn print(app: &App, report: &Validated, args: &ValidateArgs) -> CliResult {
    for finding in &report.findings {
        let problem = orlop_layer::printable(finding.problem.as_bytes());
        app.printer.line(format_args!(
            "{} {}: {problem}",
            finding.what, finding.digest
        ))?;
    }
    let place = &args.place;
    match report.findings.len() {
        0 if args.quiet => Ok(()),
        0 => app
            .printer
            .line(format_args!("PASS: {place}: {}", words(report))),
        1 => app.printer.line(format_args!("FAIL: {place}: 1 fault")),
        count => app
            .printer
            .line(format_args!("FAIL: {place}: {count} faults")),
    }
}

/// What was looked at.
fn words(report: &Validated) -> String {
    let counts = [
        (report.manifests, "manifest"),
        (report.configs, "configuration"),
        (report.layers, "layer"),
        (report.blobs, "other blob"),
        (report.referrers, "referrer"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts = counts.map(|(count, word)| match count {
        1 => format!("1 {word}"),
        count => format!("{count} {word}s"),
    });
    let mut words: Vec<String> = counts.collect();
    words.push(units::size(report.bytes));
    if report.absent > 0 {
        words.push(format!(
            "{} manifests of its index not there",
            report.absent
        ));
    }
    words.join(", ")
}

fn object(report: &Validated, args: &ValidateArgs) -> serde_json::Value {
    let findings = report.findings.iter().map(|finding| {
        json!({
            "digest": finding.digest,
            "what": finding.what,
            "problem": finding.problem,
        })
    });
    json!({
        "place": args.place.to_string(),
        "digest": report.target.digest,
        "valid": report.findings.is_empty(),
        "manifests": report.manifests,
        "configs": report.configs,
        "layers": report.layers,
        "blobs": report.blobs,
        "referrers": report.referrers,
        "absent": report.absent,
        "bytes": report.bytes,
        "findings": findings.collect::<Vec<_>>(),
    })
}

//! `scout sbom`: the packages of an image, as a document.

use std::path::PathBuf;

use clap::{ArgAction, Args};
use jiff::Timestamp;
use orlop_sbom::{DocumentFormat, write_document};

use super::scout_cves::parse_type;
use crate::app::App;
use crate::error::CliResult;
use crate::output;
use crate::scanning::{self, TARGET_HELP, Target};

/// Arguments of `scout sbom`.
#[derive(Args, Clone, Debug)]
#[command(after_help = format!("{TARGET_HELP}

Examples:
  orlop scout sbom --format list alpine:3.20
  orlop scout sbom --format cyclonedx -o app.cdx.json app:v1
  orlop scout sbom --only-package-type npm,pypi fs://."))]
pub struct ScoutSbomArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "its fields say it")]
    pub target: Target,
    /// Output format: list, json, spdx, cyclonedx, syft-json
    #[arg(long, value_name = "FORMAT", default_value = "json")]
    pub format: DocumentFormat,
    /// Only packages of these types: apk, deb, rpm, pypi, npm, golang, …
    #[arg(long, value_name = "TYPE", value_delimiter = ',', action = ArgAction::Append, value_parser = parse_type)]
    pub only_package_type: Vec<orlop_sbom::PackageKind>,
    /// Write the document to a file
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Runs it.
///
/// # Errors
/// The image can't be read, or the file not be written.
pub fn run(app: &App, args: &ScoutSbomArgs) -> CliResult {
    let mut indexed = scanning::index(app, &args.target, false)?;
    if !args.only_package_type.is_empty() {
        let packages = &mut indexed.sbom.packages;
        packages.retain(|it| args.only_package_type.contains(&it.package.kind));
    }
    let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let text = write_document(args.format, &indexed.subject, &indexed.sbom, Some(&now));
    output::write(app, args.output.as_deref(), &text)?;
    scanning::tell_written(app, args.output.as_deref(), false);
    Ok(())
}

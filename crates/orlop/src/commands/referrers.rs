//! `referrers`: what speaks of an image: signatures, SBOMs, attestations.

use clap::Args;
use orlop_archive::Name;
use orlop_distribution::Client;
use orlop_image::{Cancel, Referrer, referrers};
use orlop_oci::{Descriptor, Platform};
use serde_json::{Value, json};

use crate::app::App;
use crate::error::{CliError, CliResult};
use crate::format::indented_json;
use crate::interrupt;
use crate::place::Place;

/// Arguments of `referrers`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "What names an image as its subject is shown by its kind, and below it what speaks of that. Where a
registry keeps no list, the one that clients keep is read. In a layout, an archive or the store,
what is listed there counts.

Examples:
  orlop referrers registry.example.com/app:v1
  orlop referrers --artifact-type application/vnd.cyclonedx+json registry.example.com/app:v1
  orlop referrers --json --platform linux/arm64 registry.example.com/app:v1"
)]
pub struct ReferrersArgs {
    /// The image that they speak of
    pub place: Place,
    /// Show only this kind
    #[arg(long, value_name = "TYPE")]
    pub artifact_type: Option<String>,
    /// What speaks of this platform's manifest and not of the index: os[/arch[/variant]]
    #[arg(long)]
    pub platform: Option<Platform>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Runs it.
///
/// # Errors
/// The image isn't there, or the registry can't be asked.
pub fn run(app: &App, args: &ReferrersArgs) -> CliResult {
    let client = app.client(app.progress(true))?;
    let (place, subject, found) = interrupt::run(
        async |cancel| {
            tokio::select! {
                found = ask(app, &client, args, &cancel) => found,
                () = cancel.cancelled() => Err(CliError::silent()),
            }
        },
        || None,
    )?;
    let name = format!("{place}@{}", subject.digest);
    if args.json {
        let mut object = described(&subject, &found);
        object["reference"] = name.into();
        return app.printer.line(indented_json(&object));
    }
    let mut text = format!("{name}\n");
    draw(&found, "", &mut text);
    app.printer.text(text)
}

/// The place in words, the manifest, and what speaks of it.
async fn ask(
    app: &App,
    client: &Client,
    args: &ReferrersArgs,
    cancel: &Cancel,
) -> CliResult<(String, Descriptor, Vec<Referrer>)> {
    let found = args.place.find(app, client).await?;
    let raw = found
        .origin
        .image_for(&found.target, args.platform.as_ref());
    let subject = raw.await?.descriptor();
    let kind = args.artifact_type.as_deref();
    let referrers = referrers(&found.origin, &subject.digest, kind, cancel).await?;
    let place = match found.name {
        Some(Name::Full(name)) => name.repository().familiar_name(),
        _ => args.place.to_string(),
    };
    Ok((place, subject, referrers))
}

fn described(descriptor: &Descriptor, referrers: &[Referrer]) -> Value {
    let mut object = json!(descriptor);
    let below = referrers
        .iter()
        .map(|r| described(&r.descriptor, &r.referrers));
    object["referrers"] = below.collect();
    object
}

/// A branch for each kind, in the order in which they come, and on it those of the kind.
fn draw(referrers: &[Referrer], margin: &str, text: &mut String) {
    let kind = |referrer: &Referrer| {
        let kind = referrer.descriptor.artifact_type.as_deref();
        // Others wrote it.
        orlop_layer::printable(kind.unwrap_or("<unknown>").as_bytes())
    };
    let mut kinds: Vec<String> = Vec::new();
    for referrer in referrers {
        if !kinds.contains(&kind(referrer)) {
            kinds.push(kind(referrer));
        }
    }
    for (number, name) in kinds.iter().enumerate() {
        let margin = branch(name, number + 1 == kinds.len(), margin, text);
        let of_kind: Vec<_> = referrers.iter().filter(|r| kind(r) == *name).collect();
        for (number, referrer) in of_kind.iter().enumerate() {
            let digest = referrer.descriptor.digest.as_str();
            let margin = branch(digest, number + 1 == of_kind.len(), &margin, text);
            draw(&referrer.referrers, &margin, text);
        }
    }
}

/// Draws one, and gives the margin of what is below it.
fn branch(words: &str, is_last: bool, margin: &str, text: &mut String) -> String {
    let (fork, below) = match is_last {
        true => ("└── ", "    "),
        false => ("├── ", "│   "),
    };
    text.push_str(&format!("{margin}{fork}{words}\n"));
    format!("{margin}{below}")
}

#[cfg(test)]
mod tests {
    use orlop_oci::{Digest, MediaType};

    use super::*;

    fn referrer(kind: &str, referrers: Vec<Referrer>) -> Referrer {
        let digest = Digest::of(format!("{kind}{}", referrers.len()).as_bytes());
        let mut descriptor = Descriptor::new(MediaType::OciManifest, digest, 1);
        descriptor.artifact_type = Some(kind.to_owned());
        Referrer {
            descriptor,
            referrers,
        }
    }

    #[test]
    fn a_tree() {
        let signed = referrer("sbom", vec![referrer("sig\u{1b}", vec![])]);
        let all = vec![signed, referrer("sig", vec![]), referrer("sbom", vec![])];
        let mut text = String::new();
        draw(&all, "", &mut text);
        let digest = |referrer: &Referrer| referrer.descriptor.digest.to_string();
        let expected = format!(
            "├── sbom\n│   ├── {}\n│   │   └── sig\\u{{1b}}\n│   │       └── {}\n│   └── {}\n└── sig\n    └── {}\n",
            digest(&all[0]),
            digest(&all[0].referrers[0]),
            digest(&all[2]),
            digest(&all[1]),
        );
        assert_eq!(text, expected);
    }
}

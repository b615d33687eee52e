//! `buildx imagetools inspect`: an image of a registry, all its platforms.

use clap::Args;
use orlop_image::lists::{PlatformDetails, Wanted, platform_details};
use orlop_image::{Cancel, Origin};
use orlop_oci::{Descriptor, Manifest, Raw, Reference};
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::error::{CliError, CliResult};
use crate::format::Template;
use crate::interrupt;
use crate::place::{Found, Place};
use crate::view::image_config::image_config;
use crate::view::imagetools::details;

/// Arguments of `buildx imagetools inspect`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "A template has .Name, .Manifest, .Image (by platform, where there are several), .SBOM and
.Provenance, and the function json.

Examples:
  orlop buildx imagetools inspect alpine:3.20
  orlop buildx imagetools inspect --raw alpine:3.20 | sha256sum
  orlop buildx imagetools inspect --format '{{json (index .Image \"linux/arm64\").Config.Env}}' alpine:3.20"
)]
pub struct ImagetoolsInspectArgs {
    /// An image in a registry, or another place (see `orlop copy --help`)
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Format the output using the given Go template (default: {{.Manifest}})
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
    /// Show original, unformatted JSON manifest
    #[arg(long)]
    pub raw: bool,
}

/// Runs it.
///
/// # Errors
/// It isn't there, or the format makes no sense.
pub fn run(app: &App, args: &ImagetoolsInspectArgs) -> CliResult {
    if args.raw && args.format.is_some() {
        return Err(CliError::new("format and raw cannot be used together"));
    }
    let place: Place = args.name.parse()?;
    let template = match args.format.as_deref().filter(|format| !is_whole(format)) {
        Some(format) => Some(Template::parse_document(format)?),
        None => None,
    };
    let client = app.client(app.progress(true))?;
    let (raw, shown) = interrupt::run(
        async |cancel| {
            let found = place.find(app, &client).await?;
            let raw = tokio::select! {
                raw = found.origin.described(&found.target) => raw?,
                () = cancel.cancelled() => return Err(CliError::silent()),
            };
            let shown = match &args.format {
                Some(format) if template.is_some() => {
                    Some(data(&found.origin, &raw, args, format, &cancel).await?)
                }
                _ => None,
            };
            Ok(((found, raw), shown))
        },
        || None,
    )?;
    let (found, raw) = raw;
    match (template, shown) {
        (Some(template), Some(data)) => app.printer.text(template.render(&data)?),
        _ if args.raw => app.printer.bytes(raw.bytes()),
        _ => app.printer.text(plain(&place, &found, &raw)?),
    }
}

/// The default, however it is written.
fn is_whole(format: &str) -> bool {
    let inside = format.trim().strip_prefix("{{");
    let inside = inside.and_then(|inside| inside.strip_suffix("}}"));
    format.is_empty() || inside.is_some_and(|inside| inside.trim() == ".Manifest")
}

fn plain(place: &Place, found: &Found, raw: &Raw) -> CliResult<String> {
    let name = match place {
        Place::Registry(reference) => reference.clone().with_default_tag().to_string(),
        place => place.to_string(),
    };
    let index = match parse(raw)? {
        Manifest::Index(index) => Some(index),
        Manifest::Image(_) => None,
    };
    let pinned = |child: &Descriptor| match found.origin {
        Origin::Registry(_) => {
            let bare: Option<Reference> = name.parse().ok();
            // A digest of the whole isn't that of a part.
            let bare = bare.map(|name| match (name.tag(), name.digest()) {
                (Some(tag), Some(_)) => format!("{}:{tag}", name.repository()),
                (None, Some(_)) => name.repository().to_string(),
                _ => name.to_string(),
            });
            format!("{}@{}", bare.unwrap_or_default(), child.digest)
        }
        _ => format!("{name}@{}", child.digest),
    };
    Ok(details(&name, raw, index.as_ref(), pinned))
}

fn parse(raw: &Raw) -> CliResult<Manifest> {
    raw.manifest()
        .map_err(|error| CliError::new(error.to_string()).context(raw.digest()))
}

/// What a template sees, under the names of the JSON.
async fn data(
    origin: &Origin,
    raw: &Raw,
    args: &ImagetoolsInspectArgs,
    format: &str,
    cancel: &Cancel,
) -> CliResult<Value> {
    let wanted = Wanted {
        sboms: format.contains(".SBOM"),
        provenance: format.contains(".Provenance"),
    };
    let descriptor = raw.descriptor();
    let platforms = platform_details(origin, &descriptor, wanted, cancel).await?;
    let mut data = Map::new();
    data.insert("name".to_owned(), args.name.as_str().into());
    data.insert("manifest".to_owned(), manifest(raw, &descriptor)?);
    let image = by_platform(&platforms, |details| Some(image_config(&details.config)));
    data.insert("image".to_owned(), image);
    if wanted.sboms {
        let sbom = by_platform(&platforms, |details| {
            let (first, others) = details.sboms.split_first()?;
            let mut sbom = json!({"SPDX": first});
            if !others.is_empty() {
                sbom["AdditionalSPDXs"] = others.into();
            }
            Some(sbom)
        });
        data.insert("SBOM".to_owned(), sbom);
    }
    if wanted.provenance {
        let provenance = by_platform(&platforms, |details| {
            Some(json!({"SLSA": details.provenance.as_ref()?}))
        });
        data.insert("Provenance".to_owned(), provenance);
    }
    Ok(data.into())
}

/// Of an image for several platforms, what there is by platform; of another one, the thing itself.
fn by_platform(
    platforms: &[PlatformDetails],
    part: impl Fn(&PlatformDetails) -> Option<Value>,
) -> Value {
    if let [one] = platforms {
        return part(one).unwrap_or_else(|| json!({}));
    }
    let parts = platforms
        .iter()
        .filter_map(|details| Some((details.platform.clone(), part(details)?)));
    parts.collect::<Map<String, Value>>().into()
}

/// An index with its digest and size; of a manifest, the descriptor.
fn manifest(raw: &Raw, descriptor: &Descriptor) -> CliResult<Value> {
    let Manifest::Index(index) = parse(raw)? else {
        return Ok(json!(descriptor));
    };
    let mut value = json!({
        "schemaVersion": index.schema_version,
        "mediaType": raw.media_type(),
        "digest": raw.digest(),
        "size": raw.bytes().len(),
        "manifests": index.manifests,
    });
    if !index.annotations.is_empty() {
        value["annotations"] = json!(index.annotations);
    }
    Ok(value)
}

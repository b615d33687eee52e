//! `attach`: files beside an image, in its repository.

use std::collections::BTreeMap;
use std::path::{Component, Path};
use std::str::FromStr;

use clap::Args;
use jiff::Timestamp;
use orlop_distribution::ManifestRef;
use orlop_image::{Artifact, AttachedFile, Origin, attach};
use orlop_oci::{MediaType, Platform, Reference};

use crate::app::{App, registry_error};
use crate::error::{CliError, CliResult};
use crate::interrupt;

/// The type of a file of which nothing is said, as oras has it.
const FILE_TYPE: &str = "application/vnd.oci.image.layer.v1.tar";
/// When it was attached.
const CREATED: &str = "org.opencontainers.image.created";

/// Arguments of `attach`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "The files become an artifact that names the image as its subject; `orlop referrers` shows it, and
`orlop copy --referrers` takes it along. Where a registry keeps no list of such, it is kept for it.

Examples:
  orlop attach registry.example.com/app:v1 sbom.json:application/json \\
      --artifact-type application/vnd.cyclonedx+json
  orlop attach --artifact-type application/vnd.example.approval.v1 \\
      --annotation approved-by=alice registry.example.com/app:v1"
)]
pub struct AttachArgs {
    /// The image
    #[arg(value_name = "NAME[:TAG|@DIGEST]")]
    pub name: Reference,
    /// What to attach, and its media type
    #[arg(value_name = "FILE[:TYPE]")]
    pub files: Vec<String>,
    /// The kind of artifact
    #[arg(long, value_name = "TYPE", required = true)]
    pub artifact_type: ArtifactType,
    /// A note on the artifact
    #[arg(short, long, value_name = "KEY=VALUE")]
    pub annotation: Vec<String>,
    /// Attach to this platform's manifest and not to the index: os[/arch[/variant]]
    #[arg(long)]
    pub platform: Option<Platform>,
    /// Print only the artifact's digest
    #[arg(short, long)]
    pub quiet: bool,
}

/// A media type: `TYPE/SUBTYPE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactType(String);

impl FromStr for ArtifactType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match is_media_type(text) {
            true => Ok(Self(text.to_owned())),
            false => Err("a kind looks like application/vnd.example.sbom.v1".to_owned()),
        }
    }
}

/// RFC 6838, 4.2; parameters are none of it.
fn is_media_type(text: &str) -> bool {
    let is_name = |name: &str| {
        let inner = |c: char| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c);
        name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.len() <= 127
            && name.chars().all(inner)
    };
    text.split_once('/')
        .is_some_and(|(kind, subtype)| is_name(kind) && is_name(subtype))
}

/// Runs it.
///
/// # Errors
/// A file can't be read, the image isn't there, or the registry doesn't take it.
pub fn run(app: &App, args: &AttachArgs) -> CliResult {
    let artifact = artifact(args)?;
    let client = app.client(app.progress(args.quiet))?;
    let name = args.name.clone().with_default_tag();
    let remote = client.repository(name.repository());
    let (subject, manifest) = interrupt::run(
        async |cancel| {
            let subject = async {
                // What is attached is written to the registry itself: it counts what that has.
                let own = remote.clone().without_mirrors();
                let target = own.resolve(ManifestRef::of(&name)).await;
                let target = target.map_err(|error| registry_error(&error))?;
                let origin = Origin::Registry(own);
                let raw = origin.image_for(&target, args.platform.as_ref()).await?;
                CliResult::Ok(raw.descriptor())
            };
            let subject = tokio::select! {
                subject = subject => subject?,
                () = cancel.cancelled() => return Err(CliError::silent()),
            };
            let manifest = attach(&remote, &subject, &artifact, &cancel).await?;
            Ok((subject, manifest))
        },
        || None,
    )?;
    if args.quiet {
        return app.printer.line(manifest.digest());
    }
    let repository = name.repository().familiar_name();
    app.printer.line(format_args!(
        "Attached to {repository}@{}\nDigest: {}",
        subject.digest,
        manifest.digest()
    ))
}

fn artifact(args: &AttachArgs) -> CliResult<Artifact> {
    let mut annotations = BTreeMap::new();
    for note in &args.annotation {
        let (key, value) = note
            .split_once('=')
            .filter(|(key, _)| !key.is_empty())
            .ok_or_else(|| CliError::usage(format!("annotation {note:?}: it isn't KEY=VALUE")))?;
        if annotations
            .insert(key.to_owned(), value.to_owned())
            .is_some()
        {
            return Err(CliError::usage(format!(
                "annotation {key:?} is given twice"
            )));
        }
    }
    if args.files.is_empty() && annotations.is_empty() {
        return Err(CliError::usage("nothing is given to attach")
            .hint("name a file, or at least an --annotation"));
    }
    let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    annotations.entry(CREATED.to_owned()).or_insert(now);
    let files = args.files.iter().map(|text| file(text));
    Ok(Artifact {
        artifact_type: args.artifact_type.0.clone(),
        files: files.collect::<CliResult<_>>()?,
        annotations,
    })
}

/// `FILE` or `FILE:TYPE`. What is there as a whole is a file, whatever colons its name has.
fn file(text: &str) -> CliResult<AttachedFile> {
    let (path, media_type) = match text.rsplit_once(':') {
        Some((path, kind)) if !Path::new(text).exists() => {
            if !is_media_type(kind) {
                return Err(CliError::new(format!("{text}: {kind:?} is no media type")));
            }
            (path, kind)
        }
        _ => (text, FILE_TYPE),
    };
    let path = Path::new(path);
    if !path.exists() {
        return Err(CliError::new(format!(
            "{}: no such file or directory",
            path.display()
        )));
    }
    Ok(AttachedFile {
        path: path.to_owned(),
        media_type: MediaType::from(media_type),
        title: title(path),
    })
}

/// A path below the working directory is kept; of any other only the file's name.
fn title(path: &Path) -> String {
    let is_below = path
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let name = match is_below {
        true => path.components().collect(),
        false => Path::new(path.file_name().unwrap_or_default()).to_owned(),
    };
    let name = name.strip_prefix(".").unwrap_or(&name);
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles() {
        for (path, expected) in [
            ("sbom.json", "sbom.json"),
            ("./a/b", "a/b"),
            ("/etc/passwd", "passwd"),
            ("../x/y", "y"),
        ] {
            assert_eq!(title(Path::new(path)), expected);
        }
    }

    #[test]
    fn media_types() {
        for (text, expected) in [
            ("application/vnd.cyclonedx+json", true),
            ("text/plain", true),
            ("plain", false),
            ("a/", false),
            ("a/b/c", false),
            ("a/b;c=d", false),
            ("a /b", false),
        ] {
            assert_eq!(is_media_type(text), expected, "{text}");
        }
    }
}

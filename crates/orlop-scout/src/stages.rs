//! Stages of a build that have SBOMs of their own: BuildKit attaches them to the image that came of the build
//! (docs/attestations/sbom.md, `BUILDKIT_SBOM_SCAN_STAGE`).

use orlop_image::{Cancel, attached_sboms};
use orlop_sbom::{Sbom, read_document};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::index::{Indexed, Indexer};

/// How the SBOM of a stage is called; that of the image is `sbom`.
const OF_STAGE: &str = "sbom-";

/// What was in a stage of a build.
#[derive(Clone, Debug)]
pub struct StageSbom {
    /// Its name in the Dockerfile; `context` is what the build began with.
    pub name: String,
    /// Its packages.
    pub sbom: Sbom,
}

impl Indexer {
    /// The stages of an image's build, in the order of their names; none if no SBOM of one is attached.
    ///
    /// # Errors
    /// What is attached can't be read; or somebody wished to stop.
    pub async fn stages(&self, indexed: &Indexed, cancel: &Cancel) -> Result<Vec<StageSbom>> {
        let (Some(image), Some((origin, target))) = (&indexed.image, &indexed.place) else {
            return Ok(Vec::new());
        };
        let documents = attached_sboms(origin, target, &image.digest, cancel).await?;
        let stages = documents.iter().filter_map(|document| {
            let name = stage_of(document)?;
            Some(read(name, document))
        });
        let mut stages = stages.collect::<Result<Vec<StageSbom>>>()?;
        stages.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(stages)
    }
}

/// The stage that a document is of: it is called `sbom-NAME`, by older scanners with a folder before it.
fn stage_of(document: &Value) -> Option<&str> {
    let name = document["name"].as_str()?;
    let file = name.rsplit('/').next()?;
    file.strip_prefix(OF_STAGE).filter(|name| !name.is_empty())
}

fn read(name: &str, document: &Value) -> Result<StageSbom> {
    let (_, sbom) = read_document(document.to_string().as_bytes()).map_err(|error| {
        let path = format!("the SBOM of the build stage {name}").into();
        Error::Document {
            path,
            why: error.to_string(),
        }
    })?;
    Ok(StageSbom {
        name: name.to_owned(),
        sbom,
    })
}

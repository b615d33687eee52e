//! What a builder's provenance says an image stands on (SLSA provenance v0.2 and v1, as BuildKit writes them:
//! docs/attestations/slsa-definitions.md).

use std::borrow::Cow;
use std::collections::BTreeMap;

use orlop_oci::{ImageManifest, Reference};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;

use super::Claim;

/// What is stated of the images that were used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stated {
    /// The image whose layers the image begins with, as the builder lists them (`mode=max`).
    pub(super) step: Option<Claim>,
    /// All of them, each once, without frontends.
    pub(super) materials: Vec<Claim>,
}

/// Images that builds use and that nothing stands on.
const TOOLS: &[&str] = &["docker/dockerfile", "docker/buildkit-syft-scanner"];

/// So many materials are looked at; no build has as many images.
const MATERIALS: usize = 10_000;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Predicate {
    // v0.2
    materials: Vec<Material>,
    build_config: BuildConfig,
    metadata: Metadata02,
    // v1
    build_definition: BuildDefinition,
    run_details: RunDetails,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Material {
    uri: String,
    digest: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata02 {
    #[serde(rename = "https://mobyproject.org/buildkit@v1#metadata")]
    buildkit: BuildKit,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct BuildDefinition {
    resolved_dependencies: Vec<Material>,
    internal_parameters: InternalParameters,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct InternalParameters {
    build_config: BuildConfig,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RunDetails {
    metadata: Metadata1,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata1 {
    buildkit_metadata: BuildKit,
}

/// Layers by the output of the step that made them: `step0:0`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct BuildKit {
    layers: BTreeMap<String, Vec<Vec<LayerDigest>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LayerDigest {
    digest: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BuildConfig {
    #[serde(rename = "llbDefinition")]
    definition: Vec<Step>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Step {
    id: String,
    op: Value,
}

/// Reads what is stated; none of what can't be read at all.
pub(super) fn read(predicate: &Value, manifest: &ImageManifest) -> Option<Stated> {
    let predicate = Predicate::deserialize(without_nulls(predicate)).ok()?;
    let v1 = predicate.build_definition;
    let mut materials: Vec<Claim> = Vec::new();
    let listed = predicate.materials.iter().chain(&v1.resolved_dependencies);
    for material in listed.take(MATERIALS) {
        let claim = material_claim(material).filter(|claim| !is_tool(claim));
        materials.extend(claim.filter(|claim| !materials.contains(claim)));
    }
    let steps = predicate.build_config.definition.iter();
    let steps = steps.chain(&v1.internal_parameters.build_config.definition);
    let layers = [
        &predicate.metadata.buildkit.layers,
        &predicate.run_details.metadata.buildkit_metadata.layers,
    ];
    let step = steps
        .filter_map(|step| step_claim(step, &layers, manifest))
        .max_by_key(|claim| claim.layers);
    Some(Stated { step, materials })
}

/// Go writes what it has nothing of as `null`.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let pairs = object.iter().filter(|(_, value)| !value.is_null());
            pairs
                .map(|(key, value)| (key.clone(), without_nulls(value)))
                .collect()
        }
        Value::Array(list) => list.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

fn is_tool(claim: &Claim) -> bool {
    let path = claim.name.repository().path();
    TOOLS.contains(&path)
}

/// `pkg:docker/alpine@3.20?digest=sha256:…&platform=linux%2Famd64`.
fn material_claim(material: &Material) -> Option<Claim> {
    let rest = material.uri.strip_prefix("pkg:docker/")?;
    let (path, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
    if qualifiers.split('&').any(|it| it.starts_with("ref_type=")) {
        // A blob, or a bundle of sources.
        return None;
    }
    let (name, version) = path.rsplit_once('@').unwrap_or((path, "latest"));
    let (name, version) = (unescaped(name)?, unescaped(version)?);
    let text = match version.contains(':') {
        true => format!("{name}@{version}"),
        false => format!("{name}:{version}"),
    };
    let name: Reference = text.parse().ok()?;
    let digest = material
        .digest
        .get("sha256")
        .and_then(|hex| format!("sha256:{hex}").parse().ok());
    Some(Claim::new(name, digest))
}

/// The text of a part of a package URL.
fn unescaped(text: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(text).decode_utf8().ok()
}

/// The image that a step took, if the builder says that the image's lowest layers are its.
fn step_claim(
    step: &Step,
    layers: &[&BTreeMap<String, Vec<Vec<LayerDigest>>>],
    manifest: &ImageManifest,
) -> Option<Claim> {
    let op = step.op.get("Op").unwrap_or(&step.op);
    let identifier = op.get("source")?.get("identifier")?.as_str()?;
    let name: Reference = identifier.strip_prefix("docker-image://")?.parse().ok()?;
    let output = format!("{}:0", step.id);
    let stacks = layers.iter().filter_map(|it| it.get(&output)).flatten();
    let ours = &manifest.layers;
    let count = stacks
        .filter(|stack| {
            let same = |(theirs, ours): (&LayerDigest, &orlop_oci::Descriptor)| {
                theirs.digest == ours.digest.as_str()
            };
            !stack.is_empty() && stack.len() <= ours.len() && stack.iter().zip(ours).all(same)
        })
        .map(Vec::len)
        .max()?;
    Some(Claim {
        layers: Some(count),
        ..Claim::new(name, None)
    })
}

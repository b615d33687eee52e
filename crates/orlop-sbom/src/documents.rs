//! SBOMs as documents: written for others, and read from others.
//!
//! What is written depends on its input alone: there is no time in it but the one that is given, and ids
//! come from what they stand for. What is read needs package URLs, as syft, trivy, Docker's BuildKit and
//! nearly all others write them: a package without one isn't seen.

mod cyclonedx;
mod list;
mod orlop;
mod read;
mod spdx;
mod syft;

use std::str::FromStr;

use orlop_oci::{DiffId, Digest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Installed, Sbom};

pub use read::{DocumentError, MAX_DOCUMENT_SIZE, read_document};

/// A form of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentFormat {
    /// A table for people.
    List,
    /// Orlop's own JSON, which has all that is known.
    Orlop,
    /// SPDX 2.3, JSON (spdx.github.io/spdx-spec/v2.3).
    Spdx,
    /// CycloneDX 1.6, JSON (cyclonedx.org/docs/1.6/json).
    CycloneDx,
    /// The JSON of syft (anchore/syft, schema/json).
    Syft,
}

impl FromStr for DocumentFormat {
    type Err = String;

    /// Reads the words of command lines: those of Docker Scout, and those of syft and trivy.
    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "list" => Self::List,
            "json" => Self::Orlop,
            "spdx" | "spdx-json" => Self::Spdx,
            "cyclonedx" | "cyclonedx-json" => Self::CycloneDx,
            "syft-json" => Self::Syft,
            _ => {
                return Err(format!(
                    "{text:?} is no format of an SBOM; there are list, json, spdx, cyclonedx and syft-json"
                ));
            }
        })
    }
}

/// What an SBOM is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// As it was named, without the word that says where it is.
    pub name: String,
    /// The digest that the name stands for: an index, or the manifest itself. None of a directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Digest>,
    /// The manifest of the platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Digest>,
    /// The platform: `linux/amd64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Its layers, bottom first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<DiffId>,
}

/// Writes a document. `created` is a time (RFC 3339, UTC, whole seconds); without it the document is of
/// 1970 where the format has to have a time.
pub fn write_document(
    format: DocumentFormat,
    subject: &Subject,
    sbom: &Sbom,
    created: Option<&str>,
) -> String {
    let value = match format {
        DocumentFormat::List => return list::write(sbom),
        DocumentFormat::Orlop => orlop::write(subject, sbom),
        DocumentFormat::Spdx => spdx::write(subject, sbom, created, &[], None),
        DocumentFormat::CycloneDx => cyclonedx::write(subject, sbom, created),
        DocumentFormat::Syft => syft::write(subject, sbom),
    };
    format!("{value:#}\n")
}

/// Something that is known of a package, for SPDX: a reference of the category `SECURITY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdvisoryReference {
    /// The place of the package in [`Sbom::packages`].
    pub package: usize,
    /// Where more is said.
    pub url: String,
    /// What is known, in a line.
    pub comment: String,
}

/// SPDX with what is known of the packages, and what is to be said of all of them. `created` as in
/// [`write_document`].
pub fn spdx_with_advisories(
    subject: &Subject,
    sbom: &Sbom,
    created: Option<&str>,
    advisories: &[AdvisoryReference],
    comment: Option<&str>,
) -> Value {
    spdx::write(subject, sbom, created, advisories, comment)
}

/// Orlop's own JSON as an object that more can be added to.
pub fn own_document(subject: &Subject, sbom: &Sbom) -> Value {
    orlop::write(subject, sbom)
}

/// The program that writes.
const TOOL: &str = "orlop";
const TOOL_VERSION: &str = env!("CARGO_PKG_VERSION");

/// What tells a package from every other of an SBOM, as 16 hex digits.
fn id_of(installed: &Installed) -> String {
    let package = &installed.package;
    let mut parts = vec![
        package.kind.purl_type(),
        &package.name,
        &package.version,
        package.architecture.as_deref().unwrap_or(""),
        &package.found_by,
    ];
    // Stages of a build may have the same package.
    parts.extend(installed.stage.as_deref());
    Digest::of(parts.join("\0").as_bytes()).hex()[..16].to_owned()
}

/// What tells an SBOM from every other, as 64 hex digits.
fn id_of_document(subject: &Subject, sbom: &Sbom) -> String {
    let bytes = serde_json::to_vec(&(subject, sbom)).expect("strings and numbers are always JSON");
    Digest::of(&bytes).hex().to_owned()
}

/// Whether a licence is an identifier of the SPDX License List.
fn is_spdx_id(licence: &str) -> bool {
    ::spdx::license_id(licence).is_some_and(|id| id.name == licence)
}

/// Whether a licence is an SPDX expression, strictly.
fn is_spdx_expression(licence: &str) -> bool {
    ::spdx::Expression::parse(licence).is_ok()
}

#[cfg(test)]
mod tests;

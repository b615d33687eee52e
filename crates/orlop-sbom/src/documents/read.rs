//! Reads documents: Orlop's own, and by their package URLs those of others.

use std::collections::HashMap;

use orlop_oci::{DiffId, Digest};
use serde_json::Value;

use super::{Subject, orlop};
use crate::{Installed, Location, Release, Sbom, purl, read_purl};

/// Bytes of a document. One of 10,000 packages has some ten million.
pub const MAX_DOCUMENT_SIZE: u64 = 256 << 20;
/// What is told as the finder of packages whose document tells none.
const FOUND_BY: &str = "sbom-cataloger";

/// Why a document can't be read: a clause about "it".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// It has too many bytes.
    #[error("it has {0} bytes; at most {MAX_DOCUMENT_SIZE} are read")]
    TooLarge(u64),
    /// It isn't JSON, or not as its form wants it.
    #[error("it is malformed: {0}")]
    Malformed(String),
    /// It is JSON of another kind.
    #[error("it is no SBOM of Orlop, SPDX 2, CycloneDX or syft in JSON")]
    Unknown,
}

/// Reads a document of any form that is known, also one in an in-toto statement.
///
/// # Errors
/// It is too large, malformed, or something else. What it says of a package is taken as it is.
pub fn read_document(bytes: &[u8]) -> Result<(Subject, Sbom), DocumentError> {
    let size = bytes.len() as u64;
    if size > MAX_DOCUMENT_SIZE {
        return Err(DocumentError::TooLarge(size));
    }
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| DocumentError::Malformed(error.to_string()))?;
    read_value(value)
}

fn read_value(mut value: Value) -> Result<(Subject, Sbom), DocumentError> {
    if value["predicateType"].is_string() && value["predicate"].is_object() {
        return read_bare(value["predicate"].take());
    }
    read_bare(value)
}

fn read_bare(value: Value) -> Result<(Subject, Sbom), DocumentError> {
    if orlop::is(&value) {
        return orlop::read(value);
    }
    let mut reading = Reading::default();
    if value["bomFormat"].as_str() == Some("CycloneDX") {
        reading.cyclonedx(&value);
    } else if text(&value["spdxVersion"]).starts_with("SPDX-2.") {
        reading.spdx(&value);
    } else if value["artifacts"].is_array() && value["descriptor"].is_object() {
        reading.syft(&value);
    } else {
        return Err(DocumentError::Unknown);
    }
    Ok(reading.finish())
}

#[derive(Default)]
struct Reading {
    subject: Subject,
    release: Option<Release>,
    /// As the distribution's packages tell it, where the document itself doesn't.
    release_of_packages: Option<Release>,
    packages: Vec<Installed>,
    by_url: HashMap<String, usize>,
}

impl Reading {
    fn finish(self) -> (Subject, Sbom) {
        let release = self.release.or(self.release_of_packages);
        let mut sbom = Sbom {
            packages: self.packages,
            release,
            ..Sbom::default()
        };
        for installed in &mut sbom.packages {
            installed.locations.sort();
            installed.locations.dedup();
            installed.purl = purl(&installed.package, sbom.release.as_ref());
        }
        sbom.sort();
        (self.subject, sbom)
    }

    /// Adds a package by its URL.
    fn add(
        &mut self,
        url: &str,
        found_by: &str,
        licences: impl IntoIterator<Item = String>,
        locations: impl IntoIterator<Item = Location>,
    ) {
        let found_by = if found_by.is_empty() {
            FOUND_BY
        } else {
            found_by
        };
        let Some((package, release)) = read_purl(url, found_by) else {
            return;
        };
        if self.release_of_packages.is_none() {
            self.release_of_packages = release;
        }
        // Documents have a package once for each place.
        let key = purl(&package, None);
        let at = *self.by_url.entry(key).or_insert_with(|| {
            self.packages.push(Installed {
                package,
                purl: String::new(),
                locations: Vec::new(),
                owned_by: None,
                stage: None,
            });
            self.packages.len() - 1
        });
        let installed = &mut self.packages[at];
        installed.locations.extend(locations);
        for licence in licences {
            if !installed.package.licences.contains(&licence) {
                installed.package.licences.push(licence);
            }
        }
        installed.package.licences.sort();
    }

    fn cyclonedx(&mut self, value: &Value) {
        let whole = &value["metadata"]["component"];
        self.subject.name = text(&whole["name"]).to_owned();
        self.subject.manifest = text(&whole["version"]).parse().ok();
        let mut waiting: Vec<&Value> = vec![whole];
        waiting.extend(list(&value["components"]));
        while let Some(component) = waiting.pop() {
            waiting.extend(list(&component["components"]));
            if component["type"].as_str() == Some("operating-system") {
                self.release.get_or_insert_with(|| Release {
                    id: text(&component["name"]).to_owned(),
                    version: text(&component["version"]).to_owned(),
                    pretty_name: text(&component["description"]).to_owned(),
                    ..Release::default()
                });
            }
            let licences = list(&component["licenses"]).filter_map(|licence| {
                let named = &licence["license"];
                let said = [&named["id"], &named["name"], &licence["expression"]];
                said.into_iter().find_map(Value::as_str).map(str::to_owned)
            });
            let (found_by, locations) = properties(&component["properties"]);
            self.add(text(&component["purl"]), found_by, licences, locations);
        }
    }

    fn spdx(&mut self, value: &Value) {
        self.subject.name = text(&value["name"]).to_owned();
        for package in list(&value["packages"]) {
            if package["primaryPackagePurpose"].as_str() == Some("CONTAINER") {
                let digest: Option<Digest> = text(&package["versionInfo"]).parse().ok();
                self.subject.manifest = self.subject.manifest.take().or(digest);
            }
            let declared = text(&package["licenseDeclared"]);
            let is_said = !matches!(declared, "" | "NOASSERTION" | "NONE");
            let licence = is_said.then(|| declared.to_owned());
            for reference in list(&package["externalRefs"]) {
                if reference["referenceType"].as_str() == Some("purl") {
                    let url = text(&reference["referenceLocator"]);
                    self.add(url, "", licence.clone(), []);
                }
            }
        }
    }

    fn syft(&mut self, value: &Value) {
        let source = &value["source"];
        self.subject.name = text(&source["name"]).to_owned();
        self.subject.manifest = text(&source["metadata"]["manifestDigest"]).parse().ok();
        let layers = list(&source["metadata"]["layers"]);
        let diff_ids = layers.filter_map(|layer| text(&layer["digest"]).parse().ok());
        self.subject.layers = diff_ids.collect();
        let distro = &value["distro"];
        if !text(&distro["id"]).is_empty() {
            self.release = Some(Release {
                id: text(&distro["id"]).to_owned(),
                like: list(&distro["idLike"])
                    .map(|like| text(like).to_owned())
                    .collect(),
                version: text(&distro["versionID"]).to_owned(),
                codename: text(&distro["versionCodename"]).to_owned(),
                pretty_name: text(&distro["prettyName"]).to_owned(),
            });
        }
        for artifact in list(&value["artifacts"]) {
            let licences = list(&artifact["licenses"]);
            let licences = licences.map(|licence| match licence {
                Value::String(licence) => licence.clone(),
                licence => text(&licence["value"]).to_owned(),
            });
            let locations = list(&artifact["locations"]).map(|location| {
                let path = text(&location["path"]);
                let inside = text(&location["accessPath"]).strip_prefix(path);
                let inside = inside
                    .unwrap_or("")
                    .split(':')
                    .filter(|part| !part.is_empty());
                Location {
                    path: path.trim_start_matches('/').to_owned(),
                    inside: inside.map(str::to_owned).collect(),
                    diff_id: text(&location["layerID"]).parse().ok(),
                }
            });
            let found_by = text(&artifact["foundBy"]);
            self.add(text(&artifact["purl"]), found_by, licences, locations);
        }
    }
}

/// The finder and the places, as the properties of a component in CycloneDX have them, ours and syft's:
/// `…:package:foundBy`, `…:location:0:path`, `…:location:0:layerID`.
fn properties(value: &Value) -> (&str, Vec<Location>) {
    let mut found_by = "";
    let mut locations: Vec<(&str, Location)> = Vec::new();
    for property in list(value) {
        let (name, value) = (text(&property["name"]), text(&property["value"]));
        if name.ends_with(":package:foundBy") {
            found_by = value;
        }
        let Some((_, place)) = name.split_once(":location:") else {
            continue;
        };
        let Some((number, what)) = place.split_once(':') else {
            continue;
        };
        let at = match locations.iter().position(|(other, _)| *other == number) {
            Some(at) => at,
            None => {
                let empty = Location {
                    path: String::new(),
                    inside: Vec::new(),
                    diff_id: None,
                };
                locations.push((number, empty));
                locations.len() - 1
            }
        };
        let location = &mut locations[at].1;
        match what {
            "path" => location.path = value.trim_start_matches('/').to_owned(),
            "layerID" => location.diff_id = value.parse::<DiffId>().ok(),
            "inside" => location.inside.push(value.to_owned()),
            _ => {}
        }
    }
    let locations = locations.into_iter().map(|(_, location)| location);
    let locations = locations.filter(|location| !location.path.is_empty());
    (found_by, locations.collect())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

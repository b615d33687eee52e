//! SPDX 2.3, JSON.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::{
    AdvisoryReference, Subject, TOOL, TOOL_VERSION, id_of, id_of_document, is_spdx_expression,
};
use crate::{Installed, Sbom};

/// The namespace of documents; nothing is there.
const NAMESPACE: &str = "https://github.com/orlop/orlop/spdx";
const NOTHING_SAID: &str = "NOASSERTION";
const DOCUMENT: &str = "SPDXRef-DOCUMENT";
const SUBJECT: &str = "SPDXRef-Subject";
/// A time has to be there.
const NO_TIME: &str = "1970-01-01T00:00:00Z";

pub(super) fn write(
    subject: &Subject,
    sbom: &Sbom,
    created: Option<&str>,
    advisories: &[AdvisoryReference],
    comment: Option<&str>,
) -> Value {
    let mut known: HashMap<usize, Vec<Value>> = HashMap::new();
    for advisory in advisories {
        let reference = json!({
            "referenceCategory": "SECURITY",
            "referenceType": "advisory",
            "referenceLocator": advisory.url,
            "comment": advisory.comment,
        });
        known.entry(advisory.package).or_default().push(reference);
    }
    let mut licences = BTreeMap::new();
    let mut packages = vec![whole(subject)];
    let mut relationships = vec![relationship(DOCUMENT, "DESCRIBES", SUBJECT)];
    for (place, installed) in sbom.packages.iter().enumerate() {
        let id = format!("SPDXRef-Package-{}", id_of(installed));
        relationships.push(relationship(SUBJECT, "CONTAINS", &id));
        let known = known.remove(&place).unwrap_or_default();
        packages.push(package(installed, &id, &mut licences, known));
    }
    let name = match subject.name.is_empty() {
        true => "image",
        false => &subject.name,
    };
    let mut document = json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": DOCUMENT,
        "name": name,
        "documentNamespace": format!("{NAMESPACE}/{}", id_of_document(subject, sbom)),
        "creationInfo": {
            "created": created.unwrap_or(NO_TIME),
            "creators": [format!("Tool: {TOOL}-{TOOL_VERSION}")],
        },
        "packages": packages,
        "relationships": relationships,
    });
    if let Some(comment) = comment {
        document["comment"] = json!(comment);
    }
    if !licences.is_empty() {
        let said = licences
            .into_iter()
            .map(|(id, text)| json!({ "licenseId": id, "extractedText": text, "name": text }));
        document["hasExtractedLicensingInfos"] = said.collect();
    }
    document
}

fn relationship(of: &str, kind: &str, to: &str) -> Value {
    json!({ "spdxElementId": of, "relationshipType": kind, "relatedSpdxElement": to })
}

fn whole(subject: &Subject) -> Value {
    let purpose = match subject.manifest {
        Some(_) => "CONTAINER",
        None => "FILE",
    };
    let mut value = json!({
        "SPDXID": SUBJECT,
        "name": if subject.name.is_empty() { "image" } else { &subject.name },
        "downloadLocation": NOTHING_SAID,
        "filesAnalyzed": false,
        "licenseConcluded": NOTHING_SAID,
        "licenseDeclared": NOTHING_SAID,
        "copyrightText": NOTHING_SAID,
        "primaryPackagePurpose": purpose,
    });
    if let Some(digest) = subject.manifest.as_ref().or(subject.target.as_ref()) {
        value["versionInfo"] = json!(digest.to_string());
    }
    value
}

fn package(
    installed: &Installed,
    id: &str,
    licences: &mut BTreeMap<String, String>,
    known: Vec<Value>,
) -> Value {
    let package = &installed.package;
    let mut value = json!({
        "SPDXID": id,
        "name": package.name,
        "versionInfo": package.version,
        "downloadLocation": NOTHING_SAID,
        "filesAnalyzed": false,
        "licenseConcluded": NOTHING_SAID,
        "licenseDeclared": declared(&package.licences, licences),
        "copyrightText": NOTHING_SAID,
    });
    if package.version.is_empty() {
        value
            .as_object_mut()
            .map(|object| object.shift_remove("versionInfo"));
    }
    if let Some(maintainer) = &package.maintainer {
        value["originator"] = json!(format!("Organization: {maintainer}"));
    }
    if !installed.locations.is_empty() {
        let paths = installed.locations.iter().map(|location| {
            let inside = location.inside.iter().map(String::as_str);
            let parts: Vec<&str> = std::iter::once(location.path.as_str())
                .chain(inside)
                .collect();
            format!("/{}", parts.join(":"))
        });
        let paths: Vec<String> = paths.collect();
        let info = format!("shown by {}", paths.join(", "));
        value["sourceInfo"] = json!(info);
    }
    let url = (!installed.purl.is_empty()).then(|| {
        json!({
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": installed.purl,
        })
    });
    let references: Vec<Value> = url.into_iter().chain(known).collect();
    if !references.is_empty() {
        value["externalRefs"] = json!(references);
    }
    value
}

/// All licences as one expression. What is no expression gets a name, and its text is noted.
fn declared(said: &[String], licences: &mut BTreeMap<String, String>) -> String {
    let mut parts: Vec<String> = Vec::new();
    for licence in said {
        if is_spdx_expression(licence) {
            parts.push(match licence.contains(" OR ") && said.len() > 1 {
                true => format!("({licence})"),
                false => licence.clone(),
            });
            continue;
        }
        let id = reference(licence);
        licences.insert(id.clone(), licence.clone());
        parts.push(id);
    }
    match parts.is_empty() {
        true => NOTHING_SAID.to_owned(),
        false => parts.join(" AND "),
    }
}

/// `LicenseRef-` and letters, digits, `.` and `-`. Texts that differ elsewhere get different names.
fn reference(licence: &str) -> String {
    /// Longer ones are texts rather than names.
    const LONGEST: usize = 64;
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    if licence.len() <= LONGEST && !licence.is_empty() && licence.chars().all(is_allowed) {
        return format!("LicenseRef-{licence}");
    }
    let name: String = licence
        .chars()
        .take(LONGEST)
        .filter(|c| is_allowed(*c))
        .collect();
    let hash = orlop_oci::Digest::of(licence.as_bytes());
    format!("LicenseRef-{name}-{}", &hash.hex()[..8])
}

//! The JSON of syft, as far as those who read it (grype) need it.

use serde_json::{Value, json};

use super::{Subject, TOOL, TOOL_VERSION, id_of, id_of_document, is_spdx_expression};
use crate::{Installed, Location, PackageKind, Release, Sbom};

/// The version of syft's schema that this is written by.
const SCHEMA_VERSION: &str = "16.0.0";

pub(super) fn write(subject: &Subject, sbom: &Sbom) -> Value {
    let artifacts: Vec<Value> = sbom.packages.iter().map(artifact).collect();
    json!({
        "artifacts": artifacts,
        "artifactRelationships": [],
        "source": source(subject, &id_of_document(subject, sbom)),
        "distro": sbom.release.as_ref().map_or(json!({}), distro),
        "descriptor": { "name": TOOL, "version": TOOL_VERSION },
        "schema": {
            "version": SCHEMA_VERSION,
            "url": format!(
                "https://raw.githubusercontent.com/anchore/syft/main/schema/json/schema-{SCHEMA_VERSION}.json"
            ),
        },
    })
}

fn source(subject: &Subject, id: &str) -> Value {
    let digest = subject.manifest.as_ref().or(subject.target.as_ref());
    let digest = digest.map_or(String::new(), ToString::to_string);
    let metadata = match subject.manifest {
        None => json!({ "path": subject.name }),
        Some(_) => {
            let layer = |diff_id| json!({ "mediaType": "", "digest": diff_id, "size": 0 });
            let layers: Vec<Value> = subject.layers.iter().map(|d| layer(d.as_str())).collect();
            json!({
                "userInput": subject.name,
                "imageID": digest,
                "manifestDigest": digest,
                "mediaType": "",
                "tags": [],
                "imageSize": 0,
                "layers": layers,
                "manifest": "",
                "config": "",
                "repoDigests": [],
                "architecture": "",
                "os": "",
            })
        }
    };
    json!({
        "id": id,
        "name": subject.name,
        "version": digest,
        "type": if subject.manifest.is_some() { "image" } else { "directory" },
        "metadata": metadata,
    })
}

fn artifact(installed: &Installed) -> Value {
    let package = &installed.package;
    let locations: Vec<Value> = installed.locations.iter().map(location).collect();
    let licences = package.licences.iter().map(|licence| {
        let expression = if is_spdx_expression(licence) {
            licence
        } else {
            ""
        };
        json!({
            "value": licence,
            "spdxExpression": expression,
            "type": "declared",
            "urls": [],
            "locations": [],
        })
    });
    let (kind, language) = words(package.kind);
    json!({
        "id": id_of(installed),
        "name": package.name,
        "version": package.version,
        "type": kind,
        "foundBy": package.found_by,
        "locations": locations,
        "licenses": licences.collect::<Vec<Value>>(),
        "language": language,
        "cpes": [],
        "purl": installed.purl,
    })
}

fn location(location: &Location) -> Value {
    let path = format!("/{}", location.path);
    let inside = location.inside.iter().map(String::as_str);
    let access: Vec<&str> = std::iter::once(path.as_str()).chain(inside).collect();
    let mut value = json!({
        "path": path,
        "accessPath": access.join(":"),
        "annotations": { "evidence": "primary" },
    });
    if let Some(diff_id) = &location.diff_id {
        value["layerID"] = json!(diff_id.as_str());
    }
    value
}

fn distro(release: &Release) -> Value {
    json!({
        "prettyName": release.pretty_name,
        "id": release.id,
        "idLike": release.like,
        "versionID": release.version,
        "versionCodename": release.codename,
    })
}

/// Syft's words for a kind of package and its language.
fn words(kind: PackageKind) -> (&'static str, &'static str) {
    match kind {
        PackageKind::Apk => ("apk", ""),
        PackageKind::Deb => ("deb", ""),
        PackageKind::Rpm => ("rpm", ""),
        PackageKind::Python => ("python", "python"),
        PackageKind::Npm => ("npm", "javascript"),
        PackageKind::Cargo => ("rust-crate", "rust"),
        PackageKind::Go => ("go-module", "go"),
        PackageKind::Java => ("java-archive", "java"),
        PackageKind::Gem => ("gem", "ruby"),
        PackageKind::Composer => ("php-composer", "php"),
        PackageKind::Nuget => ("dotnet", "dotnet"),
        PackageKind::Conda => ("conda", ""),
        PackageKind::Binary => ("binary", ""),
    }
}

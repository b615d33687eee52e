//! CycloneDX 1.6, JSON.

use serde_json::{Value, json};

use super::{Subject, TOOL, TOOL_VERSION, id_of, id_of_document, is_spdx_expression, is_spdx_id};
use crate::{Installed, PackageKind, Release, Sbom};

pub(super) fn write(subject: &Subject, sbom: &Sbom, created: Option<&str>) -> Value {
    let id = id_of_document(subject, sbom);
    let mut metadata = json!({
        "tools": { "components": [
            { "type": "application", "name": TOOL, "version": TOOL_VERSION },
        ] },
        "component": whole(subject, &id),
    });
    if let Some(created) = created {
        metadata["timestamp"] = json!(created);
    }
    let mut components: Vec<Value> = sbom.packages.iter().map(component).collect();
    components.extend(sbom.release.as_ref().map(operating_system));
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": serial_number(&id),
        "version": 1,
        "metadata": metadata,
        "components": components,
    })
}

/// A UUID of content (RFC 9562, version 8).
fn serial_number(id: &str) -> String {
    format!(
        "urn:uuid:{}-{}-8{}-8{}-{}",
        &id[..8],
        &id[8..12],
        &id[13..16],
        &id[17..20],
        &id[20..32]
    )
}

fn whole(subject: &Subject, id: &str) -> Value {
    let kind = match subject.manifest {
        Some(_) => "container",
        None => "file",
    };
    let mut value = json!({ "bom-ref": &id[..16], "type": kind, "name": subject.name });
    if let Some(digest) = subject.manifest.as_ref().or(subject.target.as_ref()) {
        value["version"] = json!(digest.to_string());
    }
    value
}

fn component(installed: &Installed) -> Value {
    let package = &installed.package;
    let kind = match package.kind {
        PackageKind::Binary => "application",
        _ => "library",
    };
    let id = id_of(installed);
    let reference = match installed.purl.as_str() {
        "" => id,
        purl => {
            let separator = if purl.contains('?') { '&' } else { '?' };
            format!("{purl}{separator}package-id={id}")
        }
    };
    let mut value = json!({ "bom-ref": reference, "type": kind });
    let split = match package.kind {
        PackageKind::Java => package.name.split_once(':'),
        PackageKind::Npm => package
            .name
            .split_once('/')
            .filter(|(s, _)| s.starts_with('@')),
        _ => None,
    };
    match split {
        Some((group, name)) => {
            value["group"] = json!(group);
            value["name"] = json!(name);
        }
        None => value["name"] = json!(package.name),
    }
    value["version"] = json!(package.version);
    if let Some(maintainer) = &package.maintainer {
        value["publisher"] = json!(maintainer);
    }
    if !package.licences.is_empty() {
        value["licenses"] = licences(&package.licences);
    }
    if !installed.purl.is_empty() {
        value["purl"] = json!(installed.purl);
    }
    let mut properties = vec![property("orlop:package:foundBy", &package.found_by)];
    for (number, location) in installed.locations.iter().enumerate() {
        let name = |what: &str| format!("orlop:location:{number}:{what}");
        properties.push(property(&name("path"), &format!("/{}", location.path)));
        if let Some(diff_id) = &location.diff_id {
            properties.push(property(&name("layerID"), diff_id.as_str()));
        }
        for inside in &location.inside {
            properties.push(property(&name("inside"), inside));
        }
    }
    value["properties"] = json!(properties);
    value
}

fn property(name: &str, value: &str) -> Value {
    json!({ "name": name, "value": value })
}

/// One expression alone, or a list of licences: the schema has no mixture.
fn licences(said: &[String]) -> Value {
    if let [one] = said
        && !is_spdx_id(one)
        && is_spdx_expression(one)
    {
        return json!([{ "expression": one }]);
    }
    let licence = |said: &String| match is_spdx_id(said) {
        true => json!({ "license": { "id": said } }),
        false => json!({ "license": { "name": said } }),
    };
    said.iter().map(licence).collect()
}

fn operating_system(release: &Release) -> Value {
    let mut value = json!({
        "bom-ref": format!("os:{}@{}", release.id, release.version),
        "type": "operating-system",
        "name": release.id,
        "version": release.version,
    });
    if !release.pretty_name.is_empty() {
        value["description"] = json!(release.pretty_name);
    }
    value
}

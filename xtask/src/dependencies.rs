//! Which way the crates depend, and that what comes in from elsewhere is allowed to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::command::{Outcome, cargo, host_triple, output, say};
use crate::policy::Policy;

/// The rooms from the vocabulary up: a crate may depend only on crates above it in this list.
const ROOMS: &[&str] = &[
    "orlop-secret",
    "orlop-oci",
    "orlop-sql",
    "orlop-pattern",
    "orlop-pin",
    "orlop-inflate",
    "orlop-layer",
    "orlop-userns",
    "orlop-fs",
    "orlop-store",
    "orlop-snapshot",
    "orlop-distribution",
    "orlop-archive",
    "orlop-image",
    "orlop-container",
    "orlop-dockerfile",
    "orlop-build",
    "orlop-sbom",
    "orlop-vuln",
    "orlop-scout",
    "orlop-sign",
    "orlop-access",
    "orlop-registry-store",
    "orlop-registry",
    "orlop-engine-api",
    "orlop-portal",
    "orlop-tui",
    "orlop",
];

/// Crates beside the rooms: they may be used by tests and stand on no room.
const BESIDE: &[&str] = &["orlop-testing", "orlop-bench", "xtask"];

/// Checks both.
pub(crate) fn check() -> Outcome {
    // For this platform only: crates for others would all be downloaded to be looked at.
    let platform = host_triple()?;
    let arguments = [
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--filter-platform",
        &platform,
    ];
    let json = output(cargo().args(arguments))?;
    let metadata: Value =
        serde_json::from_slice(&json).map_err(|error| format!("cargo metadata: {error}"))?;
    let faults = faults(&metadata, &Policy::load()?);
    if faults.is_empty() {
        say("Crates depend one way only; none is banned, and all licences are allowed.");
        return Ok(());
    }
    Err(format!("dependencies:\n  {}", faults.join("\n  ")))
}

fn faults(metadata: &Value, policy: &Policy) -> Vec<String> {
    let mut faults: Vec<String> = packages(metadata)
        .filter_map(|package| policy.fault(text(&package["name"]), package["license"].as_str()))
        .collect();
    for (name, dependencies) in workspace_edges(metadata) {
        let place = ROOMS.iter().position(|room| *room == name);
        if place.is_none() && !BESIDE.contains(&name) {
            faults.push(format!(
                "{name} has no place in the order of crates (xtask/src/dependencies.rs)"
            ));
        }
        for (dependency, kind) in dependencies {
            if let Some(fault) = fault_of_edge(name, place, dependency, kind) {
                faults.push(fault);
            }
        }
    }
    faults
}

/// Why a crate at `place` may not depend on another, if it may not.
fn fault_of_edge(name: &str, place: Option<usize>, dependency: &str, kind: &str) -> Option<String> {
    let above = ROOMS.iter().position(|room| *room == dependency);
    match (place, above) {
        (Some(own), Some(other)) if other < own => None,
        (Some(_), Some(_)) => Some(format!(
            "{name} depends on {dependency}, which is not above it"
        )),
        (Some(_), None) if kind == "dev" => None,
        (Some(_), None) => Some(format!(
            "{name} depends on {dependency}, which is for tests only"
        )),
        (None, Some(_)) => Some(format!(
            "{name} depends on {dependency}, but must stand on no room"
        )),
        (None, None) => None,
    }
}

/// Every workspace package with its dependencies inside the workspace and their kinds.
fn workspace_edges(metadata: &Value) -> BTreeMap<&str, BTreeSet<(&str, &str)>> {
    let members: BTreeSet<&str> = list(&metadata["workspace_members"]).map(text).collect();
    let own: Vec<&Value> = packages(metadata)
        .filter(|package| members.contains(text(&package["id"])))
        .collect();
    let names: BTreeSet<&str> = own.iter().map(|package| text(&package["name"])).collect();
    own.iter()
        .map(|package| (text(&package["name"]), edges_of(package, &names)))
        .collect()
}

fn edges_of<'a>(package: &'a Value, names: &BTreeSet<&str>) -> BTreeSet<(&'a str, &'a str)> {
    list(&package["dependencies"])
        .map(|dependency| {
            (
                text(&dependency["name"]),
                dependency["kind"].as_str().unwrap_or("normal"),
            )
        })
        .filter(|(name, _)| names.contains(name))
        .collect()
}

fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    list(&metadata["packages"])
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn package(name: &str, dependencies: Value) -> Value {
        json!({"name": name, "id": name, "license": "MIT", "dependencies": dependencies})
    }

    fn workspace(packages: &[Value], foreign: &[Value]) -> Value {
        let members: Vec<&Value> = packages.iter().map(|package| &package["id"]).collect();
        let all: Vec<&Value> = packages.iter().chain(foreign).collect();
        json!({"packages": all, "workspace_members": members})
    }

    #[test]
    fn downward_and_test_only_edges_are_fine() {
        let fine = workspace(
            &[
                package(
                    "orlop-oci",
                    json!([{"name": "orlop-testing", "kind": "dev"}, {"name": "serde", "kind": null}]),
                ),
                package("orlop-store", json!([{"name": "orlop-oci", "kind": null}])),
                package("orlop-testing", json!([])),
            ],
            &[package("serde", json!([]))],
        );
        assert_eq!(
            faults(&fine, &Policy::load().unwrap()),
            Vec::<String>::new()
        );
    }

    #[test]
    fn every_wrong_edge_is_named() {
        let wrong = workspace(
            &[
                package("orlop-oci", json!([{"name": "orlop-store", "kind": "dev"}])),
                package(
                    "orlop-store",
                    json!([{"name": "orlop-testing", "kind": null}]),
                ),
                package(
                    "orlop-testing",
                    json!([{"name": "orlop-oci", "kind": null}]),
                ),
                package("orlop-misc", json!([])),
            ],
            &[package("openssl-sys", json!([]))],
        );
        let expected = [
            "openssl-sys is banned",
            "orlop-misc has no place",
            "orlop-oci depends on orlop-store, which is not above it",
            "orlop-store depends on orlop-testing, which is for tests only",
            "orlop-testing depends on orlop-oci, but must stand on no room",
        ];
        let found = faults(&wrong, &Policy::load().unwrap());
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found}");
        }
    }
}

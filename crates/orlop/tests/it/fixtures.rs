//! Real published images, where they lie beside the checkout; generated ones stand for them in all
//! other tests.

use orlop_testing::peer::Skopeo;
use orlop_testing::{Registry, fixtures};
use serde_json::Value;

use crate::{assert_empty, orlop};

#[test]
fn all_eight_platforms_of_alpine_travel_unchanged() {
    let Some(fixtures) = fixtures() else { return };
    let (Some(registry), Some(other), Some(skopeo)) =
        (Registry::start(), Registry::start(), Skopeo::new())
    else {
        return;
    };
    let name = format!("{}/library/alpine:3.20", registry.host());
    let layout = format!("oci:{}:3.20", fixtures.join("images/alpine-3.20").display());
    skopeo.copy(&layout, &format!("docker://{name}"), &["--all"]);
    let orlop = orlop();
    orlop.ok(["pull", "--all-platforms", &name]);
    let tree = orlop.ok(["images", "--tree"]).stdout;
    for platform in [
        "amd64", "arm/v6", "arm/v7", "arm64", "386", "ppc64le", "riscv64", "s390x",
    ] {
        assert!(
            tree.contains(&format!("linux/{platform}")),
            "{platform}\n{tree}"
        );
    }
    let target = format!("{}/copy:v1", other.host());
    orlop.ok(["tag", &name, &target]);
    orlop.ok(["push", &target]);
    let (before, after) = (
        skopeo.raw(&format!("docker://{name}")),
        skopeo.raw(&format!("docker://{target}")),
    );
    assert_eq!(before, after, "the index is the same to the byte");
    let index: Value = serde_json::from_str(&after).unwrap();
    for manifest in index["manifests"].as_array().unwrap() {
        let pinned = format!(
            "{}/copy@{}",
            other.host(),
            manifest["digest"].as_str().unwrap()
        );
        crate::orlop().ok(["pull", "-q", "--platform", &platform_of(manifest), &pinned]);
    }
    orlop.ok(["rmi", "-f", &name, &target]);
    assert_empty(&orlop);
}

fn platform_of(manifest: &Value) -> String {
    let platform = &manifest["platform"];
    let text = |key: &str| platform[key].as_str().unwrap_or_default().to_owned();
    let variant = text("variant");
    let name = format!("{}/{}", text("os"), text("architecture"));
    if variant.is_empty() {
        name
    } else {
        format!("{name}/{variant}")
    }
}

//! Images of many platforms: choosing one, taking all, and what is said when there is none.

use orlop_testing::{Compression, Image, Layer, MediaTypes, PlatformName, Registry, Tarball};
use serde_json::json;

use crate::{layer, orlop};

fn of(platform: &str) -> Image {
    Image::new(&PlatformName::new(platform), &[layer("platform", platform)])
}

#[test]
fn the_machines_own_platform_comes_by_default() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let host = PlatformName::host().to_string();
    let index = Image::index(
        MediaTypes::Oci,
        &[of("linux/s390x"), of(&host), of("linux/mips64le")],
    );
    let name = index.push(&registry.host(), "many", "v1");
    let orlop = orlop();
    orlop.ok(["pull", &name]);
    let architecture = orlop.ok(["inspect", "-f", "{{.Os}}/{{.Architecture}}", &name]);
    assert_eq!(architecture.text(), host);
    assert_eq!(
        orlop.ok(["images", "-q", "--no-trunc"]).text(),
        index.top.digest,
        "the index is the identity"
    );
}

#[test]
fn a_platform_is_chosen_by_flag_and_by_variable() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let index = Image::index(
        MediaTypes::Oci,
        &[of("linux/amd64"), of("linux/arm/v6"), of("linux/arm64/v8")],
    );
    let name = index.push(&registry.host(), "many", "v1");
    let layer = |image: &Image| image.layer_digests()[0]["sha256:".len()..][..12].to_owned();
    let flag = orlop().ok(["pull", "--platform", "linux/arm64", &name]);
    assert!(
        flag.stderr.contains(&layer(&of("linux/arm64/v8"))),
        "{flag}"
    );
    let variable = orlop()
        .env("DOCKER_DEFAULT_PLATFORM", "linux/arm64")
        .ok(["pull", &name]);
    assert!(
        variable.stderr.contains(&layer(&of("linux/arm64/v8"))),
        "{variable}"
    );
    let older = orlop().ok(["pull", "--platform", "linux/arm/v7", &name]);
    assert!(
        older.stderr.contains(&layer(&of("linux/arm/v6"))),
        "v7 runs what is for v6: {older}"
    );

    let orlop = orlop();
    let none = orlop.fails(["pull", "--platform", "linux/s390x", &name]);
    assert!(
        none.contains("no matching manifest for linux/s390x in the manifest list entries"),
        "{none}"
    );
    for there in ["linux/amd64", "linux/arm/v6", "linux/arm64"] {
        assert!(none.contains(there), "{there} is listed: {none}");
    }
}

#[test]
fn all_platforms_of_an_image_travel_whole() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let index = Image::index(
        MediaTypes::Docker,
        &[of("linux/amd64"), of("linux/arm/v7"), of("linux/s390x")],
    );
    let name = index.push(&registry.host(), "many", "v1");
    let other = Registry::start().expect("as the first");
    let orlop = orlop();
    orlop.ok(["pull", "--all-platforms", &name]);
    let target = format!("{}/many:v2", other.host());
    orlop.ok(["tag", &name, &target]);
    let pushed = orlop.ok(["push", &target]);
    assert!(
        pushed.stdout.contains(&index.top.digest),
        "the same index: {pushed}"
    );
    for platform in ["linux/amd64", "linux/arm/v7", "linux/s390x"] {
        crate::orlop().ok(["pull", "--platform", platform, &target]);
    }
}

#[test]
fn one_platform_of_many_is_pushed_alone_and_that_is_told() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let host = PlatformName::host().to_string();
    let own = of(&host);
    let index = Image::index(MediaTypes::Oci, &[own.clone(), of("linux/s390x")]);
    let name = index.push(&registry.host(), "many", "v1");
    let other = Registry::start().expect("as the first");
    let orlop = orlop();
    orlop.ok(["pull", "-q", &name]);
    let target = format!("{}/one:v1", other.host());
    orlop.ok(["tag", &name, &target]);
    let pushed = orlop.ok(["push", &target]);
    assert!(pushed.stdout.contains(&own.top.digest), "{pushed}");
    let all = format!("{}{}", pushed.stdout, pushed.stderr);
    assert!(
        all.contains("Not all multiplatform-content is present"),
        "{all}"
    );
}

#[test]
fn attestations_are_no_platform_and_indexes_may_nest() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let host = PlatformName::host();
    let proven = Image::with_attestation(&Image::new(&host, &[layer("proven", "yes")]));
    let name = proven.push(&registry.host(), "proven", "v1");
    let orlop = orlop();
    orlop.ok(["pull", &name]);
    let none = crate::orlop().fails(["pull", "--platform", "linux/s390x", &name]);
    assert!(
        !none.contains("unknown"),
        "an attestation is no platform to offer: {none}"
    );

    let nested = Image::index(
        MediaTypes::Oci,
        &[Image::index(MediaTypes::Oci, &[of(&host.to_string())])],
    );
    let name = nested.push(&registry.host(), "nested", "v1");
    orlop.ok(["pull", &name]);
    assert_eq!(
        orlop
            .ok(["inspect", "-f", "{{.Architecture}}", &name])
            .text(),
        host.to_string().trim_start_matches("linux/")
    );
}

#[test]
fn every_compression_and_both_families_of_types_are_understood() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let orlop = orlop();
    let tar = Tarball::new()
        .file("f", 0o644, "the same".repeat(10_000))
        .finish();
    for types in [MediaTypes::Oci, MediaTypes::Docker] {
        for compression in [
            Compression::None,
            Compression::Gzip,
            Compression::GzipMembers,
            Compression::Zstd,
        ] {
            let image = Image::with(
                &PlatformName::host(),
                &[Layer::new(&tar, compression)],
                types,
                json!({}),
            );
            let name = image.push(
                &registry.host(),
                "kinds",
                &format!("{types:?}-{compression:?}"),
            );
            orlop.ok(["pull", "-q", &name]);
        }
    }
    assert_eq!(
        crate::layers(&orlop).len(),
        1,
        "one tree, however it was packed"
    );
}

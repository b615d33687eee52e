//! Copies between registries, layouts, archives and the store.

use orlop_testing::peer::Skopeo;
use orlop_testing::{
    Fault, FaultProxy, Image, Layer, MediaTypes, Orlop, PlatformName, Registry, Rule,
};
use serde_json::json;

use crate::{big, layer, orlop, small};

fn of(platform: &str) -> Image {
    Image::new(&PlatformName::new(platform), &[layer("platform", platform)])
}

/// Several platforms.
fn many() -> Image {
    let platforms = ["linux/amd64", "linux/arm64/v8", "linux/s390x"];
    Image::index(MediaTypes::Oci, &platforms.map(of))
}

/// The same with an index in it, which has an attestation. skopeo doesn't know of such.
fn nested() -> Image {
    let amd64 = Image::with_attestation(&of("linux/amd64"));
    Image::index(
        MediaTypes::Oci,
        &[amd64, of("linux/arm64/v8"), of("linux/s390x")],
    )
}

/// What `orlop copy` says it sent: the line on standard error.
fn sent(orlop: &Orlop, arguments: &[&str]) -> String {
    let mut all = vec!["copy"];
    all.extend(arguments);
    let run = orlop.ok(all);
    let said = run.stderr.lines().last().unwrap_or_default().to_owned();
    assert!(said.contains("blobs sent"), "{run}");
    said
}

#[test]
fn all_platforms_go_from_registry_to_registry_and_only_once() {
    let (Some(first), Some(second), Some(skopeo)) =
        (Registry::start(), Registry::start(), Skopeo::new())
    else {
        return;
    };
    let image = many();
    let from = image.push(&first.host(), "team/app", "v1");
    let to = format!("{}/mirror/app:v1", second.host());
    let orlop = orlop();
    let copied = orlop.ok(["copy", &from, &to]);
    let line = format!("{to}: digest: {} size: ", image.top.digest);
    assert!(copied.text().starts_with(&line), "{copied}");
    assert_eq!(
        skopeo.raw(&format!("docker://{to}")).as_bytes(),
        image.top.bytes,
        "byte for byte"
    );
    let everything = tempfile::tempdir().unwrap();
    let layout = format!("oci:{}:all", everything.path().display());
    skopeo.copy(&format!("docker://{to}"), &layout, &["--all"]);
    // Nothing is left to do, by the same name and by another.
    assert!(
        orlop
            .ok(["copy", &from, &to])
            .text()
            .contains("(was there)")
    );
    let other = format!("{}/mirror/app:v2", second.host());
    assert!(sent(&orlop, &[&from, &other]).starts_with("0 blobs sent (0B), 0 mounted"));
}

#[test]
fn one_platform_is_its_manifest_and_several_are_a_part_of_the_index() {
    let (Some(first), Some(second)) = (Registry::start(), Registry::start()) else {
        return;
    };
    let image = nested();
    let from = image.push(&first.host(), "team/app", "v1");
    let to = format!("{}/mirror/app", second.host());
    let orlop = orlop();
    let whole = orlop.ok(["copy", "-q", &from, &format!("{to}:whole")]);
    assert_eq!(whole.text(), image.top.digest);
    let arm = orlop.ok(["copy", "-q", "--platform", "linux/arm64", &from, &to]);
    assert_eq!(arm.text(), of("linux/arm64/v8").top.digest);
    let nested = orlop.ok(["copy", "-q", "--platform", "linux/amd64", &from, &to]);
    assert_eq!(
        nested.text(),
        of("linux/amd64").top.digest,
        "in a nested index"
    );
    let said = orlop.fails(["copy", "--platform", "linux/mips", &from, &to]);
    assert!(
        said.contains("no matching manifest for linux/mips"),
        "{said}"
    );
    assert!(said.contains("linux/arm64/v8, linux/s390x"), "{said}");
    // A layout takes an index without all that it names.
    let folder = tempfile::tempdir().unwrap();
    let layout = format!("oci:{}/layout:part", folder.path().display());
    let flat = many();
    let from = flat.push(&first.host(), "team/flat", "v1");
    let some = ["copy", "-q", "--platform", "linux/s390x,linux/arm64"];
    let some = orlop.ok(some.into_iter().chain([from.as_str(), &layout]));
    assert_eq!(some.text(), flat.top.digest);
    let there = |image: &Image| {
        let hex = image.top.digest.trim_start_matches("sha256:");
        folder.path().join("layout/blobs/sha256").join(hex).exists()
    };
    assert!(there(&of("linux/s390x")) && there(&of("linux/arm64/v8")));
    assert!(!there(&of("linux/amd64")));
}

#[test]
fn a_blob_is_mounted_within_a_registry() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let image = small("mounted");
    let from = image.push(&registry.host(), "team/app", "v1");
    let to = format!("{}/other/app:v1", registry.host());
    let said = sent(&orlop(), &[&from, &to]);
    assert!(said.starts_with("0 blobs sent (0B), 3 mounted"), "{said}");
}

#[test]
fn a_blob_is_mounted_from_where_the_store_has_seen_it() {
    let (Some(first), Some(second)) = (Registry::start(), Registry::start()) else {
        return;
    };
    let image = small("known");
    let from = image.push(&first.host(), "team/app", "v1");
    let lender = image.push(&second.host(), "base/app", "v1");
    let orlop = orlop();
    orlop.ok(["pull", "-q", &lender]);
    let to = format!("{}/other/app:v1", second.host());
    let said = sent(&orlop, &[&from, &to]);
    assert!(said.starts_with("0 blobs sent (0B), 3 mounted"), "{said}");
}

#[test]
fn a_repository_goes_with_all_its_tags() {
    let (Some(first), Some(second), Some(skopeo)) =
        (Registry::start(), Registry::start(), Skopeo::new())
    else {
        return;
    };
    let (one, two) = (small("one"), small("two"));
    one.push_with(&first.host(), "team/app", &["1", "stable"], None);
    two.push_with(&first.host(), "team/app", &["2", "latest"], None);
    let from = format!("{}/team/app", first.host());
    let to = format!("{}/mirror/app", second.host());
    let orlop = orlop();
    let run = orlop.ok(["copy", "--all-tags", "-q", &from, &to]);
    assert_eq!(run.lines().len(), 4, "{run}");
    for (tag, image) in [("1", &one), ("stable", &one), ("2", &two), ("latest", &two)] {
        let there = skopeo.raw(&format!("docker://{to}:{tag}"));
        assert_eq!(there.as_bytes(), image.top.bytes, "{tag}");
    }
    let said = orlop.fails(["copy", "--all-tags", &format!("{from}:1"), &to]);
    assert!(
        said.contains("tag can't be used with --all-tags/-a"),
        "{said}"
    );
}

#[test]
fn a_repository_goes_with_the_tags_that_are_selected() {
    let (Some(first), Some(second)) = (Registry::start(), Registry::start()) else {
        return;
    };
    let tags = [
        "1.0.0",
        "1.1.0",
        "1.1.0-debug",
        "2.0.0",
        "nightly-1",
        "latest",
    ];
    small("many").push_with(&first.host(), "team/app", &tags, None);
    let from = format!("{}/team/app", first.host());
    let orlop = orlop();
    let cases: [(&[&str], &[&str]); 4] = [
        (
            &["--tags", "1.*", "--exclude", "*-debug"],
            &["1.0.0", "1.1.0"],
        ),
        (&["--tags", r"/nightly-\d+/"], &["nightly-1"]),
        (&["--semver", ">=1.1"], &["1.1.0", "2.0.0"]),
        (&["--all-tags", "--last", "1"], &["2.0.0"]),
    ];
    for (number, (options, expected)) in cases.into_iter().enumerate() {
        let to = format!("{}/mirror/app{number}", second.host());
        let copy = ["copy", "-q"].iter().chain(options);
        orlop.ok(copy.chain(&[from.as_str(), &to]));
        // Debian's registry lists them in no order.
        let there = orlop.ok(["tag", "ls", &to]);
        let mut there = there.lines();
        there.sort_unstable();
        assert_eq!(there, expected, "{options:?}");
    }
    let to = format!("{}/mirror/none", second.host());
    let said = orlop.fails(["copy", "--tags", "3.*", &from, &to]);
    assert!(said.contains("none of its 6 tags is selected"), "{said}");
    for (options, words) in [
        (["--tags", "/(/"], "--tags: \"(\": unclosed group"),
        (["--semver", "new"], "--semver: range \"new\""),
    ] {
        let run = orlop.run(["copy", &from, &to].iter().chain(&options));
        assert!(run.code() == 125 && run.stderr.contains(words), "{run}");
    }
    let said = orlop.fails(["copy", "--latest", "1", &format!("{from}:latest"), &to]);
    assert!(
        said.contains("tag can't be used with --all-tags/-a"),
        "{said}"
    );
}

#[test]
fn layouts_and_archives_in_and_out() {
    let (Some(registry), Some(skopeo)) = (Registry::start(), Skopeo::new()) else {
        return;
    };
    let image = many();
    let from = image.push(&registry.host(), "team/app", "v1");
    let orlop = orlop();
    let folder = tempfile::tempdir().unwrap();
    let place = |word: &str, name: &str| format!("{word}:{}/{name}", folder.path().display());
    let layout = place("oci", "layout");
    orlop.ok(["copy", &from, &format!("{layout}:v1")]);
    let archive = place("oci-archive", "a.tar");
    orlop.ok(["copy", &format!("{layout}:v1"), &archive]);
    let back = format!("{}/team/back:v1", registry.host());
    orlop.ok(["copy", &archive, &back]);
    let raw = |name: &str| skopeo.raw(name).into_bytes();
    assert!(raw(&format!("docker://{back}")) == image.top.bytes);
    assert!(raw(&format!("{layout}:v1")) == image.top.bytes);
    assert!(raw(&archive) == image.top.bytes);
    // What skopeo wrote is read, by the name that it gave.
    let theirs = place("oci", "theirs");
    skopeo.copy(
        &format!("docker://{from}"),
        &format!("{theirs}:x"),
        &["--all"],
    );
    let again = format!("{}/team/again:v1", registry.host());
    let digest = orlop.ok(["copy", "-q", &format!("{theirs}:x"), &again]);
    assert_eq!(digest.text(), image.top.digest);
    let said = orlop.fails(["copy", &format!("{theirs}:y"), &again]);
    assert!(said.contains("No such image: y in"), "{said}");
    // Two images, and it isn't said which is meant.
    let other = small("other").push(&registry.host(), "team/other", "v1");
    orlop.ok(["copy", &other, &format!("{layout}:v2")]);
    let said = orlop.fails(["copy", &layout, &again]);
    assert!(said.contains("hint: ") && said.contains("v1, v2"), "{said}");
}

#[test]
fn the_store_is_a_place_to_copy_from() {
    let (Some(registry), Some(skopeo)) = (Registry::start(), Skopeo::new()) else {
        return;
    };
    let image = small("stored");
    let from = image.push(&registry.host(), "team/app", "v1");
    let orlop = orlop();
    orlop.ok(["pull", "-q", &from]);
    let folder = tempfile::tempdir().unwrap();
    let archive = format!("docker-archive:{}/a.tar", folder.path().display());
    orlop.ok(["copy", &format!("store:{from}"), &archive]);
    let config = skopeo.inspect(&archive);
    assert_eq!(config["Layers"].as_array().unwrap().len(), 2, "{config}");
    let said = orlop.fails(["copy", "store:nosuch", &archive]);
    assert!(said.contains("No such image: nosuch"), "{said}");
}

#[test]
fn the_store_is_a_place_to_copy_to() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let image = many();
    let from = image.push(&registry.host(), "team/app", "v1");
    let orlop = orlop();
    let copied = orlop.ok(["copy", "-q", &from, "store:mine:v1"]);
    assert_eq!(copied.text(), image.top.digest);
    assert!(crate::layers(&orlop).is_empty(), "nothing was unpacked");
    // It is all there: it can go elsewhere with all its platforms.
    let to = format!("{}/team/again:v1", registry.host());
    let again = orlop.ok(["copy", "-q", "store:mine:v1", &to]);
    assert_eq!(again.text(), image.top.digest);
    let one = ["copy", "-q", "--platform", "linux/s390x"];
    orlop.ok(one.into_iter().chain([from.as_str(), "store:one:v1"]));
    let listed = orlop.ok(["images", "--format", "{{.Repository}}:{{.Tag}}"]);
    assert_eq!(listed.lines(), ["mine:v1", "one:v1"], "{listed}");
}

/// An artifact about `subject`, under its digest.
fn attach(registry: &Registry, repository: &str, subject: &Image, kind: &str) -> Image {
    let blob = Layer::noise(kind, 1000, 7);
    let mut artifact = Image::with(&PlatformName::host(), &[blob], MediaTypes::Oci, json!({}));
    let mut manifest: serde_json::Value =
        serde_json::from_slice(&artifact.top.bytes).expect("a manifest is JSON");
    manifest["subject"] = subject.top.descriptor();
    manifest["artifactType"] = json!(kind);
    artifact.top = orlop_testing::Document::new(
        artifact.top.media_type.clone(),
        manifest.to_string().into_bytes(),
    );
    let digest = artifact.top.digest.clone();
    artifact.push_with(&registry.host(), repository, &[&digest], None);
    artifact
}

#[test]
fn what_speaks_of_an_image_goes_with_it_when_asked() {
    let (Some(first), Some(second), Some(skopeo)) =
        (Registry::start(), Registry::start(), Skopeo::new())
    else {
        return;
    };
    let image = small("signed");
    let from = image.push(&first.host(), "team/app", "v1");
    let signature = attach(&first, "team/app", &image, "application/vnd.sig");
    // Debian's registry keeps no list: a client wrote it under the tag of the specification.
    let list = Image::index_with(MediaTypes::Oci, std::slice::from_ref(&signature), |index| {
        index["manifests"][0]["artifactType"] = json!("application/vnd.sig");
    });
    let tag = image.top.digest.replace(':', "-");
    list.push_with(&first.host(), "team/app", &[&tag], None);
    let cosign = small("cosign");
    cosign.push_with(&first.host(), "team/app", &[&format!("{tag}.sig")], None);

    let orlop = orlop();
    let there = |name: &str| {
        let options = ["inspect", "--raw", "--tls-verify=false"];
        let finished = skopeo.program().args(options).arg(name).run();
        finished.code() == 0
    };
    let to = format!("{}/mirror/app:v1", second.host());
    orlop.ok(["copy", &from, &to]);
    let signature_there = format!(
        "docker://{}/mirror/app@{}",
        second.host(),
        signature.top.digest
    );
    let cosign_there = format!("docker://{}/mirror/app:{tag}.sig", second.host());
    assert!(!there(&signature_there) && !there(&cosign_there));
    orlop.ok(["copy", "--referrers", "--digest-tags", &from, &to]);
    assert!(there(&signature_there) && there(&cosign_there));
    // And the copy can be copied: the list was kept for the second registry.
    let third = format!("{}/again/app:v1", second.host());
    orlop.ok(["copy", "--referrers", &to, &third]);
    assert!(there(&signature_there.replace("mirror", "again")));
}

#[test]
fn a_source_that_sends_other_bytes_makes_no_image() {
    let (Some(first), Some(second)) = (Registry::start(), Registry::start()) else {
        return;
    };
    let image = big(2, 5);
    let proxy = FaultProxy::start(&first.host());
    image.push_with(&first.host(), "team/app", &["v1"], None);
    let layer = image.layer_digests().remove(0);
    proxy.add(Rule::new(&format!("blobs/{layer}"), Fault::WrongByte { at: 1 << 20 }).method("GET"));
    let from = format!("{}/team/app:v1", proxy.host());
    let to = format!("{}/mirror/app:v1", second.host());
    let orlop = orlop();
    let said = orlop.fails(["copy", &from, &to]);
    assert!(said.contains(&format!("blob {layer} is damaged")), "{said}");
    assert!(orlop.fails(["copy", &to, &from]).contains("not found"));
    // Nor an archive, nor anything in its place.
    let folder = tempfile::tempdir().unwrap();
    let archive = format!("oci-archive:{}/a.tar", folder.path().display());
    let said = orlop.fails(["copy", &from, &archive]);
    assert!(said.contains(&layer), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    proxy.heal();
    orlop.ok(["copy", &from, &to]);
}

#[test]
fn a_broken_connection_is_gone_on_with() {
    let (Some(first), Some(second)) = (Registry::start(), Registry::start()) else {
        return;
    };
    let image = big(4, 6);
    image.push_with(&first.host(), "team/app", &["v1"], None);
    let layer = image.layer_digests().remove(0);
    let (reading, writing) = (
        FaultProxy::start(&first.host()),
        FaultProxy::start(&second.host()),
    );
    reading.add(
        Rule::new(&format!("blobs/{layer}"), Fault::Cut { after: 1 << 20 })
            .method("GET")
            .times(1),
    );
    writing.add(
        Rule::new("blobs/uploads", Fault::CutUpload { after: 3 << 20 })
            .method("PUT")
            .times(1),
    );
    let from = format!("{}/team/app:v1", reading.host());
    let to = format!("{}/mirror/app:v1", writing.host());
    let orlop = orlop();
    let copied = orlop.ok(["copy", "-q", &from, &to]);
    assert_eq!(copied.text(), image.top.digest);
    let direct = format!("{}/mirror/app:v1", second.host());
    orlop.ok(["pull", "-q", &direct]);
}

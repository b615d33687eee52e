//! `scout quickview`, the base image, and `cves --only-base|--ignore-base`.

use jiff::Timestamp;
use orlop_testing::{
    Compression, Image, Layer, MediaTypes, Orlop, PlatformName, Registry, Tarball,
};
use serde_json::{Value, json};

use super::{
    STATUS, above, advisories, app, base, findings, in_layout, records, report, with_advisories,
};

const NAME: &str = "org.opencontainers.image.base.name";
const DIGEST: &str = "org.opencontainers.image.base.digest";

fn amd64() -> PlatformName {
    PlatformName::new("linux/amd64")
}

fn base_image() -> Image {
    Image::new(&amd64(), &[base()])
}

/// The application with annotations on its manifest and labels in its configuration.
fn told(annotations: &Value, labels: &Value) -> Image {
    let config = json!({"Labels": labels});
    let layers = [base(), above()];
    let image = Image::with(&amd64(), &layers, MediaTypes::Oci, config);
    let mut told = Image::from_parts(
        image.config().clone(),
        &layers,
        MediaTypes::Oci,
        |manifest| {
            manifest["annotations"] = annotations.clone();
        },
    );
    told.platform = Some(amd64());
    told
}

fn quickview(orlop: &Orlop, what: &str) -> Value {
    let answer = orlop.ok(["scout", "quickview", "--format", "json", what]);
    serde_json::from_str(&answer.stdout).expect("it answers with JSON")
}

/// `name evidence confidence layers official`.
fn base_of(orlop: &Orlop, what: &str) -> String {
    let base = quickview(orlop, what)["base_image"].clone();
    let text = |key: &str| match &base[key] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    ["name", "evidence", "confidence", "layers", "official"]
        .map(text)
        .join(" ")
}

/// A catalogue of base images, as `db update` writes it.
fn catalogue(orlop: &Orlop, entries: &[(&str, &Image, &[Layer], usize)]) {
    let entries = entries.iter().map(|(name, image, layers, steps)| {
        let diff_ids: Vec<&str> = layers.iter().map(|it| it.diff_id.as_str()).collect();
        json!({
            "name": name,
            "digest": image.top.digest,
            "manifest": image.top.digest,
            "platform": "linux/amd64",
            "steps": steps,
            "diff_ids": diff_ids,
        })
    });
    let document = json!({"base_images": entries.collect::<Vec<_>>()});
    let feeds = orlop.folder().join("feeds");
    std::fs::create_dir_all(&feeds).expect("a folder is made");
    std::fs::write(feeds.join("bases.json"), document.to_string()).expect("a feed");
    advisories(orlop, &records(), Timestamp::now());
}

#[test]
fn an_image_of_the_store_is_known_by_its_layers() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let orlop = with_advisories();
    let layout = in_layout(&orlop, &app());
    assert_eq!(quickview(&orlop, &layout)["base_image"], Value::Null);
    let name = base_image().push(&registry.host(), "base", "v1");
    orlop.ok(["pull", "-q", "--platform", "linux/amd64", &name]);
    let expected = format!("{name} layers-of-store medium 1 false");
    assert_eq!(base_of(&orlop, &layout), expected);
    // An official name is preferred to others, and to `latest`.
    for tag in ["debian:latest", "debian:12", "aaa/debian:12"] {
        orlop.ok(["tag", &name, tag]);
    }
    let expected = "docker.io/library/debian:12 layers-of-store high 1 true";
    assert_eq!(base_of(&orlop, &layout), expected);
    let view = quickview(&orlop, &layout);
    assert_eq!(
        view["vulnerabilities"],
        json!({"critical": 1, "high": 1, "medium": 0, "low": 0, "unspecified": 1})
    );
    assert_eq!(
        view["base_image"]["vulnerabilities"],
        json!({"critical": 0, "high": 0, "medium": 0, "low": 0, "unspecified": 1})
    );
    assert_eq!(
        view["base_image"]["delta"],
        json!({"critical": 1, "high": 1, "medium": 0, "low": 0, "unspecified": 0})
    );
    // The base image itself stands on nothing, by whatever name.
    for what in [name.as_str(), "debian:12"] {
        assert_eq!(quickview(&orlop, what)["base_image"], Value::Null, "{what}");
    }
    let told = orlop.ok(["scout", "qv", &layout]).stdout;
    for part in [
        "  Target     │ ",
        " │    1C     1H     0M     0L     1?\n    digest   │ ",
        "\n  Base image │ debian:12 ",
        " │    0C     0H     0M     0L     1?\n",
        " │   +1     +1\n",
        "\n  Base image debian:12 (official), 1 layer, confidence high: the layers are those of an image in the store\n",
        "\n  i Base image was auto-detected. To get more accurate results, build images with max-mode provenance attestations.\n",
    ] {
        assert!(told.contains(part), "{part}\n{told}");
    }
}

#[test]
fn what_stands_on_the_same_base_is_no_base() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let orlop = with_advisories();
    // Another version of the application itself has more of its layers than any base.
    let older = app().push(&registry.host(), "app", "v1");
    let more = Tarball::new().file("srv/more", 0o644, "more").finish();
    let newer = Image::new(
        &amd64(),
        &[base(), above(), Layer::new(&more, Compression::Gzip)],
    );
    let newer = newer.push(&registry.host(), "app", "v2");
    let below = base_image().push(&registry.host(), "base", "v1");
    for name in [&older, &newer, &below] {
        orlop.ok(["pull", "-q", "--platform", "linux/amd64", name]);
    }
    let expected = format!("{below} layers-of-store medium 1 false");
    assert_eq!(base_of(&orlop, &newer), expected);
    // An image with more steps and the same layers stands on the one with fewer.
    let layers = [base()];
    let same = Image::with(&amd64(), &layers, MediaTypes::Oci, json!({}));
    let mut config: Value = serde_json::from_slice(&same.config().bytes).unwrap();
    let steps = config["history"].as_array_mut().unwrap();
    steps.push(json!({"created_by": "ENV A=b", "empty_layer": true}));
    let config = orlop_testing::Document::new(
        same.config().media_type.clone(),
        config.to_string().into_bytes(),
    );
    let same = Image::from_parts(config, &layers, MediaTypes::Oci, |_| {});
    let layout = in_layout(&orlop, &same);
    assert_eq!(base_of(&orlop, &layout), expected);
    // And not the other way round.
    let config = base_image().config().clone();
    let other = Image::from_parts(config, &layers, MediaTypes::Oci, |manifest| {
        manifest["annotations"] = json!({"a": "b"});
    });
    let other = other.push(&registry.host(), "other", "v1");
    assert_eq!(
        quickview(&orlop, &format!("registry://{other}"))["base_image"],
        Value::Null
    );
}

#[test]
fn what_is_said_is_compared() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let image = base_image();
    let digest = &image.top.digest;
    let none = json!({});
    let named = json!({NAME: "docker.io/library/debian:12"});
    let pinned = json!({NAME: "docker.io/library/debian:12", DIGEST: digest});
    let wrong =
        json!({NAME: "docker.io/library/debian:12", DIGEST: format!("sha256:{}", "0".repeat(64))});
    let debian = "docker.io/library/debian:12";
    // Nothing is known here: it is only said, by whoever made the image.
    let orlop = with_advisories();
    for (annotations, labels, expected) in [
        (
            &named,
            &none,
            format!("{debian} annotations low null false"),
        ),
        (&none, &pinned, format!("{debian} labels low null false")),
        (
            &json!({NAME: "BAD NAME"}),
            &none,
            "null null null null null".to_owned(),
        ),
    ] {
        let layout = in_layout(&orlop, &told(annotations, labels));
        assert_eq!(base_of(&orlop, &layout), expected);
    }
    // The image is known.
    let name = image.push(&registry.host(), "base", "v1");
    orlop.ok(["pull", "-q", "--platform", "linux/amd64", &name]);
    orlop.ok(["tag", &name, debian]);
    for (annotations, labels, expected) in [
        (
            &named,
            &none,
            format!("{debian} annotations certain 1 true"),
        ),
        (&none, &pinned, format!("{debian} labels certain 1 true")),
        (
            &pinned,
            &wrong,
            format!("{debian} annotations certain 1 true"),
        ),
        // A digest that isn't that of the layers' image is a lie or a misunderstanding.
        (
            &wrong,
            &none,
            format!("{debian} annotations low null false"),
        ),
    ] {
        let layout = in_layout(&orlop, &told(annotations, labels));
        assert_eq!(base_of(&orlop, &layout), expected);
    }
}

#[test]
fn the_catalogue_of_the_database_names_what_was_never_here() {
    let orlop = crate::orlop();
    let (image, layers) = (base_image(), [base()]);
    catalogue(
        &orlop,
        &[
            ("docker.io/library/debian:12.7", &image, &layers, 2),
            ("docker.io/library/debian:12", &image, &layers, 2),
            ("docker.io/somebody/debian:12", &image, &layers, 2),
        ],
    );
    let layout = in_layout(&orlop, &app());
    let expected = "docker.io/library/debian:12.7 layers-of-catalogue high 1 true";
    assert_eq!(base_of(&orlop, &layout), expected);
    let view = quickview(&orlop, &layout);
    assert_eq!(
        view["base_image"]["other_names"],
        json!([
            "docker.io/library/debian:12",
            "docker.io/somebody/debian:12"
        ])
    );
    // By its digest it is no base of itself.
    let itself = in_layout(&orlop, &image);
    assert_eq!(quickview(&orlop, &itself)["base_image"], Value::Null);
    let status = orlop.ok(["scout", "db", "status"]).stdout;
    assert!(status.contains("Base images:   1 image\n"), "{status}");
}

/// A provenance as BuildKit states it with `mode=max`, of a build with two images.
fn predicate(version: &str, layer: &str) -> Value {
    let source = |id: &str, identifier: &str| json!({"id": id, "op": {"Op": {"source": {"identifier": identifier}}, "constraints": null}});
    let digest = format!("sha256:{}", "5".repeat(64));
    let config = json!({"llbDefinition": [
        source("step0", &format!("docker-image://docker.io/library/golang:1.22@{digest}")),
        source("step1", &format!("docker-image://docker.io/library/debian:12@{digest}")),
        source("step2", "local://context"),
        {"id": "step3", "op": {"Op": {"exec": {}}}, "inputs": ["step1:0"]},
    ]});
    let descriptor = |digest: &str| json!({"mediaType": "x", "digest": digest, "size": 1});
    let other = format!("sha256:{}", "7".repeat(64));
    let layers = json!({
        "step0:0": [[descriptor(&other)]],
        "step1:0": [[descriptor(layer)]],
        "step3:0": [[descriptor(layer), descriptor(&other)]],
    });
    let materials = json!([
        {"uri": "pkg:docker/docker/dockerfile@1", "digest": {"sha256": "1".repeat(64)}},
        {"uri": "pkg:docker/golang@1.22?platform=linux%2Famd64", "digest": {"sha256": "5".repeat(64)}},
        {"uri": "pkg:docker/debian@12?platform=linux%2Famd64", "digest": {"sha256": "5".repeat(64)}},
    ]);
    match version {
        "v0.2" => json!({
            "materials": materials,
            "buildConfig": config,
            "metadata": {"https://mobyproject.org/buildkit@v1#metadata": {"layers": layers}},
        }),
        _ => json!({
            "buildDefinition": {
                "resolvedDependencies": materials,
                "internalParameters": {"buildConfig": config},
            },
            "runDetails": {"metadata": {"buildkit_metadata": {"layers": layers}}},
        }),
    }
}

#[test]
fn the_provenance_of_the_builder_counts_most() {
    let orlop = with_advisories();
    let kind = |version: &str| format!("https://slsa.dev/provenance/{version}");
    let image = told(&json!({NAME: "docker.io/library/other:1"}), &json!({}));
    let layer = image.layer_digests()[0].clone();
    for version in ["v0.2", "v1"] {
        let stated = predicate(version, &layer);
        let image = Image::with_statement(&image, &kind(version), &stated);
        let layout = in_layout(&orlop, &image);
        let expected = "docker.io/library/debian:12 provenance certain 1 true";
        assert_eq!(base_of(&orlop, &layout), format!("{expected}"), "{version}");
        let line = "confidence certain: the provenance says so, and its layers are the lowest\n";
        let told = orlop.ok(["scout", "quickview", &layout]).stdout;
        assert!(told.contains(line), "{told}");
        assert!(!told.contains("auto-detected"), "{told}");
    }
    // With mode=min there are names alone: one is enough.
    let one = json!({"materials": [
        {"uri": "pkg:docker/docker/dockerfile@1", "digest": {"sha256": "1".repeat(64)}},
        {"uri": "pkg:docker/registry.example.com/debian@12?platform=linux%2Famd64", "digest": null},
    ], "metadata": null});
    let min = Image::with_statement(&image, &kind("v0.2"), &one);
    let layout = in_layout(&orlop, &min);
    let expected = "registry.example.com/debian:12 provenance medium null false";
    assert_eq!(base_of(&orlop, &layout), expected);
    // Of two it can't be told which, and a statement of something else says nothing.
    let mut two = predicate("v0.2", &layer);
    two["buildConfig"] = Value::Null;
    for (kind, stated) in [
        (kind("v0.2"), two),
        (kind("v9"), json!(7)),
        (
            "https://spdx.dev/Document".to_owned(),
            predicate("v1", &layer),
        ),
    ] {
        let layout = in_layout(&orlop, &Image::with_statement(&image, &kind, &stated));
        let expected = "docker.io/library/other:1 annotations low null false";
        assert_eq!(base_of(&orlop, &layout), expected);
    }
}

#[test]
fn a_provenance_is_read_at_a_registry() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let orlop = with_advisories();
    let image = app();
    let stated = predicate("v1", &image.layer_digests()[0]);
    let image = Image::with_statement(&image, "https://slsa.dev/provenance/v1", &stated);
    let name = image.push(&registry.host(), "app", "v1");
    let expected = "docker.io/library/debian:12 provenance certain 1 true";
    assert_eq!(base_of(&orlop, &format!("registry://{name}")), expected);
}

#[test]
fn findings_of_the_base_image_or_of_what_is_above_it() {
    let orlop = crate::orlop();
    let (image, layers) = (base_image(), [base()]);
    catalogue(&orlop, &[("debian:12", &image, &layers, 2)]);
    // dpkg writes its list anew for each package: those of the base image stay its own.
    let status = format!(
        "{STATUS}\nPackage: libssl1.1\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl\nVersion: 1.1.1n-0\n"
    );
    let more = Tarball::new()
        .file("var/lib/dpkg/status", 0o644, &status)
        .finish();
    let layers = [base(), Layer::new(&more, Compression::Gzip), above()];
    let layout = in_layout(&orlop, &Image::new(&amd64(), &layers));
    let [old, new, jinja, minimist] = [
        "libssl3 CVE-2023-5363 unspecified 3.0.11-1~deb12u2",
        "libssl1.1 CVE-2023-5363 unspecified 3.0.11-1~deb12u2",
        "jinja2 CVE-2019-10906 high 2.10.1",
        "minimist CVE-2021-44906 critical -",
    ];
    let sorted = |mut list: Vec<String>| {
        list.sort();
        list
    };
    let found = |flag: &[&str]| {
        let arguments: Vec<&str> = flag.iter().copied().chain([layout.as_str()]).collect();
        sorted(findings(&report(&orlop, &arguments)))
    };
    let list = |these: &[&str]| sorted(these.iter().map(|it| (*it).to_owned()).collect());
    assert_eq!(found(&[]), list(&[old, new, jinja, minimist]));
    assert_eq!(found(&["--only-base"]), list(&[old]));
    assert_eq!(found(&["--ignore-base"]), list(&[new, jinja, minimist]));
    orlop
        .run(["scout", "cves", "--only-base", "--ignore-base", &layout])
        .expect_code(125);
}

#[test]
fn nothing_is_left_out_where_the_base_image_is_not_known() {
    let orlop = with_advisories();
    let layout = in_layout(&orlop, &app());
    let said = orlop.fails(["scout", "cves", "--only-base", &layout]);
    assert!(
        said.contains("Error: which base image this one stands on isn't known\n"),
        "{said}"
    );
    let run = orlop.ok(["scout", "cves", "--ignore-base", &layout]);
    let warned = "WARNING: which base image this one stands on isn't known: nothing is left out\n";
    assert!(run.stderr.contains(warned), "{}", run.stderr);
    assert!(
        run.stdout.contains("3 vulnerabilities found"),
        "{}",
        run.stdout
    );
    let layout = in_layout(&orlop, &told(&json!({NAME: "debian:12"}), &json!({})));
    let said = orlop.fails(["scout", "cves", "--only-base", &layout]);
    assert!(
        said.contains("how many layers are those of the base image debian:12 isn't known"),
        "{said}"
    );
    // Where there is no data, that is no zero.
    let empty = crate::orlop();
    let other = [super::record("X-1", "PyPI", "x", None, json!({}))];
    advisories(&empty, &other, Timestamp::now());
    let layout = in_layout(&empty, &app());
    let told = empty.ok(["scout", "quickview", &layout]).stdout;
    assert!(
        told.contains("\n    advisories │ partial: no data for Debian:12, npm "),
        "{told}"
    );
    // What has no layers has no base image.
    let folder = format!("fs://{}", orlop.folder().display());
    assert_eq!(quickview(&orlop, &folder)["base_image"], Value::Null);
}

#[test]
fn the_catalogue_is_made_of_what_registries_have() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let host = registry.host();
    let other = Tarball::new().file("etc/other", 0o644, "x").finish();
    let other = Image::new(
        &PlatformName::new("linux/arm64"),
        &[Layer::new(&other, Compression::Gzip)],
    );
    let both = Image::index(MediaTypes::Oci, &[other.clone(), base_image()]);
    let _ = both.push(&host, "base", "v1");
    let _ = other.push(&host, "base", "old");
    let orlop = crate::orlop().config(&format!(
        "[scout]\nsources = []\nbase_images = [\"{host}/base:v*\", \"{host}/nosuch\"]\n"
    ));
    let update = ["scout", "db", "update"];
    let first = orlop.ok(update);
    assert!(
        first.stderr.contains("1 fetched, 0 unchanged, 1 failed"),
        "{first}"
    );
    assert!(
        first.stderr.contains(&format!(
            "WARNING: base-images/{host}/nosuch can't be fetched"
        )),
        "{first}"
    );
    let count = |orlop: &Orlop| {
        let status = orlop.ok(["scout", "db", "status", "--format", "{{.BaseImages}}"]);
        status.text().to_owned()
    };
    // One for each platform.
    assert_eq!(count(&orlop), "2");
    let layout = in_layout(&orlop, &app());
    let expected = format!("{host}/base:v1 layers-of-catalogue high 1 false");
    assert_eq!(base_of(&orlop, &layout), expected);
    let again = orlop.ok(update);
    assert!(
        again.stderr.contains("0 fetched, 1 unchanged, 1 failed"),
        "{again}"
    );
    // What is new comes, and what is gone goes.
    let _ = base_image().push(&host, "base", "v2");
    assert!(orlop.ok(update).stderr.contains("1 fetched"));
    assert_eq!(count(&orlop), "2");
    let view = quickview(&orlop, &layout);
    assert_eq!(view["base_image"]["name"], format!("{host}/base:v1"));
    assert_eq!(
        view["base_image"]["other_names"],
        json!([format!("{host}/base:v2")])
    );
    // Where the registry is away, what is here is used.
    drop(registry);
    let away = orlop.fails(update);
    assert!(
        away.contains("no source of advisories could be fetched: the database is what it was"),
        "{away}"
    );
    assert_eq!(base_of(&orlop, &layout), expected);
}

#[test]
fn a_base_image_that_names_no_tags_is_told_at_once() {
    let orlop = crate::orlop().config("[scout]\nbase_images = [\"alpine:3.20\", \"UPPER\"]\n");
    let said = orlop.fails(["images"]);
    assert!(
        said.contains("scout.base_images: \"UPPER\": ") && said.contains("must be lowercase"),
        "{said}"
    );
}

#[test]
fn base_images_alone_never_take_the_place_of_advisories() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let name = base_image().push(&registry.host(), "base", "v1");
    let orlop = with_advisories().config(&format!(
        "[scout]\nsources = [\"kev\"]\nbase_images = [\"{name}\"]\nurls.kev = \"http://127.0.0.1:1/kev.json\"\n"
    ));
    let layout = in_layout(&orlop, &app());
    let before = findings(&report(&orlop, &[&layout]));
    assert_eq!(before.len(), 3);
    // What there is of advisories can't be had now.
    let said = orlop.fails(["scout", "db", "update"]);
    assert!(said.contains("is what it was\n"), "{said}");
    assert_eq!(findings(&report(&orlop, &[&layout])), before);
    // And none are wanted.
    let none = ["--set", "scout.sources=[]", "scout", "db", "update"];
    let said = orlop.fails(none);
    assert!(
        said.contains("the database has advisories, and scout.sources names none"),
        "{said}"
    );
    assert_eq!(findings(&report(&orlop, &[&layout])), before);
    // The catalogue can be imported beside them.
    let feeds = orlop.folder().join("feeds");
    let file = orlop.store().join("scout/sources/base-images/data");
    orlop.ok([
        "scout",
        "db",
        "import",
        feeds.to_str().unwrap(),
        file.to_str().unwrap(),
    ]);
    let expected = format!("{name} layers-of-catalogue high 1 false");
    assert_eq!(base_of(&orlop, &layout), expected);
    assert_eq!(findings(&report(&orlop, &[&layout])), before);
}

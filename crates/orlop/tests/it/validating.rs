//! `validate`: what is right passes everywhere, and each fault is found.

use std::path::{Path, PathBuf};

use orlop_testing::{Document, Image, MediaTypes, PlatformName, Registry};
use serde_json::{Value, json};

use crate::serve::Served;
use crate::{layer, orlop, small};

fn of(platform: &str) -> Image {
    Image::new(&PlatformName::new(platform), &[layer("p", platform)])
}

/// An index of an image with its attestation and of another image.
fn nested() -> Image {
    let amd64 = Image::with_attestation(&of("linux/amd64"));
    Image::index(MediaTypes::Oci, &[amd64, of("linux/arm64/v8")])
}

#[test]
fn what_is_right_passes_wherever_it_is() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let served = Served::start();
    let (image, orlop) = (nested(), orlop());
    let folder = tempfile::tempdir().unwrap();
    let layout = format!("oci:{}/layout:v1", folder.path().display());
    let archive = format!("oci-archive:{}/a.tar", folder.path().display());
    let first = image.push(&registry.host(), "team/app", "v1");
    let second = image.push(&served.host, "team/app", "v1");
    for place in [&layout, &archive] {
        orlop.ok(["copy", "-q", &first, place]);
    }
    for place in [&first, &second, &layout, &archive] {
        for options in [&["validate"][..], &["validate", "--fast"]] {
            let run = orlop.ok(options.iter().chain(&[place.as_str()]));
            let line =
                format!("PASS: {place}: 5 manifests, 2 configurations, 2 layers, 2 other blobs, ");
            assert!(run.text().starts_with(&line), "{run}");
        }
        let one = ["validate", "--platform", "linux/arm64", place];
        let run = orlop.ok(one);
        assert!(
            run.text()
                .contains(": 1 manifest, 1 configuration, 1 layer, "),
            "{run}"
        );
    }
    // The store has what was pulled.
    orlop.ok(["pull", "-q", "--platform", "linux/arm64", &first]);
    let run = orlop.ok(["validate", &format!("store:{first}")]);
    assert!(run.text().contains("not there"), "{run}");
}

/// A layout of an image, the path of the blob of a digest in it, and how the program calls it.
fn laid_out(folder: &Path, name: &str, image: &Image) -> (impl Fn(&str) -> PathBuf, String) {
    let folder = folder.join(name);
    std::fs::create_dir(&folder).expect("a folder is made");
    image.write_layout(&folder, "v1");
    let place = format!("oci:{}:v1", folder.display());
    let blobs = folder.join("blobs/sha256");
    (
        move |digest: &str| blobs.join(&digest["sha256:".len()..]),
        place,
    )
}

#[test]
fn bytes_that_are_others() {
    let (image, orlop) = (small("spoiled"), orlop());
    let folder = tempfile::tempdir().unwrap();
    let (blob, place) = laid_out(folder.path(), "layout", &image);
    let layers = image.layer_digests();
    let mut bytes = std::fs::read(blob(&layers[0])).unwrap();
    bytes[20] ^= 1;
    std::fs::write(blob(&layers[0]), &bytes).unwrap();
    orlop.ok(["validate", "--fast", &place]);
    let run = orlop.run(["validate", &place]);
    assert_eq!(run.code(), 1, "{run}");
    let line = format!("layer {}: its bytes have the digest sha256:", layers[0]);
    assert!(run.stdout.starts_with(&line), "{run}");
    assert_eq!(run.lines()[1], format!("FAIL: {place}: 1 fault"), "{run}");
    // Another length, and one that isn't there.
    bytes.push(0);
    std::fs::write(blob(&layers[0]), &bytes).unwrap();
    std::fs::remove_file(blob(&layers[1])).unwrap();
    for options in [
        &["validate", "--json"][..],
        &["validate", "--json", "--fast"],
    ] {
        let run = orlop.run(options.iter().chain(&[place.as_str()]));
        assert_eq!(run.code(), 1, "{run}");
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(report["valid"], false);
        let findings = report["findings"].as_array().unwrap();
        assert_eq!(findings[0]["digest"], layers[0].as_str());
        let said = findings[0]["problem"].as_str().unwrap();
        assert!(said.contains("bytes, its descriptor says"), "{run}");
        let missing = &findings.last().unwrap();
        assert_eq!(missing["digest"], layers[1].as_str(), "{run}");
        assert_eq!(missing["problem"], "it isn't there", "{run}");
    }
    // The configuration.
    std::fs::write(blob(&image.config().digest), "{}").unwrap();
    let run = orlop.run(["validate", "-q", "--fast", &place]);
    let line = format!("config {}: ", image.config().digest);
    assert!(run.stdout.starts_with(&line), "{run}");
}

/// The same image with another configuration.
fn with_config(edit: impl FnOnce(&mut Value)) -> Image {
    let layers = [layer("a", "one"), layer("b", "two")];
    let right = Image::new(&PlatformName::new("linux/amd64"), &layers);
    let mut config: Value =
        serde_json::from_slice(&right.config().bytes).expect("a configuration is JSON");
    edit(&mut config);
    let config = Document::new(
        right.config().media_type.clone(),
        config.to_string().into_bytes(),
    );
    let mut image = Image::from_parts(config, &layers, MediaTypes::Oci, |_| {});
    image.platform = right.platform;
    image
}

#[test]
fn documents_that_contradict_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let (orlop, mut count) = (orlop(), 0);
    let mut faults = |image: &Image| {
        count += 1;
        let (_, place) = laid_out(folder.path(), &count.to_string(), image);
        let run = orlop.run(["validate", &place]);
        assert_eq!(run.code(), 1, "{run}");
        run.stdout
    };
    let said = faults(&with_config(|config| {
        let ids = config["rootfs"]["diff_ids"].as_array_mut().unwrap();
        ids.swap(0, 1);
    }));
    assert_eq!(said.matches("wrong diff ID").count(), 2, "{said}");
    let said = faults(&with_config(|config| {
        config["rootfs"]["diff_ids"].as_array_mut().unwrap().pop();
        config["architecture"] = json!("");
    }));
    for words in [
        "the manifest has 2 layers, the configuration 1 diff IDs",
        "the history has 2 steps that made a layer, but there are 1 diff IDs",
        "it names no architecture",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let lies = Image::index_with(MediaTypes::Oci, &[of("linux/amd64")], |index| {
        index["manifests"][0]["platform"]["architecture"] = json!("s390x");
    });
    let said = faults(&lies);
    let words = "the index says that it is for linux/s390x, its configuration linux/amd64";
    assert!(said.contains(words), "{said}");
    let layers = [layer("a", "one")];
    let right = Image::new(&PlatformName::new("linux/amd64"), &layers);
    let zstd = "application/vnd.oci.image.layer.v1.tar+zstd";
    let typed = Image::from_parts(right.config().clone(), &layers, MediaTypes::Oci, |m| {
        m["layers"][0]["mediaType"] = json!(zstd);
    });
    let said = faults(&typed);
    let words = format!("its type says {zstd}, but it is compressed with gzip");
    assert!(said.contains(&words), "{said}");
}

#[test]
fn what_speaks_of_an_image_is_looked_at() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let orlop = orlop();
    let image = small("subject");
    let name = image.push(&registry.host(), "team/app", "v1");
    let note = [
        "attach",
        "-q",
        "--artifact-type",
        "a/note",
        "-a",
        "k=v",
        &name,
    ];
    let note = orlop.ok(note).text().to_owned();
    let run = orlop.ok(["validate", &name]);
    assert!(run.text().contains(", 1 referrer, "), "{run}");
    // A list that tells of something else.
    let other = small("other");
    other.push_with(&registry.host(), "team/app", &["other"], None);
    let list = Image::index(MediaTypes::Oci, std::slice::from_ref(&other));
    let tag = image.top.digest.replace(':', "-");
    list.push_with(&registry.host(), "team/app", &[&tag], None);
    let run = orlop.run(["validate", "--fast", &name]);
    let line = format!(
        "referrers {}: {} is listed, but doesn't name it as its subject",
        image.top.digest, other.top.digest
    );
    assert_eq!(run.lines()[0], line, "{run}");
    // And the note, without what it speaks of.
    let repository = name.trim_end_matches(":v1");
    orlop.ok([
        "manifest",
        "delete",
        &format!("{repository}@{}", image.top.digest),
    ]);
    let run = orlop.run(["validate", &format!("{repository}@{note}")]);
    let line = format!(
        "manifest {note}: its subject {}: it isn't there",
        image.top.digest
    );
    assert_eq!(run.lines()[0], line, "{run}");
}

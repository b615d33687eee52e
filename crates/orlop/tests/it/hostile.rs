//! Images that mean harm: each ends in one clear line and exit code 1, with nothing left behind.

mod bombs;
mod cves;
mod racing;
mod vulnerabilities;

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use orlop_testing::{
    Compression, Document, Fault, FaultProxy, Image, Layer, MediaTypes, Orlop, PlatformName, Rule,
    Tarball,
};
use serde_json::{Value, json};

use crate::untouched::{refused_or_harmless, refused_pull};
use crate::{layer, orlop};

/// Serves an image as it is and insists that pulling it fails and leaves nothing; the line that says
/// why.
fn refused(image: &Image) -> String {
    refused_by(&orlop(), image)
}

fn refused_by(orlop: &Orlop, image: &Image) -> String {
    let registry = FaultProxy::alone();
    registry.serve("evil", "v1", image);
    refused_pull(orlop, &format!("{}/evil:v1", registry.host()))
}

fn image_of(tar: Tarball) -> Image {
    Image::new(
        &PlatformName::host(),
        &[Layer::new(&tar.finish(), Compression::Gzip)],
    )
}

fn with_manifest(edit: impl FnOnce(&mut Value)) -> Image {
    let good = Image::new(&PlatformName::host(), &[layer("a", "a")]);
    Image::from_parts(
        good.config().clone(),
        &[layer("a", "a")],
        MediaTypes::Oci,
        edit,
    )
}

fn with_config(edit: impl FnOnce(&mut Value)) -> Image {
    let good = Image::new(&PlatformName::host(), &[layer("a", "a")]);
    let mut config: Value = serde_json::from_slice(&good.config().bytes).expect("made as JSON");
    edit(&mut config);
    let config = Document::new(
        good.config().media_type.clone(),
        config.to_string().into_bytes(),
    );
    Image::from_parts(config, &[layer("a", "a")], MediaTypes::Oci, |_| {})
}

#[test]
fn an_honest_image_from_the_same_hand_is_taken() {
    let registry = FaultProxy::alone();
    registry.serve("good", "v1", &with_manifest(|_| {}));
    orlop().ok(["pull", &format!("{}/good:v1", registry.host())]);
}

#[test]
fn manifests_that_contradict_themselves() {
    let zeros = format!("sha256:{}", "0".repeat(64));
    type Edit<'a> = Box<dyn FnOnce(&mut Value) + 'a>;
    let cases: Vec<(&str, Edit<'_>)> = vec![
        ("ambiguous", Box::new(|m| m["manifests"] = json!([]))),
        (
            "not as long as its descriptor says: expected 1 bytes",
            Box::new(|m| m["layers"][0]["size"] = json!(1)),
        ),
        (
            "not as long as its descriptor says: expected 1000000 bytes",
            Box::new(|m| m["layers"][0]["size"] = json!(1_000_000)),
        ),
        (
            "larger than",
            Box::new(|m| m["config"]["size"] = json!(1_000_000_000_000_u64)),
        ),
        (
            "sha256:0000",
            Box::new(|m| m["layers"][0]["digest"] = zeros.as_str().into()),
        ),
        (
            "digest",
            Box::new(|m| m["layers"][0]["digest"] = "md5:d41d8cd98f00b204e9800998ecf8427e".into()),
        ),
        (
            "digest",
            Box::new(|m| m["layers"][0]["digest"] = "sha256:../../../../etc/passwd".into()),
        ),
        (
            "malformed",
            Box::new(|m| m["layers"][0]["size"] = json!(-1)),
        ),
        ("malformed", Box::new(|m| m["layers"] = json!("none"))),
        ("layers", Box::new(|m| m["layers"] = json!([]))),
        (
            "media type",
            Box::new(|m| m["mediaType"] = "text/plain".into()),
        ),
    ];
    for (words, edit) in cases {
        let image = with_manifest(edit);
        let said = refused(&image);
        let about = String::from_utf8_lossy(&image.top.bytes).into_owned();
        assert!(
            said.to_lowercase().contains(words),
            "{words}: {said}\n{about}"
        );
    }
}

#[test]
fn a_media_type_that_is_not_the_headers() {
    let good = with_manifest(|_| {});
    let registry = FaultProxy::alone();
    registry.add(Rule::new(
        "/manifests/v1",
        Fault::Answer {
            status: 200,
            headers: vec![(
                "Content-Type".into(),
                "application/vnd.oci.image.index.v1+json".into(),
            )],
            body: good.top.bytes.clone(),
        },
    ));
    let said = refused_pull(&orlop(), &format!("{}/evil:v1", registry.host()));
    assert!(said.contains("media type mismatch"), "{said}");
}

#[test]
fn a_digest_that_is_not_the_manifests() {
    let good = with_manifest(|_| {});
    let other = with_manifest(|manifest| manifest["annotations"] = json!({"a": "b"}));
    let registry = FaultProxy::alone();
    // Whatever digest is asked for, another manifest comes.
    let mut swapped = other.clone();
    swapped.top.digest = good.top.digest.clone();
    registry.serve("evil", "v1", &swapped);
    let orlop = orlop();
    for name in [
        format!("{}/evil@{}", registry.host(), good.top.digest),
        format!("{}/evil:v1", registry.host()),
    ] {
        let said = refused_pull(&orlop, &name);
        assert!(said.contains("digest mismatch"), "{name}: {said}");
    }
}

#[test]
fn configurations_that_contradict_the_manifest() {
    let other = layer("b", "b").diff_id;
    type Edit<'a> = Box<dyn FnOnce(&mut Value) + 'a>;
    let cases: Vec<(&str, Edit<'_>)> = vec![
        (
            "diff id",
            Box::new(|c| c["rootfs"]["diff_ids"] = json!([other])),
        ),
        ("layers", Box::new(|c| c["rootfs"]["diff_ids"] = json!([]))),
        (
            "layers",
            Box::new(|c| c["rootfs"]["diff_ids"] = json!([other, other])),
        ),
        ("config", Box::new(|c| *c = json!(["no", "object"]))),
        (
            "digest",
            Box::new(|c| c["rootfs"]["diff_ids"] = json!(["sha256:zz"])),
        ),
    ];
    for (words, edit) in cases {
        let said = refused(&with_config(edit));
        assert!(said.to_lowercase().contains(words), "{words}: {said}");
    }
}

#[test]
fn documents_beyond_all_bounds() {
    let padding = "x".repeat(5 << 20);
    let said = refused(&with_manifest(|manifest| {
        manifest["annotations"] = json!({"padding": padding})
    }));
    assert!(said.contains("larger than"), "{said}");

    let mut nested = with_manifest(|_| {});
    nested.platform = Some(PlatformName::host());
    for _ in 0..12 {
        nested = Image::index(MediaTypes::Oci, &[nested]);
    }
    let said = refused(&nested);
    assert!(said.contains("nested") || said.contains("deep"), "{said}");

    let deep = Document::new(
        "application/vnd.oci.image.manifest.v1+json",
        format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)).into_bytes(),
    );
    let said = refused(&Image {
        blobs: vec![],
        children: vec![],
        top: deep,
        platform: None,
    });
    assert!(said.contains("malformed"), "{said}");
}

#[test]
fn schema_1_is_named() {
    let body =
        json!({"schemaVersion": 1, "name": "evil", "tag": "v1", "fsLayers": [], "history": []})
            .to_string();
    for media_type in [
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/json",
    ] {
        let top = Document::new(media_type, body.clone().into_bytes());
        let said = refused(&Image {
            blobs: vec![],
            children: vec![],
            top,
            platform: None,
        });
        assert!(said.contains("schema 1"), "{media_type}: {said}");
    }
}

#[test]
fn layers_that_are_no_archives() {
    let whole = Tarball::new().file("a", 0o644, vec![7; 100_000]).finish();
    let mut cut = Layer::new(&whole, Compression::Gzip);
    cut.blob.truncate(cut.blob.len() / 2);
    refused(&Image::new(&PlatformName::host(), &[cut]));
    refused(&Image::new(
        &PlatformName::host(),
        &[Layer::new(&whole[..50_000], Compression::Gzip)],
    ));
    let noise = Layer::noise("x", 10_000, 52).blob;
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let mut layer = Layer::new(&noise, compression);
        if compression != Compression::None {
            layer.blob = noise.clone();
        }
        refused(&Image::new(&PlatformName::host(), &[layer]));
    }
}

#[test]
fn names_that_lead_out() {
    let outside = tempfile::tempdir().unwrap();
    let escape = format!("{}/escaped", outside.path().display());
    let up = format!("../../../../../../../../..{escape}");
    let cases = [
        Tarball::new().file(&up, 0o644, "out"),
        Tarball::new().file(&format!("a/../{up}"), 0o644, "out"),
        Tarball::new().dir(&up, 0o755),
        Tarball::new().symlink(&up, "x"),
        Tarball::new().whiteout("..").file("a", 0o644, ""),
        Tarball::new().file(".wh.", 0o644, ""),
        Tarball::new().file("a/.wh...", 0o644, ""),
        Tarball::new().hard_link("passwd", "../../../../../../../../../etc/passwd"),
        Tarball::new().hard_link("passwd", "/etc/passwd"),
        Tarball::new().symlink(".", "/tmp"),
        Tarball::new().file(".", 0o644, "a root that is a file"),
    ];
    for (number, tar) in cases.into_iter().enumerate() {
        let registry = FaultProxy::alone();
        registry.serve("evil", "v1", &image_of(tar));
        let orlop = orlop();
        refused_pull(&orlop, &format!("{}/evil:v1", registry.host()));
        assert!(
            !std::path::Path::new(&escape).exists(),
            "case {number} got out"
        );
    }
}

#[test]
fn links_that_lead_out_stay_in() {
    let outside = tempfile::tempdir().unwrap();
    let outside = outside.path().to_str().unwrap();
    std::fs::write(format!("{outside}/secret"), "secret").unwrap();
    std::fs::set_permissions(
        format!("{outside}/secret"),
        PermissionsExt::from_mode(0o600),
    )
    .unwrap();
    let up = format!("{}{outside}", "../".repeat(20));
    let cases = [
        Tarball::new()
            .symlink("link", outside)
            .file("link/planted", 0o644, "planted"),
        Tarball::new()
            .symlink("link", &up)
            .file("link/planted", 0o644, "planted"),
        Tarball::new()
            .symlink("link", outside)
            .dir("link/planted", 0o755),
        Tarball::new()
            .symlink("link", outside)
            .hard_link("stolen", "link/secret"),
        Tarball::new()
            .symlink("link", &format!("{outside}/secret"))
            .file("link", 0o777, "overwritten"),
        Tarball::new()
            .symlink("link", &format!("{outside}/secret"))
            .hard_link("again", "link")
            .file("again", 0o777, "x"),
        Tarball::new()
            .symlink("a", "b")
            .symlink("b", outside)
            .file("a/planted", 0o644, "planted"),
        Tarball::new()
            .symlink("link", outside)
            .whiteout("link/secret"),
        Tarball::new().symlink("link", outside).opaque("link"),
        Tarball::new()
            .symlink("loop", "loop")
            .file("loop/x", 0o644, "x"),
    ];
    for (number, tar) in cases.into_iter().enumerate() {
        let registry = FaultProxy::alone();
        registry.serve("evil", "v1", &image_of(tar));
        for driver in drivers() {
            // Some are refused, some unpack to something harmless.
            let orlop = orlop().driver(driver);
            refused_or_harmless(&orlop, &format!("{}/evil:v1", registry.host()));
            let case = format!("case {number}, {driver}");
            let names: Vec<_> = std::fs::read_dir(outside)
                .unwrap()
                .flatten()
                .map(|entry| entry.file_name())
                .collect();
            assert_eq!(names, ["secret"], "{case}: planted");
            let secret = format!("{outside}/secret");
            assert_eq!(
                std::fs::read_to_string(&secret).unwrap(),
                "secret",
                "{case}: changed"
            );
            let metadata = std::fs::metadata(&secret).unwrap();
            assert_eq!(metadata.nlink(), 1, "{case}: linked into the image");
            assert_eq!(metadata.mode() & 0o777, 0o600, "{case}: its mode changed");
        }
    }
}

/// The drivers that work for this user.
pub(crate) fn drivers() -> Vec<&'static str> {
    let root = rustix::process::geteuid().is_root();
    if root {
        vec!["overlay2", "vfs"]
    } else {
        vec!["vfs"]
    }
}

#[test]
fn links_of_a_lower_layer_do_not_lead_out_either() {
    let outside = tempfile::tempdir().unwrap();
    let outside = outside.path().to_str().unwrap();
    std::fs::write(format!("{outside}/secret"), "secret").unwrap();
    let lower = || {
        Tarball::new()
            .symlink("link", outside)
            .dir("dir", 0o755)
            .symlink("dir/link", outside)
    };
    let uppers = [
        Tarball::new().file("link/planted", 0o644, "planted"),
        Tarball::new().file("dir/link/planted", 0o644, "planted"),
        Tarball::new().hard_link("stolen", "link/secret"),
        Tarball::new().whiteout("link/secret"),
        Tarball::new().opaque("link"),
        Tarball::new()
            .dir("link/sub", 0o755)
            .file("link/sub/planted", 0o644, "planted"),
    ];
    for (number, upper) in uppers.into_iter().enumerate() {
        let layers = [lower(), upper].map(|tar| Layer::new(&tar.finish(), Compression::Gzip));
        let registry = FaultProxy::alone();
        registry.serve("evil", "v1", &Image::new(&PlatformName::host(), &layers));
        for driver in drivers() {
            let orlop = orlop().driver(driver);
            refused_or_harmless(&orlop, &format!("{}/evil:v1", registry.host()));
            let names: Vec<_> = std::fs::read_dir(outside)
                .unwrap()
                .flatten()
                .map(|entry| entry.file_name())
                .collect();
            assert_eq!(names, ["secret"], "case {number}, {driver}");
            assert_eq!(
                std::fs::read_to_string(format!("{outside}/secret")).unwrap(),
                "secret"
            );
        }
    }
}

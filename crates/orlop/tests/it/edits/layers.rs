//! Other layers: more of them, those of another base, one for all.

use orlop_testing::{Compression, Image, Layer, MediaTypes, Tarball, digest_of};

use super::{PLATFORMS, archive, need, of, printed};
use crate::{layer, orlop, small};

#[test]
fn layers_are_appended() {
    let Some((registry, seen)) = need() else {
        return;
    };
    let images = PLATFORMS.map(|p| of(p, &[layer("platform", p)]));
    let base = Image::index(MediaTypes::Oci, &images).push(&registry.host(), "team/base", "v1");
    let target = format!("{}/team/app:v1", registry.host());
    let orlop = orlop();
    let tar = Tarball::new().file("added", 0o644, "added").finish();
    let plain = archive(&orlop, "plain.tar", &tar);
    let zstd = Layer::new(
        &Tarball::new().file("zstd", 0o644, "z").finish(),
        Compression::Zstd,
    );
    let packed = archive(&orlop, "packed.tar.zst", &zstd.blob);
    orlop.ok([
        "append",
        "-q",
        "-b",
        &base,
        "-f",
        &plain,
        "-f",
        &packed,
        "-t",
        &target,
        "--set-base-image-annotations",
    ]);
    for platform in PLATFORMS {
        let fresh = crate::orlop();
        fresh.ok(["pull", "-q", "--platform", platform, &target]);
        let tree = fresh.ok([
            "image",
            "inspect",
            "--platform",
            platform,
            "-f",
            "{{len .RootFS.Layers}}",
            &target,
        ]);
        assert_eq!(tree.text(), "3");
    }
    let index = seen.raw(&target);
    let child = index["manifests"][0]["digest"].as_str().unwrap();
    let manifest = seen.raw(&format!("{}/team/app@{child}", registry.host()));
    assert_eq!(
        manifest["layers"][2]["digest"],
        digest_of(&zstd.blob),
        "as it came"
    );
    assert_eq!(
        manifest["annotations"]["org.opencontainers.image.base.name"],
        base
    );
    // Again is the same; from standard input and from nothing.
    let (_, digest) = printed(
        &orlop,
        &["append", "-q", "-b", &base, "-f", &plain, "-t", &target],
    );
    let (_, again) = printed(
        &orlop,
        &["append", "-q", "-b", &base, "-f", &plain, "-t", &target],
    );
    assert_eq!(digest, again);
    let scratch = format!("{}/team/scratch:v1", registry.host());
    let arguments = [
        "append",
        "-q",
        "-f",
        "-",
        "-t",
        &scratch,
        "--platform",
        "linux/s390x",
    ];
    orlop.program().args(arguments).input(tar).ok();
    assert_eq!(seen.config(&scratch)["architecture"], "s390x");
    for (name, bytes) in [
        (
            "text",
            &b"no archive at all, but long enough to be one\n".repeat(30)[..],
        ),
        ("none", b""),
    ] {
        let file = archive(&orlop, name, bytes);
        let said = orlop.fails(["append", "-b", &base, "-f", &file, "-t", &target]);
        assert!(said.contains(&file), "{said}");
    }
    assert_eq!(
        digest_of(seen.skopeo.raw(&format!("docker://{target}")).as_bytes()),
        digest
    );
}

#[test]
fn an_image_gets_another_base() {
    let Some((registry, seen)) = need() else {
        return;
    };
    let host = registry.host();
    let build = |words: &str, extra: Option<Layer>, platform: &str| {
        let mut layers = vec![layer("base", &format!("{words} {platform}"))];
        layers.extend(extra);
        of(platform, &layers)
    };
    let index = |words: &str, extra: Option<Layer>| {
        let images = PLATFORMS.map(|p| build(words, extra.clone(), p));
        Image::index(MediaTypes::Oci, &images)
    };
    let app = layer("app", "the app");
    let old = index("old", None).push(&host, "team/base", "1");
    let new = index("new", None);
    let new_digest = new.top.digest.clone();
    let new = new.push(&host, "base/new", "2");
    let name = index("old", Some(app.clone())).push(&host, "team/app", "v1");
    let target = format!("{host}/team/app:v2");
    let orlop = orlop();
    orlop.ok([
        "rebase",
        "-q",
        "--old-base",
        &old,
        "--new_base",
        &new,
        "-t",
        &target,
        &name,
    ]);
    let check = |target: &str, digest: &str| {
        for (number, platform) in PLATFORMS.iter().enumerate() {
            let child = seen.raw(target)["manifests"][number]["digest"].clone();
            let (repository, _) = target.rsplit_once(':').unwrap();
            let manifest = seen.raw(&format!("{repository}@{}", child.as_str().unwrap()));
            let expected = build("new", Some(app.clone()), platform).layer_digests();
            let layers = manifest["layers"].as_array().unwrap().iter();
            let layers: Vec<&str> = layers.map(|l| l["digest"].as_str().unwrap()).collect();
            assert_eq!(layers, expected);
            assert_eq!(
                manifest["annotations"]["org.opencontainers.image.base.digest"],
                digest
            );
            crate::orlop().ok(["pull", "-q", "--platform", platform, target]);
        }
    };
    check(&target, &new_digest);
    // What its annotations say: the base is where it was, and newer.
    let newer = index("new", None);
    let back = format!("{host}/team/app:v3");
    orlop.ok(["rebase", "-q", "-t", &back, &target]);
    check(&back, &newer.top.digest);
    let other = small("other").push(&host, "team/other", "v1");
    let said = orlop.fails([
        "rebase",
        "--old-base",
        &other,
        "--new-base",
        &new,
        "-t",
        &target,
        &name,
    ]);
    assert!(
        said.contains("it is not based on") && said.contains("layer 1 mismatch"),
        "{said}"
    );
    check(&target, &new_digest);
}

#[test]
fn layers_become_one() {
    let Some((registry, seen)) = need() else {
        return;
    };
    let host = registry.host();
    let layers = |p: &str| {
        let tar = |t: Tarball| Layer::new(&t.finish(), Compression::Gzip);
        [
            tar(Tarball::new()
                .file("gone", 0o644, "gone")
                .file("kept", 0o600, p)),
            tar(Tarball::new()
                .file(".wh.gone", 0o644, "")
                .file("new", 0o644, "new")),
        ]
    };
    let images = PLATFORMS.map(|p| of(p, &layers(p)));
    let name = Image::index(MediaTypes::Oci, &images).push(&host, "team/app", "v1");
    let target = format!("{host}/team/app:flat");
    let orlop = orlop();
    let (_, digest) = printed(&orlop, &["flatten", "-q", "-t", &target, &name]);
    let (_, again) = printed(&orlop, &["flatten", "-q", "-t", &target, &name]);
    assert_eq!(digest, again, "the same is the same");
    assert_eq!(seen.raw(&target)["manifests"].as_array().unwrap().len(), 2);
    for platform in PLATFORMS {
        let fresh = crate::orlop();
        fresh.ok(["pull", "-q", "--platform", platform, &target]);
        let count = fresh.ok([
            "image",
            "inspect",
            "--platform",
            platform,
            "-f",
            "{{len .RootFS.Layers}} {{.Config.Env}}",
            &target,
        ]);
        assert_eq!(count.text(), "1 [PATH=/bin A=1]");
        let files = fresh
            .program()
            .args(["export", "--platform", platform, &target])
            .ok();
        assert!(files.stdout.contains("kept") && files.stdout.contains("new"));
        assert!(!files.stdout.contains("gone"), "{files}");
    }
    // A damaged layer is noticed, and no name moves.
    let bad = of("linux/amd64", &layers("bad"));
    let place = orlop.folder().join("bad");
    bad.write_layout(&place, "v1");
    let hex = bad.layer_digests()[0]
        .trim_start_matches("sha256:")
        .to_owned();
    let blob = place.join("blobs/sha256").join(hex);
    let mut bytes = std::fs::read(&blob).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&blob, bytes).unwrap();
    let said = orlop.fails([
        "flatten",
        "-t",
        &target,
        &format!("oci:{}:v1", place.display()),
    ]);
    assert!(said.contains("digest"), "{said}");
    assert_eq!(
        digest_of(seen.skopeo.raw(&format!("docker://{target}")).as_bytes()),
        digest
    );
}

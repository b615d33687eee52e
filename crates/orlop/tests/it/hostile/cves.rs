//! Published vulnerabilities of programs that do what we do, tried on ours. All of them, those that
//! other tests try too, are in [`super::vulnerabilities`].

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use orlop_testing::{
    Compression, Fault, FaultProxy, Image, Layer, MediaTypes, Orlop, PlatformName, Registry,
    RegistryOptions, Rule, Tarball,
};
use serde_json::json;

use super::{image_of, refused, with_config, with_manifest};
use crate::untouched::{refused as refused_command, refused_pull};
use crate::{layer, orlop, small};

fn executable(path: &Path, script: &str) {
    std::fs::write(path, script).expect("a script is written");
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("it may be run");
}

/// moby looked for a decompressor, and libc for its modules, where an image could put them. Ours are
/// part of the program: neither what the image has nor what the path leads to is run.
#[test]
fn cve_2019_14271_and_2026_41567_nothing_of_an_image_is_run() {
    let orlop = orlop();
    let (traps, marker) = (orlop.folder().join("traps"), orlop.folder().join("sprung"));
    std::fs::create_dir(&traps).expect("a folder");
    let trap = format!("#!/bin/sh\necho $0 >> {}\n", marker.display());
    let mut tar = Tarball::new().dir("usr/bin", 0o755).dir("lib", 0o755);
    for name in [
        "gzip", "unpigz", "igzip", "xz", "zstd", "bzip2", "tar", "git", "sh",
    ] {
        executable(&traps.join(name), &trap);
        tar = tar.file(&format!("usr/bin/{name}"), 0o755, &trap);
    }
    for name in ["libnss_files.so.2", "libnss_dns.so.2", "libc.so.6"] {
        tar = tar.file(&format!("lib/{name}"), 0o755, "\u{7f}ELF");
    }
    let tar = tar.finish();
    let registry = FaultProxy::alone();
    let path = format!("{}:/usr/bin:/bin", traps.display());
    let run = |arguments: &[&str]| {
        let program = orlop.program().env("PATH", &path).current_dir(&traps);
        program.args(arguments).ok()
    };
    let archive = orlop.folder().join("saved.tar");
    let archive = archive.to_str().expect("plain");
    for compression in [Compression::Gzip, Compression::Zstd, Compression::None] {
        registry.heal();
        let layer = Layer::new(&tar, compression);
        registry.serve("evil", "v1", &Image::new(&PlatformName::host(), &[layer]));
        let name = format!("{}/evil:v1", registry.host());
        run(&["pull", "-q", &name]);
        assert_eq!(run(&["export", &name, "/usr/bin/gzip"]).stdout, trap);
        run(&["save", "-q", "--compress", "gzip", "-o", archive, &name]);
        run(&["rmi", &name]);
        run(&["load", "-q", "-i", archive]);
        run(&["explore", "--ci", &name]);
        run(&["rmi", &name]);
    }
    let sprung = std::fs::read_to_string(&marker).unwrap_or_default();
    assert_eq!(sprung, "", "these were run");
}

/// containerd's importer read what an archive called a document, however long, into memory.
#[test]
fn cve_2023_25153_documents_are_not_read_whole() {
    let orlop = orlop();
    // Not among what is compared before and after: nobody could read it there.
    let elsewhere = tempfile::tempdir().expect("a folder");
    let folder = elsewhere.path().join("layout");
    let image = small("long");
    for document in ["index.json", "oci-layout", "manifest"] {
        let _ = std::fs::remove_dir_all(&folder);
        image.write_layout(&folder, "long:v1");
        let file = match document {
            "manifest" => folder
                .join("blobs")
                .join(image.top.digest.replace(':', "/")),
            name => folder.join(name),
        };
        // Zeros that take no space: as long as no machine has memory.
        let file = std::fs::File::options()
            .write(true)
            .open(file)
            .expect("it was written");
        file.set_len(1 << 42).expect("a hole");
        let said = refused_command(&orlop, &["load", "-i", folder.to_str().expect("plain")]);
        assert!(
            said.contains("larger than") || said.contains("long"),
            "{document}: {said}"
        );
    }
}

/// A layer that ends early left a lock of containers/storage for ever, and the next pull waited.
#[test]
fn cve_2021_20291_a_broken_layer_blocks_nobody() {
    let orlop = orlop();
    let registry = FaultProxy::alone();
    let name = format!("{}/evil:v1", registry.host());
    let honest = layer("below", "below");
    for compression in [Compression::Gzip, Compression::Zstd, Compression::None] {
        let mut cut = Layer::new(
            &Tarball::new().file("a", 0o644, vec![7; 100_000]).finish(),
            compression,
        );
        cut.blob.truncate(cut.blob.len() / 2);
        registry.heal();
        registry.serve(
            "evil",
            "v1",
            &Image::new(&PlatformName::host(), &[honest.clone(), cut]),
        );
        // Both at once, and one after them.
        let pulls = [orlop.spawn(["pull", &name]), orlop.spawn(["pull", &name])];
        for pull in pulls {
            let _ = pull.wait(Duration::from_secs(30)).expect_code(1);
        }
        orlop.fails(["pull", &name]);
        let image = Image::new(&PlatformName::host(), std::slice::from_ref(&honest));
        registry.heal();
        registry.serve("evil", "v1", &image);
        orlop.ok(["pull", "-q", &name]);
        orlop.ok(["rmi", &name]);
    }
}

/// A document that is a manifest for one reader and an index for the other, under either media type and
/// wherever it stands.
#[test]
fn cve_2021_41190_what_is_two_things_is_neither() {
    let honest = with_manifest(|_| {});
    let index = "application/vnd.oci.image.index.v1+json";
    let ambiguous =
        with_manifest(|manifest| manifest["manifests"] = json!([honest.top.descriptor()]));
    let said = refused(&ambiguous);
    assert!(said.contains("ambiguous"), "{said}");
    // Said to be an index by its media type, by the header, or by the index above.
    let mut as_index = ambiguous.clone();
    as_index.top.media_type = index.to_owned();
    refused(&as_index);
    let disguised = with_manifest(|manifest| manifest["mediaType"] = index.into());
    let mut header = disguised.clone();
    header.top.media_type = index.to_owned();
    for image in [&disguised, &header] {
        refused(image);
    }
    let above = Image::index_with(MediaTypes::Oci, std::slice::from_ref(&honest), |document| {
        document["layers"] = json!([]);
    });
    let said = refused(&above);
    assert!(said.contains("ambiguous"), "{said}");
    let above = Image::index_with(MediaTypes::Oci, std::slice::from_ref(&honest), |document| {
        document["manifests"][0]["mediaType"] = index.into();
    });
    refused(&above);
}

/// What stands where a digest belongs becomes a part of an address, and of a path in the store.
#[test]
fn cve_2024_3727_what_is_no_digest_is_no_path() {
    let registry = FaultProxy::alone();
    for evil in [
        "sha256:../../../v2/other/blobs/sha256:00",
        "sha256:%2e%2e%2f%2e%2e%2fetc",
        "../../index.json",
        "/etc/passwd",
        "sha256:",
        "",
    ] {
        for (place, image) in [
            (
                "layer",
                with_manifest(|manifest| manifest["layers"][0]["digest"] = evil.into()),
            ),
            (
                "config",
                with_manifest(|manifest| manifest["config"]["digest"] = evil.into()),
            ),
            (
                "diff ID",
                with_config(|config| config["rootfs"]["diff_ids"] = json!([evil])),
            ),
            (
                "manifest",
                Image::index_with(MediaTypes::Oci, &[with_manifest(|_| {})], |index| {
                    index["manifests"][0]["digest"] = evil.into();
                }),
            ),
        ] {
            registry.heal();
            registry.forget();
            registry.serve("evil", "v1", &image);
            let said = refused_pull(&orlop(), &format!("{}/evil:v1", registry.host()));
            assert!(said.contains("digest"), "{place} {evil:?}: {said}");
            let asked = registry.requests();
            let astray = asked.iter().find(|request| {
                request.target != "/v2/" && !request.target.starts_with("/v2/evil/")
                    || request.target.contains("..")
            });
            assert!(astray.is_none(), "{place} {evil:?}: {astray:?}");
        }
    }
}

/// Whatever a tag beside it says, and whatever the registry gives out for either.
#[test]
fn go_2024_3038_a_pinned_digest_counts() {
    let (pinned, other) = (small("pinned"), small("other"));
    let registry = FaultProxy::alone();
    let mut swapped = other.clone();
    swapped.top.digest.clone_from(&pinned.top.digest);
    registry.serve("app", "v1", &swapped);
    for name in ["app", "app:v1"] {
        let name = format!("{}/{name}@{}", registry.host(), pinned.top.digest);
        let said = refused_pull(&orlop(), &name);
        assert!(said.contains("digest mismatch"), "{said}");
    }
}

/// What an image says of itself is shown and never obeyed.
#[test]
fn cve_2026_53488_labels_configure_nothing() {
    let orlop = orlop();
    let marker = orlop.folder().join("obeyed");
    let command = format!("binary:///bin/touch?{}", marker.display());
    let image = with_config(|config| {
        config["config"]["Labels"] = json!({
            "containerd.io/restart.loguri": &command,
            "containerd.io/restart.status": "running",
            "org.orlop.root": "/", "orlop.config": "tls_verify = false",
        });
    });
    let registry = FaultProxy::alone();
    registry.serve("evil", "v1", &image);
    let name = format!("{}/evil:v1", registry.host());
    let before = orlop.ok(["info"]).stdout;
    orlop.ok(["pull", "-q", &name]);
    orlop.ok(["explore", "--ci", &name]);
    assert!(orlop.ok(["inspect", &name]).stdout.contains(&command));
    orlop.ok(["rmi", &name]);
    assert!(!marker.exists());
    assert_eq!(orlop.ok(["info"]).stdout, before);
}

/// A registry with a password, and one that has it.
fn with_a_password() -> Option<(Registry, Orlop)> {
    let registry = Registry::start_with(&RegistryOptions {
        users: vec![("ada", "secret")],
        ..Default::default()
    })?;
    Some((registry, orlop()))
}

/// A layer may name other addresses that it is at. Whoever asks there tells a stranger that he is asked
/// for, and with what password.
#[test]
fn cve_2020_15157_other_addresses_of_a_layer_are_not_asked() {
    let (registry, stranger) = (FaultProxy::alone(), FaultProxy::alone());
    let url = format!("http://{}/layer", stranger.host());
    let foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    for media_type in [None, Some(foreign)] {
        let mut image = with_manifest(|manifest| {
            manifest["layers"][0]["urls"] = json!([url]);
            if let Some(media_type) = media_type {
                manifest["layers"][0]["mediaType"] = media_type.into();
            }
        });
        // Only the stranger would have it.
        let config = image.config().digest.clone();
        image.blobs.retain(|blob| blob.digest == config);
        registry.heal();
        registry.serve("evil", "v1", &image);
        refused_pull(&orlop(), &format!("{}/evil:v1", registry.host()));
        assert_eq!(stranger.requests().len(), 0, "{:?}", stranger.requests());
    }
}

/// Where a registry says that tokens are: an address of the cloud's own, another scheme, one with a
/// password in it, a file.
#[test]
fn cve_2026_33540_realms_that_lead_astray() {
    for (realm, words) in [
        (
            "http://169.254.169.254/latest/meta-data/iam/",
            "link-local or metadata",
        ),
        ("http://[fe80::1]/token", "link-local or metadata"),
        ("http://me:secret@127.0.0.1:1/token", "it has a user in it"),
        ("file:///etc/passwd", "neither http nor https"),
        ("gopher://127.0.0.1/token", "neither http nor https"),
    ] {
        let registry = FaultProxy::alone();
        let header =
            format!("Bearer realm=\"{realm}\",service=\"x\",scope=\"repository:app:pull\"");
        registry.add(Rule::new(
            "/v2/",
            Fault::error(401, "UNAUTHORIZED", "who are you?")
                .with_header("WWW-Authenticate", &header),
        ));
        let said = refused_pull(&orlop(), &format!("{}/app:v1", registry.host()));
        assert!(said.contains(words), "{realm}: {said}");
    }
}

/// docker's client asked Docker Hub with the password when the helper for a registry couldn't be run.
#[test]
fn cve_2021_41092_a_broken_helper_sends_nothing_elsewhere() {
    let Some((registry, orlop)) = with_a_password() else {
        return;
    };
    let elsewhere = FaultProxy::alone();
    let proxy = format!("http://{}", elsewhere.host());
    let config = format!(
        r#"{{"credHelpers":{{"{}":"is-not-there"}}}}"#,
        registry.host()
    );
    std::fs::write(orlop.docker_config().join("config.json"), &config).expect("it is written");
    let program = orlop
        .program()
        .env("HTTPS_PROXY", &proxy)
        .env("HTTP_PROXY", &proxy);
    let login = ["login", "-u", "ada", "--password-stdin", &registry.host()];
    let ended = program
        .env("NO_PROXY", "127.0.0.1")
        .args(login)
        .input("secret\n")
        .run();
    let said = ended.expect_code(1).stderr;
    assert!(said.contains("docker-credential-is-not-there"), "{said}");
    assert_eq!(elsewhere.requests().len(), 0, "{:?}", elsewhere.requests());
    let kept = std::fs::read_to_string(orlop.docker_config().join("config.json"));
    assert_eq!(
        kept.expect("it is there"),
        config,
        "nothing is kept in the open"
    );
}

/// Files of others, setuid programs among them, were reachable below the engine's folder.
#[test]
fn cve_2021_41091_nobody_else_enters_the_store() {
    let orlop = orlop();
    let registry = FaultProxy::alone();
    registry.serve(
        "app",
        "v1",
        &image_of(Tarball::new().file("su", 0o4755, "setuid")),
    );
    orlop.ok(["pull", "-q", &format!("{}/app:v1", registry.host())]);
    for folder in ["", "snapshots", "ingest", "locks"] {
        let meta = std::fs::metadata(orlop.store().join(folder)).expect("a folder");
        assert_eq!(meta.permissions().mode() & 0o7777, 0o700, "{folder:?}");
    }
}

/// A descriptor that a started program inherits is a way into what it belongs to.
#[test]
fn cve_2024_21626_helpers_inherit_no_descriptors() {
    let Some((registry, orlop)) = with_a_password() else {
        return;
    };
    let seen = orlop.folder().join("seen");
    let script = format!(
        "#!/bin/sh\nread server\nls -l /proc/$$/fd > {}\nprintf '{{\"Username\":\"ada\",\"Secret\":\"secret\"}}'\n",
        seen.display()
    );
    executable(&orlop.folder().join("docker-credential-test"), &script);
    let config = format!(r#"{{"credHelpers":{{"{}":"test"}}}}"#, registry.host());
    std::fs::write(orlop.docker_config().join("config.json"), config).expect("it is written");
    let path = format!("{}:/usr/bin:/bin", orlop.folder().display());
    let pull = ["pull", &format!("{}/app:v1", registry.host())];
    let _ = orlop.program().env("PATH", path).args(pull).run();
    let seen = std::fs::read_to_string(seen).expect("the helper was asked");
    let store = orlop.store().display().to_string();
    // Standard input, output and the like are pipes; nothing else of ours is there.
    for line in seen.lines() {
        assert!(
            !line.contains(&store) && !line.contains("socket:"),
            "{seen}"
        );
    }
}

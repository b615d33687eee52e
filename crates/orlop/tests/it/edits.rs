//! `mutate`, `append`, `rebase` and `flatten`: from registries, layouts and the store to the same, beside crane.

mod beside_crane;
mod layers;

use orlop_testing::peer::Skopeo;
use orlop_testing::{
    Fault, FaultProxy, Image, Layer, MediaTypes, Orlop, PlatformName, Registry, Rule, digest_of,
};
use serde_json::{Value, json};

use crate::{layer, orlop, small};

const PLATFORMS: [&str; 2] = ["linux/amd64", "linux/arm64"];

fn of(platform: &str, layers: &[Layer]) -> Image {
    with_types(platform, layers, MediaTypes::Oci)
}

fn with_types(platform: &str, layers: &[Layer], types: MediaTypes) -> Image {
    let config = json!({"Cmd": ["/bin/sh"], "Env": ["PATH=/bin", "A=1"], "Labels": {"l": "1"}});
    Image::with(&PlatformName::new(platform), layers, types, config)
}

/// An index whose images have attestations.
fn attested() -> Image {
    let images = PLATFORMS.map(|p| Image::with_attestation(&of(p, &[layer("platform", p)])));
    // One list, as BuildKit makes it.
    let entries: Vec<Value> = images
        .iter()
        .flat_map(|image| {
            let index: Value = serde_json::from_slice(&image.top.bytes).expect("JSON");
            index["manifests"].as_array().expect("a list").clone()
        })
        .collect();
    let mut whole = Image::index_with(MediaTypes::Oci, &images, |index| {
        index["manifests"] = entries.into();
        index["unknown"] = json!({"kept": 1});
    });
    whole
        .children
        .retain(|child| !child.media_type.contains("index"));
    whole
}

/// What a registry has under a name.
struct Seen {
    skopeo: Skopeo,
}

impl Seen {
    fn inspect(&self, name: &str) -> Value {
        self.skopeo.inspect(&format!("docker://{name}"))
    }

    fn raw(&self, name: &str) -> Value {
        serde_json::from_str(&self.skopeo.raw(&format!("docker://{name}"))).expect("JSON")
    }

    fn config(&self, name: &str) -> Value {
        let program = self.skopeo.program();
        let name = format!("docker://{name}");
        let run = program
            .args(["inspect", "--config", "--raw", "--tls-verify=false", &name])
            .ok();
        serde_json::from_str(&run.stdout).expect("JSON")
    }
}

fn need() -> Option<(Registry, Seen)> {
    Some((
        Registry::start()?,
        Seen {
            skopeo: Skopeo::new()?,
        },
    ))
}

/// The reference by digest that a command printed, and its digest.
fn printed(orlop: &Orlop, arguments: &[&str]) -> (String, String) {
    let run = orlop.ok(arguments);
    let line = run.lines().last().expect("a line").to_string();
    let digest = line.rsplit('@').next().expect("a digest").to_owned();
    (line, digest)
}

#[test]
fn settings_change_and_nothing_else_moves() {
    let Some((registry, seen)) = need() else {
        return;
    };
    let image = of("linux/amd64", &[layer("base", "one")]);
    let name = image.push(&registry.host(), "team/app", "v1");
    let target = format!("{}/team/app:v2", registry.host());
    let orlop = orlop();
    let (line, digest) = printed(
        &orlop,
        &[
            "mutate",
            "-t",
            &target,
            "-e",
            "A=2",
            "-e",
            "B=x=y",
            "-e",
            "PATH-",
            "-l",
            "m=n",
            "-l",
            "l-",
            "-a",
            "note=this",
            "--entrypoint",
            "/app,--fast",
            "--workdir",
            "/w",
            "-u",
            "me",
            "--exposed-ports",
            "80/tcp",
            &name,
        ],
    );
    assert_eq!(line, format!("{}/team/app@{digest}", registry.host()));
    let config = seen.config(&target);
    assert_eq!(
        config["config"],
        json!({
            "Env": ["A=2", "B=x=y"], "Labels": {"m": "n"}, "Entrypoint": ["/app", "--fast"],
            "WorkingDir": "/w", "User": "me", "ExposedPorts": {"80/tcp": {}},
        })
    );
    let manifest = seen.raw(&target);
    assert_eq!(manifest["annotations"], json!({"note": "this"}));
    let before: Value = serde_json::from_slice(&image.top.bytes).unwrap();
    assert_eq!(manifest["layers"], before["layers"]);
    // Nothing to change is nothing done, over itself.
    let (_, same) = printed(&orlop, &["mutate", "-q", "-l", "m=n", &target]);
    assert_eq!(same, digest);
    // By digest: the new one is there by its digest, and no tag moved.
    let pinned = format!("{}/team/app@{}", registry.host(), image.top.digest);
    let (line, other) = printed(&orlop, &["mutate", "-q", "-l", "m=n", &pinned]);
    assert_ne!(other, image.top.digest);
    assert_eq!(seen.raw(&line)["schemaVersion"], 2);
    assert_eq!(seen.raw(&name), before);
}

#[test]
fn every_image_of_an_index_is_edited() {
    let Some((registry, seen)) = need() else {
        return;
    };
    let image = attested();
    let name = image.push(&registry.host(), "team/app", "v1");
    let before = seen.raw(&name);
    let target = format!("{}/other/app:v2", registry.host());
    let orlop = orlop();
    let run = orlop.ok([
        "mutate",
        "-t",
        &target,
        "-l",
        "m=n",
        "-a",
        "index:i=j",
        &name,
    ]);
    assert!(
        run.stderr
            .contains("2 attestations of what was edited left out"),
        "{run}"
    );
    let after = seen.raw(&target);
    assert_eq!(after["annotations"], json!({"i": "j"}));
    assert_eq!(after["unknown"], json!({"kept": 1}));
    let entries = after["manifests"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    for platform in PLATFORMS {
        let fresh = crate::orlop();
        fresh.ok(["pull", "-q", "--platform", platform, &target]);
        let label = fresh.ok([
            "image",
            "inspect",
            "--platform",
            platform,
            "-f",
            "{{.Config.Labels.m}}",
            &target,
        ]);
        assert_eq!(label.text(), "n");
    }
    // One platform only: the other one and what is said of it stay.
    orlop.ok([
        "mutate",
        "-t",
        &target,
        "--platform",
        "linux/arm64",
        "--set-platform",
        "linux/arm64/v9",
        &name,
    ]);
    let after = seen.raw(&target);
    let entries = after["manifests"].as_array().unwrap();
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[..2], before["manifests"].as_array().unwrap()[..2]);
    assert_eq!(
        entries[2]["platform"],
        json!({"architecture": "arm64", "os": "linux", "variant": "v9"})
    );
    let said = orlop.fails(["mutate", "--platform", "linux/mips", "-l", "a=b", &name]);
    assert!(
        said.contains("no matching manifest for linux/mips"),
        "{said}"
    );
    assert_eq!(seen.raw(&name), before);
}

#[test]
fn layouts_and_the_store_are_edited_where_they_are() {
    let Some((registry, seen)) = need() else {
        return;
    };
    let image = attested();
    let name = image.push(&registry.host(), "team/app", "v1");
    let orlop = orlop();
    let layout = format!("oci:{}/layout:v1", orlop.folder().display());
    orlop.ok(["copy", "-q", &name, &layout]);
    let (digest, _) = printed(&orlop, &["mutate", "-q", "-l", "m=n", &layout]);
    let back = format!("{}/team/back:v1", registry.host());
    orlop.ok(["copy", "-q", &layout, &back]);
    assert_eq!(
        digest_of(seen.skopeo.raw(&format!("docker://{back}")).as_bytes()),
        digest
    );
    // The store has this machine's platform only, and the index says so afterwards.
    orlop.ok(["pull", "-q", &name]);
    let place = format!("store:{name}");
    let run = orlop.ok(["mutate", "-l", "m=n", &place]);
    assert!(
        run.stderr
            .contains("left out, because it isn't there: linux/"),
        "{run}"
    );
    let label = orlop.ok(["inspect", "-f", "{{.Config.Labels.m}}", &name]);
    assert_eq!(label.text(), "n");
    orlop.ok(["push", "-q", &name]);
    assert_eq!(seen.raw(&name)["manifests"].as_array().unwrap().len(), 1);
    let id = orlop.ok(["images", "-q", &name]).text().to_owned();
    let said = orlop.fails(["mutate", "-l", "a=b", &format!("store:{id}")]);
    assert!(
        said.contains("it is no name of the store") && said.contains("--tag"),
        "{said}"
    );
    let archive = format!("oci-archive:{}/a.tar", orlop.folder().display());
    orlop.ok(["mutate", "-q", "-l", "a=b", "-t", &archive, &layout]);
    let said = orlop.fails(["mutate", "-l", "a=b", &archive]);
    assert!(
        said.contains("an archive can't be changed where it is"),
        "{said}"
    );
}

#[test]
fn what_can_not_be_edited_is_told() {
    let Some((registry, seen)) = need() else {
        return;
    };
    let image = small("told");
    let name = image.push(&registry.host(), "team/app", "v1");
    let orlop = orlop();
    for (arguments, said) in [
        (vec!["mutate", &name], "nothing is to be changed"),
        (
            vec!["mutate", "--entrypoint", "[1]", &name],
            "no list of texts in JSON",
        ),
        (
            vec!["mutate", "-a", "x", &name],
            "neither NAME=VALUE nor NAME-",
        ),
        (vec!["rebase", &name], "could not determine the new base"),
        (
            vec!["append", "-f", "/nonexistent", "-t", &name],
            "open /nonexistent",
        ),
    ] {
        let error = orlop.fails(arguments);
        assert!(error.contains(said), "{error}");
    }
    let none = format!("{}/team/none:v1", registry.host());
    orlop.fails(["mutate", "-l", "a=b", &none]);
    assert_eq!(
        seen.raw(&name),
        serde_json::from_slice::<Value>(&image.top.bytes).unwrap()
    );
}

#[test]
fn a_registry_that_fails_keeps_its_names() {
    let (Some(registry), Some(skopeo)) = (Registry::start(), Skopeo::new()) else {
        return;
    };
    let image = small("kept");
    let name = image.push(&registry.host(), "team/app", "v1");
    let proxy = FaultProxy::start(&registry.host());
    proxy.add(Rule::new("/manifests/v1", Fault::error(403, "DENIED", "no")).method("PUT"));
    let through = name.replace(&registry.host(), &proxy.host());
    orlop().fails(["mutate", "-l", "a=b", &through]);
    assert_eq!(
        skopeo.raw(&format!("docker://{name}")).as_bytes(),
        image.top.bytes
    );
}

/// Writes a file for the program, and gives its path.
fn archive(orlop: &Orlop, name: &str, bytes: &[u8]) -> String {
    let path = orlop.folder().join(name);
    std::fs::write(&path, bytes).expect("a file is written");
    path.display().to_string()
}

//! Images of a few lines, edited.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::*;
use crate::{Compression, Descriptor, DiffId, Digest, History, MediaType, Platform, Raw};

fn raw(media_type: MediaType, value: &Value) -> Raw {
    Raw::new(media_type, value.to_string().into_bytes())
}

fn digest(words: &str) -> Digest {
    Digest::of(words.as_bytes())
}

/// An image of layers that are called so, with a step that makes none on top, and members nobody knows.
fn image_of(layers: &[&str], docker: bool) -> Parts {
    let (manifest_type, config_type) = match docker {
        true => (MediaType::DockerManifest, MediaType::DockerConfig),
        false => (MediaType::OciManifest, MediaType::OciConfig),
    };
    let steps = layers
        .iter()
        .map(|name| json!({"created_by": name, "x": 1}));
    let mut history: Vec<Value> = steps.collect();
    let last = layers.last().unwrap_or(&"nothing");
    history.push(json!({"created_by": format!("CMD {last}"), "empty_layer": true}));
    let diff_ids: Vec<Digest> = layers
        .iter()
        .map(|name| digest(&format!("{name} tar")))
        .collect();
    let config = json!({
        "zeta": {"unknown": [1, 2.5]},
        "os": "linux", "architecture": "amd64",
        "config": {"Env": ["PATH=/bin", "A=1"], "Cmd": ["sh"], "Labels": {"l": "1"}, "Strange": true},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": history,
    });
    let config = raw(config_type.clone(), &config);
    let layer_type = layer_type(docker, Compression::Gzip);
    let blobs = layers.iter().map(|name| json!({
        "mediaType": layer_type, "digest": digest(name), "size": name.len(), "annotations": {"of": name},
    }));
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": manifest_type,
        "config": {"mediaType": config_type, "size": config.bytes().len(), "digest": config.digest(), "data": "e30="},
        "layers": blobs.collect::<Vec<_>>(),
        "unknown": {"kept": true},
    });
    Parts::new(raw(manifest_type, &manifest), config).unwrap()
}

fn image(layers: &[&str]) -> Parts {
    image_of(layers, false)
}

fn value(raw: &Raw) -> Value {
    serde_json::from_slice(raw.bytes()).unwrap()
}

fn settings(texts: &[&str]) -> Vec<Setting> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn words(words: &[&str]) -> Option<Vec<String>> {
    Some(words.iter().map(|&word| word.to_owned()).collect())
}

#[test]
fn what_changes_nothing_keeps_the_bytes() {
    let image = image(&["a", "b"]);
    assert_eq!(Changes::default().apply(&image).unwrap(), image);
    let same = Changes {
        env: settings(&["A=1", "NONE-"]),
        labels: settings(&["l=1"]),
        cmd: words(&["sh"]),
        platform: Some(Platform::new("linux", "amd64", None)),
        ..Changes::default()
    };
    assert_eq!(same.apply(&image).unwrap(), image);
}

#[test]
fn changes_touch_only_what_they_name() {
    let image = image(&["a"]);
    let changes = Changes {
        env: settings(&["A=2=3", "B=", "PATH-"]),
        labels: settings(&["l-", "m="]),
        annotations: settings(&["n=o"]),
        entrypoint: words(&["/x", "y"]),
        working_dir: Some("/w".to_owned()),
        user: Some("me".to_owned()),
        exposed_ports: words(&["80", "53/udp"]),
        platform: Some(Platform::new("linux", "arm", Some("v7"))),
        ..Changes::default()
    };
    let edited = changes.apply(&image).unwrap();
    let mut expected = value(image.config());
    expected["config"] = json!({
        "Env": ["A=2=3", "B="], "Labels": {"m": ""}, "Strange": true, "Entrypoint": ["/x", "y"],
        "WorkingDir": "/w", "User": "me", "ExposedPorts": {"80/tcp": {}, "53/udp": {}},
    });
    expected["architecture"] = "arm".into();
    expected["variant"] = "v7".into();
    assert_eq!(value(edited.config()), expected);
    let text = String::from_utf8(edited.config().bytes().to_vec()).unwrap();
    assert!(
        text.starts_with(r#"{"zeta":{"unknown":[1,2.5]},"os":"#),
        "{text}"
    );
    let manifest = value(edited.manifest());
    assert_eq!(manifest["annotations"], json!({"n": "o"}));
    assert_eq!(manifest["unknown"], json!({"kept": true}));
    assert_eq!(
        manifest["config"]["digest"],
        edited.config().digest().as_str()
    );
    assert_eq!(manifest["config"].get("data"), None, "it was the old one's");
    let cleared = Changes {
        cmd: words(&[]),
        user: Some(String::new()),
        ..Changes::default()
    };
    let cleared = value(cleared.apply(&edited).unwrap().config());
    assert_eq!(cleared["config"].get("User"), None);
    assert_eq!(cleared["config"].get("Cmd"), None);
}

#[test]
fn settings_are_names_with_values() {
    assert_eq!("a=b-".parse(), Ok(Setting::Set("a".into(), "b-".into())));
    assert_eq!("a-b-".parse(), Ok(Setting::Unset("a-b".into())));
    for text in ["", "a", "-", "=x"] {
        text.parse::<Setting>().unwrap_err();
    }
}

fn new_layer(name: &str) -> NewLayer {
    NewLayer {
        descriptor: Descriptor::new(MediaType::OciLayerGzip, digest(name), 3),
        diff_id: DiffId(digest(&format!("{name} tar"))),
        history: History {
            created_by: name.to_owned(),
            ..History::default()
        },
    }
}

#[test]
fn layers_are_put_on_top() {
    for docker in [false, true] {
        let image = image_of(&["a"], docker);
        let edited = append(&image, &[new_layer("b"), new_layer("c")]).unwrap();
        assert_eq!(edited.layers()[..1], image.layers()[..]);
        assert_eq!(
            edited.layers()[2].media_type,
            layer_type(docker, Compression::Gzip)
        );
        assert_eq!(edited.layers()[2].digest, digest("c"));
        let steps: Vec<&str> = edited
            .settings()
            .history
            .iter()
            .map(|h| &*h.created_by)
            .collect();
        assert_eq!(steps, ["a", "CMD a", "b", "c"]);
    }
    // A layer that no step tells of gets an empty one.
    let mut untold = value(image(&["a"]).config());
    untold.as_object_mut().unwrap().remove("history");
    let config = raw(MediaType::OciConfig, &untold);
    let mut manifest = value(image(&["a"]).manifest());
    manifest["config"] = json!(config.descriptor());
    let untold = Parts::new(raw(MediaType::OciManifest, &manifest), config).unwrap();
    let edited = append(&untold, &[new_layer("b")]).unwrap();
    let history = value(edited.config())["history"].clone();
    assert_eq!(history, json!([{}, {"created_by": "b"}]));
    let scratch = append(
        &empty(&Platform::new("linux", "s390x", None)),
        &[new_layer("b")],
    )
    .unwrap();
    assert_eq!(scratch.layers().len(), 1);
    assert_eq!(scratch.settings().platform.architecture, "s390x");
}

#[test]
fn one_layer_stands_for_all() {
    let flat = flattened(&image(&["a", "b"]), &new_layer("flat")).unwrap();
    assert_eq!(flat.layers().len(), 1);
    assert_eq!(flat.settings().history.len(), 1);
    assert_eq!(value(flat.config())["config"]["Strange"], true);
}

fn base() -> Base {
    Base {
        name: "docker.io/library/base:2".to_owned(),
        digest: digest("index").to_string(),
    }
}

#[test]
fn a_base_is_replaced() {
    let old = image(&["a", "b"]);
    let new = image_of(&["x"], true);
    // Built on the old base: its history goes on behind the base's CMD.
    let mut config = value(old.config());
    let step = json!({"created_by": "app"});
    config["history"].as_array_mut().unwrap().push(step.clone());
    config["rootfs"]["diff_ids"]
        .as_array_mut()
        .unwrap()
        .push(json!(digest("app tar")));
    let config = raw(MediaType::OciConfig, &config);
    let mut manifest = value(old.manifest());
    let layer = json!(new_layer("app").descriptor);
    manifest["layers"].as_array_mut().unwrap().push(layer);
    manifest["config"] = json!(config.descriptor());
    let app = Parts::new(raw(MediaType::OciManifest, &manifest), config).unwrap();

    let rebased = rebase(&app, &old, "base:1", &new, &base()).unwrap();
    let digests: Vec<&Digest> = rebased.layers().iter().map(|layer| &layer.digest).collect();
    assert_eq!(digests, [&digest("x"), &digest("app")]);
    assert_eq!(
        rebased.layers()[0].media_type,
        MediaType::OciLayerGzip,
        "not docker's"
    );
    let steps: Vec<&str> = rebased
        .settings()
        .history
        .iter()
        .map(|h| &*h.created_by)
        .collect();
    assert_eq!(steps, ["x", "CMD x", "app"]);
    let annotations = &rebased.view().annotations;
    assert_eq!(
        annotations["org.opencontainers.image.base.name"],
        base().name
    );
    assert_eq!(
        annotations["org.opencontainers.image.base.digest"],
        base().digest
    );
    assert_eq!(
        value(rebased.config())["config"],
        value(app.config())["config"]
    );

    let other = rebase(&app, &image(&["a", "z"]), "other:1", &new, &base()).unwrap_err();
    assert_eq!(
        other.to_string(),
        "it is not based on other:1 (layer 2 mismatch)"
    );
    let long = rebase(&old, &app, "app:1", &new, &base()).unwrap_err();
    assert_eq!(
        long.to_string(),
        "it is not based on app:1 (too few layers)"
    );
}

#[test]
fn a_history_that_is_not_the_bases_is_cut_behind_its_last_layer() {
    let old = image(&["a"]);
    let app = append(&image(&["a", "b"]), &[]).unwrap();
    let rebased = rebase(&app, &old, "base", &image(&["x"]), &base()).unwrap();
    let steps: Vec<&str> = rebased
        .settings()
        .history
        .iter()
        .map(|h| &*h.created_by)
        .collect();
    assert_eq!(steps, ["x", "CMD x", "b", "CMD b"]);
}

fn index_of(images: &[&Parts]) -> Raw {
    let mut manifests = Vec::new();
    for image in images {
        let mut entry = json!(image.manifest().descriptor());
        entry["platform"] = json!({"architecture": "amd64", "os": "linux"});
        entry["x"] = json!({"kept": 1});
        entry["data"] = "e30=".into();
        manifests.push(entry);
        let about = image.manifest().digest();
        manifests.push(json!({
            "mediaType": MediaType::OciManifest, "digest": digest(about.as_str()), "size": 2,
            "platform": {"architecture": "unknown", "os": "unknown"},
            "annotations": {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": about},
        }));
    }
    let index = json!({"schemaVersion": 2, "mediaType": MediaType::OciIndex, "manifests": manifests, "y": [null]});
    raw(MediaType::OciIndex, &index)
}

#[test]
fn an_index_is_rebuilt_without_what_spoke_of_old_images() {
    let (first, second) = (image(&["a"]), image(&["b"]));
    let index = index_of(&[&first, &second]);
    let child = |raw: &Raw| {
        Fate::New(NewChild {
            raw: raw.clone(),
            platform: Some(Platform::new("linux", "arm64", None)),
        })
    };
    let none = rebuild(&index, &HashMap::new(), &[]).unwrap();
    assert_eq!((&none.raw, none.dropped.len()), (&index, 0));
    let children = HashMap::from([(first.manifest().digest().clone(), child(second.manifest()))]);
    let rebuilt = rebuild(&index, &children, &settings(&["n=o"])).unwrap();
    let about = digest(first.manifest().digest().as_str());
    assert_eq!(rebuilt.dropped, [about]);
    let document = value(&rebuilt.raw);
    let entries = document["manifests"].as_array().unwrap();
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[0]["digest"], second.manifest().digest().as_str());
    assert_eq!(
        entries[0]["platform"],
        json!({"architecture": "arm64", "os": "linux"})
    );
    assert_eq!(
        (&entries[0]["x"], entries[0].get("data")),
        (&json!({"kept": 1}), None)
    );
    assert_eq!(
        (&document["y"], &document["annotations"]),
        (&json!([null]), &json!({"n": "o"}))
    );
    rebuild(first.manifest(), &children, &[]).unwrap_err();
    let gone = HashMap::from([(first.manifest().digest().clone(), Fate::Gone)]);
    let rebuilt = rebuild(&index, &gone, &[]).unwrap();
    assert_eq!(
        value(&rebuilt.raw)["manifests"].as_array().unwrap().len(),
        2
    );
    assert_eq!(rebuilt.dropped.len(), 1);
}

#[test]
fn parts_agree() {
    let one = image(&["a"]);
    let two = image(&["a", "b"]);
    let other = Parts::new(one.manifest().clone(), two.config().clone()).unwrap_err();
    assert!(
        other
            .to_string()
            .starts_with("the manifest names the configuration"),
        "{other}"
    );
    let mut manifest = value(one.manifest());
    manifest["config"] = json!(two.config().descriptor());
    let manifest = raw(MediaType::OciManifest, &manifest);
    let error = Parts::new(manifest, two.config().clone()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the manifest has 1 layers, the configuration 2 diff IDs"
    );
    let mut artifact = value(one.manifest());
    artifact["config"]["mediaType"] = "application/vnd.example+json".into();
    let artifact = raw(MediaType::OciManifest, &artifact);
    let error = Parts::new(artifact, one.config().clone()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "it is no image but an artifact (application/vnd.example+json)"
    );
    let index = index_of(&[&one]);
    let error = Parts::new(index, one.config().clone()).unwrap_err();
    assert!(matches!(error, EditError::Kind { .. }), "{error}");
}

fn listed(media_type: MediaType, words: &str, platform: &str) -> Descriptor {
    let mut descriptor = Descriptor::new(media_type, digest(words), 7);
    descriptor.platform = Some(platform.parse().unwrap());
    descriptor
}

/// As docker's client 28.2 writes it.
#[test]
fn a_list_is_written_as_docker_writes_it() {
    let one = listed(MediaType::DockerManifest, "one", "linux/arm/v7");
    let list = docker_list(std::slice::from_ref(&one));
    let expected = format!(
        r#"{{
   "schemaVersion": 2,
   "mediaType": "application/vnd.docker.distribution.manifest.list.v2+json",
   "manifests": [
      {{
         "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
         "size": 7,
         "digest": "{}",
         "platform": {{
            "architecture": "arm",
            "os": "linux",
            "variant": "v7"
         }}
      }}
   ]
}}"#,
        digest("one")
    );
    assert_eq!(String::from_utf8(list.bytes().to_vec()).unwrap(), expected);
    let oci = listed(MediaType::OciManifest, "two", "linux/amd64");
    assert_eq!(
        *docker_list(&[oci.clone(), one.clone()]).media_type(),
        MediaType::OciIndex
    );
    let mut noted = one.clone();
    noted.annotations.insert("a".into(), "b".into());
    assert_eq!(*docker_list(&[noted]).media_type(), MediaType::OciIndex);
}

#[test]
fn combined_manifests_are_there_once() {
    let one = listed(MediaType::DockerManifest, "one", "linux/amd64");
    let mut again = one.clone();
    again.annotations.insert("a".into(), "<b>".into());
    let index = combined(vec![one.clone(), again], &ListAnnotations::default());
    assert_eq!(*index.media_type(), MediaType::DockerManifestList);
    let text = String::from_utf8(index.bytes().to_vec()).unwrap();
    assert!(
        text.contains("\n      \"annotations\": {\n        \"a\": \"\\u003cb\\u003e\"\n      },\n"),
        "{text}"
    );
    assert_eq!(value(&index)["manifests"].as_array().unwrap().len(), 1);
    let two = listed(MediaType::OciManifest, "two", "linux/arm64");
    let annotations = ListAnnotations {
        index: [("i".to_owned(), "1".to_owned())].into(),
        descriptors: vec![
            (None, "all".to_owned(), "1".to_owned()),
            (
                Some("linux/arm64".parse().unwrap()),
                "arm".to_owned(),
                "1".to_owned(),
            ),
        ],
    };
    let index = combined(vec![one, two], &annotations);
    assert_eq!(*index.media_type(), MediaType::OciIndex);
    let document = value(&index);
    assert_eq!(document["annotations"], json!({"i": "1"}));
    assert_eq!(document["manifests"][0]["annotations"], json!({"all": "1"}));
    assert_eq!(
        document["manifests"][1]["annotations"],
        json!({"all": "1", "arm": "1"})
    );
}

#[test]
fn a_part_of_an_index_has_its_attestations() {
    let (first, second) = (image(&["a"]), image(&["b"]));
    let mut index = value(&index_of(&[&first, &second]));
    index["manifests"][2]["platform"]["architecture"] = "arm64".into();
    let index = raw(MediaType::OciIndex, &index);
    let platforms = |text: &str| vec![text.parse::<Platform>().unwrap()];
    let part = for_platforms(&index, &platforms("linux/arm64/v8")).unwrap();
    let entries = value(&part)["manifests"].clone();
    assert_eq!(entries.as_array().unwrap().len(), 2);
    assert_eq!(entries[0]["digest"], second.manifest().digest().as_str());
    let all = [platforms("linux/amd64"), platforms("linux/arm64")].concat();
    assert_eq!(for_platforms(&index, &all).unwrap(), index);
    let none = for_platforms(&index, &platforms("linux/s390x")).unwrap_err();
    assert_eq!(
        none.to_string(),
        "none of the manifests match the provided platforms"
    );
}

//! Lists of manifests, beside docker's own client: what both print, and what both push.

mod beside_buildx;

use orlop_testing::peer::Skopeo;
use orlop_testing::{
    Finished, Image, MediaTypes, Orlop, PlatformName, Program, Registry, need_programs,
};
use serde_json::{Value, json};

use crate::{layer, orlop};

/// docker's client with a folder of its own. `manifest` needs no engine.
struct Docker(tempfile::TempDir);

impl Docker {
    fn new() -> Option<Self> {
        need_programs(&[("docker", "docker.io")])
            .then(|| Self(tempfile::tempdir().expect("a folder is made")))
    }

    fn manifest(&self, arguments: &[&str]) -> Finished {
        let program = Program::new("docker").env("DOCKER_CONFIG", self.0.path());
        program.arg("manifest").args(arguments).run()
    }
}

fn of(platform: &str, types: MediaTypes) -> Image {
    let config = json!({"Cmd": ["/bin/sh"], "Env": ["A=<b>"]});
    Image::with(
        &PlatformName::new(platform),
        &[layer("platform", platform)],
        types,
        config,
    )
}

/// `app:amd`, `app:arm`, `app:all` and `other:s390x`.
fn fill(registry: &Registry, types: MediaTypes) -> String {
    let host = registry.host();
    let images = ["linux/amd64", "linux/arm/v7"].map(|platform| of(platform, types));
    let _ = images[0].push(&host, "team/app", "amd");
    let _ = images[1].push(&host, "team/app", "arm");
    let _ = Image::index(types, &images).push(&host, "team/app", "all");
    let _ = of("linux/s390x", types).push(&host, "team/other", "s390x");
    host
}

/// Both do the same and say the same; docker's older clients say less in verbose mode.
fn both(docker: &Docker, orlop: &Orlop, arguments: &[&str]) -> String {
    let theirs = docker.manifest(arguments);
    let ours = orlop.run(["manifest"].iter().chain(arguments));
    assert_eq!(
        ours.code(),
        theirs.code(),
        "{arguments:?}\n{ours}\n{theirs}"
    );
    let without_raw = |text: &str| match serde_json::from_str::<Value>(text) {
        Ok(mut value) if arguments.contains(&"-v") => {
            let entries = match &mut value {
                Value::Array(entries) => entries.iter_mut().collect(),
                one => vec![one],
            };
            for entry in entries {
                entry.as_object_mut().map(|entry| entry.remove("Raw"));
            }
            format!("{value:#}")
        }
        _ => text.to_owned(),
    };
    assert_eq!(
        without_raw(&ours.stdout),
        without_raw(&theirs.stdout),
        "{arguments:?}"
    );
    ours.stdout
}

#[test]
fn docker_and_orlop_say_and_push_the_same() {
    let (Some(registry), Some(other), Some(docker)) =
        (Registry::start(), Registry::start(), Docker::new())
    else {
        return;
    };
    let host = fill(&registry, MediaTypes::Docker);
    let orlop = orlop();
    let app = |tag: &str| format!("{host}/team/app:{tag}");
    let list = format!("{host}/team/list:1");
    let s390x = format!("{host}/team/other:s390x");
    let say = |arguments: &[&str]| both(&docker, &orlop, arguments);
    for name in [&app("amd"), &app("arm"), &app("all"), &app("none")] {
        say(&["inspect", "--insecure", name]);
        say(&["inspect", "--insecure", "-v", name]);
    }
    say(&["create", "--insecure", &list, &app("none"), &app("amd")]);
    say(&["create", "--insecure", &list, &s390x, &app("arm")]);
    say(&["create", "--insecure", &list, &app("amd")]);
    say(&["create", "--insecure", "--amend", &list, &app("amd")]);
    say(&["inspect", &list]);
    say(&["inspect", "-v", &list]);
    say(&["inspect", &list, &app("arm")]);
    say(&["inspect", &list, &app("none")]);
    say(&[
        "annotate",
        &list,
        &app("arm"),
        "--variant",
        "v6",
        "--os-features",
        "a,b",
        "--arch",
        "arm",
    ]);
    say(&["annotate", &list, &app("arm"), "--os", "plan10"]);
    say(&["annotate", &list, &app("none"), "--os", "linux"]);
    say(&["inspect", &list]);
    let theirs = docker
        .manifest(&["push", "--insecure", &list])
        .expect_success()
        .stdout;
    let pushed = orlop.ok(["manifest", "push", &list]).stdout;
    assert_eq!(pushed, theirs, "the same digests");
    assert!(pushed.contains("with digest: sha256:"), "{pushed}");
    // To a registry that has nothing of it yet docker can't.
    let far = format!("{}/team/list:1", other.host());
    orlop.ok(["manifest", "create", &far, &app("amd"), &s390x]);
    let digest = orlop.ok(["manifest", "push", "--purge", &far]);
    let pinned = format!(
        "{}/team/list@{}",
        other.host(),
        digest.lines().last().unwrap()
    );
    orlop.ok(["pull", "-q", "--platform", "linux/s390x", &pinned]);
    orlop.fails(["manifest", "push", &far]);
    say(&["rm", &list]);
    say(&["rm", &list, "no/such:list"]);
}

#[test]
fn an_index_is_taken_apart_with_its_attestations() {
    let (Some(registry), Some(skopeo)) = (Registry::start(), Skopeo::new()) else {
        return;
    };
    let host = registry.host();
    let amd = Image::with_attestation(&of("linux/amd64", MediaTypes::Oci));
    let nested = Image::index(MediaTypes::Oci, &[of("linux/arm64", MediaTypes::Oci), amd]);
    let source = nested.push(&host, "team/app", "all");
    let s390x = of("linux/s390x", MediaTypes::Oci).push(&host, "team/app", "s390x");
    let orlop = orlop();
    let list = format!("{host}/team/app:more");
    orlop.ok(["manifest", "create", &list, &source, &s390x]);
    let digest = orlop.ok(["manifest", "push", &list]);
    let pushed: Value = serde_json::from_str(&skopeo.raw(&format!("docker://{list}"))).unwrap();
    let entries = pushed["manifests"].as_array().unwrap();
    assert_eq!(entries.len(), 4);
    let attested = entries
        .iter()
        .find(|entry| entry["annotations"].is_object())
        .unwrap();
    let about = &attested["annotations"]["vnd.docker.reference.digest"];
    assert_eq!(about, &of("linux/amd64", MediaTypes::Oci).top.digest);
    assert_eq!(attested["platform"]["os"], "unknown");
    orlop.ok([
        "pull",
        "-q",
        "--all-platforms",
        &format!("{host}/team/app@{}", digest.text()),
    ]);
    let said = orlop.fails(["manifest", "annotate", &list, &source, "--os", "linux"]);
    assert!(
        said.contains("does not exist in") && said.contains("hint: the list has"),
        "{said}"
    );
}

#[test]
fn a_list_that_fails_leaves_the_one_before() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let host = fill(&registry, MediaTypes::Oci);
    let orlop = orlop();
    let list = format!("{host}/team/list:1");
    let app = |tag: &str| format!("{host}/team/app:{tag}");
    orlop.fails(["manifest", "create", &list, &app("amd"), &app("none")]);
    orlop.fails(["manifest", "inspect", &list]);
    orlop.ok(["manifest", "create", &list, &app("amd")]);
    let before = orlop.ok(["manifest", "inspect", &list]).stdout;
    orlop.fails([
        "manifest",
        "create",
        "--amend",
        &list,
        &app("arm"),
        &app("none"),
    ]);
    assert_eq!(orlop.ok(["manifest", "inspect", &list]).stdout, before);
    // What stands in the folder isn't believed.
    for file in orlop
        .files_below("manifests")
        .iter()
        .filter(|file| file.extension().is_some())
    {
        let text = std::fs::read_to_string(file).unwrap();
        std::fs::write(
            file,
            text.replace("amd64", "amd65").replace("layers", "lairs"),
        )
        .unwrap();
    }
    let said = orlop.fails(["manifest", "push", &list]);
    assert!(said.contains("is damaged"), "{said}");
    let said = orlop.fails(["manifest", "inspect", "Bad/Name"]);
    assert!(said.contains("must be lowercase"), "{said}");
}

/// What buildx prints, from its source: columns as Go's tabwriter sets them.
#[test]
fn imagetools_show_an_image() {
    let (Some(registry), Some(skopeo)) = (Registry::start(), Skopeo::new()) else {
        return;
    };
    let host = registry.host();
    let image = Image::with_attestation(&of("linux/amd64", MediaTypes::Oci));
    let name = image.push(&host, "team/app", "v1");
    let orlop = orlop();
    let inspect = |arguments: &[&str]| {
        let words = ["buildx", "imagetools", "inspect"];
        orlop
            .ok(words.iter().chain(arguments).chain([&name.as_str()]))
            .stdout
    };
    let attestation: Value = serde_json::from_slice(&image.top.bytes).unwrap();
    let attestation = attestation["manifests"][1]["digest"]
        .as_str()
        .unwrap()
        .to_owned();
    let (amd, top) = (&image.children[0].digest, &image.top.digest);
    let expected = format!(
        "Name:      {name}
MediaType: application/vnd.oci.image.index.v1+json
Digest:    {top}
{space:11}
Manifests:{space}
  Name:        {name}@{amd}
  MediaType:   application/vnd.oci.image.manifest.v1+json
  Platform:    linux/amd64
{space:15}
  Name:        {name}@{attestation}
  MediaType:   application/vnd.oci.image.manifest.v1+json
  Platform:    unknown/unknown
  Annotations:{space}
    vnd.docker.reference.digest: {amd}
    vnd.docker.reference.type:   attestation-manifest
",
        space = " "
    );
    assert_eq!(inspect(&[]), expected);
    assert_eq!(inspect(&["--format", "{{ .Manifest }}"]), expected);
    assert_eq!(inspect(&["--raw"]), skopeo.raw(&format!("docker://{name}")));
    let template = "{{.Name}} {{.Manifest.Digest}} {{.Image.Config.Env}} {{json .Provenance}}";
    let shown = inspect(&["--format", template]);
    let provenance = "{\n  \"SLSA\": {}\n}";
    assert_eq!(shown, format!("{name} {top} [A=<b>] {provenance}"));
    let json = inspect(&["--format", "{{json .Image.Config}}"]);
    assert_eq!(
        json,
        "{\n  \"Env\": [\n    \"A=\\u003cb\\u003e\"\n  ],\n  \"Cmd\": [\n    \"/bin/sh\"\n  ]\n}"
    );
    let said = orlop.fails([
        "buildx",
        "imagetools",
        "inspect",
        "--raw",
        "--format",
        "x",
        &name,
    ]);
    assert!(
        said.contains("format and raw cannot be used together"),
        "{said}"
    );
    orlop.fails([
        "buildx",
        "imagetools",
        "inspect",
        &format!("{host}/team/none"),
    ]);
}

#[test]
fn imagetools_combine_images() {
    let (Some(registry), Some(other), Some(skopeo)) =
        (Registry::start(), Registry::start(), Skopeo::new())
    else {
        return;
    };
    let host = fill(&registry, MediaTypes::Oci);
    let orlop = orlop();
    let create =
        |arguments: &[&str]| orlop.run(["buildx", "imagetools", "create"].iter().chain(arguments));
    let raw = |name: &str| skopeo.raw(&format!("docker://{name}"));
    let entries = |text: &str| -> Vec<Value> {
        let index: Value = serde_json::from_str(text).unwrap();
        index["manifests"].as_array().unwrap().clone()
    };
    let (amd, arm) = (
        format!("{host}/team/app:amd"),
        format!("{host}/team/app:arm"),
    );
    let s390x = format!("{host}/team/other:s390x");
    let dry = create(&["--dry-run", &amd, &arm]).expect_success().stdout;
    assert!(
        dry.starts_with(
            "{\n  \"schemaVersion\": 2,\n  \"mediaType\": \"application/vnd.oci.image.index"
        ),
        "{dry}"
    );
    // Two repositories of one registry, and one of another, with a file about it.
    let (one, two) = (format!("{host}/new/one:v1"), format!("{host}/new/two:v1"));
    let far = format!("{}/new/far:v1", other.host());
    let file = orlop.folder().join("metadata.json");
    let metadata = file.display().to_string();
    create(&[
        "-t",
        &one,
        "-t",
        &two,
        "-t",
        &far,
        "--metadata-file",
        &metadata,
        &amd,
        &arm,
    ])
    .expect_success();
    for name in [&one, &two, &far] {
        assert_eq!(raw(name), dry.trim_end());
        crate::orlop().ok(["pull", "-q", "--platform", "linux/arm/v7", name]);
    }
    let metadata: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let digest = orlop_testing::digest_of(dry.trim_end().as_bytes());
    assert_eq!(metadata["containerimage.descriptor"]["digest"], digest);
    // One more, with notes; then a part of it.
    create(&[
        "--append",
        "-t",
        &one,
        "--annotation",
        "index:a=b",
        "--annotation",
        "manifest-descriptor[linux/s390x]:c=d",
        &s390x,
    ])
    .expect_success();
    let appended = raw(&one);
    let index: Value = serde_json::from_str(&appended).unwrap();
    assert_eq!(index["annotations"], json!({"a": "b"}));
    let all = entries(&appended);
    assert_eq!((all.len(), &all[2]["annotations"]), (3, &json!({"c": "d"})));
    let part =
        create(&["--dry-run", "--platform", "linux/s390x,linux/amd64", &one]).expect_success();
    assert_eq!(entries(&part.stdout).len(), 2);
    // A copy, a part by a descriptor in a file, a digest.
    create(&["-t", &two, "--prefer-index=false", &amd]).expect_success();
    assert_eq!(raw(&two), raw(&amd));
    let file = orlop.folder().join("descriptor.json");
    let descriptor = json!({"digest": all[0]["digest"], "annotations": {"from": "file"}});
    std::fs::write(&file, descriptor.to_string()).unwrap();
    let arm_digest = all[1]["digest"].as_str().unwrap();
    let file = file.display().to_string();
    create(&["-t", &one, "--file", &file, arm_digest]).expect_success();
    let again = entries(&raw(&one));
    assert_eq!(
        (again.len(), &again[0]["annotations"]),
        (2, &json!({"from": "file"}))
    );
    for (arguments, said) in [
        (vec!["-t", &one], "no sources specified"),
        (vec![amd.as_str()], "can't push with no tags specified"),
        (
            vec!["--dry-run", &amd, &s390x, arm_digest],
            "multiple repositories specified",
        ),
        (vec!["--dry-run", "sha256:x"], "failed to parse source"),
        (
            vec!["--dry-run", "{\"schemaVersion\":2}"],
            "failed to parse source",
        ),
        (
            vec!["--dry-run", "--annotation", "a=b", &amd],
            "not supported yet",
        ),
        (
            vec!["--dry-run", "--platform", "linux/mips", &one],
            "none of the manifests match",
        ),
    ] {
        let run = create(&arguments).expect_code(1);
        assert!(run.stderr.contains(said), "{run}");
    }
}

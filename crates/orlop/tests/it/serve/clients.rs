//! Each of the real clients, all at the same time, against one registry.

use std::path::PathBuf;

use orlop_testing::peer::{DockerEngine, Podman, Skopeo};
use orlop_testing::{Image, Method, Program, http, is_root};

use super::Served;
use crate::{big, orlop, small};

/// What a client did: the name that it pushed to.
type Pushed = String;

/// Digest of the manifest that a name stands for in a registry.
fn digest(host: &str, name: &str) -> String {
    let path = name.trim_start_matches(host).trim_start_matches('/');
    let (repository, tag) = path.rsplit_once(':').expect("it has a tag");
    let url = format!("/v2/{repository}/manifests/{tag}");
    let accept = "application/vnd.oci.image.manifest.v1+json, \
                  application/vnd.docker.distribution.manifest.v2+json";
    let answer = http(Method::Get, host, &url, &[("Accept", accept)], None);
    assert_eq!(answer.status, 200, "{name}");
    answer
        .header("docker-content-digest")
        .expect("it is there")
        .to_owned()
}

/// The layers of the image of a name.
fn layers(host: &str, name: &str) -> serde_json::Value {
    let path = name.trim_start_matches(host).trim_start_matches('/');
    let (repository, tag) = path.rsplit_once(':').expect("it has a tag");
    let url = format!("/v2/{repository}/manifests/{tag}");
    let answer = http(Method::Get, host, &url, &[("Accept", "*/*")], None);
    let manifest: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    let layers = manifest["layers"].as_array().expect("layers").iter();
    layers.map(|layer| layer["digest"].clone()).collect()
}

fn by_orlop(host: &str, name: &str) -> Vec<Pushed> {
    let (client, back) = (orlop(), format!("{host}/by/orlop:v1"));
    client.ok(["pull", "-q", name]);
    client.ok(["tag", name, &back]);
    client.ok(["push", &back]);
    vec![back]
}

fn by_skopeo(host: &str, name: &str) -> Vec<Pushed> {
    let Some(skopeo) = Skopeo::new() else {
        return Vec::new();
    };
    let back = format!("{host}/by/skopeo:v1");
    skopeo.copy(
        &format!("docker://{name}"),
        &format!("docker://{back}"),
        &[],
    );
    vec![back]
}

fn by_podman_and_buildah(host: &str, name: &str) -> Vec<Pushed> {
    let (true, Some(podman)) = (is_root(), Podman::new()) else {
        return Vec::new();
    };
    let back = format!("{host}/by/podman:v1");
    podman.pull(name);
    podman.program().args(["tag", name, &back]).ok();
    podman.push(&back);
    let Some(buildah) = podman.buildah() else {
        return vec![back];
    };
    let built = format!("{host}/by/buildah:v1");
    let push = ["push", "--quiet", "--tls-verify=false", name, &built];
    buildah.args(push).ok();
    vec![back, built]
}

fn by_docker(host: &str, name: &str) -> Vec<Pushed> {
    let Some(docker) = DockerEngine::start() else {
        return Vec::new();
    };
    let back = format!("{host}/by/docker:v1");
    docker.pull(name);
    docker.program().args(["tag", name, &back]).ok();
    docker.push(&back);
    vec![back]
}

/// A client that is tested where a variable names it.
fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from)
}

fn by_crane(host: &str, name: &str) -> Vec<Pushed> {
    let Some(crane) = named("ORLOP_TEST_CRANE") else {
        return Vec::new();
    };
    let folder = tempfile::tempdir().expect("a folder");
    let archive = folder.path().join("image.tar");
    let back = format!("{host}/by/crane:v1");
    let run = |arguments: &[&str]| Program::new(&crane).args(arguments).ok();
    let archive = archive.to_str().expect("a plain path");
    run(&["pull", "--insecure", "--format", "oci", name, archive]);
    run(&["push", "--insecure", archive, &back]);
    let copy = format!("{host}/by/crane:copy");
    run(&["copy", "--insecure", name, &copy]);
    vec![back, copy]
}

fn by_regctl(host: &str, name: &str) -> Vec<Pushed> {
    let Some(regctl) = named("ORLOP_TEST_REGCTL") else {
        return Vec::new();
    };
    let home = tempfile::tempdir().expect("a folder");
    let back = format!("{host}/by/regctl:v1");
    let plain = format!("reg={host},tls=disabled");
    let run = |arguments: &[&str]| {
        let program = Program::new(&regctl).env("HOME", home.path());
        program.args(["--host", &plain]).args(arguments).ok()
    };
    run(&["image", "copy", name, &back]);
    run(&["tag", "ls", &format!("{host}/by/regctl")]);
    vec![back]
}

/// An artifact of two files there and back: whole, in chunks, and again under another tag.
const ORAS: &str = r#"
import os, sys
import oras.client
host, folder = sys.argv[1:]
client = oras.client.OrasClient(hostname=host, insecure=True)
contents = {"small.txt": b"hello", "large.bin": bytes(range(251)) * 20000}
files = []
for name, content in contents.items():
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(content)
    files.append(path + ":application/x.test")
for tag, chunked in [("v1", False), ("v2", True)]:
    # It deletes a tag's manifest, and so all tags of one.
    notes = {"org.example.note": tag}
    target = f"{host}/by/oras:{tag}"
    client.push(target, files=files, disable_path_validation=True, manifest_annotations=notes,
                do_chunked=chunked, chunk_size=1000000)
    back = os.path.join(folder, tag)
    pulled = client.pull(target, outdir=back)
    assert len(pulled) == 2, pulled
    for name, content in contents.items():
        with open(os.path.join(back, name), "rb") as file:
            assert file.read() == content, name
    manifest = client.get_manifest(target)
    assert manifest["annotations"] == notes, manifest
tags = client.get_tags(f"{host}/by/oras")
assert {"v1", "v2"} <= set(tags), tags
assert client.delete_tag(f"{host}/by/oras", "v2")
tags = client.get_tags(f"{host}/by/oras")
assert "v1" in tags and "v2" not in tags, tags
"#;

/// The library for Python: the variable names an interpreter that has it.
fn by_oras(host: &str, _: &str) -> Vec<Pushed> {
    let Some(python) = named("ORLOP_TEST_ORAS") else {
        return Vec::new();
    };
    let folder = tempfile::tempdir().expect("a folder");
    let program = Program::new(&python).env("HOME", folder.path());
    program.args(["-c", ORAS, host]).arg(folder.path()).ok();
    // It pushes no images.
    Vec::new()
}

#[test]
fn root_every_client_at_once() {
    let served = Served::start();
    let host = served.host.as_str();
    // More than one chunk, more than one layer.
    let images: [Image; 2] = [small("for all"), big(3, 5)];
    for (number, image) in images.iter().enumerate() {
        let name = image.push(host, "for/all", &format!("v{number}"));
        let clients: [fn(&str, &str) -> Vec<Pushed>; 7] = [
            by_orlop,
            by_skopeo,
            by_podman_and_buildah,
            by_docker,
            by_crane,
            by_regctl,
            by_oras,
        ];
        let pushed: Vec<Pushed> = std::thread::scope(|scope| {
            let running: Vec<_> = clients
                .iter()
                .map(|client| scope.spawn(|| client(host, &name)))
                .collect();
            let done = running
                .into_iter()
                .map(|client| client.join().expect("it works"));
            done.flatten().collect()
        });
        assert!(!pushed.is_empty());
        for back in &pushed {
            // docker writes a manifest of its own type around the same layers.
            if back.contains("/by/docker:") {
                assert_eq!(layers(host, back), layers(host, &name), "{back}");
            } else {
                assert_eq!(digest(host, back), image.top.digest, "{back}");
            }
            let client = orlop();
            client.ok(["pull", "-q", back]);
        }
    }
}

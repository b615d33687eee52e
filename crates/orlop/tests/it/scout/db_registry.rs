//! The database as an artifact: pushed, copied by others, pulled, and refused where it isn't right.

use std::fs;
use std::path::PathBuf;

use orlop_testing::peer::Skopeo;
use orlop_testing::{Document, Fault, FaultProxy, Orlop, Registry, Rule, digest_of};
use serde_json::{Value, json};

use super::db::{ALPINE, found, image, left_behind};
use crate::serve::Served;
use crate::{orlop, small};

/// The program with a database of one fix, or of two.
fn filled(more: bool) -> Orlop {
    let orlop = orlop();
    let feed = orlop.folder().join("main.json");
    let fix = r#""1.2.5-r1": ["CVE-2025-26519"]"#;
    let two = format!("{fix}, \"1.2.5-r2\": [\"CVE-2025-30000\"]");
    let content = if more {
        ALPINE.replace(fix, &two)
    } else {
        ALPINE.to_owned()
    };
    fs::write(&feed, content).expect("a feed is written");
    let feed = feed.to_str().expect("a plain name");
    orlop.ok(["scout", "db", "import", "-q", "--date", "2026-01-03", feed]);
    orlop
}

fn digest(orlop: &Orlop) -> String {
    let status = ["scout", "db", "status", "--format", "{{.Digest}}"];
    orlop.ok(status).text().to_owned()
}

fn pull(orlop: &Orlop, name: &str) -> String {
    orlop.ok(["scout", "db", "pull", name]).stdout
}

fn push(orlop: &Orlop, name: &str) -> String {
    orlop
        .ok(["scout", "db", "push", "-q", name])
        .text()
        .to_owned()
}

#[test]
fn what_is_pushed_is_pulled_from_any_registry() {
    let (Some(registry), Some(skopeo)) = (Registry::start(), Skopeo::new()) else {
        return;
    };
    let served = Served::start();
    let (first, second) = (filled(false), filled(true));
    let name = format!("{}/scout/advisories", registry.host());
    let pushed = first.ok(["scout", "db", "push", &name]).stdout;
    assert!(pushed.starts_with("latest: digest: sha256:"), "{pushed}");
    let manifest: Value =
        serde_json::from_str(&skopeo.raw(&format!("docker://{name}"))).expect("JSON");
    assert_eq!(
        manifest["artifactType"],
        "application/vnd.orlop.advisories.v1"
    );
    assert_eq!(
        manifest["annotations"]["org.opencontainers.image.created"],
        "2026-01-03T23:59:59Z"
    );
    assert_eq!(
        manifest["annotations"]["vnd.orlop.advisories.digest"],
        digest(&first)
    );
    assert_eq!(
        push(&first, &name),
        push(&first, &name),
        "the same each time"
    );
    // By another tool into another registry, and by our own.
    let copied = format!("{}/copied:v1", served.host);
    skopeo.copy(
        &format!("docker://{name}"),
        &format!("docker://{copied}"),
        &[],
    );
    let again = format!("{}/again:v1", registry.host());
    orlop().ok(["copy", &copied, &again]);
    for from in [&name, &copied, &again] {
        let user = orlop();
        let said = pull(&user, from);
        assert!(
            said.contains("Status: Downloaded newer advisory database from"),
            "{said}"
        );
        assert_eq!(digest(&user), digest(&first));
        user.ok(["scout", "db", "verify"]);
        let image = image(&user);
        assert_eq!(found(&user, &image, &[]).0, ["CVE-2025-26519"]);
        assert_eq!(left_behind(&user), Vec::<PathBuf>::new());
    }
    // The next database, for whoever has the one before.
    let user = orlop();
    let _ = pull(&user, &copied);
    let _ = push(&second, &copied);
    let said = pull(&user, &copied);
    assert!(
        said.contains(&format!("Database: {}", digest(&second))),
        "{said}"
    );
    assert_eq!(digest(&user), digest(&second));
}

#[test]
fn the_same_again_costs_one_look() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let proxy = FaultProxy::start(&registry.host());
    let name = format!("{}/advisories:v1", proxy.host());
    let owner = filled(false);
    let _ = push(&owner, &name);
    let user = orlop();
    let _ = pull(&user, &name);
    proxy.forget();
    let said = pull(&user, &name);
    assert!(
        said.contains("Status: Advisory database is up to date with"),
        "{said}"
    );
    assert_eq!(proxy.count("GET", "/blobs/"), 0);
    // Unless what is here is damaged.
    let file = user.store().join("scout/advisories-v1.db");
    let mut bytes = fs::read(&file).expect("a database");
    bytes[200] ^= 1;
    fs::write(&file, bytes).expect("written");
    let said = pull(&user, &name);
    assert!(said.contains("Status: Downloaded newer"), "{said}");
    user.ok(["scout", "db", "verify"]);
    // An owner without a database has nothing to push, and a damaged one isn't spread.
    let nothing = orlop().fails(["scout", "db", "push", &name]);
    assert!(
        nothing.contains("there is no advisory database"),
        "{nothing}"
    );
    let file = owner.store().join("scout/advisories-v1.db");
    let mut bytes = fs::read(&file).expect("a database");
    let last = bytes.len() / 2;
    bytes[last] ^= 1;
    fs::write(&file, bytes).expect("written");
    let damaged = owner.fails(["scout", "db", "push", &name]);
    assert!(
        damaged.contains("the advisory database is damaged"),
        "{damaged}"
    );
}

/// A registry that gives out this as an artifact.
fn artifact(proxy: &FaultProxy, change: impl Fn(&mut Value), blob: &[u8]) {
    let kind = "application/vnd.orlop.advisories.v1";
    let mut manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": kind,
        "config": {
            "mediaType": "application/vnd.oci.empty.v1+json",
            "digest": digest_of(b"{}"),
            "size": 2,
        },
        "layers": [{
            "mediaType": format!("{kind}.db"),
            "digest": digest_of(blob),
            "size": blob.len(),
        }],
    });
    change(&mut manifest);
    let manifest = manifest.to_string().into_bytes();
    let document = Document {
        media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
        digest: digest_of(&manifest),
        bytes: manifest,
    };
    let answer = |media_type: &str, bytes: &[u8]| Fault::Answer {
        status: 200,
        headers: vec![("Content-Type".to_owned(), media_type.to_owned())],
        body: bytes.to_vec(),
    };
    proxy.heal();
    proxy.add(Rule::new(
        "/manifests/v1",
        answer(&document.media_type, &document.bytes),
    ));
    proxy.add(Rule::new(
        "/blobs/",
        answer("application/octet-stream", blob),
    ));
}

#[test]
fn what_isnt_right_is_refused_and_the_old_database_stays() {
    let whole = fs::read(filled(true).store().join("scout/advisories-v1.db")).expect("a database");
    let user = filled(false);
    let before = digest(&user);
    let proxy = FaultProxy::alone();
    let name = format!("{}/advisories:v1", proxy.host());
    let refused = |expected: &str| {
        let said = user.fails(["scout", "db", "pull", &name]);
        assert!(said.contains(expected), "{expected}: {said}");
        assert_eq!(
            said.lines()
                .filter(|line| line.starts_with("Error: "))
                .count(),
            1
        );
        assert_eq!(digest(&user), before, "{expected}");
        user.ok(["scout", "db", "verify"]);
        assert_eq!(left_behind(&user), Vec::<PathBuf>::new());
    };
    let same = |_: &mut Value| {};
    let flipped = |place: usize| {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        bytes
    };
    for length in [0, 100, whole.len() / 2, whole.len() - 1] {
        artifact(&proxy, same, &whole[..length]);
        refused("is no advisory database that can be used");
    }
    for place in [0, 20, 140, whole.len() / 2, whole.len() - 1] {
        artifact(&proxy, same, &flipped(place));
        refused("is no advisory database that can be used");
    }
    // Another format, by the file and by the manifest.
    artifact(&proxy, same, &flipped(8));
    refused("has format 0, and this program reads format 1");
    let newer = |manifest: &mut Value| {
        manifest["annotations"] = json!({"vnd.orlop.advisories.format": "2"});
    };
    artifact(&proxy, newer, &whole);
    refused("it has format \"2\", and this program reads format 1");
    // Not the bytes that the manifest names, and not the database.
    let other = |manifest: &mut Value| manifest["layers"][0]["digest"] = json!(digest_of(b"other"));
    artifact(&proxy, other, &whole);
    refused("digest");
    let longer = |manifest: &mut Value| manifest["layers"][0]["size"] = json!(whole.len() + 1);
    artifact(&proxy, longer, &whole);
    proxy.add(Rule::new("/blobs/", Fault::error(500, "UNKNOWN", "gone")));
    refused("Error: ");
    let another = |manifest: &mut Value| {
        manifest["annotations"] = json!({"vnd.orlop.advisories.digest": "00"});
    };
    artifact(&proxy, another, &whole);
    refused("its digest isn't the one that its manifest says");
    // An artifact of another kind, one without a database, an image.
    let sbom = |manifest: &mut Value| manifest["artifactType"] = json!("application/spdx+json");
    artifact(&proxy, sbom, &whole);
    refused("it is an artifact of the type \"application/spdx+json\"");
    let empty = |manifest: &mut Value| manifest["layers"] = json!([]);
    artifact(&proxy, empty, &whole);
    refused("it hasn't one layer of the type ");
    let plain = small("an image");
    proxy.heal();
    proxy.serve("advisories", "v1", &plain);
    refused("is no advisory database that can be used: it is an image");
    // And what is right is taken.
    artifact(&proxy, same, &whole);
    let _ = pull(&user, &name);
    assert_ne!(digest(&user), before);
}

//! What takes long says how far it is, and can be stopped.

use std::fs;
use std::path::Path;

use orlop_testing::Image;
use rustix::process::Signal;
use serde_json::Value;

use super::{LIMIT, Served, registry, wait_for_line};
use crate::{orlop, small};

/// What was told of an operation, with `--progress=json`.
fn told(stderr: &str) -> Vec<Value> {
    let lines = stderr.lines().filter(|line| line.starts_with('{'));
    let events: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert!(events.iter().all(|event| event["event"] == "work"));
    events
}

fn put(root: &Path, path: &str, content: &[u8]) -> std::path::PathBuf {
    let file = root.join("docker/registry/v2").join(path);
    fs::create_dir_all(file.parent().expect("it has one")).expect("a folder");
    fs::write(&file, content).expect("a file");
    file
}

/// An image as CNCF distribution keeps it; returns the file of its last layer.
fn kept(root: &Path, name: &str, image: &Image) -> std::path::PathBuf {
    let data = |digest: &str| {
        let hex = digest.trim_start_matches("sha256:").to_owned();
        (format!("blobs/sha256/{}/{hex}/data", &hex[..2]), hex)
    };
    let mut last = None;
    for blob in &image.blobs {
        let (path, hex) = data(&blob.digest);
        last = Some(put(root, &path, &blob.bytes));
        let link = format!("repositories/{name}/_layers/sha256/{hex}/link");
        put(root, &link, blob.digest.as_bytes());
    }
    let (path, hex) = data(&image.top.digest);
    put(root, &path, &image.top.bytes);
    let manifests = format!("repositories/{name}/_manifests");
    let link = format!("{manifests}/revisions/sha256/{hex}/link");
    put(root, &link, image.top.digest.as_bytes());
    let link = format!("{manifests}/tags/v1/current/link");
    put(root, &link, image.top.digest.as_bytes());
    last.expect("it has a layer")
}

#[test]
fn it_says_how_far_it_is() {
    let served = Served::start();
    let image = small("lengthy");
    let _ = image.push(&served.host, "app", "v1");
    let orlop = &served.orlop;
    let verified = registry(orlop, &["verify", "--progress=json"], "").ok();
    let events = told(&verified.stderr);
    assert_eq!(events.len(), 5, "{verified}");
    let (first, last) = (&events[0], &events[4]);
    assert_eq!(first["what"], "Reading");
    assert_eq!((&first["done"], &last["done"]), (&0.into(), &4.into()));
    assert_eq!(
        (&last["total"], &last["bytes"]),
        (&4.into(), &last["total_bytes"])
    );
    // In a log, a line for some tenths.
    let plain = registry(orlop, &["verify"], "").ok();
    assert!(plain.stderr.contains("Reading 4/4 blobs "), "{plain}");
    assert_eq!(plain.stdout, verified.stdout);
    let quiet = registry(orlop, &["verify", "--progress=quiet"], "").ok();
    assert_eq!(quiet.stderr, "");

    let collected = registry(orlop, &["gc", "--progress=json"], "").ok();
    let events = told(&collected.stderr);
    let repositories = events.iter().find(|event| event["unit"] == "repositories");
    assert_eq!(repositories.map(|event| &event["total"]), Some(&1.into()));

    let folder = orlop.folder().join("other");
    kept(&folder, "team/app", &small("adopted"));
    let name = folder.display().to_string();
    let adopted = registry(orlop, &["import", "--progress=json", &name], "").ok();
    let events = told(&adopted.stderr);
    let last = events.last().expect("it tells something");
    assert_eq!(
        (&last["what"], &last["total"]),
        (&"Adopting".into(), &4.into())
    );
    assert!(last["bytes"].as_u64() <= last["total_bytes"].as_u64());
}

#[test]
fn ctrl_c_stops_it_and_says_what_is_kept() {
    let orlop = orlop();
    let folder = orlop.folder().join("other");
    let layer = kept(&folder, "team/app", &small("endless"));
    // It takes minutes to read, and no room.
    let file = fs::OpenOptions::new()
        .write(true)
        .open(&layer)
        .expect("a file");
    file.set_len(256 << 30).expect("a long file");
    let name = folder.display().to_string();
    let import = ["registry", "import", "--progress=json", &name];
    let mut import = orlop.program().args(import).spawn();
    wait_for_line(&mut import, "\"done\":2");
    import.signal(Signal::INT);
    let ended = import.wait(LIMIT);
    assert_eq!(ended.code(), 130, "{ended}");
    let words = "interrupted: kept ";
    assert!(ended.stderr.contains(words), "{ended}");
    assert!(
        ended.stderr.contains("(2 blobs); the next import goes on"),
        "{ended}"
    );

    // What was kept isn't brought again.
    fs::remove_file(&layer).expect("it was there");
    let again = registry(&orlop, &["import", &name], "")
        .run()
        .expect_code(1);
    assert!(
        again.stdout.contains("(0 blobs linked, 0 copied)"),
        "{again}"
    );
}

//! The directory: what other tools see, opening, read-only, damage.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use orlop_oci::Index;
use orlop_store::{Error, Store};
use serde_json::Value;

use crate::support::{Files, Image, TestStore, name};

fn index(store: &Store) -> Vec<(String, Option<String>)> {
    let bytes = std::fs::read(store.oci_dir().join("index.json")).unwrap();
    let json: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(json["schemaVersion"], 2);
    let _: Index = serde_json::from_slice(&bytes).unwrap();
    json["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| {
            (
                m["digest"].as_str().unwrap().to_owned(),
                m["annotations"]["org.opencontainers.image.ref.name"]
                    .as_str()
                    .map(str::to_owned),
            )
        })
        .collect()
}

#[test]
fn the_layout_follows_the_names() {
    let test = TestStore::new();
    let store = &test.store;
    assert_eq!(
        std::fs::read_to_string(store.oci_dir().join("oci-layout")).unwrap(),
        r#"{"imageLayoutVersion":"1.0.0"}"#
    );
    assert!(index(store).is_empty());
    let (a, b) = (Image::new("a", &["1"]), Image::new("b", &["1"]));
    a.pull(store, &["x:1", "ghcr.io/y/z:2"]).unwrap();
    b.pull(store, &["x:1"]).unwrap();
    let (ida, idb) = (a.id().to_string(), b.id().to_string());
    assert_eq!(
        index(store),
        [
            (idb.clone(), Some("docker.io/library/x:1".to_owned())),
            (ida.clone(), Some("ghcr.io/y/z:2".to_owned())),
        ]
    );
    store.remove_name(&name("ghcr.io/y/z:2")).unwrap();
    assert_eq!(
        index(store),
        [(ida, None), (idb, Some("docker.io/library/x:1".to_owned()))]
    );
    store
        .remove_images(&[a.id(), b.id()], &Files::new(store))
        .unwrap();
    assert!(index(store).is_empty());
}

#[test]
fn skopeo_reads_it() {
    if Command::new("skopeo").arg("--version").output().is_err() {
        eprintln!("SKIPPED skopeo_reads_it: skopeo is not installed");
        return;
    }
    let test = TestStore::new();
    let image = Image::new("a", &["base", "top"]);
    image
        .pull(&test.store, &["x:1", "localhost:5000/app:v2"])
        .unwrap();
    let skopeo = |args: &[&str]| {
        let output = Command::new("skopeo").args(args).output().unwrap();
        assert!(
            output.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    };
    for full in ["docker.io/library/x:1", "localhost:5000/app:v2"] {
        let source = format!("oci:{}:{full}", test.store.oci_dir().display());
        assert_eq!(skopeo(&["inspect", "--raw", &source]), image.manifest);
        let copy = test.dir.path().join("copy");
        let destination = format!("dir:{}", copy.display());
        skopeo(&["--insecure-policy", "copy", &source, &destination]);
        assert_eq!(
            std::fs::read(copy.join("manifest.json")).unwrap(),
            image.manifest
        );
    }
}

#[test]
fn directories_are_private() {
    let test = TestStore::new();
    for path in [
        "",
        "oci",
        "oci/blobs/sha256",
        "ingest",
        "snapshots",
        "locks",
    ] {
        let mode = std::fs::metadata(test.store.root().join(path))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700, "{path}");
    }
}

#[test]
fn opening_again_finds_everything() {
    let test = TestStore::new();
    let image = Image::new("a", &["base"]);
    image.pull(&test.store, &["x:1"]).unwrap();
    let root = test.store.root().to_owned();
    drop(test.store);
    let store = Store::open(&root).unwrap();
    image.assert_whole(&store);
    assert_eq!(store.names().unwrap().len(), 1);
}

#[test]
fn an_index_that_lags_behind_is_written_at_opening() {
    let test = TestStore::new();
    let image = Image::new("a", &["base"]);
    image.pull(&test.store, &["x:1"]).unwrap();
    let root = test.store.root().to_owned();
    std::fs::write(root.join("oci/index.json"), "{}").unwrap();
    let database = rusqlite::Connection::open(root.join("orlop.db")).unwrap();
    database
        .execute(
            "UPDATE settings SET value = '1' WHERE key = 'index_stale'",
            [],
        )
        .unwrap();
    let store = Store::open(&root).unwrap();
    assert_eq!(index(&store).len(), 1);
}

#[test]
fn damaged_and_newer_databases_are_refused_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("orlop.db");
    std::fs::write(&path, "this is certainly no database ".repeat(100)).unwrap();
    let error = Store::open(dir.path()).unwrap_err();
    assert!(matches!(error, Error::DamagedDatabase { .. }), "{error:?}");
    assert!(!error.to_string().contains('\n'));
    assert!(error.hint().is_some());

    std::fs::remove_file(&path).unwrap();
    drop(Store::open(dir.path()).unwrap());
    let database = rusqlite::Connection::open(&path).unwrap();
    database.pragma_update(None, "user_version", 99).unwrap();
    drop(database);
    let error = Store::open(dir.path()).unwrap_err();
    assert!(
        error.to_string().contains("schema 99, newer than"),
        "{error}"
    );
}

#[test]
fn a_damaged_page_is_told() {
    let test = TestStore::new();
    for i in 0..200 {
        let image = Image::new(&format!("{i}"), &["base"]);
        let mut publication = image.publication();
        publication.image = Some(image.target());
        test.store.publish(publication).unwrap();
    }
    let root = test.store.root().to_owned();
    drop(test.store);
    let path = root.join("orlop.db");
    let mut bytes = std::fs::read(&path).unwrap();
    for byte in &mut bytes[4096..] {
        *byte = 0x5a;
    }
    std::fs::write(&path, bytes).unwrap();
    let error = Store::open(&root)
        .and_then(|store| store.images().map(drop))
        .unwrap_err();
    assert!(matches!(error, Error::DamagedDatabase { .. }), "{error:?}");
}

#[test]
fn a_file_in_the_way_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    std::fs::write(&path, "").unwrap();
    let error = Store::open(&path.join("root")).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error:?}");
}

/// A bind mount that is read-only stands for a read-only file system.
#[test]
fn root_a_read_only_store_can_be_read() {
    use rustix::mount::{MountFlags, UnmountFlags, mount_bind, mount_remount, unmount};
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED root_a_read_only_store_can_be_read: needs root");
        return;
    }
    let test = TestStore::new();
    let image = Image::new("a", &["base"]);
    image.pull(&test.store, &["x:1"]).unwrap();
    let root = test.store.root().to_owned();
    for clean in [false, true] {
        // With a WAL left over, as after a crash; then with everything checkpointed.
        let copy = test.dir.path().join(format!("copy {clean}?"));
        if clean {
            drop(Store::open(&root).unwrap());
        }
        let status = Command::new("cp").arg("-a").arg(&root).arg(&copy).status();
        assert!(status.unwrap().success());
        if clean {
            drop(Store::open(&copy).unwrap());
        }
        mount_bind(&copy, &copy).unwrap();
        mount_remount(&copy, MountFlags::BIND | MountFlags::RDONLY, "").unwrap();
        let check = std::panic::catch_unwind(|| {
            let store = Store::open(&copy).unwrap();
            assert!(!store.is_writable());
            assert_eq!(store.names().unwrap().len(), 1);
            image.assert_whole(&store);
            let error = store.remove_name(&name("x:1")).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("store {} is read-only", copy.display())
            );
            assert!(store.lease("x").is_err());
            store.set_facts("x", &[(image.id(), "{}".into())]).unwrap();
        });
        unmount(&copy, UnmountFlags::empty()).unwrap();
        check.unwrap();
    }
}

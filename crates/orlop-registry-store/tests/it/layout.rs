//! Each repository is an OCI image layout that other tools read.

use orlop_oci::Digest;
use orlop_testing::peer::Skopeo;
use orlop_testing::{Image, Layer, MediaTypes, PlatformName};
use serde_json::Value;

use crate::support::{TestStorage, index_of, new_manifest, origin, repo, tag};

fn index_json(test: &TestStorage, directory: &str) -> Vec<(String, Option<String>)> {
    let path = test.directory.path().join("repositories").join(directory);
    let layout = std::fs::read(path.join("oci-layout")).unwrap();
    assert_eq!(layout, br#"{"imageLayoutVersion":"1.0.0"}"#);
    let index: Value =
        serde_json::from_slice(&std::fs::read(path.join("index.json")).unwrap()).unwrap();
    assert_eq!(index["schemaVersion"], 2);
    let entries = index["manifests"].as_array().unwrap().iter();
    entries
        .map(|entry| {
            let digest: Digest = entry["digest"].as_str().unwrap().parse().unwrap();
            let blob = path.join("blobs/sha256").join(digest.hex());
            assert_eq!(
                std::fs::metadata(blob).unwrap().len(),
                entry["size"].as_u64().unwrap()
            );
            let name = entry["annotations"]["org.opencontainers.image.ref.name"].as_str();
            (digest.to_string(), name.map(str::to_owned))
        })
        .collect()
}

#[tokio::test]
async fn it_follows_the_tags() {
    let test = TestStorage::new();
    let storage = &test.storage;
    let app = repo("team/app");
    let one = test.image("team/app", "one").await;
    let two = test.image("team/app", "two").await;
    let first = test.put("team/app", &["a", "b"], &one).await.to_string();
    let child = test.put("team/app", &[], &two).await.to_string();
    storage.flush().await.unwrap();
    let named = |digest: &String, name: &str| (digest.clone(), Some(name.to_owned()));
    assert_eq!(
        index_json(&test, "team+app"),
        [
            (child.clone(), None),
            named(&first, "a"),
            named(&first, "b")
        ]
    );
    // A manifest of an index is found by that.
    let index = index_of(&[&two], "");
    let index = test.put("team/app", &["b"], &index).await.to_string();
    storage.flush().await.unwrap();
    assert_eq!(
        index_json(&test, "team+app"),
        [named(&first, "a"), named(&index, "b")]
    );
    storage
        .delete_tag(&app, &tag("a"), &origin())
        .await
        .unwrap();
    storage.flush().await.unwrap();
    assert_eq!(
        index_json(&test, "team+app"),
        [(first, None), named(&index, "b")]
    );
}

#[tokio::test]
async fn what_another_process_left_behind_is_written_at_start() {
    let test = TestStorage::new();
    let bytes = test.image("app", "one").await;
    test.put("app", &["v1"], &bytes).await;
    assert!(test.files("repositories").is_empty());
    let other = test.again();
    other.flush().await.unwrap();
    assert_eq!(index_json(&test, "app").len(), 1);
    // Nothing changed, nothing is written.
    let path = test.directory.path().join("repositories/app/index.json");
    std::fs::remove_file(&path).unwrap();
    test.storage.flush().await.unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn housekeeping_writes_it_soon() {
    let test = TestStorage::new();
    let bytes = test.image("app", "one").await;
    test.put("app", &["v1"], &bytes).await;
    let path = test.directory.path().join("repositories/app/index.json");
    let there = async {
        while !path.exists() {
            tokio::task::yield_now().await;
        }
    };
    let broken = |error| panic!("{error}");
    tokio::select! {
        () = test.storage.housekeeping(broken) => unreachable!("it never ends"),
        () = there => {}
    }
}

#[tokio::test]
async fn skopeo_reads_it() {
    let Some(skopeo) = Skopeo::new() else { return };
    let test = TestStorage::new();
    let layers = [Layer::noise("file", 10_000, 1)];
    let image = Image::new(&PlatformName::host(), &layers);
    let image = Image::index(MediaTypes::Oci, &[image]);
    for blob in &image.blobs {
        test.push("team/app", &blob.bytes).await;
    }
    for child in &image.children {
        test.put("team/app", &[], &child.bytes.clone().into()).await;
    }
    let manifest = new_manifest(&["v1"], &image.top.bytes.clone().into());
    let put = test
        .storage
        .put_manifest(&repo("team/app"), manifest, &origin())
        .await;
    put.unwrap();
    test.storage.flush().await.unwrap();
    let path = test.directory.path().join("repositories/team+app");
    let name = format!("oci:{}:v1", path.display());
    let seen = skopeo.inspect(&name);
    assert_eq!(seen["Layers"][0], layers[0].digest());
    assert_eq!(skopeo.raw(&name).as_bytes(), image.top.bytes);
    let copy = test.directory.path().join("copy");
    skopeo.copy(&name, &format!("dir:{}", copy.display()), &["--all"]);
}

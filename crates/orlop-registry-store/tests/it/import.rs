//! Adopting other registries' folders, real ones and hostile ones.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use orlop_oci::Digest;
use orlop_registry_store::{
    ImportFormat, ImportOptions, ImportProgress, ImportReport, Policies, QuotaRule, QuotaScope,
    Sparse, Storage, StorageError,
};
use orlop_testing::{
    Compression, Document, Image, Layer, MediaTypes, PlatformName, Registry, RegistryOptions,
};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{TestStorage, by, page, read, reference, repo};
use crate::verify::verify;

async fn import(storage: &Storage, folder: &Path) -> ImportReport {
    import_with(storage, folder, |_| {}).await
}

async fn import_with(
    storage: &Storage,
    folder: &Path,
    change: impl FnOnce(&mut ImportOptions),
) -> ImportReport {
    let mut options = ImportOptions::default();
    change(&mut options);
    let mut last = None;
    let mut hear = |told: ImportProgress<'_>| last = Some((told.done, told.all));
    let report = storage.import(folder, &options, &mut hear).await.unwrap();
    if let Some((done, all)) = last {
        assert_eq!(all.repositories, report.repositories);
        assert!(
            done.repositories < all.repositories,
            "the last one was just done"
        );
        assert!(report.bytes <= done.bytes, "{report:?}");
    }
    report
}

fn layer(seed: u64) -> Layer {
    Layer::noise("file", 1000, seed)
}

fn image(seed: u64) -> Image {
    Image::new(&PlatformName::host(), &[layer(1), layer(seed)])
}

fn digest(document: &Document) -> Digest {
    document.digest.parse().unwrap()
}

/// All of an image is there, byte for byte.
async fn has(storage: &Storage, name: &str, tag: &str, image: &Image) {
    let found = storage
        .manifest(&repo(name), &reference(tag))
        .await
        .unwrap();
    assert_eq!(found.digest, digest(&image.top));
    for manifest in image.children.iter().chain([&image.top]) {
        let found = storage
            .manifest(&repo(name), &by(&digest(manifest)))
            .await
            .unwrap();
        assert_eq!(found.bytes, manifest.bytes);
        assert_eq!(found.media_type, manifest.media_type);
    }
    for blob in &image.blobs {
        assert_eq!(read(storage, name, &digest(blob)).await, blob.bytes);
    }
}

/// Everything in a folder: paths with sizes, modes, times and contents.
fn listing(folder: &Path) -> BTreeMap<PathBuf, (u64, u32, i64, i64, Vec<u8>)> {
    let mut all = BTreeMap::new();
    let mut queue = vec![folder.to_owned()];
    while let Some(path) = queue.pop() {
        let meta = fs::symlink_metadata(&path).unwrap();
        let mut content = Vec::new();
        if meta.is_dir() {
            queue.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if meta.is_file() {
            content = fs::read(&path).unwrap();
        }
        let about = (
            meta.size(),
            meta.mode(),
            meta.mtime(),
            meta.mtime_nsec(),
            content,
        );
        all.insert(path, about);
    }
    all
}

fn reasons(report: &ImportReport) -> Vec<String> {
    let all = report.skipped.iter();
    all.map(|skipped| format!("{}: {}", skipped.what, skipped.why))
        .collect()
}

#[tokio::test]
async fn what_a_real_registry_stored() {
    let source = TempDir::new().unwrap();
    let Some(registry) = Registry::start_with(&RegistryOptions {
        storage: Some(source.path().to_owned()),
        ..Default::default()
    }) else {
        return;
    };
    let host = registry.host();
    let (one, two) = (image(2), image(3));
    one.push_with(&host, "team/app", &["v1", "latest"], None);
    two.push_with(&host, "team/app", &["latest"], None);
    one.push_with(&host, "alone", &["x"], None);
    let docker = Image::with(
        &PlatformName::host(),
        &[Layer::new(&[0; 1024], Compression::Gzip)],
        MediaTypes::Docker,
        json!({}),
    );
    let index = Image::index(MediaTypes::Docker, &[docker]);
    index.push_with(&host, "team/app/deep", &["all"], None);
    let attested = Image::with_attestation(&two);
    attested.push_with(&host, "team/app", &["attested"], None);
    drop(registry);

    let before = listing(source.path());
    let test = TestStorage::new();
    let report = import(&test.storage, source.path()).await;
    assert_eq!(reasons(&report), [""; 0]);
    assert_eq!(report.format, Some(ImportFormat::Distribution));
    assert_eq!((report.repositories, report.tags), (3, 5));
    assert_eq!(report.manifests, 7);
    assert!(report.linked > 0 && report.shared > 0, "{report:?}");
    assert_eq!(report.copied, 0);
    let after = listing(source.path());
    assert_eq!(before, after);
    fs::remove_dir_all(source.path()).unwrap();
    let storage = &test.storage;
    has(storage, "team/app", "v1", &one).await;
    has(storage, "team/app", "latest", &two).await;
    has(storage, "team/app", "attested", &attested).await;
    has(storage, "alone", "x", &one).await;
    has(storage, "team/app/deep", "all", &index).await;
    // What one repository has, another has only if it had it there.
    let theirs = digest(&two.blobs[2]);
    let found = storage.blob(&repo("alone"), &theirs, false).await;
    assert!(matches!(found, Err(StorageError::BlobUnknown(_))));
    assert_eq!(verify(storage).await.findings, []);
    let tags = storage
        .tags(&repo("team/app"), &page(None, 10))
        .await
        .unwrap();
    assert_eq!(tags.entries, ["attested", "latest", "v1"]);
}

/// A file of distribution's folder, with its folders.
fn put(root: &Path, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let file = root.join("docker/registry/v2").join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, content).unwrap();
    file
}

fn data(digest: &Digest) -> String {
    let hex = digest.hex();
    format!("blobs/sha256/{}/{hex}/data", &hex[..2])
}

/// What distribution would have of an image, by hand.
fn store(root: &Path, name: &str, tag: &str, image: &Image) {
    for blob in &image.blobs {
        let digest = digest(blob);
        put(root, &data(&digest), &blob.bytes);
        let link = format!("repositories/{name}/_layers/sha256/{}/link", digest.hex());
        put(root, &link, digest.as_str());
    }
    let manifests = format!("repositories/{name}/_manifests");
    for manifest in image.children.iter().chain([&image.top]) {
        let digest = digest(manifest);
        put(root, &data(&digest), &manifest.bytes);
        let link = format!("{manifests}/revisions/sha256/{}/link", digest.hex());
        put(root, &link, digest.as_str());
    }
    let link = format!("{manifests}/tags/{tag}/current/link");
    put(root, &link, &image.top.digest);
}

#[tokio::test]
async fn it_goes_on_where_it_was_broken_off() {
    let source = TempDir::new().unwrap();
    for number in 0..4 {
        store(
            source.path(),
            "app",
            &format!("v{number}"),
            &image(10 + number),
        );
    }
    // As far as the quota lets it.
    let rule = QuotaRule {
        repositories: vec!["**".into()],
        scope: QuotaScope::Each,
        bytes: Some(6000),
        tags: None,
    };
    let policies = Policies {
        quotas: vec![rule],
        ..Policies::default()
    };
    let test = TestStorage::with(|options| options.policies = policies);
    let first = import(&test.storage, source.path()).await;
    assert!(first.tags > 0 && first.tags < 4, "{first:?}");
    assert!(
        reasons(&first)
            .iter()
            .any(|why| why.contains("quota exceeded"))
    );
    assert_eq!(verify(&test.storage).await.findings, []);
    test.storage.set_policies(&Policies::default()).unwrap();
    let second = import(&test.storage, source.path()).await;
    assert_eq!(reasons(&second), [""; 0]);
    assert_eq!(first.tags + second.tags, 4);
    assert_eq!(first.manifests + second.manifests, 4);
    for number in 0..4 {
        let tag = format!("v{number}");
        has(&test.storage, "app", &tag, &image(10 + number)).await;
    }
    let third = import(&test.storage, source.path()).await;
    assert_eq!((third.tags, third.manifests, third.bytes), (0, 0, 0));
    assert_eq!(third.present, 8);
    // A tag that moved here stays where it is.
    let other = test.image("app", "pushed here").await;
    let here = test.put("app", &["v1"], &other).await;
    let again = import(&test.storage, source.path()).await;
    assert_eq!(reasons(&again), [format!("tag v1: here it names {here}")]);
}

#[tokio::test]
async fn linked_only_where_nobody_else_may_write() {
    let source = TempDir::new().unwrap();
    let image = image(4);
    store(source.path(), "app", "v1", &image);
    let path = |n: usize| {
        let file = data(&digest(&image.blobs[n]));
        source.path().join("docker/registry/v2").join(file)
    };
    fs::set_permissions(path(1), fs::Permissions::from_mode(0o666)).unwrap();
    let test = TestStorage::new();
    let report = import(&test.storage, source.path()).await;
    assert_eq!((report.linked, report.copied), (2, 1));
    assert_eq!(fs::metadata(path(0)).unwrap().nlink(), 2);
    assert_eq!(fs::metadata(path(1)).unwrap().nlink(), 1);
    let copied = TestStorage::new();
    let report = import_with(&copied.storage, source.path(), |options| {
        options.link = false
    })
    .await;
    assert_eq!((report.linked, report.copied), (0, 3));
    assert_eq!(fs::metadata(path(0)).unwrap().nlink(), 2);
    has(&copied.storage, "app", "v1", &image).await;
    assert_eq!(copied.files("uploads"), [""; 0]);
}

#[tokio::test]
async fn a_hostile_folder() {
    let (source, elsewhere) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let root = source.path();
    let good = image(5);
    store(root, "good", "v1", &good);
    let file = |n: usize, image: &Image| {
        root.join("docker/registry/v2")
            .join(data(&digest(&image.blobs[n])))
    };
    // A blob that is a link to a secret, one that is something else, one that is a pipe, one that
    // is missing.
    let secret = elsewhere.path().join("secret");
    let images: Vec<Image> = (6..10)
        .map(|n| Image::new(&PlatformName::host(), &[layer(n)]))
        .collect();
    for (number, image) in images.iter().enumerate() {
        store(root, &format!("bad{number}"), "v1", image);
        fs::remove_file(file(1, image)).unwrap();
    }
    fs::write(&secret, &images[0].blobs[1].bytes).unwrap();
    symlink(&secret, file(1, &images[0])).unwrap();
    fs::write(file(1, &images[1]), b"something else").unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, file(1, &images[2]), rustix::fs::Mode::RWXU).unwrap();
    // Repositories that are links, names that are none, links that lie or are endless.
    let repositories = root.join("docker/registry/v2/repositories");
    symlink(elsewhere.path(), repositories.join("link")).unwrap();
    symlink(repositories.join("good"), repositories.join("again")).unwrap();
    fs::create_dir_all(repositories.join("Upper/_manifests")).unwrap();
    fs::create_dir_all(repositories.join("..x/_manifests")).unwrap();
    put(
        root,
        "repositories/good/_manifests/tags/--x/current/link",
        &good.top.digest,
    );
    put(
        root,
        "repositories/good/_manifests/tags/lies/current/link",
        "sha256:../../../secret",
    );
    put(
        root,
        "repositories/good/_manifests/tags/long/current/link",
        vec![b'a'; 100_000],
    );
    put(
        root,
        "repositories/good/_manifests/tags/gone/current/link",
        Digest::of(b"gone").as_str(),
    );
    put(
        root,
        "repositories/good/_manifests/revisions/sha256/zz/link",
        "x",
    );
    let large = Digest::of(b"large");
    let revision = format!(
        "repositories/good/_manifests/revisions/sha256/{}/link",
        large.hex()
    );
    put(root, &revision, large.as_str());
    let sparse = fs::File::create(put(root, &data(&large), "")).unwrap();
    sparse.set_len(1 << 40).unwrap();
    // A manifest that is one only in name.
    let nonsense = b"[[[[[[[[[";
    let revision = Digest::of(nonsense);
    put(root, &data(&revision), nonsense);
    let link = format!(
        "repositories/good/_manifests/revisions/sha256/{}/link",
        revision.hex()
    );
    put(root, &link, revision.as_str());

    let test = TestStorage::with(|options| options.sparse = Sparse::Refused);
    let report = import(&test.storage, root).await;
    has(&test.storage, "good", "v1", &good).await;
    assert_eq!(
        (report.repositories, report.tags, report.manifests),
        (5, 1, 1)
    );
    let reasons = reasons(&report).join("\n");
    let expected = [
        format!("{}: blob unknown", digest(&images[0].blobs[1])),
        format!(
            "{}: provided digest did not match",
            digest(&images[1].blobs[1])
        ),
        format!("{}: blob unknown", digest(&images[2].blobs[1])),
        format!("{}: blob unknown", digest(&images[3].blobs[1])),
        format!("{}: manifest blob unknown", images[0].top.digest),
        "tag --x: its name is no tag".into(),
        "tag lies: it names nothing".into(),
        "tag long: it names nothing".into(),
        "tag gone: manifest unknown".into(),
        "revision zz: its name is no digest".into(),
        format!("{large}: data is larger than"),
        format!("{revision}: manifest invalid"),
    ];
    for reason in &expected {
        assert!(
            reasons.contains(reason.as_str()),
            "{reason} is not in\n{reasons}"
        );
    }
    assert_eq!(report.skipped.len(), 4 + 4 + 4 + 7, "{reasons}");
    assert_eq!(test.files("uploads"), [""; 0]);
    assert_eq!(verify(&test.storage).await.findings, []);
    assert_eq!(fs::read(&secret).unwrap(), images[0].blobs[1].bytes);
    assert_eq!(fs::metadata(&secret).unwrap().nlink(), 1);
}

#[tokio::test]
async fn what_zot_stored() {
    let source = TempDir::new().unwrap();
    let (one, two) = (image(2), image(3));
    one.write_layout(&source.path().join("app"), "v1");
    let folder = source.path().join("team/tools");
    let index = Image::index(MediaTypes::Oci, std::slice::from_ref(&two));
    index.write_layout(&folder, "all");
    // An untagged referrer in the list, as zot has it, and a second tag.
    let subject: serde_json::Value = index.top.descriptor();
    let empty = Document::new("application/vnd.oci.empty.v1+json", b"{}".to_vec());
    let referrer = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/x-sbom", "config": empty.descriptor(), "layers": [],
        "subject": subject,
    });
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let referrer = Document::new(media_type, referrer.to_string().into_bytes());
    for document in [&empty, &referrer] {
        let hex = digest(document).hex().to_owned();
        fs::write(folder.join("blobs/sha256").join(hex), &document.bytes).unwrap();
    }
    let path = folder.join("index.json");
    let mut list: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let mut second = index.top.descriptor();
    second["annotations"] = json!({"org.opencontainers.image.ref.name": "latest"});
    let mut strange = index.top.descriptor();
    strange["annotations"] = json!({"org.opencontainers.image.ref.name": "no tag"});
    let entries = list["manifests"].as_array_mut().unwrap();
    entries.extend([second, strange, referrer.descriptor()]);
    fs::write(&path, list.to_string()).unwrap();
    // What zot keeps besides.
    fs::create_dir_all(source.path().join("app/.uploads")).unwrap();
    fs::create_dir_all(source.path().join("_trivy/db")).unwrap();
    fs::write(source.path().join("cache.db"), "x").unwrap();

    let before = listing(source.path());
    let test = TestStorage::new();
    let storage = &test.storage;
    let report = import(storage, source.path()).await;
    assert_eq!(report.format, Some(ImportFormat::Zot));
    assert_eq!(reasons(&report), ["tag no tag: its name is no tag"]);
    assert_eq!(
        (report.repositories, report.tags, report.manifests),
        (2, 3, 4)
    );
    assert_eq!(report.shared, 1);
    assert_eq!(listing(source.path()), before);
    has(storage, "app", "v1", &one).await;
    has(storage, "team/tools", "all", &index).await;
    has(storage, "team/tools", "latest", &index).await;
    let subject = digest(&index.top);
    let referrers = storage
        .referrers(&repo("team/tools"), &subject, None, &page(None, 10))
        .await;
    let referrers = referrers.unwrap().entries;
    assert_eq!(referrers.len(), 1);
    assert_eq!(referrers[0].digest, digest(&referrer));
    assert_eq!(verify(storage).await.findings, []);
}

#[tokio::test]
async fn a_folder_of_nobody() {
    let source = TempDir::new().unwrap();
    fs::create_dir_all(source.path().join("some/where")).unwrap();
    let test = TestStorage::new();
    for folder in [source.path().to_owned(), source.path().join("nowhere")] {
        let imported = test
            .storage
            .import(&folder, &ImportOptions::default(), &mut |_| {})
            .await;
        assert!(matches!(imported, Err(StorageError::Internal(_))));
    }
}

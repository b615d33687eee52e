//! Many clients push, mount, tag and delete while two processes collect without any grace, and
//! somebody takes even what pushes have just brought. What was answered with success is there in the
//! end, whole, and nothing else is.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use orlop_oci::Digest;
use orlop_registry_store::{
    BlobStore, Cutoffs, LocalBlobs, MetaStore, Origin, Sqlite, Storage, StorageError,
    StorageOptions, Upkeep,
};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::collect::{collect, collect_with};
use crate::support::{
    TestStorage, by, image_of, index_of, new_manifest, origin, page, read, reference, repo,
    subject_of, tag, whole,
};

const REPOSITORIES: [&str; 3] = ["one", "two", "three/four"];
const CLIENTS: u64 = 8;
const ROUNDS: u64 = 40;

/// Tells the program of this test, started a second time, that it is the other process.
const OTHER: &str = "ORLOP_TEST_COLLECT_IN";

fn open(root: &Path) -> Storage {
    let mut options = StorageOptions::new(root);
    options.grace = Duration::ZERO;
    Storage::open(options).unwrap()
}

/// Collects until its standard input ends. Without the variable it isn't meant.
#[test]
fn the_other_process() {
    let Some(root) = std::env::var_os(OTHER) else {
        return;
    };
    let over = Arc::new(AtomicBool::new(false));
    let ended = over.clone();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        ended.store(true, Ordering::Release);
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        let storage = open(root.as_ref());
        while !over.load(Ordering::Acquire) {
            collect_with(&storage, |options| options.batch = 3).await;
        }
    });
}

fn start_the_other(root: &Path) -> Child {
    let program = std::env::current_exe().unwrap();
    Command::new(program)
        .args(["--exact", "stress::the_other_process"])
        .env(OTHER, root)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// A client, what it knows to be there, and its own random numbers.
struct Client {
    storage: Storage,
    number: u64,
    state: u64,
    /// Repository, tag or none, content, subject.
    pushed: Vec<Pushed>,
    took: Arc<Notify>,
}

#[derive(Clone)]
struct Pushed {
    repository: &'static str,
    tag: Option<String>,
    bytes: Bytes,
    subject: Option<Digest>,
    blobs: Vec<Vec<u8>>,
}

impl Client {
    /// Xorshift: the same numbers for the same client.
    fn random(&mut self, below: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % below
    }

    fn repository(&mut self) -> &'static str {
        REPOSITORIES[self.random(3) as usize]
    }

    async fn live(mut self) -> Self {
        for round in 0..ROUNDS {
            match self.random(10) {
                0..5 => self.push(round).await,
                5 => self.push_index(round).await,
                6 => self.push_referrer(round).await,
                7..9 => self.delete().await,
                _ => self.delete_something_of_somebody().await,
            }
        }
        self
    }

    /// A blob, sent or mounted. Whatever becomes of it, the manifest tells.
    async fn blob(&mut self, name: &'static str, content: &[u8]) {
        let digest = Digest::of(content);
        let from = self.repository();
        let known = self.storage.blob(&repo(name), &digest, true).await.is_ok();
        if known && self.random(2) == 0 {
            return;
        }
        let (to, from, origin) = (repo(name), repo(from), origin());
        let mounted = self.storage.mount_blob(&to, &digest, &from, &origin).await;
        if mounted.is_err() {
            let put = self.storage.put_blob(&to, &digest, whole(content)).await;
            put.unwrap();
        }
    }

    /// Pushes until it is taken, as a client does that is told that blobs are missing.
    async fn put(&mut self, pushed: Pushed) {
        let name = pushed.repository;
        for _ in 0..1000 {
            for blob in &pushed.blobs {
                self.blob(name, blob).await;
            }
            let tags: Vec<&str> = pushed.tag.iter().map(String::as_str).collect();
            let manifest = new_manifest(&tags, &pushed.bytes);
            match self
                .storage
                .put_manifest(&repo(name), manifest, &origin())
                .await
            {
                Ok(_) => {
                    self.took.notify_one();
                    self.pushed.push(pushed);
                    return;
                }
                Err(StorageError::ManifestBlobUnknown(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        panic!("collection never lets it come");
    }

    async fn push(&mut self, round: u64) {
        let mark = format!(r#","annotations":{{"by":"{}/{round}"}}"#, self.number);
        let config = format!("configuration {}/{round}", self.number).into_bytes();
        let layers = [self.random(6), 6 + self.random(60)];
        let layers = layers.map(|n| format!("layer {n}").repeat(500).into_bytes());
        let [a, b] = &layers;
        let bytes = image_of(&config, &[a, b], &mark);
        let tag = (self.random(4) > 0).then(|| format!("t{}-{round}", self.number));
        let pushed = Pushed {
            repository: self.repository(),
            tag,
            bytes,
            subject: None,
            blobs: [config].into_iter().chain(layers).collect(),
        };
        self.put(pushed).await;
    }

    /// An index of an image that is there: nobody else deletes it.
    async fn push_index(&mut self, round: u64) {
        let images = self.pushed.iter();
        let images = images.filter(|p| !p.blobs.is_empty() && p.subject.is_none());
        let Some(image) = images.last().cloned() else {
            return;
        };
        let mark = format!(r#","annotations":{{"by":"{}/{round}"}}"#, self.number);
        let index = Pushed {
            tag: Some(format!("i{}-{round}", self.number)),
            bytes: index_of(&[&image.bytes], &mark),
            subject: None,
            blobs: Vec::new(),
            ..image
        };
        self.put(index).await;
    }

    async fn push_referrer(&mut self, round: u64) {
        let Some(subject) = self.pushed.last().cloned() else {
            return;
        };
        let config = b"{}".to_vec();
        let mark = format!(r#","annotations":{{"by":"{}/{round}"}}"#, self.number);
        let extra = mark + &subject_of(&subject.bytes);
        let referrer = Pushed {
            tag: None,
            bytes: image_of(&config, &[], &extra),
            subject: Some(Digest::of(&subject.bytes)),
            blobs: vec![config],
            ..subject
        };
        self.put(referrer).await;
    }

    /// One of its own manifests. What speaks of it goes, too, when collection comes.
    async fn delete(&mut self) {
        if self.pushed.is_empty() {
            return;
        }
        let index = self.random(self.pushed.len() as u64) as usize;
        let gone = self.pushed.swap_remove(index);
        let mut digests = vec![Digest::of(&gone.bytes)];
        let name = repo(gone.repository);
        let origin = origin();
        let deleted = self.storage.delete_manifest(&name, &digests[0], &origin);
        deleted.await.unwrap();
        while let Some(digest) = digests.pop() {
            let speaks = |pushed: &Pushed| {
                pushed.subject.as_ref() == Some(&digest) && pushed.repository == gone.repository
            };
            let orphans = self.pushed.extract_if(.., |pushed| speaks(pushed));
            digests.extend(orphans.map(|orphan| Digest::of(&orphan.bytes)));
        }
    }

    /// A blob that others may need: then it stays.
    async fn delete_something_of_somebody(&mut self) {
        let layer = format!("layer {}", self.random(66)).repeat(500);
        let name = repo(self.repository());
        let digest = Digest::of(layer.as_bytes());
        match self.storage.delete_blob(&name, &digest, &origin()).await {
            Ok(())
            | Err(
                StorageError::InUse(_)
                | StorageError::BlobUnknown(_)
                | StorageError::NameUnknown(_),
            ) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Takes what no manifest names, however young: by the verbs that collection uses, without its
/// patience. One round for each manifest that came, so that some do.
async fn take_everything(
    root: &Path,
    over: &AtomicBool,
    took: &Notify,
) -> Result<u64, StorageError> {
    let blobs: Arc<dyn BlobStore> = Arc::new(LocalBlobs::open(root)?);
    let meta = Sqlite::open(&root.join("registry.db"), blobs.clone())?;
    let mut taken = 0;
    while !over.load(Ordering::Acquire) {
        took.notified().await;
        for name in REPOSITORIES.map(repo) {
            let now = jiff::Timestamp::now();
            let cutoffs = Cutoffs {
                orphans: now,
                blobs: now,
            };
            let garbage = meta.garbage(&name, cutoffs, 0, 1000).await?.blobs;
            let digests = garbage.into_iter().map(|blob| blob.digest).collect();
            let went = meta
                .take_blobs(&name, digests, now, &Origin::system())
                .await?;
            taken += went.blobs.len() as u64;
            let freed = went.freed.into_iter().map(|blob| blob.digest).collect();
            meta.discard(freed).await?;
        }
        blobs.empty_trash()?;
    }
    Ok(taken)
}

/// All of a manifest is there: its bytes and its blobs.
async fn check(storage: &Storage, pushed: &Pushed) {
    let digest = Digest::of(&pushed.bytes);
    let name = repo(pushed.repository);
    let found = storage.manifest(&name, &by(&digest)).await.unwrap();
    assert_eq!(found.bytes, pushed.bytes);
    if let Some(tag) = &pushed.tag {
        let found = storage.manifest(&name, &reference(tag)).await.unwrap();
        assert_eq!(found.digest, digest);
        assert_eq!(tag.parse(), Ok(self::tag(tag)));
    }
    for blob in &pushed.blobs {
        assert_eq!(
            read(storage, pushed.repository, &Digest::of(blob)).await,
            *blob
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everything_at_once() {
    let test = TestStorage::with(|options| options.grace = Duration::ZERO);
    let mut other = start_the_other(test.directory.path());
    let over = Arc::new(AtomicBool::new(false));
    let collector = {
        let (storage, over) = (open(test.directory.path()), over.clone());
        tokio::spawn(async move {
            let mut freed = 0;
            while !over.load(Ordering::Acquire) {
                freed += collect(&storage).await.freed.count;
            }
            freed
        })
    };
    let took = Arc::new(Notify::new());
    let reckless = {
        let (root, over, took) = (test.directory.path().to_owned(), over.clone(), took.clone());
        tokio::spawn(async move { take_everything(&root, &over, &took).await.unwrap() })
    };
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let client = Client {
            storage: test.storage.clone(),
            number,
            state: 0x9e37_79b9_7f4a_7c15 ^ (number + 1).wrapping_mul(0x2545_f491_4f6c_dd1d),
            pushed: Vec::new(),
            took: took.clone(),
        };
        clients.spawn(client.live());
    }
    let clients = clients.join_all().await;
    over.store(true, Ordering::Release);
    took.notify_one();
    let (freed, taken) = (collector.await.unwrap(), reckless.await.unwrap());
    drop(other.stdin.take());
    assert!(other.wait().unwrap().success());
    assert!(freed + taken > 0, "nothing was taken: this tests nothing");

    let storage = open(test.directory.path());
    let report = storage.verify(0, &mut |_| {}).await.unwrap();
    assert_eq!(report.findings, []);
    collect(&storage).await;
    let pushed = || clients.iter().flat_map(|client| &client.pushed);
    for pushed in pushed() {
        check(&storage, pushed).await;
    }
    for name in REPOSITORIES {
        let mine = || pushed().filter(|pushed| pushed.repository == name);
        let expected: BTreeSet<String> = mine().filter_map(|p| p.tag.clone()).collect();
        let tags = storage
            .tags(&repo(name), &page(None, 10_000))
            .await
            .unwrap();
        assert_eq!(tags.entries.into_iter().collect::<BTreeSet<_>>(), expected);
    }
    let mut reachable = BTreeSet::new();
    for pushed in pushed() {
        let blobs = pushed.blobs.iter().map(|blob| Digest::of(blob));
        let all = blobs.chain([Digest::of(&pushed.bytes)]);
        reachable.extend(all.map(|digest| digest.hex().to_owned()));
    }
    let files: BTreeSet<String> = test.files("blobs/sha256").into_iter().collect();
    assert_eq!(files, reachable);
    assert_eq!(test.files("uploads"), [""; 0]);
    let report = storage.verify(0, &mut |_| {}).await.unwrap();
    assert_eq!(report.findings, []);
}

//! Counts what the storage does in a second: `cargo run --release -p orlop-registry-store --example
//! measure -- FOLDER`. The folder shall be on the disk that is of interest.

#![expect(clippy::print_stdout, reason = "it is what an example is for")]
#![expect(clippy::unwrap_used, reason = "an example fails by panicking")]

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use orlop_oci::Digest;
use orlop_registry_store::{
    Chunk, NewManifest, Origin, Page, RepositoryName, Storage, StorageOptions, TagOrDigest,
};
use tokio::task::JoinSet;

#[tokio::main]
async fn main() {
    let root = std::env::args().nth(1).expect("a folder");
    let root = std::path::Path::new(&root).join("measured");
    let storage = Storage::open(StorageOptions::new(&root)).unwrap();
    gets(&storage).await;
    for (size, clients, count) in [
        (1 << 20, 1, 100),
        (1 << 20, 8, 400),
        (10 << 20, 8, 80),
        (100 << 20, 1, 5),
    ] {
        pushes(&storage, size, clients, count).await;
    }
    lists(&storage).await;
    drop(storage);
    std::fs::remove_dir_all(root).unwrap();
}

fn say(what: &str, count: usize, time: Duration) {
    let each = time / u32::try_from(count).unwrap();
    let rate = count as f64 / time.as_secs_f64();
    println!("{what}: {rate:.0}/s, {each:?} each");
}

fn chunk(bytes: &Bytes) -> Chunk {
    // As a server would hand it over: in pieces.
    let pieces: Vec<_> = (0..bytes.len())
        .step_by(64 << 10)
        .map(|at| Ok(bytes.slice(at..bytes.len().min(at + (64 << 10)))))
        .collect();
    Chunk {
        start: None,
        length: Some(bytes.len() as u64),
        body: stream::iter(pieces).boxed(),
    }
}

async fn push(storage: &Storage, repository: &RepositoryName, bytes: Bytes) -> Digest {
    let digest = Digest::of(&bytes);
    let put = storage.put_blob(repository, &digest, chunk(&bytes)).await;
    put.unwrap().digest
}

fn manifest(config: &str, tags: &[String]) -> NewManifest {
    let digest = Digest::of(config.as_bytes());
    let size = config.len();
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let bytes = format!(
        r#"{{"schemaVersion":2,"mediaType":"{media_type}","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{digest}","size":{size}}},"layers":[]}}"#
    );
    NewManifest {
        digest: None,
        tags: tags.iter().map(|tag| tag.parse().unwrap()).collect(),
        media_type: media_type.into(),
        bytes: bytes.into(),
    }
}

/// Manifests by tag, one after the other in one task: what one core does.
async fn gets(storage: &Storage) {
    let app: RepositoryName = "team/app".parse().unwrap();
    push(storage, &app, "{}".into()).await;
    let me = Origin::system();
    let put = storage.put_manifest(&app, manifest("{}", &["v1".into()]), &me);
    let digest = put.await.unwrap().digest;
    for (what, reference) in [
        ("manifests by tag", "v1".parse().unwrap()),
        ("manifests by digest", TagOrDigest::Digest(digest)),
    ] {
        let (begin, cpu) = (Instant::now(), on_cpu());
        let count = 200_000;
        for _ in 0..count {
            let found = storage.manifest(&app, &reference).await.unwrap();
            storage.pulled(&app, &reference, &found.digest, &me);
        }
        say(what, count, begin.elapsed());
        say("  in time of the processor", count, on_cpu() - cpu);
    }
}

/// How long this thread ran: other programs don't count.
fn on_cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

async fn pushes(storage: &Storage, size: usize, clients: usize, count: usize) {
    // Hashing what is to be sent is the client's work: not measured.
    let blobs: Vec<(Digest, Bytes)> = (0..count.min(8 * clients))
        .map(|seed| {
            let word = (seed * 1_000_003 + size) as u64;
            let bytes: Vec<u8> = (0..size as u64 / 8)
                .flat_map(|n| (n ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes())
                .collect();
            let bytes = Bytes::from(bytes);
            (Digest::of(&bytes), bytes)
        })
        .collect();
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for client in 0..clients {
        let (storage, blobs) = (storage.clone(), blobs.clone());
        tasks.spawn(async move {
            for n in (client..count).step_by(clients) {
                let app: RepositoryName = format!("push{n}").parse().unwrap();
                let (digest, bytes) = &blobs[n % blobs.len()];
                storage.put_blob(&app, digest, chunk(bytes)).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    let what = format!("pushes of {} MiB by {clients}", size >> 20);
    say(&what, count, begin.elapsed());
}

/// 10,000 repositories of 100 tags, by pages.
async fn lists(storage: &Storage) {
    let tags: Vec<String> = (0..100).map(|n| format!("v{n:03}")).collect();
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for part in 0..64 {
        let (storage, tags) = (storage.clone(), tags.clone());
        tasks.spawn(async move {
            for n in (part..10_000).step_by(64) {
                let name: RepositoryName = format!("list/r{n:05}").parse().unwrap();
                push(&storage, &name, "{}".into()).await;
                let manifest = manifest("{}", &tags);
                let put = storage
                    .put_manifest(&name, manifest, &Origin::system())
                    .await;
                put.unwrap();
            }
        });
    }
    tasks.join_all().await;
    say("repositories made, of 100 tags", 10_000, begin.elapsed());
    let begin = Instant::now();
    let (mut after, mut count) = (None, 0);
    loop {
        let page = Page { after, limit: 1000 };
        let list = storage.repositories(&page).await.unwrap();
        for name in &list.entries {
            let all = Page {
                after: None,
                limit: 1000,
            };
            count += storage.tags(name, &all).await.unwrap().entries.len();
        }
        if !list.more {
            break;
        }
        after = list.entries.last().map(|name| name.as_str().to_owned());
    }
    say("tags listed", count, begin.elapsed());
    let begin = Instant::now();
    let page = Page {
        after: Some("list/r05000".into()),
        limit: 1000,
    };
    storage.repositories(&page).await.unwrap();
    say("pages of 1000 repositories", 1, begin.elapsed());
    let begin = Instant::now();
    storage.flush().await.unwrap();
    say("layouts written", 10_000, begin.elapsed());
}

//! `kill -9` at any moment: what was answered is there, and whole.
//!
//! A child pushes and says each thing that it was answered; the parent kills it after some lines.
//! Most of a child's time goes into waiting for the disk between placing a file and committing its
//! row, so that is where most of the kills hit.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use orlop_oci::{Algorithm, Digest};
use orlop_registry_store::{Page, Storage, StorageOptions, UploadId};
use tokio::task::JoinSet;

use crate::support::{
    TestStorage, at, by, image, nothing, origin, page, put, read, reference, repo, tag, whole,
};

const ROOT: &str = "ORLOP_TEST_CRASH_ROOT";
const ROUND: &str = "ORLOP_TEST_CRASH_ROUND";

fn say(line: &str) {
    // One write for each line: the parent must not see half of one.
    let line = format!("{line}\n");
    std::io::stdout().write_all(line.as_bytes()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_process() {
    let Some(root) = std::env::var_os(ROOT) else {
        return;
    };
    let round = std::env::var(ROUND).unwrap();
    let storage = Storage::open(StorageOptions::new(root)).unwrap();
    let mut tasks = JoinSet::new();
    for pusher in 0..4 {
        tasks.spawn(push_tags(storage.clone(), round.clone(), pusher));
    }
    tasks.spawn(push_in_chunks(storage.clone(), round));
    tasks.spawn(async move {
        let broken = |error: orlop_registry_store::HousekeepingError| panic!("{error}");
        storage.housekeeping(broken).await;
    });
    tasks.join_all().await;
}

/// Moves a tag from image to image, and now and then deletes what it named.
async fn push_tags(storage: Storage, round: String, pusher: usize) {
    let name = format!("app{}", pusher % 2);
    for n in 0.. {
        let seed = format!("{round}-{pusher}-{n}");
        let bytes = image(&storage, &name, &seed).await;
        let layer = Digest::of(format!("layer of {seed}").as_bytes());
        say(&format!("blob {name} {layer}"));
        let label = format!("t{pusher}");
        let digest = put(&storage, &name, &[&label], &bytes).await;
        say(&format!("tag {name} {label} {round}-{n} {digest}"));
        if n % 7 == 6 {
            let gone = tag(&format!("gone-{seed}"));
            put(&storage, &name, &[gone.as_str()], &bytes).await;
            let deleted = storage.delete_tag(&repo(&name), &gone, &origin()).await;
            deleted.unwrap();
            say(&format!("deleted {name} {gone}"));
        }
    }
}

/// The content of every upload, of which more and more arrives.
fn chunks() -> Vec<u8> {
    (0..2_000_000_u32).map(|n| (n % 251) as u8).collect()
}

const CHUNK: usize = 200_000;

async fn push_in_chunks(storage: Storage, round: String) {
    let content = chunks();
    let name = repo(&format!("chunks{round}"));
    loop {
        let id = storage
            .start_upload(&name, Algorithm::Sha256)
            .await
            .unwrap();
        for start in (0..content.len()).step_by(CHUNK) {
            let chunk = at(start as u64, &content[start..start + CHUNK]);
            let offset = storage.append(&name, &id, chunk).await.unwrap();
            say(&format!("upload {name} {} {offset}", id.as_str()));
        }
        // Never finished: the next round does.
    }
}

/// What was answered.
#[derive(Default)]
struct Answered {
    blobs: Vec<(String, Digest)>,
    /// All digests that a tag was told to have, by tag, in order.
    tags: HashMap<(String, String), Vec<Digest>>,
    deleted: Vec<(String, String)>,
    uploads: HashMap<(String, String), u64>,
}

impl Answered {
    fn read(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let own = |text: &str| text.to_owned();
        match words[..] {
            ["blob", name, digest] => self.blobs.push((own(name), digest.parse().unwrap())),
            ["tag", name, tag, _, digest] => {
                let tags = self.tags.entry((own(name), own(tag))).or_default();
                tags.push(digest.parse().unwrap());
            }
            ["deleted", name, tag] => self.deleted.push((own(name), own(tag))),
            ["upload", name, id, offset] => {
                let offset = offset.parse().unwrap();
                self.uploads.insert((own(name), own(id)), offset);
            }
            // What the test harness says.
            _ => {}
        }
    }

    async fn check(&self, storage: &Storage) {
        for (name, digest) in &self.blobs {
            let content = read(storage, name, digest).await;
            assert!(digest.matches(&content), "{name} {digest}");
        }
        for ((name, tag), digests) in &self.tags {
            let found = storage
                .manifest(&repo(name), &reference(tag))
                .await
                .unwrap();
            // The last that was answered, or a later one whose answer was cut off.
            let before = digests.iter().rev().skip(1).any(|old| *old == found.digest);
            assert!(!before, "{name}:{tag} went back");
        }
        for (name, tag) in &self.deleted {
            let found = storage.manifest(&repo(name), &reference(tag)).await;
            assert!(found.is_err(), "{name}:{tag} came back");
        }
        for ((name, id), offset) in &self.uploads {
            let id = UploadId::parse(id).unwrap();
            let there = storage.upload_offset(&repo(name), &id).await.unwrap();
            assert!(there >= *offset, "{name} {there} {offset}");
        }
    }

    /// An upload that was cut off goes on where it was.
    async fn resume(&mut self, storage: &Storage) {
        let content = chunks();
        let digest = Digest::of(&content);
        for ((name, id), _) in self.uploads.drain() {
            let (name, id) = (repo(&name), UploadId::parse(&id).unwrap());
            let there = storage.upload_offset(&name, &id).await.unwrap();
            let rest = at(there, &content[there as usize..]);
            storage.append(&name, &id, rest).await.unwrap();
            let done = storage.finish_upload(&name, &id, nothing(), &digest).await;
            assert_eq!(done.unwrap().size, content.len() as u64);
        }
    }
}

/// Every tag names a manifest that is whole, with everything it names.
async fn everything_is_whole(storage: &Storage) {
    let all: Page = page(None, 100_000);
    for name in storage.repositories(&all).await.unwrap().entries {
        for label in storage.tags(&name, &all).await.unwrap().entries {
            let found = storage.manifest(&name, &reference(&label)).await.unwrap();
            let again = storage.manifest(&name, &by(&found.digest)).await.unwrap();
            assert!(found.digest.matches(&again.bytes));
            let manifest: serde_json::Value = serde_json::from_slice(&found.bytes).unwrap();
            let layers = manifest["layers"].as_array().unwrap().iter();
            for child in layers.chain([&manifest["config"]]) {
                let digest: Digest = child["digest"].as_str().unwrap().parse().unwrap();
                let content = read(storage, name.as_str(), &digest).await;
                assert!(digest.matches(&content), "{name} {digest}");
            }
        }
    }
}

#[tokio::test]
async fn killed_while_pushing() {
    let test = TestStorage::new();
    let mut answered = Answered::default();
    for (round, lines) in [1, 3, 10, 17, 29, 42, 64, 90].into_iter().enumerate() {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::child_process", "--nocapture"])
            .env(ROOT, test.directory.path())
            .env(ROUND, round.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        for line in said.by_ref().take(lines + 4) {
            answered.read(&line.unwrap());
        }
        child.kill().unwrap();
        // What it still said before it died was answered, too.
        for line in said {
            answered.read(&line.unwrap());
        }
        child.wait().unwrap();
        let storage = test.again();
        answered.check(&storage).await;
        everything_is_whole(&storage).await;
        answered.resume(&storage).await;
    }
    // A body that came in one request and was cut off is found and removed, once it is old.
    let cut_off = test.directory.path().join("uploads").join("0".repeat(32));
    std::fs::create_dir(&cut_off).unwrap();
    let data = std::fs::File::create(cut_off.join("data")).unwrap();
    data.set_modified(std::time::UNIX_EPOCH).unwrap();
    test.storage.flush().await.unwrap();
    assert!(!cut_off.exists());
    // And life goes on.
    let digest = Digest::of(b"after");
    let put = test
        .storage
        .put_blob(&repo("app0"), &digest, whole(b"after"))
        .await;
    put.unwrap();
}

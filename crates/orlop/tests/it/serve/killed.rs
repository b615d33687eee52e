//! `kill -9` in the middle of pushes, over and over: what was answered is there, and whole.
//!
//! Many clients push at once until the server is gone; a ledger keeps what each of them was told.
//! The kill comes when so many answers have come, and a moment later: of the other clients each is
//! at some point of its push.

use std::collections::HashMap;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

use orlop_testing::{HttpResponse, Method, digest_of, http, try_http};

use super::{Served, registry};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const REPOSITORIES: usize = 2;
const ROUNDS: u64 = 24;
const CHUNK: usize = 70_000;

/// What clients were told.
#[derive(Default)]
struct Told {
    answers: usize,
    /// 201, or 202 for what was deleted: repository and digest, or tag.
    blobs: Vec<(String, String)>,
    manifests: Vec<(String, String)>,
    deleted: Vec<(String, String)>,
    /// By repository and tag.
    tags: HashMap<(String, String), Moves>,
    /// By location.
    uploads: HashMap<String, Upload>,
}

/// Where a tag was moved.
#[derive(Default)]
struct Moves {
    sent: Vec<String>,
    /// How many of these can't be what it names any more, since a later one was answered.
    past: usize,
    answered: bool,
}

/// An upload that wasn't told to be finished.
struct Upload {
    content: Vec<u8>,
    /// Bytes that were told to have arrived.
    told: usize,
    /// Bytes that were sent.
    sent: usize,
    /// Its end was asked for.
    ending: bool,
}

#[derive(Default)]
struct Ledger {
    told: Mutex<Told>,
    changed: Condvar,
}

impl Ledger {
    fn lock(&self) -> MutexGuard<'_, Told> {
        self.told.lock().expect("no client has failed")
    }
}

/// One that pushes until the server is gone.
struct Client<'a> {
    host: &'a str,
    ledger: &'a Ledger,
    repository: String,
    /// Different for all clients of all rounds.
    number: u64,
}

impl Client<'_> {
    fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        expected: u16,
    ) -> io::Result<HttpResponse> {
        let answer = try_http(method, self.host, path, headers, Some(body))?;
        assert_eq!(answer.status, expected, "{path}: {answer}");
        self.ledger.lock().answers += 1;
        self.ledger.changed.notify_all();
        Ok(answer)
    }

    fn path(&self, rest: &str) -> String {
        format!("/v2/{}/{rest}", self.repository)
    }

    /// In one request.
    fn whole(&self, content: &[u8]) -> io::Result<String> {
        let digest = digest_of(content);
        let path = self.path(&format!("blobs/uploads/?digest={digest}"));
        self.ask(Method::Post, &path, &[], content, 201)?;
        self.has_blob(&digest);
        Ok(digest)
    }

    /// In chunks, of which the last comes with the end.
    fn in_chunks(&self, content: &[u8], size: usize) -> io::Result<String> {
        let begun = self.ask(Method::Post, &self.path("blobs/uploads/"), &[], b"", 202)?;
        let place = begun.header("location").expect("it is told").to_owned();
        let upload = Upload {
            content: content.to_vec(),
            told: 0,
            sent: 0,
            ending: false,
        };
        self.ledger.lock().uploads.insert(place.clone(), upload);
        let note = |change: &dyn Fn(&mut Upload)| {
            change(
                self.ledger
                    .lock()
                    .uploads
                    .get_mut(&place)
                    .expect("it was begun"),
            );
        };
        let chunks: Vec<_> = content.chunks(size).collect();
        let (last, others) = chunks.split_last().expect("there is content");
        let mut offset = 0;
        for chunk in others {
            let end = offset + chunk.len();
            note(&|upload| upload.sent = end);
            let range = format!("{offset}-{}", end - 1);
            let headers = [("Content-Range", &*range)];
            let answer = self.ask(Method::Patch, &place, &headers, chunk, 202)?;
            assert_eq!(arrived(&answer), end);
            note(&|upload| upload.told = end);
            offset = end;
        }
        note(&|upload| (upload.sent, upload.ending) = (upload.content.len(), true));
        let digest = digest_of(content);
        let end = format!("{place}?digest={digest}");
        self.ask(Method::Put, &end, &[], last, 201)?;
        self.ledger.lock().uploads.remove(&place);
        self.has_blob(&digest);
        Ok(digest)
    }

    fn has_blob(&self, digest: &str) {
        let blob = (self.repository.clone(), digest.to_owned());
        self.ledger.lock().blobs.push(blob);
    }

    fn manifest(&self, tag: &str, config: (&str, usize), layer: (&str, usize)) -> io::Result<()> {
        let descriptor = |kind: &str, (digest, size): (&str, usize)| {
            let kind = format!("application/vnd.oci.image.{kind}");
            serde_json::json!({ "mediaType": kind, "digest": digest, "size": size })
        };
        let document = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": descriptor("config.v1+json", config),
            "layers": [descriptor("layer.v1.tar", layer)],
        });
        let (bytes, key) = (
            document.to_string(),
            (self.repository.clone(), tag.to_owned()),
        );
        let digest = digest_of(bytes.as_bytes());
        let index = {
            let mut told = self.ledger.lock();
            let moves = told.tags.entry(key.clone()).or_default();
            moves.sent.push(digest.clone());
            moves.sent.len() - 1
        };
        let headers = [("Content-Type", MANIFEST)];
        let path = self.path(&format!("manifests/{tag}"));
        self.ask(Method::Put, &path, &headers, bytes.as_bytes(), 201)?;
        let mut told = self.ledger.lock();
        told.manifests.push((self.repository.clone(), digest));
        let moves = told.tags.get_mut(&key).expect("it was sent");
        moves.answered = true;
        // A tag that others move too may be moved back by who was asked earlier.
        if tag != "latest" {
            moves.past = index;
        }
        Ok(())
    }

    /// Image after image, by its own tag and by one that all move; now and then a tag is deleted.
    fn push(&self, as_blob: impl Fn(&[u8]) -> io::Result<String>) -> io::Result<()> {
        for count in 0.. {
            let layer = noise(
                1000 + count as usize * 60_000 % 900_000,
                self.number << 32 | count,
            );
            let config = format!("{{\"n\":\"{}-{count}\"}}", self.number);
            let (config_digest, layer_digest) = (self.whole(config.as_bytes())?, as_blob(&layer)?);
            let (config, layer) = (
                (&*config_digest, config.len()),
                (&*layer_digest, layer.len()),
            );
            self.manifest(&format!("own-{}", self.number), config, layer)?;
            self.manifest("latest", config, layer)?;
            if (self.number + count) % 2 == 1 {
                let gone = format!("gone-{}-{count}", self.number);
                self.manifest(&gone, config, layer)?;
                let path = self.path(&format!("manifests/{gone}"));
                let mut told = self.ledger.lock();
                told.tags.remove(&(self.repository.clone(), gone.clone()));
                drop(told);
                self.ask(Method::Delete, &path, &[], b"", 202)?;
                let tag = (self.repository.clone(), gone);
                self.ledger.lock().deleted.push(tag);
            }
        }
        Ok(())
    }
}

/// How many bytes an upload is told to have.
fn arrived(answer: &HttpResponse) -> usize {
    let range = answer.header("range").expect("it is told");
    let last: usize = range.trim_start_matches("0-").parse().expect("a number");
    // Nothing is told as one byte is.
    if last == 0 { 0 } else { last + 1 }
}

fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let words = (0..length / 8 + 1).map(|_| random.next().to_le_bytes());
    let mut bytes: Vec<u8> = words.flatten().collect();
    bytes.truncate(length);
    bytes
}

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// Lets clients push until so many answers have come, and a moment longer; then the server is gone.
fn round(
    mut served: Served,
    ledger: &Ledger,
    number: u64,
    random: &mut Random,
) -> orlop_testing::Orlop {
    let host = served.host.clone();
    let answers = ledger.lock().answers + 1 + (random.next() % 60) as usize;
    let moment = random.next() % 400_000;
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..6)
            .map(|kind| {
                let client = Client {
                    host: &host,
                    ledger,
                    repository: format!("app{}", kind as usize % REPOSITORIES),
                    number: number * 10 + kind,
                };
                scope.spawn(move || match kind {
                    0 | 1 => client.push(|content| client.whole(content)),
                    2..=4 => client.push(|content| client.in_chunks(content, CHUNK)),
                    // As docker does: all in one `PATCH`.
                    _ => client.push(|content| client.in_chunks(content, content.len() - 1)),
                })
            })
            .collect();
        let mut told = ledger.lock();
        while told.answers < answers {
            let pause = Duration::from_millis(100);
            told = ledger
                .changed
                .wait_timeout(told, pause)
                .expect("no client has failed")
                .0;
            assert!(served.process.is_running(), "it ended by itself");
            if clients.iter().any(|client| client.is_finished()) {
                break;
            }
        }
        drop(told);
        for _ in 0..moment {
            std::hint::spin_loop();
        }
        served.kill()
    })
}

/// Everything that was told holds. What was looked at once is only looked at again in the end.
fn check(host: &str, told: &Told, from: (usize, usize)) {
    let get = |path: &str| http(Method::Get, host, path, &[("Accept", "*/*")], None);
    let whole = |path: String, digest: &str| {
        let answer = get(&path);
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(digest_of(&answer.body), digest, "{path}");
        answer.body
    };
    for (name, digest) in &told.blobs[from.0..] {
        whole(format!("/v2/{name}/blobs/{digest}"), digest);
    }
    let blobs_of = |name: &str, digest: &str| {
        let bytes = whole(format!("/v2/{name}/manifests/{digest}"), digest);
        let manifest: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        for descriptor in [&manifest["config"], &manifest["layers"][0]] {
            let digest = descriptor["digest"].as_str().expect("a digest");
            whole(format!("/v2/{name}/blobs/{digest}"), digest);
        }
    };
    for (name, digest) in &told.manifests[from.1..] {
        blobs_of(name, digest);
    }
    for (name, tag) in &told.deleted {
        let answer = get(&format!("/v2/{name}/manifests/{tag}"));
        assert_eq!(answer.status, 404, "{name}:{tag} came back");
    }
    for ((name, tag), moves) in &told.tags {
        let answer = get(&format!("/v2/{name}/manifests/{tag}"));
        if answer.status == 404 && !moves.answered {
            continue;
        }
        assert_eq!(answer.status, 200, "{name}:{tag}");
        let now = digest_of(&answer.body);
        assert!(
            moves.sent[moves.past..].contains(&now),
            "{name}:{tag} went back"
        );
        blobs_of(name, &now);
    }
}

/// Uploads that were cut off go on where they are told to. Returns how many had ended after all.
fn resume(host: &str, told: &mut Told) -> usize {
    let mut ended = 0;
    for (place, upload) in std::mem::take(&mut told.uploads) {
        let digest = digest_of(&upload.content);
        let name = place
            .trim_start_matches("/v2/")
            .split('/')
            .next()
            .expect("a name");
        let blob = format!("/v2/{name}/blobs/{digest}");
        let status = http(Method::Get, host, &place, &[], None);
        if status.status == 404 {
            // Its end was asked for, and whoever asked wasn't told that it came.
            assert!(upload.ending, "{place} is gone");
            let answer = http(Method::Get, host, &blob, &[], None);
            assert_eq!(
                answer.status, 200,
                "{place} is gone, and {blob} isn't there"
            );
            assert!(answer.body == upload.content, "{blob}");
            ended += 1;
            continue;
        }
        assert_eq!(status.status, 204, "{place}");
        let there = arrived(&status);
        assert!(
            upload.told <= there && there <= upload.sent,
            "{place}: {there}"
        );
        let range = format!("{there}-{}", upload.content.len() - 1);
        let headers = [("Content-Range", &*range)];
        let rest = (there < upload.content.len()).then(|| &upload.content[there..]);
        let headers = if rest.is_some() { &headers[..] } else { &[] };
        let end = format!("{place}?digest={digest}");
        let answer = http(Method::Put, host, &end, headers, rest);
        assert_eq!(answer.status, 201, "{answer}");
        let answer = http(Method::Get, host, &blob, &[], None);
        assert!(
            answer.status == 200 && answer.body == upload.content,
            "{blob}"
        );
    }
    ended
}

#[test]
fn killed_while_clients_push() {
    let ledger = Ledger::default();
    let mut random = Random(0x5eed);
    let mut served = Served::start();
    let (mut cut_off, mut ended, mut looked_at) = (0, 0, (0, 0));
    for number in 1..=ROUNDS {
        let left = round(served, &ledger, number, &mut random);
        registry(&left, &["verify"], "").ok();
        served = Served::again(left);
        let mut told = ledger.lock();
        check(&served.host, &told, looked_at);
        looked_at = (told.blobs.len(), told.manifests.len());
        cut_off += told.uploads.len();
        ended += resume(&served.host, &mut told);
        registry(&served.orlop, &["verify"], "").ok();
    }
    let told = ledger.lock();
    check(&served.host, &told, (0, 0));
    // There was something of each kind, or this has tested nothing.
    assert!(ended < cut_off && !told.deleted.is_empty() && told.manifests.len() > 20);
    let (left, _) = served.stop();
    registry(&left, &["verify"], "").ok();
}

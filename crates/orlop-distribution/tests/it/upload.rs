//! Blobs going out.

use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use orlop_distribution::{Credential, Error, FileSource, Mount, RegistryConfig};
use orlop_oci::Digest;

use crate::support::*;

const MIB: usize = 1 << 20;

/// What one upload of the fake registry has got so far.
#[derive(Clone, Default)]
struct Got(Arc<Mutex<Vec<u8>>>);

impl Got {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }

    /// Takes a chunk where the last one ended.
    fn chunk(&self, asked: &Asked) -> Answer {
        let mut bytes = self.0.lock().unwrap();
        let first: usize = asked
            .header("content-range")
            .unwrap()
            .split('-')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        if first != bytes.len() {
            return status(416);
        }
        bytes.extend_from_slice(&asked.body);
        let range = format!("0-{}", bytes.len() - 1);
        reply(
            202,
            &[("location", "/up/next?state=1"), ("range", &range)],
            "",
        )
    }

    fn close(&self, asked: &Asked) -> Answer {
        let mut bytes = self.0.lock().unwrap();
        bytes.extend_from_slice(&asked.body);
        let digest = Digest::of(&bytes).to_string();
        let wanted = format!("digest={}", digest.replace(':', "%3A"));
        if !asked.target.contains(&wanted) {
            return refusal(
                400,
                "DIGEST_INVALID",
                "provided digest did not match uploaded content",
            );
        }
        reply(201, &[("docker-content-digest", &digest)], "")
    }
}

fn opened() -> Answer {
    reply(202, &[("location", "/up/1?state=0")], "")
}

#[tokio::test]
async fn in_one_piece() {
    let got = Got::default();
    let kept = got.clone();
    let fake = Fake::start(move |asked: &Asked| match asked.method.as_str() {
        "POST" => opened(),
        _ => kept.close(asked),
    })
    .await;
    let bytes = noise(3 * MIB + 1);
    let told = AtomicU64::new(0);
    let progress = |sent| told.store(sent, Ordering::SeqCst);
    let client = client();
    let remote = remote(&client, &fake, "a");
    remote
        .upload_blob(&descriptor(&bytes), bytes.clone(), &progress)
        .await
        .unwrap();
    assert!(got.bytes() == bytes);
    assert_eq!(told.load(Ordering::SeqCst), bytes.len() as u64);
    assert_eq!(fake.lines(), ["POST /v2/a/blobs/uploads/", "PUT /up/1"]);
    let put = &fake.asked()[1];
    assert!(
        put.target.starts_with("/up/1?state=0&digest=sha256%3A"),
        "{}",
        put.target
    );
    assert_eq!(
        put.header("content-length"),
        Some((3 * MIB + 1).to_string().as_str())
    );
    assert_eq!(put.header("transfer-encoding"), None);
    assert_eq!(put.header("content-type"), Some("application/octet-stream"));
    assert_eq!(fake.asked()[0].header("content-length"), Some("0"));

    // From a file, and nothing at all.
    got.0.lock().unwrap().clear();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &bytes).unwrap();
    remote
        .upload_blob(&descriptor(&bytes), FileSource(file.path().into()), &|_| {})
        .await
        .unwrap();
    assert!(got.bytes() == bytes);
    got.0.lock().unwrap().clear();
    remote
        .upload_blob(&descriptor(b""), Bytes::new(), &|_| {})
        .await
        .unwrap();
}

#[tokio::test]
async fn in_chunks_of_the_least_size_that_the_registry_takes() {
    let got = Got::default();
    let kept = got.clone();
    let fake = Fake::start(move |asked: &Asked| match asked.method.as_str() {
        "POST" => reply(
            202,
            &[("location", "/up/1"), ("oci-chunk-min-length", "2097152")],
            "",
        ),
        "PATCH" => kept.chunk(asked),
        _ => kept.close(asked),
    })
    .await;
    let bytes = noise(5 * MIB + 3);
    let table = RegistryConfig {
        upload_chunk: Some(MIB as u64),
        ..settings()
    };
    let client = orlop_distribution::Client::new(config(&[("*", table)])).unwrap();
    remote(&client, &fake, "a")
        .upload_blob(&descriptor(&bytes), bytes.clone(), &|_| {})
        .await
        .unwrap();
    assert!(got.bytes() == bytes);
    let ranges: Vec<_> = fake
        .asked()
        .iter()
        .filter_map(|asked| asked.header("content-range").map(str::to_owned))
        .collect();
    assert_eq!(ranges, ["0-2097151", "2097152-4194303", "4194304-5242882"]);
    // The location of the last answer counts.
    assert_eq!(
        fake.lines()[1..],
        [
            "PATCH /up/1",
            "PATCH /up/next",
            "PATCH /up/next",
            "PUT /up/next"
        ]
    );
    assert_eq!(
        fake.asked().last().unwrap().header("content-length"),
        Some("0")
    );
}

#[tokio::test]
async fn one_piece_that_is_too_much_goes_in_chunks() {
    let got = Got::default();
    let kept = got.clone();
    let fake = Fake::start(move |asked: &Asked| match asked.method.as_str() {
        "POST" => opened(),
        "PATCH" => kept.chunk(asked),
        _ if asked.body.is_empty() => kept.close(asked),
        _ => status(413),
    })
    .await;
    let bytes = noise(9 * MIB);
    let client = client();
    remote(&client, &fake, "a")
        .upload_blob(&descriptor(&bytes), bytes.clone(), &|_| {})
        .await
        .unwrap();
    assert!(got.bytes() == bytes);
    let methods: Vec<_> = fake
        .asked()
        .iter()
        .map(|asked| asked.method.clone())
        .collect();
    assert_eq!(methods, ["POST", "PUT", "POST", "PATCH", "PATCH", "PUT"]);
}

#[tokio::test]
async fn a_token_that_expires_on_the_way_is_renewed() {
    let got = Got::default();
    let kept = got.clone();
    let issued = Arc::new(AtomicUsize::new(0));
    let fake = Fake::start_with(|address| {
        let uses = AtomicUsize::new(0);
        move |asked: &Asked| {
            if asked.target.starts_with("/token") {
                let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
                return reply(
                    200,
                    &[],
                    format!(r#"{{"token":"t{number}","expires_in":300}}"#),
                );
            }
            // Each token is taken twice.
            let token = uses.load(Ordering::SeqCst) / 2 + 1;
            if asked.header("authorization") != Some(&format!("Bearer t{token}")) {
                return challenge(&format!("http://{address}/token"));
            }
            uses.fetch_add(1, Ordering::SeqCst);
            match asked.method.as_str() {
                "POST" => opened(),
                "PATCH" => kept.chunk(asked),
                _ => kept.close(asked),
            }
        }
    })
    .await;
    let bytes = noise(4 * MIB);
    let table = RegistryConfig {
        upload_chunk: Some(MIB as u64),
        ..settings()
    };
    let client = client_with(table, Credential::password("me", "pw"));
    remote(&client, &fake, "a")
        .upload_blob(&descriptor(&bytes), bytes.clone(), &|_| {})
        .await
        .unwrap();
    assert!(got.bytes() == bytes);
    // POST, four chunks and the end are six requests: three tokens.
    assert_eq!(fake.count("GET /token"), 3);
    let tokens: Vec<_> = fake
        .asked()
        .into_iter()
        .filter(|asked| asked.line() == "GET /token")
        .collect();
    assert!(
        tokens
            .iter()
            .all(|asked| asked.target.contains("scope=repository%3Aa%3Apull%2Cpush"))
    );
}

#[tokio::test]
async fn one_piece_that_is_refused_for_its_token_goes_again() {
    let got = Got::default();
    let kept = got.clone();
    let revoked = AtomicUsize::new(0);
    let fake = Fake::start_with(|address| {
        move |asked: &Asked| {
            if asked.target.starts_with("/token") {
                return reply(
                    200,
                    &[],
                    format!(r#"{{"token":"t{}"}}"#, revoked.load(Ordering::SeqCst)),
                );
            }
            let token = format!("Bearer t{}", revoked.load(Ordering::SeqCst));
            if asked.header("authorization") != Some(&token) {
                return challenge(&format!("http://{address}/token"));
            }
            if asked.method == "POST" {
                revoked.fetch_add(1, Ordering::SeqCst);
                return opened();
            }
            kept.close(asked)
        }
    })
    .await;
    let bytes = noise(2 * MIB);
    let client = client();
    remote(&client, &fake, "a")
        .upload_blob(&descriptor(&bytes), bytes.clone(), &|_| {})
        .await
        .unwrap();
    assert!(got.bytes() == bytes);
    assert_eq!(fake.count("PUT /up/1"), 2);
}

#[tokio::test]
async fn after_a_failure_it_goes_on_where_the_registry_is() {
    let got = Got::default();
    let kept = got.clone();
    let failures = AtomicUsize::new(0);
    let fake = Fake::start(move |asked: &Asked| match asked.method.as_str() {
        "POST" => opened(),
        // Takes half of the second chunk, and fails.
        "PATCH" if failures.fetch_add(1, Ordering::SeqCst) == 1 => {
            kept.0
                .lock()
                .unwrap()
                .extend_from_slice(&asked.body[..asked.body.len() / 2]);
            status(502)
        }
        "PATCH" => kept.chunk(asked),
        "GET" => {
            let range = format!("0-{}", kept.bytes().len() - 1);
            reply(204, &[("range", &range), ("location", "/up/again")], "")
        }
        _ => kept.close(asked),
    })
    .await;
    let bytes = noise(4 * MIB);
    let table = RegistryConfig {
        upload_chunk: Some(2 * MIB as u64),
        ..settings()
    };
    let client = orlop_distribution::Client::new(config(&[("*", table)])).unwrap();
    remote(&client, &fake, "a")
        .upload_blob(&descriptor(&bytes), bytes.clone(), &|_| {})
        .await
        .unwrap();
    assert!(got.bytes() == bytes);
    let ranges: Vec<_> = fake
        .asked()
        .iter()
        .filter_map(|asked| asked.header("content-range").map(str::to_owned))
        .collect();
    assert_eq!(ranges, ["0-2097151", "2097152-4194303", "3145728-4194303"]);
}

#[tokio::test]
async fn an_upload_that_the_registry_lost_begins_anew() {
    let got = Got::default();
    let kept = got.clone();
    let tries = AtomicUsize::new(0);
    let fake = Fake::start(move |asked: &Asked| {
        match (asked.method.as_str(), tries.fetch_add(1, Ordering::SeqCst)) {
            ("POST", _) => opened(),
            ("PUT", 1) => refusal(
                404,
                "BLOB_UPLOAD_UNKNOWN",
                "blob upload unknown to registry",
            ),
            ("PUT", 3) => status(500),
            ("GET", _) => status(404),
            _ => kept.close(asked),
        }
    })
    .await;
    let bytes = noise(1000);
    let client = client();
    remote(&client, &fake, "a")
        .upload_blob(&descriptor(&bytes), bytes.clone(), &|_| {})
        .await
        .unwrap();
    assert!(got.bytes() == bytes);
    assert_eq!(fake.count("PUT /up/1"), 3);
}

#[tokio::test]
async fn refusals_are_final() {
    let fake = Fake::start(|asked: &Asked| match asked.method.as_str() {
        "POST" if asked.target.contains("/closed/") => {
            refusal(403, "DENIED", "requested access to the resource is denied")
        }
        "POST" => opened(),
        _ => refusal(
            400,
            "DIGEST_INVALID",
            "provided digest did not match uploaded content",
        ),
    })
    .await;
    let client = client();
    let send = async |path: &str| {
        let remote = remote(&client, &fake, path);
        remote
            .upload_blob(&descriptor(b"x"), Bytes::from_static(b"x"), &|_| {})
            .await
            .unwrap_err()
    };
    let error = send("closed").await;
    assert!(
        error
            .to_string()
            .ends_with("denied: requested access to the resource is denied"),
        "{error}"
    );
    let error = send("a").await;
    assert!(
        error
            .to_string()
            .contains("digest invalid: provided digest did not match"),
        "{error}"
    );
    assert_eq!(fake.count("PUT /up/1"), 1);
}

#[tokio::test]
async fn a_source_that_fails_is_named_and_its_upload_cancelled() {
    let fake = Fake::start(|_: &Asked| opened()).await;
    let client = client();
    let remote = remote(&client, &fake, "a");
    let descriptor = descriptor(&noise(2 * MIB));
    // Shorter than its descriptor says.
    let error = remote
        .upload_blob(&descriptor, noise(MIB), &|_| {})
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Source { source, .. } if source.kind() == io::ErrorKind::UnexpectedEof),
        "{error:?}"
    );
    let missing = FileSource("/nonexistent".into());
    let error = remote
        .upload_blob(&descriptor, missing, &|_| {})
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Source { source, .. } if source.kind() == io::ErrorKind::NotFound),
        "{error:?}"
    );
    assert_eq!(
        fake.count("DELETE /up/1"),
        2,
        "what the registry got is to be thrown away: {:?}",
        fake.lines()
    );
}

#[tokio::test]
async fn a_location_elsewhere_gets_no_authorization() {
    let got = Got::default();
    let kept = got.clone();
    let store = Fake::start(move |asked: &Asked| kept.close(asked)).await;
    let at = store.name();
    let fake = Fake::start(move |asked: &Asked| match asked.header("authorization") {
        None => reply(401, &[("www-authenticate", "Basic realm=x")], ""),
        Some(_) => match asked.target.split('/').nth(2).unwrap() {
            "store" => reply(202, &[("location", &format!("http://{at}/up"))], ""),
            "metadata" => reply(202, &[("location", "http://169.254.169.254/up")], ""),
            _ => reply(202, &[], ""),
        },
    })
    .await;
    let client = client_as(Credential::password("me", "pw"));
    let bytes = noise(1000);
    let send = async |path: &str| {
        let remote = remote(&client, &fake, path);
        remote
            .upload_blob(&descriptor(&bytes), bytes.clone(), &|_| {})
            .await
    };
    send("store").await.unwrap();
    assert!(got.bytes() == bytes);
    assert!(store.saw_no_secret());
    assert!(matches!(send("metadata").await, Err(Error::Refused { .. })));
    assert!(matches!(send("none").await, Err(Error::Refused { .. })));
}

#[tokio::test]
async fn mounts() {
    let fake = Fake::start_with(|address| {
        move |asked: &Asked| {
            if asked.target.starts_with("/token") {
                return reply(200, &[], r#"{"token":"t"}"#);
            }
            if asked.header("authorization").is_none() {
                return challenge(&format!("http://{address}/token"));
            }
            let mount = asked.target.contains("mount=");
            match asked.target.split('/').nth(2).unwrap() {
                "yes" if mount => status(201),
                // ECR knows no mounts.
                "error" if mount => status(405),
                "denied" if mount => refusal(403, "DENIED", "no"),
                _ => opened(),
            }
        }
    })
    .await;
    let client = client();
    let digest = Digest::of(b"x");
    let from = format!("{}/library/debian", fake.name()).parse().unwrap();
    for (path, mounted) in [
        ("yes", true),
        ("no", false),
        ("error", false),
        ("denied", false),
    ] {
        let outcome = remote(&client, &fake, path)
            .mount_blob(&digest, &from)
            .await
            .unwrap();
        assert_eq!(matches!(outcome, Mount::Mounted), mounted, "{path}");
    }
    let asked = fake.asked();
    let post = asked.iter().find(|asked| asked.method == "POST").unwrap();
    assert_eq!(
        post.target,
        format!("/v2/yes/blobs/uploads/?mount={digest}&from=library/debian")
    );
    // The token must let us read the other repository.
    assert!(asked.iter().any(|asked| asked.target.ends_with(
        "scope=repository%3Alibrary%2Fdebian%3Apull&scope=repository%3Ayes%3Apull%2Cpush"
    )));
    // From another registry there is nothing to mount.
    let before = fake.asked().len();
    let elsewhere = "quay.io/a/b".parse().unwrap();
    let outcome = remote(&client, &fake, "no")
        .mount_blob(&digest, &elsewhere)
        .await
        .unwrap();
    assert!(matches!(outcome, Mount::Upload(_)));
    assert!(
        fake.asked()[before..]
            .iter()
            .all(|asked| !asked.target.contains("mount="))
    );
}

#[tokio::test]
async fn a_declined_mount_is_uploaded_into() {
    let got = Got::default();
    let kept = got.clone();
    let fake = Fake::start(move |asked: &Asked| match asked.method.as_str() {
        "POST" => opened(),
        _ => kept.close(asked),
    })
    .await;
    let client = client();
    let remote = remote(&client, &fake, "a");
    let from = format!("{}/b", fake.name()).parse().unwrap();
    let bytes = noise(1000);
    let Mount::Upload(session) = remote.mount_blob(&Digest::of(&bytes), &from).await.unwrap()
    else {
        panic!("mounted");
    };
    remote
        .upload_blob_into(session, &descriptor(&bytes), bytes.clone(), &|_| {})
        .await
        .unwrap();
    assert!(got.bytes() == bytes);
    assert_eq!(fake.count("POST /v2/a/blobs/uploads/"), 1);
}

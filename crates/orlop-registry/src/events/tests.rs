use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use orlop_registry_store::{
    Event, EventKind, NewManifest, Origin, RepositoryName, Sparse, Storage, StorageOptions,
    TagName, TagOrDigest,
};
use orlop_testing::{Delivery, Receiver};
use rustls::RootCertStore;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::*;
use crate::BesideMetrics;
use crate::config::{Period, WebhookConfig};

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";

/// A storage that takes any manifest.
fn storage(folder: &TempDir) -> Storage {
    let mut options = StorageOptions::new(folder.path());
    options.sparse = Sparse::Accepted;
    options.pull_events = true;
    Storage::open(options).unwrap()
}

fn origin() -> Origin {
    Origin {
        actor: "alice".into(),
        address: Some("192.0.2.7".into()),
        user_agent: Some("tester/1".into()),
        request_id: Some("r-1".into()),
    }
}

/// Pushes a manifest of its own for each tag.
async fn push(storage: &Storage, repository: &str, tag: &str) -> String {
    let config = format!("sha256:{:064x}", tag.len());
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": OCI,
        "config": { "mediaType": "application/vnd.oci.empty.v1+json", "digest": config, "size": 2 },
        "layers": [],
        "annotations": { "tag": tag },
    });
    let manifest = NewManifest {
        digest: None,
        tags: vec![tag.parse::<TagName>().unwrap()],
        media_type: OCI.into(),
        bytes: Bytes::from(manifest.to_string()),
    };
    let name: RepositoryName = repository.parse().unwrap();
    let put = storage.put_manifest(&name, manifest, &origin()).await;
    put.unwrap().digest.to_string()
}

fn config(url: &str, more: &str) -> WebhookConfig {
    toml::from_str(&format!("name = 'ci'\nurl = '{url}'\n{more}")).unwrap()
}

/// What was noticed.
type Notices = Arc<Mutex<Vec<EventNotice>>>;

/// Begins to deliver, as fast as can be.
async fn deliver(storage: &Storage, config: &WebhookConfig) -> (JoinHandle<()>, Notices) {
    deliver_counted(storage, config, &BesideMetrics::default()).await
}

async fn deliver_counted(
    storage: &Storage,
    config: &WebhookConfig,
    metrics: &BesideMetrics,
) -> (JoinHandle<()>, Notices) {
    let pace = Pace {
        first: Duration::from_millis(1),
        longest: Duration::from_millis(5),
    };
    let webhook = Webhook::new(config, 0, &RootCertStore::empty(), pace).unwrap();
    let url = "https://registry.example:5000".parse().unwrap();
    let source = Source::open(storage, &url).await.unwrap();
    let notices = Notices::default();
    let told = Arc::clone(&notices);
    let observer: EventObserver = Arc::new(move |notice| told.lock().unwrap().push(notice));
    let delivery = webhook.deliver(storage.clone(), source, metrics.clone(), observer);
    (tokio::spawn(delivery), notices)
}

/// Makes a webhook start with the first event instead of the next.
async fn from_the_beginning(storage: &Storage) {
    storage
        .set_setting("webhook.ci", Some("0".into()))
        .await
        .unwrap();
}

/// The tags of what was taken, in the order of their coming.
fn tags(deliveries: &[Delivery]) -> Vec<String> {
    let taken = deliveries.iter().filter(|delivery| delivery.status == 200);
    let events = taken.flat_map(|delivery| {
        let body = delivery.json();
        match body.get("events") {
            Some(events) => events.as_array().unwrap().clone(),
            None => vec![body],
        }
    });
    let tag = |event: Value| {
        let tag = event["target"]["tag"]
            .as_str()
            .or(event["data"]["tag"].as_str());
        tag.unwrap_or_default().to_owned()
    };
    events.map(tag).collect()
}

/// Waits until all of these tags were taken.
fn wait_for_tags(receiver: &Receiver, expected: &[&str]) -> Vec<Delivery> {
    let mut count = 1;
    loop {
        let deliveries = receiver.wait_for(count);
        if tags(&deliveries).len() >= expected.len() {
            assert_eq!(tags(&deliveries), expected);
            return deliveries;
        }
        count = deliveries.len() + 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_fails_gets_everything_in_order_later() {
    let folder = tempfile::tempdir().unwrap();
    let (storage, receiver) = (storage(&folder), Receiver::start());
    from_the_beginning(&storage).await;
    for tag in ["v1", "v2", "v3"] {
        push(&storage, "team/app", tag).await;
    }
    // A redirect isn't followed: it is a failure as any other.
    receiver.answer_next(&[500, 302, 404, 429, 503]);
    let (task, notices) = deliver(&storage, &config(&receiver.url(), "")).await;
    let deliveries = wait_for_tags(&receiver, &["v1", "v2", "v3"]);
    let events = |at: usize| deliveries[at].json()["events"].as_array().unwrap().len();
    assert_eq!(
        (events(0), events(4)),
        (3, 1),
        "a broken endpoint gets one at a time"
    );
    let id = |at: usize| deliveries[at].header("webhook-id").unwrap().to_owned();
    assert!(
        id(0) == id(1) && id(3) == id(5),
        "what is sent again has the same ID"
    );
    assert_ne!(id(0), id(3));
    push(&storage, "team/app", "v4").await;
    wait_for_tags(&receiver, &["v1", "v2", "v3", "v4"]);
    task.abort();

    let notices = notices.lock().unwrap();
    let told: Vec<String> = notices
        .iter()
        .map(|notice| match notice {
            EventNotice::Undelivered {
                failures, reason, ..
            } => format!("{failures}: {reason}"),
            EventNotice::Recovered { failures, .. } => format!("recovered from {failures}"),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(
        told,
        [
            "1: it answered 500 Internal Server Error",
            "2: it answered 302 Found",
            "4: it answered 429 Too Many Requests",
            "recovered from 5"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_taken_is_delivered_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start();
    let hook = config(&receiver.url(), "");
    {
        let storage = storage(&folder);
        push(&storage, "app", "before").await;
        let (task, _) = deliver(&storage, &hook).await;
        // What happened before the webhook was configured isn't told.
        while storage.setting("webhook.ci").await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
        push(&storage, "app", "v1").await;
        wait_for_tags(&receiver, &["v1"]);
        while storage.setting("webhook.ci").await.unwrap() != Some("2".into()) {
            tokio::task::yield_now().await;
        }
        // From here on it is down, and the registry is killed.
        receiver.answer_next(&[500; 4]);
        push(&storage, "app", "v2").await;
        let _ = receiver.wait_for(3);
        task.abort();
        let _ = task.await;
        push(&storage, "app", "v3").await;
    }
    let storage = storage(&folder);
    let (task, _) = deliver(&storage, &hook).await;
    wait_for_tags(&receiver, &["v1", "v2", "v3"]);
    task.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_asked_for_is_told_and_it_is_signed() {
    let folder = tempfile::tempdir().unwrap();
    let (storage, receiver) = (storage(&folder), Receiver::start());
    from_the_beginning(&storage).await;
    let digest = push(&storage, "team/app", "v1").await;
    push(&storage, "other", "v1").await;
    storage
        .record(EventKind::Account, "robot ci made", &origin())
        .await
        .unwrap();
    let name = "team/app".parse().unwrap();
    storage
        .delete_tag(&name, &"v1".parse().unwrap(), &origin())
        .await
        .unwrap();
    push(&storage, "team/app", "v2").await;
    let more = "format = 'cloudevents'\nevents = ['push', 'account']\nrepositories = ['team/**']\n\
                headers = { X-Token = 'abc' }\nsecret = 'a secret of some length'";
    let (task, _) = deliver(&storage, &config(&receiver.url(), more)).await;
    let deliveries = receiver.wait_for(3);
    task.abort();
    let event = deliveries[0].json();
    assert_eq!(event["specversion"], "1.0");
    assert_eq!(event["type"], "orlop.registry.push");
    assert_eq!(event["source"], "https://registry.example:5000/");
    assert_eq!(event["subject"], "team/app:v1");
    assert_eq!(event["data"]["digest"], digest);
    assert_eq!(event["data"]["actor"], "alice");
    assert_eq!(deliveries[1].json()["type"], "orlop.registry.account");
    assert_eq!(deliveries[1].json()["data"]["note"], "robot ci made");
    assert_eq!(deliveries[2].json()["subject"], "team/app:v2");
    for delivery in &deliveries {
        assert_eq!(delivery.line, "POST /hook");
        assert_eq!(
            delivery.header("content-type"),
            Some("application/cloudevents+json")
        );
        assert_eq!(delivery.header("x-token"), Some("abc"));
        let id = delivery.header("webhook-id").unwrap();
        assert_eq!(id, delivery.json()["id"]);
        let time = delivery
            .header("webhook-timestamp")
            .unwrap()
            .parse()
            .unwrap();
        let signer = signature::Signer::new(&"a secret of some length".into());
        let expected = signer.sign(id, time, &delivery.body);
        assert_eq!(
            delivery.header("webhook-signature"),
            Some(expected.as_str())
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_is_dropped_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let (storage, receiver) = (storage(&folder), Receiver::start());
    from_the_beginning(&storage).await;
    push(&storage, "app", "v1").await;
    push(&storage, "app", "v2").await;
    let mut hook = config(&receiver.url(), "");
    hook.give_up_after = Period(Duration::ZERO);
    let (task, notices) = deliver(&storage, &hook).await;
    while notices.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    task.abort();
    let name = "ci".to_owned();
    let expected = [EventNotice::Dropped { name, events: 2 }];
    assert_eq!(*notices.lock().unwrap(), expected);
    assert!(receiver.deliveries().is_empty());
}

/// The value of a metric.
fn metric(metrics: &BesideMetrics, storage: &Storage, name: &str) -> Option<f64> {
    let mut registry = prometheus_client::registry::Registry::default();
    metrics.register(&mut registry);
    metrics.look(storage);
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (storage, receiver) = (storage(&folder), Receiver::start());
    from_the_beginning(&storage).await;
    push(&storage, "team/app", "v1").await;
    push(&storage, "team/app", "v2").await;
    receiver.answer_next(&[500; 100_000]);
    let metrics = BesideMetrics::default();
    let hook = config(&receiver.url(), "");
    let (task, notices) = deliver_counted(&storage, &hook, &metrics).await;
    while notices.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    let value = |name: &str| metric(&metrics, &storage, name).unwrap_or(-1.0);
    assert_eq!(value("webhook_waiting_events{webhook=\"ci\"}"), 2.0);
    assert!(value("webhook_oldest_waiting_seconds{webhook=\"ci\"}") > 0.0);
    assert_eq!(value("events_behind{reader=\"webhook.ci\"}"), 0.0);
    let failed = "webhook_requests_total{webhook=\"ci\",outcome=\"failed\"}";
    assert!(value(failed) >= 1.0);
    // What comes meanwhile isn't read yet.
    push(&storage, "team/app", "v3").await;
    assert_eq!(value("webhook_waiting_events{webhook=\"ci\"}"), 3.0);
    assert_eq!(value("events_behind{reader=\"webhook.ci\"}"), 1.0);
    task.abort();
    let _ = task.await;

    // Where it is taken, it goes on, and nothing waits any more.
    let receiver = Receiver::start();
    let hook = config(&receiver.url(), "");
    let (task, _) = deliver_counted(&storage, &hook, &metrics).await;
    wait_for_tags(&receiver, &["v1", "v2", "v3"]);
    while value("webhook_waiting_events{webhook=\"ci\"}") > 0.0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(value("webhook_oldest_waiting_seconds{webhook=\"ci\"}"), 0.0);
    assert_eq!(
        value("webhook_events_total{webhook=\"ci\",outcome=\"delivered\"}"),
        3.0
    );
    task.abort();
    let _ = task.await;
    let gone = metric(&metrics, &storage, "webhook_waiting_events{webhook=\"ci\"}");
    assert_eq!(gone, None, "a webhook that is gone waits for nothing");
}

/// An event as the log has it.
fn event(kind: EventKind, digest: &str, media_type: &str) -> Event {
    Event {
        id: 7,
        at: "2026-01-02T03:04:05.006Z".parse().unwrap(),
        kind,
        repository: Some("team/app".parse().unwrap()),
        tag: None,
        target: Some(orlop_oci::Descriptor::new(
            orlop_oci::MediaType::from(media_type),
            digest.parse().unwrap(),
            42,
        )),
        origin: origin(),
        note: None,
    }
}

#[test]
fn the_envelope_is_that_of_cncf_distribution() {
    let digest = format!("sha256:{}", "ab".repeat(32));
    let url = "https://r.example/".parse().unwrap();
    let source = Source::new("the-id".into(), &url);
    let mut pushed = event(EventKind::Push, &digest, OCI);
    pushed.tag = Some("v1".parse().unwrap());
    let mut mounted = event(EventKind::Mount, &digest, "application/octet-stream");
    mounted.note = Some("from other/app".into());
    mounted.origin.actor = "anonymous".into();
    let body = distribution::envelope(&[&pushed, &mounted], &source);
    let body: Value = serde_json::from_slice(&body).unwrap();
    let id = source.name_of(7, 7);
    assert_eq!((id.len(), &id[14..15]), (36, "8"));
    let request = json!({
        "id": "r-1", "addr": "192.0.2.7", "host": "r.example", "method": "PUT",
        "useragent": "tester/1",
    });
    assert_eq!(
        body["events"][0],
        json!({
            "id": id,
            "timestamp": "2026-01-02T03:04:05.006Z",
            "action": "push",
            "target": {
                "mediaType": OCI, "digest": digest, "size": 42, "length": 42,
                "repository": "team/app", "tag": "v1",
                "url": format!("https://r.example/v2/team/app/manifests/{digest}"),
            },
            "request": request,
            "actor": { "name": "alice" },
            "source": { "addr": "r.example", "instanceID": "the-id" },
        })
    );
    let mount = &body["events"][1];
    assert_eq!(
        (&mount["action"], &mount["actor"]),
        (&json!("mount"), &json!({}))
    );
    assert_eq!(mount["target"]["fromRepository"], "other/app");
    let url = format!("https://r.example/v2/team/app/blobs/{digest}");
    assert_eq!(mount["target"]["url"], url);
    for kind in [EventKind::Delete, EventKind::Collect, EventKind::Retain] {
        let gone = event(kind, &digest, OCI);
        let body = distribution::envelope(&[&gone], &source);
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["events"][0]["action"], "delete");
        assert_eq!(
            body["events"][0]["target"].get("url"),
            None,
            "what is gone has no URL"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_has_every_change_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    let open = || {
        let file = LogFile::open(&path, Reopen::default()).unwrap();
        AuditLog::new(AuditTarget::File(file))
    };
    let root = tempfile::tempdir().unwrap();
    let storage = storage(&root);
    let digest = push(&storage, "app", "v1").await;
    let name: RepositoryName = "app".parse().unwrap();
    let tag = TagOrDigest::Tag("v1".parse().unwrap());
    storage.pulled(&name, &tag, &digest.parse().unwrap(), &origin());
    storage.flush().await.unwrap();
    open().catch_up(&storage).await.unwrap();
    storage
        .delete_tag(&name, &"v1".parse().unwrap(), &origin())
        .await
        .unwrap();
    open().catch_up(&storage).await.unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let said: Vec<_> = lines
        .iter()
        .map(|line| line["event"].as_str().unwrap())
        .collect();
    assert_eq!(said, ["push", "delete"], "pulls change nothing");
    assert_eq!(lines[0]["digest"], digest);
    assert_eq!(
        (&lines[0]["actor"], &lines[0]["address"]),
        (&json!("alice"), &json!("192.0.2.7"))
    );
    assert_eq!(
        (&lines[1]["tag"], &lines[1]["request"]),
        (&json!("v1"), &json!("r-1"))
    );
}

//! Events in the envelope of CNCF distribution (docs/content/about/notifications.md there), which
//! Docker's registry had before it: what receivers of registry events mostly read.

use orlop_registry_store::{Event, EventKind};
use serde::Serialize;

use super::Source;

/// What the envelope says that it is. Version 2 has the same fields, but receivers that look at
/// the type know this one.
pub(super) const MEDIA_TYPE: &str = "application/vnd.docker.distribution.events.v1+json";
/// Of a blob, in the log of events.
const BLOB: &str = "application/octet-stream";

#[derive(Serialize)]
struct Envelope<'a> {
    events: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: String,
    timestamp: String,
    action: &'static str,
    target: Target<'a>,
    request: Request<'a>,
    actor: Actor<'a>,
    source: From<'a>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Target<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    /// The same as `size`, as the first readers had it.
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repository: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_repository: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<&'a str>,
}

#[derive(Serialize)]
struct Request<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    addr: Option<&'a str>,
    host: &'a str,
    method: &'static str,
    useragent: &'a str,
}

#[derive(Serialize)]
struct Actor<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct From<'a> {
    addr: &'a str,
    #[serde(rename = "instanceID")]
    instance: &'a str,
}

/// The envelope of some events.
pub(super) fn envelope(events: &[&Event], source: &Source) -> Vec<u8> {
    let events = events.iter().map(|event| entry(event, source)).collect();
    serde_json::to_vec(&Envelope { events }).expect("texts and numbers are JSON")
}

fn entry<'a>(event: &'a Event, source: &'a Source) -> Entry<'a> {
    let (action, method) = match event.kind {
        EventKind::Push => ("push", "PUT"),
        EventKind::Pull => ("pull", "GET"),
        EventKind::Mount => ("mount", "POST"),
        // Those of accounts aren't told in this format (see the configuration).
        EventKind::Delete | EventKind::Collect | EventKind::Retain | EventKind::Account => {
            ("delete", "DELETE")
        }
    };
    let origin = &event.origin;
    let text = |text: &'a Option<String>| text.as_deref().unwrap_or_default();
    Entry {
        id: source.name_of(event.id, event.id),
        timestamp: event.at.to_string(),
        action,
        target: target(event, source),
        request: Request {
            id: text(&origin.request_id),
            addr: origin.address.as_deref(),
            host: source.host(),
            method,
            useragent: text(&origin.user_agent),
        },
        // CNCF distribution leaves the name out for nobody in particular.
        actor: Actor {
            name: Some(origin.actor.as_str()).filter(|name| *name != "anonymous"),
        },
        source: From {
            addr: source.host(),
            instance: source.id(),
        },
    }
}

fn target<'a>(event: &'a Event, source: &Source) -> Target<'a> {
    let repository = event.repository.as_ref().map(|name| name.as_str());
    let mut target = Target {
        repository,
        tag: event.tag.as_ref().map(|tag| tag.as_str()),
        ..Target::default()
    };
    if event.kind == EventKind::Mount {
        let note = event.note.as_deref();
        target.from_repository = note.and_then(|note| note.strip_prefix("from "));
    }
    let Some(descriptor) = &event.target else {
        return target;
    };
    let media_type = descriptor.media_type.as_str();
    target.media_type = Some(media_type);
    target.digest = Some(descriptor.digest.as_str());
    target.size = Some(descriptor.size);
    target.length = target.size;
    let gone = !matches!(
        event.kind,
        EventKind::Push | EventKind::Pull | EventKind::Mount
    );
    if let (Some(name), false) = (repository, gone) {
        let kind = if media_type == BLOB {
            "blobs"
        } else {
            "manifests"
        };
        let digest = &descriptor.digest;
        target.url = Some(format!("{}/v2/{name}/{kind}/{digest}", source.url()));
    }
    target
}

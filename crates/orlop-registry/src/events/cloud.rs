//! Events as CloudEvents 1.0 in structured JSON (cloudevents.io, "JSON Event Format").

use orlop_registry_store::Event;
use serde::Serialize;

use super::Source;
use super::audit::Line;

/// What a request's body says that it is.
pub(super) const MEDIA_TYPE: &str = "application/cloudevents+json";
/// Before the kind of an event, in `type`.
const TYPE: &str = "orlop.registry";

#[derive(Serialize)]
struct CloudEvent<'a> {
    specversion: &'static str,
    id: String,
    source: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    time: String,
    datacontenttype: &'static str,
    data: Line<'a>,
}

/// One event.
pub(super) fn event(event: &Event, source: &Source) -> Vec<u8> {
    let event = CloudEvent {
        specversion: "1.0",
        id: source.name_of(event.id, event.id),
        source: format!("{}/", source.url()),
        kind: format!("{TYPE}.{}", event.kind.as_str()),
        subject: subject(event),
        time: event.at.to_string(),
        datacontenttype: "application/json",
        data: Line::of(event),
    };
    serde_json::to_vec(&event).expect("texts and numbers are JSON")
}

/// What it is about, as people name it: `team/app:v1`, `team/app@sha256:…`.
fn subject(event: &Event) -> Option<String> {
    let repository = event.repository.as_ref()?;
    Some(match (&event.tag, &event.target) {
        (Some(tag), _) => format!("{repository}:{tag}"),
        (None, Some(target)) => format!("{repository}@{}", target.digest),
        (None, None) => repository.to_string(),
    })
}

//! One request, from hyper to the answer: route, access, handler, and what every answer has.

use std::any::Any;
use std::convert::Infallible;
use std::io;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, CONTENT_LENGTH,
    CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, ORIGIN, USER_AGENT, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode, Version};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use orlop_access::Actor;
use orlop_registry_store::Origin;

use crate::failure::{Code, Failure};
use crate::gate;
use crate::operation::{Notice, Record};
use crate::payload::{BodyProgress, IncomingBody, Outgoing, Pace, Payload};
use crate::peer::Peer;
use crate::protocol::{self, Ask};
use crate::registry::Registry;
use crate::route::{self, Route};

const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const EXPOSED: &str = "Docker-Content-Digest, Link, Location, OCI-Filters-Applied, OCI-Subject, \
                       OCI-Tag, Range, Retry-After, Warning, WWW-Authenticate";
/// Longest part of a user agent that is kept, in bytes.
const MAX_USER_AGENT: usize = 200;

/// Answers a request. It always gives an answer: a panic becomes 500.
pub(crate) async fn serve(
    registry: Arc<Registry>,
    peer: Arc<Peer>,
    request: Request<Incoming>,
) -> Result<Response<Answered>, Infallible> {
    let (parts, body) = request.into_parts();
    let mut account = Account::new(registry, Arc::clone(&peer), &parts);
    let timeouts = &account.registry.options.timeouts;
    let pace = Pace {
        idle: timeouts.body_idle,
        rate: timeouts.body_rate,
    };
    let body = IncomingBody::new(body, pace);
    account.received = Some(body.progress());
    let registry = Arc::clone(&account.registry);
    let handled = handle(&registry, &peer, &parts, body, &mut account);
    let answer = match caught(handled).await {
        Ok(answer) => answer,
        Err(reason) => Err(panicked(&account, reason)),
    };
    let mut response = match answer {
        Ok(response) => response,
        Err(failure) => {
            account.failed(&failure);
            failure.into_response()
        }
    };
    finish(&registry, &parts, &account, &mut response);
    account.record.status = response.status().as_u16();
    let transit = (parts.version >= Version::HTTP_2).then(|| peer.pulse.transit());
    Ok(response.map(|payload| Answered {
        payload: Outgoing::new(payload, transit),
        sent: 0,
        account,
    }))
}

async fn handle(
    registry: &Registry,
    peer: &Peer,
    parts: &Parts,
    body: IncomingBody,
    account: &mut Account,
) -> Result<Response<Payload>, Failure> {
    let target = parts
        .uri
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    if target > registry.options.limits.target_bytes {
        let status = StatusCode::URI_TOO_LONG;
        return Err(Failure::new(
            status,
            Code::Unsupported,
            "the URL is too long",
        ));
    }
    let route = route::parse(&parts.method, parts.uri.path(), parts.uri.query())?;
    account.routed(&route);
    if peer.operation && !matches!(route, Route::Health | Route::Ready | Route::Metrics) {
        return Err(route::Refusal::NotFound.into());
    }
    registry.pages.check(&registry.access, peer, parts)?;
    let mut origin = account.origin();
    let admitted = gate::admit(registry, peer, parts, &route, &mut origin).await;
    account.record.actor.clone_from(&origin.actor);
    let caller = admitted?;
    let ask = Ask {
        registry,
        peer,
        parts,
        caller: &caller,
    };
    let mut answer = protocol::answer(&ask, route, body).await;
    if let Ok(response) = &mut answer
        && let Some(actor) = response.extensions_mut().remove::<Actor>()
    {
        account.record.actor = actor.to_string();
    }
    answer
}

/// Runs to the end, or to a panic, whose words are given. Whatever was half-done is the storage's to
/// leave behind as after a crash; nothing else is shared that a panic could leave half-changed.
async fn caught<F: Future>(future: F) -> Result<F::Output, String> {
    let run = AssertUnwindSafe(future).catch_unwind().await;
    run.map_err(|panic: Box<dyn Any + Send>| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        text.unwrap_or_else(|| "panic".to_owned())
    })
}

fn panicked(account: &Account, reason: String) -> Failure {
    account.registry.metrics.panicked();
    (account.registry.observer)(Notice::Panicked {
        request: account.record.request.clone(),
        reason: reason.clone(),
    });
    Failure::internal(reason)
}

/// Adds what every answer has.
fn finish(registry: &Registry, parts: &Parts, account: &Account, response: &mut Response<Payload>) {
    // HEAD: the headers of GET, without its body.
    if parts.method == Method::HEAD {
        let length = response.body().size_hint().exact().unwrap_or(0);
        let headers = response.headers_mut();
        if !headers.contains_key(CONTENT_LENGTH) {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        *response.body_mut() = Payload::Empty;
    }
    let headers = response.headers_mut();
    headers.insert(API_VERSION, HeaderValue::from_static("registry/2.0"));
    // What somebody pushed is no page of ours, whatever a browser makes of it.
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let policy = HeaderValue::from_static("sandbox; default-src 'none'");
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    if let Ok(id) = HeaderValue::from_str(&account.record.request) {
        headers.insert(REQUEST_ID, id);
    }
    allow_origin(&registry.options.allowed_origins, parts, headers);
}

/// CORS: what a page of an allowed origin may do and see. Credentials of the browser aren't allowed:
/// a page has to bring its own.
fn allow_origin(allowed: &[String], parts: &Parts, headers: &mut HeaderMap) {
    if allowed.is_empty() {
        return;
    }
    headers.append(VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = parts.headers.get(ORIGIN) else {
        return;
    };
    let known = |allowed: &String| allowed == "*" || allowed.as_bytes() == origin.as_bytes();
    if !allowed.iter().any(known) {
        return;
    }
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(EXPOSED),
    );
    if parts.method == Method::OPTIONS {
        if let Some(allow) = headers.get(ALLOW).cloned() {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, allow);
        }
        let wanted = "Accept, Authorization, Content-Range, Content-Type, If-None-Match, Range";
        let wanted = HeaderValue::from_static(wanted);
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted);
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
    }
}

/// What is written down of a request when its answer has gone, or broke off.
pub(crate) struct Account {
    registry: Arc<Registry>,
    peer: Arc<Peer>,
    started: Instant,
    method: &'static str,
    received: Option<Arc<BodyProgress>>,
    record: Record,
}

impl Account {
    fn new(registry: Arc<Registry>, peer: Arc<Peer>, parts: &Parts) -> Self {
        peer.pulse.begin();
        registry.metrics.in_flight.inc();
        let user_agent = parts.headers.get(USER_AGENT);
        let user_agent = user_agent.and_then(|value| value.to_str().ok());
        let user_agent = user_agent.map(|text| text[..text.len().min(MAX_USER_AGENT)].to_owned());
        let record = Record {
            time: jiff::Timestamp::now().to_string(),
            request: registry.request_id(),
            method: parts.method.as_str().chars().take(32).collect(),
            route: "unknown",
            actor: "anonymous".to_owned(),
            address: peer
                .client_address(&parts.headers, &registry.options)
                .to_string(),
            user_agent,
            protocol: match parts.version {
                Version::HTTP_2 => "HTTP/2",
                Version::HTTP_10 => "HTTP/1.0",
                _ => "HTTP/1.1",
            },
            ..Record::default()
        };
        Self {
            started: Instant::now(),
            method: known_method(&parts.method),
            received: None,
            record,
            registry,
            peer,
        }
    }

    fn routed(&mut self, route: &Route) {
        self.record.route = route.pattern();
        self.record.repository = route.repository().map(ToString::to_string);
        self.record.reference = route.reference();
    }

    fn origin(&self) -> Origin {
        Origin {
            actor: self.record.actor.clone(),
            address: Some(self.record.address.clone()),
            user_agent: self.record.user_agent.clone(),
            request_id: Some(self.record.request.clone()),
        }
    }

    fn failed(&mut self, failure: &Failure) {
        self.record.error = Some(failure.reason().to_owned());
        if failure.status.is_server_error() {
            (self.registry.observer)(Notice::Failed {
                request: self.record.request.clone(),
                reason: failure.reason().to_owned(),
            });
        }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let duration = self.started.elapsed();
        let record = &mut self.record;
        record.bytes_in = self.received.as_ref().map_or(0, |body| body.bytes());
        record.duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        // Without an answer, the client was gone before there was one.
        record.aborted |= record.status == 0;
        let metrics = &self.registry.metrics;
        let bytes = (record.bytes_in, record.bytes_out);
        metrics.answered(self.method, record.route, record.status, duration, bytes);
        if !self.registry.log.record(record) {
            metrics.log_dropped();
        }
        metrics.in_flight.dec();
        self.peer.pulse.end();
    }
}

/// Methods as labels: of a small fixed set, whatever clients send.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// An answer's body, and the account that is closed with it.
pub(crate) struct Answered {
    payload: Outgoing,
    sent: u64,
    account: Account,
}

impl Body for Answered {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let frame = Pin::new(&mut self.payload).poll_frame(cx);
        match &frame {
            Poll::Ready(Some(Ok(frame))) => {
                self.sent += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
            Poll::Ready(Some(Err(error))) => {
                self.account.record.error = Some(error.to_string());
            }
            _ => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.payload.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.payload.size_hint()
    }
}

impl Drop for Answered {
    fn drop(&mut self) {
        self.account.record.bytes_out = self.sent;
        self.account.record.aborted = !self.payload.is_end_stream();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_answer() {
        let numbers: Vec<u32> = Vec::new();
        let fails = async {
            tokio::task::yield_now().await;
            numbers[7]
        };
        let reason = caught(fails).await.unwrap_err();
        assert!(reason.contains("out of bounds"), "{reason}");
        assert_eq!(caught(async { 7 }).await, Ok(7));
    }
}

//! The delivery of events to one endpoint: in order, at least once, from a cursor that is kept.
//!
//! An endpoint that fails is tried again after a wait that doubles up to [`Pace::longest`]; from
//! [`BROKEN`] failures on it gets one event a try instead of a batch, so that a try costs it little.
//! Nothing overtakes an event that isn't taken. What bounds the queue is age: an event that is older
//! than the webhook's `give_up_after` is dropped, and that is said.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use orlop_registry_store::{Event, EventKind, Storage, StorageError};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::backoff::Backoff;
use super::endpoint::{Endpoint, Message, Undelivered};
use super::signature::Signer;
use super::{Cursor, EventNotice, EventObserver, LOOK, Source, cloud, distribution};
use crate::BesideMetrics;
use crate::config::{ConfigError, RepositoryGlobs, WebhookConfig, WebhookFormat};
use crate::operation::Reader;

/// Events that are read at a time.
const PAGE: usize = 256;
/// Events of one envelope.
const BATCH: usize = 32;
/// Failures in a row from which on an endpoint counts as broken.
const BROKEN: u32 = 3;
/// Events that weren't for the endpoint are passed over without a note, up to so many.
const UNNOTED: u64 = 1000;

/// A webhook can't be set up.
pub type WebhookError = ConfigError;

/// How fast failed deliveries are tried again.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The wait after the first failure.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(5 * 60),
        }
    }
}

/// An endpoint and what it wants to hear of.
pub struct Webhook {
    name: String,
    endpoint: Endpoint,
    format: WebhookFormat,
    kinds: Vec<EventKind>,
    repositories: RepositoryGlobs,
    give_up_after: SignedDuration,
    backoff: Backoff,
}

impl Webhook {
    /// Sets one up: reads its secrets and its certificate authorities. `index` is its place in the
    /// configuration, for errors; `roots` are authorities that it trusts.
    ///
    /// # Errors
    /// The key that can't be used.
    pub fn new(
        config: &WebhookConfig,
        index: usize,
        roots: &RootCertStore,
        pace: Pace,
    ) -> Result<Self, WebhookError> {
        let secrets = config.secrets(index)?;
        let key = |key: &str| format!("webhooks[{index}].{key}");
        let tls = tls(config, roots).map_err(|reason| ConfigError::new(key("ca"), reason))?;
        let signer = secrets.signing.as_ref().map(Signer::new);
        let (url, timeout) = (config.url.clone(), config.timeout.0);
        let endpoint = Endpoint::new(url, secrets.headers, signer, tls, timeout);
        let give_up = SignedDuration::try_from(config.give_up_after.0);
        Ok(Self {
            name: config.name.clone(),
            endpoint: endpoint.map_err(|reason| ConfigError::new(key("url"), reason))?,
            format: config.format,
            kinds: config.events.iter().map(|event| event.kind()).collect(),
            repositories: config.repositories.clone(),
            give_up_after: give_up.unwrap_or(SignedDuration::MAX),
            backoff: Backoff::new(pace.first, pace.longest),
        })
    }

    /// Delivers what happens from now on, or from where it was left, until the future is dropped.
    pub async fn deliver(
        self,
        storage: Storage,
        source: Source,
        metrics: BesideMetrics,
        observer: EventObserver,
    ) {
        let reader = metrics.reader(Some(&self.name));
        let mut events = storage.watch_events();
        let start = *events.borrow();
        let key = format!("webhook.{}", self.name);
        let mut failures = 0;
        let mut cursor = loop {
            match Cursor::open(storage.clone(), key.clone(), start).await {
                Ok(cursor) => break cursor,
                Err(error) => self.unavailable(&error, &mut failures, &observer).await,
            }
        };
        let mut delivery = Delivery {
            webhook: self,
            source,
            reader,
            observer,
            failures: 0,
        };
        let mut broken = 0;
        loop {
            events.mark_unchanged();
            match delivery.page(&mut cursor).await {
                Ok(true) => broken = 0,
                Ok(false) => {
                    broken = 0;
                    // An error says that the log is closed: then there is only the clock.
                    let _ = tokio::time::timeout(LOOK, events.changed()).await;
                }
                Err(error) => {
                    let Delivery {
                        webhook, observer, ..
                    } = &delivery;
                    webhook.unavailable(&error, &mut broken, observer).await;
                }
            }
        }
    }

    /// Tells that the log can't be read, and waits.
    async fn unavailable(&self, error: &StorageError, failures: &mut u32, tell: &EventObserver) {
        *failures += 1;
        if failures.is_power_of_two() {
            tell(EventNotice::LogUnavailable {
                name: self.name.clone(),
                reason: error.to_string(),
            });
        }
        tokio::time::sleep(self.backoff.wait(*failures)).await;
    }

    fn wants(&self, event: &Event) -> bool {
        let repository = event.repository.as_ref();
        self.kinds.contains(&event.kind)
            && repository.is_none_or(|name| self.repositories.matches(name.as_str()))
    }

    fn too_old(&self, event: &Event, now: Timestamp) -> bool {
        now.duration_since(event.at) > self.give_up_after
    }

    fn message(&self, events: &[&Event], source: &Source) -> Message {
        let ids = (events.first(), events.last());
        let (Some(first), Some(last)) = ids else {
            unreachable!("no message is made of no events")
        };
        let (media_type, body) = match self.format {
            WebhookFormat::Distribution => {
                let body = distribution::envelope(events, source);
                (distribution::MEDIA_TYPE, body)
            }
            WebhookFormat::CloudEvents => (cloud::MEDIA_TYPE, cloud::event(first, source)),
        };
        Message {
            id: source.name_of(first.id, last.id),
            media_type,
            body,
        }
    }
}

/// A delivery that goes on.
struct Delivery {
    webhook: Webhook,
    source: Source,
    reader: Arc<Reader>,
    observer: EventObserver,
    /// In a row.
    failures: u32,
}

impl Delivery {
    /// Goes through the next page of the log; `false` when there was none. Returns only when all of
    /// it is delivered, dropped or not wanted.
    async fn page(&mut self, cursor: &mut Cursor) -> Result<bool, StorageError> {
        let page = cursor.storage.events(cursor.at, PAGE).await?;
        let Some(last) = page.last().map(|event| event.id) else {
            self.reader.at(cursor.at, 0, None);
            return Ok(false);
        };
        let wanted = page.iter().filter(|event| self.webhook.wants(event));
        let wanted: Vec<&Event> = wanted.collect();
        let mut rest = wanted.as_slice();
        while !rest.is_empty() {
            rest = self.without_old(rest);
            let size = self.batch().min(rest.len());
            let Some(newest) = rest[..size].last() else {
                break;
            };
            self.reader.at(last, rest.len(), Some(rest[0].at));
            let message = self.webhook.message(&rest[..size], &self.source);
            match self.webhook.endpoint.post(&message).await {
                Ok(()) => {
                    self.reader.asked(true, size);
                    self.delivered();
                    cursor.at = newest.id;
                    cursor.save().await?;
                    rest = &rest[size..];
                }
                Err(undelivered) => self.failed(undelivered).await,
            }
        }
        cursor.at = last;
        self.reader.at(last, 0, None);
        // A note for each page that had nothing to deliver would be a write for each push.
        if cursor.at - cursor.saved >= UNNOTED {
            cursor.save().await?;
        }
        Ok(true)
    }

    /// How many events the next message has.
    fn batch(&self) -> usize {
        let single = self.webhook.format == WebhookFormat::CloudEvents;
        if single || self.failures >= BROKEN {
            1
        } else {
            BATCH
        }
    }

    /// Drops what nobody waits for any more.
    fn without_old<'a, 'e>(&self, events: &'a [&'e Event]) -> &'a [&'e Event] {
        let now = Timestamp::now();
        let old = events
            .iter()
            .take_while(|event| self.webhook.too_old(event, now));
        let old = old.count();
        if old > 0 {
            self.reader.dropped(old);
            (self.observer)(EventNotice::Dropped {
                name: self.webhook.name.clone(),
                events: old,
            });
        }
        &events[old..]
    }

    fn delivered(&mut self) {
        let failures = std::mem::take(&mut self.failures);
        if failures > 0 {
            (self.observer)(EventNotice::Recovered {
                name: self.webhook.name.clone(),
                failures,
            });
        }
    }

    async fn failed(&mut self, undelivered: Undelivered) {
        self.reader.asked(false, 0);
        self.failures = self.failures.saturating_add(1);
        let wait = self.webhook.backoff.wait(self.failures);
        let retry_in = undelivered
            .retry_after
            .map_or(wait, |asked| asked.max(wait));
        if self.failures.is_power_of_two() {
            (self.observer)(EventNotice::Undelivered {
                name: self.webhook.name.clone(),
                reason: undelivered.reason,
                failures: self.failures,
                retry_in,
            });
        }
        tokio::time::sleep(retry_in).await;
    }
}

fn tls(config: &WebhookConfig, roots: &RootCertStore) -> Result<rustls::ClientConfig, String> {
    let mut roots = roots.clone();
    if let Some(path) = &config.ca {
        let fault = |reason: &dyn std::fmt::Display| format!("{}: {reason}", path.display());
        let certificates = CertificateDer::pem_file_iter(path).map_err(|error| fault(&error))?;
        let before = roots.len();
        for certificate in certificates {
            let certificate = certificate.map_err(|error| fault(&error))?;
            roots.add(certificate).map_err(|error| fault(&error))?;
        }
        if roots.len() == before {
            return Err(fault(&"holds no certificate"));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

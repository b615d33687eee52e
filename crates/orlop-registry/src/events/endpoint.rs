//! One endpoint: posting a message and reading its answer.

use std::time::Duration;

use http::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use reqwest::redirect::Policy;
use url::Url;

use super::signature::Signer;

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
/// An endpoint that asks for more patience than this doesn't get it.
const MOST_PATIENCE: Duration = Duration::from_secs(60 * 60);

/// What is posted.
pub(super) struct Message {
    /// The same each time that it is sent.
    pub(super) id: String,
    pub(super) media_type: &'static str,
    pub(super) body: Vec<u8>,
}

/// Why a message wasn't taken.
pub(super) struct Undelivered {
    pub(super) reason: String,
    /// What the endpoint asks for.
    pub(super) retry_after: Option<Duration>,
}

/// An endpoint.
pub(super) struct Endpoint {
    client: reqwest::Client,
    url: Url,
    headers: HeaderMap,
    signer: Option<Signer>,
}

impl Endpoint {
    pub(super) fn new(
        url: Url,
        mut headers: HeaderMap,
        signer: Option<Signer>,
        tls: rustls::ClientConfig,
        timeout: Duration,
    ) -> Result<Self, String> {
        let agent = concat!("orlop-registry/", env!("CARGO_PKG_VERSION"));
        headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static(agent));
        let client = reqwest::Client::builder()
            // Where events go is for the configuration to say, and for nobody else.
            .redirect(Policy::none())
            .no_proxy()
            .timeout(timeout)
            .connect_timeout(timeout)
            .pool_max_idle_per_host(1)
            .tls_backend_preconfigured(tls)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self {
            client,
            url,
            headers,
            signer,
        })
    }

    /// Posts a message. Anything but 2xx says that it wasn't taken.
    pub(super) async fn post(&self, message: &Message) -> Result<(), Undelivered> {
        let now = Timestamp::now().as_second();
        let mut headers = self.headers.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(message.media_type));
        headers.insert(TIMESTAMP, HeaderValue::from(now));
        let id = HeaderValue::from_str(&message.id);
        headers.insert(ID, id.expect("a UUID is a header's value"));
        if let Some(signer) = &self.signer {
            let signature = signer.sign(&message.id, now, &message.body);
            let signature = HeaderValue::from_str(&signature);
            headers.insert(SIGNATURE, signature.expect("base64 is a header's value"));
        }
        let request = self.client.post(self.url.clone()).headers(headers);
        let answer = request.body(message.body.clone()).send().await;
        let answer = answer.map_err(|error| Undelivered {
            // Without the URL, whose query may hold a secret.
            reason: innermost(&error.without_url()),
            retry_after: None,
        })?;
        // The body isn't read: nothing in it is for us. The connection is lost for it, unless the
        // answer was short enough to be here already.
        if answer.status().is_success() {
            return Ok(());
        }
        let after = answer.headers().get(RETRY_AFTER);
        let after = after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Err(Undelivered {
            reason: format!("it answered {}", answer.status()),
            retry_after: after.map(|seconds| Duration::from_secs(seconds).min(MOST_PATIENCE)),
        })
    }
}

/// What went wrong at the bottom of it, which is the part that tells something.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

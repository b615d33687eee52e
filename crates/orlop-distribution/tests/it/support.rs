//! A server whose answers a test decides, and which remembers what it was asked.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Response, StatusCode};
use bytes::Bytes;
use futures_util::StreamExt as _;
use orlop_distribution::{
    BlobStream, Client, ClientConfig, Credential, CredentialError, Credentials, Error, Keeper,
    RegistriesConfig, RegistryConfig, Remote, RetryPolicy,
};
use orlop_oci::{Descriptor, Digest, MediaType};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Method and path, without query.
    pub(crate) fn line(&self) -> String {
        let path = self.target.split('?').next().unwrap_or_default();
        format!("{} {path}", self.method)
    }
}

pub(crate) type Answer = Response<Body>;
type Handler = dyn Fn(&Asked) -> Answer + Send + Sync;

/// A server on a free port of loopback. Ends with the test's runtime.
pub(crate) struct Fake {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    pub(crate) async fn start(handler: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self::start_with(|_| handler).await
    }

    /// For a handler that must know its own address.
    pub(crate) async fn start_with<H>(make: impl FnOnce(SocketAddr) -> H) -> Self
    where
        H: Fn(&Asked) -> Answer + Send + Sync + 'static,
    {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let app = router(asked.clone(), Arc::new(make(address)));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, asked }
    }

    /// The registry's name: host and port.
    pub(crate) fn name(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The lines of all requests.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.asked().iter().map(Asked::line).collect()
    }

    pub(crate) fn count(&self, line: &str) -> usize {
        self.lines().iter().filter(|have| *have == line).count()
    }

    /// No request carried a password or a token.
    pub(crate) fn saw_no_secret(&self) -> bool {
        self.asked()
            .iter()
            .all(|asked| asked.header("authorization").is_none())
    }
}

pub(crate) fn router(asked: Arc<Mutex<Vec<Asked>>>, handler: Arc<Handler>) -> axum::Router {
    axum::Router::new().fallback(move |request: Request| {
        let (asked, handler) = (asked.clone(), handler.clone());
        async move {
            let (head, body) = request.into_parts();
            let body = axum::body::to_bytes(body, 1 << 30)
                .await
                .unwrap_or_default();
            let this = Asked {
                method: head.method.to_string(),
                target: head.uri.path_and_query().unwrap().to_string(),
                headers: head.headers,
                body,
            };
            asked.lock().unwrap().push(this.clone());
            handler(&this)
        }
    })
}

pub(crate) fn status(code: u16) -> Answer {
    reply(code, &[], "")
}

pub(crate) fn reply(code: u16, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let mut response = Response::builder().status(code);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body.into()).unwrap()
}

/// An error of the distribution-spec.
pub(crate) fn refusal(code: u16, name: &str, message: &str) -> Answer {
    let body = format!(r#"{{"errors":[{{"code":"{name}","message":"{message}"}}]}}"#);
    reply(code, &[("content-type", "application/json")], body)
}

/// A body that breaks off after `bytes`.
pub(crate) fn broken(bytes: Bytes) -> Body {
    let pieces = vec![Ok(bytes), Err(std::io::Error::other("cut"))];
    // The pause lets the first piece out before the connection is closed.
    Body::from_stream(futures_util::stream::iter(pieces).then(async |piece| {
        if piece.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        piece
    }))
}

/// A challenge for a token of `realm`.
pub(crate) fn challenge(realm: &str) -> Answer {
    let header = format!(r#"Bearer realm="{realm}",service="fake",scope="repository:ignored:*""#);
    let body = r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"#;
    reply(401, &[("www-authenticate", &header)], body)
}

/// What a test sets for its registry.
pub(crate) fn settings() -> RegistryConfig {
    RegistryConfig {
        idle_timeout: Some(2),
        retries: Some(3),
        ..RegistryConfig::default()
    }
}

pub(crate) fn config(tables: &[(&str, RegistryConfig)]) -> ClientConfig {
    let tables: BTreeMap<String, RegistryConfig> = tables
        .iter()
        .map(|(host, table)| ((*host).to_owned(), table.clone()))
        .collect();
    ClientConfig {
        registries: RegistriesConfig(tables),
        retry: RetryPolicy {
            first_delay: Duration::from_millis(2),
            longest_delay: Duration::from_secs(2),
        },
        ..ClientConfig::default()
    }
}

/// A client that quickly loses patience.
pub(crate) fn client() -> Client {
    Client::new(config(&[("*", settings())])).unwrap()
}

pub(crate) fn client_as(credential: Credential) -> Client {
    client_with(settings(), credential)
}

pub(crate) fn client_with(settings: RegistryConfig, credential: Credential) -> Client {
    let mut config = config(&[("*", settings)]);
    config.credentials = Arc::new(Fixed(credential));
    Client::new(config).unwrap()
}

/// One credential for whoever asks.
pub(crate) struct Fixed(pub(crate) Credential);

impl Credentials for Fixed {
    fn get(&self, _registry: &str) -> Result<Option<Credential>, CredentialError> {
        Ok(Some(self.0.clone()))
    }

    fn store(&self, _registry: &str, _credential: &Credential) -> Result<Keeper, CredentialError> {
        Err(CredentialError::ReadOnly("a test".into()))
    }

    fn erase(&self, _registry: &str) -> Result<bool, CredentialError> {
        Ok(false)
    }
}

pub(crate) fn remote(client: &Client, fake: &Fake, path: &str) -> Remote {
    client.repository(&format!("{}/{path}", fake.name()).parse().unwrap())
}

/// Bytes that don't repeat within a part of a download.
pub(crate) fn noise(length: usize) -> Bytes {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes.into()
}

pub(crate) fn descriptor(bytes: &[u8]) -> Descriptor {
    Descriptor::new(
        MediaType::OciLayerGzip,
        Digest::of(bytes),
        bytes.len() as u64,
    )
}

/// Reads a stream to its end or its first error.
pub(crate) async fn collect(mut stream: BlobStream) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok(bytes)
}

/// `bytes=A-B` of a request.
pub(crate) fn range(asked: &Asked) -> Option<(usize, usize)> {
    let (first, last) = asked
        .header("range")?
        .strip_prefix("bytes=")?
        .split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

/// Serves `bytes` as a registry that knows ranges.
pub(crate) fn serve_range(asked: &Asked, bytes: &Bytes) -> Answer {
    match range(asked) {
        None => reply(200, &[], bytes.clone()),
        Some((first, last)) if first <= last && last < bytes.len() => {
            let header = format!("bytes {first}-{last}/{}", bytes.len());
            reply(
                206,
                &[("content-range", &header)],
                bytes.slice(first..=last),
            )
        }
        Some(_) => status(StatusCode::RANGE_NOT_SATISFIABLE.as_u16()),
    }
}

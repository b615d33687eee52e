//! The other end of a connection.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::HeaderMap;
use http::header::{HOST, HeaderName};
use http::request::Parts;
use http::uri::Authority;
use orlop_access::CertificateNames;

use crate::options::ServerOptions;
use crate::server::outbox::Outbox;
use crate::server::pulse::Pulse;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The other end of a connection: the same for all of its requests.
#[derive(Debug)]
pub(crate) struct Peer {
    /// Where it connects from.
    pub(crate) address: SocketAddr,
    /// Where it connected to.
    pub(crate) local: SocketAddr,
    /// Behind TLS.
    pub(crate) secure: bool,
    /// On the listener for metrics and health.
    pub(crate) operation: bool,
    /// Of a client certificate that TLS verified.
    pub(crate) certificate: Option<CertificateNames>,
    /// Where files can be promised; `None` behind TLS.
    pub(crate) outbox: Option<Outbox>,
    /// What happens on the connection, for its time limits.
    pub(crate) pulse: Arc<Pulse>,
}

impl Peer {
    fn is_trusted(&self, options: &ServerOptions) -> bool {
        let address = self.address.ip().to_canonical();
        options.trusted_proxies.contains(&address)
    }

    /// Where a request comes from: the last address of `X-Forwarded-For` that isn't a proxy of
    /// ours, when a proxy of ours sent it.
    pub(crate) fn client_address(&self, headers: &HeaderMap, options: &ServerOptions) -> IpAddr {
        let direct = self.address.ip().to_canonical();
        if !self.is_trusted(options) {
            return direct;
        }
        let values = headers.get_all(FORWARDED_FOR).into_iter();
        let values: Vec<_> = values.filter_map(|value| value.to_str().ok()).collect();
        let mut hops = values.iter().flat_map(|value| value.split(',')).rev();
        hops.find_map(|hop| {
            let address: IpAddr = hop.trim().parse().ok()?;
            (!options.trusted_proxies.contains(&address)).then_some(address)
        })
        .unwrap_or(direct)
    }

    /// The registry as this client knows it, without a slash at the end.
    pub(crate) fn public_url(&self, parts: &Parts, options: &ServerOptions) -> String {
        if let Some(url) = &options.public_url {
            return url.as_str().trim_end_matches('/').to_owned();
        }
        let forwarded = parts
            .headers
            .get(FORWARDED_PROTO)
            .filter(|_| self.is_trusted(options));
        let secure = forwarded.map_or(self.secure, |value| value == "https");
        let scheme = if secure { "https" } else { "http" };
        let host = parts
            .headers
            .get(HOST)
            .and_then(|value| value.to_str().ok());
        let host = host.and_then(|text| text.parse::<Authority>().ok());
        match parts.uri.authority().or(host.as_ref()) {
            // Without what may stand in front of an `@`.
            Some(authority) => match authority.port() {
                Some(port) => format!("{scheme}://{}:{port}", authority.host()),
                None => format!("{scheme}://{}", authority.host()),
            },
            None => format!("{scheme}://{}", self.local),
        }
    }
}

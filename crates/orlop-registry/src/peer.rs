//! The other end of a connection.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
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
        is_proxy(self.address.ip().to_canonical(), options)
    }

    /// Where a request comes from: the last address of `X-Forwarded-For` that isn't a proxy of
    /// ours, when a proxy of ours sent it. Whatever stands left of it, or of something that is no
    /// address, may be the client's invention.
    pub(crate) fn client_address(&self, headers: &HeaderMap, options: &ServerOptions) -> IpAddr {
        let direct = self.address.ip().to_canonical();
        if !self.is_trusted(options) {
            return direct;
        }
        let values = headers.get_all(FORWARDED_FOR).into_iter();
        let values: Vec<_> = values.map(|value| value.to_str().unwrap_or("")).collect();
        let hops = values.iter().flat_map(|value| value.split(',')).rev();
        let mut client = direct;
        for address in hops.map_while(hop) {
            client = address;
            if !is_proxy(address, options) {
                break;
            }
        }
        client
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

fn is_proxy(address: IpAddr, options: &ServerOptions) -> bool {
    let mut proxies = options.trusted_proxies.iter();
    proxies.any(|proxy| proxy.to_canonical() == address)
}

/// An address as proxies write it: bare, or with its port, or IPv6 in brackets.
fn hop(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = || text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || {
        let inner = text.strip_prefix('[')?.strip_suffix(']')?;
        inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
    };
    let address = bare().or_else(with_port).or_else(bracketed)?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Timeouts;

    #[test]
    fn nothing_left_of_what_is_no_address_is_believed() {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let peer = Peer {
            address,
            local: address,
            secure: false,
            operation: false,
            certificate: None,
            outbox: None,
            pulse: Arc::new(Pulse::new(&Timeouts::default())),
        };
        let proxies = ["127.0.0.1", "192.0.2.7", "2001:db8::7"];
        let options = ServerOptions {
            trusted_proxies: proxies.map(|proxy| proxy.parse().unwrap()).to_vec(),
            ..ServerOptions::default()
        };
        for (forwarded, expected) in [
            ("6.6.6.6, 10.1.2.3:55", "10.1.2.3"),
            ("6.6.6.6, unknown", "127.0.0.1"),
            ("6.6.6.6, unknown, 192.0.2.7:80", "192.0.2.7"),
            ("6.6.6.6, , 192.0.2.7", "192.0.2.7"),
            ("6.6.6.6, [2001:db8::1]:55, 192.0.2.7", "2001:db8::1"),
            ("6.6.6.6, [2001:db8::1], [2001:db8::7]:1", "2001:db8::1"),
            ("6.6.6.6, 10.1.2.3, ::ffff:192.0.2.7", "10.1.2.3"),
            ("6.6.6.6, ::ffff:10.1.2.3", "10.1.2.3"),
            ("6.6.6.6", "6.6.6.6"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(FORWARDED_FOR, forwarded.parse().unwrap());
            let client = peer.client_address(&headers, &options);
            assert_eq!(client.to_string(), expected, "{forwarded}");
        }
    }
}

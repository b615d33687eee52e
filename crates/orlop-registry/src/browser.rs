//! What a web page could make a browser do to a registry that everybody on this machine may push to.
//!
//! Such a registry listens on the loopback, where only this machine is; but a browser is on this
//! machine, too, and runs what strangers wrote. Two ways lead from a page to us:
//!
//! - *DNS rebinding*: the name that the page came from becomes 127.0.0.1, and the browser takes us for
//!   the page's own server. It gives that name as `Host`, so that we answer to names of the loopback
//!   only, and to those that the configuration knows.
//! - *A request across origins*: a page may send simple ones (a `POST`) anywhere without asking. The
//!   browser says in `Origin` where the page is from, and other programs have no such header.
//!
//! Behind TLS the first can't be: the certificate isn't for the page's name.

use std::net::{IpAddr, SocketAddr};

use http::header::{HOST, ORIGIN};
use http::request::Parts;
use http::uri::Authority;
use http::{Method, StatusCode};
use orlop_access::{AccessControl, AnonymousAccess};
use url::{Host, Url};

use crate::failure::{Code, Failure};
use crate::options::ServerOptions;
use crate::peer::Peer;

/// Whom a registry answers that is open to this machine.
pub(crate) struct Pages {
    /// It listens on the loopback only.
    here: bool,
    /// Names that it answers to beside those of the loopback.
    hosts: Vec<Host>,
    allowed_origins: Vec<String>,
}

impl Pages {
    pub(crate) fn new(options: &ServerOptions) -> Self {
        let loopback = |address: &SocketAddr| address.ip().to_canonical().is_loopback();
        let public = options.public_url.as_ref();
        let public = public.and_then(|url| url.host().map(|host| host.to_owned()));
        let named = options.hosts.iter().filter_map(|name| parse(name));
        Self {
            here: options.listen.iter().all(loopback),
            hosts: named.chain(public).collect(),
            allowed_origins: options.allowed_origins.clone(),
        }
    }

    /// Refuses what a page may have sent that isn't meant to use the registry.
    pub(crate) fn check(
        &self,
        access: &AccessControl,
        peer: &Peer,
        parts: &Parts,
    ) -> Result<(), Failure> {
        if !self.here || peer.operation || access.anonymous() != AnonymousAccess::Push {
            return Ok(());
        }
        if !peer.secure && !authorities(parts).all(|host| host.is_some_and(|h| self.answers(&h))) {
            return Err(Failure::new(
                StatusCode::MISDIRECTED_REQUEST,
                Code::Denied,
                "everybody on this machine may push here, so that only localhost is answered to; \
                 serve.hosts names other hosts",
            ));
        }
        let reads = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
        if !reads && !self.origins_fit(parts) {
            return Err(Failure::new(
                StatusCode::FORBIDDEN,
                Code::Denied,
                "a web page of another origin may change nothing here; serve.allowed_origins names \
                 those that may",
            ));
        }
        Ok(())
    }

    fn answers(&self, host: &Authority) -> bool {
        let Some(host) = parse(host.host()) else {
            return false;
        };
        let here = match &host {
            Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => IpAddr::V6(*address).to_canonical().is_loopback(),
        };
        here || self.hosts.contains(&host)
    }

    /// No page sent it, or one of our own or of an origin that is allowed.
    fn origins_fit(&self, parts: &Parts) -> bool {
        let mut origins = parts.headers.get_all(ORIGIN).iter();
        origins.all(|origin| {
            let allowed =
                |allowed: &String| allowed == "*" || allowed.as_bytes() == origin.as_bytes();
            self.allowed_origins.iter().any(allowed)
                || origin.to_str().is_ok_and(|origin| is_own(origin, parts))
        })
    }
}

/// The hosts that a request is for, `None` for one that can't be read.
fn authorities(parts: &Parts) -> impl Iterator<Item = Option<Authority>> {
    let headers = parts.headers.get_all(HOST).into_iter();
    let headers = headers.map(|value| value.to_str().ok()?.parse().ok());
    let target = parts.uri.authority().cloned().map(Some);
    headers.chain(target)
}

/// A host without its port; the dot at the end of a full name doesn't count.
fn parse(host: &str) -> Option<Host> {
    Host::parse(host.strip_suffix('.').unwrap_or(host)).ok()
}

/// The page came from the host and port that it asks.
fn is_own(origin: &str, parts: &Parts) -> bool {
    let Ok(origin) = Url::parse(origin) else {
        return false;
    };
    let default = match origin.scheme() {
        "https" => 443,
        _ => 80,
    };
    let mut asked = authorities(parts);
    asked.all(|asked| {
        asked.is_some_and(|asked| {
            let host = parse(asked.host());
            host.is_some()
                && host == origin.host().map(|host| host.to_owned())
                && asked.port_u16().unwrap_or(default) == origin.port().unwrap_or(default)
        })
    })
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn pages(change: impl FnOnce(&mut ServerOptions)) -> Pages {
        let mut options = ServerOptions::default();
        change(&mut options);
        Pages::new(&options)
    }

    fn asked(target: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::post(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn answers(pages: &Pages, host: &str) -> bool {
        let parts = asked("/v2/", &[("host", host)]);
        authorities(&parts).all(|host| host.is_some_and(|host| pages.answers(&host)))
    }

    #[test]
    fn names_of_this_machine_and_named_ones() {
        let pages = pages(|options| {
            options.hosts = vec![
                "Registry.Test".into(),
                "192.0.2.7".into(),
                "[2001:db8::7]".into(),
            ];
            options.public_url = Some("https://public.example:8443".parse().unwrap());
        });
        for host in [
            "localhost",
            "LocalHost:5000",
            "localhost.",
            "registry.localhost:5000",
            "127.0.0.1:5000",
            "127.8.9.10",
            "[::1]:5000",
            "[::ffff:127.0.0.1]:5000",
            "registry.test",
            "registry.test:5000",
            "192.0.2.7:5000",
            "[2001:db8::7]:5000",
            "public.example",
        ] {
            assert!(answers(&pages, host), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:5000",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evillocalhost",
            "0.0.0.0:5000",
            "192.0.2.8",
            "[2001:db8::8]",
            "a.registry.test",
            "@",
            "a b",
            "",
        ] {
            assert!(!answers(&pages, host), "{host}");
        }
    }

    #[test]
    fn origins() {
        let pages =
            pages(|options| options.allowed_origins = vec!["https://portal.example".into()]);
        for (host, origin, fits) in [
            ("localhost:5000", "http://localhost:5000", true),
            ("127.0.0.1:5000", "http://127.0.0.1:5000", true),
            ("[::1]:5000", "http://[::1]:5000", true),
            ("localhost", "http://localhost", true),
            ("localhost:443", "https://localhost", true),
            ("localhost:5000", "https://portal.example", true),
            ("localhost:5000", "http://localhost:3000", false),
            ("localhost:5000", "http://localhost", false),
            ("localhost:5000", "http://evil.example:5000", false),
            ("localhost:5000", "http://portal.example", false),
            ("localhost:5000", "null", false),
            ("localhost:5000", "", false),
        ] {
            let parts = asked("/v2/", &[("host", host), ("origin", origin)]);
            assert_eq!(pages.origins_fit(&parts), fits, "{host} {origin}");
        }
        let none = asked("/v2/", &[("host", "localhost:5000")]);
        assert!(pages.origins_fit(&none), "no page sent it");
        let two = [
            ("origin", "http://localhost:5000"),
            ("origin", "http://evil.example"),
        ];
        let two = asked("http://localhost:5000/v2/", &two);
        assert!(!pages.origins_fit(&two));
    }
}

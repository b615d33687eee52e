//! Addresses that a registry may send us to, and those it may not.
//!
//! A registry names other hosts: token realms, redirects, upload locations. Without a rule it could
//! make this machine ask its own services or its cloud's metadata service in its place
//! (server-side request forgery). So an address that only means something from here is refused,
//! by its literal form and again when its name is resolved.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Metadata services at addresses outside the link-local range: AWS (IPv6), Alibaba Cloud.
const METADATA: [IpAddr; 2] = [
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
];

/// Scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl Origin {
    pub(crate) fn of(url: &Url) -> Self {
        Self {
            scheme: url.scheme().to_owned(),
            host: host(url),
            port: url.port_or_known_default(),
        }
    }
}

/// The host of an address in lower case, without its port and without a final dot.
pub(crate) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    host.trim_end_matches('.').to_ascii_lowercase()
}

/// The host and port of an address as people write them.
pub(crate) fn authority(url: &Url) -> String {
    match url.port() {
        Some(port) => format!("{}:{port}", host(url)),
        None => host(url),
    }
}

/// The host of `HOST[:PORT]` is this machine: `localhost`, `127.0.0.0/8`, `[::1]`.
pub(crate) fn is_loopback_authority(authority: &str) -> bool {
    Url::parse(&format!("http://{authority}/")).is_ok_and(|url| is_loopback(&url))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_local_name(name),
        Some(Host::Ipv4(ip)) => is_loopback_ip(ip.into()),
        Some(Host::Ipv6(ip)) => is_loopback_ip(ip.into()),
        None => false,
    }
}

fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
}

fn canonical(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    }
}

fn is_loopback_ip(ip: IpAddr) -> bool {
    canonical(ip).is_loopback()
}

/// Never an address that a registry may name: link-local (all metadata services of clouds are
/// there but those above), unspecified, multicast, broadcast.
fn is_never_public(ip: IpAddr) -> bool {
    let ip = canonical(ip);
    let special = match ip {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_broadcast() || v4.octets()[0] == 0,
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    special || ip.is_unspecified() || ip.is_multicast() || METADATA.contains(&ip)
}

/// Why `url`, named by a registry that is on loopback itself or not, isn't asked.
pub(crate) fn refusal(url: &Url, loopback_allowed: bool) -> Option<&'static str> {
    let (name, ip) = match url.host()? {
        Host::Domain(name) => (Some(name), None),
        Host::Ipv4(ip) => (None, Some(IpAddr::V4(ip))),
        Host::Ipv6(ip) => (None, Some(IpAddr::V6(ip))),
    };
    let loopback = name.is_some_and(is_local_name) || ip.is_some_and(is_loopback_ip);
    if loopback && !loopback_allowed {
        return Some("it is an address of this machine, and the registry is not");
    }
    if ip.is_some_and(is_never_public) {
        return Some("it is a link-local or metadata address");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("it has a user in it");
    }
    None
}

/// Resolves names, and drops the addresses that a registry may not send us to.
#[derive(Clone, Debug)]
pub(crate) struct GuardedResolver {
    pub(crate) loopback_allowed: bool,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let loopback_allowed = self.loopback_allowed;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0))
                .await?
                .filter(|address| {
                    let ip = address.ip();
                    !is_never_public(ip) && (loopback_allowed || !is_loopback_ip(ip))
                })
                .collect();
            if found.is_empty() {
                let text = "the name has only addresses that a registry may not send us to";
                return Err(text.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_registry_may_not_send_us() {
        for (text, from_outside, from_loopback) in [
            ("https://auth.docker.io/token", true, true),
            ("https://10.1.2.3/token", true, true),
            ("https://169.254.169.254/latest/meta-data", false, false),
            ("https://[fe80::1]/", false, false),
            ("https://[::ffff:169.254.169.254]/", false, false),
            ("https://[fd00:ec2::254]/", false, false),
            ("https://100.100.100.200/", false, false),
            ("https://0.0.0.0/", false, false),
            ("https://0x7f.1/", false, true),
            ("https://2130706433/", false, true),
            ("https://127.0.0.1:5001/token", false, true),
            ("https://[::1]/", false, true),
            ("https://[::ffff:127.0.0.1]/", false, true),
            ("https://localhost/", false, true),
            ("https://LOCALHOST./", false, true),
            ("https://a.localhost/", false, true),
            ("https://user@auth.example/", false, false),
            ("https://u:p@auth.example/", false, false),
        ] {
            let url: Url = text.parse().unwrap();
            assert_eq!(refusal(&url, false).is_none(), from_outside, "{text}");
            assert_eq!(refusal(&url, true).is_none(), from_loopback, "{text}");
        }
    }

    #[test]
    fn origins() {
        let origin = |text: &str| Origin::of(&text.parse().unwrap());
        assert_eq!(origin("https://a.b/x"), origin("https://A.B:443/y?z"));
        assert_ne!(origin("https://a.b/"), origin("http://a.b/"));
        assert_ne!(origin("https://a.b/"), origin("https://a.b:444/"));
        assert!(is_loopback_authority("[::1]:5000"));
        assert!(is_loopback_authority("127.9.9.9"));
        assert!(!is_loopback_authority("127.0.0.1.example.com"));
    }

    #[tokio::test]
    async fn names_of_this_machine_do_not_resolve() {
        let guarded = GuardedResolver {
            loopback_allowed: false,
        };
        let name = "localhost".parse().unwrap();
        assert!(guarded.resolve(name).await.is_err());
        let open = GuardedResolver {
            loopback_allowed: true,
        };
        let name = "localhost".parse().unwrap();
        assert!(open.resolve(name).await.is_ok());
    }
}

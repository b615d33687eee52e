//! What may be set for each registry: the `[registry."HOST"]` tables of the configuration file.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use orlop_oci::DEFAULT_REGISTRY;

use crate::quirks;

/// The key whose values hold for every registry that doesn't say otherwise.
pub const ANY_REGISTRY: &str = "*";

/// Why a configuration is refused. The text names the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("registry.{registry:?}.{key}: {why}")]
pub struct RegistryConfigError {
    /// The table.
    pub registry: String,
    /// The key in it.
    pub key: &'static str,
    /// What is wrong.
    pub why: String,
}

/// All `[registry."HOST"]` tables, by host (with its port, as references spell it). The table `"*"`
/// holds for every registry, value by value, where its own table is silent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RegistriesConfig(pub BTreeMap<String, RegistryConfig>);

/// What may be set for one registry (or for a mirror, by its own host).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegistryConfig {
    /// Tried in order before the registry itself when something is fetched; never pushed to. A URL;
    /// its path, if it has one, goes before the repository's (`https://harbor.example/hub-proxy`).
    pub mirrors: Vec<String>,
    /// Where repositories are searched: the URL before `/v1/search`. Default: the registry itself; for
    /// Docker Hub its index.
    pub search: Option<String>,
    /// Speak plain HTTP at once.
    pub plain_http: Option<bool>,
    /// `false`: don't check the registry's certificate, and fall back to plain HTTP when it doesn't
    /// speak TLS (what docker calls an insecure registry). Default: true.
    pub tls_verify: Option<bool>,
    /// A PEM file with certificate authorities to trust besides the system's.
    pub ca: Option<PathBuf>,
    /// A PEM file with the certificate chain to show to the registry.
    pub client_cert: Option<PathBuf>,
    /// The PEM file with the key of `client_cert`.
    pub client_key: Option<PathBuf>,
    /// A proxy (`http://`, `https://` or `socks5://`) for this registry; `none` for no proxy.
    pub proxy: Option<String>,
    /// How many connections fetch one big blob. Default: chosen by what the first megabytes show,
    /// 4 at most; always 1 on loopback.
    pub connections: Option<usize>,
    /// How often a request that failed for a passing reason is tried again. Default: 5.
    pub retries: Option<u32>,
    /// Seconds until a connection must stand. Default: 30.
    pub connect_timeout: Option<u64>,
    /// Seconds without a single byte after which a connection counts as dead. Default: 60.
    pub idle_timeout: Option<u64>,
    /// Upload blobs in chunks of this many bytes. Default: in one piece, unless the registry asks
    /// for chunks.
    pub upload_chunk: Option<u64>,
    /// Hosts besides the registry's own domain to which its password may be sent to get a token.
    pub trusted_realms: Vec<String>,
}

impl RegistriesConfig {
    /// The settings of `host`, with those of `"*"` where it has none of its own.
    pub fn of(&self, host: &str) -> RegistryConfig {
        let own = self.table(host).cloned().unwrap_or_default();
        match self.0.get(ANY_REGISTRY) {
            Some(any) => own.or(any),
            None => own,
        }
    }

    fn table(&self, host: &str) -> Option<&RegistryConfig> {
        self.0.get(host).or_else(|| {
            let alias = (host == DEFAULT_REGISTRY).then_some(quirks::HUB_ALIASES);
            alias?.iter().find_map(|name| self.0.get(*name))
        })
    }

    /// Looks for values that can't work.
    ///
    /// # Errors
    /// The first one, with its key.
    pub fn check(&self) -> Result<(), RegistryConfigError> {
        for (registry, table) in &self.0 {
            table.check(registry)?;
        }
        Ok(())
    }
}

impl RegistryConfig {
    fn or(self, any: &Self) -> Self {
        let either = |own: Vec<String>, any: &Vec<String>| {
            if own.is_empty() { any.clone() } else { own }
        };
        Self {
            mirrors: either(self.mirrors, &any.mirrors),
            search: self.search.or_else(|| any.search.clone()),
            plain_http: self.plain_http.or(any.plain_http),
            tls_verify: self.tls_verify.or(any.tls_verify),
            ca: self.ca.or_else(|| any.ca.clone()),
            client_cert: self.client_cert.or_else(|| any.client_cert.clone()),
            client_key: self.client_key.or_else(|| any.client_key.clone()),
            proxy: self.proxy.or_else(|| any.proxy.clone()),
            connections: self.connections.or(any.connections),
            retries: self.retries.or(any.retries),
            connect_timeout: self.connect_timeout.or(any.connect_timeout),
            idle_timeout: self.idle_timeout.or(any.idle_timeout),
            upload_chunk: self.upload_chunk.or(any.upload_chunk),
            trusted_realms: either(self.trusted_realms, &any.trusted_realms),
        }
    }

    fn check(&self, registry: &str) -> Result<(), RegistryConfigError> {
        let wrong = |key, why: String| {
            Err(RegistryConfigError {
                registry: registry.to_owned(),
                key,
                why,
            })
        };
        for mirror in &self.mirrors {
            if let Err(why) = parse_mirror(mirror) {
                return wrong("mirrors", why);
            }
        }
        if let Some(search) = &self.search
            && let Err(why) = parse_search(search)
        {
            return wrong("search", why);
        }
        if let Some(proxy) = &self.proxy
            && !is_no_proxy(proxy)
            && Url::parse(proxy).is_err()
        {
            return wrong("proxy", format!("{proxy:?} is not a URL"));
        }
        if self.client_key.is_some() != self.client_cert.is_some() {
            return wrong(
                "client_cert",
                "needs client_key beside it, and the other way round".into(),
            );
        }
        if self.connections == Some(0) || self.connections.is_some_and(|n| n > 32) {
            return wrong("connections", "must be between 1 and 32".into());
        }
        if self.upload_chunk.is_some_and(|size| size < 1 << 16) {
            return wrong("upload_chunk", "must be at least 65536 bytes".into());
        }
        if self.plain_http == Some(true) && self.ca.is_some() {
            return wrong("plain_http", "contradicts ca".into());
        }
        Ok(())
    }

    pub(crate) fn retries(&self) -> u32 {
        self.retries.unwrap_or(5)
    }

    pub(crate) fn connect_timeout(&self) -> Duration {
        Duration::from_secs(self.connect_timeout.unwrap_or(30).max(1))
    }

    pub(crate) fn idle_timeout(&self) -> Duration {
        Duration::from_secs(self.idle_timeout.unwrap_or(60).max(1))
    }

    pub(crate) fn verifies_tls(&self) -> bool {
        self.tls_verify.unwrap_or(true)
    }
}

pub(crate) fn is_no_proxy(proxy: &str) -> bool {
    proxy.is_empty() || proxy == "none"
}

/// Reads `http[s]://HOST[:PORT][/PATH]`.
pub(crate) fn parse_search(text: &str) -> Result<Url, String> {
    let wrong = || format!("{text:?} is not http[s]://HOST[:PORT][/PATH]");
    let url = Url::parse(text).map_err(|_| wrong())?;
    let is_plain = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !["http", "https"].contains(&url.scheme()) || url.host().is_none() || !is_plain {
        return Err(wrong());
    }
    Ok(url)
}

/// A mirror's scheme (if given), host and repository prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mirror {
    pub(crate) plain_http: Option<bool>,
    pub(crate) host: String,
    /// Empty, or ends with `/`.
    pub(crate) prefix: String,
}

/// Reads `[http[s]://]HOST[:PORT][/PREFIX]`.
pub(crate) fn parse_mirror(text: &str) -> Result<Mirror, String> {
    let (plain_http, rest) = if let Some(rest) = text.strip_prefix("http://") {
        (Some(true), rest)
    } else if let Some(rest) = text.strip_prefix("https://") {
        (Some(false), rest)
    } else if text.contains("://") {
        return Err(format!("{text:?} is neither http:// nor https://"));
    } else {
        (None, text)
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    if Url::parse(&format!("https://{host}/")).is_err() || host.contains(['@', '?', '#']) {
        return Err(format!("{text:?} is not the URL of a registry"));
    }
    let path = path.trim_matches('/');
    // People write the API's own root as well.
    let path = path
        .strip_prefix("v2")
        .map_or(path, |rest| rest.trim_start_matches('/'));
    let prefix = match path {
        "" => String::new(),
        path if format!("x.io/{path}")
            .parse::<orlop_oci::Repository>()
            .is_ok() =>
        {
            format!("{path}/")
        }
        path => return Err(format!("{path:?} in {text:?} is not a repository path")),
    };
    let mut host = host.to_ascii_lowercase();
    if !host.contains(['.', ':']) && host != "localhost" {
        // Without a port a reference couldn't tell it from a namespace of Docker Hub.
        host.push_str(if plain_http == Some(true) {
            ":80"
        } else {
            ":443"
        });
    }
    Ok(Mirror {
        plain_http,
        host,
        prefix,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_have_a_scheme_a_host_and_a_prefix() {
        let mirror = |plain_http, host: &str, prefix: &str| {
            Ok(Mirror {
                plain_http,
                host: host.into(),
                prefix: prefix.into(),
            })
        };
        for (text, expected) in [
            (
                "http://127.0.0.1:5000",
                mirror(Some(true), "127.0.0.1:5000", ""),
            ),
            ("https://m.example/", mirror(Some(false), "m.example", "")),
            (
                "https://m.example/v2/",
                mirror(Some(false), "m.example", ""),
            ),
            ("m.example/v2/hub", mirror(None, "m.example", "hub/")),
            (
                "https://h.example/a/b",
                mirror(Some(false), "h.example", "a/b/"),
            ),
            ("https://[::1]:5000", mirror(Some(false), "[::1]:5000", "")),
            ("http://Cache", mirror(Some(true), "cache:80", "")),
        ] {
            assert_eq!(parse_mirror(text), expected, "{text}");
        }
        for text in [
            "ftp://x",
            "https://u:p@h",
            "https://",
            "https://h/A",
            "https://h/../x",
            "https://h?x=1",
        ] {
            assert!(parse_mirror(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_star_table_fills_what_is_silent() {
        let config = RegistriesConfig(BTreeMap::from([
            (
                "*".to_owned(),
                RegistryConfig {
                    retries: Some(1),
                    connections: Some(2),
                    ..Default::default()
                },
            ),
            (
                "index.docker.io".to_owned(),
                RegistryConfig {
                    retries: Some(9),
                    ..Default::default()
                },
            ),
        ]));
        assert_eq!(config.of("quay.io").retries, Some(1));
        let hub = config.of("docker.io");
        assert_eq!((hub.retries, hub.connections), (Some(9), Some(2)));
    }

    #[test]
    fn contradictions_are_named() {
        let bad = |table| RegistriesConfig(BTreeMap::from([("a.b".to_owned(), table)])).check();
        let error = bad(RegistryConfig {
            client_cert: Some("x".into()),
            ..Default::default()
        })
        .unwrap_err();
        assert_eq!(error.key, "client_cert");
        assert!(
            error
                .to_string()
                .starts_with("registry.\"a.b\".client_cert: ")
        );
        assert!(
            bad(RegistryConfig {
                connections: Some(0),
                ..Default::default()
            })
            .is_err()
        );
        assert!(
            bad(RegistryConfig {
                mirrors: vec!["ftp://x".into()],
                ..Default::default()
            })
            .is_err()
        );
        for search in [
            "index.docker.io",
            "ftp://x/",
            "https://u:p@x/",
            "https://x/?q=1",
        ] {
            let table = RegistryConfig {
                search: Some(search.into()),
                ..Default::default()
            };
            assert_eq!(bad(table).unwrap_err().key, "search", "{search}");
        }
        assert!(
            bad(RegistryConfig {
                proxy: Some("none".into()),
                ..Default::default()
            })
            .is_ok()
        );
    }
}

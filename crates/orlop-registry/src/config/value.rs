//! Values that can be wrong by themselves. Each reads itself from a text and says what it wants.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use globset::{GlobSet, GlobSetBuilder};
use serde::Deserialize;
use url::Url;

/// An address to listen on: `127.0.0.1:5000`, `[::]:5000`, `localhost:5000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ListenAddress(pub SocketAddr);

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(port) = text
            .strip_prefix("localhost:")
            .and_then(|port| port.parse().ok())
        {
            return Ok(Self(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)));
        }
        text.parse().map(Self).map_err(|_| {
            format!("{text:?} is no address: write 127.0.0.1:5000, or 0.0.0.0:5000 for all of IPv4")
        })
    }
}

impl TryFrom<String> for ListenAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The registry as clients know it: `https://registry.example.com`. It has no path: clients put
/// `/v2/` right behind the host.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PublicUrl(pub Url);

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = web_url(text)?;
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            let reason = "a registry is at the top of its host, without a path";
            return Err(format!("{text:?}: {reason}"));
        }
        Ok(Self(url))
    }
}

impl TryFrom<String> for PublicUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// The name or the address of a host, without a port: `registry.test`, `192.0.2.7`, `[2001:db8::7]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct HostName(pub String);

impl FromStr for HostName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let host = url::Host::parse(text).map_err(|_| {
            format!("{text:?} is no host: write registry.test, without a scheme and a port")
        })?;
        Ok(Self(host.to_string()))
    }
}

impl TryFrom<String> for HostName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// An address of the web, without a password in it.
pub(super) fn web_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("{text:?} is no URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("{text:?}: only http:// and https:// are known"));
    }
    // Not shown: it may be a password.
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a URL has no user and no password in it; there is a key for them".to_owned());
    }
    Ok(url)
}

/// A length of time: `30s`, `5m`, `1h 30m`, `90d`. Not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Period(pub Duration);

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let length = orlop_access::period::parse(text)?;
        let length = Duration::try_from(length).map_err(|error| error.to_string())?;
        if length.is_zero() {
            return Err(format!("{text:?} is no time at all"));
        }
        Ok(Self(length))
    }
}

impl TryFrom<String> for Period {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// Globs over names of repositories, as in rules: `*` for anything within one component, `**` for
/// any number of components, `{a,b}` for either.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct RepositoryGlobs {
    texts: Vec<String>,
    set: GlobSet,
}

impl RepositoryGlobs {
    /// Compiles them.
    ///
    /// # Errors
    /// In words, with the glob.
    pub fn new(texts: Vec<String>) -> Result<Self, String> {
        if texts.is_empty() {
            return Err("no repository at all; leave it out for all of them".to_owned());
        }
        let mut set = GlobSetBuilder::new();
        for text in &texts {
            set.add(orlop_pattern::glob(text)?);
        }
        let set = set.build().map_err(|error| error.to_string())?;
        Ok(Self { texts, set })
    }

    /// Whether one of them matches a name.
    pub fn matches(&self, name: &str) -> bool {
        self.set.is_match(name)
    }

    /// As they were written.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }
}

impl PartialEq for RepositoryGlobs {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}

impl Eq for RepositoryGlobs {}

impl Default for RepositoryGlobs {
    /// All of them.
    fn default() -> Self {
        Self::new(vec!["**".to_owned()]).expect("`**` is a glob")
    }
}

impl TryFrom<Vec<String>> for RepositoryGlobs {
    type Error = String;

    fn try_from(texts: Vec<String>) -> Result<Self, String> {
        Self::new(texts)
    }
}

//! Where tokens are asked for, and whether the password goes along.
//!
//! A registry answers "get a token from this realm". The rules:
//!
//! * The realm must be `https`; `http` is good enough only for a registry that speaks plain HTTP
//!   itself. No user in the address, no address that only means something from here
//!   ([`crate::address`]).
//! * Only the registry's own answers count, never those of a host that it redirected to
//!   (CVE-2020-15157).
//! * A password goes to the registry's own host, to a host of the same registered domain
//!   (`registry.gitlab.com` → `gitlab.com`), to a known issuer (`docker.io` → `auth.docker.io`), and
//!   to hosts that the configuration trusts (`trusted_realms`). Any other realm is asked, but
//!   without a password: public content still works, and the error for private content says what
//!   to configure. docker sends the password anywhere; a registry on a host of one owner with its
//!   issuer on a host of another is rare enough for one line of configuration.

use url::{Host, Url};

use crate::address;
use crate::quirks;

/// A realm that may be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Realm {
    pub(crate) url: Url,
    /// A password may be sent there.
    pub(crate) trusted: bool,
    /// It is the registry's own host.
    pub(crate) home: bool,
}

/// What is known of the registry that names a realm.
pub(crate) struct Registry<'a> {
    /// The name in references.
    pub(crate) name: &'a str,
    /// The base of its API, with the scheme that is really spoken.
    pub(crate) base: &'a Url,
    /// It is on this machine.
    pub(crate) loopback: bool,
    /// `trusted_realms` of its configuration.
    pub(crate) trusted_realms: &'a [String],
}

/// Judges a realm.
///
/// # Errors
/// Why it isn't asked at all.
pub(crate) fn judge(realm: &str, registry: &Registry<'_>) -> Result<Realm, &'static str> {
    let mut url = Url::parse(realm).map_err(|_| "it is no address")?;
    match url.scheme() {
        "https" => {}
        "http" if registry.base.scheme() == "http" => {}
        "http" => return Err("tokens are only asked for over https"),
        _ => return Err("it is neither http nor https"),
    }
    url.set_fragment(None);
    let (host, own) = (address::host(&url), address::host(registry.base));
    let home = host == own;
    let named = registry
        .trusted_realms
        .iter()
        .any(|trusted| *trusted == host || *trusted == address::authority(&url));
    if let Some(reason) = address::refusal(&url, registry.loopback || home || named) {
        return Err(reason);
    }
    let related = || {
        let is_name = |url: &Url| matches!(url.host(), Some(Host::Domain(_)));
        let domain = quirks::registrable_domain(&host);
        is_name(&url) && domain.is_some() && domain == quirks::registrable_domain(&own)
    };
    let registry_host = registry.name.split(':').next().unwrap_or_default();
    let trusted = home || named || related() || quirks::is_known_realm(registry_host, &host);
    Ok(Realm { url, trusted, home })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn realms() {
        let hub = ("docker.io", "https://registry-1.docker.io/");
        let gitlab = ("registry.gitlab.com", "https://registry.gitlab.com/");
        let acr = ("a.azurecr.io", "https://a.azurecr.io/");
        let plain = ("10.0.0.1:5000", "http://10.0.0.1:5000/");
        let own = ("r.example:5000", "https://r.example:5000/");
        for ((name, base), realm, expected) in [
            (hub, "https://auth.docker.io/token", Ok(true)),
            (hub, "http://auth.docker.io/token", Err(())),
            (hub, "https://auth.docker.io.evil.example/token", Ok(false)),
            (hub, "https://evil.example/token", Ok(false)),
            (hub, "https://169.254.169.254/", Err(())),
            (hub, "https://localhost/", Err(())),
            (hub, "https://me:pw@auth.docker.io/", Err(())),
            (hub, "file:///etc/passwd", Err(())),
            (hub, "token", Err(())),
            (gitlab, "https://gitlab.com/jwt/auth", Ok(true)),
            (acr, "https://a.azurecr.io/oauth2/token", Ok(true)),
            (acr, "https://b.azurecr.io/oauth2/token", Ok(false)),
            (plain, "http://10.0.0.1:5001/token", Ok(true)),
            (plain, "http://10.0.0.2/token", Ok(false)),
            (own, "https://r.example/token", Ok(true)),
            (own, "https://trusted.example.org/token", Ok(true)),
            (own, "https://u:p@trusted.example.org/token", Err(())),
        ] {
            let base: Url = base.parse().unwrap();
            let registry = Registry {
                name,
                base: &base,
                loopback: false,
                trusted_realms: &["trusted.example.org".to_owned()],
            };
            let got = judge(realm, &registry)
                .map(|realm| realm.trusted)
                .map_err(drop);
            assert_eq!(got, expected, "{name}: {realm}");
        }
    }
}

//! What the big registries do differently, in one place. Each entry names where it is documented;
//! each is used where it matters, and nowhere else is a host compared with a name.
//!
//! | registry | what is different | handled in |
//! | --- | --- | --- |
//! | Docker Hub | API on `registry-1.docker.io`, credentials under `https://index.docker.io/v1/`, tokens from `auth.docker.io`; pull limits in `ratelimit-*` headers; an unknown repository is "denied" | [`api_host`], [`credential_key`], `realm.rs`, `rate_limit.rs`, `error.rs` |
//! | GHCR | tokens from its own `/token`; an unknown repository is "denied"; `HEAD` without a digest for some artifacts | `realm.rs`, `error.rs`, `manifest.rs` |
//! | Amazon ECR | basic authentication (user `AWS`); blobs redirect to S3, which refuses a second `Authorization`; tag pages by `Link` with an opaque token; its public registry issues tokens of 12 hours | `auth.rs`, `transport.rs`, `tags.rs` |
//! | GCR, Artifact Registry | no chunked uploads; manifests once came as `text/plain`; user `_json_key` or `oauth2accesstoken` | `upload.rs`, `manifest.rs` |
//! | ACR | identity tokens, exchanged by `POST` to `/oauth2/token`; user is the zero GUID | `token.rs`, [`ACR_TOKEN_USER`] |
//! | Quay | tokens from `/v2/auth` with `account`; upload `Location` may be relative | `token.rs`, `upload.rs` |
//! | GitLab | the token realm is on another host of the same domain | `realm.rs` |

use orlop_oci::DEFAULT_REGISTRY;

/// Other names of Docker Hub (docker/cli, `cli/config/credentials`; `registry/config.go` of Moby).
pub(crate) const HUB_ALIASES: &[&str] = &["index.docker.io", "registry-1.docker.io"];

/// Where Docker Hub's API is (Moby, `registry/config.go`: `DefaultV2Registry`).
const HUB_API: &str = "registry-1.docker.io";

/// Where Docker Hub is searched (Moby, `registry/config.go`: `IndexHostname`).
const HUB_INDEX: &str = "index.docker.io";

/// The key of Docker Hub in `config.json` and in credential helpers: the address of its old index
/// (Moby, `registry/config.go`: `IndexServer`).
pub(crate) const HUB_CREDENTIAL_KEY: &str = "https://index.docker.io/v1/";

/// The user that says the password is an identity token (docker/cli, `credentials/native_store.go`).
pub(crate) const IDENTITY_TOKEN_USER: &str = "<token>";

/// The user under which Azure hands out refresh tokens as passwords (Azure's documentation,
/// "az acr login --expose-token").
pub(crate) const ACR_TOKEN_USER: &str = "00000000-0000-0000-0000-000000000000";

/// Pairs of a registry's domain and another host that issues its tokens.
/// Docker Hub and its hardened images: docs.docker.com, "Registry authentication".
/// Scaleway: answers of `rg.*.scw.cloud`, documented in "Connect to your Container Registry".
const REALM_PAIRS: &[(&str, &str)] = &[
    ("docker.io", "auth.docker.io"),
    ("dhi.io", "auth.docker.io"),
    ("scw.cloud", "api.scaleway.com"),
];

/// Domains below which every name may be another customer's, so that two names below them are not
/// of one owner. (An extract of the Public Suffix List, of where registries live.)
const SHARED_DOMAINS: &[&str] = &[
    "amazonaws.com",
    "amazonaws.com.cn",
    "azurecr.io",
    "azurecr.cn",
    "azurewebsites.net",
    "azurecontainerapps.io",
    "cloudfront.net",
    "run.app",
    "appspot.com",
    "pkg.dev",
    "github.io",
    "gitlab.io",
    "herokuapp.com",
    "fly.dev",
    "vercel.app",
    "netlify.app",
    "workers.dev",
    "pages.dev",
    "ngrok.io",
    "ngrok.app",
    "nip.io",
    "sslip.io",
    "jfrog.io",
    "cloudapp.net",
    "digitaloceanspaces.com",
    "duckdns.org",
    "dyndns.org",
];

/// Labels that countries put before their own domain: `example.co.uk`.
const SECOND_LEVELS: &[&str] = &[
    "ac", "co", "com", "edu", "go", "gob", "gov", "gouv", "gv", "ltd", "me", "mil", "ne", "net",
    "nom", "or", "org", "plc", "sch",
];

/// Where the API of `registry` is spoken.
pub(crate) fn api_host(registry: &str) -> &str {
    if registry == DEFAULT_REGISTRY {
        HUB_API
    } else {
        registry
    }
}

/// Where repositories of `registry` are searched.
pub(crate) fn index_host(registry: &str) -> &str {
    if is_hub(registry) {
        HUB_INDEX
    } else {
        registry
    }
}

/// The name under which the credentials of `registry` are kept.
pub(crate) fn credential_key(registry: &str) -> &str {
    if is_hub(registry) {
        HUB_CREDENTIAL_KEY
    } else {
        registry
    }
}

/// `registry` is Docker Hub, by any of its names.
pub(crate) fn is_hub(registry: &str) -> bool {
    registry == DEFAULT_REGISTRY || HUB_ALIASES.contains(&registry)
}

/// The password of `user` is a refresh token for identity exchange, not a password.
pub(crate) fn is_identity_token_user(user: &str) -> bool {
    user == IDENTITY_TOKEN_USER || user == ACR_TOKEN_USER
}

/// `realm` is known to issue tokens for `registry` (host names without ports).
pub(crate) fn is_known_realm(registry: &str, realm: &str) -> bool {
    REALM_PAIRS.iter().any(|(domain, issuer)| {
        *issuer == realm
            && (registry == *domain
                || registry
                    .strip_suffix(domain)
                    .is_some_and(|rest| rest.ends_with('.')))
    })
}

/// The part of a host name that one owner has registered: `gitlab.com` of `registry.gitlab.com`.
/// `None` when there is no such part that could be shared with another name.
pub(crate) fn registrable_domain(host: &str) -> Option<&str> {
    if SHARED_DOMAINS.iter().any(|shared| {
        host.strip_suffix(shared)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }) {
        return None;
    }
    let mut dots = host.rmatch_indices('.').map(|(at, _)| at);
    let top = dots.next()?;
    let second = dots.next();
    let country = host.len() - top - 1 == 2;
    let second_label = &host[second.map_or(0, |at| at + 1)..top];
    if country && SECOND_LEVELS.contains(&second_label) {
        let second = second?;
        let third = dots.next();
        return Some(&host[third.map_or(0, |at| at + 1)..]).filter(|_| second > 0);
    }
    Some(&host[second.map_or(0, |at| at + 1)..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains() {
        for (host, expected) in [
            ("registry.gitlab.com", Some("gitlab.com")),
            ("gitlab.com", Some("gitlab.com")),
            ("registry.example.co.uk", Some("example.co.uk")),
            ("example.co.uk", Some("example.co.uk")),
            ("co.uk", None),
            ("mine.azurecr.io", None),
            ("1.dkr.ecr.eu-west-1.amazonaws.com", None),
            ("localhost", None),
        ] {
            assert_eq!(registrable_domain(host), expected, "{host}");
        }
    }

    #[test]
    fn known_realms() {
        assert!(is_known_realm("docker.io", "auth.docker.io"));
        assert!(is_known_realm("rg.fr-par.scw.cloud", "api.scaleway.com"));
        assert!(!is_known_realm("evildocker.io", "auth.docker.io"));
        assert!(!is_known_realm("docker.io", "auth.docker.io.evil.example"));
    }
}

//! Logging in: finding out whether a registry takes a credential, and what to keep of it.

use std::sync::Arc;

use http::Method;
use orlop_oci::DEFAULT_REGISTRY;

use crate::auth::{Purpose, Scopes};
use crate::client::Client;
use crate::credentials::{Credential, CredentialError, Credentials, Keeper};
use crate::error::Error;
use crate::quirks;
use crate::transport::{Call, Target};

/// What a registry said to a credential that it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginOutcome {
    /// The registry as references spell it.
    pub registry: String,
    /// What to keep: the identity token that the registry gave for the password, or else the
    /// credential itself.
    pub credential: Credential,
    /// The registry looked at the credential. One that lets everybody in doesn't.
    pub checked: bool,
}

/// One credential, whatever is asked.
struct Only(Credential);

impl Credentials for Only {
    fn get(&self, _registry: &str) -> Result<Option<Credential>, CredentialError> {
        Ok(Some(self.0.clone()))
    }

    fn store(&self, _registry: &str, _credential: &Credential) -> Result<Keeper, CredentialError> {
        Err(CredentialError::ReadOnly("a login".into()))
    }

    fn erase(&self, _registry: &str) -> Result<bool, CredentialError> {
        Ok(false)
    }
}

/// The registry that a user means by `text`: a host, an address, or one of Docker Hub's names.
pub fn registry_name(text: &str) -> String {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .unwrap_or(text);
    let host = rest.split('/').next().unwrap_or(rest);
    if host.is_empty() || quirks::is_hub(host) {
        return DEFAULT_REGISTRY.to_owned();
    }
    host.to_owned()
}

impl Client {
    /// Asks the registry on `host` (`docker.io`, `ghcr.io`, `localhost:5000`) whether it takes
    /// `credential`. Nothing is kept: that is for [`Credentials::store`], with the outcome's
    /// credential.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when it doesn't; others when it can't be asked.
    pub async fn login(&self, host: &str, credential: Credential) -> Result<LoginOutcome, Error> {
        let registry = registry_name(host);
        let mut endpoint = self.new_endpoint(&registry, Arc::new(Only(credential.clone())));
        endpoint.auth.want_refresh();
        let purpose = Purpose {
            repository: None,
            scopes: Scopes::none(),
            push: false,
        };
        // distribution-spec, end-1: "determine support".
        let answer = endpoint
            .send(&Call::new(Method::GET, Target::Path("v2/"), &purpose))
            .await?;
        drop(answer);
        let checked = endpoint
            .auth
            .authorization(&endpoint, &purpose)
            .await?
            .is_some();
        let refresh = endpoint.auth.take_refresh();
        self.forget(&registry);
        let credential = match (refresh, credential) {
            (Some(token), Credential::Password { user, .. }) => {
                Credential::Identity { user, token }
            }
            (_, credential) => credential,
        };
        Ok(LoginOutcome {
            registry,
            credential,
            checked,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_people_type() {
        for (text, expected) in [
            ("", "docker.io"),
            ("docker.io", "docker.io"),
            ("https://index.docker.io/v1/", "docker.io"),
            ("registry-1.docker.io", "docker.io"),
            ("https://ghcr.io/", "ghcr.io"),
            ("http://localhost:5000/v2/", "localhost:5000"),
            ("[::1]:5000", "[::1]:5000"),
        ] {
            assert_eq!(registry_name(text), expected, "{text}");
        }
    }
}

//! What only several keys together can get wrong.

use std::collections::HashSet;

use super::ServeConfig;

/// A key whose value makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("serve.{key}: {reason}")]
pub struct ConfigError {
    /// The key, below `serve`: `tls.certificate`, `webhooks[1].url` (from 0).
    pub key: String,
    /// What is wrong with it.
    pub reason: String,
}

impl ConfigError {
    pub(crate) fn new(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            reason: reason.into(),
        }
    }
}

impl ServeConfig {
    /// Whether the keys make sense together. What files hold isn't looked at.
    ///
    /// # Errors
    /// The first key that doesn't.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.check_addresses()?;
        if let Some(tls) = &self.tls
            && tls.client_required
            && tls.client_ca.is_none()
        {
            let reason = "needs tls.client_ca: nobody's certificate would be believed";
            return Err(ConfigError::new("tls.client_required", reason));
        }
        let mut names = HashSet::new();
        for (index, webhook) in self.webhooks.iter().enumerate() {
            webhook.check(index)?;
            if !names.insert(&webhook.name) {
                let reason = format!("there are two webhooks {:?}", webhook.name);
                return Err(ConfigError::new(format!("webhooks[{index}].name"), reason));
            }
        }
        for origin in &self.allowed_origins {
            let well_formed = origin == "*"
                || url::Url::parse(origin)
                    .is_ok_and(|url| url.origin().ascii_serialization() == *origin);
            if !well_formed {
                let reason = format!("{origin:?}: write https://portal.example.com, or * for all");
                return Err(ConfigError::new("allowed_origins", reason));
            }
        }
        self.check_policies()?;
        self.limits.check()
    }

    fn check_addresses(&self) -> Result<(), ConfigError> {
        let mut taken = HashSet::new();
        let addresses = self.addresses();
        if addresses.is_empty() {
            return Err(ConfigError::new("listen", "no address to listen on"));
        }
        // Port 0 is another port each time.
        for address in addresses.into_iter().filter(|address| address.port() != 0) {
            if !taken.insert(address) {
                return Err(ConfigError::new(
                    "listen",
                    format!("{address} is there twice"),
                ));
            }
        }
        match self.metrics.listen {
            Some(address) if taken.contains(&address.0) => {
                let reason = format!("{address} is the registry's own address");
                Err(ConfigError::new("metrics.listen", reason))
            }
            _ => Ok(()),
        }
    }
}

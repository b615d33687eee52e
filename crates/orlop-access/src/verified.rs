//! Tokens whose signature was verified.
//!
//! The client that holds a token shows it with every request, and a signature takes a tenth of a
//! millisecond of a core: it is verified once. The time is looked at each time. What is remembered
//! belongs to one state of the configuration and its keys, and goes with it.

use std::fmt;
use std::sync::{Arc, Mutex};

use hashlink::LruCache;
use jiff::Timestamp;
use ring::digest::{SHA256, digest};

use crate::token::{Claims, TokenFault, TokenVerifier};

const MAX_TOKENS: usize = 1024;
/// Longer ones are verified each time, so that what is remembered stays small.
const MAX_REMEMBERED_LEN: usize = 4096;

/// Tokens whose signature was verified, by their SHA-256.
pub(crate) struct Verified(Mutex<LruCache<[u8; 32], Arc<Claims>>>);

impl Default for Verified {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(MAX_TOKENS)))
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verified")
    }
}

impl Verified {
    /// The claims of a token that holds. One `verifier` belongs to each of these.
    pub(crate) fn claims(
        &self,
        verifier: &TokenVerifier,
        token: &str,
        now: Timestamp,
    ) -> Result<Arc<Claims>, TokenFault> {
        let id = digest(&SHA256, token.as_bytes());
        let id: [u8; 32] = id.as_ref().try_into().expect("SHA-256 has 32 bytes");
        let known = self.lock().get(&id).cloned();
        if let Some(claims) = known {
            verifier.check_time(&claims, now)?;
            return Ok(claims);
        }
        let claims = Arc::new(verifier.verify(token, now)?);
        if token.len() <= MAX_REMEMBERED_LEN {
            self.lock().insert(id, claims.clone());
        }
        Ok(claims)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LruCache<[u8; 32], Arc<Claims>>> {
        self.0.lock().unwrap_or_else(|broken| broken.into_inner())
    }
}

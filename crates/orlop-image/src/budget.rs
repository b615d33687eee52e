//! How many bytes of documents one operation may keep in memory: each document has a bound of its own, but an
//! index may name thousands.

use std::sync::atomic::{AtomicU64, Ordering};

use orlop_oci::Digest;

use crate::error::{Error, Result};

/// Some hundred times what the largest images of the world have.
const BYTES: u64 = 256 << 20;

/// What is left of it.
#[derive(Debug)]
pub(crate) struct Budget(AtomicU64);

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicU64::new(BYTES))
    }
}

impl Budget {
    /// Keeps so many bytes more; `of` is the document that is told when they are too many.
    pub(crate) fn take(&self, bytes: u64, of: &Digest) -> Result<()> {
        let less = |left: u64| left.checked_sub(bytes);
        match self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
        {
            Ok(_) => Ok(()),
            Err(_) => {
                let why = format!("with it there are more than {BYTES} bytes of documents");
                Err(Error::invalid(of, why))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_gone() {
        let (budget, of) = (Budget::default(), Digest::of(b""));
        budget.take(BYTES - 1, &of).unwrap();
        let error = budget.take(2, &of).unwrap_err().to_string();
        assert!(
            error.ends_with("more than 268435456 bytes of documents"),
            "{error}"
        );
        budget.take(1, &of).unwrap();
        budget.take(1, &of).unwrap_err();
    }
}

//! Bytes of manifests in memory, by digest: what is in here can't be out of date.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use hashlink::LruCache;
use orlop_oci::Digest;

/// The largest manifest that is kept. Larger ones are rare, and would push out many.
const LARGEST: u64 = 1 << 20;

/// What one entry costs beside its bytes.
const ENTRY: u64 = 256;

/// The manifests that were read last, up to a bound in bytes.
#[derive(Debug)]
pub(crate) struct ManifestCache {
    bound: u64,
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    bytes: u64,
    manifests: LruCache<Digest, Bytes>,
}

impl ManifestCache {
    pub(crate) fn new(bound: u64) -> Self {
        Self {
            bound,
            kept: Mutex::new(Kept {
                bytes: 0,
                manifests: LruCache::new_unbounded(),
            }),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, digest: &Digest) -> Option<Bytes> {
        self.kept().manifests.get(digest).cloned()
    }

    /// Keeps bytes whose digest was verified.
    pub(crate) fn insert(&self, digest: &Digest, bytes: &Bytes) {
        let size = bytes.len() as u64;
        if size > LARGEST {
            return;
        }
        let mut kept = self.kept();
        kept.bytes += size + ENTRY;
        if let Some(old) = kept.manifests.insert(digest.clone(), bytes.clone()) {
            kept.bytes -= old.len() as u64 + ENTRY;
        }
        while kept.bytes > self.bound {
            let Some((_, old)) = kept.manifests.remove_lru() else {
                break;
            };
            kept.bytes -= old.len() as u64 + ENTRY;
        }
    }

    /// Forgets one, so that the next reader sees what is on disk.
    pub(crate) fn remove(&self, digest: &Digest) {
        let mut kept = self.kept();
        if let Some(old) = kept.manifests.remove(digest) {
            kept.bytes -= old.len() as u64 + ENTRY;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(n: u8, len: usize) -> (Digest, Bytes) {
        let bytes = Bytes::from(vec![n; len]);
        (Digest::of(&bytes), bytes)
    }

    #[test]
    fn the_oldest_go_first_and_the_bound_holds() {
        let cache = ManifestCache::new(3 * (1000 + ENTRY));
        let entries: Vec<_> = (0..4).map(|n| entry(n, 1000)).collect();
        for (digest, bytes) in &entries[..3] {
            cache.insert(digest, bytes);
        }
        assert!(cache.get(&entries[0].0).is_some());
        cache.insert(&entries[3].0, &entries[3].1);
        let there: Vec<bool> = entries.iter().map(|e| cache.get(&e.0).is_some()).collect();
        assert_eq!(there, [true, false, true, true]);
        cache.insert(&entries[3].0, &entries[3].1);
        assert_eq!(cache.kept().bytes, 3 * (1000 + ENTRY));
        cache.remove(&entries[3].0);
        assert_eq!(cache.kept().bytes, 2 * (1000 + ENTRY));
    }

    #[test]
    fn large_ones_are_not_kept() {
        let cache = ManifestCache::new(64 << 20);
        let (digest, bytes) = entry(1, LARGEST as usize + 1);
        cache.insert(&digest, &bytes);
        assert_eq!(cache.get(&digest), None);
    }
}

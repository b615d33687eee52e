//! How much an operation has moved, for its last words when it is stopped.

use std::collections::HashMap;

use orlop_image::event::{BlobState, Event};
use orlop_oci::Digest;

use crate::units;

/// The bytes of each blob that came in and are kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    layers: HashMap<Digest, u64>,
}

impl Tally {
    pub(super) fn count(&mut self, event: &Event) {
        let Event::Blob {
            digest,
            layer: true,
            state,
        } = event
        else {
            return;
        };
        let bytes = match state {
            BlobState::Downloading { current, .. } => *current,
            BlobState::Extracting { total, .. } => *total,
            _ => return,
        };
        let kept = self.layers.entry(digest.clone()).or_default();
        *kept = bytes.max(*kept);
    }

    /// `kept 12.3MB of 2 layers; the next pull resumes`, when there is something.
    pub(super) fn kept(&self) -> Option<String> {
        let begun: Vec<u64> = self
            .layers
            .values()
            .copied()
            .filter(|&bytes| bytes > 0)
            .collect();
        let layers = match begun.len() {
            0 => return None,
            1 => "1 layer".to_owned(),
            n => format!("{n} layers"),
        };
        let bytes = units::size(begun.iter().sum());
        Some(format!("kept {bytes} of {layers}; the next pull resumes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words() {
        let mut tally = Tally::default();
        assert_eq!(tally.kept(), None);
        let mut see = |name: &str, layer, state| {
            tally.count(&Event::Blob {
                digest: Digest::of(name.as_bytes()),
                layer,
                state,
            });
            tally.kept()
        };
        assert_eq!(see("a", true, BlobState::Pending), None);
        assert_eq!(
            see(
                "c",
                false,
                BlobState::Downloading {
                    current: 9,
                    total: 9
                }
            ),
            None
        );
        assert_eq!(
            see(
                "a",
                true,
                BlobState::Downloading {
                    current: 300_000,
                    total: 12_000_000
                }
            )
            .as_deref(),
            Some("kept 300kB of 1 layer; the next pull resumes")
        );
        assert_eq!(
            see(
                "b",
                true,
                BlobState::Extracting {
                    current: 1,
                    total: 12_000_000
                }
            )
            .as_deref(),
            Some("kept 12.3MB of 2 layers; the next pull resumes")
        );
    }
}

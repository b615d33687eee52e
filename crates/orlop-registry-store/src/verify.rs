//! Looking whether everything is there and whole.

use orlop_oci::Digest;

use crate::upkeep::Need;
use crate::{RepositoryName, TagName};

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Content whose file is missing, or isn't what it should be.
    Damaged {
        /// Which.
        digest: Digest,
        /// What is wrong with it.
        reason: String,
        /// Who needs it; none when no manifest does.
        needed_by: Vec<Need>,
    },
    /// A file that nothing knows of. Collection removes it.
    Stray {
        /// Which.
        digest: Digest,
        /// Its length in bytes.
        size: u64,
    },
    /// A manifest names content that its repository doesn't have.
    Incomplete {
        /// The repository.
        repository: RepositoryName,
        /// The manifest.
        manifest: Digest,
        /// What isn't there.
        lacks: Vec<Digest>,
        /// The tags that reach the manifest.
        tags: Vec<TagName>,
    },
    /// The metadata contradicts itself.
    Metadata(String),
}

//! The vocabulary of container images: references, digests, descriptors, manifests,
//! configurations, platforms. Pure data, no I/O.
//!
//! Everything that identifies content is a newtype (a [`Digest`] of stored bytes, a [`DiffId`] of
//! an uncompressed layer, a [`ChainId`] of a stack of layers), so that one can't be passed where
//! another is meant.
//!
//! The documents (manifest, index, configuration) are our own serde structures rather than those
//! of `oci-spec`: Docker's schema 2 adds fields to them (`Healthcheck`, `OnBuild`, `Shell`, …), and
//! a hostile document has to be refused with a bound and a reason at this one place. A parsed
//! document never stands alone: [`Raw`] keeps the bytes it came from, and a digest is only ever
//! computed from those.

pub mod annotation;
mod config;
mod descriptor;
mod digest;
pub mod edit;
pub mod go_json;
pub mod json;
mod manifest;
mod media_type;
mod platform;
mod reference;

pub use config::{ContainerConfig, Healthcheck, History, ImageConfig, RootFs};
pub use descriptor::Descriptor;
pub use digest::{Algorithm, ChainId, DiffId, Digest, DigestError, Digester, chain_ids};
pub use manifest::{
    ImageManifest, Index, MAX_CONFIG_SIZE, MAX_INDEX_DEPTH, MAX_MANIFEST_SIZE, Manifest,
    ManifestError, Raw,
};
pub use media_type::{Compression, MediaType};
pub use platform::{Platform, PlatformError, PlatformMatcher};
pub use reference::{
    DEFAULT_REGISTRY, DEFAULT_TAG, OFFICIAL_NAMESPACE, Reference, ReferenceError, Repository,
};

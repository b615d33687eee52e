//! Annotation keys that Orlop reads or writes (image-spec, annotations.md, and BuildKit's).

/// The tag of a manifest in an image layout's `index.json`.
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The full name of an image in a layout, as containerd writes it.
pub const CONTAINERD_IMAGE_NAME: &str = "io.containerd.image.name";
/// When the image was made, RFC 3339.
pub const CREATED: &str = "org.opencontainers.image.created";
/// Where the source is.
pub const SOURCE: &str = "org.opencontainers.image.source";
/// The version of the packaged software.
pub const VERSION: &str = "org.opencontainers.image.version";
/// The name of the image this one stands on.
pub const BASE_NAME: &str = "org.opencontainers.image.base.name";
/// The digest of the image this one stands on.
pub const BASE_DIGEST: &str = "org.opencontainers.image.base.digest";
/// Marks a child of an index that isn't an image (BuildKit).
pub const DOCKER_REFERENCE_TYPE: &str = "vnd.docker.reference.type";
/// The value of [`DOCKER_REFERENCE_TYPE`] for attestations.
pub const ATTESTATION_MANIFEST: &str = "attestation-manifest";
/// The manifest that an attestation manifest speaks of (BuildKit).
pub const DOCKER_REFERENCE_DIGEST: &str = "vnd.docker.reference.digest";

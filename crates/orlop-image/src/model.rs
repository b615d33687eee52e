//! What the use-cases answer: plain data, without any formatting.

use jiff::Timestamp;
use orlop_oci::{Descriptor, Digest, ImageConfig, Platform, Reference};

/// One line of `images`: an image and one of its names.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageSummary {
    /// The digest of the target (index or manifest): the image's identity.
    pub id: Digest,
    /// All names with a tag, sorted.
    pub tags: Vec<Reference>,
    /// All names with a digest (`repo@digest`): one for each repository it is known by, sorted.
    pub digests: Vec<Reference>,
    /// When the image was built, of the platform that would run here.
    pub created: Option<Timestamp>,
    /// When it came into the store or was last tagged.
    pub stored: Timestamp,
    /// When it was last pulled, pushed, tagged or mounted.
    pub used: Timestamp,
    /// Bytes on disk: blobs and unpacked layers.
    pub disk_usage: u64,
    /// Bytes of its blobs that are here (compressed).
    pub content_size: u64,
    /// Bytes on disk that other images use too; filled in when asked for.
    pub shared_size: Option<u64>,
    /// How many containers use it.
    pub containers: usize,
    /// The labels of the platform that would run here.
    pub labels: std::collections::BTreeMap<String, String>,
    /// Its manifests, in the order of the index; a single one when it is no index.
    pub manifests: Vec<ManifestSummary>,
}

impl ImageSummary {
    /// It has no name with a tag.
    pub fn is_dangling(&self) -> bool {
        self.tags.is_empty()
    }
}

/// One manifest of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct ManifestSummary {
    /// Its descriptor.
    pub descriptor: Descriptor,
    /// What it is.
    pub kind: ManifestKind,
    /// All of its blobs are here.
    pub available: bool,
    /// Bytes of its blobs that are here (compressed).
    pub content_size: u64,
    /// Bytes of its unpacked layers on disk.
    pub unpacked_size: u64,
    /// How many containers use it.
    pub containers: usize,
}

/// What a manifest is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManifestKind {
    /// A container image.
    Image {
        /// Where it runs.
        platform: Platform,
    },
    /// Attestations about the manifest with this digest.
    Attestation {
        /// That manifest.
        of: Option<Digest>,
    },
    /// Something else (an artifact), or a manifest that isn't here and says nothing of itself.
    Unknown,
}

/// What `inspect` knows of an image, for one platform.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageDetails {
    /// The image.
    pub summary: ImageSummary,
    /// The descriptor of the target.
    pub target: Descriptor,
    /// The manifest of the platform shown; absent when the image has none here.
    pub manifest: Option<Descriptor>,
    /// The digest of that manifest's configuration.
    pub config_digest: Option<Digest>,
    /// That configuration.
    pub config: Option<ImageConfig>,
    /// The directory of the unpacked layers, top first, where the driver keeps them.
    pub graph_driver: GraphDriver,
    /// Bytes of the blobs of the manifest shown and of its unpacked layers.
    pub size: u64,
}

/// Where the driver keeps an image's layers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphDriver {
    /// The name of the driver.
    pub name: String,
    /// The directories that together have the image's files, top first: one where a driver keeps whole
    /// trees, none where they are seen through a mount only.
    pub directories: Vec<std::path::PathBuf>,
}

/// One line of `history`, top first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The image's identity on the first line; unknown (`<missing>`) on all others.
    pub id: Option<Digest>,
    /// When the step ran.
    pub created: Option<Timestamp>,
    /// Its instruction.
    pub created_by: String,
    /// Bytes that the step's layer takes unpacked; 0 without a layer.
    pub size: u64,
    /// Free text.
    pub comment: String,
    /// Names of the image, on the first line.
    pub tags: Vec<Reference>,
}

/// One line of what a removal did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removed {
    /// A name is gone (`Untagged:`), in familiar form.
    Untagged(String),
    /// An image is gone (`Deleted:`).
    Deleted(Digest),
}

/// What a removal did, in order, and how many bytes of disk it freed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removal {
    /// The lines.
    pub items: Vec<Removed>,
    /// Bytes freed.
    pub reclaimed: u64,
}

/// What a pull did.
#[derive(Clone, Debug, PartialEq)]
pub struct Pulled {
    /// The name, with its tag or digest.
    pub reference: Reference,
    /// What the name stands for now.
    pub target: Descriptor,
    /// The name stood for something else before, or for nothing.
    pub changed: bool,
    /// What it stood for before, when it moved.
    pub moved_from: Option<Digest>,
}

/// What a load did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The names that the image has now; none when it is dangling.
    pub names: Vec<Reference>,
    /// Its target.
    pub target: Descriptor,
    /// The names that stood for something else before, and for what.
    pub moved: Vec<(Reference, Digest)>,
}

/// What a push did.
#[derive(Clone, Debug, PartialEq)]
pub struct Pushed {
    /// The name.
    pub reference: Reference,
    /// What was pushed under it.
    pub target: Descriptor,
    /// Only one platform's manifest was pushed, because not all of the index is here.
    pub single_platform: bool,
}

/// One kind of `system df`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiskUsage {
    /// How many images.
    pub images: usize,
    /// How many of them are in use by containers.
    pub active: usize,
    /// Bytes on disk, each counted once.
    pub size: u64,
    /// Bytes that removing everything unused would free.
    pub reclaimable: u64,
}

/// What one kind of content takes on disk. The kinds don't overlap: together they are the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentUsage {
    /// Which kind.
    pub kind: ContentKind,
    /// How many; nothing where they aren't counted.
    pub count: Option<usize>,
    /// Bytes on disk.
    pub size: u64,
}

/// A kind of content of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContentKind {
    /// Blobs: documents and packed layers.
    Blobs,
    /// Unpacked layers of the storage driver of this name.
    Layers(String),
    /// Blobs that are coming in.
    Arriving,
    /// Blobs of interrupted pulls, and files that crashes left.
    Unfinished,
    /// What was found damaged and put aside.
    Quarantined,
    /// The database.
    Database,
}

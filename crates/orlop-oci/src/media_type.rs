//! Media types of OCI and of Docker's schema 2 (image-spec, media-types.md).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How a layer blob is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    /// A plain tar.
    None,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

macro_rules! media_types {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// The type of a blob. One that Orlop doesn't know is kept as it came.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum MediaType {
            $($(#[$doc])* $name,)*
            /// Any other: an artifact's, or none at all (an empty text).
            Other(Box<str>),
        }

        impl MediaType {
            /// The text of the type, without parameters.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Other(text) => text,
                }
            }
        }

        impl From<&str> for MediaType {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$name,)*
                    other => Self::Other(other.into()),
                }
            }
        }
    };
}

media_types! {
    /// OCI image manifest.
    OciManifest = "application/vnd.oci.image.manifest.v1+json",
    /// OCI image index.
    OciIndex = "application/vnd.oci.image.index.v1+json",
    /// OCI image configuration.
    OciConfig = "application/vnd.oci.image.config.v1+json",
    /// OCI layer, plain tar.
    OciLayer = "application/vnd.oci.image.layer.v1.tar",
    /// OCI layer, gzip.
    OciLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip",
    /// OCI layer, zstd.
    OciLayerZstd = "application/vnd.oci.image.layer.v1.tar+zstd",
    /// OCI layer that may not be redistributed, plain tar (deprecated).
    OciForeignLayer = "application/vnd.oci.image.layer.nondistributable.v1.tar",
    /// OCI layer that may not be redistributed, gzip (deprecated).
    OciForeignLayerGzip = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    /// OCI layer that may not be redistributed, zstd (deprecated).
    OciForeignLayerZstd = "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    /// The empty JSON object, as a placeholder (image-spec, manifest.md, "Guidance for an Empty Descriptor").
    OciEmpty = "application/vnd.oci.empty.v1+json",
    /// Docker image manifest, version 2, schema 2.
    DockerManifest = "application/vnd.docker.distribution.manifest.v2+json",
    /// Docker manifest list.
    DockerManifestList = "application/vnd.docker.distribution.manifest.list.v2+json",
    /// Docker image configuration.
    DockerConfig = "application/vnd.docker.container.image.v1+json",
    /// Docker layer, gzip.
    DockerLayerGzip = "application/vnd.docker.image.rootfs.diff.tar.gzip",
    /// Docker layer, plain tar.
    DockerLayer = "application/vnd.docker.image.rootfs.diff.tar",
    /// Docker layer, zstd (as buildah writes it).
    DockerLayerZstd = "application/vnd.docker.image.rootfs.diff.tar.zstd",
    /// Docker layer that may not be redistributed.
    DockerForeignLayerGzip = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    /// Docker manifest, schema 1: refused.
    DockerSchema1 = "application/vnd.docker.distribution.manifest.v1+json",
    /// Docker manifest, schema 1, signed: refused.
    DockerSchema1Signed = "application/vnd.docker.distribution.manifest.v1+prettyjws",
    /// An in-toto statement, the layer of an attestation manifest.
    InToto = "application/vnd.in-toto+json",
}

impl MediaType {
    /// The type of a `Content-Type` header: parameters and case are dropped.
    pub fn from_header(value: &str) -> Self {
        let essence = value.split(';').next().unwrap_or_default().trim();
        Self::from(essence.to_ascii_lowercase().as_str())
    }

    /// An OCI index or a Docker manifest list.
    pub fn is_index(&self) -> bool {
        matches!(self, Self::OciIndex | Self::DockerManifestList)
    }

    /// An OCI or Docker schema 2 image manifest.
    pub fn is_manifest(&self) -> bool {
        matches!(self, Self::OciManifest | Self::DockerManifest)
    }

    /// Docker's schema 1, of before 2016.
    pub fn is_schema1(&self) -> bool {
        matches!(self, Self::DockerSchema1 | Self::DockerSchema1Signed)
    }

    /// An image configuration.
    pub fn is_config(&self) -> bool {
        matches!(self, Self::OciConfig | Self::DockerConfig)
    }

    /// How this layer is compressed; `None` when it is not a layer.
    pub fn layer_compression(&self) -> Option<Compression> {
        Some(match self {
            Self::OciLayer | Self::OciForeignLayer | Self::DockerLayer => Compression::None,
            Self::OciLayerGzip
            | Self::OciForeignLayerGzip
            | Self::DockerLayerGzip
            | Self::DockerForeignLayerGzip => Compression::Gzip,
            Self::OciLayerZstd | Self::OciForeignLayerZstd | Self::DockerLayerZstd => {
                Compression::Zstd
            }
            _ => return None,
        })
    }

    /// A file-system layer.
    pub fn is_layer(&self) -> bool {
        self.layer_compression().is_some()
    }

    /// A layer that may not be redistributed: it has no place in a push.
    pub fn is_foreign_layer(&self) -> bool {
        matches!(
            self,
            Self::OciForeignLayer
                | Self::OciForeignLayerGzip
                | Self::OciForeignLayerZstd
                | Self::DockerForeignLayerGzip
        )
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for MediaType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for MediaType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Ok(Self::from(text.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_lose_parameters_and_case() {
        assert_eq!(
            MediaType::from_header("Application/vnd.oci.image.index.v1+json; charset=utf-8"),
            MediaType::OciIndex
        );
        assert_eq!(
            MediaType::from_header("text/html"),
            MediaType::Other("text/html".into())
        );
    }

    #[test]
    fn layers_know_their_compression() {
        assert_eq!(
            MediaType::DockerLayerGzip.layer_compression(),
            Some(Compression::Gzip)
        );
        assert_eq!(
            MediaType::OciLayerZstd.layer_compression(),
            Some(Compression::Zstd)
        );
        assert_eq!(
            MediaType::OciLayer.layer_compression(),
            Some(Compression::None)
        );
        assert_eq!(MediaType::InToto.layer_compression(), None);
        assert!(MediaType::OciForeignLayerGzip.is_foreign_layer());
    }
}

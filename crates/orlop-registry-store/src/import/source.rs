//! A registry's folder, whoever wrote it.

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use orlop_oci::Digest;

use super::folder::Folder;
use super::{distribution, zot};
use crate::{Extent, RepositoryName, TagName};

/// Whose folder it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportFormat {
    /// CNCF distribution's: `docker/registry/v2`.
    Distribution,
    /// zot's: an OCI layout for each repository.
    Zot,
}

/// The folder.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) format: ImportFormat,
    /// Of distribution `docker/registry/v2`, of zot the root.
    folder: Folder,
}

/// What a repository says that it has.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// Manifests, and the types that they are listed with.
    pub(super) manifests: Vec<(Digest, Option<String>)>,
    /// Tags, what they name, and when they came to.
    pub(super) tags: Vec<(TagName, Digest, SystemTime)>,
    /// What can't be understood: its name, and why.
    pub(super) strange: Vec<(String, String)>,
}

/// A file that should hold some content.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) folder: Folder,
    pub(super) name: String,
}

impl Source {
    /// Looks whose folder it is. `None` when it is nobody's.
    pub(super) fn open(path: &Path) -> io::Result<Option<Self>> {
        let root = Folder::open(path)?;
        if let Some(folder) = root.below(&["docker", "registry", "v2"])? {
            return Ok(Some(Self {
                format: ImportFormat::Distribution,
                folder,
            }));
        }
        let source = Self {
            format: ImportFormat::Zot,
            folder: root,
        };
        let any = !source.repositories()?.is_empty();
        Ok(any.then_some(source))
    }

    /// All repositories, in byte order.
    pub(super) fn repositories(&self) -> io::Result<Vec<RepositoryName>> {
        let root = match self.format {
            ImportFormat::Distribution => self.folder.sub("repositories")?,
            ImportFormat::Zot => self.folder.below(&[])?,
        };
        let mut found = Vec::new();
        // Names are at most 255 bytes long, and so the folder isn't walked any deeper.
        let mut queue: Vec<(Folder, String)> =
            root.map(|root| (root, String::new())).into_iter().collect();
        while let Some((folder, prefix)) = queue.pop() {
            for name in folder.names()? {
                let path = format!("{prefix}{name}");
                let Ok(repository) = path.parse::<RepositoryName>() else {
                    continue;
                };
                if self.is_hidden(&name) {
                    continue;
                }
                let Some(sub) = folder.sub(&name)? else {
                    continue;
                };
                if self.is_repository(&sub) {
                    found.push(repository);
                }
                queue.push((sub, format!("{path}/")));
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// zot has blobs where a part of a name could be.
    fn is_hidden(&self, name: &str) -> bool {
        self.format == ImportFormat::Zot && name == "blobs"
    }

    /// How much content there is.
    pub(super) fn extent(&self, repositories: &[RepositoryName]) -> io::Result<Extent> {
        let mut extent = Extent {
            repositories: repositories.len() as u64,
            ..Extent::default()
        };
        match self.format {
            ImportFormat::Distribution => distribution::count(&self.folder, &mut extent)?,
            ImportFormat::Zot => {
                let mut seen = HashSet::new();
                for name in repositories {
                    if let Some(folder) = self.repository(name)? {
                        zot::count(&folder, &mut seen, &mut extent)?;
                    }
                }
            }
        }
        Ok(extent)
    }

    fn is_repository(&self, folder: &Folder) -> bool {
        match self.format {
            ImportFormat::Distribution => folder.has("_manifests"),
            ImportFormat::Zot => folder.has("oci-layout") && folder.has("index.json"),
        }
    }

    fn repository(&self, name: &RepositoryName) -> io::Result<Option<Folder>> {
        let mut path: Vec<&str> = name.as_str().split('/').collect();
        if self.format == ImportFormat::Distribution {
            path.insert(0, "repositories");
        }
        self.folder.below(&path)
    }

    /// What a repository says that it has.
    pub(super) fn claims(&self, name: &RepositoryName) -> io::Result<Claims> {
        let Some(folder) = self.repository(name)? else {
            return Ok(Claims::default());
        };
        match self.format {
            ImportFormat::Distribution => distribution::claims(&folder),
            ImportFormat::Zot => zot::claims(&folder),
        }
    }

    /// Where a repository has a blob. `None` when the blob isn't the repository's.
    pub(super) fn blob(&self, name: &RepositoryName, digest: &Digest) -> io::Result<Option<Place>> {
        let Some(folder) = self.repository(name)? else {
            return Ok(None);
        };
        match self.format {
            ImportFormat::Distribution if distribution::has_layer(&folder, digest)? => {
                distribution::place(&self.folder, digest)
            }
            ImportFormat::Distribution => Ok(None),
            ImportFormat::Zot => zot::place(&folder, digest),
        }
    }

    /// Where a repository has a manifest.
    pub(super) fn manifest(
        &self,
        name: &RepositoryName,
        digest: &Digest,
    ) -> io::Result<Option<Place>> {
        let Some(folder) = self.repository(name)? else {
            return Ok(None);
        };
        match self.format {
            ImportFormat::Distribution if distribution::has_revision(&folder, digest)? => {
                distribution::place(&self.folder, digest)
            }
            ImportFormat::Distribution => Ok(None),
            ImportFormat::Zot => zot::place(&folder, digest),
        }
    }
}

//! The datasets of a store: one that holds them all, and what they are called in it.
//!
//! ```text
//! BASE/orlop-PLACE                      holds the others; PLACE is a digest of the store's path
//! BASE/orlop-PLACE/sha256-HEX           a published layer, read-only, mounted nowhere
//! BASE/orlop-PLACE/sha256-HEX@layer     what layers above it, and mounts, are clones of
//! BASE/orlop-PLACE/staging-ID           one being made, or being removed
//! BASE/orlop-PLACE/throwaway-ID         of a mount
//! ```
//!
//! What `BASE/orlop-PLACE` is called is noted in `ROOT/snapshots/zfs/dataset` once it is there, and holds
//! from then on, wherever the store is moved and whatever is configured.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use orlop_oci::{ChainId, Digest};
use orlop_store::{MountTable, ZFS_DATASET};

use crate::error::{Error, Result};
use crate::home::make_directory;
use crate::staging::{Dispose, LockedDirectory, Plain};
use crate::zfs_command::{self as command, zfs};

/// How many digits of the digest of the store's path are in the name of its dataset.
const PLACE_DIGITS: usize = 12;

/// Where a store's datasets are, or will be.
#[derive(Clone, Debug)]
pub(crate) struct Datasets {
    /// `ROOT/snapshots/zfs`.
    home: PathBuf,
    /// What the configuration names.
    configured: Option<String>,
}

impl Datasets {
    pub(crate) fn new(store_root: &Path, configured: Option<&str>) -> Self {
        Self {
            home: store_root.join("snapshots").join("zfs"),
            configured: configured.map(str::to_owned),
        }
    }

    fn note(&self) -> PathBuf {
        self.home.join("dataset")
    }

    /// The dataset of the store; nothing when it has none yet.
    pub(crate) fn existing(&self) -> Result<Option<String>> {
        let note = self.note();
        match fs::read_to_string(&note) {
            Ok(name) => Ok(Some(name.trim_end().to_owned())),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::io("read", &note)(e)),
        }
    }

    /// The dataset of the store, which is made if it isn't there.
    pub(crate) fn ensure(&self) -> Result<String> {
        if let Some(name) = self.existing()? {
            return Ok(name);
        }
        let name = self.intended()?;
        if !command::exists(&name)? {
            make_container(&name)?;
        }
        make_directory(&self.home)?;
        // Who writes at the same time writes the same.
        let draft =
            LockedDirectory::create(&self.home.join("staging"), std::sync::Arc::new(Plain))?;
        let file = draft.path().join("dataset");
        fs::write(&file, format!("{name}\n")).map_err(Error::io("write", &file))?;
        fs::rename(&file, self.note()).map_err(Error::io("write", &self.note()))?;
        Ok(name)
    }

    /// What the dataset of a new store is to be called.
    fn intended(&self) -> Result<String> {
        let there = self.home.ancestors().find(|path| path.exists());
        let there = there.unwrap_or(Path::new("/"));
        let real = fs::canonicalize(there).map_err(Error::io("look at", there))?;
        let base = match &self.configured {
            Some(base) => base.clone(),
            None => match MountTable::read()?.zfs_dataset(&real) {
                Some(base) => base.to_owned(),
                None => {
                    return Err(Error::NoDataset(real));
                }
            },
        };
        let rest = self.home.strip_prefix(there).unwrap_or(Path::new(""));
        let place = Digest::of(real.join(rest).as_os_str().as_encoded_bytes());
        Ok(format!(
            "{base}{ZFS_DATASET}{}",
            &place.hex()[..PLACE_DIGITS]
        ))
    }
}

/// Makes the dataset that holds the others, which have its properties: whatever the one above it was made
/// for, all names that Linux allows are told apart, and access control lists and attributes are kept where
/// Linux looks for them.
fn make_container(name: &str) -> Result<()> {
    let always = [
        "mountpoint=none",
        "canmount=off",
        "casesensitivity=sensitive",
        "normalization=none",
        "utf8only=off",
    ];
    // zfs-fuse doesn't know these.
    let linux = ["acltype=posixacl", "xattr=sa"];
    let create = |properties: &[&str]| {
        let mut arguments = vec!["create"];
        arguments.extend(properties.iter().flat_map(|property| ["-o", property]));
        arguments.push(name);
        zfs(&arguments)
    };
    let made = create(&[&always[..], &linux].concat()).or_else(|error| match error {
        Error::Command { said, .. } if said.contains("property") => create(&always),
        error => Err(error),
    });
    match made {
        // Somebody else may have come first.
        Err(error) if !command::exists(name)? => Err(error),
        _ => Ok(()),
    }
}

/// The name of a layer's dataset.
pub(crate) fn layer(container: &str, chain: &ChainId) -> String {
    format!("{container}/{}-{}", chain.0.algorithm(), chain.0.hex())
}

/// The snapshot of a layer's dataset that others are clones of.
pub(crate) fn snapshot(container: &str, chain: &ChainId) -> String {
    format!("{}@layer", layer(container, chain))
}

/// The name of the dataset that goes with `staging/ID` or `throwaway/ID`.
pub(crate) fn of_directory(container: &str, directory: &Path) -> String {
    let name = |path: Option<&Path>| {
        path.and_then(Path::file_name)
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let (kind, id) = (name(directory.parent()), name(Some(directory)));
    format!("{container}/{kind}-{id}")
}

/// A directory goes with its dataset; when that has clones, both stay for the next sweep.
impl Dispose for Datasets {
    fn dispose(&self, directory: &Path) -> Result<()> {
        if let Some(container) = self.existing()? {
            let name = of_directory(&container, directory);
            command::unmount(&name)?;
            if !command::destroy(&name)? {
                return Ok(());
            }
        }
        Ok(orlop_fs::remove_tree(directory)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let directory = Path::new("/r/snapshots/zfs/staging/12-a-0");
        assert_eq!(
            of_directory("tank/orlop-1", directory),
            "tank/orlop-1/staging-12-a-0"
        );
        let chain = ChainId(Digest::of(b""));
        assert!(snapshot("t/orlop-1", &chain).starts_with("t/orlop-1/sha256-e3b0c442"));
        assert!(snapshot("t/orlop-1", &chain).ends_with("@layer"));
    }

    #[test]
    fn a_configured_dataset_and_a_noted_one() {
        let dir = tempfile::tempdir().unwrap();
        let datasets = Datasets::new(dir.path(), Some("tank/data"));
        let intended = datasets.intended().unwrap();
        assert!(intended.starts_with("tank/data/orlop-"), "{intended}");
        assert_eq!(datasets.intended().unwrap(), intended);
        assert_eq!(datasets.existing().unwrap(), None);
        let without = Datasets::new(dir.path(), None).intended();
        if let Err(error) = without {
            assert!(
                error.to_string().contains("lies on no ZFS dataset"),
                "{error}"
            );
        }
        fs::create_dir_all(dir.path().join("snapshots/zfs")).unwrap();
        fs::write(dir.path().join("snapshots/zfs/dataset"), "other/orlop-9\n").unwrap();
        assert_eq!(datasets.ensure().unwrap(), "other/orlop-9");
    }
}

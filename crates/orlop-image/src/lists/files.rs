//! Docker's local lists of manifests, a file for each in `ROOT/manifests`.
//!
//! ```text
//! ROOT/manifests/lock          held by who changes a list, so that no change of another is lost
//! ROOT/manifests/HEX.json      one list; HEX is the SHA-256 of its name (names are longer than a file's may be)
//! ```
//!
//! A file is written beside its place and renamed: a list is there whole, or as it was before.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use orlop_oci::{Descriptor, Digest, Raw, Reference, json};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::lists::ListEntry;

/// The folder, in the store's.
const FOLDER: &str = "manifests";

/// A list under its name.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    /// What it is pushed as.
    pub name: Reference,
    /// Its manifests, each reference once, in docker's order.
    pub entries: Vec<ListEntry>,
}

impl List {
    /// A list with nothing in it.
    pub fn new(name: Reference) -> Self {
        Self {
            name,
            entries: Vec::new(),
        }
    }

    /// The manifest that was added under this name.
    pub fn get(&self, reference: &Reference) -> Option<&ListEntry> {
        self.entries
            .iter()
            .find(|entry| entry.reference == *reference)
    }

    /// The same to be changed.
    pub fn get_mut(&mut self, reference: &Reference) -> Option<&mut ListEntry> {
        self.entries
            .iter_mut()
            .find(|entry| entry.reference == *reference)
    }

    /// Adds a manifest, in the place of the one that had its reference.
    pub fn put(&mut self, entry: ListEntry) {
        self.entries.retain(|e| e.reference != entry.reference);
        self.entries.push(entry);
        self.entries.sort_by_key(|entry| place(&entry.reference));
    }
}

/// docker's lists are in the order of the files that it keeps them in, and their digests depend on it.
fn place(reference: &Reference) -> String {
    reference.to_string().replace(':', "-").replace('/', "_")
}

/// How a list is written.
#[derive(Deserialize)]
struct Written {
    name: String,
    manifests: Vec<json::Object<WrittenEntry>>,
}

#[derive(Serialize, Deserialize)]
struct WrittenEntry {
    reference: String,
    descriptor: Descriptor,
    manifest: String,
}

/// All local lists of a store.
#[derive(Clone, Debug)]
pub struct Lists {
    folder: PathBuf,
}

/// Who holds it may change lists.
#[derive(Debug)]
pub struct ListsLock(#[expect(dead_code, reason = "it is locked while it is open")] File);

impl Lists {
    /// Those of the store in this directory, which need not be there yet.
    pub fn of(root: &Path) -> Self {
        Self {
            folder: root.join(FOLDER),
        }
    }

    /// Waits until nobody else changes a list.
    ///
    /// # Errors
    /// When the folder can't be made or written to.
    pub fn lock(&self) -> Result<ListsLock> {
        let failed = || Error::io(format!("lock the lists in {}", self.folder.display()));
        let mut folder = DirBuilder::new();
        folder.recursive(true).mode(0o700);
        folder.create(&self.folder).map_err(failed())?;
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true).mode(0o600);
        let file = options.open(self.folder.join("lock")).map_err(failed())?;
        file.lock().map_err(failed())?;
        Ok(ListsLock(file))
    }

    fn path(&self, name: &Reference) -> PathBuf {
        let digest = Digest::of(name.to_string().as_bytes());
        self.folder.join(format!("{}.json", digest.hex()))
    }

    /// The list of this name, if there is one.
    ///
    /// # Errors
    /// When it can't be read, or isn't as it was written.
    pub fn get(&self, name: &Reference) -> Result<Option<List>> {
        let path = self.path(name);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io(format!("read {}", path.display()))(error)),
        };
        let broken = |why: String| {
            let path = path.display();
            Error::Refused(format!(
                "the list {} in {path} is damaged: {why}",
                name.familiar()
            ))
        };
        let written: Written =
            json::from_slice(&bytes).map_err(|error| broken(error.to_string()))?;
        if written.name != name.to_string() {
            return Err(broken(format!("it is that of {}", written.name)));
        }
        let mut list = List::new(name.clone());
        for json::Object(entry) in written.manifests {
            list.entries
                .push(entry.read().map_err(|error| broken(error.to_string()))?);
        }
        Ok(Some(list))
    }

    /// Writes a list. Two that change one list each hold the lock, from the reading on.
    ///
    /// # Errors
    /// When the disk doesn't take it.
    pub fn put(&self, list: &List, _lock: &ListsLock) -> Result<()> {
        let manifests = list.entries.iter().map(|entry| WrittenEntry {
            reference: entry.reference.to_string(),
            descriptor: entry.descriptor.clone(),
            // It was read as JSON, which is UTF-8.
            manifest: String::from_utf8_lossy(entry.manifest.bytes()).into_owned(),
        });
        let manifests: Vec<WrittenEntry> = manifests.collect();
        let written = serde_json::json!({"name": list.name.to_string(), "manifests": manifests});
        let path = self.path(&list.name);
        let failed = || Error::io(format!("write {}", path.display()));
        let mut file = tempfile::NamedTempFile::new_in(&self.folder).map_err(failed())?;
        file.write_all(written.to_string().as_bytes())
            .map_err(failed())?;
        file.as_file().sync_all().map_err(failed())?;
        file.persist(&path).map_err(|error| failed()(error.error))?;
        let folder = File::open(&self.folder).map_err(failed())?;
        folder.sync_all().map_err(failed())
    }

    /// Removes a list; `false` when there is none.
    ///
    /// # Errors
    /// When it can't be removed.
    pub fn remove(&self, name: &Reference) -> Result<bool> {
        let path = self.path(name);
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Error::io(format!("remove {}", path.display()))(error)),
        }
    }
}

impl WrittenEntry {
    fn read(self) -> Result<ListEntry> {
        let bytes = self.manifest.into_bytes();
        let manifest = Raw::described(&self.descriptor, bytes)
            .map_err(Error::document("manifest", &self.descriptor.digest))?;
        Ok(ListEntry {
            reference: self.reference.parse()?,
            descriptor: self.descriptor,
            manifest,
        })
    }
}

#[cfg(test)]
mod tests {
    use orlop_oci::MediaType;

    use super::*;

    fn entry(reference: &str) -> ListEntry {
        let bytes = format!(r#"{{"schemaVersion":2,"of":"{reference}"}}"#);
        let manifest = Raw::new(MediaType::OciManifest, bytes.into_bytes());
        ListEntry {
            reference: reference.parse().unwrap(),
            descriptor: manifest.descriptor(),
            manifest,
        }
    }

    #[test]
    fn a_list_is_there_until_it_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let lists = Lists::of(&root.path().join("store"));
        let name: Reference = "host.example/app:v1".parse().unwrap();
        assert_eq!(lists.get(&name).unwrap(), None);
        let mut list = List::new(name.clone());
        list.put(entry("host.example/b:1"));
        list.put(entry("host.example/a:2"));
        list.put(entry("host.example/b:1"));
        let places: Vec<String> = list
            .entries
            .iter()
            .map(|e| e.reference.to_string())
            .collect();
        assert_eq!(places, ["host.example/a:2", "host.example/b:1"]);
        let lock = lists.lock().unwrap();
        lists.put(&list, &lock).unwrap();
        assert_eq!(lists.get(&name).unwrap(), Some(list));
        assert!(lists.remove(&name).unwrap());
        assert!(!lists.remove(&name).unwrap());
    }

    #[test]
    fn a_damaged_list_is_told() {
        let root = tempfile::tempdir().unwrap();
        let lists = Lists::of(root.path());
        let name: Reference = "app:v1".parse().unwrap();
        let mut list = List::new(name.clone());
        list.put(entry("b:1"));
        lists.put(&list, &lists.lock().unwrap()).unwrap();
        let path = lists.path(&name);
        let good = std::fs::read_to_string(&path).unwrap();
        for bad in [
            "[]".to_owned(),
            good.replace("schemaVersion", "schemaversion"),
            good.replace("app:v1", "app:v2"),
            good.replace("docker.io/library/b:1", "B"),
        ] {
            std::fs::write(&path, bad).unwrap();
            let said = lists.get(&name).unwrap_err().to_string();
            assert!(said.contains("is damaged: "), "{said}");
        }
    }
}

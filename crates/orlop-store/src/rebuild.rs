//! Making the database anew when it is lost or damaged.
//!
//! The layout has all that can't be computed: the blobs, and in `index.json` the images and their names.
//! From these the rows of blobs, images, names and edges are written into a new file, which takes its
//! name in one rename. What is derived from documents (layers, chains, facts) and the rows of snapshots
//! are for whoever can read configurations and ask storage drivers. Lost are the history of names, where
//! blobs came from, when images were used, and removals that could be taken back.
//!
//! A store without a database that has blobs isn't opened: it would look empty, and the next collection
//! would make it so.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use orlop_oci::{
    Algorithm, Descriptor, Digest, MAX_MANIFEST_SIZE, Manifest, MediaType, Reference, annotation,
};
use rusqlite::Connection;
use serde::Deserialize;

use crate::check::make_quarantine;
use crate::error::{Error, Result};
use crate::layout::{Layout, sync_directory, unique};
use crate::locks::{FileLock, is_locked};
use crate::store::{NEVER, Store};
use crate::sweep::names_in;
use crate::{images, schema, sql};

/// What a database was made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// How many blobs were found.
    pub blobs: usize,
    /// How many images.
    pub images: usize,
    /// How many names.
    pub names: usize,
    /// `index.json` couldn't be read: the images are the documents that no other names, without names.
    pub without_index: bool,
    /// Where the old database is, if there was one.
    pub old: Option<PathBuf>,
}

/// The parts of `index.json` that are read.
#[derive(Deserialize)]
struct IndexJson {
    manifests: Vec<Descriptor>,
}

/// A document among the blobs.
struct Document {
    descriptor: Descriptor,
    children: Vec<Digest>,
}

impl Store {
    /// Makes the database of the store in `root` anew from its layout. What is there of the old one is
    /// put aside.
    ///
    /// # Errors
    /// [`Error::InUseByOthers`] when an operation is running, or when files can't be read or written.
    pub fn rebuild(root: &Path) -> Result<Rebuilt> {
        let root = std::path::absolute(root).map_err(Error::io("resolve", root))?;
        let layout = Layout::new(&root);
        layout.create_directories()?;
        let lock = FileLock::wait(&layout.locks().join("schema"), &NEVER)?;
        refuse_when_leased(&layout)?;
        layout.create_oci_files(&lock)?;
        let mut rebuilt = Rebuilt::default();
        let new = with_suffix(&layout.database(), "-new");
        remove_database(&new)?;
        let mut database = schema::open(&new)?;
        schema::migrate(&mut database)?;
        fill(&layout, &mut database, &mut rebuilt)?;
        // All of it in the one file that gets the name.
        database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        database.close().map_err(|(_, error)| error)?;
        File::open(&new)
            .and_then(|file| file.sync_all())
            .map_err(Error::io("sync", &new))?;
        rebuilt.old = put_old_aside(&layout)?;
        fs::rename(&new, layout.database()).map_err(Error::io("rename", &new))?;
        sync_directory(layout.root())?;
        drop(lock);
        Ok(rebuilt)
    }
}

/// Whether there are blobs in a store whose database isn't there.
pub(crate) fn has_blobs(layout: &Layout) -> Result<bool> {
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
        let path = layout.blobs(algorithm);
        let is_empty = match fs::read_dir(&path) {
            Ok(mut entries) => entries.next().is_none(),
            Err(e) if e.kind() == ErrorKind::NotFound => true,
            Err(e) => return Err(Error::io("read", &path)(e)),
        };
        if !is_empty {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What a running operation holds is in the old database only.
fn refuse_when_leased(layout: &Layout) -> Result<()> {
    for name in names_in(&layout.locks())? {
        if name.starts_with("lease-") && is_locked(&layout.locks().join(&name))? {
            return Err(Error::InUseByOthers {
                root: layout.root().to_owned(),
            });
        }
    }
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(suffix);
    text.into()
}

/// The files of a database: itself, and what SQLite keeps beside it.
fn files_of(database: &Path) -> [PathBuf; 4] {
    ["", "-wal", "-shm", "-journal"].map(|suffix| with_suffix(database, suffix))
}

fn remove_database(database: &Path) -> Result<()> {
    for path in files_of(database) {
        match fs::remove_file(&path) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(Error::io("remove", &path)(e)),
            _ => {}
        }
    }
    Ok(())
}

/// Moves the old database away, with what waits to be written into it: a new one must not find that.
fn put_old_aside(layout: &Layout) -> Result<Option<PathBuf>> {
    let quarantine = layout.quarantine();
    make_quarantine(&quarantine)?;
    let aside = quarantine.join(format!("orlop.db-{}", unique()));
    let mut moved = None;
    let to = files_of(&aside);
    for (path, to) in files_of(&layout.database()).into_iter().zip(to) {
        match fs::rename(&path, &to) {
            Ok(()) => moved = Some(aside.clone()),
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(Error::io("put aside", &path)(e)),
        }
    }
    Ok(moved)
}

fn fill(layout: &Layout, database: &mut Connection, rebuilt: &mut Rebuilt) -> Result<()> {
    let tx = database.transaction()?;
    let mut documents = Vec::new();
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
        for name in names_in(&layout.blobs(algorithm))? {
            let Ok(digest) = format!("{algorithm}:{name}").parse::<Digest>() else {
                continue;
            };
            let path = layout.blob(&digest);
            let size = fs::metadata(&path)
                .map_err(Error::io("look at", &path))?
                .len();
            tx.execute(
                "INSERT INTO blobs (digest, size, stored) VALUES (?1, ?2, ?3)",
                (digest.as_str(), sql::signed(size), sql::now()),
            )?;
            rebuilt.blobs += 1;
            documents.extend(document(&path, digest, size));
        }
    }
    for document in &documents {
        for child in &document.children {
            tx.execute(
                "INSERT OR IGNORE INTO edges (parent, child) VALUES (?1, ?2)",
                [document.descriptor.digest.as_str(), child.as_str()],
            )?;
        }
    }
    let targets = match read_index(&layout.index_json()) {
        Some(index) => index.manifests,
        None => {
            rebuilt.without_index = true;
            roots(&documents)
        }
    };
    for target in &targets {
        add_image(&tx, target, rebuilt)?;
    }
    crate::index_json::mark_stale(&tx)?;
    tx.commit()?;
    Ok(())
}

fn add_image(db: &Connection, target: &Descriptor, rebuilt: &mut Rebuilt) -> Result<()> {
    if !images::exists(db, &target.digest)? {
        images::insert(db, target)?;
        rebuilt.images += 1;
    }
    let name = target.annotations.get(annotation::REF_NAME);
    let Some(name) = name.and_then(|name| name.parse::<Reference>().ok()) else {
        return Ok(());
    };
    if crate::names::check(&name).is_err() {
        return Ok(());
    }
    let count = db.execute(
        "INSERT OR IGNORE INTO names (name, target, updated) VALUES (?1, ?2, ?3)",
        (name.to_string(), target.digest.as_str(), sql::now()),
    )?;
    rebuilt.names += count;
    Ok(())
}

/// `index.json`, when it says anything.
fn read_index(path: &Path) -> Option<IndexJson> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// A blob that is a manifest or an index, and is whole.
fn document(path: &Path, digest: Digest, size: u64) -> Option<Document> {
    if size > MAX_MANIFEST_SIZE {
        return None;
    }
    let mut file = File::open(path).ok()?;
    // Most blobs are no documents, which shows in the first byte.
    let mut bytes = vec![0];
    file.read_exact(&mut bytes).ok()?;
    if !matches!(bytes[0], b'{' | b' ' | b'\t' | b'\r' | b'\n') {
        return None;
    }
    file.take(size).read_to_end(&mut bytes).ok()?;
    if !digest.matches(&bytes) {
        return None;
    }
    let manifest = Manifest::parse(&MediaType::from("application/json"), &bytes).ok()?;
    let children = manifest.children();
    let own: Option<MediaType> = serde_json::from_slice::<Typed>(&bytes).ok()?.media_type;
    let media_type = own.unwrap_or(match &manifest {
        Manifest::Image(_) => MediaType::OciManifest,
        Manifest::Index(_) => MediaType::OciIndex,
    });
    Some(Document {
        children: children
            .into_iter()
            .map(|child| child.digest.clone())
            .collect(),
        descriptor: Descriptor::new(media_type, digest, size),
    })
}

/// The type that a document says it has.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Typed {
    media_type: Option<MediaType>,
}

/// The documents that no other names.
fn roots(documents: &[Document]) -> Vec<Descriptor> {
    let named: std::collections::HashSet<&Digest> = documents
        .iter()
        .flat_map(|document| &document.children)
        .collect();
    let all = documents.iter().map(|document| &document.descriptor);
    all.filter(|descriptor| !named.contains(&descriptor.digest))
        .cloned()
        .collect()
}

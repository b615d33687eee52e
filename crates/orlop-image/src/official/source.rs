//! Where library files come from: an archive of their repository, at an address or on disk, or a
//! directory.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Seek as _};
use std::path::{Path, PathBuf};

use orlop_layer::{Bounds, Decompressor, Entry, EntryKind, TarReader, sniff};
use orlop_oci::Repository;

use crate::error::{Error, Result};

/// The archive that GitHub makes of the repository.
pub const DEFAULT_CATALOGUE: &str =
    "https://github.com/docker-library/official-images/archive/refs/heads/master.tar.gz";

/// The most that is fetched, in bytes.
pub(super) const MAX_ARCHIVE: u64 = 64 << 20;
/// The most that an archive has unpacked, in bytes.
const MAX_UNPACKED: u64 = 512 << 20;
/// The most that a library file has, in bytes.
const MAX_FILE: u64 = 512 << 10;
/// The most library files.
const MAX_FILES: usize = 4096;
/// The directory of the library files in their repository.
const LIBRARY: &str = "library";

/// Where a catalogue is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CatalogueSource {
    /// An archive at an `http` or `https` address.
    Address(url::Url),
    /// An archive, or a directory.
    Path(PathBuf),
}

impl CatalogueSource {
    /// What `text` means: an address if it begins like one, else a path.
    ///
    /// # Errors
    /// When it begins like an address and is none.
    pub fn parse(text: &str) -> Result<Self> {
        if !text.starts_with("http://") && !text.starts_with("https://") {
            return Ok(Self::Path(text.into()));
        }
        text.parse()
            .map(Self::Address)
            .map_err(|error| Error::Refused(format!("{text}: {error}")))
    }
}

impl std::fmt::Display for CatalogueSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(url) => f.write_str(url.as_str()),
            Self::Path(path) => path.display().fmt(f),
        }
    }
}

/// Library files by their names.
pub(super) type Files = BTreeMap<String, String>;

/// The library files at a path.
pub(super) fn of_path(path: &Path) -> Result<Files> {
    let failed = || Error::io(format!("read {}", path.display()));
    if !fs::metadata(path).map_err(failed())?.is_dir() {
        return of_archive(
            File::open(path).map_err(failed())?,
            &path.display().to_string(),
        );
    }
    let library = path.join(LIBRARY);
    let folder = if library.is_dir() {
        library
    } else {
        path.to_owned()
    };
    let mut files = Files::new();
    for entry in fs::read_dir(&folder).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        let name = entry.file_name();
        let Some(name) = name.to_str().and_then(official_name) else {
            continue;
        };
        let is_file = entry.file_type().map_err(failed())?.is_file();
        if is_file && let Some(text) = text(File::open(entry.path()).map_err(failed())?) {
            add(&mut files, name, text)?;
        }
    }
    Ok(files)
}

/// The library files of an archive, compressed or not: what lies in a directory `library`, at the top
/// or one level below it.
pub(super) fn of_archive(mut file: File, what: &str) -> Result<Files> {
    let failed = || Error::io(format!("read {what}"));
    let mut head = [0; 6];
    let count = file.read(&mut head).map_err(failed())?;
    file.rewind().map_err(failed())?;
    let plain = Decompressor::new(sniff(&head[..count]), file).map_err(failed())?;
    let bounds = Bounds {
        max_uncompressed: MAX_UNPACKED,
        ..Bounds::default()
    };
    // One byte more than allowed, so that an archive that is too long isn't one that just ends.
    let plain = BufReader::new(plain.take(MAX_UNPACKED + 1));
    let mut tar = TarReader::new(plain, bounds);
    let broken = |error: orlop_layer::Error| Error::Refused(format!("{what}: {error}"));
    let mut files = Files::new();
    while let Some(entry) = tar.next_entry().map_err(broken)? {
        let Some(name) = library_name(&entry) else {
            continue;
        };
        if let Some(text) = content(&mut tar).map_err(broken)? {
            add(&mut files, name, text)?;
        }
    }
    Ok(files)
}

fn add(files: &mut Files, name: &str, text: String) -> Result<()> {
    if files.len() >= MAX_FILES {
        return Err(Error::Refused(format!(
            "more than {MAX_FILES} library files"
        )));
    }
    files.insert(name.to_owned(), text);
    Ok(())
}

/// The name of an entry that is a library file.
fn library_name(entry: &Entry) -> Option<&str> {
    let path = std::str::from_utf8(&entry.path).ok()?;
    let parts: Vec<&str> = path.split('/').collect();
    let name = match parts.as_slice() {
        [LIBRARY, name] | [_, LIBRARY, name] => name,
        _ => return None,
    };
    let fits = entry.kind == EntryKind::File && entry.size <= MAX_FILE && entry.sparse.is_none();
    official_name(name).filter(|_| fits)
}

/// A name that an official image can have.
fn official_name(name: &str) -> Option<&str> {
    let repository: Repository = name.parse().ok()?;
    (repository.is_official() && repository.familiar() == name).then_some(name)
}

fn content<R: BufRead>(tar: &mut TarReader<R>) -> orlop_layer::Result<Option<String>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = tar.read_chunk()? {
        bytes.extend_from_slice(chunk);
    }
    Ok(String::from_utf8(bytes).ok())
}

fn text(file: File) -> Option<String> {
    let mut text = String::new();
    let size = file.take(MAX_FILE + 1).read_to_string(&mut text).ok()?;
    (size as u64 <= MAX_FILE).then_some(text)
}

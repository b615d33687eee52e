//! Which form a document has, and the way from a path to its documents.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{
    Feed, FeedError, Sink, base_images, csaf, debian_tracker, epss, kev, osv, oval, secdb, unpack,
    yaml,
};

/// How deep folders may lie in one another.
const DEPTH: usize = 32;
/// The names of files in a folder that are looked at. The rest is licences, notes, code.
const NAMES: &[&str] = &[
    ".json", ".yaml", ".yml", ".zip", ".gz", ".tgz", ".zst", ".bz2", ".xz", ".tar", ".csv", ".xml",
];

/// The fields by which documents of JSON are told apart.
#[derive(Deserialize)]
struct Shape {
    affected: Option<IgnoredAny>,
    modified: Option<IgnoredAny>,
    id: Option<IgnoredAny>,
    packages: Option<IgnoredAny>,
    document: Option<IgnoredAny>,
    #[serde(rename = "catalogVersion")]
    catalog_version: Option<IgnoredAny>,
    base_images: Option<IgnoredAny>,
}

/// Reads one document: JSON, CSV, OVAL, or a record of OSV in YAML, unpacked. `name` is what faults call it.
///
/// # Errors
///
/// A clause about the document, if it has no form that is known or is damaged as a whole.
pub fn read_document(name: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<Feed, String> {
    read_as_it_is(name, bytes, sink).map_err(one_line)
}

/// What a document says of itself may be quoted in a fault, and mustn't move a terminal's cursor.
pub(crate) fn one_line(text: String) -> String {
    if !text.contains(char::is_control) {
        return text;
    }
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter.is_control() {
            true => line.extend(letter.escape_default()),
            false => line.push(letter),
        }
    }
    line
}

fn read_as_it_is(name: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<Feed, String> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if text.starts_with(b"#model_version") || text.starts_with(b"cve,epss") {
        epss::read(text, sink)?;
        return Ok(Feed::Epss);
    }
    if oval::is_one(text) {
        oval::read(text, sink)?;
        return Ok(Feed::Oval);
    }
    if yaml::is_record(text) {
        sink.advisory(Feed::Osv, osv::read(&yaml::to_json(text)?)?);
        return Ok(Feed::Osv);
    }
    let shape: Shape =
        serde_json::from_slice(text).map_err(|error| format!("it is no JSON object: {error}"))?;
    if shape.document.is_some() {
        csaf::read(text, sink)?;
        return Ok(Feed::Csaf);
    }
    if shape.catalog_version.is_some() {
        kev::read(text, sink)?;
        return Ok(Feed::Kev);
    }
    if shape.id.is_some() && (shape.affected.is_some() || shape.modified.is_some()) {
        sink.advisory(Feed::Osv, osv::read(text)?);
        return Ok(Feed::Osv);
    }
    if shape.base_images.is_some() {
        base_images::read(text, sink)?;
        return Ok(Feed::BaseImages);
    }
    if shape.packages.is_some() {
        secdb::read(name, text, sink)?;
        return Ok(Feed::Secdb);
    }
    if debian_tracker::is_one(text) {
        debian_tracker::read(name, text, sink)?;
        return Ok(Feed::DebianTracker);
    }
    Err("it is no feed of advisories that is known".into())
}

/// Reads a file or a folder with everything below it, in order of the names. Returns the forms that
/// it holds.
///
/// # Errors
///
/// [`FeedError`] where it can't be read, or holds no feed at all. A file in a folder or an archive that
/// is no feed is a fault.
pub fn read_path(path: &Path, sink: &mut dyn Sink) -> Result<Vec<Feed>, FeedError> {
    let mut found = Vec::new();
    let files = match path.is_dir() {
        true => files(path)?,
        false => vec![path.to_owned()],
    };
    for file in files {
        let name = file
            .strip_prefix(path)
            .ok()
            .filter(|name| *name != Path::new(""));
        let name = name.map_or_else(|| file.clone(), Path::to_owned);
        if let Err(what) = read_file(&file, &name.to_string_lossy(), &mut found, sink)? {
            if file == path {
                let path = path.to_owned();
                return Err(FeedError::Unknown { path, what });
            }
            sink.fault(&name.to_string_lossy(), what);
        }
    }
    found.sort_unstable();
    found.dedup();
    match found.is_empty() {
        true => Err(FeedError::Unknown {
            path: path.to_owned(),
            what: "it holds no feed of advisories that is known".into(),
        }),
        false => Ok(found),
    }
}

/// When the file, or the newest of a folder's files that [`read_path`] looks at, was last changed;
/// `None` for a folder that has no such file.
///
/// # Errors
///
/// [`FeedError::Io`].
pub fn changed(path: &Path) -> Result<Option<SystemTime>, FeedError> {
    let files = match path.is_dir() {
        true => files(path)?,
        false => vec![path.to_owned()],
    };
    let mut newest = None;
    for file in files {
        let changed = file.metadata().and_then(|metadata| metadata.modified());
        let io = |source| FeedError::Io { path: file, source };
        newest = newest.max(Some(changed.map_err(io)?));
    }
    Ok(newest)
}

/// Files below a folder by their names. Links to files are followed, links to folders aren't.
fn files(root: &Path) -> Result<Vec<PathBuf>, FeedError> {
    let mut files = Vec::new();
    let mut left = vec![(root.to_owned(), 1)];
    while let Some((folder, depth)) = left.pop() {
        let io = |source| FeedError::Io {
            path: folder.clone(),
            source,
        };
        for entry in std::fs::read_dir(&folder).map_err(io)? {
            let entry = entry.map_err(io)?;
            let kind = entry.file_type().map_err(io)?;
            let name = entry.file_name().to_string_lossy().to_lowercase();
            if kind.is_dir() && depth < DEPTH && !name.starts_with('.') {
                left.push((entry.path(), depth + 1));
            } else if !kind.is_dir() && NAMES.iter().any(|ending| name.ends_with(ending)) {
                files.push(entry.path());
            }
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// Reads one file; the inner error is a clause about it.
fn read_file(
    path: &Path,
    name: &str,
    found: &mut Vec<Feed>,
    sink: &mut dyn Sink,
) -> Result<Result<(), String>, FeedError> {
    let io = |source| FeedError::Io {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(io)?;
    let mut start = Vec::new();
    (&mut file).take(4).read_to_end(&mut start).map_err(io)?;
    let mut document = |inner: &str, bytes: Result<&[u8], String>| {
        let whole = inner.is_empty();
        let inner = if whole { name } else { inner };
        match bytes.and_then(|bytes| read_document(inner, bytes, sink)) {
            Ok(feed) => {
                if !found.contains(&feed) {
                    found.push(feed);
                }
                Ok(())
            }
            Err(what) if whole => Err(what),
            Err(what) => {
                sink.fault(inner, what);
                Ok(())
            }
        }
    };
    let file = File::open(path).map_err(io)?;
    match start.starts_with(unpack::ZIP) {
        true => Ok(unpack::zip(file, &mut document)),
        false => Ok(unpack::stream(file, &mut document)),
    }
}

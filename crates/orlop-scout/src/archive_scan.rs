//! The record of a layer from its archive, as it passes.

use std::fs::File;
use std::io::{self, BufRead};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use orlop_layer::{Entry, EntryKind, Error as LayerError, TarReader, Whiteout};
use orlop_sbom::{FileInfo, HEAD, LayerSbom, LayerScan, ScanOptions, Wanted, path_text};

use crate::file_content::FileContent;

/// Files of at most so many bytes are read into memory; larger ones go to a temporary file.
const MAX_IN_MEMORY: u64 = 1 << 20;

/// Reads all entries. Temporary files are made in `scratch`, unnamed.
///
/// # Errors
/// The archive is malformed, or a temporary file can't be written.
pub(crate) fn scan_archive<R: BufRead>(
    tar: &mut TarReader<R>,
    options: ScanOptions,
    scratch: &Path,
) -> Result<LayerSbom, LayerError> {
    let mut scan = LayerScan::new(options);
    while let Some(entry) = tar.next_entry()? {
        if has_content(&entry, &mut scan)? {
            scan_file(tar, &entry, &mut scan, scratch)?;
        }
    }
    Ok(scan.finish())
}

/// Whether an entry is a regular file. What else it is, is told to the scan.
///
/// # Errors
/// It is a whiteout of something that can't be.
pub(crate) fn has_content(entry: &Entry, scan: &mut LayerScan) -> Result<bool, LayerError> {
    let whiteout = Whiteout::of(&entry.path).map_err(|error| LayerError::Entry {
        path: entry.printable_path(),
        reason: error.to_string(),
    })?;
    match (whiteout, entry.kind) {
        (Some(Whiteout::Metadata), _) => {}
        (Some(Whiteout::Opaque { dir }), _) => scan.opaque(&dir),
        (Some(Whiteout::File { path }), _) => scan.whiteout(&path),
        (None, EntryKind::Directory) => scan.directory(&entry.path),
        (None, EntryKind::Symlink) => scan.symlink(&entry.path, &entry.link),
        (None, EntryKind::HardLink) => scan.hard_link(&entry.path, &entry.link),
        (None, EntryKind::File) => return Ok(true),
        (None, _) => scan.special(&entry.path),
    }
    Ok(false)
}

fn scan_file<R: BufRead>(
    tar: &mut TarReader<R>,
    entry: &Entry,
    scan: &mut LayerScan,
    scratch: &Path,
) -> Result<(), LayerError> {
    let path = path_text(&entry.path);
    let info = FileInfo {
        path: &path,
        size: entry.size,
        is_executable: entry.mode & 0o111 != 0,
    };
    match scan.wants(&info) {
        Wanted::Nothing => scan.file(&info, None),
        // A sparse file's first bytes may be a hole; no program is like that.
        Wanted::Head => {
            let head = head(tar)?;
            scan.file(&info, Some(&head.as_slice()));
        }
        Wanted::Whole if entry.size <= MAX_IN_MEMORY && entry.sparse.is_none() => {
            let mut bytes = Vec::with_capacity(usize::try_from(entry.size).unwrap_or(0));
            while let Some(chunk) = tar.read_chunk()? {
                bytes.extend_from_slice(chunk);
            }
            scan.file(&info, Some(&bytes.as_slice()));
        }
        Wanted::Whole => {
            let file = spill(tar, entry, scratch)?;
            scan.file(&info, Some(&FileContent::new(&file, entry.size)));
        }
    }
    Ok(())
}

fn head<R: BufRead>(tar: &mut TarReader<R>) -> Result<Vec<u8>, LayerError> {
    let mut head = Vec::with_capacity(HEAD);
    while head.len() < HEAD
        && let Some(chunk) = tar.read_chunk()?
    {
        let count = chunk.len().min(HEAD - head.len());
        head.extend_from_slice(&chunk[..count]);
    }
    Ok(head)
}

/// Writes the content of a file to an unnamed one, with its holes.
fn spill<R: BufRead>(
    tar: &mut TarReader<R>,
    entry: &Entry,
    scratch: &Path,
) -> Result<File, LayerError> {
    let file = tempfile::tempfile_in(scratch).map_err(LayerError::Write)?;
    file.set_len(entry.size).map_err(LayerError::Write)?;
    let whole = [orlop_layer::Region {
        offset: 0,
        length: entry.size,
    }];
    let regions = entry.sparse.as_deref().unwrap_or(&whole);
    let mut regions = regions.iter().filter(|region| region.length > 0);
    let (mut at, mut left) = (0, 0);
    while let Some(mut chunk) = tar.read_chunk()? {
        while !chunk.is_empty() {
            if left == 0 {
                let Some(region) = regions.next() else {
                    let more = io::Error::other("more content than the map of the file tells");
                    return Err(LayerError::Write(more));
                };
                (at, left) = (region.offset, region.length);
            }
            let count = usize::try_from(left).map_or(chunk.len(), |left| left.min(chunk.len()));
            file.write_all_at(&chunk[..count], at)
                .map_err(LayerError::Write)?;
            chunk = &chunk[count..];
            at += count as u64;
            left -= count as u64;
        }
    }
    Ok(file)
}

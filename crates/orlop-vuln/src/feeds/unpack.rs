//! Archives and compression around documents.

use std::fs::File;
use std::io::{Cursor, Read};

use flate2::{Decompress, FlushDecompress, Status};
use rawzip::{
    CompressionMethod, FileReader, RECOMMENDED_BUFFER_SIZE, ZipArchive, ZipArchiveEntryWayfinder,
};

/// How a zip archive begins.
pub(super) const ZIP: &[u8] = b"PK\x03\x04";
/// The largest document, unpacked. The Debian tracker's has some 80 MB.
const DOCUMENT: u64 = 1 << 30;
/// The largest document in an archive.
const ENTRY: u64 = 64 << 20;
/// The most documents of one archive. All of OSV has some half a million.
const ENTRIES: usize = 5_000_000;
/// So many bytes are unpacked at a time, at least.
const PIECE: usize = 64 << 10;
/// How many compressions may lie in one another.
const DEPTH: usize = 4;
/// So many bytes tell what a file is.
const START: u64 = 512;
/// The memory that unpacking xz may take, in KiB.
const XZ_MEMORY: u32 = 256 << 10;

/// Takes a document, or why it can't be unpacked, with its name in the archive, which is empty where
/// there is none around it.
pub(super) type OnDocument<'a> = dyn FnMut(&str, Result<&[u8], String>) -> Result<(), String> + 'a;

/// The documents of a zip archive, in order of their names.
pub(super) fn zip(file: File, document: &mut OnDocument<'_>) -> Result<(), String> {
    let broken = |error: &dyn std::fmt::Display| format!("it is a damaged zip archive: {error}");
    let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
    let archive = ZipArchive::from_file(file, &mut buffer).map_err(|error| broken(&error))?;
    let mut found = Vec::new();
    let mut entries = archive.entries(&mut buffer);
    while let Some(entry) = entries.next_entry().map_err(|error| broken(&error))? {
        let name = String::from_utf8_lossy(entry.file_path().as_ref()).into_owned();
        if entry.is_dir() || !is_document(&name) {
            continue;
        }
        if found.len() == ENTRIES {
            return Err(format!("it has more than {ENTRIES} files"));
        }
        found.push((name, entry.wayfinder(), entry.compression_method()));
    }
    found.sort_by(|left, right| left.0.cmp(&right.0));
    let mut unpacker = Unpacker::new();
    for (name, wayfinder, method) in found {
        let unpacked = unpacker.unpack(&archive, wayfinder, method);
        document(&name, unpacked.map(|()| unpacker.bytes.as_slice()))?;
    }
    Ok(())
}

/// Unpacks files of a zip archive one after another in the same memory: what half a million of small
/// archives leave between what is kept of them would be many times as much as that.
struct Unpacker {
    packed: Vec<u8>,
    bytes: Vec<u8>,
    inflater: Decompress,
}

impl Unpacker {
    fn new() -> Self {
        Self {
            packed: Vec::new(),
            bytes: Vec::new(),
            inflater: Decompress::new(false),
        }
    }

    /// Leaves the file in `bytes`.
    fn unpack(
        &mut self,
        archive: &ZipArchive<FileReader>,
        entry: ZipArchiveEntryWayfinder,
        method: CompressionMethod,
    ) -> Result<(), String> {
        let entry = archive
            .get_entry(entry)
            .map_err(|error| error.to_string())?;
        self.packed.clear();
        self.bytes.clear();
        whole(&mut entry.reader(), ENTRY, &mut self.packed)?;
        match method {
            CompressionMethod::DEFLATE => self.inflate()?,
            CompressionMethod::STORE => std::mem::swap(&mut self.packed, &mut self.bytes),
            other => return Err(format!("its compression {other:?} isn't known")),
        }
        let mut checked = entry.verifying_reader(self.bytes.as_slice());
        let read = std::io::copy(&mut checked, &mut std::io::sink());
        read.map(drop)
            .map_err(|error| format!("it can't be unpacked: {error}"))
    }

    fn inflate(&mut self) -> Result<(), String> {
        self.inflater.reset(false);
        loop {
            let read = usize::try_from(self.inflater.total_in()).unwrap_or(usize::MAX);
            let packed = self.packed.get(read..).unwrap_or_default();
            let before = (self.inflater.total_in(), self.inflater.total_out());
            self.bytes.reserve(PIECE);
            let flush = FlushDecompress::None;
            let inflated = self
                .inflater
                .decompress_vec(packed, &mut self.bytes, flush)
                .map_err(|error| format!("it can't be unpacked: {error}"))?;
            if self.bytes.len() as u64 > ENTRY {
                return Err(format!("it has more than {ENTRY} bytes"));
            }
            let is_stuck = before == (self.inflater.total_in(), self.inflater.total_out());
            match inflated {
                Status::StreamEnd => return Ok(()),
                _ if is_stuck => return Err("it can't be unpacked: it ends early".to_owned()),
                _ => {}
            }
        }
    }
}

/// A document, or a tar archive of some, in any compression.
pub(super) fn stream(
    reader: impl Read + 'static,
    document: &mut OnDocument<'_>,
) -> Result<(), String> {
    let mut reader: Box<dyn Read> = Box::new(reader);
    for _ in 0..=DEPTH {
        let mut start = Vec::new();
        start_of(&mut reader.by_ref().take(START), &mut start)?;
        let packed = Cursor::new(start.clone()).chain(reader);
        reader = match start.as_slice() {
            [0x1f, 0x8b, ..] => Box::new(flate2::read::MultiGzDecoder::new(packed)),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => {
                let decoder = zstd::stream::read::Decoder::new(packed);
                Box::new(decoder.map_err(|error| error.to_string())?)
            }
            [b'B', b'Z', b'h', ..] => Box::new(bzip2::read::MultiBzDecoder::new(packed)),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => {
                let reader = lzma_rust2::XzReader::new_mem_limit(packed, true, XZ_MEMORY);
                Box::new(reader)
            }
            _ if start.get(257..262) == Some(b"ustar") => return tar(packed, document),
            _ => {
                let mut bytes = Vec::new();
                whole(&mut { packed }, DOCUMENT, &mut bytes)?;
                return document("", Ok(&bytes));
            }
        };
    }
    Err(format!("it is compressed more than {DEPTH} times"))
}

/// The documents of a tar archive, in its order.
fn tar(reader: impl Read, document: &mut OnDocument<'_>) -> Result<(), String> {
    let broken = |error: std::io::Error| format!("it is a damaged tar archive: {error}");
    let mut archive = tar::Archive::new(reader);
    let mut bytes = Vec::new();
    for (count, entry) in archive.entries().map_err(broken)?.enumerate() {
        let mut entry = entry.map_err(broken)?;
        if count == ENTRIES {
            return Err(format!("it has more than {ENTRIES} files"));
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if !entry.header().entry_type().is_file() || !is_document(&name) {
            continue;
        }
        bytes.clear();
        match whole(&mut entry, ENTRY, &mut bytes) {
            Ok(()) => document(&name, Ok(&bytes))?,
            Err(what) => document(&name, Err(what))?,
        }
    }
    Ok(())
}

/// Whether a file of an archive may be a document. What is hidden belongs to the tools of a repository.
fn is_document(name: &str) -> bool {
    let is_hidden = |part: &str| part.starts_with('.') && part != "." && part != "..";
    let endings = [".json", ".yaml", ".yml", ".xml"];
    endings.iter().any(|ending| name.ends_with(ending)) && !name.split('/').any(is_hidden)
}

/// Everything a reader has, up to a bound.
fn whole(reader: &mut dyn Read, bound: u64, bytes: &mut Vec<u8>) -> Result<(), String> {
    let read = reader.take(bound + 1).read_to_end(bytes);
    let length = read.map_err(|error| format!("it can't be unpacked: {error}"))?;
    match length as u64 > bound {
        true => Err(format!("it has more than {bound} bytes")),
        false => Ok(()),
    }
}

fn start_of(reader: &mut dyn Read, bytes: &mut Vec<u8>) -> Result<(), String> {
    let read = reader.read_to_end(bytes);
    read.map(drop)
        .map_err(|error| format!("it can't be read: {error}"))
}

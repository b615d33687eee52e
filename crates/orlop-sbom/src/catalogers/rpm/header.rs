//! One package of rpm's database: its header (rpm's "Package format", "Header").
//!
//! ```text
//! u32 entries │ u32 bytes of data │ entries of 16 bytes │ data       all big-endian
//! entry: u32 tag │ u32 type │ u32 offset into the data │ u32 count
//! ```

use super::super::bounds::{Listing, text};
use super::super::path::join;
use super::NAME;
use crate::{Fault, Package, PackageKind, SourcePackage};

/// Entries of one header (rpm's `HEADER_TAGS_MAX`).
const ENTRIES: usize = 0xffff;

/// Files of one package.
const FILES: usize = 1_000_000;

/// The name of a key that rpm trusts, which stands in its database like a package.
pub(super) const KEY: &str = "gpg-pubkey";

/// Tags (rpm's `rpmtag.h`).
mod tag {
    pub(super) const NAME: u32 = 1000;
    pub(super) const VERSION: u32 = 1001;
    pub(super) const RELEASE: u32 = 1002;
    pub(super) const EPOCH: u32 = 1003;
    pub(super) const VENDOR: u32 = 1011;
    pub(super) const LICENSE: u32 = 1014;
    pub(super) const ARCH: u32 = 1022;
    pub(super) const OLD_FILE_NAMES: u32 = 1027;
    pub(super) const FILE_MODES: u32 = 1030;
    pub(super) const FILE_FLAGS: u32 = 1037;
    pub(super) const SOURCE_RPM: u32 = 1044;
    pub(super) const DIR_INDEXES: u32 = 1116;
    pub(super) const BASE_NAMES: u32 = 1117;
    pub(super) const DIR_NAMES: u32 = 1118;
    pub(super) const MODULARITY_LABEL: u32 = 5096;
}

/// Types of values (rpm's `rpmTagType_e`).
mod kind {
    pub(super) const INT16: u32 = 3;
    pub(super) const INT32: u32 = 4;
    pub(super) const STRING: u32 = 6;
    pub(super) const STRING_ARRAY: u32 = 8;
    pub(super) const I18N_STRING: u32 = 9;
}

/// Of a file's mode, what says its type, and the type of a folder (inode(7)).
const TYPE: u32 = 0o170_000;
const FOLDER: u32 = 0o040_000;

/// A file that the package owns but doesn't bring (rpm's `RPMFILE_GHOST`).
const GHOST: u32 = 1 << 6;

/// The package of a header; keys that rpm keeps like packages are none.
pub(super) fn package(blob: &[u8], listing: &mut Listing<'_>) -> Result<Option<Package>, Fault> {
    let header = Header::parse(blob)?;
    let name = header.string(tag::NAME)?.unwrap_or_default();
    if name == KEY {
        return Ok(None);
    }
    let version = header.string(tag::VERSION)?.unwrap_or_default();
    let mut full = version.clone();
    if let Some(release) = header.string(tag::RELEASE)? {
        full = format!("{version}-{release}");
    }
    let epoch = header.integers(tag::EPOCH, kind::INT32)?.next();
    let epoch = epoch.filter(|epoch| *epoch > 0);
    let with_epoch = |version: &str| match epoch {
        Some(epoch) => format!("{epoch}:{version}"),
        None => version.to_owned(),
    };
    let mut package = Package::new(PackageKind::Rpm, name, with_epoch(&full), NAME);
    if version.is_empty() {
        package.version.clear();
    }
    package.architecture = header.string(tag::ARCH)?;
    package.maintainer = header.string(tag::VENDOR)?;
    package.licences.extend(header.string(tag::LICENSE)?);
    package.module = header
        .string(tag::MODULARITY_LABEL)?
        .filter(|label| !label.is_empty());
    if let Some((name, version)) = header.string(tag::SOURCE_RPM)?.as_deref().and_then(source) {
        // The name of a source's file is without the epoch, which is its packages' too.
        let version = if version == full {
            with_epoch(version)
        } else {
            version.to_owned()
        };
        let name = name.to_owned();
        package.source = Some(SourcePackage { name, version });
    }
    if let Err(fault) = files(&header, &mut package.files, listing) {
        listing.fault(fault);
    }
    Ok(Some(package))
}

/// `glibc-2.34-60.el9.src.rpm`: a name, and a version with its release.
pub(super) fn source(file: &str) -> Option<(&str, &str)> {
    let stem = file
        .strip_suffix(".src.rpm")
        .or_else(|| file.strip_suffix(".nosrc.rpm"))?;
    let (rest, _) = stem.rsplit_once('-')?;
    let (name, _) = rest.rsplit_once('-')?;
    Some((name, &stem[name.len() + 1..]))
}

/// Files as folders, and names with the index of their folder; in headers of rpm 3 as whole paths.
fn files(
    header: &Header<'_>,
    paths: &mut Vec<String>,
    listing: &mut Listing<'_>,
) -> Result<(), Fault> {
    let mut modes = header.integers(tag::FILE_MODES, kind::INT16)?;
    let mut flags = header.integers(tag::FILE_FLAGS, kind::INT32)?;
    let mut is_brought = || {
        let mode = modes.next().unwrap_or_default();
        let flags = flags.next().unwrap_or_default();
        mode & TYPE != FOLDER && flags & GHOST == 0
    };
    // Each folder once: many files are in it.
    let folders = header.strings(tag::DIR_NAMES)?;
    let folders: Vec<_> = folders.iter().map(|folder| join("", folder)).collect();
    let mut indexes = header.integers(tag::DIR_INDEXES, kind::INT32)?;
    for name in header.strings(tag::BASE_NAMES)? {
        let index = indexes.next().and_then(|index| usize::try_from(index).ok());
        let Some(folder) = index.and_then(|index| folders.get(index)) else {
            return Err(Fault::new(format!(
                "a file of the header of {} is in a folder that isn't there",
                header.shown_name()
            )));
        };
        let folder = folder.as_ref().filter(|_| is_brought());
        if let Some(path) = folder.and_then(|folder| join(folder, &name))
            && !listing.path(paths, path)
        {
            return Ok(());
        }
    }
    if folders.is_empty() {
        for name in header.strings(tag::OLD_FILE_NAMES)? {
            if is_brought()
                && let Some(path) = join("", &name)
                && !listing.path(paths, path)
            {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// A header's entries and data.
struct Header<'a> {
    entries: &'a [u8],
    data: &'a [u8],
}

struct Entry {
    kind: u32,
    count: usize,
}

impl<'a> Header<'a> {
    fn parse(blob: &'a [u8]) -> Result<Self, Fault> {
        let damaged = || Fault::new("a header of it is damaged");
        let entries = number(blob, 0).ok_or_else(damaged)? as usize;
        let length = number(blob, 4).ok_or_else(damaged)? as usize;
        if entries == 0 || entries > ENTRIES {
            return Err(Fault::new(format!("a header of it has {entries} entries")));
        }
        let start = 8 + 16 * entries;
        let end = start.checked_add(length).ok_or_else(damaged)?;
        Ok(Self {
            entries: blob.get(8..start).ok_or_else(damaged)?,
            data: blob.get(start..end).ok_or_else(damaged)?,
        })
    }

    /// An entry, and the data from its own on. What was added to a header after it was signed stands
    /// behind the rest and goes before it.
    fn find(&self, wanted: u32) -> Result<Option<(Entry, &'a [u8])>, Fault> {
        let entry = self
            .entries
            .chunks_exact(16)
            .rev()
            .find(|entry| number(entry, 0) == Some(wanted));
        let Some(entry) = entry else {
            return Ok(None);
        };
        let word = |at| number(entry, at).unwrap_or_default();
        let data = usize::try_from(word(8))
            .ok()
            .and_then(|offset| self.data.get(offset..))
            .ok_or_else(|| self.damaged())?;
        let count = word(12) as usize;
        Ok(Some((
            Entry {
                kind: word(4),
                count,
            },
            data,
        )))
    }

    fn string(&self, wanted: u32) -> Result<Option<String>, Fault> {
        match self.find(wanted)? {
            // Of a text in several languages the first is the untranslated one.
            Some((entry, data)) if matches!(entry.kind, kind::STRING | kind::I18N_STRING) => {
                let (text, _) = terminated(data).ok_or_else(|| self.damaged())?;
                Ok(Some(text.into_owned()))
            }
            _ => Ok(None),
        }
    }

    fn strings(&self, wanted: u32) -> Result<Vec<std::borrow::Cow<'a, str>>, Fault> {
        let Some((entry, mut data)) = self.find(wanted)? else {
            return Ok(Vec::new());
        };
        if entry.kind != kind::STRING_ARRAY {
            return Ok(Vec::new());
        }
        // Each has a byte at its end.
        if entry.count > data.len() || entry.count > FILES {
            return Err(self.damaged());
        }
        let mut strings = Vec::with_capacity(entry.count);
        for _ in 0..entry.count {
            let (text, rest) = terminated(data).ok_or_else(|| self.damaged())?;
            strings.push(text);
            data = rest;
        }
        Ok(strings)
    }

    /// Numbers of 16 or 32 bits; none of another type.
    fn integers(&self, wanted: u32, kind: u32) -> Result<impl Iterator<Item = u32> + 'a, Fault> {
        let width = if kind == kind::INT16 { 2 } else { 4 };
        let data = match self.find(wanted)? {
            Some((entry, data)) if entry.kind == kind => {
                let length = entry.count.checked_mul(width);
                length
                    .and_then(|length| data.get(..length))
                    .ok_or_else(|| self.damaged())?
            }
            _ => &[],
        };
        Ok(data.chunks_exact(width).map(|bytes| {
            bytes
                .iter()
                .fold(0, |sum, byte| sum << 8 | u32::from(*byte))
        }))
    }

    fn shown_name(&self) -> String {
        let name = self.string(tag::NAME).ok().flatten();
        let name = name.filter(|name| !name.is_empty() && name.len() < 100);
        name.map_or("a package".to_owned(), |name| {
            name.escape_debug().to_string()
        })
    }

    fn damaged(&self) -> Fault {
        // Its name may be what is damaged.
        Fault::new("a header of it points behind its end")
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*bytes))
}

/// A text with a zero at its end, and what is after it.
fn terminated(data: &[u8]) -> Option<(std::borrow::Cow<'_, str>, &[u8])> {
    let end = data.iter().position(|byte| *byte == 0)?;
    Some((text(&data[..end]), &data[end + 1..]))
}

//! The database of advisories: one file, read in place.
//!
//! ```text
//! header     magic, version of the format, length of the file, where the contents are; checksums
//! sections   one after another, by ecosystem:
//!   packages   an index by name, and what advisories say of each package
//!   records    what an advisory says of itself, and its text, by the first ecosystem it is about
//!   scores     EPSS and KEV by CVE
//!   bases      the catalogue of base images by the chains of their layers
//! contents   what sections there are, of what sources and dates (JSON)
//! ```
//!
//! What matching needs of all candidates (ranges) lies apart from what is read of findings alone (ids,
//! ratings), and that from texts: a scan of an image touches a small part of the file. Packages lie in
//! order of their names in frames of zstd, so a scan that asks in this order unpacks each frame once.
//! A general store (SQLite) was rejected: it is larger, and the same input doesn't make the same bytes.
//!
//! The file is mapped into memory. It is never written in place: a new one is made beside it and
//! renamed over it, so a mapping stays whole as long as it lives. Checksums tell a damaged file before
//! it can pass for an empty one: of the header and contents when it is opened, of an index when it is
//! first used, of a frame each time. [`Database::verify`] checks all. Beyond that nothing in the file is
//! believed: each offset and length is checked where it is used.

mod bases;
mod builder;
mod contents;
mod frames;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod header;
mod packages;
mod records;
mod save;
mod scores;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jiff::Timestamp;
use orlop_oci::ChainId;

use crate::CatalogueImage;
use crate::feeds::EpssScore;

pub use builder::{Builder, BuilderOptions, Fault};
pub use contents::{Contents, Ecosystem, Source};
pub use records::{Head, RecordId, Text};
pub use save::save;

pub(crate) use packages::Entry;

use bases::Bases;
use contents::Section;
use header::Header;
use packages::Packages;
use records::Records;
use scores::{Exploited, Scores};

/// Why a database can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The file can't be opened or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is something else.
    #[error("this is no advisory database")]
    Foreign,
    /// Another program wrote it.
    #[error("the advisory database has format {0}, and this program reads format {FORMAT}")]
    Format(u32),
    /// It ends early, or was changed.
    #[error("the advisory database is damaged: {0}")]
    Damaged(&'static str),
    /// It would be larger than its format allows.
    #[error("the advisory database would have too many {0}")]
    TooLarge(&'static str),
}

/// The version of the format.
pub const FORMAT: u32 = 1;

/// The bytes of a database.
enum Bytes {
    Mapped(memmap2::Mmap),
    Owned(Vec<u8>),
}

impl Bytes {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(bytes) => bytes,
        }
    }
}

/// A database that is open.
pub struct Database {
    bytes: Bytes,
    header: Header,
    contents: Contents,
    /// Which indexes were found whole, in the order of the contents.
    checked: Vec<OnceLock<bool>>,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Database")
            .field("digest", &self.digest())
            .finish_non_exhaustive()
    }
}

impl Database {
    /// Opens a database file.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`] if it can't be opened, is something else, or is damaged as far as that shows
    /// without reading all of it.
    pub fn open(path: &Path) -> Result<Self, DatabaseError> {
        let io = |source| DatabaseError::Io {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(io)?;
        Self::new(Bytes::Mapped(map(&file).map_err(io)?))
    }

    /// A database in memory.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, DatabaseError> {
        Self::new(Bytes::Owned(bytes))
    }

    fn new(bytes: Bytes) -> Result<Self, DatabaseError> {
        let (header, contents) = header::read(bytes.as_slice())?;
        let sections = contents.ecosystems.len() + contents.families.len() + 3;
        Ok(Self {
            bytes,
            header,
            contents,
            checked: (0..sections).map(|_| OnceLock::new()).collect(),
        })
    }

    /// What it holds.
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// The SHA-256 of everything after the header, in hexadecimal: its name.
    pub fn digest(&self) -> String {
        header::hex(&self.header.digest)
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.bytes.as_slice().len() as u64
    }

    /// The file as it is, to be [saved](save).
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    /// The file as it would be, had it been built at this time from the same sources in the same state:
    /// quicker than to build it again. What is damaged must not be given new checksums, so it is
    /// [verified](Self::verify) first.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Damaged`].
    pub fn renewed(&self, time: Timestamp) -> Result<Vec<u8>, DatabaseError> {
        self.verify()?;
        let mut contents = self.contents.clone();
        contents.built = time;
        contents.sources.iter_mut().for_each(|it| it.date = time);
        contents.ecosystems.iter_mut().for_each(|it| it.date = time);
        Ok(header::write(self.sections().to_vec(), &contents))
    }

    /// Everything before the contents.
    fn sections(&self) -> &[u8] {
        header::sections(self.bytes.as_slice(), &self.header)
    }

    /// Reads everything and compares it with its checksum. To be done once with a file from elsewhere.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Damaged`].
    pub fn verify(&self) -> Result<(), DatabaseError> {
        header::verify(self.bytes.as_slice(), &self.header)
    }

    /// Which parts of a file that [`verify`](Self::verify) found damaged can't be used. There may be
    /// none: not every byte belongs to a part.
    pub fn damages(&self) -> Vec<String> {
        let mut damages = Vec::new();
        for (place, ecosystem) in self.contents.ecosystems.iter().enumerate() {
            if self.packages(place).and_then(Packages::check).is_err() {
                damages.push(format!("the packages of {}", ecosystem.name));
            }
        }
        for (place, family) in self.contents.families.iter().enumerate() {
            if self.records(place).and_then(|it| it.check()).is_err() {
                damages.push(format!("the advisories of {}", family.name));
            }
        }
        let scores = [
            ("the scores of EPSS", self.epss("CVE-0000-0000").is_err()),
            (
                "the list of exploited CVEs",
                self.exploited("CVE-0000-0000").is_err(),
            ),
            ("the catalogue of base images", self.bases().is_err()),
        ];
        let scores = scores.into_iter().filter(|(_, is_damaged)| *is_damaged);
        damages.extend(scores.map(|(what, _)| what.to_owned()));
        damages
    }

    /// The packages of an ecosystem, by its place in [`Contents::ecosystems`].
    pub(crate) fn packages(&self, ecosystem: usize) -> Result<Packages<'_>, DatabaseError> {
        let entry = self.contents.ecosystems.get(ecosystem);
        let entry = entry.ok_or(DatabaseError::Damaged("an ecosystem is missing"))?;
        let index = self.section(&entry.index, ecosystem)?;
        Packages::new(index, self.bytes_of(&entry.frames)?)
    }

    /// The records of a family of ecosystems, by its place in the contents.
    pub(crate) fn records(&self, family: usize) -> Result<Records<'_>, DatabaseError> {
        let entry = self.contents.families.get(family);
        let entry = entry.ok_or(DatabaseError::Damaged("a record is missing"))?;
        let index = self.section(&entry.index, self.contents.ecosystems.len() + family)?;
        let (heads, texts) = (self.bytes_of(&entry.heads)?, self.bytes_of(&entry.texts)?);
        Records::new(index, heads, texts)
    }

    /// What an advisory says of itself.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Damaged`].
    pub fn head(&self, record: RecordId) -> Result<Head, DatabaseError> {
        let records = self.records(usize::from(record.family))?;
        records.head(record.number, &mut records.heads())
    }

    /// The text of an advisory.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Damaged`].
    pub fn text(&self, record: RecordId) -> Result<Text, DatabaseError> {
        self.records(usize::from(record.family))?
            .text(record.number)
    }

    /// The score of EPSS of a CVE.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Damaged`].
    pub fn epss(&self, cve: &str) -> Result<Option<EpssScore>, DatabaseError> {
        let place = self.checked.len() - 3;
        Ok(Scores::new(self.section(&self.contents.epss, place)?).get(cve))
    }

    /// Since when a CVE is known to be exploited.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Damaged`].
    pub fn exploited(&self, cve: &str) -> Result<Option<jiff::civil::Date>, DatabaseError> {
        let place = self.checked.len() - 2;
        Ok(Exploited::new(self.section(&self.contents.kev, place)?).get(cve))
    }

    /// The base images whose layers have a chain.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Damaged`].
    pub fn base_images(&self, chain: &ChainId) -> Result<Vec<CatalogueImage>, DatabaseError> {
        self.bases()?.get(chain)
    }

    fn bases(&self) -> Result<Bases<'_>, DatabaseError> {
        let section = &self.contents.bases;
        if self.contents.base_images == 0 {
            return Bases::new(&[]);
        }
        Bases::new(self.section(section, self.checked.len() - 1)?)
    }

    fn bytes_of(&self, section: &Section) -> Result<&[u8], DatabaseError> {
        section.of(self.bytes.as_slice())
    }

    /// A section whose checksum is right; it is computed once.
    fn section(&self, section: &Section, place: usize) -> Result<&[u8], DatabaseError> {
        let bytes = self.bytes_of(section)?;
        match self.checked[place].get_or_init(|| section.is_whole(bytes)) {
            true => Ok(bytes),
            false => Err(DatabaseError::Damaged("the checksum of an index is wrong")),
        }
    }
}

#[expect(unsafe_code, reason = "a file can be mapped no other way")]
fn map(file: &File) -> std::io::Result<memmap2::Mmap> {
    // SAFETY: the file must not change while it is mapped. Databases are never written in place: `save`
    // makes a new file and renames it over the old one, whose bytes stay as long as this mapping. Who
    // cuts the file all the same may write to every file of the program's owner.
    unsafe { memmap2::Mmap::map(file) }
}

//! What a database holds.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::DatabaseError;
use super::header::hex;

/// What a database holds, of what sources, and as of when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// When it was built, as whoever built it said.
    pub built: Timestamp,
    /// What it was built from, in that order.
    pub sources: Vec<Source>,
    /// The ecosystems and releases that it has data for, by their names.
    pub ecosystems: Vec<Ecosystem>,
    /// Where the records are, by the first part of the name of an ecosystem.
    pub(super) families: Vec<Family>,
    /// How many aliases and scores there are is told by these.
    pub(super) epss: Section,
    /// When each was added is told by these.
    pub(super) kev: Section,
    /// Where the catalogue of base images is. Databases from before there was one have none.
    #[serde(default)]
    pub(super) bases: Section,
    /// How many base images it has.
    #[serde(default)]
    pub base_images: u64,
    /// The day of the scores of EPSS.
    pub epss_date: Option<Date>,
    /// How many CVEs have a score of EPSS.
    pub epss_scores: u64,
    /// How many CVEs are known to be exploited.
    pub exploited: u64,
}

/// What a database was built from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its name or address.
    pub name: String,
    /// When it was fetched, or as of when it speaks.
    pub date: Timestamp,
    /// How many records were taken, by the form of the feed.
    pub records: BTreeMap<String, u64>,
    /// How many records couldn't be read.
    pub faults: u64,
    /// The newest change of a record.
    pub newest: Option<Timestamp>,
}

/// An ecosystem, with its release where it has releases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ecosystem {
    /// As OSV names it: `Debian:12`.
    pub name: String,
    /// As of when there is data: the date of the newest source.
    pub date: Timestamp,
    /// How many packages there are advisories for.
    pub packages: u64,
    /// How many advisories there are, counted once for each package.
    pub advisories: u64,
    pub(super) index: Section,
    pub(super) frames: Section,
}

/// Records of ecosystems with the same first part of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Family {
    pub(super) name: String,
    pub(super) records: u64,
    pub(super) index: Section,
    pub(super) heads: Section,
    pub(super) texts: Section,
}

/// A part of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Section {
    offset: u64,
    length: u64,
    /// The SHA-256 of an index; nothing for frames, which have checksums of their own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) sha256: String,
}

impl Section {
    /// Adds a section to a file.
    pub(super) fn write(file: &mut Vec<u8>, bytes: &[u8]) -> Self {
        let offset = file.len() as u64;
        file.extend_from_slice(bytes);
        Self {
            offset,
            length: bytes.len() as u64,
            sha256: String::new(),
        }
    }

    /// The same, with a checksum.
    pub(super) fn write_checked(file: &mut Vec<u8>, bytes: &[u8]) -> Self {
        Self {
            sha256: hex(&Sha256::digest(bytes)),
            ..Self::write(file, bytes)
        }
    }

    pub(super) fn of<'a>(&self, file: &'a [u8]) -> Result<&'a [u8], DatabaseError> {
        let start = usize::try_from(self.offset).ok();
        let end = self.offset.checked_add(self.length);
        let end = end.and_then(|end| usize::try_from(end).ok());
        let bytes = start.zip(end).and_then(|(start, end)| file.get(start..end));
        bytes.ok_or(DatabaseError::Damaged("a section lies outside of it"))
    }

    pub(super) fn is_whole(&self, bytes: &[u8]) -> bool {
        hex(&Sha256::digest(bytes)) == self.sha256
    }
}

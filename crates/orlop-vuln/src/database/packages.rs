//! What advisories say of the packages of one ecosystem.
//!
//! The index has the packages in order of their names, and is searched in place:
//!
//! ```text
//! count of packages, count of frames
//! packages: start and length of the name, place of the entries
//! frames: offset, length, length unpacked
//! names
//! ```

use serde::{Deserialize, Serialize};

use super::DatabaseError;
use super::frames::{FrameReader, FrameWriter, Place, number};
use super::records::RecordId;
use crate::{Form, Range, Rating, State};

const START: usize = 8;
const ROW: usize = 8 + Place::LENGTH;
const FRAME_ROW: usize = 16;
const DAMAGED: DatabaseError = DatabaseError::Damaged("an index of packages can't be read");

/// What one advisory says of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) record: RecordId,
    pub(crate) form: Form,
    pub(crate) state: State,
    pub(crate) ranges: Vec<Range>,
    /// Those listed versions alone that no range has.
    pub(crate) versions: Vec<String>,
    pub(crate) ratings: Vec<Rating>,
    pub(crate) architectures: Vec<String>,
    pub(crate) module: Option<String>,
    pub(crate) informational: Option<String>,
}

impl Entry {
    pub(super) fn write(&self) -> Vec<u8> {
        // Plain structs in memory can always be written.
        postcard::to_stdvec(self).expect("an entry is written")
    }
}

/// Makes the index and the frames.
pub(super) struct PackagesWriter {
    frames: FrameWriter,
    rows: Vec<u8>,
    names: Vec<u8>,
    count: u32,
}

impl PackagesWriter {
    pub(super) fn new() -> Self {
        Self {
            frames: FrameWriter::new(),
            rows: Vec::new(),
            names: Vec::new(),
            count: 0,
        }
    }

    /// Adds a package, in order of the names.
    pub(super) fn add(&mut self, name: &str, entries: &[u8]) -> Result<(), DatabaseError> {
        let place = self.frames.add(entries)?;
        for number in [self.names.len(), name.len()] {
            let number = u32::try_from(number).map_err(|_| DatabaseError::TooLarge("packages"))?;
            self.rows.extend_from_slice(&number.to_le_bytes());
        }
        place.write(&mut self.rows);
        self.names.extend_from_slice(name.as_bytes());
        self.count += 1;
        Ok(())
    }

    /// The index, and the frames.
    pub(super) fn finish(self) -> Result<(Vec<u8>, Vec<u8>), DatabaseError> {
        let (table, packed) = self.frames.finish()?;
        let mut index = self.count.to_le_bytes().to_vec();
        let frames = u32::try_from(table.len() / FRAME_ROW);
        let frames = frames.map_err(|_| DatabaseError::TooLarge("packages"))?;
        index.extend_from_slice(&frames.to_le_bytes());
        index.extend_from_slice(&self.rows);
        index.extend_from_slice(&table);
        index.extend_from_slice(&self.names);
        Ok((index, packed))
    }
}

/// Reads them.
pub(crate) struct Packages<'a> {
    rows: &'a [u8],
    names: &'a [u8],
    frames: FrameReader<'a>,
}

impl<'a> Packages<'a> {
    /// Unpacks everything.
    pub(super) fn check(self) -> Result<(), DatabaseError> {
        self.frames.check()
    }

    pub(super) fn new(index: &'a [u8], packed: &'a [u8]) -> Result<Self, DatabaseError> {
        let size = |at: usize, row: usize| Some((number(index, at)? as usize).saturating_mul(row));
        let rows = size(0, ROW).ok_or(DAMAGED)?;
        let table = size(4, FRAME_ROW).ok_or(DAMAGED)?;
        let after = &index[START..];
        let (rows, after) = after.split_at_checked(rows).ok_or(DAMAGED)?;
        let (table, names) = after.split_at_checked(table).ok_or(DAMAGED)?;
        Ok(Self {
            rows,
            names,
            frames: FrameReader::new(table, packed),
        })
    }

    /// What advisories say of a package. Asking in order of the names is quickest.
    pub(crate) fn get(&mut self, name: &str) -> Result<Vec<Entry>, DatabaseError> {
        let Some(place) = self.find(name)? else {
            return Ok(Vec::new());
        };
        let mut piece = self.frames.piece(place)?;
        let mut entries = Vec::new();
        while !piece.is_empty() {
            let (entry, rest) = postcard::take_from_bytes(piece).map_err(|_| DAMAGED)?;
            entries.push(entry);
            piece = rest;
        }
        Ok(entries)
    }

    fn find(&self, name: &str) -> Result<Option<Place>, DatabaseError> {
        let (mut low, mut high) = (0, self.rows.len() / ROW);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.name(middle)?.cmp(name.as_bytes()) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => {
                    let place = Place::read(self.rows, middle * ROW + 8);
                    return place.map(Some).ok_or(DAMAGED);
                }
            }
        }
        Ok(None)
    }

    fn name(&self, row: usize) -> Result<&'a [u8], DatabaseError> {
        let start = number(self.rows, row * ROW).ok_or(DAMAGED)? as usize;
        let length = number(self.rows, row * ROW + 4).ok_or(DAMAGED)? as usize;
        let name = start
            .checked_add(length)
            .and_then(|end| self.names.get(start..end));
        name.ok_or(DAMAGED)
    }
}

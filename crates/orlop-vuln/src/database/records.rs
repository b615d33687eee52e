//! What advisories say of themselves.
//!
//! ```text
//! index: count of records, count of frames of heads, count of frames of texts
//!        records: place of the head, place of the text
//!        frames of heads, frames of texts
//! ```

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::DatabaseError;
use super::frames::{FrameReader, FrameWriter, Place, number};
use crate::Rating;

const START: usize = 12;
const ROW: usize = 2 * Place::LENGTH;
const FRAME_ROW: usize = 16;
const DAMAGED: DatabaseError = DatabaseError::Damaged("an index of records can't be read");

/// Which record of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordId {
    pub(super) family: u16,
    pub(super) number: u32,
}

impl RecordId {
    pub(crate) fn family(self) -> usize {
        usize::from(self.family)
    }

    pub(crate) fn number(self) -> u32 {
        self.number
    }
}

/// An advisory without its text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The form of the feed it is from ([`Feed::name`](crate::feeds::Feed::name)).
    pub feed: String,
    /// Its id.
    pub id: String,
    /// Other names of the same fault.
    pub aliases: Vec<String>,
    /// The CVEs it is about: its own, or those of records that name the same fault.
    pub cves: Vec<String>,
    /// Names of what has to do with it.
    pub related: Vec<String>,
    /// When it was published, in seconds since 1970, as all times here.
    pub(super) published: Option<i64>,
    pub(super) modified: Option<i64>,
    pub(super) withdrawn: Option<i64>,
    pub(super) first_seen: i64,
    /// How grave it is.
    pub ratings: Vec<Rating>,
}

impl Head {
    /// When it was published.
    pub fn published(&self) -> Option<Timestamp> {
        timestamp(self.published)
    }

    /// When it was last changed.
    pub fn modified(&self) -> Option<Timestamp> {
        timestamp(self.modified)
    }

    /// When it was taken back.
    pub fn withdrawn(&self) -> Option<Timestamp> {
        timestamp(self.withdrawn)
    }

    /// Since when it is known: when it was published, or was first in a database if it doesn't say.
    pub fn known_since(&self) -> Timestamp {
        timestamp(Some(self.published.unwrap_or(self.first_seen))).unwrap_or_default()
    }

    /// Whether it was known, and not taken back, at a time; now without one.
    pub fn holds_at(&self, time: Option<Timestamp>) -> bool {
        match time {
            None => self.withdrawn.is_none(),
            Some(time) => {
                self.known_since() <= time
                    && self.withdrawn().is_none_or(|withdrawn| withdrawn > time)
            }
        }
    }
}

fn timestamp(seconds: Option<i64>) -> Option<Timestamp> {
    Timestamp::from_second(seconds?).ok()
}

/// What an advisory says to people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// One line.
    pub summary: String,
    /// Markdown.
    pub details: String,
    /// URLs.
    pub references: Vec<String>,
}

/// Makes the index and the frames of heads and texts.
pub(super) struct RecordsWriter {
    heads: FrameWriter,
    texts: FrameWriter,
    rows: Vec<u8>,
    count: u32,
}

impl RecordsWriter {
    pub(super) fn new() -> Self {
        Self {
            heads: FrameWriter::new(),
            texts: FrameWriter::new(),
            rows: Vec::new(),
            count: 0,
        }
    }

    pub(super) fn add(&mut self, head: &Head, text: Place) -> Result<(), DatabaseError> {
        // Plain structs in memory can always be written.
        let head = postcard::to_stdvec(head).expect("a head is written");
        self.add_bytes(&head, text)
    }

    /// The same, as it was written.
    pub(super) fn add_bytes(&mut self, head: &[u8], text: Place) -> Result<(), DatabaseError> {
        self.heads.add(head)?.write(&mut self.rows);
        text.write(&mut self.rows);
        self.count += 1;
        Ok(())
    }

    pub(super) fn add_text(&mut self, text: &Text) -> Result<Place, DatabaseError> {
        // As above.
        self.texts
            .add(&postcard::to_stdvec(text).expect("a text is written"))
    }

    /// The index, the frames of heads, and those of texts.
    pub(super) fn finish(self) -> Result<[Vec<u8>; 3], DatabaseError> {
        let (heads_table, heads) = self.heads.finish()?;
        let (texts_table, texts) = self.texts.finish()?;
        let mut index = self.count.to_le_bytes().to_vec();
        for table in [&heads_table, &texts_table] {
            let frames = u32::try_from(table.len() / FRAME_ROW);
            let frames = frames.map_err(|_| DatabaseError::TooLarge("records"))?;
            index.extend_from_slice(&frames.to_le_bytes());
        }
        for part in [&self.rows, &heads_table, &texts_table] {
            index.extend_from_slice(part);
        }
        Ok([index, heads, texts])
    }
}

/// Reads them.
pub(crate) struct Records<'a> {
    rows: &'a [u8],
    heads: (&'a [u8], &'a [u8]),
    texts: (&'a [u8], &'a [u8]),
}

/// Reads heads; asking in order of the records is quickest.
pub(crate) struct Heads<'a>(FrameReader<'a>);

impl<'a> Records<'a> {
    pub(super) fn new(
        index: &'a [u8],
        heads: &'a [u8],
        texts: &'a [u8],
    ) -> Result<Self, DatabaseError> {
        let size = |at: usize, row: usize| {
            let count = number(index, at).ok_or(DAMAGED)?;
            Ok::<_, DatabaseError>((count as usize).saturating_mul(row))
        };
        let (rows, heads_table, texts_table) =
            (size(0, ROW)?, size(4, FRAME_ROW)?, size(8, FRAME_ROW)?);
        let after = &index[START..];
        let (rows, after) = after.split_at_checked(rows).ok_or(DAMAGED)?;
        let (heads_table, after) = after.split_at_checked(heads_table).ok_or(DAMAGED)?;
        let texts_table = after.get(..texts_table).ok_or(DAMAGED)?;
        Ok(Self {
            rows,
            heads: (heads_table, heads),
            texts: (texts_table, texts),
        })
    }

    /// Unpacks everything.
    pub(super) fn check(&self) -> Result<(), DatabaseError> {
        FrameReader::new(self.heads.0, self.heads.1).check()?;
        FrameReader::new(self.texts.0, self.texts.1).check()
    }

    pub(crate) fn heads(&self) -> Heads<'a> {
        Heads(FrameReader::new(self.heads.0, self.heads.1))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u32 {
        // The count was a number of 32 bits.
        (self.rows.len() / ROW) as u32
    }

    pub(crate) fn head(&self, record: u32, heads: &mut Heads<'_>) -> Result<Head, DatabaseError> {
        let piece = heads.0.piece(self.place(record, 0)?)?;
        postcard::from_bytes(piece).map_err(|_| DAMAGED)
    }

    pub(crate) fn text(&self, record: u32) -> Result<Text, DatabaseError> {
        let mut texts = FrameReader::new(self.texts.0, self.texts.1);
        let piece = texts.piece(self.place(record, Place::LENGTH)?)?;
        postcard::from_bytes(piece).map_err(|_| DAMAGED)
    }

    fn place(&self, record: u32, at: usize) -> Result<Place, DatabaseError> {
        let row = (record as usize).checked_mul(ROW);
        let place = row.and_then(|row| Place::read(self.rows, row + at));
        place.ok_or(DAMAGED)
    }
}

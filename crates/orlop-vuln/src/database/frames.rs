//! Pieces of data, packed together in frames of zstd with checksums.

use super::DatabaseError;

/// A frame is closed when it has so many bytes; a piece is never cut.
const FRAME: usize = 32 << 10;
/// The largest frame that is unpacked. The longest list of advisories, of the kernel, has some 2 MB.
const LARGEST: usize = 256 << 20;
/// How hard zstd tries: what more brings isn't worth its time.
const LEVEL: i32 = 12;
/// Bytes of a frame in the table.
const ROW: usize = 16;

const DAMAGED: DatabaseError = DatabaseError::Damaged("a frame can't be unpacked");

/// Where a piece is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) frame: u32,
    pub(super) start: u32,
    pub(super) length: u32,
}

impl Place {
    /// Bytes of a place.
    pub(super) const LENGTH: usize = 12;

    pub(super) fn write(self, bytes: &mut Vec<u8>) {
        for number in [self.frame, self.start, self.length] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
    }

    pub(super) fn read(bytes: &[u8], at: usize) -> Option<Self> {
        Some(Self {
            frame: number(bytes, at)?,
            start: number(bytes, at + 4)?,
            length: number(bytes, at + 8)?,
        })
    }
}

/// A number of 32 bits.
pub(super) fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

/// Makes frames.
pub(super) struct FrameWriter {
    open: Vec<u8>,
    table: Vec<u8>,
    packed: Vec<u8>,
    frames: u32,
    compressor: zstd::bulk::Compressor<'static>,
}

impl FrameWriter {
    pub(super) fn new() -> Self {
        // Both fail only for parameters that zstd doesn't know.
        let mut compressor =
            zstd::bulk::Compressor::new(LEVEL).expect("the level is one of zstd's");
        let checksum = zstd::zstd_safe::CParameter::ChecksumFlag(true);
        compressor
            .set_parameter(checksum)
            .expect("zstd has checksums");
        Self {
            open: Vec::new(),
            table: Vec::new(),
            packed: Vec::new(),
            frames: 0,
            compressor,
        }
    }

    /// Adds a piece.
    pub(super) fn add(&mut self, piece: &[u8]) -> Result<Place, DatabaseError> {
        if piece.len() > LARGEST - FRAME {
            return Err(DatabaseError::TooLarge("advisories of one package"));
        }
        let number = |length: usize| u32::try_from(length);
        let (Ok(start), Ok(length)) = (number(self.open.len()), number(piece.len())) else {
            return Err(DatabaseError::TooLarge("advisories of one package"));
        };
        let place = Place {
            frame: self.frames,
            start,
            length,
        };
        self.open.extend_from_slice(piece);
        if self.open.len() >= FRAME {
            self.close()?;
        }
        Ok(place)
    }

    fn close(&mut self) -> Result<(), DatabaseError> {
        let packed = self.compressor.compress(&self.open);
        let packed = packed.map_err(|_| DatabaseError::TooLarge("advisories"))?;
        self.table
            .extend_from_slice(&(self.packed.len() as u64).to_le_bytes());
        for length in [packed.len(), self.open.len()] {
            // Frames are shorter than `LARGEST`.
            self.table.extend_from_slice(&(length as u32).to_le_bytes());
        }
        self.packed.extend_from_slice(&packed);
        self.open.clear();
        self.frames += 1;
        Ok(())
    }

    /// The table of frames, and the frames.
    pub(super) fn finish(mut self) -> Result<(Vec<u8>, Vec<u8>), DatabaseError> {
        if !self.open.is_empty() {
            self.close()?;
        }
        Ok((self.table, self.packed))
    }
}

/// Reads pieces; keeps the frame that was unpacked last.
pub(super) struct FrameReader<'a> {
    table: &'a [u8],
    packed: &'a [u8],
    frame: Option<u32>,
    unpacked: Vec<u8>,
    decompressor: Option<zstd::bulk::Decompressor<'static>>,
}

impl<'a> FrameReader<'a> {
    pub(super) fn new(table: &'a [u8], packed: &'a [u8]) -> Self {
        Self {
            table,
            packed,
            frame: None,
            unpacked: Vec::new(),
            decompressor: None,
        }
    }

    pub(super) fn piece(&mut self, place: Place) -> Result<&[u8], DatabaseError> {
        if self.frame != Some(place.frame) {
            self.frame = None;
            self.unpack(place.frame)?;
            self.frame = Some(place.frame);
        }
        let start = place.start as usize;
        let piece = self.unpacked.get(start..start + place.length as usize);
        piece.ok_or(DAMAGED)
    }

    /// Unpacks every frame.
    pub(super) fn check(mut self) -> Result<(), DatabaseError> {
        let count = u32::try_from(self.table.len() / ROW).map_err(|_| DAMAGED)?;
        (0..count).try_for_each(|frame| self.unpack(frame))
    }

    fn unpack(&mut self, frame: u32) -> Result<(), DatabaseError> {
        let row = self
            .table
            .get(frame as usize * ROW..)
            .and_then(|rows| rows.get(..ROW));
        let row = row.ok_or(DAMAGED)?;
        let offset = row.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
        let offset = offset
            .and_then(|offset| usize::try_from(offset).ok())
            .ok_or(DAMAGED)?;
        let packed = number(row, 8).ok_or(DAMAGED)? as usize;
        let length = number(row, 12).ok_or(DAMAGED)? as usize;
        let end = offset.checked_add(packed).ok_or(DAMAGED)?;
        let packed = self.packed.get(offset..end).ok_or(DAMAGED)?;
        // zstd makes at most some thousand bytes of one.
        if length > LARGEST || length / 100_000 > packed.len() {
            return Err(DAMAGED);
        }
        let decompressor = match &mut self.decompressor {
            Some(decompressor) => decompressor,
            none => none.insert(zstd::bulk::Decompressor::new().map_err(|_| DAMAGED)?),
        };
        self.unpacked.clear();
        self.unpacked.reserve(length);
        let read = decompressor.decompress_to_buffer(packed, &mut self.unpacked);
        match read.is_ok_and(|read| read == length) {
            true => Ok(()),
            false => Err(DAMAGED),
        }
    }
}

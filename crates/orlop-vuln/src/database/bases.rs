//! The catalogue of base images, found by the chains of layers.
//!
//! ```text
//! 0  how many rows (32 bits, little endian, as all numbers)
//! 4  rows in order of the chains: chain ID (32 bytes), offset and length of an entry behind the rows
//!    entries (JSON)
//! ```

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use orlop_oci::{ChainId, Digest, Reference};
use serde::{Deserialize, Serialize};

use super::DatabaseError;
use super::frames::number;
use crate::{BaseImage, CatalogueImage};

const CHAIN: usize = 32;
const ROW: usize = CHAIN + 8;

/// What is written of an image.
#[derive(Serialize, Deserialize)]
struct Entry {
    names: BTreeSet<String>,
    digests: BTreeSet<String>,
    platform: String,
    created: Option<Timestamp>,
    steps: usize,
    layers: usize,
}

/// Puts the names of images together.
#[derive(Default)]
pub(super) struct BasesWriter {
    /// By chain and manifest.
    entries: BTreeMap<([u8; CHAIN], String), Entry>,
}

impl BasesWriter {
    /// Adds an image. False if its chain has no SHA-256.
    pub(super) fn add(&mut self, image: &BaseImage) -> bool {
        let Some(chain) = bytes_of(&image.chain()) else {
            return false;
        };
        let key = (chain, image.manifest.to_string());
        let entry = self.entries.entry(key).or_insert_with(|| Entry {
            names: BTreeSet::new(),
            digests: [image.manifest.to_string()].into(),
            platform: image.platform.to_string(),
            created: image.created,
            steps: image.steps,
            layers: image.diff_ids.len(),
        });
        entry.names.insert(image.name.to_string());
        entry.digests.insert(image.digest.to_string());
        true
    }

    pub(super) fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    pub(super) fn finish(&self) -> Result<Vec<u8>, DatabaseError> {
        let too_large = |_| DatabaseError::TooLarge("base images");
        let count = u32::try_from(self.entries.len()).map_err(too_large)?;
        let mut rows = count.to_le_bytes().to_vec();
        let mut texts = Vec::new();
        for ((chain, _), entry) in &self.entries {
            // Plain structs can always be written.
            let text = serde_json::to_vec(entry).expect("an entry is written as JSON");
            rows.extend_from_slice(chain);
            for value in [texts.len(), text.len()] {
                let value = u32::try_from(value).map_err(too_large)?;
                rows.extend_from_slice(&value.to_le_bytes());
            }
            texts.extend_from_slice(&text);
        }
        rows.extend_from_slice(&texts);
        Ok(rows)
    }
}

/// The catalogue.
pub(super) struct Bases<'a> {
    rows: &'a [u8],
    texts: &'a [u8],
}

impl<'a> Bases<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, DatabaseError> {
        let damaged = DatabaseError::Damaged("the catalogue of base images ends early");
        if bytes.is_empty() {
            // A database from before there were catalogues.
            return Ok(Self {
                rows: &[],
                texts: &[],
            });
        }
        let end = number(bytes, 0)
            .and_then(|count| usize::try_from(count).ok())
            .and_then(|count| count.checked_mul(ROW))
            .and_then(|rows| rows.checked_add(4));
        match end.and_then(|end| bytes.split_at_checked(end)) {
            Some((rows, texts)) => Ok(Self {
                rows: &rows[4..],
                texts,
            }),
            None => Err(damaged),
        }
    }

    /// The images whose layers have this chain.
    pub(super) fn get(&self, chain: &ChainId) -> Result<Vec<CatalogueImage>, DatabaseError> {
        let Some(wanted) = bytes_of(chain) else {
            return Ok(Vec::new());
        };
        let (rows, _) = self.rows.as_chunks::<ROW>();
        let first = rows.partition_point(|row| row[..CHAIN] < wanted[..]);
        let ours = rows[first..]
            .iter()
            .take_while(|row| row[..CHAIN] == wanted[..]);
        ours.map(|row| self.image(row)).collect()
    }

    fn image(&self, row: &[u8; ROW]) -> Result<CatalogueImage, DatabaseError> {
        let place = |at| number(row, at).and_then(|it| usize::try_from(it).ok());
        let range = place(CHAIN).zip(place(CHAIN + 4));
        let text = range.and_then(|(at, length)| self.texts.get(at..at.checked_add(length)?));
        let entry: Option<Entry> = text.and_then(|text| serde_json::from_slice(text).ok());
        let image = entry.and_then(read);
        image.ok_or(DatabaseError::Damaged("a base image can't be read"))
    }
}

fn read(entry: Entry) -> Option<CatalogueImage> {
    let names: Option<Vec<Reference>> = entry.names.iter().map(|it| it.parse().ok()).collect();
    let digests: Option<Vec<Digest>> = entry.digests.iter().map(|it| it.parse().ok()).collect();
    Some(CatalogueImage {
        names: names.filter(|names| !names.is_empty())?,
        digests: digests?,
        platform: entry.platform,
        created: entry.created,
        steps: entry.steps,
        layers: entry.layers,
    })
}

fn bytes_of(chain: &ChainId) -> Option<[u8; CHAIN]> {
    let hex = chain.as_str().strip_prefix("sha256:")?;
    let mut bytes = [0; CHAIN];
    if hex.len() != 2 * CHAIN || !hex.is_ascii() {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(bytes)
}

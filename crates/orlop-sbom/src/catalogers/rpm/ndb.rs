//! rpm's own database: `Packages.db` (SUSE; rpm's `lib/backend/ndb/rpmpkg.c`).
//!
//! ```text
//! pages of 4096 bytes with slots of 16, the first two of which are the file's own header:
//!   "RpmP" │ version │ generation │ pages with slots │ …              all little-endian
//! slot:  "Slot" │ package, 0 if free │ first block │ blocks of 16 bytes
//! blob:  "BlbS" │ package │ generation │ length │ header … │ sum │ length │ "BlbE"
//! ```

use super::{HEADER, Visit, read_exact};
use crate::{Content, Fault};

const MAGIC: u32 = u32::from_le_bytes(*b"RpmP");
const SLOT_MAGIC: u32 = u32::from_le_bytes(*b"Slot");
const BLOB_MAGIC: u32 = u32::from_le_bytes(*b"BlbS");

const PAGE: u64 = 4096;
const SLOT: usize = 16;
const BLOCK: u64 = 16;

/// Pages with slots: room for half a million packages.
const PAGES: u32 = 2048;

/// Every header of the database.
pub(super) fn headers(content: &dyn Content, visit: Visit<'_>) -> Result<(), Fault> {
    let mut head = [0; 32];
    read_exact(content, 0, &mut head)?;
    if word(&head, 0) != MAGIC {
        return Err(Fault::new("it is no database of rpm's own form"));
    }
    let version = word(&head, 1);
    if version != 0 {
        return Err(Fault::new(format!(
            "it has version {version} of rpm's own form; 0 is known"
        )));
    }
    let pages = word(&head, 3);
    if pages == 0 || pages > PAGES {
        return Err(Fault::new(format!("it has {pages} pages of slots")));
    }
    let mut blob = Vec::new();
    let mut page = [0; PAGE as usize];
    for index in 0..u64::from(pages) {
        read_exact(content, index * PAGE, &mut page)?;
        let own = if index == 0 { 2 } else { 0 };
        for slot in page.chunks_exact(SLOT).skip(own) {
            if word(slot, 0) != SLOT_MAGIC {
                return Err(Fault::new("a slot of it is damaged"));
            }
            let package = word(slot, 1);
            if package == 0 {
                continue;
            }
            read_blob(content, package, word(slot, 2), &mut blob)?;
            visit(&blob)?;
        }
    }
    Ok(())
}

fn read_blob(
    content: &dyn Content,
    package: u32,
    block: u32,
    blob: &mut Vec<u8>,
) -> Result<(), Fault> {
    let offset = u64::from(block) * BLOCK;
    let mut head = [0; 16];
    read_exact(content, offset, &mut head)?;
    if word(&head, 0) != BLOB_MAGIC || word(&head, 1) != package {
        return Err(Fault::new(format!("package {package} of it is damaged")));
    }
    let length = word(&head, 3) as usize;
    if length > HEADER || length as u64 > content.size() {
        return Err(Fault::new(format!(
            "package {package} of it has {length} bytes"
        )));
    }
    blob.resize(length, 0);
    read_exact(content, offset + 16, blob)
}

fn word(bytes: &[u8], index: usize) -> u32 {
    let bytes = bytes.get(4 * index..).and_then(<[u8]>::first_chunk);
    bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

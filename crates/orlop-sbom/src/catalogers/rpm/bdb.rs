//! rpm's database as Berkeley DB keeps it: `Packages`, a hash (Red Hat until 8, Fedora until 32;
//! Berkeley DB's `dbinc/db_page.h` and `hash.h`).
//!
//! Which package is in which bucket doesn't matter here: every page that holds pairs of a number and a
//! header is read, in the order of the file. A header is mostly longer than a page; then the pair holds
//! the first of a chain of pages.
//!
//! ```text
//! page: u64 log │ u32 number │ u32 previous │ u32 next │ u16 entries │ u16 length │ u8 level │ u8 type
//! ```

use super::{HEADER, Visit, read_exact};
use crate::{Content, Fault};

/// The file's kind, in the byte order of the machine that made it.
const HASH_MAGIC: u32 = 0x0006_1561;

/// Bytes of a page's own header.
const HEAD: usize = 26;

/// Bytes of the first page that are read.
const META: usize = 72;

/// What a page holds.
const OVERFLOW: u8 = 7;
const HASH_META: u8 = 8;
const HASH_UNSORTED: u8 = 2;
const HASH: u8 = 13;

/// What an entry is: bytes that follow, or the first of a chain of pages.
const INLINE: u8 = 1;
const OFF_PAGE: u8 = 3;

/// Bytes of the shortest header with an entry.
const SHORTEST: usize = 24;

/// Every header of the database.
pub(super) fn headers(content: &dyn Content, visit: Visit<'_>) -> Result<(), Fault> {
    let database = Database::open(content)?;
    let mut page = vec![0; database.page_size];
    let mut blob = Vec::new();
    for number in 0..=database.last_page {
        let at = u64::from(number) * database.page_size as u64;
        if at >= content.size() {
            return Err(Fault::new("it ends early"));
        }
        read_exact(content, at, &mut page)?;
        if !matches!(page[25], HASH_UNSORTED | HASH) {
            continue;
        }
        let entries = usize::from(database.half(&page, 20));
        let mut end = database.page_size;
        for index in 0..entries {
            let damaged = || Fault::new(format!("page {number} of it is damaged"));
            let start = HEAD + 2 * index;
            if start + 2 > database.page_size {
                return Err(damaged());
            }
            let start = usize::from(database.half(&page, start));
            let entry = page.get(start..end).ok_or_else(damaged)?;
            end = start;
            // Numbers and headers take turns.
            if index % 2 == 1 && database.read(entry, &mut blob)? {
                visit(&blob)?;
            }
        }
    }
    Ok(())
}

/// What the first page says.
struct Database<'a> {
    content: &'a dyn Content,
    is_big_endian: bool,
    page_size: usize,
    last_page: u32,
}

impl<'a> Database<'a> {
    fn open(content: &'a dyn Content) -> Result<Self, Fault> {
        let mut meta = [0; META];
        read_exact(content, 0, &mut meta)?;
        let mut database = Self {
            content,
            is_big_endian: false,
            page_size: 0,
            last_page: 0,
        };
        if database.word(&meta, 12) != HASH_MAGIC {
            database.is_big_endian = true;
        }
        if database.word(&meta, 12) != HASH_MAGIC || meta[25] != HASH_META {
            return Err(Fault::new("it is no hash of Berkeley DB"));
        }
        if meta[24] != 0 {
            return Err(Fault::new("it is encrypted"));
        }
        let page_size = database.word(&meta, 20);
        // Berkeley DB's own bounds.
        if !(512..=65536).contains(&page_size) || !page_size.is_power_of_two() {
            return Err(Fault::new(format!("it has pages of {page_size} bytes")));
        }
        database.page_size = page_size as usize;
        database.last_page = database.word(&meta, 32);
        Ok(database)
    }

    /// Reads the bytes of an entry; `false` if they are no header: rpm keeps its last number so.
    fn read(&self, entry: &[u8], blob: &mut Vec<u8>) -> Result<bool, Fault> {
        blob.clear();
        match entry.first() {
            Some(&INLINE) => blob.extend_from_slice(&entry[1..]),
            Some(&OFF_PAGE) if entry.len() >= 12 => {
                self.chain(self.word(entry, 4), self.word(entry, 8), blob)?;
            }
            _ => return Err(Fault::new("an entry of it is of no known kind")),
        }
        Ok(blob.len() >= SHORTEST)
    }

    /// Reads what a chain of pages holds: each page as many bytes as it says.
    fn chain(&self, first: u32, length: u32, blob: &mut Vec<u8>) -> Result<(), Fault> {
        let length = length as usize;
        if length > HEADER || length as u64 > self.content.size() {
            return Err(Fault::new(format!("a header of it has {length} bytes")));
        }
        let (mut number, mut page) = (first, vec![0; self.page_size]);
        while blob.len() < length {
            let damaged = || Fault::new(format!("page {number} of it is damaged"));
            if number == 0 {
                return Err(Fault::new("a header of it ends early"));
            }
            let at = u64::from(number) * self.page_size as u64;
            read_exact(self.content, at, &mut page)?;
            let held = usize::from(self.half(&page, 22));
            if page[25] != OVERFLOW || held == 0 || blob.len() + held > length {
                return Err(damaged());
            }
            blob.extend_from_slice(page.get(HEAD..HEAD + held).ok_or_else(damaged)?);
            number = self.word(&page, 16);
        }
        Ok(())
    }

    fn word(&self, bytes: &[u8], at: usize) -> u32 {
        let bytes = bytes.get(at..).and_then(<[u8]>::first_chunk);
        let bytes = bytes.copied().unwrap_or_default();
        if self.is_big_endian {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        }
    }

    fn half(&self, bytes: &[u8], at: usize) -> u16 {
        let bytes = bytes.get(at..).and_then(<[u8]>::first_chunk);
        let bytes = bytes.copied().unwrap_or_default();
        if self.is_big_endian {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        }
    }
}

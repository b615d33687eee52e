//! Brings what can't be sought in, or is compressed as a whole, into a temporary file that has no name:
//! whatever happens, nothing of it stays.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::Path;

use orlop_layer::{BUFFER_SIZE, Bounds};

use crate::compression::{HEAD, Outer};
use crate::error::{Error, Result};

/// Writes all of `reader`, without the compression around it, to an unlinked file in `scratch`.
pub(crate) fn spool(
    mut reader: impl Read,
    place: &str,
    scratch: &Path,
    bounds: &Bounds,
) -> Result<File> {
    let read = || Error::io(format!("read {place}"));
    let mut head = [0; HEAD];
    let length = fill(&mut reader, &mut head).map_err(read())?;
    if length == 0 {
        return Err(Error::invalid(place, "it is empty"));
    }
    let outer = Outer::sniff(&head[..length]);
    let whole = io::Cursor::new(head[..length].to_vec()).chain(reader);
    let mut plain = outer.open(whole, bounds).map_err(read())?;
    let mut file = temporary(scratch)?;
    let mut buffer = vec![0; BUFFER_SIZE];
    loop {
        let count = match plain.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            count => count.map_err(read())?,
        };
        if count == 0 {
            return Ok(file);
        }
        let wrote = file.write_all(&buffer[..count]);
        wrote.map_err(Error::io(format!(
            "unpack {place} to {}",
            scratch.display()
        )))?;
    }
}

/// A file without a name in `scratch`.
pub(crate) fn temporary(scratch: &Path) -> Result<File> {
    let what = format!("make a temporary file in {}", scratch.display());
    tempfile::tempfile_in(scratch).map_err(Error::io(what))
}

/// Reads until the buffer is full or there is no more.
pub(crate) fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

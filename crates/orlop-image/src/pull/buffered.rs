//! What every reader of the pipeline does with its own buffer.

use std::io::{self, BufRead};

/// Lets all that is left pass.
pub(crate) fn drain(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        let count = reader.fill_buf()?.len();
        if count == 0 {
            return Ok(());
        }
        reader.consume(count);
    }
}

/// `Read::read` for a reader that has a buffer anyway.
pub(crate) fn read(reader: &mut impl BufRead, buffer: &mut [u8]) -> io::Result<usize> {
    let available = reader.fill_buf()?;
    let count = available.len().min(buffer.len());
    buffer[..count].copy_from_slice(&available[..count]);
    reader.consume(count);
    Ok(count)
}

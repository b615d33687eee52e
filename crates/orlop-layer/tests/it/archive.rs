//! Archives made by hand, header by header, for what no tool writes.

use std::io::{BufReader, Read};

use orlop_layer::{Bounds, Entry, Result, TarReader};

/// A growing archive.
#[derive(Default)]
pub(crate) struct Archive(pub(crate) Vec<u8>);

/// A header to be filled in.
pub(crate) fn header(path: &str, kind: u8, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(tar::EntryType::new(kind));
    header.set_size(size);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(1);
    header
}

impl Archive {
    /// Adds a header and its content, padded.
    pub(crate) fn add(&mut self, mut header: tar::Header, content: &[u8]) -> &mut Self {
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    /// Adds a regular file.
    pub(crate) fn file(&mut self, path: &str, content: &[u8]) -> &mut Self {
        self.add(header(path, b'0', content.len() as u64), content)
    }

    /// Adds PAX records for the next entry.
    pub(crate) fn pax(&mut self, records: &[(&str, &[u8])]) -> &mut Self {
        self.extended(b'x', records)
    }

    /// Adds PAX records as an entry of type `kind`.
    pub(crate) fn extended(&mut self, kind: u8, records: &[(&str, &[u8])]) -> &mut Self {
        let mut data = Vec::new();
        for (key, value) in records {
            let rest = key.len() + value.len() + 3;
            let mut length = rest + rest.to_string().len();
            length = rest + length.to_string().len();
            data.extend_from_slice(format!("{length} {key}=").as_bytes());
            data.extend_from_slice(value);
            data.push(b'\n');
        }
        let mut header = header("pax", kind, data.len() as u64);
        let ustar = tar::Header::new_ustar();
        header.as_mut_bytes()[257..265].copy_from_slice(&ustar.as_bytes()[257..265]);
        self.add(header, &data)
    }

    /// Adds the two zero blocks.
    pub(crate) fn end(&mut self) -> &mut Self {
        self.0.resize(self.0.len() + 1024, 0);
        self
    }
}

/// Reads all entries with their content, through a buffer of `buffer` bytes.
pub(crate) fn read_with(
    bytes: &[u8],
    buffer: usize,
    bounds: Bounds,
) -> Result<Vec<(Entry, Vec<u8>)>> {
    let mut tar = TarReader::new(BufReader::with_capacity(buffer, bytes), bounds);
    let mut entries = Vec::new();
    while let Some(entry) = tar.next_entry()? {
        let mut content = Vec::new();
        while let Some(chunk) = tar.read_chunk()? {
            assert!(!chunk.is_empty());
            content.extend_from_slice(chunk);
        }
        entries.push((entry, content));
    }
    tar.drain()?;
    assert_eq!(tar.position(), bytes.len() as u64);
    let mut rest = Vec::new();
    tar.into_inner().read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty());
    Ok(entries)
}

/// Reads all entries through buffers of several sizes, which must make no difference.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<(Entry, Vec<u8>)>> {
    let result = read_with(bytes, 1 << 18, Bounds::default());
    for buffer in [1, 100, 512, 700, 4096] {
        let again = read_with(bytes, buffer, Bounds::default());
        match (&result, &again) {
            (Ok(first), Ok(second)) => assert_eq!(first, second, "buffer of {buffer}"),
            (Err(first), Err(second)) => assert_eq!(first.to_string(), second.to_string()),
            _ => panic!("buffer of {buffer}: {result:?} and {again:?}"),
        }
    }
    result
}

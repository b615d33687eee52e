//! Bytes on their way out, held to what is said of them.

use std::io::{self, Read};

use orlop_layer::BUFFER_SIZE;
use orlop_oci::{Descriptor, Digester};

use crate::error::{Error, Result};

/// Reads a blob in pieces, and gives its last piece out only when all of it has the promised digest: a
/// wrong blob is never whole on the other side.
pub(crate) struct Checked<'a, R> {
    reader: R,
    descriptor: &'a Descriptor,
    digester: Option<Digester>,
    passed: u64,
    buffer: Vec<u8>,
}

impl<'a, R: Read> Checked<'a, R> {
    pub(crate) fn new(reader: R, descriptor: &'a Descriptor) -> Self {
        let size = usize::try_from(descriptor.size).unwrap_or(BUFFER_SIZE);
        Self {
            reader,
            descriptor,
            digester: Some(Digester::new(descriptor.digest.algorithm())),
            passed: 0,
            // One byte more than promised shows a blob that is too long.
            buffer: vec![0; BUFFER_SIZE.min(size + 1)],
        }
    }

    /// The next piece; `None` at the end.
    pub(crate) fn next_piece(&mut self) -> Result<Option<&[u8]>> {
        let Some(mut digester) = self.digester.take() else {
            return Ok(None);
        };
        let digest = &self.descriptor.digest;
        let read = || Error::io(format!("read blob {digest}"));
        let count = loop {
            match self.reader.read(&mut self.buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                count => break count.map_err(read())?,
            }
        };
        let bytes = &self.buffer[..count];
        digester.update(bytes);
        self.passed += count as u64;
        let wrong = |reason: String| Error::WrongBlob {
            digest: digest.clone(),
            reason,
        };
        let size = self.descriptor.size;
        if self.passed > size {
            return Err(wrong(format!("it has more than {size} bytes")));
        }
        if count == 0 && self.passed < size {
            return Err(wrong(format!(
                "it has {} bytes instead of {size}",
                self.passed
            )));
        }
        if self.passed < size {
            self.digester = Some(digester);
            return Ok(Some(bytes));
        }
        // All bytes are here: one more read tells whether there are others.
        let mut more = [0];
        if count > 0 && self.reader.read(&mut more).map_err(read())? > 0 {
            return Err(wrong(format!("it has more than {size} bytes")));
        }
        let actual = digester.finish();
        if actual != *digest {
            return Err(wrong(format!("its bytes have the digest {actual}")));
        }
        Ok(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use orlop_oci::{Digest, MediaType};

    use super::*;

    fn pass(stored: &[u8], promised: &[u8]) -> (Vec<u8>, Result<()>) {
        let digest = Digest::of(promised);
        let descriptor = Descriptor::new(MediaType::OciLayer, digest, promised.len() as u64);
        let mut checked = Checked::new(stored, &descriptor);
        let mut out = Vec::new();
        loop {
            match checked.next_piece() {
                Ok(Some(bytes)) => out.extend_from_slice(bytes),
                Ok(None) => return (out, Ok(())),
                Err(error) => return (out, Err(error)),
            }
        }
    }

    #[test]
    fn only_what_was_promised_passes_whole() {
        let big: Vec<u8> = (0..1_000_000u32).map(|n| (n % 251) as u8).collect();
        for promised in [&big[..], b"x", b""] {
            let (out, result) = pass(promised, promised);
            result.unwrap();
            assert!(out == promised);
            let longer = [promised, b"!"].concat();
            let (out, result) = pass(&longer, promised);
            assert!(matches!(result, Err(Error::WrongBlob { .. })));
            assert!(out.len() < promised.len().max(1));
            if promised.is_empty() {
                continue;
            }
            assert!(pass(&promised[1..], promised).1.is_err());
            let mut other = promised.to_vec();
            other[0] ^= 1;
            let (out, result) = pass(&other, promised);
            assert!(result.unwrap_err().to_string().contains("digest"));
            assert!(out.len() < promised.len());
        }
    }
}

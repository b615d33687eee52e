//! Blobs on their way out, hashed as they pass: the end of a blob is given out only when all of it is
//! right. So nobody else gets a whole blob that is damaged, wherever it comes from.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use orlop_distribution::BlobSource;
use orlop_oci::{Descriptor, Digest, Digester};

use crate::error::{Error, Result};

/// What is wrong with a blob.
pub(crate) enum Fault {
    /// Its bytes have this digest.
    Digest(Digest),
    /// It ends after so many bytes.
    Short(u64),
}

/// Makes the error of a fault, in the words of the place that the blob comes from.
pub(crate) type Blame = fn(&Descriptor, Fault) -> Error;

/// A blob that an upload may read in pieces and go back in.
pub(crate) struct CheckedBlob {
    source: Arc<dyn BlobSource>,
    descriptor: Descriptor,
    blame: Blame,
    /// What the last reader had hashed, from which the next one goes on.
    hashed: Arc<Mutex<Hashed>>,
}

/// The hash of a blob's first bytes.
#[derive(Clone)]
struct Hashed {
    length: u64,
    digester: Digester,
}

impl CheckedBlob {
    /// The blob that `descriptor` describes, of whose bytes `source` is believed nothing.
    ///
    /// # Errors
    /// It must be empty and its digest isn't that of nothing.
    pub(crate) fn new(
        source: Arc<dyn BlobSource>,
        descriptor: &Descriptor,
        blame: Blame,
    ) -> Result<Self> {
        let nothing = Hashed::nothing(descriptor);
        if descriptor.size == 0 {
            // Nobody will read anything of it.
            nothing.verify(descriptor, blame)?;
        }
        Ok(Self {
            source,
            descriptor: descriptor.clone(),
            blame,
            hashed: Arc::new(Mutex::new(nothing)),
        })
    }
}

impl Hashed {
    fn nothing(descriptor: &Descriptor) -> Self {
        Self {
            length: 0,
            digester: Digester::new(descriptor.digest.algorithm()),
        }
    }

    fn verify(&self, descriptor: &Descriptor, blame: Blame) -> Result<()> {
        let actual = self.digester.clone().finish();
        if actual == descriptor.digest {
            return Ok(());
        }
        Err(blame(descriptor, Fault::Digest(actual)))
    }
}

impl BlobSource for CheckedBlob {
    fn open(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        let kept = || self.hashed.lock().unwrap_or_else(PoisonError::into_inner);
        let mut hashed = kept().clone();
        if hashed.length > offset {
            // Whoever gets it got less than was read.
            hashed = Hashed::nothing(&self.descriptor);
        }
        let missing = offset - hashed.length;
        let mut reader = Reader {
            inner: self.source.open(hashed.length)?,
            descriptor: self.descriptor.clone(),
            blame: self.blame,
            hashed,
            kept: Arc::clone(&self.hashed),
        };
        io::copy(&mut reader.by_ref().take(missing), &mut io::sink())?;
        Ok(Box::new(reader))
    }
}

/// Reads on behind what it has hashed.
struct Reader {
    inner: Box<dyn Read + Send>,
    descriptor: Descriptor,
    blame: Blame,
    hashed: Hashed,
    kept: Arc<Mutex<Hashed>>,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.descriptor.size - self.hashed.length;
        let wanted = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        if wanted == 0 {
            return Ok(0);
        }
        let count = self.inner.read(&mut buffer[..wanted])?;
        if count == 0 {
            let short = Fault::Short(self.hashed.length);
            return Err(io::Error::other((self.blame)(&self.descriptor, short)));
        }
        self.hashed.digester.update(&buffer[..count]);
        self.hashed.length += count as u64;
        if self.hashed.length == self.descriptor.size {
            self.hashed
                .verify(&self.descriptor, self.blame)
                .map_err(io::Error::other)?;
        }
        Ok(count)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clone_from(&self.hashed);
    }
}

/// What went wrong in an upload: what a [`CheckedBlob`] found comes back as itself.
pub(crate) fn upload_error(error: orlop_distribution::Error) -> Error {
    match error {
        orlop_distribution::Error::Source { digest, source } => match source.downcast::<Error>() {
            Ok(damaged) => damaged,
            Err(source) => orlop_distribution::Error::Source { digest, source }.into(),
        },
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use orlop_oci::MediaType;

    use super::*;

    /// Remembers where it was opened.
    struct Watched(Bytes, Arc<Mutex<Vec<u64>>>);

    impl BlobSource for Watched {
        fn open(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
            self.1.lock().unwrap().push(offset);
            self.0.open(offset)
        }
    }

    #[test]
    fn what_was_hashed_is_not_read_again() {
        let bytes = Bytes::from(vec![7; 3000]);
        let descriptor =
            Descriptor::new(MediaType::OciLayer, Digest::of(&bytes), bytes.len() as u64);
        let opened = Arc::new(Mutex::new(Vec::new()));
        let source = Arc::new(Watched(bytes, opened.clone()));
        let blame: Blame = |_, _| Error::Cancelled;
        let blob = CheckedBlob::new(source, &descriptor, blame).unwrap();
        let mut piece = vec![0; 1000];
        for offset in [0, 1000, 1000, 2000] {
            blob.open(offset).unwrap().read_exact(&mut piece).unwrap();
        }
        // The third goes back, so all is hashed anew.
        assert_eq!(*opened.lock().unwrap(), [0, 1000, 0, 2000]);
    }
}

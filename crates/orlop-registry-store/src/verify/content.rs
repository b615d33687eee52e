//! Looking at one content.

use std::fs::File;
use std::io::{self, Read as _};

use orlop_oci::{Digest, Digester};

use crate::collect::blocking;
use crate::{BlobContent, BlobInfo, BlobStore, StorageError};

/// How much is read at once.
const PIECE: usize = 256 << 10;

/// What is wrong with a content, if anything is.
pub(super) async fn look(
    blobs: &dyn BlobStore,
    blob: &BlobInfo,
) -> Result<Option<String>, StorageError> {
    let Some(open) = blobs.open(&blob.digest).await? else {
        return Ok(Some("its file is missing".into()));
    };
    let size = open.info.size;
    if size != blob.size {
        return Ok(Some(format!(
            "it has {size} bytes instead of {}",
            blob.size
        )));
    }
    let BlobContent::File(file) = open.content;
    let digest = blob.digest.clone();
    blocking(move || {
        Ok(match hash(file, &digest) {
            Ok(actual) if actual == digest => None,
            Ok(actual) => Some(format!("its content has the digest {actual}")),
            Err(error) => Some(format!("it can't be read: {error}")),
        })
    })
    .await
}

fn hash(mut file: File, expected: &Digest) -> io::Result<Digest> {
    // What is read once more shall not push out what is read all the time; where the kernel doesn't
    // know this advice, nothing is lost.
    let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::NoReuse);
    let mut digester = Digester::new(expected.algorithm());
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(digester.finish()),
            count => digester.update(&piece[..count]),
        }
    }
}

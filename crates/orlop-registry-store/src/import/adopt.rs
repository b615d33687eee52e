//! Making a file of the source a blob of ours.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::AsFd as _;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use orlop_oci::{Digest, Digester};
use tokio::sync::mpsc;

use super::source::Place;
use crate::collect::blocking;
use crate::storage::Inner;
use crate::upload::new_id;
use crate::{Body, Chunk, RepositoryName, Staged, StorageError, UploadData};

type Result<T> = std::result::Result<T, StorageError>;

/// How much is read at once.
const PIECE: usize = 256 << 10;

/// How a blob came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    Linked(u64),
    Copied(u64),
}

/// Brings a blob into a repository. `BlobUnknown` when there is no such file.
pub(super) async fn adopt(
    inner: &Inner,
    repository: &RepositoryName,
    digest: &Digest,
    place: Place,
    may_link: bool,
) -> Result<Came> {
    let (place, linked) = match may_link {
        true => link(inner, place, digest).await?,
        false => (place, None),
    };
    if let Some(staged) = linked {
        let size = staged.size;
        let id = staged.upload.clone();
        let named = inner.meta.add_blob(repository, staged).await;
        let blobs = inner.blobs.clone();
        blocking(move || blobs.cancel(&id)).await?;
        return named.map(|()| Came::Linked(size));
    }
    let unknown = || StorageError::BlobUnknown(digest.clone());
    let read = |error| StorageError::Body(format!("reading {digest}: {error}"));
    let opened = blocking(move || Ok(place.folder.file(&place.name))).await?;
    let file = opened.map_err(read)?.ok_or_else(unknown)?;
    let size = file.metadata().map_err(read)?.len();
    let content = Chunk {
        start: None,
        length: Some(size),
        body: body(file),
    };
    // The source has a bounded length; quotas are looked at when it is named.
    let info = inner
        .uploads
        .put(repository, digest, content, false)
        .await?;
    Ok(Came::Copied(info.size))
}

/// Links a file, and verifies what the link holds: whatever happens to the source's name meanwhile,
/// that is what will be the blob. Gives the place back, to be copied when it can't be linked.
async fn link(inner: &Inner, place: Place, digest: &Digest) -> Result<(Place, Option<Staged>)> {
    let (blobs, digest) = (inner.blobs.clone(), digest.clone());
    let limit = inner.options.max_blob_size;
    let begun_at = jiff::Timestamp::now();
    blocking(move || {
        let id = new_id()?;
        let Some(mut data) = blobs.link(&id, place.folder.as_fd(), &place.name)? else {
            return Ok((place, None));
        };
        let verified = verify(&mut *data, &digest, limit);
        if verified.is_err() {
            blobs.cancel(&id)?;
        }
        let staged = Staged {
            upload: id,
            size: data.len(),
            digest: verified?,
            begun_at,
        };
        Ok((place, Some(staged)))
    })
    .await
}

fn verify(data: &mut dyn UploadData, expected: &Digest, limit: Option<u64>) -> Result<Digest> {
    if let Some(limit) = limit
        && data.len() > limit
    {
        return Err(StorageError::TooLarge {
            what: "blob",
            limit,
        });
    }
    let mut digester = Digester::new(expected.algorithm());
    data.replay(&mut |bytes| digester.update(bytes))?;
    let actual = digester.finish();
    if actual != *expected {
        return Err(StorageError::DigestInvalid {
            expected: expected.clone(),
            actual,
        });
    }
    data.sync()?;
    Ok(actual)
}

/// A file as a body, read on a thread of its own.
fn body(mut file: File) -> Body {
    let (pieces, queue) = mpsc::channel(4);
    tokio::task::spawn_blocking(move || {
        loop {
            let mut piece = vec![0; PIECE];
            let read = match file.read(&mut piece) {
                Ok(0) => return,
                Ok(count) => {
                    piece.truncate(count);
                    Ok(Bytes::from(piece))
                }
                Err(error) => Err(error.to_string()),
            };
            let failed = read.is_err();
            if pieces.blocking_send(read).is_err() || failed {
                return;
            }
        }
    });
    stream::unfold(queue, async |mut queue| Some((queue.recv().await?, queue))).boxed()
}

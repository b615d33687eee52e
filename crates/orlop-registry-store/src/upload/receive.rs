//! A body on its way to the disk.

use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::mpsc;

use super::Held;
use crate::{Body, StorageError};

type Result<T> = std::result::Result<T, StorageError>;

/// Pieces of a body that wait for the disk.
const QUEUE: usize = 8;

/// Smaller pieces are put together to so many bytes, while more of them are there already.
const PIECE: usize = 128 << 10;

/// What a body may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The length that the request declared.
    pub(super) length: Option<u64>,
    /// How many bytes the blob may still grow by.
    pub(super) room: Option<u64>,
    /// The bound that this comes from, to be named.
    pub(super) limit: u64,
}

impl Limits {
    fn check(&self, arrived: u64) -> Result<()> {
        if self.room.is_some_and(|room| arrived > room) {
            return Err(StorageError::TooLarge {
                what: "blob",
                limit: self.limit,
            });
        }
        match self.length {
            Some(expected) if arrived > expected => Err(StorageError::SizeInvalid {
                expected,
                actual: arrived,
            }),
            _ => Ok(()),
        }
    }

    fn check_end(&self, arrived: u64) -> Result<()> {
        match self.length {
            Some(expected) if arrived != expected => Err(StorageError::SizeInvalid {
                expected,
                actual: arrived,
            }),
            _ => Ok(()),
        }
    }
}

enum Piece {
    Bytes(Bytes),
    /// The body came to its end.
    End,
    /// It broke off.
    Broken(String),
}

/// Adds a body to an upload. With an error of the body itself what arrived is kept; with any other
/// the upload is as it was before.
pub(super) async fn receive(held: Held, mut body: Body, limits: Limits) -> Result<Held> {
    limits.check(limits.length.unwrap_or(0))?;
    // The request that ends an upload usually has no body; it needs no thread.
    let first = match body.next().await {
        None => return limits.check_end(0).map(|()| held),
        Some(Err(why)) => return Err(StorageError::Body(why)),
        Some(Ok(first)) => first,
    };
    let (pieces, queue) = mpsc::channel(QUEUE);
    let writing = tokio::task::spawn_blocking(move || write(held, queue, limits));
    send(first, body, pieces).await;
    writing
        .await
        .map_err(|e| StorageError::Internal(format!("receiving a blob: {e}")))?
}

/// Reads the body until its end, or until nobody wants any more of it.
async fn send(first: Bytes, mut body: Body, pieces: mpsc::Sender<Piece>) {
    let mut small = BytesMut::new();
    let mut next = Some(Ok(first));
    loop {
        match next {
            Some(Ok(bytes)) if small.is_empty() && bytes.len() >= PIECE => {
                if pieces.send(Piece::Bytes(bytes)).await.is_err() {
                    return;
                }
            }
            Some(Ok(bytes)) => small.extend_from_slice(&bytes),
            Some(Err(why)) => {
                flush(&mut small, &pieces).await;
                let _ = pieces.send(Piece::Broken(why)).await;
                return;
            }
            None => {
                flush(&mut small, &pieces).await;
                let _ = pieces.send(Piece::End).await;
                return;
            }
        }
        if small.len() >= PIECE && !flush(&mut small, &pieces).await {
            return;
        }
        next = match body.next().now_or_never() {
            Some(next) => next,
            None => {
                if !flush(&mut small, &pieces).await {
                    return;
                }
                body.next().await
            }
        };
    }
}

/// Returns whether somebody still wants it.
async fn flush(small: &mut BytesMut, pieces: &mpsc::Sender<Piece>) -> bool {
    if small.is_empty() {
        return !pieces.is_closed();
    }
    pieces
        .send(Piece::Bytes(small.split().freeze()))
        .await
        .is_ok()
}

/// Runs on a thread of its own.
fn write(mut held: Held, mut queue: mpsc::Receiver<Piece>, limits: Limits) -> Result<Held> {
    held.hash.catch_up(&*held.data)?;
    let before = held.data.len();
    let mark = held.hash.mark();
    match write_all(&mut held, &mut queue, limits) {
        Ok(None) => Ok(held),
        Ok(Some(why)) => Err(StorageError::Body(why)),
        Err(error) => {
            held.data.truncate(before)?;
            held.hash.back_to(mark);
            Err(error)
        }
    }
}

/// Returns why the body broke off, if it did.
fn write_all(
    held: &mut Held,
    queue: &mut mpsc::Receiver<Piece>,
    limits: Limits,
) -> Result<Option<String>> {
    let mut arrived = 0;
    loop {
        match queue.blocking_recv() {
            Some(Piece::Bytes(bytes)) => {
                arrived += bytes.len() as u64;
                limits.check(arrived)?;
                held.data.write(&bytes)?;
                held.hash.update(&bytes);
            }
            Some(Piece::End) => return limits.check_end(arrived).map(|()| None),
            Some(Piece::Broken(why)) => return Ok(Some(why)),
            None => return Ok(Some("the request was given up".into())),
        }
    }
}

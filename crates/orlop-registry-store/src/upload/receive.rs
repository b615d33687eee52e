//! A body on its way to the disk.

use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::mpsc;

use super::running::Mark;
use super::{Held, blocking};
use crate::{Body, StorageError};

type Result<T> = std::result::Result<T, StorageError>;

/// Pieces of a body that wait for the disk.
const QUEUE: usize = 4;

/// Smaller pieces are put together to so many bytes, while more of them are there already.
const PIECE: usize = 64 << 10;

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
pub(super) async fn receive(mut held: Held, mut body: Body, limits: Limits) -> Result<Held> {
    let declared = limits.length.unwrap_or(0);
    limits.check(declared)?;
    // Of two that say how long they are, and that don't both fit, one comes in.
    let all = held.data.len().saturating_add(declared);
    held.room.reserve(all).await?;
    // The request that ends an upload usually has no body; nothing has to be written.
    let first = match body.next().await {
        None => return limits.check_end(0).map(|()| held),
        Some(Err(why)) => return Err(StorageError::Body(why)),
        Some(Ok(first)) => first,
    };
    let (pieces, queue) = mpsc::channel(QUEUE);
    let writing = tokio::spawn(write(held, queue, limits));
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
                tokio::select! {
                    next = body.next() => next,
                    // What is refused needn't be sent any further.
                    () = pieces.closed() => return,
                }
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

/// Writes what arrives. A thread is taken for as long as there is something to write: who sends
/// slowly holds none, and so can't take them all.
async fn write(held: Held, mut queue: mpsc::Receiver<Piece>, limits: Limits) -> Result<Held> {
    let mut writing = blocking(move || Writing::begin(held, limits)).await?;
    let mut pieces = Vec::with_capacity(QUEUE);
    loop {
        if queue.recv_many(&mut pieces, QUEUE).await == 0 {
            return Err(StorageError::Body("the request was given up".into()));
        }
        let batch = std::mem::take(&mut pieces);
        if let Err(error) = writing.reserve(&batch).await {
            return blocking(move || writing.undo(error)).await;
        }
        let next = blocking(move || writing.all(batch)).await?;
        match next {
            Next::More(same) => writing = same,
            Next::Whole(held) => return Ok(held),
        }
    }
}

/// A body that is being written.
struct Writing {
    held: Held,
    limits: Limits,
    arrived: u64,
    /// Where the upload was before, to go back to.
    before: u64,
    mark: Mark,
}

enum Next {
    More(Writing),
    Whole(Held),
}

impl Writing {
    fn begin(mut held: Held, limits: Limits) -> Result<Self> {
        held.hash.catch_up(&*held.data)?;
        Ok(Self {
            before: held.data.len(),
            mark: held.hash.mark(),
            held,
            limits,
            arrived: 0,
        })
    }

    /// Asks the quotas for what is about to be written. What is written besides is refused for
    /// other reasons.
    async fn reserve(&mut self, pieces: &[Piece]) -> Result<()> {
        let sizes = pieces.iter().map(|piece| match piece {
            Piece::Bytes(bytes) => bytes.len() as u64,
            Piece::End | Piece::Broken(_) => 0,
        });
        let most = self.limits.length.unwrap_or(u64::MAX);
        let most = most.min(self.limits.room.unwrap_or(u64::MAX));
        let arrived = (self.arrived + sizes.sum::<u64>()).min(most);
        self.held.room.reserve(self.before + arrived).await
    }

    /// Leaves the upload as it was before.
    fn undo<T>(mut self, error: StorageError) -> Result<T> {
        self.held.data.truncate(self.before)?;
        self.held.hash.back_to(self.mark);
        Err(error)
    }

    fn all(mut self, pieces: Vec<Piece>) -> Result<Next> {
        for piece in pieces {
            match self.one(piece) {
                Ok(false) => {}
                Ok(true) => return Ok(Next::Whole(self.held)),
                // What arrived is kept.
                Err(error @ StorageError::Body(_)) => return Err(error),
                Err(error) => return self.undo(error),
            }
        }
        Ok(Next::More(self))
    }

    /// Returns whether that was the end.
    fn one(&mut self, piece: Piece) -> Result<bool> {
        match piece {
            Piece::Bytes(bytes) => {
                self.arrived += bytes.len() as u64;
                self.limits.check(self.arrived)?;
                self.held.data.write(&bytes)?;
                self.held.hash.update(&bytes);
                Ok(false)
            }
            Piece::End => self.limits.check_end(self.arrived).map(|()| true),
            Piece::Broken(why) => Err(StorageError::Body(why)),
        }
    }
}

//! `undo`: what a removal took comes back. What is still here is put back by the store; what isn't has
//! to be fetched first, by the digest that it had, from a repository in which it had a name.

use orlop_oci::{Digest, Reference};
use orlop_store::{Release, RemovalId, RemovalRecord, Undone};

use crate::error::Result;
use crate::images::Images;

impl Images {
    /// The removals that can be taken back, the latest first.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn removals(&self) -> Result<Vec<RemovalRecord>> {
        Ok(self.store.removals()?)
    }

    /// Takes a removal back, as far as its content is here. See [`orlop_store::Store::undo`].
    ///
    /// # Errors
    /// When it isn't on record any more, or the store can't be changed.
    pub fn undo(&self, id: RemovalId) -> Result<Undone> {
        Ok(self.store.undo(id)?)
    }

    /// Lets go of what is held for an undo: of these images, or of all. Bytes freed.
    ///
    /// # Errors
    /// When the store can't be changed.
    pub fn let_go(&self, images: Option<&[Digest]>) -> Result<u64> {
        let which = match images {
            Some(images) => Release::Images(images.to_vec()),
            None => Release::All,
        };
        Ok(self.store.release(&which, &self.space()?)?.bytes)
    }

    /// The bytes that are on the disk only because they are held for an undo.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn held_bytes(&self) -> Result<u64> {
        let held = self.store.held()?;
        if held.is_empty() {
            return Ok(0);
        }
        let graph = self.store.graph()?;
        let images = self.store.images()?;
        let living = images.iter().map(|image| &image.target.digest);
        let order: Vec<&Digest> = held.iter().collect();
        let freed = graph.freed_in_turn(living.chain(&held), &order);
        Ok(freed.into_iter().sum())
    }
}

/// Where an image that a removal took may be fetched again: by its digest, in each repository in which
/// it had a name.
pub fn where_to_fetch(record: &RemovalRecord, target: &Digest) -> Vec<Reference> {
    let names = record.names.iter().filter(|(_, of)| of == target);
    let mut places: Vec<Reference> = names
        .map(|(name, _)| name.repository().with_digest(target.clone()))
        .collect();
    places.dedup();
    places
}

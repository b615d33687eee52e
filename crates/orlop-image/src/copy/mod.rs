//! Copy: from where an image is to where it shall be, without unpacking it. Digests don't change.
//!
//! ```text
//! target ─▶ walk (documents from the origin, children first, without what the destination has)
//!        ─▶ blobs (side by side; mounted where the registry can) ─▶ manifests ─▶ name, last
//!        ─▶ what speaks of it (referrers, digest tags), the same way
//! ```
//!
//! A [`Copier`] remembers what it has seen at the destination, so the second tag of a repository costs
//! what is new in it.

mod blobs;
mod destination;
mod inward;
pub(crate) mod lend;
mod referrers;
pub(crate) mod walk;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orlop_archive::Name;
use orlop_oci::{Descriptor, Digest, Platform};
use orlop_store::Store;

use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::event::EventSink;
use crate::origin::Origin;

pub use destination::Destination;

/// What to copy besides the image, and how.
#[derive(Clone, Debug)]
pub struct CopyOptions {
    /// Only these platforms. One: its manifest, without the index. Several: the index as it is, with
    /// these of its manifests. None: everything.
    pub platforms: Vec<Platform>,
    /// What speaks of the image by its `subject`: signatures, SBOMs, attestations.
    pub referrers: bool,
    /// What speaks of the image by a tag made of its digest, as cosign has it: `sha256-….sig`.
    pub digest_tags: bool,
    /// Look at every manifest and blob, also where the destination's name stands for the image already.
    pub recheck: bool,
    /// How many blobs move at once.
    pub parallel: usize,
}

impl Default for CopyOptions {
    fn default() -> Self {
        Self {
            platforms: Vec::new(),
            referrers: false,
            digest_tags: false,
            recheck: false,
            parallel: 5,
        }
    }
}

/// What a copy did.
#[derive(Clone, Debug, PartialEq)]
pub struct Copied {
    /// What the destination's name stands for now.
    pub target: Descriptor,
    /// The name stood for it before, and nothing was sent of the image itself.
    pub was_there: bool,
    /// How many manifests speak of it and were copied with it.
    pub referrers: usize,
}

/// How much a [`Copier`] has moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Blobs that were sent.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Blobs that the registry took from another of its repositories.
    pub mounted: u64,
    /// Blobs that were there.
    pub there: u64,
    /// Manifests that were sent.
    pub manifests: u64,
}

/// Copies images from one place to another.
pub struct Copier<'a> {
    from: Origin,
    to: Destination,
    options: &'a CopyOptions,
    /// Knows which repositories have which blobs.
    known: Option<&'a Store>,
    events: &'a Arc<dyn EventSink>,
    cancel: &'a Cancel,
    /// What the destination has, as far as it was seen or sent.
    there: Mutex<HashSet<Digest>>,
    /// The tags of the origin, once they were asked for.
    tags: tokio::sync::OnceCell<Vec<String>>,
    moved: Mutex<Moved>,
}

impl std::fmt::Debug for Copier<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Copier")
            .field("from", &self.from)
            .field("to", &self.to)
            .field("options", self.options)
            .finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each holder leaves a whole value, whatever happens.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Copier<'a> {
    /// Copies from one place to the other. `known` is a store that knows which repositories have which
    /// blobs, so that they can be mounted.
    pub fn new(
        from: Origin,
        to: Destination,
        options: &'a CopyOptions,
        known: Option<&'a Store>,
        events: &'a Arc<dyn EventSink>,
        cancel: &'a Cancel,
    ) -> Self {
        Self {
            from,
            to,
            options,
            known,
            events,
            cancel,
            there: Mutex::default(),
            tags: tokio::sync::OnceCell::new(),
            moved: Mutex::default(),
        }
    }

    /// Copies the image that `target` describes, and gives it the name there; without a name it is there
    /// under its digest.
    ///
    /// # Errors
    /// When the origin doesn't give it, or gives something else; when the destination doesn't take it;
    /// [`Error::Cancelled`]. What arrived stays, without a name.
    pub async fn image(&self, target: &Descriptor, name: Option<&Name>) -> Result<Copied> {
        tokio::select! {
            result = self.image_now(target, name) => result,
            () = self.cancel.cancelled() => Err(Error::Cancelled),
        }
    }

    /// Ends the copy: archives and layouts get their lists now.
    ///
    /// # Errors
    /// When they can't be written.
    pub async fn finish(self) -> Result<Moved> {
        self.to.finish().await?;
        Ok(*lock(&self.moved))
    }

    /// How much was moved so far.
    pub fn moved(&self) -> Moved {
        *lock(&self.moved)
    }

    async fn image_now(&self, target: &Descriptor, name: Option<&Name>) -> Result<Copied> {
        let root = self.root(target).await?;
        let descriptor = root.descriptor();
        let was_there = !self.options.recheck && self.stands_for(name, &descriptor).await?;
        let load = self.load(&root, was_there).await?;
        if !was_there {
            self.send(&load).await?;
            self.put(&root, name).await?;
        }
        let mut referrers = 0;
        if self.options.referrers {
            referrers += self.referrers_of(&load.all).await?;
        }
        if self.options.digest_tags {
            referrers += self.digest_tags_of(&load.all).await?;
        }
        Ok(Copied {
            target: descriptor,
            was_there,
            referrers,
        })
    }

    /// Whether the name stands for this at the destination, with all that it needs. A name that can't
    /// be asked for doesn't.
    async fn stands_for(&self, name: Option<&Name>, target: &Descriptor) -> Result<bool> {
        match name {
            Some(name) => Ok(self.to.resolve(name).await?.as_ref() == Some(&target.digest)),
            None => Ok(false),
        }
    }
}

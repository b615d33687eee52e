//! Gives a layer's own directory what it could not know when it was unpacked.
//!
//! Layers are unpacked in parallel, each into a directory of its own. Two things depend on the
//! layers below: what a directory looks like that has no entry of its own (overlayfs shows the
//! topmost directory's owner and permissions), and hard links to files of lower layers. Both are
//! settled here as overlayfs's own copy-up would: attributes are copied, linked files are copied
//! up. Where the layer below has a symbolic link instead of such a directory, the paths in this
//! layer mean others than was thought, and it must be applied onto the real tree instead.

use std::{
    collections::HashMap,
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{self, AtFlags, Mode},
    io::Errno,
};

use crate::{
    Error, Result, Unpacked, WhiteoutStyle,
    copy::{copy_attributes, copy_leaf},
    node, overlay,
    path::{components, join, split},
    union::{Seen, Union, no_target},
};

/// How [`settle`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The directory is complete.
    Done,
    /// It can't be completed: unpack the layer again, with [`WhiteoutStyle::Apply`], onto the tree
    /// of the layers below.
    NeedsApply,
}

/// Completes `dir`, into which a layer was unpacked with `style`, now that the layers below are
/// complete in `lowers`, top first. Nothing is synced.
///
/// # Errors
///
/// When a hard link's target is in no layer, or the system refuses something.
pub fn settle(
    dir: &Path,
    lowers: &[PathBuf],
    style: WhiteoutStyle,
    unpacked: &Unpacked,
) -> Result<Settled> {
    if style == WhiteoutStyle::Apply {
        return Ok(Settled::Done);
    }
    if unpacked.needs_apply {
        return Ok(Settled::NeedsApply);
    }
    let settler = Settler {
        own: node::open_root(dir).map_err(|error| Error::at("open", dir, error))?,
        lowers: Union::open(lowers)?,
        style,
    };
    for path in &unpacked.assumed_dirs {
        if let Seen::Leaf { .. } = settler
            .lowers
            .look_up(path.as_os_str().as_encoded_bytes())?
        {
            return Ok(Settled::NeedsApply);
        }
    }
    if !unpacked.deferred_links.is_empty() {
        let stack: Vec<PathBuf> = std::iter::once(dir.to_path_buf())
            .chain(lowers.iter().cloned())
            .collect();
        if settler.make_links(&Union::open(&stack)?, unpacked)? == Settled::NeedsApply {
            return Ok(Settled::NeedsApply);
        }
    }
    if unpacked.opaque_root {
        settler.hide_root()?;
    }
    // Children first: a directory's time is set when nothing in it changes any more.
    for path in unpacked.implicit_dirs.iter().rev() {
        let path = path.as_os_str().as_encoded_bytes();
        let Seen::Directory(layers) = settler.lowers.look_up(path)? else {
            continue;
        };
        if let Some(lower) = layers.first() {
            let own = settler.open_own(path)?;
            copy_attributes(lower.fd.as_fd(), own.as_fd(), false)
                .map_err(|error| Error::system("set attributes of", path, error))?;
        }
    }
    Ok(Settled::Done)
}

struct Settler {
    own: OwnedFd,
    lowers: Union,
    style: WhiteoutStyle,
}

impl Settler {
    /// Opens a directory of this layer by its real path.
    fn open_own(&self, path: &[u8]) -> Result<OwnedFd> {
        let failed = |error: Errno| Error::system("open directory", path, error);
        let mut fd = self
            .own
            .try_clone()
            .map_err(|e| Error::system("open", path, e))?;
        for name in components(path) {
            fd = node::open_dir(&fd, name).map_err(failed)?;
        }
        Ok(fd)
    }

    fn make_links(&self, all: &Union, unpacked: &Unpacked) -> Result<Settled> {
        // Where in this layer a file of the layers below is now.
        let mut placed: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
        let mut plan = Vec::new();
        for link in &unpacked.deferred_links {
            let path = link.path.as_os_str().as_encoded_bytes();
            let target = link.target.as_os_str().as_encoded_bytes();
            let real = self
                .lowers
                .resolve(target, false)?
                .ok_or_else(|| no_target(path, target))?;
            if real != target {
                // What the link in the way meant when the entry came depends on the order of the
                // entries, which is lost.
                return Ok(Settled::NeedsApply);
            }
            plan.push((path, real));
        }
        for (path, real) in plan {
            let (dir, stat) = match self.lowers.look_up(&real)? {
                Seen::Leaf { dir, stat } => (dir, stat),
                Seen::Nothing => return Err(no_target(path, &real)),
                Seen::Directory(_) => {
                    return Err(Error::unresolved(path, "a hard link to a directory"));
                }
            };
            if let Some(first) = placed.get(&real) {
                self.link(first, path)?;
                continue;
            }
            // The layer may hide the file, or have another one there, and still have a link to it.
            let visible = !unpacked.opaque_root
                && matches!(
                    all.look_up(&real)?,
                    Seen::Leaf { dir: seen, .. } if seen.index == dir.index + 1
                );
            let place = match visible {
                true => real.as_slice(),
                false => path,
            };
            self.make_parents(split(place).0)?;
            let own = self.open_own(split(place).0)?;
            keep_mtime(own.as_fd(), || {
                copy_leaf(&dir.fd, split(&real).1, &stat, &own, split(place).1, false)
            })
            .map_err(|error| Error::system("copy up", place, error))?;
            placed.insert(real.clone(), place.to_vec());
            if place != path {
                self.link(place, path)?;
            }
        }
        Ok(Settled::Done)
    }

    fn link(&self, from: &[u8], to: &[u8]) -> Result<()> {
        let source = self.open_own(split(from).0)?;
        let target = self.open_own(split(to).0)?;
        keep_mtime(target.as_fd(), || {
            fs::linkat(
                &source,
                split(from).1,
                &target,
                split(to).1,
                AtFlags::empty(),
            )
            .map_err(Into::into)
        })
        .map_err(|error| Error::system("make hard link", to, error))
    }

    /// Makes the directories that `path` lacks in this layer, as they are in the layers below.
    fn make_parents(&self, path: &[u8]) -> Result<()> {
        let mut fd = self
            .own
            .try_clone()
            .map_err(|e| Error::system("open", path, e))?;
        let mut here = Vec::new();
        for name in components(path) {
            here = join(&here, name);
            let failed = |error: std::io::Error| Error::system("make directory", &here, error);
            fd = match node::open_dir(&fd, name) {
                Ok(below) => below,
                Err(Errno::NOENT) => {
                    keep_mtime(fd.as_fd(), || {
                        fs::mkdirat(&fd, name, Mode::RWXU).map_err(Into::into)
                    })
                    .map_err(failed)?;
                    let made = node::open_dir(&fd, name).map_err(|e| failed(e.into()))?;
                    if let Seen::Directory(layers) = self.lowers.look_up(&here)?
                        && let Some(lower) = layers.first()
                    {
                        copy_attributes(lower.fd.as_fd(), made.as_fd(), false).map_err(failed)?;
                    }
                    made
                }
                Err(error) => return Err(failed(error.into())),
            };
        }
        Ok(())
    }

    /// Hides all that the layers below have, name by name, as overlayfs has no opaque root.
    fn hide_root(&self) -> Result<()> {
        for name in self.lowers.root_names()? {
            let failed = |error: Errno| Error::system("hide", &name, error);
            match node::lstat(&self.own, &name).map_err(failed)? {
                None => keep_mtime(self.own.as_fd(), || {
                    overlay::make_whiteout(self.style, self.own.as_fd(), &name).map_err(Into::into)
                })
                .map_err(|error| Error::system("hide", &name, error))?,
                Some(stat) if node::is_dir(&stat) => {
                    let fd = node::open_dir(&self.own, &name).map_err(failed)?;
                    overlay::make_opaque(self.style, fd.as_fd()).map_err(failed)?;
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}

/// Does something in a directory whose time doesn't change by it.
fn keep_mtime<T>(
    dir: BorrowedFd<'_>,
    change: impl FnOnce() -> std::io::Result<T>,
) -> std::io::Result<T> {
    let mtime = node::mtime(&fs::fstat(dir)?);
    let done = change()?;
    fs::futimens(dir, &node::timestamps(mtime))?;
    Ok(done)
}

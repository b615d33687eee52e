//! Gives a layer's own directory what it could not know when it was unpacked.
//!
//! Layers are unpacked in parallel, each into a directory of its own. Two things depend on the
//! layers below: what a directory looks like that has no entry of its own (overlayfs shows the
//! topmost directory's owner and permissions), and hard links to files of lower layers. Both are
//! settled here as overlayfs's own copy-up would: attributes are copied, linked files are copied
//! up. Where the layer below has a symbolic link instead of such a directory, the paths in this
//! layer mean others than was thought, and it must be applied onto the real tree instead.

use std::{
    collections::{HashMap, HashSet},
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{self, AtFlags, Mode},
    io::Errno,
};

use crate::{
    Error, Result, Unpacked, WhiteoutStyle,
    copy::{Dress, copy_attributes, copy_leaf},
    node, overlay,
    path::{components, is_at_or_below, join, split},
    remove::remove_at,
    union::{Descent, MAX_OPEN, Seen, Union, no_target},
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
    let Some(dresses) = settler.look_below(unpacked)? else {
        return Ok(Settled::NeedsApply);
    };
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
    // Children first: what comes from below may close a directory to its owner.
    let mut dirs = OwnDirs::new(&settler.own);
    for (path, dress) in dresses.iter().rev() {
        let failed = |error: std::io::Error| Error::system("set attributes of", path, error);
        match path.is_empty() {
            true => dress.put_on(settler.own.as_fd()).map_err(failed)?,
            false => {
                let (parent, name) = split(path);
                dress.put_on_new(dirs.open(parent)?, name).map_err(failed)?;
            }
        }
    }
    Ok(Settled::Done)
}

/// Directories that are to look like those of the layers below, parents before children.
type Dresses<'a> = Vec<(&'a [u8], Dress)>;

struct Settler {
    own: OwnedFd,
    lowers: Union,
    style: WhiteoutStyle,
}

impl Settler {
    /// Looks up all directories that the layer has without an entry, and removes those that are
    /// there for whiteouts only and aren't there below. `None` when one is something else below.
    fn look_below<'a>(&self, unpacked: &'a Unpacked) -> Result<Option<Dresses<'a>>> {
        let bytes = |path: &'a PathBuf| path.as_os_str().as_encoded_bytes();
        let implicit: HashSet<_> = unpacked.implicit_dirs.iter().map(bytes).collect();
        let hollow: HashSet<_> = unpacked.hollow_dirs.iter().map(bytes).collect();
        let mut paths: Vec<_> = unpacked.assumed_dirs.iter().collect();
        if implicit.contains(&b""[..]) {
            paths.extend(unpacked.implicit_dirs.first());
        }
        // Paths are compared by component: directories come right before what is in them.
        paths.sort_unstable();
        let mut below = Descent::new(&self.lowers);
        let mut own = OwnDirs::new(&self.own);
        let mut dresses = Vec::new();
        let mut removed: Option<&[u8]> = None;
        for (number, path) in paths.iter().enumerate() {
            let entered = paths
                .get(number + 1)
                .is_some_and(|next| next.starts_with(path));
            let path = bytes(path);
            match below.look_up(path, entered)? {
                Seen::Leaf { .. } => return Ok(None),
                Seen::Directory(layers) if implicit.contains(path) => {
                    if let Some(lower) = layers.first() {
                        let dress = Dress::of(lower.fd.as_fd(), false)
                            .map_err(|error| Error::system("look up", path, error))?;
                        dresses.push((path, dress));
                    }
                }
                Seen::Directory(_) => {}
                Seen::Nothing => {
                    let gone = removed.is_some_and(|above| is_at_or_below(path, above));
                    if !gone && hollow.contains(path) {
                        let (parent, name) = split(path);
                        let dir = own.open(parent)?;
                        let remove = || Ok(remove_at(dir, name, parent));
                        keep_mtime(dir, remove)
                            .map_err(|error| Error::system("remove", path, error))??;
                        removed = Some(path);
                    }
                }
            }
        }
        Ok(Some(dresses))
    }

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

/// Directories of this layer, each with those above it kept open, as neighbours will need them.
struct OwnDirs<'a> {
    root: &'a OwnedFd,
    way: Vec<(Vec<u8>, OwnedFd)>,
}

impl<'a> OwnDirs<'a> {
    fn new(root: &'a OwnedFd) -> Self {
        let way = Vec::new();
        Self { root, way }
    }

    /// Opens a directory by its real path.
    fn open(&mut self, path: &[u8]) -> Result<BorrowedFd<'_>> {
        while self
            .way
            .pop_if(|(above, _)| !is_at_or_below(path, above))
            .is_some()
        {}
        let start = self.way.last().map_or(0, |(above, _)| above.len());
        for name in components(&path[start..]) {
            let (above, dir) = match self.way.last() {
                Some((above, dir)) => (&above[..], dir),
                None => (&path[..0], self.root),
            };
            let here = join(above, name);
            let dir = node::open_dir(dir, name)
                .map_err(|error| Error::system("open directory", &here, error))?;
            if self.way.len() >= MAX_OPEN {
                self.way.remove(0);
            }
            self.way.push((here, dir));
        }
        Ok(self.way.last().map_or(self.root, |(_, dir)| dir).as_fd())
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

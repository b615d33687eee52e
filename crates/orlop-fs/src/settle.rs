//! Gives a layer's own directory what it could not know when it was unpacked.
//!
//! Layers are unpacked in parallel, each into a directory of its own. Two things depend on the
//! layers below: what a directory looks like that has no entry of its own (overlayfs shows the
//! topmost directory's owner and permissions), and hard links to files of lower layers. Both are
//! settled here as overlayfs's own copy-up would: attributes are copied, linked files are copied
//! up. Where the layer below has a symbolic link instead of such a directory, the paths in this
//! layer mean others than was thought, and it must be applied onto the real tree instead; so it must
//! where such a directory would inherit an access control list.

use std::{
    collections::{HashMap, HashSet},
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{self, AtFlags, Mode, Stat},
    io::Errno,
};

use crate::{
    Error, Result, Unpacked, WhiteoutStyle,
    copy::{Bequest, Dress, copy_attributes, copy_leaf},
    node, overlay,
    path::{ancestors, components, is_at_or_below, join, split},
    remove::remove_at,
    union::{Descent, Layer, MAX_OPEN, Seen, Union, no_target},
    unpack::{IMPLICIT_MODE, SETGID},
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

/// A file below that is to get another name.
struct Target<'a> {
    /// The new name.
    link: &'a [u8],
    /// Where it is below …
    path: &'a [u8],
    /// … in which layer's directory.
    dir: Layer,
    stat: Stat,
}

impl Target<'_> {
    fn inode(&self) -> (usize, u64) {
        (self.dir.index, self.stat.st_ino)
    }
}

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
        let (mut removed, mut bequests) = (None::<&[u8]>, HashMap::new());
        if self.inheritance_is_wrong(unpacked)? {
            return Ok(None);
        }
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
                        if let Some(bequest) = dress.bequest() {
                            bequests.insert(path, bequest);
                        }
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
                    } else if !gone
                        && implicit.contains(path)
                        && let Some(&bequest) = bequests.get(split(path).0)
                    {
                        if !inherit(own.open(path)?, bequest)
                            .map_err(|error| Error::system("set attributes of", path, error))?
                        {
                            return Ok(None);
                        }
                        bequests.insert(path, bequest);
                    }
                }
            }
        }
        Ok(Some(dresses))
    }

    /// Whether directories were made with a setgid bit that they hadn't inherited from what is
    /// below, or without one, or without an access control list, that they had.
    fn inheritance_is_wrong(&self, unpacked: &Unpacked) -> Result<bool> {
        for path in &unpacked.handing_on_dirs {
            if self.dress_below(path)?.is_some() {
                return Ok(true);
            }
        }
        for path in unpacked.bequeathing_dirs.iter().flat_map(|p| p.ancestors()) {
            let dress = self.dress_below(path)?;
            if dress.is_some_and(|dress| dress.bequest().is_some()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What a directory has in the layers below, if it is there.
    fn dress_below(&self, path: &Path) -> Result<Option<Dress>> {
        let path = path.as_os_str().as_encoded_bytes();
        match self.lowers.look_up(path)? {
            Seen::Directory(layers) => layers
                .first()
                .map(|lower| Dress::of(lower.fd.as_fd(), false))
                .transpose()
                .map_err(|error| Error::system("look up", path, error)),
            _ => Ok(None),
        }
    }

    /// Opens a directory of this layer by its real path.
    fn open_own(&self, path: &[u8]) -> Result<OwnedFd> {
        node::open_below(&self.own, path)
            .map_err(|error| Error::system("open directory", path, error))
    }

    fn make_links(&self, all: &Union, unpacked: &Unpacked) -> Result<Settled> {
        let Some(plan) = self.find_targets(unpacked)? else {
            return Ok(Settled::NeedsApply);
        };
        // What these replace is still there.
        let links: HashSet<_> = plan.iter().map(|target| target.link).collect();
        let mut shared: HashMap<usize, HashSet<u64>> = HashMap::new();
        for target in plan.iter().filter(|target| target.stat.st_nlink > 1) {
            let (layer, inode) = target.inode();
            shared.entry(layer).or_default().insert(inode);
        }
        let mut names = HashMap::new();
        for (layer, inodes) in shared {
            let found = self.lowers.names_of(layer, &inodes)?.into_iter();
            names.extend(found.map(|(inode, names)| ((layer, inode), names)));
        }
        // Where in this layer a file of the layers below is now.
        let mut placed: HashMap<(usize, u64), Vec<u8>> = HashMap::new();
        for target in &plan {
            if let Some(first) = placed.get(&target.inode()) {
                self.link(first, target.link)?;
                continue;
            }
            // The layer may hide the file, or have another one there, and still have a link to it.
            let is_visible = |name: &[u8]| -> Result<bool> {
                if std::iter::once(name)
                    .chain(ancestors(name))
                    .any(|at| links.contains(at))
                {
                    return Ok(false);
                }
                let (layer, inode) = target.inode();
                let seen = all.look_up(name)?;
                Ok(!unpacked.opaque_root
                    && matches!(seen, Seen::Leaf { dir, stat }
                        if (dir.index, stat.st_ino) == (layer + 1, inode)))
            };
            // Its other names below would stay those of the file that isn't seen any more.
            let mut others = Vec::new();
            for name in names.get(&target.inode()).into_iter().flatten() {
                if *name != target.path && is_visible(name)? {
                    others.push(name.as_slice());
                }
            }
            let place = match is_visible(target.path)? {
                true => target.path,
                false => target.link,
            };
            self.copy_up(target, place)?;
            if place != target.link {
                self.link(place, target.link)?;
            }
            for name in others {
                self.make_parents(split(name).0)?;
                self.link(place, name)?;
            }
            placed.insert(target.inode(), place.to_vec());
        }
        Ok(Settled::Done)
    }

    /// Finds the files below that links are waiting for; `None` when the layer must be applied.
    fn find_targets<'a>(&self, unpacked: &'a Unpacked) -> Result<Option<Vec<Target<'a>>>> {
        let mut plan = Vec::new();
        for waiting in &unpacked.deferred_links {
            let link = waiting.path.as_os_str().as_encoded_bytes();
            let path = waiting.target.as_os_str().as_encoded_bytes();
            if self.lowers.resolve(path, false)?.as_deref() != Some(path) {
                // What a link in the way meant when the entry came depends on the order of the
                // entries, which is lost.
                return Ok(None);
            }
            let (dir, stat) = match self.lowers.look_up(path)? {
                Seen::Leaf { dir, stat } => (dir, stat),
                Seen::Nothing => return Err(no_target(link, path)),
                Seen::Directory(_) => {
                    return Err(Error::unresolved(link, "a hard link to a directory"));
                }
            };
            plan.push(Target {
                link,
                path,
                dir,
                stat,
            });
        }
        Ok(Some(plan))
    }

    fn copy_up(&self, target: &Target<'_>, place: &[u8]) -> Result<()> {
        let (parent, name) = split(place);
        self.make_parents(parent)?;
        let own = self.open_own(parent)?;
        let from = split(target.path).1;
        keep_mtime(own.as_fd(), || {
            copy_leaf(&target.dir.fd, from, &target.stat, &own, name, false)
        })
        .map_err(|error| Error::system("copy up", place, error))
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

/// Gives a directory without an entry what one made in a directory with a setgid bit has. What becomes
/// of an access control list is for the kernel to say: `false`.
fn inherit(dir: BorrowedFd<'_>, bequest: Bequest) -> Result<bool, Errno> {
    let Bequest::Group(gid) = bequest else {
        return Ok(false);
    };
    match fs::fchown(dir, None, Some(fs::Gid::from_raw(gid))) {
        Err(Errno::PERM) if !rustix::process::geteuid().is_root() => {}
        done => done?,
    }
    fs::fchmod(dir, Mode::from_raw_mode(IMPLICIT_MODE | SETGID))?;
    Ok(true)
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

//! Looks things up in a stack of layer directories, as overlayfs would show them, without a mount.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    os::fd::{AsFd as _, OwnedFd},
    path::{Path, PathBuf},
    rc::Rc,
};

use orlop_layer::printable;
use rustix::{
    fs::{FileType, Mode, OFlags, Stat},
    io::Errno,
};

use crate::{
    Error, Result,
    names::names_of,
    node, overlay,
    path::{components, is_at_or_below, join, split, to_path_buf},
};

const MAX_LINKS: usize = 40;

/// A stack of directories as [`WhiteoutStyle::Overlay`](crate::WhiteoutStyle) or `OverlayUser`
/// leave them, top first.
#[derive(Debug)]
pub struct Union {
    roots: Vec<Layer>,
}

/// A directory of one layer.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) index: usize,
    pub(crate) fd: Rc<OwnedFd>,
}

/// What a name stands for in a union.
#[derive(Debug)]
pub(crate) enum Seen {
    /// Nothing.
    Nothing,
    /// A directory, merged from these, top first.
    Directory(Vec<Layer>),
    /// Anything else: `name` in this directory.
    Leaf { dir: Layer, stat: Stat },
}

/// Something found in a [`Union`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The index of the topmost layer that has it.
    pub layer: usize,
    /// Its path without links, relative to the root.
    pub path: PathBuf,
    /// It is a directory, perhaps of several layers.
    pub is_dir: bool,
}

impl Union {
    /// Opens the layers, top first.
    ///
    /// # Errors
    ///
    /// When one isn't there.
    pub fn open(layers: &[PathBuf]) -> Result<Self> {
        let open = |(index, path): (usize, &PathBuf)| match node::open_root(path) {
            Ok(fd) => Ok(Layer {
                index,
                fd: Rc::new(fd),
            }),
            Err(error) => Err(Error::at("open", path, error)),
        };
        let roots = layers.iter().enumerate().map(open).collect::<Result<_>>()?;
        Ok(Self { roots })
    }

    /// What `path` names. Symbolic links on the way are followed inside the union; one that is
    /// itself named only if `follow` says so. `None` when there is nothing.
    ///
    /// # Errors
    ///
    /// When a layer can't be read, or links go round in circles.
    pub fn find(&self, path: &Path, follow: bool) -> Result<Option<Found>> {
        let Some(real) = self.resolve(path.as_os_str().as_encoded_bytes(), follow)? else {
            return Ok(None);
        };
        let (layer, is_dir) = match self.look_up(&real)? {
            Seen::Nothing => return Ok(None),
            Seen::Directory(dirs) => (dirs.first().map_or(0, |dir| dir.index), true),
            Seen::Leaf { dir, .. } => (dir.index, false),
        };
        Ok(Some(Found {
            layer,
            path: to_path_buf(&real),
            is_dir,
        }))
    }

    /// Opens the regular file `path` leads to, for reading; `None` when there is none.
    ///
    /// # Errors
    ///
    /// As [`find`](Self::find).
    pub fn open_file(&self, path: &Path) -> Result<Option<std::fs::File>> {
        let Some(real) = self.resolve(path.as_os_str().as_encoded_bytes(), true)? else {
            return Ok(None);
        };
        let Seen::Leaf { dir, stat } = self.look_up(&real)? else {
            return Ok(None);
        };
        if node::file_type(&stat) != FileType::RegularFile {
            return Ok(None);
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&*dir.fd, split(&real).1, flags, Mode::empty())
            .map_err(|error| Error::system("open", &real, error))?;
        Ok(Some(std::fs::File::from(file)))
    }

    /// The real path of `path`; `None` when a directory on the way isn't there. The last
    /// component may be missing.
    pub(crate) fn resolve(&self, path: &[u8], follow: bool) -> Result<Option<Vec<u8>>> {
        let mut todo: Vec<Vec<u8>> = components(path).rev().map(<[u8]>::to_vec).collect();
        let mut real = Vec::new();
        let mut dirs = self.roots.clone();
        let mut links = 0;
        while let Some(name) = todo.pop() {
            match &name[..] {
                b"." => continue,
                b".." => {
                    real.truncate(split(&real).0.len());
                    match self.look_up(&real)? {
                        Seen::Directory(above) => dirs = above,
                        _ => return Ok(None),
                    }
                    continue;
                }
                _ => {}
            }
            let here = join(&real, &name);
            match self.step(&dirs, &name, &here)? {
                Seen::Directory(below) => (real, dirs) = (here, below),
                Seen::Leaf { dir, stat } if node::file_type(&stat) == FileType::Symlink => {
                    if todo.is_empty() && !follow {
                        return Ok(Some(here));
                    }
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(Error::system("resolve", path, Errno::LOOP));
                    }
                    let text = node::read_link(&*dir.fd, &name)
                        .map_err(|error| Error::system("resolve", &here, error))?;
                    if text.starts_with(b"/") {
                        (real, dirs) = (Vec::new(), self.roots.clone());
                    }
                    todo.extend(components(&text).rev().map(<[u8]>::to_vec));
                }
                _ if todo.is_empty() => return Ok(Some(here)),
                _ => return Ok(None),
            }
        }
        Ok(Some(real))
    }

    /// What is at exactly this path, without following any link.
    pub(crate) fn look_up(&self, path: &[u8]) -> Result<Seen> {
        let mut seen = Seen::Directory(self.roots.clone());
        let mut here = Vec::new();
        for name in components(path) {
            let Seen::Directory(dirs) = seen else {
                return Ok(Seen::Nothing);
            };
            here = join(&here, name);
            seen = self.step(&dirs, name, &here)?;
        }
        Ok(seen)
    }

    /// One component further; `path` is where that leads, for errors.
    fn step(&self, dirs: &[Layer], name: &[u8], path: &[u8]) -> Result<Seen> {
        step(dirs, name, path, Depth::Merged)
    }

    /// The paths that some inodes have in one layer, hidden ones included.
    pub(crate) fn names_of(
        &self,
        layer: usize,
        inodes: &HashSet<u64>,
    ) -> Result<HashMap<u64, Vec<Vec<u8>>>> {
        names_of(Rc::clone(&self.roots[layer].fd), inodes)
    }

    /// The names in the root, hidden ones included.
    pub(crate) fn root_names(&self) -> Result<std::collections::BTreeSet<Vec<u8>>> {
        let mut names = std::collections::BTreeSet::new();
        for root in &self.roots {
            let listed = node::names(&*root.fd);
            names.extend(listed.map_err(|error| Error::system("list", b"", error))?);
        }
        Ok(names)
    }
}

/// How much must be known of a directory.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// Which layers it is merged from.
    Merged,
    /// The topmost one.
    Top,
}

fn step(dirs: &[Layer], name: &[u8], path: &[u8], depth: Depth) -> Result<Seen> {
    let failed = |error: Errno| Error::system("look up", path, error);
    let mut merged = Vec::new();
    for (number, dir) in dirs.iter().enumerate() {
        match node::open_dir(&*dir.fd, name) {
            Ok(fd) => {
                // What it hides matters only where there is something to hide.
                let last = depth == Depth::Top
                    || number + 1 == dirs.len()
                    || overlay::is_opaque(fd.as_fd()).map_err(failed)?;
                merged.push(Layer {
                    index: dir.index,
                    fd: Rc::new(fd),
                });
                if last {
                    break;
                }
                continue;
            }
            Err(Errno::NOENT) => continue,
            Err(Errno::NOTDIR | Errno::LOOP) => {}
            Err(error) => return Err(failed(error)),
        }
        let Some(stat) = node::lstat(&*dir.fd, name).map_err(failed)? else {
            continue;
        };
        if merged.is_empty() && !overlay::is_whiteout(&*dir.fd, name, &stat).map_err(failed)? {
            let dir = dir.clone();
            return Ok(Seen::Leaf { dir, stat });
        }
        break;
    }
    Ok(match merged.is_empty() {
        true => Seen::Nothing,
        false => Seen::Directory(merged),
    })
}

/// Looks up one path after the other, and remembers the directories on the way: where paths come in
/// order, each directory is looked for once, and nothing is looked for below one that isn't there.
pub(crate) struct Descent<'a> {
    union: &'a Union,
    /// Directories on the way to the last path, outermost first, each of no layer when there is
    /// none. Those above the first were dropped.
    way: VecDeque<(Vec<u8>, Vec<Layer>)>,
    open: usize,
}

/// How many directories a descent keeps open: several may be under way within the usual limit of
/// 1,024 open files.
pub(crate) const MAX_OPEN: usize = 128;

impl<'a> Descent<'a> {
    pub(crate) fn new(union: &'a Union) -> Self {
        Self {
            union,
            way: VecDeque::new(),
            open: 0,
        }
    }

    /// What is at exactly this path, without following any link. Of a directory that isn't
    /// `entered`, because nothing below it will be asked for, only the topmost layer is told.
    pub(crate) fn look_up(&mut self, path: &[u8], entered: bool) -> Result<Seen> {
        if path.is_empty() {
            return Ok(Seen::Directory(self.union.roots.clone()));
        }
        while let Some((above, layers)) = self.way.back()
            && !is_at_or_below(path, above)
        {
            self.open -= layers.len();
            self.way.pop_back();
        }
        loop {
            let (above, layers) = match self.way.back() {
                Some((above, layers)) => (&above[..], &layers[..]),
                None => (&path[..0], &self.union.roots[..]),
            };
            if layers.is_empty() {
                return Ok(Seen::Nothing);
            }
            if above.len() == path.len() {
                return Ok(Seen::Directory(layers.to_vec()));
            }
            let name = components(&path[above.len()..]).next().unwrap_or_default();
            let here = join(above, name);
            let is_last = here.len() == path.len();
            let depth = match is_last && !entered {
                true => Depth::Top,
                false => Depth::Merged,
            };
            let layers = match step(layers, name, &here, depth)? {
                seen if is_last && (!entered || matches!(seen, Seen::Leaf { .. })) => {
                    return Ok(seen);
                }
                Seen::Directory(layers) => layers,
                Seen::Leaf { .. } | Seen::Nothing => Vec::new(),
            };
            self.enter(here, layers);
        }
    }

    fn enter(&mut self, path: Vec<u8>, layers: Vec<Layer>) {
        self.open += layers.len();
        self.way.push_back((path, layers));
        while self.open > MAX_OPEN && self.way.len() > 1 {
            if let Some((_, layers)) = self.way.pop_front() {
                self.open -= layers.len();
            }
        }
    }
}

/// An error for a hard link whose file is in no layer.
pub(crate) fn no_target(path: &[u8], target: &[u8]) -> Error {
    let target = printable(target);
    Error::unresolved(path, format!("there is no file \"{target}\" to link to"))
}

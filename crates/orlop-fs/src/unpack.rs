//! Unpacks a layer below a root directory.
//!
//! The archive is untrusted, so nothing is ever reached by a path that the system resolves:
//! parents are walked component by component ([`parents`]), what is created is created anew and
//! never opened through a link ([`create`]), what was there before is replaced, not written to.
//! What is known of the layer so far is kept by *real* path: `lib/x` and `usr/lib/x` are the same
//! file where `lib` is a link.
//!
//! Entries may come in any order and more than once; what comes later wins, as with any archive.
//! The result does not depend on the [`WhiteoutStyle`]: applied in place a layer gives the tree
//! that overlayfs shows of separate directories (after [`settle`](crate::settle())).

mod attributes;
mod create;
mod link;
mod parents;
mod tree;
mod whiteout;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::BufRead,
    os::fd::AsFd as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use orlop_layer::{Bounds, Entry, EntryKind, Observer, TarReader, Time, Whiteout};
use rustix::{
    fs::{self, AtFlags},
    io::Errno,
};

pub(crate) use self::parents::{IMPLICIT_MODE, SETGID};
use self::{attributes::Creation, tree::Dirs};
use crate::{
    Error, Privilege, Result, WhiteoutStyle,
    node::{self, Attributes},
    path::{Below as _, join, split, to_path_buf},
};

/// Where a layer is in its stack. A tree below it may well be empty, so that the directory can't tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// There is no layer below: until it has an entry, the root is what an archive makes without one.
    Bottom,
    /// There are layers below: what the layer says nothing of is what it is there, the root too.
    Above,
}

/// How to unpack.
#[derive(Clone, Debug)]
pub struct UnpackOptions {
    /// What becomes of whiteouts.
    pub whiteouts: WhiteoutStyle,
    /// Whether there are layers below. Makes a difference for [`WhiteoutStyle::Apply`] only: in
    /// directories of their own, all layers are alike until they settle.
    pub position: Position,
    /// Which owners, devices and extended attributes are kept.
    pub privilege: Privilege,
    /// Bounds on real paths ([`Bounds::max_path`], [`Bounds::max_depth`]).
    pub bounds: Bounds,
}

impl UnpackOptions {
    /// Options with the default bounds.
    pub fn new(whiteouts: WhiteoutStyle, position: Position, privilege: Privilege) -> Self {
        Self {
            whiteouts,
            position,
            privilege,
            bounds: Bounds::default(),
        }
    }

    /// The directory shows the layers below, and its root is theirs.
    fn has_lower_root(&self) -> bool {
        self.whiteouts == WhiteoutStyle::Apply && self.position == Position::Above
    }
}

/// A hard link to a file that isn't in its own layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeferredLink {
    /// Where the link belongs, relative to the root.
    pub path: PathBuf,
    /// The file it is another name of, relative to the root, in the layers below.
    pub target: PathBuf,
}

/// What was unpacked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// Entries of the archive, whiteouts included.
    pub entries: u64,
    /// Bytes of content written.
    pub bytes: u64,
    /// Devices left out because the caller isn't privileged.
    pub skipped_devices: u64,
    /// Directories that were made because something is in them, without an entry of their own:
    /// they have what they inherited and else the permissions `0755`, and want those of the layers below
    /// ([`settle`](crate::settle())). Relative to the root, which is itself one when it has no
    /// entry; parents before children. Only those that weren't hidden when they were made.
    pub implicit_dirs: Vec<PathBuf>,
    /// Those of them that hold nothing but whiteouts: where no layer below has the directory, there
    /// is none, because a whiteout makes nothing.
    pub hollow_dirs: Vec<PathBuf>,
    /// Paths that were taken for directories, because something is or was in them, when nothing
    /// of this layer said so or hid what is below. If a layer below has a symbolic link there,
    /// other paths were meant. Includes all of `implicit_dirs` but the root.
    pub assumed_dirs: Vec<PathBuf>,
    /// Directories whose setgid bit or default access control list, if a layer below gives them or one
    /// above them one, should have been inherited when nobody could know.
    pub bequeathing_dirs: Vec<PathBuf>,
    /// Directories that handed on a setgid bit of this layer, which they hadn't if a layer below has
    /// them.
    pub handing_on_dirs: Vec<PathBuf>,
    /// Hard links whose target must be in a layer below.
    pub deferred_links: Vec<DeferredLink>,
    /// The layer makes no sense without those below (a hard link to a lower layer's symbolic link
    /// is a parent of other entries), or may be another with them (a directory without an entry
    /// inherited an access control list): what was unpacked isn't to be used.
    pub needs_apply: bool,
    /// A whiteout was written: some may hide nothing.
    pub has_whiteouts: bool,
    /// The layer hides all of the layers below. overlayfs knows no opaque root: `settle` writes
    /// whiteouts for what is there.
    pub opaque_root: bool,
}

/// Unpacks the entries of `tar` below `dir`, an existing directory that nobody else writes to:
/// empty for the overlay styles, the tree of the layers below for [`WhiteoutStyle::Apply`].
///
/// The rest of the stream behind the archive isn't read: see [`TarReader::drain`]. Nothing is
/// synced. `cancelled` is looked at between entries and between pieces of content.
///
/// # Errors
///
/// When the archive is malformed, holds something that may not be unpacked, or the system refuses
/// something. What is in `dir` then is for the caller to remove.
pub fn unpack(
    dir: &Path,
    tar: &mut TarReader<impl BufRead>,
    options: &UnpackOptions,
    observers: &mut [Box<dyn Observer>],
    cancelled: &AtomicBool,
) -> Result<Unpacked> {
    let mut unpacker = Unpacker::new(dir, options)?;
    while let Some(entry) = tar.next_entry()? {
        if cancelled.load(Ordering::Relaxed) {
            return Err(Error::Cancelled);
        }
        unpacker.done.entries += 1;
        let file = match unpacker.unpack_entry(&entry, tar, cancelled) {
            // The layers below may make sense of it. Whoever applies the layer hears of it if not.
            Err(Error::Unresolved { .. }) if unpacker.depends_on_lower() => {
                unpacker.done.needs_apply = true;
                None
            }
            done => done?,
        };
        for observer in observers.iter_mut() {
            observer.entry(&entry, file.as_ref());
        }
    }
    unpacker.finish()
}

/// What a directory gets when all is in it.
struct Finish {
    mtime: Time,
    /// Permissions that would have been in the way.
    mode: Option<u32>,
}

impl Finish {
    fn at(mtime: Time) -> Self {
        Self { mtime, mode: None }
    }
}

struct Unpacker<'a> {
    options: &'a UnpackOptions,
    dirs: Dirs,
    creation: Creation,
    done: Unpacked,
    /// Directories whose times are set at the end, and to what.
    finish: BTreeMap<Vec<u8>, Finish>,
    /// Directories without an entry of their own that were made for another's sake, that one's
    /// time being theirs.
    implicit: BTreeSet<Vec<u8>>,
    /// All that ever were implicit while a layer below could have had something else there.
    assumed: BTreeSet<Vec<u8>>,
    /// Not applying: implicit directories that have nothing in them but whiteouts.
    hollow: BTreeSet<Vec<u8>>,
    /// Directories that hide what the layers below have in them …
    opaque: BTreeSet<Vec<u8>>,
    /// … and those made where the directory of the layers below itself was hidden.
    fresh: BTreeSet<Vec<u8>>,
    /// Not applying: directories in which others were made that would have inherited a setgid bit or
    /// an access control list, had the layer below given one to the directory as it was then.
    bequeathing: BTreeSet<Vec<u8>>,
    /// Not applying: directories without an entry that inherited a setgid bit and handed it on.
    handing_on: BTreeSet<Vec<u8>>,
    /// Applying only: all that this layer has made.
    own: BTreeSet<Vec<u8>>,
    /// Links that wait for the layers below, with their targets.
    deferred: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Devices that were left out.
    skipped: BTreeSet<Vec<u8>>,
}

impl<'a> Unpacker<'a> {
    fn new(dir: &Path, options: &'a UnpackOptions) -> Result<Self> {
        let failed = |error: Errno| Error::at("open", dir, error);
        let root = node::open_root(dir).map_err(failed)?;
        if !options.has_lower_root() {
            // What the machine's own directories hand on is no part of an image.
            let attributes = Attributes::Open(root.as_fd());
            attributes.drop_acls().map_err(failed)?;
        }
        let creation = Creation::probe(&root);
        let heritage = creation.heritage_of(&root).map_err(failed)?;
        Ok(Self {
            options,
            dirs: Dirs::new(root, heritage),
            creation,
            done: Unpacked::default(),
            finish: BTreeMap::new(),
            implicit: BTreeSet::new(),
            assumed: BTreeSet::new(),
            hollow: BTreeSet::new(),
            opaque: BTreeSet::new(),
            fresh: BTreeSet::new(),
            bequeathing: BTreeSet::new(),
            handing_on: BTreeSet::new(),
            own: BTreeSet::new(),
            deferred: BTreeMap::new(),
            skipped: BTreeSet::new(),
        })
    }

    fn applies(&self) -> bool {
        self.options.whiteouts == WhiteoutStyle::Apply
    }

    /// Where paths lead may be known only with the layers below.
    fn depends_on_lower(&self) -> bool {
        !self.applies() && (!self.deferred.is_empty() || !self.assumed.is_empty())
    }

    /// Unpacks an entry; a regular file is told as it was written.
    fn unpack_entry(
        &mut self,
        entry: &Entry,
        tar: &mut TarReader<impl BufRead>,
        cancelled: &AtomicBool,
    ) -> Result<Option<File>> {
        if self.done.entries == 1 {
            self.adopt_root()?;
        }
        let whiteout = Whiteout::of(&entry.path)
            .map_err(|error| Error::refused(&entry.path, error.to_string()))?;
        match whiteout {
            Some(Whiteout::Metadata) => return Ok(None),
            Some(Whiteout::Opaque { dir }) => return self.hide_children(&dir).map(|()| None),
            Some(Whiteout::File { path }) => return self.hide(&path).map(|()| None),
            None => {}
        }
        self.check_owner(entry)?;
        match entry.kind {
            EntryKind::File => return self.make_file(entry, tar, cancelled).map(Some),
            EntryKind::Directory => self.make_directory(entry)?,
            EntryKind::HardLink => self.make_hard_link(entry)?,
            EntryKind::Symlink => self.make_symlink(entry)?,
            EntryKind::CharDevice | EntryKind::BlockDevice | EntryKind::Fifo => {
                self.make_node(entry)?;
            }
        }
        Ok(None)
    }

    /// Until it has an entry of its own, the root is an implicit directory, of the time 0 as umoci's
    /// is; when applying, only if it isn't that of a layer below.
    fn adopt_root(&mut self) -> Result<()> {
        let root = self.dirs.root();
        if self.options.has_lower_root() {
            return self.touch(&root);
        }
        self.become_implicit(&root, Time::default(), None)
            .map_err(|error| Error::system("set up", b"", error))?;
        self.implicit.insert(Vec::new());
        if self.applies() {
            self.own.insert(Vec::new());
        }
        Ok(())
    }

    /// Forgets what was at `path` and below, which is gone.
    fn forget(&mut self, path: &[u8]) {
        self.dirs.clear();
        self.finish.drop_at_and_below(path);
        self.implicit.drop_at_and_below(path);
        self.hollow.drop_at_and_below(path);
        self.opaque.drop_at_and_below(path);
        self.fresh.drop_at_and_below(path);
        self.own.drop_at_and_below(path);
        self.deferred.drop_at_and_below(path);
        self.skipped.drop_at_and_below(path);
    }

    /// Gives the directories their times and what else had to wait, deepest first, so that none
    /// is closed before what is in it is done.
    fn finish(mut self) -> Result<Unpacked> {
        if self.done.entries == 0 {
            self.adopt_root()?;
        }
        for (path, finish) in std::mem::take(&mut self.finish).iter().rev() {
            let failed = |error: Errno| Error::system("finish directory", path, error);
            let times = node::timestamps(finish.mtime);
            if finish.mode.is_none() && !path.is_empty() {
                let (parent, name) = split(path);
                let parent = self.reopen(parent)?;
                fs::utimensat(&parent.fd, name, &times, AtFlags::SYMLINK_NOFOLLOW)
                    .map_err(failed)?;
                continue;
            }
            let dir = self.reopen(path)?;
            if let Some(mode) = finish.mode {
                fs::fchmod(&dir.fd, fs::Mode::from_raw_mode(mode)).map_err(failed)?;
            }
            fs::futimens(&dir.fd, &times).map_err(failed)?;
        }
        // What became opaque afterwards doesn't matter: what a directory was below was known then.
        self.implicit.retain(|path| !self.fresh.contains(path));
        self.done.implicit_dirs = listed(&self.implicit);
        self.done.hollow_dirs = listed(&self.hollow);
        self.done.assumed_dirs = listed(&self.assumed);
        self.done.bequeathing_dirs = listed(&self.bequeathing);
        self.done.handing_on_dirs = listed(&self.handing_on);
        self.done.deferred_links = std::mem::take(&mut self.deferred)
            .iter()
            .map(|(path, target)| DeferredLink {
                path: to_path_buf(path),
                target: to_path_buf(target),
            })
            .collect();
        self.done.opaque_root = self.opaque.contains(&b""[..]) && !self.applies();
        Ok(self.done)
    }

    /// Removes what is at `name` in `dir`, which is not there any more then.
    fn clear_way(&mut self, dir: &tree::Dir, name: &[u8]) -> Result<()> {
        let path = join(&dir.path, name);
        let failed = |error: Errno| Error::system("replace", &path, error);
        let Some(stat) = node::lstat(&dir.fd, name).map_err(failed)? else {
            return Ok(());
        };
        if node::is_dir(&stat) {
            crate::remove::remove_at(dir.fd.as_fd(), name, &dir.path)?;
            self.forget(&path);
            return Ok(());
        }
        fs::unlinkat(&dir.fd, name, AtFlags::empty()).map_err(failed)?;
        if node::file_type(&stat) == fs::FileType::Symlink {
            // Cached parents may have been reached through it.
            self.dirs.clear();
        }
        Ok(())
    }

    /// Notes that something of this layer is at `path` now that is no directory.
    fn note(&mut self, path: Vec<u8>) {
        if !self.deferred.is_empty() {
            self.deferred.remove(&path);
        }
        if !self.skipped.is_empty() {
            self.skipped.remove(&path);
        }
        if self.applies() {
            self.own.insert(path);
        }
    }
}

fn listed(set: &BTreeSet<Vec<u8>>) -> Vec<PathBuf> {
    set.iter().map(|path| to_path_buf(path)).collect()
}

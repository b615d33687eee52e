//! Finds, and where needed makes, the directory in which an entry belongs.

use std::{cell::Cell, os::fd::AsFd as _, rc::Rc};

use orlop_layer::Time;
use rustix::{
    fs::{self, FileType, Mode},
    io::Errno,
};

use super::{
    Finish, Unpacker,
    tree::{Dir, Heritage},
};
use crate::{
    Error, Result,
    node::{self, Attributes},
    overlay,
    path::{ancestors, components, join, split},
};

/// Symbolic links that one path may lead through, as in the kernel.
const MAX_LINKS: usize = 40;

/// Permissions of a directory that has no entry.
pub(crate) const IMPLICIT_MODE: u32 = 0o755;

/// On a directory: what is made in it gets its group, and directories this bit, too.
pub(crate) const SETGID: u32 = 0o2000;

/// Where a path leads in this layer's directory.
pub(super) enum Place {
    /// Here.
    Found(Rc<Dir>),
    /// Nowhere here; a layer below may have it, under this real path.
    Below(Vec<u8>),
    /// Nowhere: it is hidden, or something that is no directory is in the way.
    Nowhere,
}

/// For whose sake directories are made that aren't there, with the time of that entry.
#[derive(Clone, Copy)]
pub(super) enum Make {
    /// They aren't.
    No,
    /// For something that goes into them.
    ForEntry(Time),
    /// For a whiteout, which needs them only to be noted down.
    ForWhiteout,
}

impl Unpacker<'_> {
    /// The directory `path` leads to, links followed within the root, made if it isn't there for
    /// the sake of an entry of the time `mtime`.
    pub(super) fn parent(&mut self, path: &[u8], mtime: Time) -> Result<Rc<Dir>> {
        match self.walk(path, Make::ForEntry(mtime))? {
            Place::Found(dir) => {
                if self.applies() {
                    self.touch(&dir)?;
                }
                Ok(dir)
            }
            Place::Below(_) | Place::Nowhere => Err(Error::unresolved(
                path,
                "a file is where a directory must be",
            )),
        }
    }

    /// The directory `path` leads to, if it is there.
    pub(super) fn existing(&mut self, path: &[u8]) -> Result<Place> {
        self.walk(path, Make::No)
    }

    /// The directory with the real path `path`, known to exist.
    pub(super) fn reopen(&mut self, path: &[u8]) -> Result<Rc<Dir>> {
        match self.existing(path)? {
            Place::Found(dir) if dir.path == path => Ok(dir),
            _ => Err(Error::system("open", path, Errno::NOTDIR)),
        }
    }

    /// Links are followed, and `..` in them leads out of what isn't there, too.
    pub(super) fn walk(&mut self, path: &[u8], make: Make) -> Result<Place> {
        if let Some(dir) = self.dirs.get(path) {
            self.fill(&dir.path, make)?;
            return Ok(Place::Found(dir));
        }
        let cached = ancestors(path).find_map(|above| Some((self.dirs.get(above)?, above.len())));
        let (mut dir, length) = cached.unwrap_or_else(|| (self.dirs.root(), 0));
        // What is still to be walked, last component first.
        let mut todo: Vec<Vec<u8>> = still_to_walk(&path[length..]).collect();
        // What isn't there, below `dir`.
        let mut missing: Vec<Vec<u8>> = Vec::new();
        let mut links = 0;
        while let Some(name) = todo.pop() {
            if name == b".." {
                if missing.pop().is_none() {
                    dir = self.reopen(split(&dir.path.clone()).0)?;
                }
                continue;
            }
            let here = join(&join(&dir.path, &missing.join(&b'/')), &name);
            self.check_depth(&here)?;
            if !missing.is_empty() {
                missing.push(name);
                continue;
            }
            match node::open_dir(&dir.fd, &name) {
                Ok(fd) => dir = self.enter(fd, here)?,
                Err(Errno::NOENT) => {
                    if todo.iter().any(|name| name == b"..") && self.shows_below(&here) {
                        self.assumed.insert(here);
                    }
                    missing.push(name);
                }
                Err(Errno::LOOP | Errno::NOTDIR) => match self.in_the_way(&dir, &name, make)? {
                    InTheWay::Link(target) => {
                        links += 1;
                        if links > MAX_LINKS {
                            return Err(Error::refused(path, "too many symbolic links"));
                        }
                        if target.starts_with(b"/") {
                            dir = self.dirs.root();
                        }
                        todo.extend(still_to_walk(&target));
                    }
                    InTheWay::Replaced(made) => dir = made,
                    InTheWay::File => return Ok(Place::Nowhere),
                },
                Err(Errno::ACCESS) if !self.keeps_owners() => {
                    dir = self.enter_closed(&dir, &name, here)?;
                }
                Err(error) => return Err(Error::system("open directory", &here, error)),
            }
        }
        self.arrive(path, dir, missing, make)
    }

    /// The end of a walk: `missing` is what isn't there below `dir`.
    fn arrive(
        &mut self,
        path: &[u8],
        mut dir: Rc<Dir>,
        missing: Vec<Vec<u8>>,
        make: Make,
    ) -> Result<Place> {
        if !missing.is_empty() {
            let path = join(&dir.path, &missing.join(&b'/'));
            let below = !self.applies() && self.shows_below(&path);
            match make {
                Make::No if below => return Ok(Place::Below(path)),
                Make::ForWhiteout if below => {}
                Make::No | Make::ForWhiteout => return Ok(Place::Nowhere),
                Make::ForEntry(_) => {}
            }
        }
        self.fill(&dir.path, make)?;
        for name in missing {
            dir = self.make_implicit(&dir, &name, make)?;
        }
        if dir.path != path {
            self.dirs.insert(path.to_vec(), &dir);
        }
        Ok(Place::Found(dir))
    }

    /// Whether the layers below can be seen at `path`, as far as the directories above it are
    /// concerned.
    fn shows_below(&self, path: &[u8]) -> bool {
        !ancestors(path).any(|dir| self.opaque.contains(dir))
    }

    /// Something goes into the directory `path`: it and those above are hollow no more.
    fn fill(&mut self, path: &[u8], make: Make) -> Result<()> {
        let Make::ForEntry(mtime) = make else {
            return Ok(());
        };
        if self.hollow.is_empty() {
            return Ok(());
        }
        for path in std::iter::once(path).chain(ancestors(path)) {
            if self.hollow.remove(path) {
                self.finish.insert(path.to_vec(), Finish::at(mtime));
                self.done.needs_apply |= self.inherited_too_early(path)?;
            }
        }
        Ok(())
    }

    /// Whether a directory that was made to carry whiteouts, and is only now really there, would
    /// inherit something else now.
    fn inherited_too_early(&mut self, path: &[u8]) -> Result<bool> {
        let failed = |error: Errno| Error::system("open directory", path, error);
        let parent = self.reopen(split(path).0)?;
        let dir = self.reopen(path)?;
        let above = fs::fstat(&parent.fd).map_err(failed)?;
        let made = fs::fstat(&dir.fd).map_err(failed)?;
        let inherits = above.st_mode & SETGID != 0;
        Ok(parent.heritage.get().acl
            || inherits != (made.st_mode & SETGID != 0)
            || inherits && above.st_gid != made.st_gid)
    }

    /// Real paths grow through links beyond what entries are bounded to.
    fn check_depth(&self, path: &[u8]) -> Result<()> {
        let bounds = &self.options.bounds;
        if path.len() > bounds.max_path || components(path).count() > bounds.max_depth {
            return Err(Error::refused(path, "the path is too long or too deep"));
        }
        Ok(())
    }

    fn enter(&mut self, fd: std::os::fd::OwnedFd, path: Vec<u8>) -> Result<Rc<Dir>> {
        // A directory that this layer made without a setgid bit was entered when it was made, as
        // long as it is cached; to ask again is cheap.
        let failed = |error: Errno| Error::system("open", &path, error);
        let stat = fs::fstat(&fd).map_err(failed)?;
        let acl = Attributes::Open(fd.as_fd()).has_default_acl();
        let acl = acl.map_err(failed)?;
        let heritage = self.creation.heritage(stat.st_gid, stat.st_mode, acl);
        if !self.keeps_owners() && stat.st_mode & 0o700 != 0o700 {
            let mode = stat.st_mode & 0o7777;
            fs::fchmod(&fd, Mode::from_raw_mode(mode | 0o700))
                .map_err(|error| Error::system("open", &path, error))?;
            self.finish
                .entry(path.clone())
                .or_insert(Finish::at(node::mtime(&stat)))
                .mode
                .get_or_insert(mode);
        }
        let dir = Rc::new(Dir {
            fd,
            path: path.clone(),
            heritage: Cell::new(heritage),
        });
        self.dirs.insert(path, &dir);
        Ok(dir)
    }

    /// Enters a directory of the caller's own that denies it; [`finish`](Self::finish) closes it.
    fn enter_closed(&mut self, dir: &Dir, name: &[u8], path: Vec<u8>) -> Result<Rc<Dir>> {
        let failed = |error: Errno| Error::system("open directory", &path, error);
        let stat = node::lstat(&dir.fd, name)
            .map_err(failed)?
            .filter(node::is_dir)
            .ok_or_else(|| failed(Errno::ACCESS))?;
        let mode = stat.st_mode & 0o7777;
        node::chmod_unopened(&dir.fd, name, mode | 0o700).map_err(failed)?;
        let fd = node::open_dir(&dir.fd, name).map_err(failed)?;
        self.finish
            .entry(path.clone())
            .or_insert(Finish::at(node::mtime(&stat)))
            .mode
            .get_or_insert(mode);
        self.enter(fd, path)
    }

    /// Makes a directory that has no entry (yet).
    fn make_implicit(&mut self, dir: &Rc<Dir>, name: &[u8], make: Make) -> Result<Rc<Dir>> {
        let path = join(&dir.path, name);
        let (mtime, hollow) = match make {
            Make::No => return Err(Error::system("open directory", &path, Errno::NOENT)),
            Make::ForEntry(mtime) => (mtime, false),
            // A time of its own it gets from what fills it.
            Make::ForWhiteout => (Time::default(), true),
        };
        if self.deferred.contains_key(&path) {
            return Err(Error::unresolved(
                &path,
                "a hard link is where a directory must be",
            ));
        }
        if self.applies() {
            self.touch(dir)?;
        }
        let failed = |error: Errno| Error::system("make directory", &path, error);
        let heritage = dir.heritage.get();
        let mode = match heritage.acl {
            // Nothing is taken away from what the list gives (so does umoci).
            true => 0o777,
            false => IMPLICIT_MODE,
        };
        if heritage.acl && !self.applies() {
            // If a layer below has this directory, there was nothing to inherit. It is so rare that
            // it needs no better answer.
            self.done.needs_apply = true;
        }
        fs::mkdirat(&dir.fd, name, Mode::from_raw_mode(mode)).map_err(failed)?;
        let fd = node::open_dir(&dir.fd, name).map_err(failed)?;
        let made = Rc::new(Dir {
            fd,
            path: path.clone(),
            heritage: Cell::new(heritage),
        });
        match heritage.plain && self.creation.is_right(IMPLICIT_MODE, self.keeps_owners()) {
            true => {
                self.finish.insert(path.clone(), Finish::at(mtime));
            }
            false => {
                let parent = Some(heritage);
                let inherits = self.become_implicit(&made, mtime, parent);
                let inherits = inherits.map_err(failed)?;
                let unsure = self.implicit.contains(&dir.path) && !self.fresh.contains(&dir.path);
                if inherits && unsure && !self.applies() {
                    self.handing_on.insert(dir.path.clone());
                }
            }
        }
        self.dirs.insert(path.clone(), &made);
        self.note_implicit(path, hollow);
        Ok(made)
    }

    /// Notes that a directory was made without an entry; `hollow`, for a whiteout.
    fn note_implicit(&mut self, path: Vec<u8>, hollow: bool) {
        self.implicit.insert(path.clone());
        match self.shows_below(&path) {
            true => {
                self.assumed.insert(path.clone());
            }
            false => self.be_fresh(path.clone()),
        }
        match (hollow, self.applies()) {
            (false, true) => self.own.insert(path),
            (true, false) => self.hollow.insert(path),
            _ => false,
        };
    }

    /// Gives a directory what one without an entry has: for one just made, that is what it got from
    /// the directory it was made in, its group and setgid bit, and the permissions of its access
    /// control list (so does umoci). Says whether there was a setgid bit.
    pub(super) fn become_implicit(
        &mut self,
        dir: &Dir,
        mtime: Time,
        heritage: Option<Heritage>,
    ) -> Result<bool, Errno> {
        let made = fs::fstat(&dir.fd)?;
        let acl = heritage.is_some_and(|heritage| heritage.acl);
        let heir = heritage.is_some() && made.st_mode & SETGID != 0;
        let mode = match acl {
            true => made.st_mode & 0o777,
            false => IMPLICIT_MODE,
        } | if heir { SETGID } else { 0 };
        let gid = match self.keeps_owners() && !heir {
            true => 0,
            false => made.st_gid,
        };
        if self.keeps_owners() {
            fs::fchown(&dir.fd, Some(fs::Uid::ROOT), Some(fs::Gid::from_raw(gid)))?;
        }
        fs::fchmod(&dir.fd, Mode::from_raw_mode(mode))?;
        dir.heritage.set(self.creation.heritage(gid, mode, acl));
        let finish = Finish::at(mtime);
        self.finish.insert(dir.path.clone(), finish);
        Ok(heir)
    }

    /// Applying: something changes in a directory. If it is from before and the layer says nothing
    /// of it, it will get its time back.
    pub(super) fn touch(&mut self, dir: &Dir) -> Result<()> {
        if !self.own.contains(&dir.path) && !self.finish.contains_key(&dir.path) {
            let stat =
                fs::fstat(&dir.fd).map_err(|error| Error::system("open", &dir.path, error))?;
            let finish = Finish::at(node::mtime(&stat));
            self.finish.insert(dir.path.clone(), finish);
        }
        Ok(())
    }

    /// Looks at what is no directory and stands where one is needed.
    fn in_the_way(&mut self, dir: &Rc<Dir>, name: &[u8], make: Make) -> Result<InTheWay> {
        let path = join(&dir.path, name);
        let failed = |error: Errno| Error::system("open directory", &path, error);
        let Some(stat) = node::lstat(&dir.fd, name).map_err(failed)? else {
            return Err(failed(Errno::NOENT));
        };
        if node::file_type(&stat) == FileType::Symlink {
            return Ok(InTheWay::Link(
                node::read_link(&dir.fd, name).map_err(failed)?,
            ));
        }
        if self.applies() || !overlay::is_whiteout(&dir.fd, name, &stat).map_err(failed)? {
            return Ok(InTheWay::File);
        }
        if !matches!(make, Make::ForEntry(_)) {
            return Ok(InTheWay::File);
        }
        // The layer hides the directory of the layers below, and now has one of its own.
        self.clear_way(dir, name)?;
        let assumed = self.assumed.contains(&path);
        let made = self.make_implicit(dir, name, make)?;
        if !assumed {
            self.assumed.remove(&path);
        }
        self.hide_below(&made)?;
        Ok(InTheWay::Replaced(made))
    }
}

/// The components, last one first.
fn still_to_walk(path: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    components(path)
        .rev()
        .filter(|name| *name != b".")
        .map(<[u8]>::to_vec)
}

enum InTheWay {
    /// A link, with its text.
    Link(Vec<u8>),
    /// It was a whiteout; now it is this directory.
    Replaced(Rc<Dir>),
    /// Something else.
    File,
}

//! Hides what the layers below have.

use std::{os::fd::AsFd as _, rc::Rc};

use rustix::io::Errno;

use super::{
    Unpacker,
    parents::{Make, Place},
    tree::Dir,
};
use crate::{
    Error, Result, WhiteoutStyle, node, overlay,
    path::{Below as _, all_below, join, split},
};

impl Unpacker<'_> {
    /// `.wh.NAME`: hides the file or directory of the layers below.
    pub(super) fn hide(&mut self, path: &[u8]) -> Result<()> {
        let (parent, name) = split(path);
        let Some(dir) = self.whiteout_parent(parent)? else {
            return Ok(());
        };
        let real = join(&dir.path, name);
        let failed = |error: Errno| Error::system("hide", &real, error);
        let there = node::lstat(&dir.fd, name).map_err(failed)?;
        if self.applies() {
            return match there {
                Some(stat) if node::is_dir(&stat) => self.purge(&dir, name),
                Some(_) if !self.own.contains(&real) => self.clear_way(&dir, name),
                _ => Ok(()),
            };
        }
        match there {
            // A link that waits is this layer's own, and will hide what is below by itself.
            None if self.deferred.contains_key(&real) => Ok(()),
            None => self.make_whiteout(&dir, name),
            Some(stat) if node::is_dir(&stat) => {
                if self.hollow.contains(&real) {
                    self.clear_way(&dir, name)?;
                    return self.make_whiteout(&dir, name);
                }
                // The directory stays for the sake of what this layer has in it, and stays what it
                // is: only what is below in it goes.
                let hidden = self.reopen(&real)?;
                self.make_opaque(&hidden)
            }
            // What this layer has here hides what is below.
            Some(_) => Ok(()),
        }
    }

    /// `.wh..wh..opq`: hides all that the layers below have in the directory, not the directory.
    pub(super) fn hide_children(&mut self, path: &[u8]) -> Result<()> {
        match self.whiteout_parent(path)? {
            None => Ok(()),
            Some(dir) if self.applies() => self.purge_children(&dir),
            Some(dir) => self.make_opaque(&dir),
        }
    }

    /// The directory `path` leads to, for the sake of a whiteout, which makes nothing that isn't
    /// there: `None` when there can be nothing to hide. Not applying, one that only the layers
    /// below can have is made to carry the whiteout, and is hollow until something else is put into
    /// it. (So does umoci; containerd and docker make the directories.)
    fn whiteout_parent(&mut self, path: &[u8]) -> Result<Option<Rc<Dir>>> {
        let make = match self.applies() {
            true => Make::No,
            false => Make::ForWhiteout,
        };
        let Place::Found(dir) = self.walk(path, make)? else {
            return Ok(None);
        };
        if self.applies() {
            self.touch(&dir)?;
        }
        Ok(Some(dir))
    }

    fn make_whiteout(&mut self, dir: &Dir, name: &[u8]) -> Result<()> {
        self.done.has_whiteouts = true;
        overlay::make_whiteout(self.options.whiteouts, dir.fd.as_fd(), name)
            .map_err(|error| Error::system("hide", &join(&dir.path, name), error))
    }

    /// Removes directories below `path` that only hold whiteouts, which mean nothing any more.
    fn clear_hollow(&mut self, path: &[u8]) -> Result<()> {
        for path in all_below(&self.hollow, path) {
            // One removed before may have held it.
            if self.hollow.contains(&path) {
                let (parent, name) = split(&path);
                let parent = self.reopen(parent)?;
                self.clear_way(&parent, name)?;
            }
        }
        Ok(())
    }

    /// Hides the directory of the layers below and all that is in it.
    pub(super) fn hide_below(&mut self, dir: &Dir) -> Result<()> {
        self.be_fresh(dir.path.clone());
        self.make_opaque(dir)
    }

    /// Notes that a directory was made where that of the layers below was hidden.
    pub(super) fn be_fresh(&mut self, path: Vec<u8>) {
        let parent = split(&path).0;
        if !self.applies() && self.implicit.contains(parent) && !self.fresh.contains(parent) {
            self.bequeathing.insert(parent.to_vec());
        }
        self.fresh.insert(path);
    }

    fn make_opaque(&mut self, dir: &Dir) -> Result<()> {
        self.clear_hollow(&dir.path)?;
        if !dir.path.is_empty() {
            overlay::make_opaque(self.options.whiteouts, dir.fd.as_fd())
                .map_err(|error| Error::system("hide", &dir.path, error))?;
        }
        self.opaque.insert(dir.path.clone());
        Ok(())
    }

    /// Deletes the directory `name` from before, but keeps it, as it is, for what this layer has in
    /// it.
    fn purge(&mut self, dir: &Dir, name: &[u8]) -> Result<()> {
        let path = join(&dir.path, name);
        if !self.own.contains(&path) && !self.own.has_below(&path) {
            return self.clear_way(dir, name);
        }
        let inner = self.reopen(&path)?;
        self.purge_children(&inner)
    }

    fn purge_children(&mut self, dir: &Rc<Dir>) -> Result<()> {
        debug_assert_eq!(self.options.whiteouts, WhiteoutStyle::Apply);
        self.touch(dir)?;
        let names =
            node::names(&dir.fd).map_err(|error| Error::system("list", &dir.path, error))?;
        for name in names {
            let path = join(&dir.path, &name);
            let stat =
                node::lstat(&dir.fd, &name).map_err(|error| Error::system("hide", &path, error))?;
            match stat {
                Some(stat) if node::is_dir(&stat) => self.purge(dir, &name)?,
                Some(_) if !self.own.contains(&path) => self.clear_way(dir, &name)?,
                _ => {}
            }
        }
        Ok(())
    }
}

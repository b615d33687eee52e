//! Hides what the layers below have.

use std::{cell::Cell, os::fd::AsFd as _, rc::Rc};

use orlop_layer::Time;
use rustix::io::Errno;

use super::{Unpacker, tree::Dir};
use crate::{
    Error, Result, WhiteoutStyle, node, overlay,
    path::{Below as _, all_below, join, split},
};

impl Unpacker<'_> {
    /// `.wh.NAME`: hides the file or directory of the layers below.
    pub(super) fn hide(&mut self, path: &[u8], mtime: Time) -> Result<()> {
        let (parent, name) = split(path);
        let dir = self.whiteout_parent(parent, mtime)?;
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
            None => {
                self.done.has_whiteouts = true;
                overlay::make_whiteout(self.options.whiteouts, dir.fd.as_fd(), name).map_err(failed)
            }
            Some(stat) if node::is_dir(&stat) => {
                let hidden = self.reopen(&real)?;
                if self.is_hollow(&hidden)? {
                    self.clear_way(&dir, name)?;
                    self.done.has_whiteouts = true;
                    return overlay::make_whiteout(self.options.whiteouts, dir.fd.as_fd(), name)
                        .map_err(failed);
                }
                self.hide_below(&hidden)
            }
            // What this layer has here hides what is below.
            Some(_) => Ok(()),
        }
    }

    /// `.wh..wh..opq`: hides all that the layers below have in the directory, not the directory.
    pub(super) fn hide_children(&mut self, path: &[u8], mtime: Time) -> Result<()> {
        let dir = self.whiteout_parent(path, mtime)?;
        if self.applies() {
            return self.purge_children(&dir);
        }
        self.make_opaque(&dir)
    }

    /// Removes directories below `path` that only hold whiteouts, which mean nothing any more.
    fn clear_hollow(&mut self, path: &[u8]) -> Result<()> {
        for path in all_below(&self.hollow, path) {
            // One removed before may have held it.
            if self.hollow.contains(&path) {
                let dir = self.reopen(&path)?;
                if self.is_hollow(&dir)? {
                    let (parent, name) = split(&path);
                    let parent = self.reopen(parent)?;
                    self.clear_way(&parent, name)?;
                }
            }
        }
        Ok(())
    }

    /// Whether a directory of this layer holds nothing but whiteouts, and has no entry.
    fn is_hollow(&self, dir: &Dir) -> Result<bool> {
        if !self.hollow.contains(&dir.path)
            || self.deferred.has_below(&dir.path)
            || self.skipped.has_below(&dir.path)
        {
            return Ok(false);
        }
        let failed = |error: Errno| Error::system("list", &dir.path, error);
        for name in node::names(&dir.fd).map_err(|e| Error::system("list", &dir.path, e))? {
            let Some(stat) = node::lstat(&dir.fd, &name).map_err(failed)? else {
                continue;
            };
            let hollow = match node::is_dir(&stat) {
                true => self.is_hollow(&Dir {
                    fd: node::open_dir(&dir.fd, &name).map_err(failed)?,
                    path: join(&dir.path, &name),
                    plain: Cell::new(false),
                })?,
                false => overlay::is_whiteout(&dir.fd, &name, &stat).map_err(failed)?,
            };
            if !hollow {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Hides the directory of the layers below and all that is in it.
    pub(super) fn hide_below(&mut self, dir: &Dir) -> Result<()> {
        self.fresh.insert(dir.path.clone());
        self.make_opaque(dir)
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

    /// Deletes the directory `name` from before, but keeps what this layer has in it.
    fn purge(&mut self, dir: &Dir, name: &[u8]) -> Result<()> {
        let path = join(&dir.path, name);
        let own = self.own.contains(&path);
        if !own && !self.own.has_below(&path) {
            return self.clear_way(dir, name);
        }
        let inner = self.reopen(&path)?;
        self.purge_children(&inner)?;
        if own {
            return Ok(());
        }
        // The directory stays for the sake of what is in it, and is what it would be if it had
        // not been there before.
        let mtime = self.passed.remove(&path).unwrap_or_default();
        let failed = |error: Errno| Error::system("hide", &path, error);
        self.strip(&node::Attributes::Open(inner.fd.as_fd()), |_| false)
            .and_then(|()| self.become_implicit(&inner, mtime))
            .map_err(failed)?;
        self.own.insert(path);
        Ok(())
    }

    fn purge_children(&mut self, dir: &Rc<Dir>) -> Result<()> {
        debug_assert_eq!(self.options.whiteouts, WhiteoutStyle::Apply);
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

//! Hides what the layers below have.

use std::{os::fd::AsFd as _, rc::Rc};

use orlop_layer::Time;
use rustix::io::Errno;

use super::{Unpacker, tree::Dir};
use crate::{
    Error, Result, WhiteoutStyle, node, overlay,
    path::{Below as _, join, split},
};

impl Unpacker<'_> {
    /// `.wh.NAME`: hides the file or directory of the layers below.
    pub(super) fn hide(&mut self, path: &[u8], mtime: Time) -> Result<()> {
        let (parent, name) = split(path);
        let dir = self.parent(parent, mtime)?;
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
                overlay::make_whiteout(self.options.whiteouts, dir.fd.as_fd(), name).map_err(failed)
            }
            Some(stat) if node::is_dir(&stat) => {
                let hidden = self.reopen(&real)?;
                self.hide_below(&hidden)
            }
            // What this layer has here hides what is below.
            Some(_) => Ok(()),
        }
    }

    /// `.wh..wh..opq`: hides all that the layers below have in the directory, not the directory.
    pub(super) fn hide_children(&mut self, path: &[u8], mtime: Time) -> Result<()> {
        let dir = self.parent(path, mtime)?;
        if self.applies() {
            return self.purge_children(&dir);
        }
        self.make_opaque(&dir)
    }

    /// Hides the directory of the layers below and all that is in it.
    pub(super) fn hide_below(&mut self, dir: &Dir) -> Result<()> {
        self.fresh.insert(dir.path.clone());
        self.make_opaque(dir)
    }

    fn make_opaque(&mut self, dir: &Dir) -> Result<()> {
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
        let mtime = self.touched.remove(&path).unwrap_or_default();
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

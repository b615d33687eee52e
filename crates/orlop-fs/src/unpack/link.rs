//! Hard links.

use std::{collections::HashSet, rc::Rc};

use orlop_layer::Entry;
use rustix::{
    fs::{self, AtFlags, Stat},
    io::Errno,
};

use super::{Unpacker, parents::Place, tree::Dir};
use crate::{
    Error, Result,
    names::names_of,
    node, overlay,
    path::{ancestors, is_at_or_below, join, split},
};

impl Unpacker<'_> {
    /// Makes another name of a file. The target's last component is never followed: a hard link
    /// to a symbolic link is one more symbolic link. The entry's mode, owner and times are those
    /// of the file it names and aren't applied again, as in GNU tar.
    pub(super) fn make_hard_link(&mut self, entry: &Entry) -> Result<()> {
        let (parent, name) = split(&entry.path);
        let dir = self.parent(parent, entry.mtime)?;
        let path = join(&dir.path, name);
        let (target_parent, target_name) = split(&entry.link);
        let missing = || {
            let link = orlop_layer::printable(&entry.link);
            Error::unresolved(
                &entry.path,
                format!("there is no file \"{link}\" to link to"),
            )
        };
        let target_dir = match self.existing(target_parent)? {
            Place::Found(dir) => dir,
            Place::Below(real) => return self.defer(entry, path, join(&real, target_name)),
            Place::Nowhere => return Err(missing()),
        };
        let target = join(&target_dir.path, target_name);
        check_target(entry, &path, &target)?;
        if self.skipped.contains(&target) {
            return self.leave_out(&dir, name);
        }
        let failed = |error: Errno| Error::system("make hard link", &entry.path, error);
        let Some(stat) = node::lstat(&target_dir.fd, target_name).map_err(failed)? else {
            let hidden = self.applies() || ancestors(&target).any(|dir| self.opaque.contains(dir));
            return match hidden {
                true => Err(missing()),
                false => self.defer(entry, path, target),
            };
        };
        if node::is_dir(&stat) {
            if self.assumed.contains(&target) && !self.applies() {
                // Only assumed: a layer below may have a link there.
                return self.defer(entry, path, target);
            }
            return Err(Error::unresolved(&entry.path, "a hard link to a directory"));
        }
        if !self.applies()
            && overlay::is_whiteout(&target_dir.fd, target_name, &stat).map_err(failed)?
        {
            return Err(missing());
        }
        self.make(&dir, name, "make hard link", || {
            fs::linkat(&target_dir.fd, target_name, &dir.fd, name, AtFlags::empty())
        })?;
        self.note(path);
        if self.applies() && stat.st_nlink > 1 {
            self.rejoin(&target_dir, target_name, &stat)?;
        }
        Ok(())
    }

    /// Applied onto an overlay mount, the first link to a file of the layers below copies it up, and
    /// leaves its other names with the file that it was before, `old`: makes them names of the new
    /// one.
    fn rejoin(&mut self, dir: &Dir, name: &[u8], old: &Stat) -> Result<()> {
        let failed = |error: Errno| Error::system("make hard link", &dir.path, error);
        match node::lstat(&dir.fd, name).map_err(failed)? {
            Some(new) if new.st_ino != old.st_ino => {}
            _ => return Ok(()),
        }
        let root = self.dirs.root().fd.try_clone();
        let root = root.map_err(|error| Error::system("open", b"", error))?;
        let inode = HashSet::from([old.st_ino]);
        for other in names_of(Rc::new(root), &inode)?.into_values().flatten() {
            let (parent, other_name) = split(&other);
            let parent = self.reopen(parent)?;
            self.touch(&parent)?;
            fs::unlinkat(&parent.fd, other_name, AtFlags::empty())
                .and_then(|()| fs::linkat(&dir.fd, name, &parent.fd, other_name, AtFlags::empty()))
                .map_err(|error| Error::system("make hard link", &other, error))?;
        }
        Ok(())
    }

    /// Leaves a link to be made when the layers below are known.
    fn defer(&mut self, entry: &Entry, path: Vec<u8>, target: Vec<u8>) -> Result<()> {
        check_target(entry, &path, &target)?;
        let (parent, name) = split(&path);
        let dir = self.reopen(parent)?;
        self.clear_way(&dir, name)?;
        // A link to a link that waits is a link to the same file.
        let target = self.deferred.get(&target).cloned().unwrap_or(target);
        self.note(path.clone());
        if target != path {
            self.deferred.insert(path, target);
        }
        Ok(())
    }
}

/// A link takes the place of what is there, with all that is below.
fn check_target(entry: &Entry, path: &[u8], target: &[u8]) -> Result<()> {
    match is_at_or_below(target, path) {
        true if target == path => Err(Error::unresolved(&entry.path, "a hard link to itself")),
        true => Err(Error::unresolved(
            &entry.path,
            "a hard link to what it replaces",
        )),
        false => Ok(()),
    }
}

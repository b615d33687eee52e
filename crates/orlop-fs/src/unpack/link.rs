//! Hard links.

use orlop_layer::Entry;
use rustix::{
    fs::{self, AtFlags},
    io::Errno,
};

use super::{Unpacker, parents::Place};
use crate::{
    Error, Result, node, overlay,
    path::{ancestors, join, split},
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
            Place::Below(real) => return self.defer(path, join(&real, target_name)),
            Place::Nowhere => return Err(missing()),
        };
        let target = join(&target_dir.path, target_name);
        if target == path {
            return Err(Error::unresolved(&entry.path, "a hard link to itself"));
        }
        if self.skipped.contains(&target) {
            return self.leave_out(&dir, name);
        }
        let failed = |error: Errno| Error::system("make hard link", &entry.path, error);
        let Some(stat) = node::lstat(&target_dir.fd, target_name).map_err(failed)? else {
            let hidden = self.applies() || ancestors(&target).any(|dir| self.opaque.contains(dir));
            return match hidden {
                true => Err(missing()),
                false => self.defer(path, target),
            };
        };
        if node::is_dir(&stat) {
            if self.assumed.contains(&target) && !self.applies() {
                // Only assumed: a layer below may have a link there.
                return self.defer(path, target);
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
        Ok(())
    }

    /// Leaves a link to be made when the layers below are known.
    fn defer(&mut self, path: Vec<u8>, target: Vec<u8>) -> Result<()> {
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

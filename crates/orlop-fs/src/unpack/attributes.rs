//! Owners, permissions, extended attributes and times.
//!
//! An entry gets what it says, and nothing that the directory it is made in hands on: neither its group
//! nor its access control list (image-spec, layer.md, "Changeset over existing files": a path is made
//! "based on the contents and attributes of the changeset entry"). Only a directory without an entry
//! inherits: see [`make_implicit`](Unpacker::make_implicit).

use std::os::fd::{AsFd, OwnedFd};

use orlop_layer::{Entry, EntryKind};
use rustix::{
    fs::{self, AtFlags, FileType, Gid, Mode, OFlags, Uid},
    io::Errno,
    process,
};

use super::{
    Unpacker,
    tree::{Dir, Heritage},
};
use crate::node::{self, ACCESS_ACL, Attributes, DEFAULT_ACL};

/// What the system makes of what we create, so that calls that would change nothing are left out:
/// they are half of what a small file costs.
#[derive(Debug)]
pub(super) struct Creation {
    uid: u32,
    gid: u32,
    /// Permission bits that don't arrive; `None` when that isn't known.
    umask: Option<u32>,
}

impl Creation {
    /// Finds out what becomes of a file made in `dir`. The umask of a process can only be read by
    /// changing it, which is no business of a library; a file without a name tells it too.
    pub(super) fn probe(dir: &OwnedFd) -> Self {
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        let made = fs::openat(dir, ".", flags, Mode::from_raw_mode(0o777));
        let stat = made.and_then(fs::fstat);
        // Where there is a list to inherit, it takes the place of the umask.
        let list = Attributes::Open(dir.as_fd()).has_default_acl();
        Self {
            uid: process::geteuid().as_raw(),
            gid: process::getegid().as_raw(),
            umask: match (stat, list) {
                (Ok(stat), Ok(false)) => Some(!stat.st_mode & 0o777),
                _ => None,
            },
        }
    }

    /// What is made in a directory with this group, this mode and perhaps a default list gets.
    pub(super) fn heritage(&self, gid: u32, mode: u32, acl: bool) -> Heritage {
        Heritage {
            plain: gid == self.gid && mode & 0o2000 == 0 && !acl,
            acl,
        }
    }

    /// What is made in an open directory gets.
    pub(super) fn heritage_of(&self, dir: &OwnedFd) -> Result<Heritage, Errno> {
        let stat = fs::fstat(dir)?;
        let acl = Attributes::Open(dir.as_fd()).has_default_acl()?;
        Ok(self.heritage(stat.st_gid, stat.st_mode, acl))
    }

    /// Whether what is made in a plain directory is root's (for those who can say so) and has the
    /// mode.
    pub(super) fn is_right(&self, mode: u32, privileged: bool) -> bool {
        self.arrives(mode) && (!privileged || (self.uid, self.gid) == (0, 0))
    }

    fn arrives(&self, mode: u32) -> bool {
        mode & 0o7000 == 0 && self.umask.is_some_and(|umask| mode & umask == 0)
    }
}

impl Unpacker<'_> {
    /// Files have the owners that the archive names.
    pub(super) fn keeps_owners(&self) -> bool {
        self.options.privilege.keeps_owners()
    }

    /// Refuses what belongs to somebody whom there isn't here.
    pub(super) fn check_owner(&self, entry: &Entry) -> crate::Result<()> {
        let has_owner = entry.kind != EntryKind::HardLink;
        match has_owner && !self.options.privilege.knows(entry.uid, entry.gid) {
            true => Err(crate::Error::no_such_owner(
                &entry.path,
                entry.uid,
                entry.gid,
            )),
            false => Ok(()),
        }
    }

    /// Whether what was just made in `dir` belongs to someone else than it should.
    fn needs_owner(&self, entry: &Entry, dir: &Dir) -> bool {
        self.keeps_owners()
            && !(dir.heritage.get().plain
                && entry.uid == self.creation.uid
                && entry.gid == self.creation.gid)
    }

    /// Whether what was just made in `dir` with the mode of the entry hasn't got it.
    fn needs_mode(&self, entry: &Entry, dir: &Dir) -> bool {
        !dir.heritage.get().plain || !self.creation.arrives(entry.mode)
    }

    /// Dresses a new file. `security.capability` and setuid bits don't survive a change of owner
    /// or content, so they come after; times come last.
    pub(super) fn dress_file(&self, entry: &Entry, dir: &Dir, file: &OwnedFd) -> Result<(), Errno> {
        if self.needs_owner(entry, dir) {
            let (uid, gid) = (Uid::from_raw(entry.uid), Gid::from_raw(entry.gid));
            fs::fchown(file, Some(uid), Some(gid))?;
        }
        let attributes = Attributes::Open(file.as_fd());
        if dir.heritage.get().acl {
            attributes.drop_acls()?;
        }
        self.set_attributes(entry, &attributes)?;
        if self.needs_mode(entry, dir) {
            fs::fchmod(file, Mode::from_raw_mode(entry.mode))?;
        }
        self.set_acls(entry, &attributes, false)?;
        fs::futimens(file, &node::timestamps(entry.mtime))
    }

    /// Dresses a new link, device or pipe, without opening it.
    pub(super) fn dress_unopened(
        &self,
        entry: &Entry,
        dir: &Dir,
        name: &[u8],
        is_link: bool,
    ) -> Result<(), Errno> {
        if self.needs_owner(entry, dir) {
            let (uid, gid) = (Uid::from_raw(entry.uid), Gid::from_raw(entry.gid));
            fs::chownat(
                &dir.fd,
                name,
                Some(uid),
                Some(gid),
                AtFlags::SYMLINK_NOFOLLOW,
            )?;
        }
        let attributes = Attributes::of_name(&dir.fd, name);
        // A link has no list, and inherits none.
        if !is_link && dir.heritage.get().acl {
            attributes.drop_acls()?;
        }
        self.set_attributes(entry, &attributes)?;
        if !is_link && self.needs_mode(entry, dir) {
            node::chmod_unopened(&dir.fd, name, entry.mode)?;
        }
        self.set_acls(entry, &attributes, false)?;
        let times = node::timestamps(entry.mtime);
        fs::utimensat(&dir.fd, name, &times, AtFlags::SYMLINK_NOFOLLOW)
    }

    /// Dresses a directory. Its time is set when the layer is complete. `parent` is given for a
    /// new one; one that was there before is stripped of what it had.
    pub(super) fn dress_directory(
        &self,
        entry: &Entry,
        dir: &Dir,
        parent: Option<&Dir>,
    ) -> Result<(), Errno> {
        let attributes = Attributes::Open(dir.fd.as_fd());
        match parent {
            Some(parent) if parent.heritage.get().acl => attributes.drop_acls()?,
            Some(_) => {}
            None => self.strip(&attributes, |name| {
                entry.xattrs.iter().any(|(kept, _)| kept == name)
            })?,
        }
        if self.keeps_owners() && parent.is_none_or(|parent| self.needs_owner(entry, parent)) {
            let (uid, gid) = (Uid::from_raw(entry.uid), Gid::from_raw(entry.gid));
            fs::fchown(&dir.fd, Some(uid), Some(gid))?;
        }
        self.set_attributes(entry, &attributes)?;
        let mode = self.open_mode(entry.mode);
        // A new one was made with at least its owner's permissions.
        let arrived = |parent| !self.needs_mode(entry, parent) && mode & 0o700 == 0o700;
        if !parent.is_some_and(arrived) {
            fs::fchmod(&dir.fd, Mode::from_raw_mode(mode))?;
        }
        self.set_acls(entry, &attributes, true)?;
        let gid = match self.keeps_owners() {
            true => entry.gid,
            false => fs::fstat(&dir.fd)?.st_gid,
        };
        let acl = !entry.xattrs.is_empty() && attributes.has_default_acl()?;
        let heritage = self.creation.heritage(gid, entry.mode, acl);
        dir.heritage.set(heritage);
        Ok(())
    }

    /// The mode of a directory as long as something may have to be put into it.
    pub(super) fn open_mode(&self, mode: u32) -> u32 {
        match self.keeps_owners() {
            true => mode,
            false => mode | 0o700,
        }
    }

    /// Removes the attributes that an image could have given, but for those to keep.
    pub(super) fn strip(
        &self,
        attributes: &Attributes<'_>,
        keep: impl Fn(&[u8]) -> bool,
    ) -> Result<(), Errno> {
        for name in attributes.names()? {
            if self.takes(&name) && !keep(&name) {
                match attributes.remove(&name) {
                    Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => {}
                    // A security module's own label.
                    Err(Errno::PERM | Errno::ACCESS) if name.starts_with(b"security.") => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    fn takes(&self, name: &[u8]) -> bool {
        !crate::overlay::is_private_attribute(name) && self.options.privilege.sets(name)
    }

    /// Sets the access control lists of an entry: after its permissions, which are a part of them.
    fn set_acls(
        &self,
        entry: &Entry,
        attributes: &Attributes<'_>,
        is_dir: bool,
    ) -> Result<(), Errno> {
        for (name, value) in &entry.xattrs {
            // Only directories have something to hand on.
            let applies = name == ACCESS_ACL || is_dir && name == DEFAULT_ACL;
            if !applies || !self.takes(name) {
                continue;
            }
            match attributes.set(name, value) {
                Ok(()) | Err(Errno::OPNOTSUPP) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Sets all other extended attributes.
    fn set_attributes(&self, entry: &Entry, attributes: &Attributes<'_>) -> Result<(), Errno> {
        for (name, value) in &entry.xattrs {
            if !self.takes(name) || name == ACCESS_ACL || name == DEFAULT_ACL {
                continue;
            }
            match attributes.set(name, value) {
                Ok(()) => {}
                // The file system can't, or has no such thing on links and devices: other engines
                // let that pass, and an image must not fail for it.
                Err(Errno::OPNOTSUPP) => {}
                Err(Errno::PERM) if name.starts_with(b"user.") => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// The type of file that a device entry stands for.
pub(super) fn node_type(kind: orlop_layer::EntryKind) -> FileType {
    match kind {
        orlop_layer::EntryKind::CharDevice => FileType::CharacterDevice,
        orlop_layer::EntryKind::BlockDevice => FileType::BlockDevice,
        _ => FileType::Fifo,
    }
}

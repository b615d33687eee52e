//! Removing trees.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
};

use rustix::{
    fs::{self, AtFlags, Mode},
    io::Errno,
};

use crate::{Error, Result, node, path::join};

/// Removes what is at `path`, with all that is below; nothing there is fine, too. Symbolic links
/// are removed, never followed; directories without permissions get them first.
///
/// # Errors
///
/// When something can't be removed: the rest before it is gone.
pub fn remove_tree(path: &Path) -> Result<()> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Error::at("remove", path, Errno::INVAL));
    };
    let parent = match parent.as_os_str().is_empty() {
        true => Path::new("."),
        false => parent,
    };
    match node::open_root(parent) {
        Ok(dir) => remove_at(dir.as_fd(), name.as_encoded_bytes(), b""),
        Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(Error::at("open", parent, error)),
    }
}

/// Removes `name` in `dir`; `shown` is the path of `dir`, for errors.
pub(crate) fn remove_at(dir: BorrowedFd<'_>, name: &[u8], shown: &[u8]) -> Result<()> {
    // One level of the descent: a directory, and the names in it that are still to go.
    struct Level {
        fd: OwnedFd,
        name: Vec<u8>,
        names: Vec<Vec<u8>>,
    }
    let path = join(shown, name);
    let failed = |error: Errno| Error::system("remove", &path, error);
    match unlink(dir, name) {
        Ok(()) => return Ok(()),
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(error) => return Err(failed(error)),
    }
    let open = |dir: BorrowedFd<'_>, name: &[u8]| -> Result<Level> {
        let fd = open_anyway(dir, name).map_err(failed)?;
        let names = node::names(&fd).map_err(|error| Error::system("list", &path, error))?;
        Ok(Level {
            fd,
            name: name.to_vec(),
            names,
        })
    };
    let mut levels = vec![open(dir, name)?];
    while let Some(level) = levels.last_mut() {
        if let Some(name) = level.names.pop() {
            match unlink(level.fd.as_fd(), &name) {
                Ok(()) => {}
                Err(Errno::ISDIR | Errno::PERM) => {
                    let below = open(level.fd.as_fd(), &name)?;
                    levels.push(below);
                }
                Err(error) => return Err(failed(error)),
            }
            continue;
        }
        let name = std::mem::take(&mut level.name);
        levels.pop();
        let parent = levels.last().map_or(dir, |level| level.fd.as_fd());
        match fs::unlinkat(parent, &name[..], AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(())
}

/// Unlinks what isn't a directory, also from a directory that denies it.
fn unlink(dir: BorrowedFd<'_>, name: &[u8]) -> Result<(), Errno> {
    match fs::unlinkat(dir, name, AtFlags::empty()) {
        Err(Errno::NOENT) => Ok(()),
        Err(Errno::ACCESS) => {
            fs::fchmod(dir, Mode::RWXU)?;
            fs::unlinkat(dir, name, AtFlags::empty())
        }
        done => done,
    }
}

/// Opens a directory, even one whose owner may not.
fn open_anyway(dir: BorrowedFd<'_>, name: &[u8]) -> Result<OwnedFd, Errno> {
    match node::open_dir(dir, name) {
        Err(Errno::ACCESS) => {
            // The name is known not to be a link: unlinking it failed as only a directory does.
            node::chmod_unopened(dir, name, 0o700)?;
            node::open_dir(dir, name)
        }
        opened => opened,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn trees_go_and_what_links_point_to_stays() {
        let base = tempfile::tempdir().unwrap();
        let outside = base.path().join("outside");
        std::fs::create_dir_all(outside.join("dir")).unwrap();
        std::fs::write(outside.join("dir/file"), "x").unwrap();
        let tree = base.path().join("tree");
        let mut deep = tree.clone();
        for level in 0..300 {
            deep.push(format!("d{level}"));
        }
        std::fs::create_dir_all(&deep).unwrap();
        symlink(outside.join("dir"), deep.join("link")).unwrap();
        symlink(&outside, tree.join("link")).unwrap();
        std::fs::create_dir_all(tree.join("closed/inner")).unwrap();
        let closed = std::fs::Permissions::from_mode(0o0);
        std::fs::set_permissions(tree.join("closed"), closed).unwrap();
        remove_tree(&tree).unwrap();
        assert!(!tree.exists());
        assert_eq!(std::fs::read(outside.join("dir/file")).unwrap(), b"x");
        remove_tree(&tree).unwrap();
        symlink(&outside, &tree).unwrap();
        remove_tree(&tree).unwrap();
        assert!(tree.symlink_metadata().is_err() && outside.exists());
    }
}

//! What a tree takes.

use std::{collections::HashSet, os::fd::AsFd as _, path::Path, rc::Rc};

use crate::{Error, Result, node, path::join};

/// What a tree takes on its file system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Bytes allocated, in blocks of 512; a file with several names counts once.
    pub bytes: u64,
    /// Files and directories; a file with several names counts once.
    pub inodes: u64,
}

/// Adds up what the tree at `path` takes, without following links or looking into other mounts.
///
/// # Errors
///
/// When a directory can't be read.
pub fn usage(path: &Path) -> Result<Usage> {
    let root = node::open_root(path).map_err(|error| Error::at("open", path, error))?;
    let stat = rustix::fs::fstat(&root).map_err(|error| Error::at("open", path, error))?;
    let device = stat.st_dev;
    let mut usage = Usage {
        bytes: blocks(&stat),
        inodes: 1,
    };
    let mut counted = HashSet::new();
    // Directories are opened when it is their turn: only their parents are open until then.
    let mut todo = vec![(Rc::new(root), Vec::new(), Vec::new())];
    while let Some((parent, name, path)) = todo.pop() {
        let failed = |error: std::io::Error| Error::system("list", &path, error);
        let dir = match name.is_empty() {
            true => parent,
            false => Rc::new(node::open_dir(&*parent, &name).map_err(|e| failed(e.into()))?),
        };
        for name in node::names(dir.as_fd()).map_err(failed)? {
            let Some(stat) = node::lstat(&*dir, &name).map_err(|e| failed(e.into()))? else {
                continue;
            };
            let is_dir = node::is_dir(&stat);
            let again = stat.st_nlink > 1 && !is_dir && !counted.insert(stat.st_ino);
            if stat.st_dev != device || again {
                continue;
            }
            usage.bytes += blocks(&stat);
            usage.inodes += 1;
            if is_dir {
                let below = join(&path, &name);
                todo.push((Rc::clone(&dir), name, below));
            }
        }
    }
    Ok(usage)
}

fn blocks(stat: &rustix::fs::Stat) -> u64 {
    u64::try_from(stat.st_blocks).unwrap_or(0) * 512
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_with_several_names_count_once() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("d")).unwrap();
        std::fs::write(dir.path().join("d/f"), vec![1; 100_000]).unwrap();
        let one = usage(dir.path()).unwrap();
        assert_eq!(one.inodes, 3);
        std::fs::hard_link(dir.path().join("d/f"), dir.path().join("g")).unwrap();
        std::os::unix::fs::symlink("/", dir.path().join("s")).unwrap();
        let two = usage(dir.path()).unwrap();
        assert_eq!(two.inodes, 4);
        assert!(two.bytes < one.bytes + 50_000, "{one:?} {two:?}");
    }
}

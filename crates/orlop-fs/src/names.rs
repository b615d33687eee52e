//! All names of files that have several.

use std::{
    collections::{HashMap, HashSet},
    os::fd::OwnedFd,
    rc::Rc,
};

use crate::{Error, Result, node, path::join};

/// Finds the paths of some inodes in the tree at `root`.
pub(crate) fn names_of(
    root: Rc<OwnedFd>,
    inodes: &HashSet<u64>,
) -> Result<HashMap<u64, Vec<Vec<u8>>>> {
    let mut found: HashMap<u64, Vec<Vec<u8>>> = HashMap::new();
    // Directories are opened when it is their turn: only their parents are open until then.
    let mut todo = vec![(root, Vec::new(), Vec::new())];
    while let Some((parent, name, path)) = todo.pop() {
        let failed = |error: std::io::Error| Error::system("list", &path, error);
        let dir = match name.is_empty() {
            true => parent,
            false => Rc::new(node::open_dir(&*parent, &name).map_err(|e| failed(e.into()))?),
        };
        for name in node::names(&*dir).map_err(failed)? {
            let Some(stat) = node::lstat(&*dir, &name).map_err(|e| failed(e.into()))? else {
                continue;
            };
            let path = join(&path, &name);
            if node::is_dir(&stat) {
                todo.push((Rc::clone(&dir), name, path));
            } else if stat.st_nlink > 1 && inodes.contains(&stat.st_ino) {
                found.entry(stat.st_ino).or_default().push(path);
            }
        }
    }
    Ok(found)
}

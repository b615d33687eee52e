//! Open directories, so that a file costs no walk from the root.

use std::{cell::Cell, collections::HashMap, os::fd::OwnedFd, rc::Rc};

/// How many directories are kept open. Archives go through a tree in order, so few are enough,
/// and several layers are unpacked at once within the usual limit of 1,024 open files.
const CAPACITY: usize = 96;

/// What the system gives to what is made in a directory, besides what its maker asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heritage {
    /// The maker's own group, no setgid bit, no access control list.
    pub(super) plain: bool,
    /// An access control list, as the directory has a default one.
    pub(super) acl: bool,
}

/// An open directory.
#[derive(Debug)]
pub(super) struct Dir {
    pub(super) fd: OwnedFd,
    /// Its real path.
    pub(super) path: Vec<u8>,
    /// What is made in it gets this.
    pub(super) heritage: Cell<Heritage>,
}

/// The root and the directories used last, by the paths that lead to them: their real path, and
/// paths through links.
#[derive(Debug)]
pub(super) struct Dirs {
    root: Rc<Dir>,
    open: HashMap<Vec<u8>, (Rc<Dir>, u64)>,
    clock: u64,
}

impl Dirs {
    pub(super) fn new(root: OwnedFd, heritage: Heritage) -> Self {
        Self {
            root: Rc::new(Dir {
                fd: root,
                path: Vec::new(),
                heritage: Cell::new(heritage),
            }),
            open: HashMap::with_capacity(2 * CAPACITY),
            clock: 0,
        }
    }

    pub(super) fn root(&self) -> Rc<Dir> {
        Rc::clone(&self.root)
    }

    pub(super) fn get(&mut self, path: &[u8]) -> Option<Rc<Dir>> {
        if path.is_empty() {
            return Some(self.root());
        }
        let (dir, used) = self.open.get_mut(path)?;
        self.clock += 1;
        *used = self.clock;
        Some(Rc::clone(dir))
    }

    pub(super) fn insert(&mut self, path: Vec<u8>, dir: &Rc<Dir>) {
        if self.open.len() >= CAPACITY {
            // Half of them at once: then this is rare, and needs no list in order of use.
            let mut times: Vec<u64> = self.open.values().map(|(_, used)| *used).collect();
            let (_, median, _) = times.select_nth_unstable(CAPACITY / 2);
            let median = *median;
            self.open.retain(|_, (_, used)| *used > median);
        }
        self.clock += 1;
        self.open.insert(path, (Rc::clone(dir), self.clock));
    }

    /// Closes what is open of one directory, by whatever path it was reached: it hands on something
    /// else now.
    pub(super) fn close(&mut self, real_path: &[u8]) {
        self.open.retain(|_, (dir, _)| dir.path != real_path);
    }

    /// Closes all but the root: after a directory or a link was replaced, paths may lead
    /// elsewhere.
    pub(super) fn clear(&mut self) {
        self.open.clear();
    }
}

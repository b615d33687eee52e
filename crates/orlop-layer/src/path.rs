//! Paths of entries, taken apart.

use std::collections::VecDeque;

use crate::{Error, Result};

/// Links on the way to a path.
const MAX_LINKS: usize = 40;

/// The way to a path, component by component. Links on it are followed inside of the root.
#[derive(Debug)]
pub(crate) struct Way<'a> {
    path: &'a [u8],
    left: VecDeque<Vec<u8>>,
    real: Vec<u8>,
    /// Where the last component of `real` begins, the slash before it included.
    parent: usize,
    followed: usize,
}

impl<'a> Way<'a> {
    /// The way from the root.
    pub(crate) fn to(path: &'a [u8]) -> Self {
        Self {
            path,
            left: components(path).collect(),
            real: Vec::with_capacity(path.len()),
            parent: 0,
            followed: 0,
        }
    }

    /// Goes one component down; `false` at the end of the way.
    pub(crate) fn step(&mut self) -> bool {
        while let Some(component) = self.left.pop_front() {
            if component == b".." {
                let end = self.real.iter().rposition(|&byte| byte == b'/');
                self.real.truncate(end.unwrap_or(0));
                continue;
            }
            self.parent = self.real.len();
            if !self.real.is_empty() {
                self.real.push(b'/');
            }
            self.real.extend_from_slice(&component);
            return true;
        }
        false
    }

    /// Whether no component is left.
    pub(crate) fn is_at_end(&self) -> bool {
        self.left.is_empty()
    }

    /// Where the way has come to.
    pub(crate) fn real(&self) -> &[u8] {
        &self.real
    }

    /// Where the way ended.
    pub(crate) fn into_real(self) -> Vec<u8> {
        self.real
    }

    /// What the way has come to is a link with this text.
    ///
    /// # Errors
    /// When there are too many links on the way.
    pub(crate) fn follow(&mut self, text: &[u8]) -> Result<()> {
        self.followed += 1;
        if self.followed > MAX_LINKS {
            return Err(Error::entry(
                self.path,
                "too many symbolic links on the way",
            ));
        }
        for component in components(text).collect::<Vec<_>>().into_iter().rev() {
            self.left.push_front(component);
        }
        let is_absolute = text.starts_with(b"/");
        self.real
            .truncate(if is_absolute { 0 } else { self.parent });
        Ok(())
    }
}

/// The components of a path or of a link's text, without empty ones and `.`.
pub(crate) fn components(path: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    path.split(|&byte| byte == b'/')
        .filter(|component| !component.is_empty() && *component != b".")
        .map(<[u8]>::to_vec)
}

/// The directories above a clean path, without the root, the uppermost first.
pub(crate) fn ancestors(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    ends.map(|(end, _)| &path[..end])
}

/// What stands behind the last `/`.
pub(crate) fn last_component(path: &[u8]) -> &[u8] {
    let slash = path.iter().rposition(|&byte| byte == b'/');
    &path[slash.map_or(0, |slash| slash + 1)..]
}

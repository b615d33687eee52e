//! Whiteouts: entries that say what of the layers below is hidden
//! (OCI image-spec, `layer.md`, from AUFS).

/// The prefix of the last component of a whiteout.
const PREFIX: &[u8] = b".wh.";
/// The prefix of AUFS's own files.
const META_PREFIX: &[u8] = b".wh..wh.";
/// An opaque whiteout.
const OPAQUE: &[u8] = b".wh..wh..opq";

/// What a whiteout entry hides. Paths are as those of [`Entry`](crate::Entry).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whiteout {
    /// `DIR/.wh..wh..opq`: everything that the layers below have in the directory.
    Opaque {
        /// The directory; empty for the root.
        dir: Vec<u8>,
    },
    /// `DIR/.wh.NAME`: the file or directory `DIR/NAME` of the layers below.
    File {
        /// What is hidden.
        path: Vec<u8>,
    },
    /// AUFS's own records (`.wh..wh.aufs`, `.wh..wh.plnk`, …), which mean nothing in an image.
    Metadata,
}

/// A name that is reserved for whiteouts and isn't one.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum WhiteoutError {
    /// `.wh.`, `.wh..` or `.wh...`: they would hide the directory itself or the one above.
    #[error("a whiteout must name a file in its own directory")]
    NamesNothing,
    /// A component before the last begins with `.wh.`.
    #[error("names that begin with .wh. are reserved for whiteouts")]
    Reserved,
}

impl Whiteout {
    /// Reads the path of an entry; `None` when it is an ordinary one.
    ///
    /// # Errors
    ///
    /// When the path uses the reserved prefix in a way that has no meaning, or a dangerous one.
    pub fn of(path: &[u8]) -> Result<Option<Self>, WhiteoutError> {
        // The quick way out, for nearly all.
        if !path.windows(PREFIX.len()).any(|window| window == PREFIX) {
            return Ok(None);
        }
        let (dir, name) = match path.iter().rposition(|&byte| byte == b'/') {
            Some(slash) => (&path[..slash], &path[slash + 1..]),
            None => (&path[..0], path),
        };
        for component in dir.split(|&byte| byte == b'/') {
            if component.starts_with(META_PREFIX) {
                return Ok(Some(Self::Metadata));
            }
            if component.starts_with(PREFIX) {
                return Err(WhiteoutError::Reserved);
            }
        }
        if name == OPAQUE {
            return Ok(Some(Self::Opaque { dir: dir.to_vec() }));
        }
        if name.starts_with(META_PREFIX) {
            return Ok(Some(Self::Metadata));
        }
        let Some(hidden) = name.strip_prefix(PREFIX) else {
            return Ok(None);
        };
        if matches!(hidden, b"" | b"." | b"..") {
            return Err(WhiteoutError::NamesNothing);
        }
        let mut path = dir.to_vec();
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(hidden);
        Ok(Some(Self::File { path }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whiteouts_are_told_from_files() {
        let file = |path: &[u8]| {
            Ok(Some(Whiteout::File {
                path: path.to_vec(),
            }))
        };
        let opaque = |dir: &[u8]| Ok(Some(Whiteout::Opaque { dir: dir.to_vec() }));
        let table: &[(&[u8], _)] = &[
            (b"", Ok(None)),
            (b"a/b", Ok(None)),
            (b"a.wh.b", Ok(None)),
            (b"a/x.wh./b", Ok(None)),
            (b".wh.a", file(b"a")),
            (b"d/e/.wh.a", file(b"d/e/a")),
            (b"d/.wh..hidden", file(b"d/.hidden")),
            (b".wh..wh..opq", opaque(b"")),
            (b"d/e/.wh..wh..opq", opaque(b"d/e")),
            (b".wh..wh.aufs", Ok(Some(Whiteout::Metadata))),
            (b".wh..wh.plnk/12.34", Ok(Some(Whiteout::Metadata))),
            (b"d/.wh..wh..opqx", Ok(Some(Whiteout::Metadata))),
            (b".wh.", Err(WhiteoutError::NamesNothing)),
            (b"d/.wh..", Err(WhiteoutError::NamesNothing)),
            (b"d/.wh...", Err(WhiteoutError::NamesNothing)),
            (b"d/.wh....", file(b"d/...")),
            (b".wh.d/f", Err(WhiteoutError::Reserved)),
        ];
        for (path, expected) in table {
            assert_eq!(&Whiteout::of(path), expected, "{}", path.escape_ascii());
        }
    }
}

//! Where what is scanned comes from, as Docker Scout's command line writes it.

use std::path::PathBuf;
use std::str::FromStr;

/// Something that can be scanned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `NAME` or `image://NAME`: an image of the store, or else of its registry.
    Image(String),
    /// `local://NAME`: an image of the store.
    Local(String),
    /// `registry://NAME`: an image of its registry.
    Registry(String),
    /// `oci-dir://DIR`: an image layout.
    Layout(PathBuf),
    /// `archive://FILE`: what `save` wrote.
    Archive(PathBuf),
    /// `fs://PATH`: a directory, as if it were the root of an image, or one file.
    Directory(PathBuf),
    /// `sbom://FILE`: a document that tells what is in an image; `sbom://` and `sbom://-` are standard input.
    Document(PathBuf),
}

/// Why a text names nothing that can be scanned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// There is a word and nothing behind it.
    #[error("nothing stands behind {0}://")]
    Empty(String),
    /// The word isn't known.
    #[error("{0}:// is no source; there are image, local, registry, oci-dir, archive, fs and sbom")]
    Unknown(String),
}

/// The name of a document that is read from standard input.
pub(crate) const STANDARD_INPUT: &str = "-";

impl FromStr for Source {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let Some((word, rest)) = text.split_once("://") else {
            return Ok(Self::Image(text.to_owned()));
        };
        if rest.is_empty() && word == "sbom" {
            return Ok(Self::Document(STANDARD_INPUT.into()));
        }
        if rest.is_empty() {
            return Err(SourceError::Empty(word.to_owned()));
        }
        Ok(match word {
            "image" => Self::Image(rest.to_owned()),
            "local" => Self::Local(rest.to_owned()),
            "registry" => Self::Registry(rest.to_owned()),
            "oci-dir" => Self::Layout(rest.into()),
            "archive" => Self::Archive(rest.into()),
            "fs" => Self::Directory(rest.into()),
            "sbom" => Self::Document(rest.into()),
            _ => return Err(SourceError::Unknown(word.to_owned())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_told_by_their_word() {
        let image = |name: &str| Ok(Source::Image(name.to_owned()));
        let table = [
            ("alpine:3.20", image("alpine:3.20")),
            ("image://alpine", image("alpine")),
            ("localhost:5000/a", image("localhost:5000/a")),
            ("local://a", Ok(Source::Local("a".to_owned()))),
            ("registry://a", Ok(Source::Registry("a".to_owned()))),
            ("oci-dir://./a", Ok(Source::Layout("./a".into()))),
            ("archive:///a.tar", Ok(Source::Archive("/a.tar".into()))),
            ("fs://.", Ok(Source::Directory(".".into()))),
            ("sbom://a.json", Ok(Source::Document("a.json".into()))),
            ("sbom://", Ok(Source::Document("-".into()))),
            ("fs://", Err(SourceError::Empty("fs".to_owned()))),
            ("https://a", Err(SourceError::Unknown("https".to_owned()))),
        ];
        for (text, expected) in table {
            assert_eq!(text.parse(), expected, "{text}");
        }
    }
}

//! Which kind of file a file is: by its name, else by its shape.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::{dockerfile, yaml};

/// A kind of file that names images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A Dockerfile, or Containerfile.
    Dockerfile,
    /// A compose file (compose-spec).
    Compose,
    /// Kubernetes objects, one document or many.
    Kubernetes,
    /// A workflow or an action of GitHub Actions.
    Workflow,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Dockerfile,
        Self::Compose,
        Self::Kubernetes,
        Self::Workflow,
    ];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dockerfile => "dockerfile",
            Self::Compose => "compose",
            Self::Kubernetes => "kubernetes",
            Self::Workflow => "workflow",
        }
    }

    /// The kind that a file of this name is known to be.
    pub fn of_path(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        if is_dockerfile(&name) {
            return Some(Self::Dockerfile);
        }
        let stem = name.strip_suffix(".yaml").or(name.strip_suffix(".yml"))?;
        let mut folders = path.components().rev().skip(1);
        let mut above = |wanted: &str| {
            folders
                .next()
                .is_some_and(|part| part.as_os_str().eq_ignore_ascii_case(wanted))
        };
        let is_compose = |word: &str| word == "compose" || word == "docker-compose";
        if stem == "action" || above("workflows") && above(".github") {
            return Some(Self::Workflow);
        }
        // compose.yaml, compose.override.yaml, app.compose.yaml
        let first = stem.split('.').next().unwrap_or(stem);
        let last = stem.rsplit('.').next().unwrap_or(stem);
        (is_compose(first) || is_compose(last)).then_some(Self::Compose)
    }

    /// The kind that a text looks like.
    pub fn of_shape(text: &str) -> Option<Self> {
        if text.len() > crate::MAX_FILE_SIZE {
            return None;
        }
        if dockerfile::looks_like(text) {
            return Some(Self::Dockerfile);
        }
        yaml::looks_like(text)
    }

    /// A file whose name says nothing may still be of a kind, by its shape.
    pub fn may_have_shape(path: &Path) -> bool {
        path.extension()
            .and_then(|extension| extension.to_str())
            .is_some_and(|extension| {
                ["yaml", "yml", "json"].contains(&extension.to_ascii_lowercase().as_str())
            })
    }
}

/// By a name in lower case: `Dockerfile`, `Dockerfile.dev`, `dev.Dockerfile`.
fn is_dockerfile(name: &str) -> bool {
    ["dockerfile", "containerfile"].iter().any(|word| {
        let after = name.strip_prefix(word);
        let before = name.strip_suffix(word);
        let is_variant = after.is_some_and(|rest| {
            rest.starts_with('.') && !rest.ends_with("ignore") && !rest.ends_with('~')
        });
        name == *word || is_variant || before.is_some_and(|rest| rest.ends_with('.'))
    })
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| {
                format!(
                    "{text:?} is none of {}",
                    Self::ALL.map(Self::as_str).join(", ")
                )
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (path, kind) in [
            ("Dockerfile", Some(Kind::Dockerfile)),
            ("a/Containerfile", Some(Kind::Dockerfile)),
            ("Dockerfile.dev", Some(Kind::Dockerfile)),
            ("dev.Dockerfile", Some(Kind::Dockerfile)),
            ("dev.dockerfile", Some(Kind::Dockerfile)),
            ("Dockerfile.dockerignore", None),
            ("Dockerfile.dev.dockerignore", None),
            ("mydockerfile", None),
            ("compose.yaml", Some(Kind::Compose)),
            ("docker-compose.yml", Some(Kind::Compose)),
            ("docker-compose.prod.yml", Some(Kind::Compose)),
            ("app.compose.yaml", Some(Kind::Compose)),
            ("composer.yaml", None),
            (".github/workflows/ci.yml", Some(Kind::Workflow)),
            ("/src/.github/workflows/ci.yaml", Some(Kind::Workflow)),
            ("workflows/ci.yml", None),
            ("action.yml", Some(Kind::Workflow)),
            ("deploy.yaml", None),
            ("compose.txt", None),
        ] {
            assert_eq!(Kind::of_path(Path::new(path)), kind, "{path}");
        }
    }

    #[test]
    fn shapes() {
        for (text, kind) in [
            ("# x\n\nFROM alpine\n", Some(Kind::Dockerfile)),
            ("ARG A=1\nfrom alpine:$A\n", Some(Kind::Dockerfile)),
            ("services:\n  a:\n    image: x\n", Some(Kind::Compose)),
            ("apiVersion: v1\nkind: Pod\n", Some(Kind::Kubernetes)),
            (
                "---\n# no\n---\napiVersion: v1\nkind: Pod\n",
                Some(Kind::Kubernetes),
            ),
            (
                "{\"apiVersion\": \"v1\", \"kind\": \"Pod\"}",
                Some(Kind::Kubernetes),
            ),
            ("on: push\njobs:\n  a: {}\n", Some(Kind::Workflow)),
            ("runs:\n  using: docker\n", Some(Kind::Workflow)),
            ("a: b\n", None),
            ("", None),
            ("{{ a }}", None),
        ] {
            assert_eq!(Kind::of_shape(text), kind, "{text}");
        }
    }
}

//! The rows of `official`.

use std::collections::BTreeSet;

use orlop_image::official::{LibraryEntry, LibraryFile, SourceTree};
use orlop_oci::Digest;

use crate::format::{Field, Listing};
use crate::table::ellipsis;

/// Characters of a commit that people tell it by.
const SHORT_COMMIT: usize = 12;
/// Characters of a list.
const LIST_WIDTH: usize = 60;

const fn field(name: &'static str, heading: &'static str) -> Field {
    Field { name, heading }
}

const LOCAL_FIELDS: &[Field] = &[
    field("Name", "IN THE STORE"),
    field("Digest", "DIGEST"),
    field("Status", "STATUS"),
];

const IMAGE_FIELDS: &[Field] = &[
    field("Name", "NAME"),
    field("Tags", "TAGS"),
    field("Architectures", "ARCHITECTURES"),
    field("Source", "SOURCE"),
];

const TAG_FIELDS: &[Field] = &[field("Tag", "TAG")];

const BUILD_FIELDS: &[Field] = &[
    field("Tags", "TAGS"),
    field("Architectures", "ARCHITECTURES"),
    field("Commit", "COMMIT"),
    field("Directory", "DIRECTORY"),
    field("SharedTags", "SHARED TAGS"),
    field("Constraints", "CONSTRAINTS"),
    field("Source", "SOURCE"),
];

/// One row for each build of an official image, in the file's order.
pub fn builds(file: &LibraryFile, no_trunc: bool) -> Listing {
    Listing {
        type_name: "*official.buildContext",
        fields: BUILD_FIELDS,
        columns: vec!["Tags", "Architectures", "Commit", "Directory"],
        rows: file
            .entries
            .iter()
            .map(|entry| build(entry, no_trunc))
            .collect(),
    }
}

fn build(entry: &LibraryEntry, no_trunc: bool) -> Vec<String> {
    let cut = |text: String| match no_trunc {
        true => text,
        false => ellipsis(&text, LIST_WIDTH),
    };
    let trees = entry.trees();
    let each = |part: &dyn Fn(&SourceTree) -> String| {
        let parts: BTreeSet<String> = trees.iter().map(|tree| part(tree)).collect();
        parts.into_iter().collect::<Vec<_>>().join(", ")
    };
    let commit = |tree: &SourceTree| match no_trunc {
        true => tree.commit.clone(),
        false => tree.commit.chars().take(SHORT_COMMIT).collect(),
    };
    vec![
        cut(entry.all_tags().collect::<Vec<_>>().join(", ")),
        cut(entry.architectures.join(", ")),
        cut(each(&commit)),
        cut(each(&|tree| tree.directory.clone())),
        entry.shared_tags.join(", "),
        entry.constraints.join(", "),
        // As `docker build` takes it.
        each(&|tree| format!("{}#{}:{}", tree.repository, tree.commit, tree.directory)),
    ]
}

/// A tag of an official image in the store.
#[derive(Clone, Debug)]
pub struct Local {
    /// `NAME:TAG`.
    pub name: String,
    /// What it stands for here.
    pub digest: Digest,
    /// Whether that is what it stands for at the registry.
    pub standing: Standing,
    /// The catalogue has the tag.
    pub supported: bool,
}

/// How a digest stands to the registry's.
#[derive(Clone, Debug)]
pub enum Standing {
    /// They are the same.
    Current,
    /// The registry has this one.
    Outdated(Digest),
    /// The registry didn't say; why.
    Unknown(String),
    /// It wasn't asked.
    NotAsked,
}

/// One row for each tag in the store.
pub fn locals(locals: &[Local], no_trunc: bool) -> Listing {
    let short = |digest: &Digest| match no_trunc {
        true => digest.to_string(),
        false => digest.short().to_owned(),
    };
    let row = |local: &Local| {
        let mut status = match &local.standing {
            Standing::Current => "current".to_owned(),
            Standing::Outdated(now) => format!("outdated, it is {} now", short(now)),
            Standing::Unknown(why) => format!("unknown: {why}"),
            Standing::NotAsked => "not asked".to_owned(),
        };
        if !local.supported {
            status.push_str("; the tag is not supported");
        }
        vec![local.name.clone(), short(&local.digest), status]
    };
    Listing {
        type_name: "*official.localContext",
        fields: LOCAL_FIELDS,
        columns: vec!["Name", "Digest", "Status"],
        rows: locals.iter().map(row).collect(),
    }
}

/// One row for each official image.
pub fn images(images: &[(String, LibraryFile)]) -> Listing {
    let row = |(name, file): &(String, LibraryFile)| {
        let entries = file.entries.iter();
        let tags: BTreeSet<&str> = entries.clone().flat_map(|entry| entry.all_tags()).collect();
        let architectures: BTreeSet<&String> =
            entries.flat_map(|entry| &entry.architectures).collect();
        let sources: BTreeSet<&str> = file
            .entries
            .iter()
            .flat_map(LibraryEntry::trees)
            .map(|tree| tree.repository.as_str())
            .collect();
        vec![
            name.clone(),
            tags.len().to_string(),
            architectures.len().to_string(),
            sources.into_iter().collect::<Vec<_>>().join(", "),
        ]
    };
    Listing {
        type_name: "*official.imageContext",
        fields: IMAGE_FIELDS,
        columns: vec!["Name", "Tags", "Architectures", "Source"],
        rows: images.iter().map(row).collect(),
    }
}

/// One row for each tag of a registry.
pub fn tags(tags: &[String]) -> Listing {
    Listing {
        type_name: "*official.tagContext",
        fields: TAG_FIELDS,
        columns: vec!["Tag"],
        rows: tags.iter().map(|tag| vec![tag.clone()]).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
Maintainers: A (@a)
GitRepo: https://example.com/tool.git
GitCommit: 0123456789abcdef0123456789abcdef01234567

Tags: 2.1, 2
SharedTags: latest
Architectures: amd64, arm64v8
arm64v8-GitCommit: fedcba9876543210fedcba9876543210fedcba98
Directory: two

Tags: 1
";

    #[test]
    fn the_tables() {
        let file = LibraryFile::parse(TEXT).expect("a library file");
        assert_eq!(
            builds(&file, false).render(None).expect("a table"),
            "TAGS             ARCHITECTURES    COMMIT                       DIRECTORY\n\
             2.1, 2, latest   amd64, arm64v8   0123456789ab, fedcba987654   two\n\
             1                amd64            0123456789ab                 .\n"
        );
        assert_eq!(
            builds(&file, true)
                .render(Some("{{.SharedTags}} {{.Source}}"))
                .expect("lines")
                .lines()
                .last(),
            Some(" https://example.com/tool.git#0123456789abcdef0123456789abcdef01234567:.")
        );
        let local = |name: &str, standing, supported| Local {
            name: name.to_owned(),
            digest: Digest::of(b"a"),
            standing,
            supported,
        };
        let all = [
            local("tool:2", Standing::Current, true),
            local("tool:1", Standing::Outdated(Digest::of(b"b")), true),
            local("tool:0", Standing::NotAsked, false),
        ];
        assert_eq!(
            locals(&all, false).render(None).expect("a table"),
            "IN THE STORE   DIGEST         STATUS\n\
             tool:2         ca978112ca1b   current\n\
             tool:1         ca978112ca1b   outdated, it is 3e23e8160039 now\n\
             tool:0         ca978112ca1b   not asked; the tag is not supported\n"
        );
        assert_eq!(
            images(&[("tool".to_owned(), file)])
                .render(None)
                .expect("a table"),
            "NAME      TAGS      ARCHITECTURES   SOURCE\n\
             tool      4         2               https://example.com/tool.git\n"
        );
    }
}

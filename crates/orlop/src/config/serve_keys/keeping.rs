//! What is kept, and for how long.

use super::{Kind, Section, key};

pub(super) const SECTIONS: &[Section] = &[
    Section {
        header: "[serve.storage]",
        about: "What is kept, and for how long.",
        keys: &[
            key(
                "upload_expiry",
                Kind::Time,
                "\"1d\"",
                "An upload that nobody goes on with is given up after so long.",
            ),
            key(
                "sparse",
                Kind::Text,
                "\"indexes\"",
                "Which manifests may name content that isn't there: none, indexes, or all.",
            ),
            key(
                "manifest_cache",
                Kind::Integer,
                "67108864 (64 MiB)",
                "Bytes of manifests that are kept in memory.",
            ),
        ],
    },
    Section {
        header: "[serve.collect]",
        about: "Retention and collection, while serving. `orlop registry gc` and `registry retention` run them at once.",
        keys: &[
            key("enabled", Kind::Bool, "true", "They run by themselves."),
            key("interval", Kind::Time, "\"6h\"", "How often."),
            key(
                "grace",
                Kind::Time,
                "\"1h\"",
                "How long content that nothing names is left alone: longer than any push takes.",
            ),
        ],
    },
    Section {
        header: "[[serve.retention]]",
        about: "What is kept in which repositories. The first table that matches a repository counts.",
        keys: &[
            key(
                "repositories",
                Kind::List,
                "must be given",
                "Globs over names of repositories.",
            ),
            key(
                "untagged",
                Kind::Time,
                "never",
                "Manifests that no tag reaches go when nobody pushed or pulled them for so long.",
            ),
            key(
                "delete_referrers",
                Kind::Bool,
                "false",
                "Signatures and other referrers go at once with what they are about; false: after the grace.",
            ),
            key(
                "dry_run",
                Kind::Bool,
                "false",
                "Remove nothing; `orlop registry retention --dry-run` shows what would be.",
            ),
        ],
    },
    Section {
        header: "[[serve.retention.keep]]",
        about: "A reason to keep tags; a tag that none holds for goes. Without any, all tags are kept. At most one key beside tags (and those of versions).",
        keys: &[
            key(
                "tags",
                Kind::List,
                "all",
                "Which tags are looked at: globs, or regular expressions between slashes: \"/v\\d+/\".",
            ),
            key(
                "last_pushed",
                Kind::Integer,
                "none",
                "Keep those of the last N images pushed.",
            ),
            key(
                "last_pulled",
                Kind::Integer,
                "none",
                "Keep those of the last N images pulled.",
            ),
            key(
                "semver",
                Kind::Text,
                "none",
                "Keep those that are versions in this range: \"^1.2\", \">=1, <3\", \"*\".",
            ),
            key(
                "latest",
                Kind::Integer,
                "all",
                "With semver: only the N highest.",
            ),
            key(
                "prereleases",
                Kind::Bool,
                "false",
                "With semver: 1.0.0-rc.1 counts, too.",
            ),
            key(
                "pushed_within",
                Kind::Time,
                "none",
                "Keep what was pushed so recently.",
            ),
            key(
                "pulled_within",
                Kind::Time,
                "none",
                "Keep what was pulled so recently, or pushed and not yet pulled.",
            ),
        ],
    },
    Section {
        header: "[[serve.immutable]]",
        about: "Tags that can't be moved or deleted once they are there.",
        keys: &[
            key(
                "repositories",
                Kind::List,
                "must be given",
                "Globs over names of repositories.",
            ),
            key(
                "tags",
                Kind::List,
                "all",
                "Which tags: globs, or /regular expressions/.",
            ),
        ],
    },
    Section {
        header: "[[serve.quotas]]",
        about: "How much there may be. Every table that matches counts.",
        keys: &[
            key(
                "repositories",
                Kind::List,
                "must be given",
                "Globs over names of repositories.",
            ),
            key(
                "scope",
                Kind::Text,
                "\"each\"",
                "Whether each of them may have so much, or all together: each, together.",
            ),
            key("bytes", Kind::Integer, "no bound", "Bytes of content."),
            key("tags", Kind::Integer, "no bound", "Tags."),
        ],
    },
];

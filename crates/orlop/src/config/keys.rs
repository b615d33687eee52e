//! Every key of the configuration: its meaning, its default, its variable and its flag. The help
//! of `orlop config` and the reading of variables come from this one table.

use std::fmt::Write as _;

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text in quotes.
    Text,
    /// `true` or `false`.
    Bool,
    /// A number.
    Integer,
    /// A list of texts.
    List,
    /// A length of time.
    Time,
    /// Names and what each of them has.
    Table,
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name; `limits.ratio` is `ratio` in the table `[limits]`.
    pub name: &'static str,
    /// What its value looks like.
    pub kind: Kind,
    /// The value when nothing is said, in words.
    pub default: &'static str,
    /// The variables that set it, the first that is set wins.
    pub variables: &'static [&'static str],
    /// The flag that sets it, if there is one besides `--set`.
    pub flag: Option<&'static str>,
    /// What it means.
    pub help: &'static str,
}

/// All keys outside the `[registry."HOST"]` tables.
pub const KEYS: &[Key] = &[
    Key {
        name: "root",
        kind: Kind::Text,
        default: "/var/lib/orlop as root, else orlop in the user's data folder",
        variables: &["ORLOP_ROOT"],
        flag: Some("--root DIR"),
        help: "The folder that images are kept in.",
    },
    Key {
        name: "storage_driver",
        kind: Kind::Text,
        default: "what the store was made with; a new one: btrfs on btrfs, zfs on ZFS, else overlay2 where it works (for users in a namespace of their own), else vfs",
        variables: &["ORLOP_STORAGE_DRIVER"],
        flag: Some("--storage-driver NAME"),
        help: "How unpacked layers are kept: overlay2, btrfs, zfs or vfs.",
    },
    Key {
        name: "storage.zfs_dataset",
        kind: Kind::Text,
        default: "the one that the store lies on",
        variables: &["ORLOP_STORAGE_ZFS_DATASET"],
        flag: None,
        help: "The dataset below which zfs makes its own, POOL or POOL/NAME. A new store that is told one takes zfs; an old one keeps its datasets where they are.",
    },
    Key {
        name: "progress",
        kind: Kind::Text,
        default: "auto",
        variables: &["ORLOP_PROGRESS"],
        flag: Some("--progress MODE"),
        help: "How progress is shown: auto, tty (bars), plain (lines), json (an object a line), quiet.",
    },
    Key {
        name: "platform",
        kind: Kind::Text,
        default: "this machine's",
        variables: &["ORLOP_PLATFORM", "DOCKER_DEFAULT_PLATFORM"],
        flag: Some("--platform OS/ARCH"),
        help: "The platform to pull: os/arch[/variant].",
    },
    Key {
        name: "docker_config",
        kind: Kind::Text,
        default: ".docker in the home folder",
        variables: &["ORLOP_DOCKER_CONFIG", "DOCKER_CONFIG"],
        flag: None,
        help: "The folder of docker's config.json: logins are read from and written to it.",
    },
    Key {
        name: "tls_verify",
        kind: Kind::Bool,
        default: "true",
        variables: &["ORLOP_TLS_VERIFY"],
        flag: Some("--tls-verify=BOOL"),
        help: "false: no registry needs a valid certificate, and all may speak plain HTTP. \
               As a variable or flag it overrides what is set for single registries.",
    },
    Key {
        name: "parallel_downloads",
        kind: Kind::Integer,
        default: "4",
        variables: &["ORLOP_PARALLEL_DOWNLOADS"],
        flag: None,
        help: "How many layers are fetched at a time.",
    },
    Key {
        name: "parallel_uploads",
        kind: Kind::Integer,
        default: "4",
        variables: &["ORLOP_PARALLEL_UPLOADS"],
        flag: None,
        help: "How many layers are sent at a time.",
    },
    Key {
        name: "limits.layer_bytes",
        kind: Kind::Integer,
        default: "274877906944 (256 GiB)",
        variables: &["ORLOP_LIMITS_LAYER_BYTES"],
        flag: None,
        help: "Bytes that a layer may have unpacked, holes in sparse files included.",
    },
    Key {
        name: "limits.ratio",
        kind: Kind::Integer,
        default: "200",
        variables: &["ORLOP_LIMITS_RATIO"],
        flag: None,
        help: "Unpacked bytes that a layer may have for each packed byte; 1 GiB is allowed whatever the ratio.",
    },
    Key {
        name: "limits.layer_entries",
        kind: Kind::Integer,
        default: "4000000",
        variables: &["ORLOP_LIMITS_LAYER_ENTRIES"],
        flag: None,
        help: "Files and folders that a layer may have. Each piece of a sparse file counts as one.",
    },
    Key {
        name: "store.undo_for",
        kind: Kind::Time,
        default: "\"0s\": what is removed is freed at once, and `orlop undo` fetches it again",
        variables: &["ORLOP_STORE_UNDO_FOR"],
        flag: None,
        help: "How long the content of removed images stays on the disk for `orlop undo`: 10m, 1d. \
               It is freed by the first command after that. --no-undo of rmi and prune frees it at once.",
    },
    Key {
        name: "scout.index_on_pull",
        kind: Kind::Bool,
        default: "false",
        variables: &["ORLOP_SCOUT_INDEX_ON_PULL"],
        flag: None,
        help: "true: packages are looked for while pull, load and import unpack layers, so that the first scan \
               of an image has nothing to read.",
    },
    Key {
        name: "scout.sources",
        kind: Kind::List,
        default: "osv, alpine, wolfi, chainguard, debian, epss, kev and those that scout.urls adds",
        variables: &["ORLOP_SCOUT_SOURCES"],
        flag: None,
        help: "What `orlop scout db update` fetches: osv (an archive for each of scout.ecosystems), alpine (two files for each of \
               scout.alpine_releases), and one file each of the others.",
    },
    Key {
        name: "scout.ecosystems",
        kind: Kind::List,
        default: "those of packages that scans find: AlmaLinux, Alpine, ..., PyPI, ..., npm, openSUSE",
        variables: &["ORLOP_SCOUT_ECOSYSTEMS"],
        flag: None,
        help: "The ecosystems that are fetched of OSV, as it names them.",
    },
    Key {
        name: "scout.alpine_releases",
        kind: Kind::List,
        default: "v3.10 to v3.23, edge",
        variables: &["ORLOP_SCOUT_ALPINE_RELEASES"],
        flag: None,
        help: "The releases that are fetched of Alpine's own database. OSV has Alpine's as well.",
    },
    Key {
        name: "scout.urls",
        kind: Kind::Table,
        default: "where each is published",
        variables: &[],
        flag: None,
        help: "Where sources are, by their names: a mirror's addresses. osv and alpine are folders (URL/PyPI/all.zip, URL/v3.20/main.json). \
               Another name adds a source of your own: one file in any form that `orlop scout db import` reads. Certificates, proxy \
               and plain HTTP of a host are set in its [registry.\"HOST\"] table.",
    },
    Key {
        name: "scout.base_images",
        kind: Kind::List,
        default: "none",
        variables: &["ORLOP_SCOUT_BASE_IMAGES"],
        flag: None,
        help: "Images that others stand on: `orlop scout db update` keeps a catalogue of their layers, by which base images are \
               known that were never pulled. A repository with a tag, a glob of tags or /REGEX/: \"debian:1*\".",
    },
    Key {
        name: "scout.stale_after",
        kind: Kind::Time,
        default: "\"5d\"",
        variables: &["ORLOP_SCOUT_STALE_AFTER"],
        flag: None,
        help: "From which age on advisories are called stale.",
    },
];

/// The keys of a `[registry."HOST"]` table.
const REGISTRY_KEYS: &[Key] = &[
    registry(
        "mirrors",
        Kind::List,
        "[]",
        "Tried in order before the registry itself when something is fetched; never pushed to. \
         URLs; a path goes before the repository's: \"https://harbor.example/hub-proxy\".",
    ),
    registry(
        "search",
        Kind::Text,
        "the registry itself; for docker.io its index",
        "Where repositories are searched: the URL before /v1/search.",
    ),
    registry(
        "plain_http",
        Kind::Bool,
        "false; loopback hosts fall back to it",
        "Speak plain HTTP at once.",
    ),
    registry(
        "tls_verify",
        Kind::Bool,
        "true",
        "false: don't check the certificate, and fall back to plain HTTP.",
    ),
    registry(
        "ca",
        Kind::Text,
        "none",
        "A PEM file of certificate authorities to trust besides the system's.",
    ),
    registry(
        "client_cert",
        Kind::Text,
        "none",
        "A PEM file with the certificate to show to the registry.",
    ),
    registry(
        "client_key",
        Kind::Text,
        "none",
        "The PEM file with the key of client_cert.",
    ),
    registry(
        "proxy",
        Kind::Text,
        "HTTPS_PROXY, HTTP_PROXY and NO_PROXY",
        "A proxy (http://, https:// or socks5://) for this registry; \"none\" for no proxy.",
    ),
    registry(
        "connections",
        Kind::Integer,
        "up to 4, by what the first megabytes show",
        "How many connections fetch one big blob.",
    ),
    registry(
        "retries",
        Kind::Integer,
        "5",
        "How often a request that failed for a passing reason is tried again.",
    ),
    registry(
        "connect_timeout",
        Kind::Integer,
        "30",
        "Seconds until a connection must stand.",
    ),
    registry(
        "idle_timeout",
        Kind::Integer,
        "60",
        "Seconds without a byte after which a connection is dead.",
    ),
    registry(
        "upload_chunk",
        Kind::Integer,
        "in one piece, unless the registry asks for chunks",
        "Send blobs in chunks of this many bytes.",
    ),
    registry(
        "trusted_realms",
        Kind::List,
        "[]",
        "Hosts besides the registry's own domain that its password may be sent to for a token.",
    ),
];

const fn registry(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    help: &'static str,
) -> Key {
    Key {
        name,
        kind,
        default,
        variables: &[],
        flag: None,
        help,
    }
}

/// All of them in words, for `orlop config --help`.
pub fn describe() -> String {
    let mut text = String::new();
    for key in KEYS {
        describe_key(&mut text, key);
    }
    text
}

/// The keys of the registries' tables in words.
pub fn describe_registry() -> String {
    let mut text = String::new();
    for key in REGISTRY_KEYS {
        describe_key(&mut text, key);
    }
    text
}

pub(super) fn describe_key(text: &mut String, key: &Key) {
    let kind = match key.kind {
        Kind::Text => "\"TEXT\"",
        Kind::Bool => "BOOL",
        Kind::Integer => "N",
        Kind::List => "[\"TEXT\", ...]",
        Kind::Time => "\"TIME\"",
        Kind::Table => "{ NAME = ... }",
    };
    // Writing to a String cannot fail.
    let _ = writeln!(text, "  {} = {kind}", key.name);
    let _ = writeln!(text, "      {}", key.help);
    let _ = writeln!(text, "      Default: {}", key.default);
    let mut also: Vec<&str> = key.variables.to_vec();
    also.extend(key.flag);
    if !also.is_empty() {
        let _ = writeln!(text, "      Also: {}", also.join(", "));
    }
}

#[cfg(test)]
mod tests {
    use super::super::FileConfig;
    use super::*;

    /// What serde expects where a key is unknown.
    fn expected(toml: &str) -> Vec<String> {
        let error = toml::from_str::<FileConfig>(toml).expect_err("an unknown key");
        let mut names: Vec<String> = error
            .message()
            .split('`')
            .skip(3)
            .step_by(2)
            .map(str::to_owned)
            .collect();
        names.sort();
        names
    }

    fn named(keys: &[Key], prefix: &str) -> Vec<String> {
        let mut names: Vec<String> = keys
            .iter()
            .filter_map(|key| key.name.strip_prefix(prefix))
            .map(|name| name.split('.').next().unwrap_or(name).to_owned())
            .collect();
        names.sort();
        names.dedup();
        names
    }

    #[test]
    fn every_key_is_described() {
        let mut top = named(KEYS, "");
        top.push("registry".to_owned());
        // Described by `orlop serve --help`.
        top.push("serve".to_owned());
        top.sort();
        assert_eq!(expected("nosuch = 1"), top);
        assert_eq!(expected("[limits]\nnosuch = 1"), named(KEYS, "limits."));
        assert_eq!(expected("[store]\nnosuch = 1"), named(KEYS, "store."));
        assert_eq!(expected("[scout]\nnosuch = 1"), named(KEYS, "scout."));
        assert_eq!(
            expected("[registry.\"x\"]\nnosuch = 1"),
            named(REGISTRY_KEYS, "")
        );
    }
}

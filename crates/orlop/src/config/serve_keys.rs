//! Every key of `[serve]`: its meaning and its default. The help of `orlop serve` comes from here.

use std::fmt::Write as _;

use super::keys::{Key, Kind, describe_key};

/// The keys of one table.
struct Section {
    /// As it stands in the file: `[serve.tls]`, `[[serve.webhooks]]`.
    header: &'static str,
    /// What the table is for.
    about: &'static str,
    keys: &'static [Key],
}

const fn key(name: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Key {
    Key {
        name,
        kind,
        default,
        variables: &[],
        flag: None,
        help,
    }
}

/// All tables.
const SECTIONS: &[Section] = &[
    Section {
        header: "[serve]",
        about: "The registry.",
        keys: &[
            Key {
                flag: Some("--listen ADDRESS"),
                ..key(
                    "listen",
                    Kind::List,
                    "[\"127.0.0.1:5000\"]",
                    "Where to listen. 0.0.0.0:5000 for all addresses of IPv4, [::]:5000 for all.",
                )
            },
            Key {
                flag: Some("--root DIR"),
                ..key(
                    "root",
                    Kind::Text,
                    "registry in Orlop's own folder",
                    "The folder that the registry keeps everything in.",
                )
            },
            key(
                "public_url",
                Kind::Text,
                "as clients ask for it",
                "The registry as clients know it, where a proxy stands in front of it: \"https://registry.example.com\".",
            ),
            Key {
                flag: Some("--anonymous WHAT"),
                ..key(
                    "anonymous",
                    Kind::Text,
                    "\"push\" where only this machine reaches the registry and nothing is said about access; else \"none\"",
                    "What anybody may do in every repository without logging in: none, pull, or push (and delete).",
                )
            },
            key(
                "delete",
                Kind::Bool,
                "true",
                "Tags, manifests and blobs may be deleted by who may delete; false: by nobody.",
            ),
            key(
                "trusted_proxies",
                Kind::List,
                "[]",
                "Addresses of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.",
            ),
            key(
                "allowed_origins",
                Kind::List,
                "[]",
                "Web pages of these origins may use the registry (CORS): \"https://portal.example.com\", or \"*\".",
            ),
        ],
    },
    Section {
        header: "[serve.tls]",
        about: "TLS on every address. The files are read again when they change.",
        keys: &[
            key(
                "certificate",
                Kind::Text,
                "must be given",
                "A PEM file with the certificate, and those between it and its authority.",
            ),
            key(
                "key",
                Kind::Text,
                "must be given",
                "A PEM file with its private key.",
            ),
            key(
                "client_ca",
                Kind::Text,
                "none",
                "A PEM file of authorities whose client certificates are believed.",
            ),
            key(
                "client_required",
                Kind::Bool,
                "false",
                "A client without a certificate can't connect at all.",
            ),
        ],
    },
    Section {
        header: "[serve.access]",
        about: "Who may do what. Read again on SIGHUP. SUBJECT: anonymous, authenticated, user:NAME, group:NAME, robot:NAME, certificate:NAME.",
        keys: &[
            key(
                "htpasswd",
                Kind::Text,
                "none",
                "A file of users, as `orlop registry users` and `htpasswd -B` write it. Read again when it changes.",
            ),
            key(
                "admins",
                Kind::List,
                "[]",
                "Subjects that may do everything.",
            ),
            key(
                "groups",
                Kind::Table,
                "{}",
                "Named lists of subjects: groups = { team = [\"user:alice\", \"robot:ci\"] }.",
            ),
            key(
                "realm",
                Kind::Text,
                "\"orlop\"",
                "The name that browsers show when they ask for a password.",
            ),
            key(
                "password_cache",
                Kind::Time,
                "\"60s\"",
                "How long a password that was right is remembered in memory.",
            ),
        ],
    },
    Section {
        header: "[[serve.access.rules]]",
        about: "Who may do what where. All rules that match are joined; where none does, nothing is allowed.",
        keys: &[
            key(
                "repositories",
                Kind::List,
                "must be given",
                "Globs: * for anything within one component of a name, ** for any number of components, {a,b} for either.",
            ),
            key("to", Kind::List, "must be given", "Subjects."),
            key(
                "allow",
                Kind::List,
                "must be given",
                "\"pull\", \"push\", \"delete\", \"admin\". Who pushes needs pull, too.",
            ),
        ],
    },
    Section {
        header: "[[serve.access.certificates]]",
        about: "Which client certificates have a name. All conditions that are given must hold.",
        keys: &[
            key(
                "name",
                Kind::Text,
                "common_name",
                "The name for rules: certificate:NAME.",
            ),
            key(
                "common_name",
                Kind::Text,
                "any",
                "The common name of the subject.",
            ),
            key(
                "dns",
                Kind::Text,
                "any",
                "One of the alternative DNS names.",
            ),
            key(
                "email",
                Kind::Text,
                "any",
                "One of the alternative mail addresses.",
            ),
            key(
                "uri",
                Kind::Text,
                "any",
                "One of the alternative URIs (SPIFFE).",
            ),
        ],
    },
    Section {
        header: "[serve.access.tokens]",
        about: "The registry's own token service, at /token. Its keys rotate by themselves.",
        keys: &[
            key(
                "enabled",
                Kind::Bool,
                "true",
                "Issue tokens and ask for them; false: clients send a password each time.",
            ),
            key(
                "realm",
                Kind::Text,
                "/token at the address that the client used",
                "Where clients ask for tokens: an URL.",
            ),
            key(
                "service",
                Kind::Text,
                "\"orlop\"",
                "The registry's name in tokens.",
            ),
            key("issuer", Kind::Text, "\"orlop\"", "Who issues, in tokens."),
            key(
                "lifetime",
                Kind::Time,
                "\"5m\"",
                "How long a token lasts, from a minute to an hour.",
            ),
            key(
                "refresh_lifetime",
                Kind::Time,
                "\"30d\"",
                "How long a refresh token lasts.",
            ),
            key(
                "rotate_after",
                Kind::Time,
                "\"30d\"",
                "When the next key begins to sign.",
            ),
            key(
                "leeway",
                Kind::Time,
                "\"60s\"",
                "How far clocks may be apart.",
            ),
        ],
    },
    Section {
        header: "[serve.access.external]",
        about: "Somebody else's token service, in place of the registry's own.",
        keys: &[
            key(
                "realm",
                Kind::Text,
                "must be given",
                "Where clients ask for tokens: an URL.",
            ),
            key(
                "service",
                Kind::Text,
                "must be given",
                "The registry's name there.",
            ),
            key(
                "issuer",
                Kind::Text,
                "must be given",
                "Who issues, in its tokens.",
            ),
            key(
                "keys",
                Kind::Text,
                "must be given",
                "A file of its public keys: JWKS, or PEM. Read again when it changes.",
            ),
            key(
                "with_rules",
                Kind::Bool,
                "false",
                "Rules limit what its tokens give; the token's sub is a user there.",
            ),
            key(
                "leeway",
                Kind::Time,
                "\"60s\"",
                "How far clocks may be apart.",
            ),
        ],
    },
    Section {
        header: "[serve.access.throttle]",
        about: "How failed logins are slowed down, each address and name by itself.",
        keys: &[
            key(
                "free_failures",
                Kind::Integer,
                "5",
                "Failures without a wait; after these each one doubles it, from a second.",
            ),
            key("longest", Kind::Time, "\"5m\"", "The longest wait."),
            key(
                "forget_after",
                Kind::Time,
                "\"15m\"",
                "When failures are forgotten.",
            ),
        ],
    },
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
        header: "[serve.limits]",
        about: "Bounds in number and size.",
        keys: &[
            key(
                "connections",
                Kind::Integer,
                "4096",
                "Connections at a time; what is beyond waits.",
            ),
            key(
                "streams",
                Kind::Integer,
                "128",
                "Requests at a time on an HTTP/2 connection.",
            ),
            key("headers", Kind::Integer, "100", "Headers of a request."),
            key(
                "header_bytes",
                Kind::Integer,
                "65536",
                "Bytes of a request's line and headers.",
            ),
            key(
                "target_bytes",
                Kind::Integer,
                "16384",
                "Bytes of a request's path and query.",
            ),
            key(
                "manifest_bytes",
                Kind::Integer,
                "4194304 (4 MiB)",
                "Bytes of a manifest.",
            ),
            key("blob_bytes", Kind::Integer, "no bound", "Bytes of a blob."),
            key(
                "chunk_bytes",
                Kind::Integer,
                "any",
                "The least bytes of a chunk that isn't the last of an upload, told to clients.",
            ),
            key(
                "page",
                Kind::Integer,
                "1000",
                "Entries of a page of tags, repositories or referrers.",
            ),
        ],
    },
    Section {
        header: "[serve.timeouts]",
        about: "Bounds in time.",
        keys: &[
            key(
                "header",
                Kind::Time,
                "\"15s\"",
                "From the first byte of a request to the end of its headers; also a TLS handshake.",
            ),
            key(
                "idle",
                Kind::Time,
                "\"2m\"",
                "Between two requests of a connection.",
            ),
            key(
                "body",
                Kind::Time,
                "\"60s\"",
                "Between two parts of a request's body.",
            ),
            key(
                "body_rate",
                Kind::Integer,
                "256",
                "Bytes a second at which a body must come.",
            ),
            key(
                "send",
                Kind::Time,
                "\"60s\"",
                "While an answer is sent and the client takes nothing of it.",
            ),
            key(
                "shutdown",
                Kind::Time,
                "\"30s\"",
                "For what runs when the server stops.",
            ),
        ],
    },
    Section {
        header: "[serve.log]",
        about: "What is logged. Where: \"stderr\", \"off\", or a file by its absolute path, which is opened again when it was moved away, and on SIGHUP.",
        keys: &[
            key(
                "format",
                Kind::Text,
                "text on a terminal, else json",
                "How lines on standard error look: text, or json (an object a line).",
            ),
            key(
                "access",
                Kind::Text,
                "\"stderr\"",
                "A line for each request; JSON in a file.",
            ),
            key(
                "audit",
                Kind::Text,
                "\"off\"",
                "A JSON line for each change: who, what, when, from where. None is lost.",
            ),
        ],
    },
    Section {
        header: "[serve.metrics]",
        about: "Metrics for Prometheus are at /metrics, health at /healthz and /readyz.",
        keys: &[
            key(
                "listen",
                Kind::Text,
                "none",
                "An address for metrics and health besides, without TLS and open to everybody who reaches it.",
            ),
            key(
                "public",
                Kind::Bool,
                "false",
                "/metrics at the registry's own addresses is for everybody, not only for administrators.",
            ),
        ],
    },
    Section {
        header: "[[serve.webhooks]]",
        about: "Who is told of what happens: in order, at least once, and again until it is taken.",
        keys: &[
            key(
                "name",
                Kind::Text,
                "must be given",
                "Its name in logs. What was delivered is remembered by it.",
            ),
            key(
                "url",
                Kind::Text,
                "must be given",
                "Where events are posted to.",
            ),
            key(
                "format",
                Kind::Text,
                "\"distribution\"",
                "What a request holds: distribution (the envelope of CNCF distribution), or cloudevents.",
            ),
            key(
                "events",
                Kind::List,
                "[\"push\", \"delete\"]",
                "Any of push, pull, delete, mount, collect, retain, account.",
            ),
            key(
                "repositories",
                Kind::List,
                "all",
                "Globs over names of repositories.",
            ),
            key(
                "headers",
                Kind::Table,
                "{}",
                "Headers to send along: { X-Token = \"...\" }.",
            ),
            key(
                "authorization",
                Kind::Text,
                "none",
                "The value of the header Authorization.",
            ),
            key(
                "authorization_file",
                Kind::Text,
                "none",
                "A file that holds it.",
            ),
            key(
                "secret",
                Kind::Text,
                "none",
                "Signs requests (headers webhook-id, webhook-timestamp, webhook-signature: standardwebhooks.com).",
            ),
            key("secret_file", Kind::Text, "none", "A file that holds it."),
            key(
                "ca",
                Kind::Text,
                "none",
                "A PEM file of certificate authorities to trust besides the system's.",
            ),
            key(
                "timeout",
                Kind::Time,
                "\"10s\"",
                "How long an answer may take.",
            ),
            key(
                "give_up_after",
                Kind::Time,
                "\"7d\"",
                "An event that couldn't be delivered for so long is dropped.",
            ),
        ],
    },
];

/// All of it in words, for `orlop serve --help`.
pub fn describe_serve() -> String {
    let mut text = String::new();
    for section in SECTIONS {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}\n  {}", section.header, section.about);
        for key in section.keys {
            describe_key(&mut text, key);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::FileConfig;
    use super::*;

    /// What serde expects where a key is unknown.
    fn expected(header: &str) -> Vec<String> {
        let toml = format!("{header}\nnosuch = 1\n");
        let error = toml::from_str::<FileConfig>(&toml).expect_err("an unknown key");
        let names = error.message().split('`').skip(3).step_by(2);
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.sort();
        names
    }

    #[test]
    fn every_key_is_described() {
        for section in SECTIONS {
            let name = |header: &str| header.trim_matches(['[', ']']).to_owned();
            let own = name(section.header);
            let tables = SECTIONS.iter().filter_map(|other| {
                let other = name(other.header);
                let (parent, table) = other.rsplit_once('.')?;
                (parent == own).then(|| table.to_owned())
            });
            let keys = section.keys.iter().map(|key| key.name.to_owned());
            let mut described: Vec<String> = keys.chain(tables).collect();
            described.sort();
            assert_eq!(expected(section.header), described, "{}", section.header);
        }
    }
}

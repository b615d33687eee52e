//! Who may do what.

use super::{Kind, Section, key};

pub(super) const SECTIONS: &[Section] = &[
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
];

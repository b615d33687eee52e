//! Who is told of what happens.

use super::{Kind, Section, key};

pub(super) const SECTIONS: &[Section] = &[
    Section {
        header: "[serve.log]",
        about: "What is logged. Where: \"stderr\", \"off\", or a file by its absolute path, which is opened again when it was moved away, and on SIGHUP. Read again on SIGHUP.",
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
            key(
                "keep_events",
                Kind::Time,
                "\"30d\"",
                "How long the registry itself remembers what happened, for webhooks and the audit log to read.",
            ),
        ],
    },
    Section {
        header: "[serve.metrics]",
        about: "Metrics for Prometheus are at /metrics (docs/metrics.md describes each), health at /healthz and /readyz.",
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
        about: "Who is told of what happens: in order, at least once, and again until it is taken. Read again on SIGHUP.",
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

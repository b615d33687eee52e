//! Bounds in number, size and time.

use super::{Kind, Section, key};

pub(super) const SECTIONS: &[Section] = &[
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
                "64",
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
];

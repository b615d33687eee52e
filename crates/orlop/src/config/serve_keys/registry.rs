//! Where the registry is and how it is reached.

use super::{Key, Kind, Section, key};

pub(super) const SECTIONS: &[Section] = &[
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
            key(
                "hosts",
                Kind::List,
                "[]",
                "While everybody on this machine may push: hosts that are answered to besides localhost, *.localhost, the loopback's addresses and that of public_url. Requests for others get 421, so that no web page reaches the registry by a name of its own.",
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
];

//! Tools.

use super::classifier::{Classifier, program};

pub(super) const CLASSIFIERS: &[Classifier] = &[
    program("busybox", &["busybox"], &[r"BusyBox v{V}"]),
    program(
        "bash",
        &["bash"],
        &[r"Bash version {V}\([0-9]+\) [a-z0-9]+ GNU"],
    ),
    program(
        "util-linux",
        &["getopt"],
        &[r"\x00util-linux (?P<version>[0-9]+\.[0-9]+(?:\.[0-9]+)?)\x00"],
    ),
    Classifier {
        also: Some(b"git-upload-pack"),
        ..program(
            "git",
            &["git"],
            &[r"\x00(?P<version>2\.[0-9]+\.[0-9]+(?:\.[0-9]+)?)\x00"],
        )
    },
    program(
        "jq",
        &["jq"],
        &[r"\x00(?P<version>[0-9]{1,3}\.[0-9]{1,3}(?:\.[0-9]+)?)\x00"],
    ),
    program(
        "helm",
        &["helm"],
        &[
            r"\x00v(?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:-(?:alpha|beta|rc)\.[0-9]+)?)\x00\x00",
            r"[\x00-\x1f\x80-\xff@]v(?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:-(?:alpha|beta|rc)\.[0-9]+)?)\x00",
        ],
    ),
    program(
        "chrome",
        &["chrome"],
        &[r"\x00(?P<version>[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+)\x00Default"],
    ),
];

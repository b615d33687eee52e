//! Dockerfiles.

use orlop_pin::{Error, Kind, find};

use crate::{digest_of, found, pinned, with_digests};

fn images(text: &str) -> Vec<String> {
    found(Kind::Dockerfile, text)
}

fn assert_pinned(text: &str, expected: &str) {
    assert_eq!(pinned(Kind::Dockerfile, text), with_digests(expected));
}

#[test]
fn stages_are_not_images() {
    let text = "\
FROM golang:1.25 AS Build
FROM --platform=$BUILDPLATFORM alpine AS small
FROM scratch
COPY --from=build /a /a
COPY --from=0 /b /b
COPY --chown=1:1 --from=busybox:1.36 /bin/sh /bin/sh
RUN --mount=type=bind,from=small,target=/x --mount=from=ghcr.io/a/b:2,target=/y true
ONBUILD COPY --from=debian:12 /etc /etc
FROM BUILD
COPY --from=later /a /a
FROM x AS later
";
    assert_eq!(
        images(text),
        [
            "1:6 golang:1.25",
            "2:32 alpine",
            "6:25 busybox:1.36",
            "7:57 ghcr.io/a/b:2",
            "8:21 debian:12",
            "10:13 later",
            "11:6 x",
        ]
    );
}

#[test]
fn everything_else_stays() {
    assert_pinned(
        "\u{feff}# syntax = docker/dockerfile:1  \r\n# FROM no\r\nfrom\talpine:3.20   as a # not a comment\r\n\
         FROM \"debian:12\"\r\nRUN echo 'FROM x' \\\r\n  # FROM y\r\n\r\n  FROM z\r\nCOPY --from=alpine / /",
        "\u{feff}# syntax = docker/dockerfile:1@<docker/dockerfile:1>  \r\n# FROM no\r\nfrom\talpine:3.20@<alpine:3.20>   as a # not a comment\r\n\
         FROM \"debian:12@<debian:12>\"\r\nRUN echo 'FROM x' \\\r\n  # FROM y\r\n\r\n  FROM z\r\nCOPY --from=alpine:latest@<alpine:latest> / /",
    );
}

#[test]
fn a_pinned_name_gets_its_new_digest() {
    let old = digest_of("old");
    let text = format!("FROM alpine:3.20@{old}\nFROM debian@{old}\n");
    let now = pinned(Kind::Dockerfile, &text);
    let new = digest_of("alpine:3.20");
    assert_eq!(now, format!("FROM alpine:3.20@{new}\nFROM debian@{old}\n"));
    let images = find(Kind::Dockerfile, &now).unwrap();
    assert!(images.iter().all(orlop_pin::Image::is_pinned));
    assert_eq!(images[1].tagged(), None, "nobody knows what it was called");
}

#[test]
fn continuation_lines_and_escapes() {
    let text = "# escape=`\nFROM `\n  # comment\n\n  alpine:`  \n3.20 `\n AS a\nRUN a \\\nFROM b\n";
    assert_eq!(images(text), ["5:3 alpine:3.20", "9:6 b"]);
    assert_pinned(
        text,
        "# escape=`\nFROM `\n  # comment\n\n  alpine:`  \n3.20@<alpine:3.20> `\n AS a\nRUN a \\\nFROM b:latest@<b:latest>\n",
    );
    // A doubled escape doesn't continue; one at the end of the file continues nothing.
    assert_eq!(images("RUN a \\\\\nFROM b \\"), ["2:6 b"]);
}

#[test]
fn heredocs_are_not_instructions() {
    let text = "FROM a\nRUN <<EOF cat <<-'END' > x && cat <<<no\nFROM b\nEOF\nFROM c\n\tEND\n\
                COPY <<\"A B\" /x\nFROM d\nA B\nONBUILD RUN <<X\nFROM e\nX\nENV X=<<EOF\nFROM f\nRUN echo \"<<G\"\nFROM h\n";
    assert_eq!(images(text), ["1:6 a", "14:6 f", "16:6 h"]);
    assert_eq!(
        find(Kind::Dockerfile, "FROM a\nRUN <<EOF\nFROM b\n")
            .unwrap_err()
            .to_string(),
        "2:1: the heredoc EOF isn't ended"
    );
}

#[test]
fn arguments_are_followed_to_where_the_name_ends() {
    assert_pinned(
        "ARG BASE=alpine:3.20 OTHER=\"debian\"\nARG TAG='12'\nARG REG=ghcr.io\n\
         FROM ${BASE}\nFROM $BASE AS b\nFROM $OTHER\nFROM python:${TAG}\nFROM ${REG}/a/b:1\nFROM c:${NONE:-7}\nFROM d:${TAG:+8}\n",
        "ARG BASE=alpine:3.20@<alpine:3.20> OTHER=\"debian:latest@<debian:latest>\"\nARG TAG='12@<python:12>'\nARG REG=ghcr.io\n\
         FROM ${BASE}\nFROM $BASE AS b\nFROM $OTHER\nFROM python:${TAG}\nFROM ${REG}/a/b:1@<ghcr.io/a/b:1>\nFROM c:${NONE:-7@<c:7>}\nFROM d:${TAG:+8@<d:8>}\n",
    );
    assert_eq!(
        images("ARG V=1\nARG V=2\nARG IMAGE=app:$V\nFROM $IMAGE\n"),
        ["2:7 app:2"]
    );
    // One argument in another; a later value takes the place of an earlier.
    assert_pinned(
        "ARG V=1\nARG V=2\nARG IMAGE=app:$V\nFROM $IMAGE\n",
        "ARG V=1\nARG V=2@<app:2>\nARG IMAGE=app:$V\nFROM $IMAGE\n",
    );
    assert_pinned(
        "ARG MINOR=20\nFROM alpine:3.$MINOR\n",
        "ARG MINOR=20@<alpine:3.20>\nFROM alpine:3.$MINOR\n",
    );
}

#[test]
fn what_is_not_known_is_told() {
    for (text, expected) in [
        ("FROM $X\n", "1:6 $X (X is set nowhere)"),
        (
            "ARG X\nFROM a:${X}\n",
            "2:6 a:${X} (X has no value in this file)",
        ),
        (
            "ARG X\nFROM a:${X:-1}\n",
            "2:6 a:${X:-1} (X has no value in this file)",
        ),
        (
            "ARG X\nARG Y=b:$X\nFROM $Y\n",
            "3:6 $Y (X has no value in this file)",
        ),
        (
            "FROM a:${TARGETARCH}\n",
            "1:6 a:${TARGETARCH} (TARGETARCH has no value in this file)",
        ),
        ("FROM a:${X%b}\n", "1:6 a:${X%b} (${X%b} isn't followed)"),
        ("FROM a:${X\n", "1:6 a:${X (\"{X\" isn't ended)"),
        (
            "ARG V=3.12\nFROM python:${V}-slim\n",
            "2:6 python:3.12-slim (its tag depends on ARG V, which a digest would overrule)",
        ),
        (
            "ARG A=3\nARG B=2\nFROM x:$A.$B\n",
            "3:6 x:3.2 (its tag depends on ARG A, which a digest would overrule)",
        ),
        (
            "ARG A=3\nFROM x:$A.$A\n",
            "2:6 x:3.3 (its tag depends on ARG A, which a digest would overrule)",
        ),
        (
            "ARG V=3\nFROM x:$V\nARG V\nRUN get $V\n",
            "1:7 x:3 (ARG V is used in a stage too (line 3))",
        ),
        (
            "FROM Foo\n",
            "1:6 Foo (invalid reference format: repository name (library/Foo) must be lowercase)",
        ),
        (
            "FROM a\nCOPY --from=$X / /\n",
            "2:13 $X (variables don't count here: name a stage)",
        ),
    ] {
        let images = images(text);
        assert_eq!(images.last().unwrap(), expected, "{text}");
        assert_eq!(
            pinned(Kind::Dockerfile, text).lines().last(),
            text.lines().last()
        );
    }
}

#[test]
fn an_argument_carries_the_digest_of_one_image_only() {
    // Several images that end in the same argument.
    assert_eq!(
        images("ARG V=3\nFROM x:$V\nFROM y:$V\n"),
        [
            "1:7 x:3 (ARG V is a part of other images too)",
            "1:7 y:3 (ARG V is a part of other images too)",
        ]
    );
    // The digest of one would become a part of the other's tag.
    let text = "ARG G=1\nARG A=3\nFROM go:$G-a$A\nFROM a:$A\nFROM $A AS b\n";
    assert_eq!(
        images(text),
        [
            "2:7 a:3 (ARG A is a part of other images too)",
            "2:7 3 (ARG A is a part of other images too)",
            "3:6 go:1-a3 (its tag depends on ARG G, which a digest would overrule)",
        ]
    );
    assert_pinned(text, text);
    // A stage may take over an argument that is the whole of a reference.
    assert_pinned(
        "ARG B=x:1\nFROM $B\nARG B\n",
        "ARG B=x:1@<x:1>\nFROM $B\nARG B\n",
    );
}

#[test]
fn a_stage_whose_name_depends_on_the_platform_is_a_stage() {
    let text = "FROM a AS base-amd64\nFROM b AS base-arm64\nFROM base-${TARGETARCH}\nFROM base-${TARGETARCH}-x\n";
    assert_eq!(
        images(text),
        [
            "1:6 a",
            "2:6 b",
            "4:6 base-${TARGETARCH}-x (TARGETARCH has no value in this file)"
        ]
    );
}

#[test]
fn a_digest_behind_variables_is_a_digest() {
    let digest = digest_of("x");
    let text = format!(
        "ARG V=1\nFROM a:${{V}}-slim@{digest}\nFROM $X/y@{digest}\nFROM a\\\n:1@{digest}\n"
    );
    let images = find(Kind::Dockerfile, &text).unwrap();
    assert!(images.iter().all(orlop_pin::Image::is_pinned), "{images:?}");
    // The first can be renewed: its name is known.
    assert_eq!(
        pinned(Kind::Dockerfile, &text),
        text.replacen(digest.as_str(), digest_of("a:1-slim").as_str(), 1)
            .replace(&format!(":1@{digest}"), &format!(":1@{}", digest_of("a:1")))
    );
}

#[test]
fn directives_end_with_the_first_line_that_is_none() {
    assert_eq!(
        images("#!/bin/x\n# Check=skip=all\n# SYNTAX=a/b:1 rest\nFROM c\n").len(),
        2
    );
    assert_eq!(images("# a comment\n# syntax=a/b:1\nFROM c\n"), ["3:6 c"]);
    assert_eq!(images("\n# syntax=a/b:1\nFROM c\n"), ["3:6 c"]);
}

#[test]
fn odd_files() {
    for text in [
        "",
        "\n",
        "FROM",
        "FROM --x",
        "COPY --from=",
        "RUN --mount=",
        "FROM \"\"",
        "ARG",
        "ARG =",
        "FROM '",
        "\u{feff}",
        "ONBUILD",
        "ONBUILD ONBUILD",
    ] {
        assert_eq!(images(text), Vec::<String>::new(), "{text:?}");
    }
    let long = "x".repeat(orlop_pin::MAX_FILE_SIZE + 1);
    assert!(matches!(
        find(Kind::Dockerfile, &long),
        Err(Error::TooLarge { .. })
    ));
}

#[test]
fn variables_cannot_grow_without_end() {
    let mut text = "ARG A0=aaaaaaaaaaaaaaaa\n".to_owned();
    for n in 0..64 {
        text.push_str(&format!("ARG A{}=$A{n}$A{n}\n", n + 1));
    }
    text.push_str("FROM $A64\n");
    assert!(
        images(&text)[0].contains("longer than any reference"),
        "{:?}",
        images(&text)
    );
    let deep = format!("FROM {}x{}\n", "${A:-".repeat(2000), "}".repeat(2000));
    assert!(images(&deep)[0].contains("too deep"));
}

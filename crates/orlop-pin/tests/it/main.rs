//! Files as people write them, and files that nobody would.

mod dockerfiles;
mod properties;
mod yaml_files;

use orlop_oci::Digest;
use orlop_pin::{Image, Kind, State, find};

/// What is found, a line each: `LINE:COLUMN TEXT`, and why it can't be pinned.
fn found(kind: Kind, text: &str) -> Vec<String> {
    let images = find(kind, text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    images.iter().map(line).collect()
}

fn line(image: &Image) -> String {
    let what = match &image.state {
        State::Known(_) => String::new(),
        State::Fixed => " (fixed)".to_owned(),
        State::Unresolved { why } => format!(" ({why})"),
    };
    format!("{} {}{what}", image.at, image.text)
}

/// Each reference pinned to a digest of its name.
fn pinned(kind: Kind, text: &str) -> String {
    orlop_pin::rewrite(kind, text, |image| {
        Some(digest_of(&image.tagged()?.familiar()))
    })
    .unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A digest for a name.
fn digest_of(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

/// `text` with `<NAME>` replaced by the digest of that name.
fn with_digests(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("@<") {
        let (name, after) = after.split_once('>').expect("a closing bracket");
        out.push_str(&format!("{before}@{}", digest_of(name)));
        rest = after;
    }
    out + rest
}

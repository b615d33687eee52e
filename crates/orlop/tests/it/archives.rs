//! `save`, `load`, `import` and `export`, with docker, podman, skopeo and umoci at the other end.

mod broken_off;
mod flat;
mod one_file;
mod ours;
mod theirs;
mod words;

use std::path::PathBuf;

use orlop_testing::{Image, Orlop};

/// Writes an image as a layout and loads it under a name.
fn loaded(orlop: &Orlop, image: &Image, name: &str) {
    let layout = orlop.folder().join("loaded");
    image.write_layout(&layout, name);
    orlop.ok(["load", "-q", "-i", path(&layout).as_str()]);
    std::fs::remove_dir_all(layout).expect("it was made here");
}

/// Saves images with these options, and returns where.
fn saved(orlop: &Orlop, file: &str, arguments: &[&str]) -> PathBuf {
    let file = orlop.folder().join(file);
    let output = ["save", "-q", "-o", &path(&file)].map(str::to_owned);
    let arguments = arguments.iter().map(|&argument| argument.to_owned());
    orlop.ok(output.into_iter().chain(arguments));
    file
}

fn path(path: &std::path::Path) -> String {
    path.to_str()
        .expect("our folders have plain names")
        .to_owned()
}

/// The digest of an image, which is its identity.
fn id(orlop: &Orlop, name: &str) -> String {
    let arguments = ["images", "--no-trunc", "-q", name];
    orlop.ok(arguments).text().to_owned()
}

/// One field of `inspect`.
fn field(orlop: &Orlop, name: &str, template: &str) -> String {
    orlop
        .ok(["inspect", "-f", template, name])
        .text()
        .to_owned()
}

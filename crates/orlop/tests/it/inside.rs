//! Looking into images: `history --files`, `diff`, `explore`.

mod diff;
mod explore;
mod history;

use orlop_testing::{Compression, Image, Layer, MediaTypes, Orlop, PlatformName, Tarball};
use serde_json::json;

use crate::orlop;

fn image_of(layers: impl IntoIterator<Item = Tarball>, version: &str) -> Image {
    let layers: Vec<Layer> = layers
        .into_iter()
        .map(|tar| Layer::new(&tar.finish(), Compression::Gzip))
        .collect();
    let config = json!({"Env": ["PATH=/bin", format!("VERSION={version}")], "Cmd": ["/bin/sh"]});
    Image::with(&PlatformName::host(), &layers, MediaTypes::Oci, config)
}

fn base() -> Tarball {
    Tarball::new()
        .dir("bin", 0o755)
        .file("bin/tool", 0o755, vec![b'x'; 5000])
        .dir("etc", 0o755)
        .file("etc/a", 0o644, "a")
        .file("etc/b", 0o644, "b")
}

/// An image of two layers, with an added, a changed and a deleted file in the upper one.
fn first() -> Image {
    let top = Tarball::new()
        .file("etc/a", 0o600, "another")
        .whiteout("etc/b")
        .dir("srv", 0o755)
        .file("srv/new", 0o644, "new")
        .symlink("srv/link", "new");
    image_of([base(), top], "1")
}

/// The same with another second layer.
fn second() -> Image {
    let top = Tarball::new()
        .file("etc/a", 0o644, "a longer one")
        .file("srv/new", 0o755, "new")
        .file("srv/more", 0o644, vec![b'y'; 2000]);
    image_of([base(), top], "2")
}

/// A program whose store has an image.
fn with(image: &Image, name: &str) -> Orlop {
    let orlop = orlop();
    add(&orlop, image, name);
    orlop
}

fn add(orlop: &Orlop, image: &Image, name: &str) {
    let layout = layout(orlop, image);
    orlop.ok(["copy", "-q", &layout, &format!("store:{name}")]);
}

/// Writes an image into a layout of its own.
fn layout(orlop: &Orlop, image: &Image) -> String {
    let hex = &image.top.digest["sha256:".len()..][..12];
    let folder = orlop.folder().join(format!("layout-{hex}"));
    image.write_layout(&folder, "test");
    format!("oci:{}:test", folder.display())
}

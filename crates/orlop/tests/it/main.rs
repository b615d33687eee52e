//! The program against real registries and the other tools of the field.
//!
//! These tests are for the wiring and for promises that only show end to end; what a crate can show
//! by itself is tested there.

mod archives;
mod clocks;
mod copy;
mod crowd;
mod docker_words;
mod edits;
mod faults;
mod finding;
mod fixtures;
mod full_disk;
mod hostile;
mod housekeeping;
mod inside;
mod interrupted;
mod killed;
mod logins;
mod manifests;
mod peers;
mod pins;
mod platforms;
mod plumbing;
mod power_loss;
mod read_only;
mod refused;
mod registries;
mod removal;
mod repair;
mod rootless;
mod scout;
mod serve;
mod stacks;
mod storage;
mod tags;
mod tour;
mod trees;
mod unsaid;
mod untouched;
mod validating;
mod why;

use orlop_fs::TreeListing;
use orlop_testing::{Compression, Image, Layer, Orlop, PlatformName, Tarball};

/// The program with a store of its own.
fn orlop() -> Orlop {
    Orlop::new(env!("CARGO_BIN_EXE_orlop"))
}

/// A layer of one small file.
fn layer(path: &str, content: &str) -> Layer {
    Layer::new(
        &Tarball::new().file(path, 0o644, content).finish(),
        Compression::Gzip,
    )
}

/// A small image of this machine's platform. Other words make another image with other layers.
fn small(words: &str) -> Image {
    Image::new(
        &PlatformName::host(),
        &[
            layer("base", &format!("{words} base")),
            layer("top", &format!("{words} top")),
        ],
    )
}

/// An image that takes some time to transfer: `megabytes` that hardly compress, in one layer.
fn big(megabytes: usize, seed: u64) -> Image {
    Image::new(
        &PlatformName::host(),
        &[Layer::noise("noise", megabytes << 20, seed)],
    )
}

/// Everything there is to know of an image's mounted tree. Needs root.
fn mounted(orlop: &Orlop, image: &str) -> TreeListing {
    let target = orlop.folder().join("mounted");
    std::fs::create_dir_all(&target).expect("a folder is made");
    orlop.ok([
        std::ffi::OsStr::new("mount"),
        image.as_ref(),
        target.as_os_str(),
    ]);
    let listing = TreeListing::read(&target);
    orlop.ok([std::ffi::OsStr::new("umount"), target.as_os_str()]);
    listing.expect("a mounted tree can be read")
}

/// Insists that two trees are the same.
fn assert_same_tree(left: &TreeListing, right: &TreeListing, what: &str) {
    let differences = left.diff(right);
    let shown: Vec<String> = differences
        .iter()
        .take(20)
        .map(ToString::to_string)
        .collect();
    assert!(
        differences.is_empty(),
        "{what}: {} differences\n{}",
        differences.len(),
        shown.join("\n")
    );
}

/// Insists that nothing can be seen of any image: none listed, no blob, no unpacked layer.
fn assert_nothing_visible(orlop: &Orlop) {
    assert_eq!(
        orlop
            .ok(["images", "--all", "--quiet", "--no-trunc"])
            .stdout,
        "",
        "no image is listed"
    );
    assert_eq!(
        orlop.files_below("oci/blobs"),
        Vec::<std::path::PathBuf>::new(),
        "no blob is left"
    );
    assert_eq!(
        layers(orlop),
        Vec::<String>::new(),
        "no layer is left unpacked"
    );
}

/// Insists that the store holds nothing at all, nothing on its way either.
fn assert_empty(orlop: &Orlop) {
    assert_nothing_visible(orlop);
    let mut left = orlop.files_below("locks");
    left.extend(orlop.files_below("ingest"));
    assert_eq!(
        left,
        Vec::<std::path::PathBuf>::new(),
        "nothing is left on its way"
    );
}

/// The names of the unpacked layers in the store, finished or not.
fn layers(orlop: &Orlop) -> Vec<String> {
    let mut found = Vec::new();
    for driver in ["overlay2", "btrfs", "zfs", "vfs"] {
        let home = orlop.store().join("snapshots").join(driver);
        for folder in [home.clone(), home.join("staging"), home.join("throwaway")] {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                // What a driver keeps for itself; layers have digests as names.
                if !["staging", "throwaway", "empty", "dataset", "userxattr"]
                    .contains(&name.as_str())
                {
                    found.push(name);
                }
            }
        }
    }
    found
}

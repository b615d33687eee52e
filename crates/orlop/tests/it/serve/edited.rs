//! Images that are edited in a registry of our own, which then has all that they name, and no more names
//! than it was given.

use orlop_testing::{Image, MediaTypes, PlatformName, Tarball};

use super::Served;
use crate::{layer, orlop};

fn image(words: &str, top: Option<&str>) -> Image {
    let images = ["linux/amd64", "linux/arm64"].map(|platform| {
        let mut layers = vec![layer("base", &format!("{words} {platform}"))];
        layers.extend(top.map(|top| layer("top", top)));
        Image::new(&PlatformName::new(platform), &layers)
    });
    Image::index(MediaTypes::Oci, &images)
}

#[test]
fn edited_images_are_whole() {
    let served = Served::start();
    let host = served.host.clone();
    let old = image("old", None).push(&host, "base/os", "1");
    let new = image("new", None).push(&host, "base/os", "2");
    let app = image("old", Some("app")).push(&host, "team/app", "v1");
    let orlop = orlop();
    let name = |tag: &str| format!("{host}/team/app:{tag}");
    let tar = orlop.folder().join("layer.tar");
    std::fs::write(&tar, Tarball::new().file("x", 0o644, "x").finish()).unwrap();
    let tar = tar.display().to_string();
    let commands: [&[&str]; 7] = [
        &["mutate", "-q", "-l", "a=b", "-t", &name("mutated"), &app],
        &[
            "append",
            "-q",
            "-b",
            &app,
            "-f",
            &tar,
            "-t",
            &name("appended"),
        ],
        &[
            "rebase",
            "-q",
            "--old-base",
            &old,
            "--new-base",
            &new,
            "-t",
            &name("rebased"),
            &app,
        ],
        &["flatten", "-q", "-t", &name("flat"), &app],
        &["manifest", "create", &name("list"), &new, &name("mutated")],
        &["manifest", "push", &name("list")],
        &[
            "buildx",
            "imagetools",
            "create",
            "-t",
            &name("combined"),
            &name("list"),
            &old,
        ],
    ];
    for command in commands {
        orlop.ok(command);
    }
    for tag in ["mutated", "appended", "rebased", "flat", "list", "combined"] {
        crate::orlop().ok(["pull", "-q", "--all-platforms", &name(tag)]);
    }
    let (registry, _) = served.stop();
    registry.ok(["registry", "verify"]);
}

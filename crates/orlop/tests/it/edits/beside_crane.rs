//! What crane makes of the same image.

use std::path::PathBuf;

use orlop_testing::{Layer, MediaTypes, Program};

use super::{archive, need, with_types};
use crate::{layer, orlop};

/// crane, where `ORLOP_TEST_CRANE` names it: what both make of an image is the same for who runs it.
#[test]
fn crane_makes_the_same() {
    let Some(crane) = std::env::var_os("ORLOP_TEST_CRANE").map(PathBuf::from) else {
        return;
    };
    let Some((registry, seen)) = need() else {
        return;
    };
    let host = registry.host();
    // A rebased image of OCI's types is one of Docker's in crane, with OCI's layers: nobody reads it.
    let of = |layers: &[Layer]| with_types("linux/amd64", layers, MediaTypes::Docker);
    let old = of(&[layer("base", "old")]);
    let new = of(&[layer("base", "new"), layer("more", "new")]);
    let app = of(&[layer("base", "old"), layer("app", "app")]);
    let old = old.push(&host, "team/base", "1");
    let new = new.push(&host, "team/base", "2");
    let name = app.push(&host, "team/app", "v1");
    let orlop = orlop();
    let tar = archive(&orlop, "layer.tar.gz", &layer("appended", "x").blob);
    let by = |who: &str, what: &str| format!("{host}/team/app:{who}-{what}");
    let both = |what: &str, arguments: &[&str], source: &[&str]| {
        let ours = by("orlop", what);
        let theirs = by("crane", what);
        let with = |target: &str| {
            let words: Vec<String> = arguments.iter().map(|a| (*a).to_owned()).collect();
            [
                words,
                vec!["-t".to_owned(), target.to_owned()],
                source.iter().map(|s| (*s).to_owned()).collect(),
            ]
            .concat()
        };
        orlop.ok(with(&ours));
        Program::new(&crane)
            .args(with(&theirs))
            .arg("--insecure")
            .ok();
        let (ours, theirs) = (seen.inspect(&ours), seen.inspect(&theirs));
        for key in ["Layers", "Env", "Labels", "Architecture", "Os"] {
            assert_eq!(ours[key], theirs[key], "{what}: {key}");
        }
    };
    both(
        "mutate",
        &[
            "mutate", "-l", "m=n", "-e", "A=2", "-e", "Z=1", "-u", "me", "-w", "/w",
        ],
        &[&name],
    );
    both("append", &["append", "-b", &name, "-f", &tar], &[]);
    both(
        "rebase",
        &["rebase", "--old_base", &old, "--new_base", &new],
        &[&name],
    );
    let start = |who: &str| seen.config(&by(who, "mutate"))["config"].clone();
    assert_eq!(start("orlop"), start("crane"));
    let diff_ids = |who: &str, what: &str| seen.config(&by(who, what))["rootfs"].clone();
    for what in ["append", "rebase"] {
        assert_eq!(diff_ids("orlop", what), diff_ids("crane", what), "{what}");
    }
}

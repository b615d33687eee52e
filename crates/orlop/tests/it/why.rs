//! `why`: the chain that holds a thing on the disk, from every way to name it.

use orlop_testing::{Image, MediaTypes, PlatformName, Registry, is_root};
use serde_json::Value;

use crate::{layer, layers, orlop, small};

/// An index of two platforms with this machine's in the store, and its names.
fn pulled(registry: &Registry, orlop: &orlop_testing::Orlop) -> (Image, Image, String) {
    let image = small("why");
    let other = Image::new(
        &PlatformName::new("linux/s390x"),
        &[layer("other", "other")],
    );
    let index = Image::index(MediaTypes::Oci, &[image.clone(), other]);
    let name = index.push(&registry.host(), "app", "v1");
    orlop.ok(["pull", "-q", &name]);
    (index, image, name)
}

#[test]
fn the_chain_from_every_kind_of_thing() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let orlop = orlop();
    let (index, image, name) = pulled(&registry, &orlop);
    orlop.ok(["tag", &name, "mine:1"]);
    let names = format!("image mine:1, {name}");
    let index_line = format!("index {} (", index.top.digest);
    let manifest_line = format!("manifest {} (linux/", image.top.digest);
    let packed = image.layer_digests();
    for (what, kind, steps) in [
        (packed[0].as_str(), "layer ", 4),
        (&packed[1][7..19], "layer ", 4),
        (image.config().digest.as_str(), "config ", 4),
        (image.top.digest.as_str(), "manifest ", 3),
        (&index.top.digest[7..27], "index ", 2),
        ("mine:1", "index ", 2),
        (name.as_str(), "index ", 2),
    ] {
        let told = orlop.ok(["why", what]).stdout;
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines.len(), steps, "{what}\n{told}");
        assert!(lines[0].starts_with(kind), "{what}\n{told}");
        let last = lines[steps - 1].trim_start_matches([' ', '└', '─']);
        assert!(
            last.contains("mine:1") && last.contains(&name),
            "{names}\n{told}"
        );
        assert!(lines[steps - 2].contains(&index_line), "{told}");
        if steps > 2 {
            assert!(lines[steps - 3].contains(&manifest_line), "{told}");
        }
    }
    // What is unpacked, by its folder and by its identities.
    let unpacked = layers(&orlop);
    assert_eq!(unpacked.len(), 2);
    let snapshots = orlop.store().join("snapshots");
    let driver = std::fs::read_to_string(snapshots.join("driver")).expect("a driver");
    for folder in &unpacked {
        let path = snapshots.join(driver.trim()).join(folder);
        let told = orlop.ok(["why".as_ref(), path.as_os_str()]).stdout;
        assert!(told.starts_with("unpacked layer "), "{told}");
        assert!(
            told.contains(&manifest_line) && told.contains("mine:1"),
            "{told}"
        );
        let chain = folder.replace('-', ":");
        assert!(orlop.ok(["why", &chain]).stdout.contains(&manifest_line));
    }
    let diff_id = &diff_ids(&image)[1];
    let told = orlop.ok(["why", diff_id]).stdout;
    assert!(
        told.starts_with(&format!("layer {}", packed[1])) && told.contains("unpacked layer "),
        "both its blob and its snapshot: {told}"
    );
    assert!(told.contains("└─ as above"), "{told}");
}

fn diff_ids(image: &Image) -> Vec<String> {
    let config: Value = serde_json::from_slice(&image.config().bytes).expect("JSON");
    let ids = config["rootfs"]["diff_ids"].as_array().expect("a list");
    let text = |id: &Value| id.as_str().expect("a text").to_owned();
    ids.iter().map(text).collect()
}

#[test]
fn as_json() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let orlop = orlop();
    let (index, image, name) = pulled(&registry, &orlop);
    let told = orlop
        .ok(["why", "--format", "json", &image.config().digest])
        .stdout;
    let value: Value = serde_json::from_str(&told).expect("JSON");
    let thing = &value["things"][0];
    assert_eq!(thing["kind"], "config");
    assert_eq!(thing["held"], true);
    assert_eq!(thing["size"], image.config().bytes.len());
    let manifest = &thing["held_by"][0];
    assert_eq!(manifest["digest"], image.top.digest.as_str());
    assert!(
        manifest["platform"]
            .as_str()
            .is_some_and(|p| p.starts_with("linux/"))
    );
    let above = &manifest["held_by"][0];
    assert_eq!(
        (&above["kind"], &above["digest"]),
        (&"index".into(), &index.top.digest.as_str().into())
    );
    assert_eq!(above["held_by"][0]["names"][0], name.as_str());
}

#[test]
fn what_nothing_holds_and_what_is_not_there() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let orlop = orlop().env("ORLOP_STORE_UNDO_FOR", "1h");
    let (_, image, name) = pulled(&registry, &orlop);
    let layer = &image.layer_digests()[0];
    // Without its last name it is held for an undo, and by nothing when that is over.
    orlop.ok(["rmi", &name]);
    let held = orlop.ok(["why", layer]).stdout;
    assert!(
        held.contains(&format!("held for `orlop undo` of `rmi {name}`, for ")),
        "{held}"
    );
    let database = rusqlite::Connection::open(orlop.store().join("orlop.db")).expect("a database");
    database
        .execute("UPDATE removed_images SET held_until = NULL", [])
        .expect("an update");
    let told = orlop.ok(["why", layer]).stdout;
    assert!(
        told.contains("nothing holds it: the next prune removes it"),
        "{told}"
    );
    let json = orlop.ok(["why", "--format", "json", layer]).stdout;
    assert!(json.contains("\"held\":false"), "{json}");
    // It is as it says.
    orlop.ok(["system", "prune", "-f"]);
    assert!(
        orlop
            .fails(["why", layer])
            .contains("nothing in the store is called")
    );
    for nowhere in ["nosuch:1", "/usr", "ffffffffffff", "./nosuch"] {
        let _ = orlop.fails(["why", nowhere]);
    }
}

#[test]
fn a_name_that_several_digests_begin_with() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let orlop = orlop();
    pulled(&registry, &orlop);
    // Of more than sixteen digests two begin with the same digit.
    for words in ["a", "b", "c", "d"] {
        let name = small(words).push(&registry.host(), words, "1");
        orlop.ok(["pull", "-q", &name]);
    }
    let files = orlop.files_below("oci/blobs");
    let first = |n: u32| format!("{n:x}");
    let digit = (0..16).map(first).find(|digit| {
        let begins = |file: &&std::path::PathBuf| {
            file.file_name()
                .is_some_and(|f| f.to_string_lossy().starts_with(digit.as_str()))
        };
        files.iter().filter(begins).count() > 1
    });
    let said = orlop.fails(["why", &digit.expect("more than sixteen digests")]);
    assert!(
        said.contains("ambiguous digest ") && said.contains("sha256:"),
        "{said}"
    );
}

#[test]
fn root_a_mount_is_told() {
    if !is_root() {
        return;
    }
    let Some(registry) = Registry::start() else {
        return;
    };
    let orlop = orlop();
    let (_, image, name) = pulled(&registry, &orlop);
    let target = orlop.folder().join("mnt");
    std::fs::create_dir(&target).expect("a folder");
    orlop.ok(["mount".as_ref(), name.as_ref(), target.as_os_str()]);
    let told = orlop.ok(["why", &image.layer_digests()[0]]).stdout;
    assert!(
        told.contains(&format!("mounted on {} (read-only)", target.display())),
        "{told}"
    );
    let by_path = orlop
        .ok(["why".as_ref(), target.join("top").as_os_str()])
        .stdout;
    assert!(by_path.contains(&format!("image {name}")), "{by_path}");
    orlop.ok(["umount".as_ref(), target.as_os_str()]);
}

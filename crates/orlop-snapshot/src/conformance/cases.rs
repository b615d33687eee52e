//! The cases of the suite.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use orlop_fs::Privilege;
use orlop_oci::{ChainId, Digest};

use super::{Attributes, Bench, Case, Failure, Layer, Listing, inheritance};
use crate::MountMode;
use crate::error::Error;

pub(super) type Outcome = Result<(), Failure>;

/// All cases.
pub const CASES: &[Case] = &[
    ("kinds and attributes", kinds_and_attributes),
    ("root directory", root_directory),
    ("root directory of a bare layer", inheritance::bare_root),
    ("whiteouts", whiteouts),
    ("whiteouts that hide nothing", whiteouts_that_hide_nothing),
    ("opaque directories", opaque_directories),
    ("directory made anew", directory_made_anew),
    ("implicit directories", implicit_directories),
    ("access control lists", inheritance::access_control_lists),
    ("hard links", hard_links),
    ("hard links across layers", hard_links_across_layers),
    ("other kinds of the same name", other_kinds),
    ("linked directories", linked_directories),
    ("extended attributes", extended_attributes),
    ("tall stack", tall_stack),
    ("no layers", no_layers),
    ("read-only mount", read_only_mount),
    ("throwaway mount", throwaway_mount),
    ("refused mounts", refused_mounts),
    ("refused unmounts", refused_unmounts),
    ("staging goes", staging_goes),
    ("publishing over an orphan", publishing_over_an_orphan),
    ("removing", removing),
    ("usage", usage),
];

pub(super) const DIR: Attributes = Attributes::mode(0o755);
pub(super) const PLAIN: Attributes = Attributes::mode(0o644);

pub(super) fn ensure(right: bool, what: impl FnOnce() -> String) -> Outcome {
    if right {
        Ok(())
    } else {
        Err(Failure::Differs(what()))
    }
}

/// Compares a listing with lines of which each is `PATH: START OF DESCRIPTION`, but for the root.
pub(super) fn expect(listing: &Listing, lines: &[&str]) -> Outcome {
    let lines: Vec<String> = lines.iter().map(|line| with_owner(line)).collect();
    let shown: Vec<String> = listing
        .iter()
        .filter(|(path, _)| *path != ".")
        .map(|(path, what)| format!("{}: {what}", path.trim_start_matches("./")))
        .collect();
    let same = shown.len() == lines.len()
        && shown
            .iter()
            .zip(&lines)
            .all(|(shown, line)| shown.starts_with(line));
    ensure(same, || format!("expected {lines:#?}, got {shown:#?}"))
}

/// Without privileges everything belongs to the caller: each `UID:GID` of a line becomes theirs.
pub(super) fn with_owner(line: &str) -> String {
    let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
    if Privilege::of_process().keeps_owners() {
        return line.to_owned();
    }
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let words = line.split(' ').map(|word| match word.split_once(':') {
        Some((user, group)) if is_number(user) && is_number(group) => {
            format!("{}:{}", uid.as_raw(), gid.as_raw())
        }
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

fn kinds_and_attributes(bench: &Bench<'_>) -> Outcome {
    let odd = Attributes {
        mode: 0o4751,
        owner: (12, 34),
        mtime: 1_234_567_890,
    };
    let listing = bench.listing(&[Layer::new()
        .directory("d", Attributes::mode(0o1777))
        .file("d/f", odd, b"text")
        .symlink("d/s", "../nowhere")
        .fifo("p", PLAIN)])?;
    expect(
        &listing,
        &[
            "d: directory 1777 0:0 1000000000.000000000",
            "d/f: file \"text\" 4751 12:34 1234567890.000000000",
            "d/s: link to ../nowhere 777 0:0 1000000000",
            "p: fifo 644 0:0",
        ],
    )
}

fn root_directory(bench: &Bench<'_>) -> Outcome {
    let root = Attributes {
        mode: 0o751,
        owner: (5, 6),
        mtime: 77,
    };
    let named = Layer::new().directory("./", root).file("a", PLAIN, b"");
    let unnamed = Layer::new().file("b", PLAIN, b"");
    let listing = bench.listing(&[named, unnamed])?;
    let expected = with_owner("directory 751 5:6 77.000000000");
    ensure(listing["."] == expected, || {
        format!("the root of the lower layer is lost: {}", listing["."])
    })
}

fn whiteouts(bench: &Bench<'_>) -> Outcome {
    let below = Layer::new()
        .directory("d", DIR)
        .file("d/a", PLAIN, b"a")
        .file("d/b", PLAIN, b"b")
        .directory("e", DIR)
        .directory("e/f", DIR)
        .file("e/f/g", PLAIN, b"")
        .symlink("l", "d");
    let above = Layer::new().whiteout("d/a").whiteout("e").whiteout("l");
    let again = Layer::new().file("d/a", PLAIN, b"new");
    expect(
        &bench.listing(&[below.clone(), above.clone()])?,
        &["d: directory 755 0:0 1000000000", "d/b: file"],
    )?;
    expect(
        &bench.listing(&[below, above, again])?,
        &["d: directory", "d/a: file \"new\"", "d/b: file \"b\""],
    )
}

fn whiteouts_that_hide_nothing(bench: &Bench<'_>) -> Outcome {
    let bottom = Layer::new()
        .whiteout("a")
        .directory("d", DIR)
        .opaque("d")
        .file("d/x", PLAIN, b"");
    expect(
        &bench.listing(std::slice::from_ref(&bottom))?,
        &["d: directory", "d/x: file"],
    )?;
    // They make no directories either.
    let implicit = Layer::new().whiteout("i/x").whiteout("i/j/y").opaque("k");
    expect(&bench.listing(std::slice::from_ref(&implicit))?, &[])?;
    let below = Layer::new()
        .directory("o", DIR)
        .directory("o/s", DIR)
        .file("o/s/x", PLAIN, b"")
        .symlink("l", "o/s");
    let hidden_anyway = Layer::new()
        .directory("o", DIR)
        .opaque("o")
        .directory("o/s", DIR)
        .whiteout("o/s/x")
        .directory("l", DIR)
        .whiteout("l/x");
    expect(
        &bench.listing(&[below, hidden_anyway])?,
        &["l: directory", "o: directory", "o/s: directory"],
    )?;
    // Only layers below are hidden, whatever the order in the archive.
    let own = Layer::new()
        .directory("n", DIR)
        .file("n/own", PLAIN, b"")
        .opaque("n")
        .whiteout("never");
    expect(
        &bench.listing(&[bottom, own])?,
        &["d: directory", "d/x: file", "n: directory", "n/own: file"],
    )
}

fn opaque_directories(bench: &Bench<'_>) -> Outcome {
    let below = Layer::new()
        .directory("d", Attributes::mode(0o700))
        .file("d/a", PLAIN, b"a")
        .directory("d/s", DIR)
        .file("d/s/x", PLAIN, b"x");
    let explicit = Layer::new()
        .directory("d", Attributes::mode(0o711))
        .file("d/new", PLAIN, b"")
        .opaque("d");
    expect(
        &bench.listing(&[below.clone(), explicit])?,
        &["d: directory 711", "d/new: file"],
    )?;
    let implicit = Layer::new().opaque("d").file("d/s/y", PLAIN, b"y");
    expect(
        &bench.listing(&[below, implicit])?,
        &["d: directory 700", "d/s: directory", "d/s/y: file"],
    )
}

fn directory_made_anew(bench: &Bench<'_>) -> Outcome {
    let below = Layer::new().directory("d", DIR).file("d/old", PLAIN, b"");
    let above = Layer::new()
        .whiteout("d")
        .directory("d", DIR)
        .file("d/new", PLAIN, b"");
    expect(
        &bench.listing(&[below, above])?,
        &["d: directory", "d/new: file"],
    )
}

fn implicit_directories(bench: &Bench<'_>) -> Outcome {
    let special = Attributes {
        mode: 0o2750,
        owner: (7, 8),
        mtime: 99,
    };
    let below = Layer::new()
        .directory("a", special)
        .directory("a/b", special)
        .file("a/b/c", PLAIN, b"");
    let above = Layer::new().file("a/b/d", PLAIN, b"").whiteout("a/b/c");
    expect(
        &bench.listing(&[below, above])?,
        &[
            "a: directory 2750 7:8 99.",
            "a/b: directory 2750 7:8 99.",
            "a/b/d: file",
        ],
    )
}

fn hard_links(bench: &Bench<'_>) -> Outcome {
    let layer = Layer::new()
        .file("a", Attributes::mode(0o600), b"text")
        .hard_link("b", "a")
        .directory("d", DIR)
        .hard_link("d/c", "/a");
    expect(
        &bench.listing(&[layer])?,
        &[
            "a: file \"text\" 600",
            "b: same as ./a",
            "d: directory",
            "d/c: same as ./a",
        ],
    )
}

fn hard_links_across_layers(bench: &Bench<'_>) -> Outcome {
    let owned = Attributes {
        mode: 0o640,
        owner: (3, 4),
        mtime: 55,
    };
    let below = Layer::new().directory("d", DIR).file("d/a", owned, b"text");
    let middle = Layer::new().file("other", PLAIN, b"");
    let above = Layer::new()
        .hard_link("link", "d/a")
        .hard_link("d/second", "d/a");
    expect(
        &bench.listing(&[below, middle, above])?,
        &[
            "d: directory 755 0:0 1000000000",
            "d/a: file \"text\" 640 3:4 55.",
            "d/second: same as ./d/a",
            "link: same as ./d/a",
            "other: file",
        ],
    )
}

fn other_kinds(bench: &Bench<'_>) -> Outcome {
    let below = Layer::new()
        .directory("d", DIR)
        .file("d/x", PLAIN, b"")
        .file("f", PLAIN, b"")
        .symlink("l", "d")
        .symlink("k", "f");
    let above = Layer::new()
        .file("d", PLAIN, b"now a file")
        .directory("f", DIR)
        .file("f/y", PLAIN, b"")
        .directory("l", DIR)
        .file("k", PLAIN, b"now a file too");
    expect(
        &bench.listing(&[below, above])?,
        &[
            "d: file \"now a file\"",
            "f: directory",
            "f/y: file",
            "k: file \"now a file too\"",
            "l: directory",
        ],
    )
}

/// A layer that writes through a link of a layer below, as merged-`/usr` distributions have them.
fn linked_directories(bench: &Bench<'_>) -> Outcome {
    let below = Layer::new()
        .directory("usr", DIR)
        .directory("usr/lib", Attributes::mode(0o711))
        .file("usr/lib/old", PLAIN, b"")
        .file("usr/lib/gone", PLAIN, b"")
        .symlink("lib", "usr/lib");
    let above = Layer::new()
        .file("lib/new", PLAIN, b"new")
        .whiteout("lib/gone")
        .file("top", PLAIN, b"");
    let layers = [below, above];
    expect(
        &bench.listing(&layers)?,
        &[
            "lib: link to usr/lib",
            "top: file",
            "usr: directory",
            "usr/lib: directory 711",
            "usr/lib/new: file \"new\"",
            "usr/lib/old: file",
        ],
    )
}

fn extended_attributes(bench: &Bench<'_>) -> Outcome {
    let layer = Layer::new()
        .xattrs(&[("user.colour", b"blue"), ("user.empty", b"")])
        .file("f", PLAIN, b"x");
    let above = Layer::new().file("g", PLAIN, b"");
    expect(
        &bench.listing(&[layer, above])?,
        &[
            "f: file \"x\" 644 0:0 1000000000.000000000 user.colour=\"blue\" user.empty=\"\"",
            "g: file",
        ],
    )
}

fn tall_stack(bench: &Bench<'_>) -> Outcome {
    const LAYERS: usize = 128;
    let layers: Vec<Layer> = (0..LAYERS)
        .map(|i| {
            Layer::new()
                .file("same", PLAIN, i.to_string().as_bytes())
                .file(&format!("own{i}"), PLAIN, b"")
        })
        .collect();
    let listing = bench.listing(&layers)?;
    ensure(listing.len() == LAYERS + 2, || {
        format!("{} names of {}", listing.len(), LAYERS + 2)
    })?;
    ensure(listing["./same"].starts_with("file \"127\""), || {
        listing["./same"].clone()
    })
}

fn no_layers(bench: &Bench<'_>) -> Outcome {
    if !bench.may_mount() {
        return Ok(());
    }
    for mode in [MountMode::ReadOnly, MountMode::Throwaway] {
        bench.mounted(&[], mode, |tree| {
            ensure(fs::read_dir(tree)?.next().is_none(), || {
                "an image without layers has files".to_owned()
            })
        })?;
    }
    Ok(())
}

fn two_layers(bench: &Bench<'_>) -> Result<Vec<ChainId>, Failure> {
    let below = Layer::new()
        .directory("./", Attributes::mode(0o710))
        .directory("d", DIR)
        .file("d/a", PLAIN, b"a");
    let above = Layer::new()
        .directory("./", Attributes::mode(0o711))
        .file("d/b", PLAIN, b"b");
    Ok(bench.stack(&[below, above])?.0)
}

fn read_only_mount(bench: &Bench<'_>) -> Outcome {
    if !bench.may_mount() {
        return Ok(());
    }
    let chain = two_layers(bench)?;
    for stack in [&chain[..1], &chain[..]] {
        bench.mounted(stack, MountMode::ReadOnly, |tree| {
            for refused in [
                fs::write(tree.join("new"), ""),
                fs::write(tree.join("d/a"), "changed"),
                fs::remove_file(tree.join("d/a")),
            ] {
                let kind = refused.map_err(|e| e.kind());
                ensure(kind == Err(ErrorKind::ReadOnlyFilesystem), || {
                    format!("writing to a read-only mount: {kind:?}")
                })?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn throwaway_mount(bench: &Bench<'_>) -> Outcome {
    if !bench.may_mount() {
        return Ok(());
    }
    let chain = two_layers(bench)?;
    let before = bench.view(&chain, |tree| Ok(super::list(tree)?))?;
    for stack in [&chain[..1], &chain[..]] {
        let layers = bench.view(stack, |tree| Ok(super::list(tree)?))?;
        bench.mounted(stack, MountMode::Throwaway, |tree| {
            let mode = if stack.len() == 1 { 0o710 } else { 0o711 };
            ensure(fs::metadata(tree)?.mode() & 0o7777 == mode, || {
                format!(
                    "the root has mode {:o}",
                    fs::metadata(tree).map_or(0, |m| m.mode())
                )
            })?;
            let shown = super::list(tree)?;
            ensure(shown == layers, || {
                format!("{layers:#?} is mounted as {shown:#?}")
            })?;
            fs::write(tree.join("new"), "new")?;
            fs::write(tree.join("d/a"), "changed")?;
            fs::remove_dir_all(tree.join("d"))?;
            fs::create_dir(tree.join("d"))?;
            ensure(fs::read(tree.join("new"))? == b"new", || {
                "what was written is lost".to_owned()
            })
        })?;
    }
    let after = bench.view(&chain, |tree| Ok(super::list(tree)?))?;
    ensure(before == after, || {
        format!("a throwaway mount changed the layers: {before:#?} to {after:#?}")
    })
}

fn refused_mounts(bench: &Bench<'_>) -> Outcome {
    let chain = two_layers(bench)?;
    let target = bench.directory()?;
    let file = target.join("file");
    fs::write(&file, "")?;
    let driver = bench.driver();
    let missing = ChainId(Digest::of(b"no such layer"));
    let refusals = [
        driver.mount(&chain, &file, MountMode::ReadOnly),
        driver.mount(&chain, &target.join("absent"), MountMode::ReadOnly),
        driver.mount(&[missing], &target, MountMode::ReadOnly),
    ];
    let right = matches!(
        refusals,
        [
            Err(Error::NotADirectory(_)),
            Err(Error::Io { .. }),
            Err(Error::NoSnapshot { .. }),
        ]
    );
    ensure(right, || format!("{refusals:?}"))
}

fn refused_unmounts(bench: &Bench<'_>) -> Outcome {
    if !bench.may_mount() {
        return Ok(());
    }
    let chain = two_layers(bench)?;
    let target = bench.directory()?;
    let driver = bench.driver();
    let never = driver.unmount(&target);
    ensure(matches!(never, Err(Error::NotMounted(_))), || {
        format!("nothing was mounted: {never:?}")
    })?;
    foreign_mount(&target, || {
        let foreign = driver.unmount(&target);
        ensure(matches!(foreign, Err(Error::NotOurs(_))), || {
            format!("another's mount: {foreign:?}")
        })
    })?;
    driver.mount(&chain, &target, MountMode::Throwaway)?;
    let open = fs::File::open(target.join("d/a"))?;
    let busy = driver.unmount(&target);
    ensure(matches!(busy, Err(Error::Busy(_))), || {
        format!("a file is open: {busy:?}")
    })?;
    drop(open);
    driver.unmount(&target)?;
    let twice = driver.unmount(&target);
    ensure(matches!(twice, Err(Error::NotMounted(_))), || {
        format!("unmounted twice: {twice:?}")
    })
}

/// Mounts something of somebody else's meanwhile.
fn foreign_mount(target: &Path, work: impl FnOnce() -> Outcome) -> Outcome {
    let failed = |errno: rustix::io::Errno| Failure::Io(errno.into());
    rustix::mount::mount(
        "tmpfs",
        target,
        "tmpfs",
        rustix::mount::MountFlags::empty(),
        None,
    )
    .map_err(failed)?;
    let outcome = work();
    rustix::mount::unmount(target, rustix::mount::UnmountFlags::empty()).map_err(failed)?;
    outcome
}

fn staging_goes(bench: &Bench<'_>) -> Outcome {
    let chain = ChainId(Digest::of(b"never published"));
    let staging = bench.driver().begin(&chain, None)?;
    let path = staging.path().to_owned();
    fs::write(path.join("x"), "")?;
    bench.driver().sweep(&[])?;
    ensure(path.join("x").exists(), || {
        "a sweep took what is in the making".to_owned()
    })?;
    drop(staging);
    ensure(!path.exists() && !bench.driver().exists(&chain), || {
        "what was dropped is still there".to_owned()
    })
}

fn publishing_over_an_orphan(bench: &Bench<'_>) -> Outcome {
    let chain = ChainId(Digest::of(b"orphan"));
    for content in ["old", "new"] {
        let staging = bench.driver().begin(&chain, None)?;
        fs::write(staging.path().join("x"), content)?;
        bench.driver().publish(staging)?;
        let look = |tree: &Path| Ok(fs::read_to_string(tree.join("x"))?);
        let seen = bench.view(std::slice::from_ref(&chain), look)?;
        ensure(seen == content, || format!("{seen} instead of {content}"))?;
    }
    bench.driver().remove(&chain)?;
    Ok(())
}

fn removing(bench: &Bench<'_>) -> Outcome {
    let layer = Layer::new().directory("d", Attributes::mode(0o000)).file(
        "d/x",
        Attributes::mode(0o000),
        b"only here",
    );
    let (chain, _) = bench.stack(&[layer])?;
    let driver = bench.driver();
    ensure(driver.exists(&chain[0]), || "it isn't there".to_owned())?;
    ensure(driver.present()?.contains(&chain[0]), || {
        "it isn't listed".to_owned()
    })?;
    driver.remove(&chain[0])?;
    ensure(!driver.exists(&chain[0]), || "it is still there".to_owned())?;
    ensure(!driver.present()?.contains(&chain[0]), || {
        "it is still listed".to_owned()
    })?;
    driver.remove(&chain[0])?;
    Ok(())
}

fn usage(bench: &Bench<'_>) -> Outcome {
    let content = vec![b'x'; 100_000];
    let layer = Layer::new().file("a", PLAIN, &content).hard_link("b", "a");
    let (chain, _) = bench.stack(&[layer])?;
    let usage = bench.driver().usage(&chain[0])?;
    ensure(
        (100_000..200_000).contains(&usage.bytes) && usage.inodes == 2,
        || format!("{usage:?}"),
    )
}

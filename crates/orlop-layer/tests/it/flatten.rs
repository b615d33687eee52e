//! Layers as one: what is there in the end, and in an order that every tar can follow.

use orlop_layer::{Bounds, EntryKind, Flattener, Result, TarReader, TarWriter};

use crate::archive::{Archive, header};

/// `dir/`, `file=content`, `link->target`, `hard=>target`.
pub(crate) fn layer(entries: &[&str]) -> Vec<u8> {
    let mut archive = Archive::default();
    for entry in entries {
        let (name, kind, rest) = if let Some((name, target)) = entry.split_once("=>") {
            (name, b'1', target)
        } else if let Some((name, target)) = entry.split_once("->") {
            (name, b'2', target)
        } else if let Some((name, content)) = entry.split_once('=') {
            archive.file(name, content.as_bytes());
            continue;
        } else {
            (*entry, b'5', "")
        };
        let mut header = header(name, kind, 0);
        header.set_link_name_literal(rest).unwrap();
        archive.add(header, b"");
    }
    archive.0.resize(archive.0.len() + 1024, 0);
    archive.0
}

/// The flattened layers in the form that they were given in.
fn flatten(layers: &[&[&str]]) -> Result<Vec<String>> {
    let bounds = Bounds::default();
    let layers: Vec<Vec<u8>> = layers.iter().map(|entries| layer(entries)).collect();
    let mut flattener = Flattener::new();
    for layer in &layers {
        flattener.add(&layer[..], &bounds)?;
    }
    let flat = flattener.finish();
    let mut out = TarWriter::new(Vec::new());
    for (number, layer) in layers.iter().enumerate() {
        flat.write(number, &layer[..], &bounds, &mut out)?;
    }
    let archive = out.finish().unwrap();
    let mut tar = TarReader::new(&archive[..], bounds);
    let mut found = Vec::new();
    while let Some(entry) = tar.next_entry()? {
        let path = String::from_utf8(entry.path).unwrap();
        let link = String::from_utf8(entry.link).unwrap();
        found.push(match entry.kind {
            EntryKind::Directory => format!("{path}/"),
            EntryKind::Symlink => format!("{path}->{link}"),
            EntryKind::HardLink => format!("{path}=>{link}"),
            _ => {
                let mut content = Vec::new();
                while let Some(bytes) = tar.read_chunk()? {
                    content.extend_from_slice(bytes);
                }
                format!("{path}={}", String::from_utf8(content).unwrap())
            }
        });
    }
    Ok(found)
}

#[test]
fn the_last_layer_has_its_way() {
    for (layers, expected) in [
        (&[&["a=1", "b=2"][..], &["a=3"]][..], &["b=2", "a=3"][..]),
        (
            &[&["d/", "d/x=1", "d/y=1"], &["d/.wh.x="]],
            &["d/", "d/y=1"],
        ),
        (
            &[&["d/", "d/x=1"], &["d/", "d/.wh..wh..opq=", "d/y=2"]],
            &["d/", "d/y=2"],
        ),
        // A whiteout hides nothing of its own layer, wherever it stands.
        (&[&["x=1"], &["x=2", ".wh.x="]], &["x=2"]),
        (&[&["d/", "d/x=1"], &[".wh.d=", "d/y=2"]], &["d/y=2"]),
        (&[&["d/", "d/x=1"], &["d=file"]], &["d=file"]),
        (&[&["d=file"], &["d/", "d/x=1"]], &["d/", "d/x=1"]),
        (&[&["d=file"], &["d/x=1"]], &["d/x=1"]),
        // A directory in which the layer itself has something stays, whatever its neighbours are called.
        (
            &[&["d/", "e/"], &["d/x=1", "d-x=1", ".wh..wh..opq="]],
            &["d/", "d/x=1", "d-x=1"],
        ),
        // One that no entry describes stays too, and when nothing is in it, it is written.
        (&[&["a/b/x=1"], &[".wh.none=", "a/b/.wh.x="]], &["a/b/"]),
        // What only begins alike is something else.
        (
            &[&["d/", "d/x=1", "d.x=1", "d-=1", "d0=1"], &[".wh.d="]],
            &["d.x=1", "d-=1", "d0=1"],
        ),
        (&[&["a=1", "b=1"], &[".wh..wh..opq=", "c=2"]], &["c=2"]),
        (&[&["a=1"], &[".wh.none=", ".wh..wh.aufs="]], &["a=1"]),
        (&[&["./", "a=1", "a=2"]], &["/", "a=2"]),
    ] {
        assert_eq!(flatten(layers).unwrap(), expected, "{layers:?}");
    }
}

#[test]
fn hard_links_keep_their_content_and_their_order() {
    for (layers, expected) in [
        (&[&["a=1", "b=>a"][..]][..], &["a=1", "b=>a"][..]),
        (&[&["a=1"], &["b=>a"]], &["a=1", "b=>a"]),
        // The first name is gone, the content isn't.
        (&[&["a=1", "b=>a", "c=>b"], &[".wh.a="]], &["b=1", "c=>b"]),
        (&[&["a=1", "b=>a"], &["a=2"]], &["b=1", "a=2"]),
        (
            &[&["a=1"], &["b=>a"], &[".wh.a="], &["c=>b"]],
            &["b=1", "c=>b"],
        ),
        (&[&["l->x", "m=>l"]], &["l->x", "m=>l"]),
    ] {
        assert_eq!(flatten(layers).unwrap(), expected, "{layers:?}");
    }
    for layers in [
        &[&["b=>a"][..]][..],
        &[&["d/", "b=>d"]],
        &[&["a=1"], &[".wh.a="], &["b=>a"]],
    ] {
        let error = flatten(layers).unwrap_err().to_string();
        assert!(error.contains("which is no file"), "{error}");
    }
}

#[test]
fn links_on_the_way_are_followed_inside_the_root() {
    for (layers, expected) in [
        (
            &[
                &["usr/", "usr/lib/", "lib->usr/lib", "usr/lib/x=1"][..],
                &["lib/y=2", "lib/.wh.x="],
            ][..],
            &["usr/", "usr/lib/", "lib->usr/lib", "usr/lib/y=2"][..],
        ),
        (
            &[&["l->/../../etc"], &["l/x=1"]],
            &["l->/../../etc", "etc/x=1"],
        ),
        (
            &[&["a/", "a/l->../b", "a/l/x=1"]],
            &["a/", "a/l->../b", "b/x=1"],
        ),
        (
            &[&["l->d", "d/", "d/x=1"], &["l/.wh..wh..opq="]],
            &["l->d", "d/"],
        ),
        (&[&["l->d"], &["l/", "l/x=1"]], &["l/", "l/x=1"]),
        (&[&["x=1", "l->d", "d/"], &["h=>l/../x"]], &[][..]),
    ] {
        if expected.is_empty() {
            assert!(flatten(layers).is_err(), "{layers:?}");
            continue;
        }
        assert_eq!(flatten(layers).unwrap(), expected, "{layers:?}");
    }
    let error = flatten(&[&["a->b", "b->a", "a/x=1"]])
        .unwrap_err()
        .to_string();
    assert!(error.contains("too many symbolic links"), "{error}");
}

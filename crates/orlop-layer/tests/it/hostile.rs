//! Archives that want something else than to be read.

use orlop_layer::{Bounds, Error};
use proptest::prelude::*;

use crate::archive::{Archive, header, read, read_with};

fn refused(archive: &mut Archive) -> String {
    read(&archive.end().0).unwrap_err().to_string()
}

fn entry_of(kind: u8, path: &str, link: &str) -> tar::Header {
    let mut header = header(path, kind, 0);
    header.as_gnu_mut().unwrap().linkname[..link.len()].copy_from_slice(link.as_bytes());
    header
}

#[test]
fn names_that_climb_are_refused() {
    for path in ["../a", "a/../../b", "a/..", "..", "/.."] {
        let text = refused(Archive::default().file(path, b""));
        assert!(text.contains("\"..\" component"), "{text}");
    }
    let text = refused(Archive::default().add(entry_of(b'1', "a", "../../etc/shadow"), b""));
    assert!(text.contains("link target"), "{text}");
    let text = refused(Archive::default().pax(&[("path", b"a\0b")]).file("x", b""));
    assert!(text.contains("NUL"), "{text}");
    let text = refused(
        Archive::default()
            .pax(&[("linkpath", b"a\0b")])
            .add(entry_of(b'2', "x", "y"), b""),
    );
    assert!(text.contains("NUL"), "{text}");
}

/// umoci, CVE-2021-29136: a layer whose root entry is a symbolic link.
#[test]
fn cve_2021_29136_the_root_must_be_a_directory() {
    for (kind, path) in [
        (b'2', "."),
        (b'2', "./"),
        (b'2', "/"),
        (b'0', "."),
        (b'1', "./."),
    ] {
        let text = refused(Archive::default().add(entry_of(kind, path, "/etc"), b""));
        assert!(text.contains("the root must be a directory"), "{text}");
    }
    let text = refused(Archive::default().add(entry_of(b'1', "a", "."), b""));
    assert!(text.contains("hard link to the root"), "{text}");
}

/// RUSTSEC-2026-0068 and its kin: a PAX size that one reader sees and the other doesn't.
#[test]
fn pax_sizes_rule_and_must_be_numbers() {
    let mut inner = Archive::default();
    inner.file("smuggled", b"x");
    let length = inner.0.len().to_string();
    let mut archive = Archive::default();
    archive
        .pax(&[("size", length.as_bytes())])
        .add(header("carrier", b'0', 0), &inner.0)
        .end();
    let entries = read(&archive.0).unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].1, inner.0);
    for size in ["", "-1", "0x10", "1 ", "+5", "99999999999999999999"] {
        let text = refused(
            Archive::default()
                .pax(&[("size", size.as_bytes())])
                .file("f", b""),
        );
        assert!(text.contains("PAX size"), "{size}: {text}");
    }
}

#[test]
fn only_files_have_content() {
    // Go ignores the size of a directory or a link; so must we, or they'd see other entries.
    for kind in *b"123456" {
        let mut archive = Archive::default();
        let mut liar = entry_of(kind, "liar", "target");
        liar.set_size(512);
        archive.add(liar, b"").file("next", b"content").end();
        let entries = read(&archive.0).unwrap();
        assert_eq!(entries[1].0.path, b"next");
        assert_eq!(entries[1].1, b"content");
    }
}

#[test]
fn owners_must_fit() {
    for uid in ["4294967295", "4294967296", "18446744073709551615"] {
        let text = refused(
            Archive::default()
                .pax(&[("uid", uid.as_bytes())])
                .file("f", b""),
        );
        assert!(text.contains("owner"), "{uid}: {text}");
    }
}

#[test]
fn sparse_maps_must_fit() {
    for map in [
        "0,10,5,10",
        "100,1",
        "0,4,2,1",
        "18446744073709551615,2",
        "0,5",
    ] {
        let text = refused(
            Archive::default()
                .pax(&[
                    ("GNU.sparse.size", b"100"),
                    ("GNU.sparse.map", map.as_bytes()),
                ])
                .add(header("s", b'0', 4), b"1234"),
        );
        assert!(text.contains("sparse map"), "{map}: {text}");
    }
}

#[test]
fn bounds_hold() {
    let mut archive = Archive::default();
    for _ in 0..20 {
        archive.file("f", b"");
    }
    archive.end();
    let read = |bounds| read_with(&archive.0, 4096, bounds);
    let bounds = |max_entries| Bounds {
        max_entries,
        ..Bounds::default()
    };
    assert!(read(bounds(20)).is_ok());
    assert!(matches!(read(bounds(19)), Err(Error::TooMany { .. })));

    let long = "x".repeat(5000);
    let text = refused(
        Archive::default()
            .pax(&[("path", long.as_bytes())])
            .file("f", b""),
    );
    assert!(text.contains("more than 4096 bytes"), "{text}");
    let records = vec![b'x'; 2 << 20];
    let text = refused(
        Archive::default()
            .pax(&[("comment", &records)])
            .file("f", b""),
    );
    assert!(text.contains("metadata exceeds limit"), "{text}");
}

/// A header that promises more than there is, or more than a layer may hold.
#[test]
fn giant_sizes_are_refused() {
    let mut giant = header("giant", b'0', 0);
    giant.set_size(1 << 30);
    let text = refused(Archive::default().add(giant, b"little"));
    assert!(text.contains("\"giant\" is incomplete"), "{text}");
    for size in [1u64 << 40, 1 << 62] {
        let mut giant = header("giant", b'0', 0);
        giant.set_size(size);
        let text = refused(Archive::default().add(giant, b"little"));
        assert!(
            text.contains("more than 274877906944 bytes in its files; raise limits.layer_bytes"),
            "{text}"
        );
    }
    let mut impossible = header("impossible", b'0', 0);
    impossible.set_size(u64::MAX);
    let text = refused(Archive::default().add(impossible, b""));
    assert!(text.contains("size"), "{text}");
}

fn sparse<'a>(archive: &'a mut Archive, size: u64, map: &str, data: &[u8]) -> &'a mut Archive {
    let size = size.to_string();
    archive
        .pax(&[
            ("GNU.sparse.size", size.as_bytes()),
            ("GNU.sparse.map", map.as_bytes()),
        ])
        .add(header("s", b'0', data.len() as u64), data)
}

/// Holes cost nothing here, but who reads the file reads them; and pieces cost a block each.
#[test]
fn sparse_files_are_bounded_in_holes_and_pieces() {
    let mut archive = Archive::default();
    sparse(&mut archive, 1 << 40, "0,1", b"x");
    let text = refused(&mut archive);
    assert!(text.contains("bytes in its files"), "{text}");
    // Each is allowed, all of them aren't.
    let mut archive = Archive::default();
    for _ in 0..5 {
        sparse(&mut archive, 60 << 30, "0,1", b"x");
    }
    let text = refused(&mut archive);
    assert!(text.contains("bytes in its files"), "{text}");

    let map: Vec<_> = (0..10).map(|n| format!("{},1", n * 8192)).collect();
    let mut archive = Archive::default();
    sparse(&mut archive, 1 << 20, &map.join(","), b"0123456789");
    archive.end();
    let read = |max_entries| {
        let bounds = Bounds {
            max_entries,
            ..Bounds::default()
        };
        read_with(&archive.0, 4096, bounds)
    };
    assert!(read(10).is_ok());
    assert!(matches!(read(9), Err(Error::TooMany { .. })));
}

/// Extension blocks of an old sparse header that go on for ever without a region.
#[test]
fn an_endless_chain_of_sparse_blocks_ends() {
    let mut head = header("s", b'S', 0);
    head.as_gnu_mut().unwrap().isextended[0] = 1;
    let mut archive = Archive::default();
    archive.add(head, b"");
    let mut block = [0u8; 512];
    block[504] = 1;
    for _ in 0..100_000 {
        archive.0.extend_from_slice(&block);
    }
    let bounds = Bounds {
        max_sparse_regions: 1000,
        max_metadata: 1 << 16,
        ..Bounds::default()
    };
    let error = read_with(&archive.0, 1 << 16, bounds).unwrap_err();
    assert!(matches!(error, Error::TooMany { .. }), "{error}");
}

#[test]
fn truncated_archives_say_where() {
    let mut archive = Archive::default();
    archive.file("dir/file", &[1; 2000]);
    let text = read(&archive.0[..1000]).unwrap_err().to_string();
    assert!(
        text.contains("byte 1000") && text.contains("\"dir/file\""),
        "{text}"
    );
    let text = read(&archive.0[..100]).unwrap_err().to_string();
    assert!(text.contains("a header"), "{text}");
    let mut damaged = archive.0.clone();
    damaged[0] ^= 1;
    assert!(read(&damaged).unwrap_err().to_string().contains("checksum"));
    let text = refused(Archive::default().add(header("v", b'V', 0), b""));
    assert!(text.contains("no meaning in a layer"), "{text}");
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
        let _ = read(&bytes);
    }

    /// Headers with a right checksum and random fields reach deeper than random bytes do.
    #[test]
    fn random_headers_never_panic(
        blocks in proptest::collection::vec(
            (any::<[u8; 32]>(), 0..500usize, prop::sample::select(b"0125SxgLKV".to_vec()), 0..1500u64),
            1..8,
        ),
    ) {
        let mut archive = Archive::default();
        for (noise, at, kind, size) in blocks {
            let mut head = header("name", kind, size);
            let at = at.min(480);
            head.as_mut_bytes()[at..at + 32].copy_from_slice(&noise);
            let content: Vec<u8> = noise.iter().copied().cycle().take(size as usize).collect();
            archive.add(head, &content);
        }
        let _ = read(&archive.0);
    }

    /// What the `tar` crate writes is what we read, whatever the buffer.
    #[test]
    fn archives_of_the_tar_crate_read_back(
        files in proptest::collection::vec(("[a-z]{1,9}(/[a-zA-Zé. ]{1,120}){0,3}x", proptest::collection::vec(any::<u8>(), 0..3000)), 0..10),
        buffer in 1..3000usize,
    ) {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, content) in &files {
            let mut head = tar::Header::new_gnu();
            head.set_size(content.len() as u64);
            head.set_mode(0o640);
            builder.append_data(&mut head, path.replace("..", "xx"), &content[..]).unwrap();
        }
        let bytes = builder.into_inner().unwrap();
        let entries = read_with(&bytes, buffer, Bounds::default()).unwrap();
        prop_assert_eq!(entries.len(), files.len());
        for ((entry, content), (path, expected)) in entries.iter().zip(&files) {
            let path: Vec<_> = path.replace("..", "xx").split('/').filter(|c| *c != ".").map(str::to_owned).collect();
            prop_assert_eq!(String::from_utf8_lossy(&entry.path), path.join("/"));
            prop_assert_eq!(content, expected);
        }
    }
}

//! Every dialect of tar is reduced to the same entries.

use orlop_layer::{EntryKind, Region, Time};

use crate::archive::{Archive, header, read};

fn paths(bytes: &[u8]) -> Vec<String> {
    let entries = read(bytes).unwrap();
    entries
        .iter()
        .map(|(entry, _)| entry.printable_path())
        .collect()
}

#[test]
fn the_kinds_of_entries() {
    let mut archive = Archive::default();
    let mut link = header("d/h", b'1', 0);
    link.set_link_name("./d/f").unwrap();
    let mut symlink = header("d/s", b'2', 0);
    symlink.set_link_name("../../x").unwrap();
    let mut device = header("c", b'3', 0);
    device.set_device_major(5).unwrap();
    device.set_device_minor(1).unwrap();
    archive
        .add(header("./", b'5', 0), b"")
        .add(header("d/", b'5', 0), b"")
        .file("d/f", b"content")
        .add(link, b"")
        .add(symlink, b"")
        .add(device, b"")
        .add(header("b", b'4', 0), b"")
        .add(header("p", b'6', 0), b"")
        .add(header("old/", b'\0', 0), b"")
        .add(header("seven", b'7', 3), b"abc")
        .end();
    let entries = read(&archive.0).unwrap();
    let found: Vec<_> = entries
        .iter()
        .map(|(entry, content)| (entry.printable_path(), entry.kind, content.len()))
        .collect();
    use EntryKind::*;
    let expected = [
        (".", Directory, 0),
        ("d", Directory, 0),
        ("d/f", File, 7),
        ("d/h", HardLink, 0),
        ("d/s", Symlink, 0),
        ("c", CharDevice, 0),
        ("b", BlockDevice, 0),
        ("p", Fifo, 0),
        ("old", Directory, 0),
        ("seven", File, 3),
    ];
    let expected: Vec<_> = expected
        .iter()
        .map(|&(path, kind, size)| (path.to_owned(), kind, size))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(entries[3].0.link, b"d/f");
    assert_eq!(entries[4].0.link, b"../../x");
    assert_eq!(entries[5].0.device, (5, 1));
}

#[test]
fn long_names_of_both_dialects() {
    let long = format!("{}/file", "directory/".repeat(40));
    let mut builder = tar::Builder::new(Vec::new());
    let mut gnu = tar::Header::new_gnu();
    gnu.set_size(1);
    builder.append_data(&mut gnu, &long, &b"x"[..]).unwrap();
    let mut gnu_link = tar::Header::new_gnu();
    gnu_link.set_entry_type(tar::EntryType::Symlink);
    gnu_link.set_size(0);
    builder.append_link(&mut gnu_link, "s", &long).unwrap();
    let bytes = builder.into_inner().unwrap();
    let entries = read(&bytes).unwrap();
    let cleaned = long.replace("//", "/");
    assert_eq!(entries[0].0.path, cleaned.as_bytes());
    assert_eq!(entries[1].0.link, long.as_bytes());

    let mut archive = Archive::default();
    archive
        .pax(&[("path", long.as_bytes())])
        .file("short", b"x")
        .end();
    assert_eq!(read(&archive.0).unwrap()[0].0.path, cleaned.as_bytes());
}

#[test]
fn ustar_prefixes_are_joined() {
    let mut ustar = tar::Header::new_ustar();
    ustar
        .set_path(format!("{}/{}", "p".repeat(120), "n".repeat(90)))
        .unwrap();
    ustar.set_size(0);
    let mut archive = Archive::default();
    archive.add(ustar, b"").end();
    assert_eq!(
        paths(&archive.0),
        [format!("{}/{}", "p".repeat(120), "n".repeat(90))]
    );
}

#[test]
fn names_needn_t_be_utf_8() {
    let mut archive = Archive::default();
    let mut raw = header("", b'0', 0);
    raw.as_gnu_mut().unwrap().name[..4].copy_from_slice(b"\xff\xfe/x");
    archive
        .add(raw, b"")
        .pax(&[("path", b"\xe9t\xe9")])
        .file("x", b"")
        .end();
    let entries = read(&archive.0).unwrap();
    assert_eq!(entries[0].0.path, b"\xff\xfe/x");
    assert_eq!(entries[1].0.path, b"\xe9t\xe9");
}

#[test]
fn times_owners_and_sizes_beyond_ustar() {
    let mut archive = Archive::default();
    let mut base256 = header("old", b'0', 0);
    base256.as_gnu_mut().unwrap().mtime = [0xff; 12];
    base256.set_uid(3_000_000);
    archive
        .add(base256, b"")
        .pax(&[
            ("mtime", b"-1.25"),
            ("uid", b"4000000000"),
            ("gid", b"2097152"),
            ("size", b"3"),
            ("SCHILY.xattr.user.b", b"\x00\xff"),
            ("SCHILY.xattr.user.a", b""),
        ])
        .add(header("new", b'0', 0), b"abc")
        .end();
    let entries = read(&archive.0).unwrap();
    assert_eq!(entries[0].0.mtime.seconds, -1);
    assert_eq!(entries[0].0.uid, 3_000_000);
    let (entry, content) = &entries[1];
    assert_eq!(
        entry.mtime,
        Time {
            seconds: -2,
            nanos: 750_000_000
        }
    );
    assert_eq!((entry.uid, entry.gid), (4_000_000_000, 2_097_152));
    assert_eq!(content, b"abc");
    let xattrs = [
        (b"user.a".to_vec(), vec![]),
        (b"user.b".to_vec(), vec![0, 0xff]),
    ];
    assert_eq!(entry.xattrs, xattrs);
}

#[test]
fn global_headers_are_ignored_as_docker_does() {
    let mut archive = Archive::default();
    archive
        .extended(b'g', &[("path", b"evil"), ("uid", b"7")])
        .file("good", b"x")
        .end();
    let entries = read(&archive.0).unwrap();
    assert_eq!(entries[0].0.path, b"good");
    assert_eq!(entries[0].0.uid, 0);
}

/// The same file of 3 MiB with data at 1 MiB and at its end, in every sparse dialect.
#[test]
fn sparse_files_of_all_dialects() {
    const SIZE: u64 = 3 << 20;
    let regions = [(1u64 << 20, 1000u64), (SIZE - 700, 700)];
    let content: Vec<u8> = (0..1700u32).map(|n| n as u8).collect();

    let mut old = Archive::default();
    let mut head = header("s", b'S', content.len() as u64);
    {
        let gnu = head.as_gnu_mut().unwrap();
        gnu.set_real_size(SIZE);
        for (slot, (offset, length)) in gnu.sparse.iter_mut().zip(regions) {
            slot.set_offset(offset);
            slot.set_length(length);
        }
    }
    old.add(head, &content).end();

    let size = SIZE.to_string();
    let map = format!("{},1000,{},700", 1 << 20, SIZE - 700);
    let mut pax01 = Archive::default();
    pax01
        .pax(&[
            ("GNU.sparse.major", b"0"),
            ("GNU.sparse.minor", b"1"),
            ("GNU.sparse.name", b"s"),
            ("GNU.sparse.size", size.as_bytes()),
            ("GNU.sparse.numblocks", b"2"),
            ("GNU.sparse.map", map.as_bytes()),
        ])
        .add(header("GNUSparseFile.1/s", b'0', 1700), &content)
        .end();

    let mut prefix = format!("2\n{}\n1000\n{}\n700\n", 1 << 20, SIZE - 700).into_bytes();
    prefix.resize(512, 0);
    let stored = [prefix, content.clone()].concat();
    let stored_size = stored.len().to_string();
    let base: &[(&str, &[u8])] = &[
        ("GNU.sparse.major", b"1"),
        ("GNU.sparse.minor", b"0"),
        ("GNU.sparse.name", b"s"),
        ("GNU.sparse.realsize", size.as_bytes()),
    ];
    let mut pax10 = Archive::default();
    let head = header("GNUSparseFile.1/s", b'0', stored.len() as u64);
    pax10.pax(base).add(head.clone(), &stored).end();
    let mut pax10_size = Archive::default();
    let sized = [base, &[("size", stored_size.as_bytes())]].concat();
    pax10_size.pax(&sized).add(head, &stored).end();

    for archive in [old, pax01, pax10, pax10_size] {
        let entries = read(&archive.0).unwrap();
        assert_eq!(entries.len(), 1);
        let (entry, data) = &entries[0];
        assert_eq!((entry.path.as_slice(), entry.size), (&b"s"[..], SIZE));
        let expected: Vec<_> = regions
            .iter()
            .map(|&(offset, length)| Region { offset, length })
            .collect();
        assert_eq!(entry.sparse.as_ref(), Some(&expected));
        assert_eq!(data, &content);
    }
}

#[test]
fn archives_may_end_early_where_a_header_could_begin() {
    let mut archive = Archive::default();
    archive.file("a", b"12345");
    let complete = archive.0.len();
    assert_eq!(paths(&archive.0), ["a"]);
    // A lone zero block.
    archive.0.resize(complete + 512, 0);
    assert_eq!(paths(&archive.0), ["a"]);
    // What trails the archive belongs to the diff ID.
    archive.end().0.extend_from_slice(&[7; 5000]);
    assert_eq!(paths(&archive.0), ["a"]);
    // The padding of the last entry may be missing, too.
    assert_eq!(paths(&archive.0[..512 + 5]), ["a"]);
    assert_eq!(paths(b""), [""; 0]);
}

#[test]
fn content_that_isn_t_read_is_skipped() {
    let mut archive = Archive::default();
    archive
        .file("a", &[1; 70_000])
        .file("b", &[2; 3])
        .file("c", b"")
        .end();
    let bytes = archive.0;
    let mut tar = orlop_layer::TarReader::new(&bytes[..], orlop_layer::Bounds::default());
    assert_eq!(tar.next_entry().unwrap().unwrap().path, b"a");
    assert_eq!(tar.next_entry().unwrap().unwrap().path, b"b");
    assert_eq!(tar.read_chunk().unwrap(), Some(&[2u8; 3][..]));
    assert_eq!(tar.read_chunk().unwrap(), None);
    assert_eq!(tar.next_entry().unwrap().unwrap().path, b"c");
    assert_eq!(tar.read_chunk().unwrap(), None);
    assert_eq!(tar.next_entry().unwrap(), None);
    assert_eq!(tar.next_entry().unwrap(), None);
}

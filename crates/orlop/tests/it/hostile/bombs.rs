//! Layers that are more than they seem: zeros, holes and entries without end.

use std::os::unix::fs::MetadataExt as _;

use orlop_testing::{Compression, FaultProxy, Image, Layer, PlatformName, Program, Tarball};

use super::{drivers, image_of, refused, refused_by};
use crate::orlop;
use crate::untouched::{self, refused_pull};

#[test]
fn layers_that_bomb() {
    let mut tail = Tarball::new().file("small", 0o644, "").finish();
    tail.resize(64 << 20, 0);
    let zeros = Tarball::new()
        .file("zeros", 0o644, vec![0; 64 << 20])
        .finish();
    // The bytes behind an archive are read for its digest.
    for (tar, words) in [(tail, "decompression bomb"), (zeros, "bytes in its files")] {
        for compression in [Compression::Gzip, Compression::Zstd] {
            let bounded = orlop().config("[limits]\nlayer_bytes = 50000000\n");
            let image = Image::new(&PlatformName::host(), &[Layer::new(&tar, compression)]);
            let said = refused_by(&bounded, &image);
            assert!(said.contains(words), "{said}");
            assert!(said.contains("raise limits.layer_bytes"), "{said}");
        }
    }

    let plenty = Layer::noise("plenty", 3 << 20, 51);
    let bounded = orlop().config("[limits]\nlayer_bytes = 1000000\n");
    let said = refused_by(&bounded, &Image::new(&PlatformName::host(), &[plenty]));
    assert!(said.contains("raise limits.layer_bytes"), "{said}");

    let many = (0..2000).fold(Tarball::new(), |tar, number| {
        tar.file(&format!("f{number}"), 0o644, "")
    });
    let bounded = orlop().config("[limits]\nlayer_entries = 1000\n");
    let said = refused_by(&bounded, &image_of(many));
    assert!(said.contains("more than 1000"), "{said}");
}

#[test]
fn root_a_mount_unpacks_within_the_limits() {
    if !orlop_testing::is_root() {
        return;
    }
    let registry = FaultProxy::alone();
    let plenty = Layer::noise("plenty", 3 << 20, 52);
    let image = Image::new(&PlatformName::host(), &[plenty]);
    registry.serve("app", "v1", &image);
    let name = format!("{}/app:v1", registry.host());
    let orlop = orlop().driver("vfs");
    orlop.ok(["pull", &name]);
    std::fs::remove_dir_all(orlop.store().join("snapshots/vfs")).unwrap();
    let target = orlop.folder().join("mounted");
    std::fs::create_dir(&target).unwrap();
    let target = target.to_str().unwrap();

    std::fs::write(orlop.config_file(), "[limits]\nlayer_bytes = 1000000\n").unwrap();
    let said = untouched::refused(&orlop, &["mount", &name, target]);
    assert!(said.contains(&image.layer_digests()[0]), "{said}");
    assert!(said.contains("1000000 bytes"), "{said}");

    std::fs::write(orlop.config_file(), "[limits]\nlayer_bytes = 4000000\n").unwrap();
    orlop.ok(["mount", &name, target]);
    orlop.ok(["umount", target]);
}

/// A layer of one file of zeros, made of one compressed piece again and again: nobody holds it.
fn zeros(mebibytes: u64, compression: Compression) -> Layer {
    const PIECE: u64 = 16;
    let mut header = tar_header(b'0');
    set_size(&mut header, mebibytes << 20);
    let mut layer = Layer::new(&header, compression);
    let piece = vec![0; (PIECE << 20) as usize];
    let piece = match compression {
        Compression::Gzip => gzip_hard(&piece),
        _ => Layer::new(&piece, compression).blob,
    };
    for _ in 0..mebibytes / PIECE {
        layer.blob.extend_from_slice(&piece);
    }
    layer
}

/// As small as gzip makes it, which a bomb's maker would.
fn gzip_hard(bytes: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder is made");
    let file = folder.path().join("piece");
    std::fs::write(&file, bytes).expect("a file is written");
    Program::new("gzip").arg("-9").arg(&file).ok();
    std::fs::read(file.with_extension("gz")).expect("gzip made it")
}

/// The header of an entry `bomb`, without a size.
fn tar_header(kind: u8) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..4].copy_from_slice(b"bomb");
    header[100..107].copy_from_slice(b"0000644");
    header[108..115].copy_from_slice(b"0000000");
    header[116..123].copy_from_slice(b"0000000");
    header[136..147].copy_from_slice(b"00000000000");
    header[156] = kind;
    header[257..265].copy_from_slice(b"ustar  \0");
    header
}

/// Writes a size (in base 256, as GNU tar does with large ones) and the checksum.
fn set_size(header: &mut [u8], size: u64) {
    header[124..136].fill(0);
    header[124] = 0x80;
    header[128..136].copy_from_slice(&size.to_be_bytes());
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// With the bounds that everybody has: 1.1 GiB in a megabyte, and in a few kilobytes.
#[test]
fn layers_that_bomb_by_default() {
    for compression in [Compression::Gzip, Compression::Zstd] {
        let layer = zeros(1120, compression);
        let size = layer.blob.len();
        assert!(size < 2 << 20, "a bomb of {size} bytes");
        let said = refused(&Image::new(&PlatformName::host(), &[layer]));
        let expected = format!(
            "decompression bomb: {size} compressed bytes unpack to more than 1073741824 bytes; \
             raise limits.ratio if you trust the image"
        );
        assert!(said.ends_with(&expected), "{said}");
    }
}

/// Whoever trusts an image can have it.
#[test]
fn a_layer_of_zeros_is_taken_by_who_trusts_it() {
    let tar = Tarball::new()
        .file("zeros", 0o644, vec![0; 32 << 20])
        .finish();
    let layer = Layer::new(&tar, Compression::Zstd);
    let registry = FaultProxy::alone();
    registry.serve("large", "v1", &Image::new(&PlatformName::host(), &[layer]));
    let name = format!("{}/large:v1", registry.host());
    let bounded = orlop().config("[limits]\nlayer_bytes = 20000000\n");
    let said = refused_pull(&bounded, &name);
    assert!(said.contains("raise limits.layer_bytes"), "{said}");
    bounded.ok(["--set", "limits.layer_bytes=40000000", "pull", "-q", &name]);
}

#[test]
fn entries_that_are_too_large_for_a_layer() {
    // The size that a header declares is neither made room for nor believed.
    for (size, words) in [
        (200 << 30, "is incomplete"),
        (1 << 40, "more than 274877906944 bytes in its files"),
        (1 << 62, "more than 274877906944 bytes in its files"),
        (u64::MAX, "size"),
    ] {
        let mut header = tar_header(b'0');
        set_size(&mut header, size);
        header.extend_from_slice(&[b'x'; 1024]);
        let layer = Layer::new(&header, Compression::Gzip);
        let said = refused(&Image::new(&PlatformName::host(), &[layer]));
        assert!(said.contains(words), "{size}: {said}");
    }

    // An old GNU sparse file: one byte, and then a hole.
    let octal = |header: &mut Vec<u8>, at: usize, value: u64| {
        header[at..at + 11].copy_from_slice(format!("{value:011o}").as_bytes());
    };
    for (real, words) in [
        (8_u64 << 30, None),
        (500 << 30, Some("more than 274877906944 bytes in its files")),
    ] {
        let mut header = tar_header(b'S');
        octal(&mut header, 386, 0);
        octal(&mut header, 398, 1);
        header[483..495].copy_from_slice(&[&[0x80, 0, 0, 0][..], &real.to_be_bytes()].concat());
        set_size(&mut header, 1);
        header.extend_from_slice(&[b'x'; 1]);
        header.resize(512 * 4, 0);
        let layer = Layer::new(&header, Compression::Gzip);
        let image = Image::new(&PlatformName::host(), &[layer]);
        let Some(words) = words else {
            let registry = FaultProxy::alone();
            registry.serve("sparse", "v1", &image);
            let name = format!("{}/sparse:v1", registry.host());
            for driver in drivers() {
                let orlop = orlop().driver(driver);
                orlop.ok(["pull", "-q", &name]);
                let snapshots = orlop.files_below("snapshots");
                let found = snapshots.iter().find(|path| path.ends_with("bomb"));
                let file = std::fs::metadata(orlop.store().join(found.unwrap())).unwrap();
                assert_eq!(file.len(), real);
                assert!(file.blocks() * 512 < 1 << 20, "{driver}: the hole is one");
            }
            continue;
        };
        let said = refused(&image);
        assert!(said.contains(words), "{said}");
    }
}

/// Nothing is made of global headers, but they count.
#[test]
fn more_entries_than_a_layer_may_have() {
    let mut header = tar_header(b'g');
    set_size(&mut header, 0);
    let piece = Layer::new(&header.repeat(50_000), Compression::Zstd).blob;
    let mut layer = Layer::new(b"", Compression::Zstd);
    for _ in 0..81 {
        layer.blob.extend_from_slice(&piece);
    }
    let bounded = orlop().config("[limits]\nratio = 1000000\n");
    let said = refused_by(&bounded, &Image::new(&PlatformName::host(), &[layer]));
    let expected = "more than 4000000 entries; raise limits.layer_entries if you trust the image";
    assert!(said.ends_with(expected), "{said}");
}

/// Whatever opens an archive is bounded as a pull is: what looks into one, and what loads one.
#[test]
fn bombs_in_archives_and_layouts() {
    let bomb = Image::new(&PlatformName::host(), &[zeros(1120, Compression::Gzip)]);
    let folder = tempfile::tempdir().expect("a folder");
    let layout = folder.path().join("layout");
    bomb.write_layout(&layout, "bomb:v1");
    let layout = layout.to_str().expect("plain");
    let archive = folder.path().join("bomb.tar");
    let archive = archive.to_str().expect("plain");
    Program::new("tar")
        .args(["-C", layout, "-cf", archive, "."])
        .ok();
    let orlop = orlop();
    for source in [layout, archive] {
        let said = untouched::refused(&orlop, &["load", "-i", source]);
        assert!(said.contains("raise limits.ratio"), "{source}: {said}");
    }
    for source in [format!("oci:{layout}"), format!("oci-archive:{archive}")] {
        let said = untouched::refused(&orlop, &["explore", "--ci", &source]);
        assert!(said.contains("raise limits.ratio"), "{source}: {said}");
        let said = untouched::refused(&orlop, &["diff", &source, &source]);
        assert!(said.contains("raise limits.ratio"), "{source}: {said}");
    }
}

/// A path that is deeper than anybody needs is refused before directories are made for it.
#[test]
fn paths_without_an_end() {
    for (depth, words) in [
        (2040, "a name of more than 512 components"),
        (3000, "a name of more than 4096 bytes"),
    ] {
        let path = vec!["d"; depth].join("/");
        for tar in [
            Tarball::new().file(&path, 0o644, "deep"),
            Tarball::new().dir(&path, 0o755),
            Tarball::new().whiteout(&path),
        ] {
            let said = refused(&image_of(tar));
            assert!(said.contains(words), "{depth}: {said}");
        }
    }
}

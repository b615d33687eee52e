//! Go and Rust programs.

use std::fs;
use std::io;
use std::path::Path;

use orlop_sbom::{Content, PackageKind};

use crate::catalog::{Said, ask};

const GO: &str = "go-module-binary-cataloger";
const RUST: &str = "cargo-auditable-binary-cataloger";

/// A program of which only ranges are known; the rest is zero.
#[derive(Clone)]
struct Ranges {
    size: u64,
    ranges: Vec<(u64, Vec<u8>)>,
}

impl Ranges {
    fn read(name: &str) -> Self {
        let path = Path::new("tests/data/programs").join(name);
        let text = fs::read_to_string(path).unwrap();
        let mut lines = text.lines().skip(1);
        let size = lines.next().unwrap().strip_prefix("size ").unwrap();
        let range = |line: &str| {
            let (offset, digits) = line.split_once(' ').unwrap();
            let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
            let bytes = (0..digits.len()).step_by(2).map(byte).collect();
            (offset.parse().unwrap(), bytes)
        };
        Self {
            size: size.parse().unwrap(),
            ranges: lines.map(range).collect(),
        }
    }
}

impl Content for Ranges {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.size.saturating_sub(offset).min(buffer.len() as u64) as usize;
        buffer[..length].fill(0);
        for (start, bytes) in &self.ranges {
            for (index, byte) in bytes.iter().enumerate() {
                let at = start + index as u64;
                if at >= offset && at < offset + length as u64 {
                    buffer[(at - offset) as usize] = *byte;
                }
            }
        }
        Ok(length)
    }
}

const ESBUILD: &str = "github.com/evanw/esbuild";
const SYS: &str = "golang.org/x/sys";

#[test]
fn go_programs_of_every_form_show_their_modules() {
    let revision = "v0.0.0-20240507025135-c6da2c3aa2b1";
    let with_sys = |version, sys, go| vec![(ESBUILD, version), (SYS, sys), ("stdlib", go)];
    let of_2021 = "v0.0.0-20210908233432-aa78b53d3365";
    let of_2022 = "v0.0.0-20220715151400-c0bba94af5f8";
    let cases = [
        // Pointers: 8 bytes, 4 bytes, the highest byte first, in PE.
        (
            "go-1.16-amd64",
            with_sys("", "v0.0.0-20200501145240-bc7a7d42d5c3", "1.16.3"),
        ),
        ("go-1.17-386", with_sys("", of_2021, "1.17.2")),
        ("go-1.17-s390x", with_sys("", of_2021, "1.17.6")),
        ("go-1.17-windows", vec![(ESBUILD, ""), ("stdlib", "1.17.2")]),
        // Strings in place: ELF, PE, Mach-O.
        ("go-1.20-s390x", with_sys(revision, of_2022, "1.20.12")),
        (
            "go-1.20-windows",
            vec![(ESBUILD, revision), ("stdlib", "1.20.12")],
        ),
        ("go-1.20-darwin", with_sys(revision, of_2022, "1.20.12")),
        (
            "go-1.27-replaced",
            vec![
                ("example.org/app", "v1.2.3"),
                ("example.org/dep", "v1.4.0"),
                ("stdlib", "1.27.3"),
            ],
        ),
    ];
    for (name, expected) in cases {
        let program = Ranges::read(&format!("{name}.ranges"));
        let said = ask(GO, "usr/bin/esbuild", &program);
        assert_eq!(said.list(), expected, "{name}");
        assert_eq!(said.faults, Vec::<String>::new(), "{name}");
        assert!(said.packages.iter().all(|one| one.kind == PackageKind::Go));
        let said = ask(RUST, "usr/bin/esbuild", &program);
        assert_eq!((said.list(), said.faults.len()), (vec![], 0), "{name}");
    }
}

#[test]
fn programs_cut_short_are_faults_and_never_other_modules() {
    for name in [
        "go-1.16-amd64",
        "go-1.17-386",
        "go-1.20-windows",
        "go-1.20-darwin",
    ] {
        let whole = Ranges::read(&format!("{name}.ranges"));
        let expected = ask(GO, "esbuild", &whole);
        let ends = whole
            .ranges
            .iter()
            .map(|(start, bytes)| start + bytes.len() as u64);
        for end in ends.clone().flat_map(|end| [end - 1, end]) {
            let program = Ranges {
                size: end,
                ..whole.clone()
            };
            let said = ask(GO, "esbuild", &program);
            let is_whole = said.list() == expected.list();
            assert!(
                is_whole || said.packages.is_empty(),
                "{name} {end}: {said:?}"
            );
            assert!(
                is_whole || !said.faults.is_empty() || end <= 64,
                "{name} {end}"
            );
        }
        let last = ends.max().unwrap();
        let program = Ranges {
            size: last,
            ..whole
        };
        assert_eq!(ask(GO, "esbuild", &program).list(), expected.list());
    }
}

#[test]
fn lengths_beyond_their_bounds_are_faults() {
    let mut program = Ranges::read("go-1.20-s390x.ranges");
    let info = program
        .ranges
        .iter_mut()
        .find(|(_, bytes)| bytes.starts_with(b"\xff Go buildinf:"));
    let info = &mut info.unwrap().1;
    info[32..37].copy_from_slice(b"\xff\xff\xff\xff\x7f");
    assert_eq!(
        ask(GO, "esbuild", &program).faults,
        ["a string of its Go build info has 34359738367 bytes; at most 1024 are read"]
    );
}

/// An ELF program of these sections, and of nothing else.
pub(crate) fn elf(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut names = vec![0];
    let mut body = Vec::new();
    let mut headers = vec![0; 64];
    let mut header = |name: &str, bytes: &[u8], names: &mut Vec<u8>, body: &mut Vec<u8>| {
        let (at, offset) = (names.len() as u32, 64 + body.len() as u64);
        names.extend_from_slice(name.as_bytes());
        names.push(0);
        let bytes = if name == ".shstrtab" {
            names.clone()
        } else {
            bytes.to_vec()
        };
        body.extend_from_slice(&bytes);
        headers.extend_from_slice(&at.to_le_bytes());
        headers.extend_from_slice(&1_u32.to_le_bytes());
        for word in [0, 0, offset, bytes.len() as u64, 0, 16, 0] {
            headers.extend_from_slice(&word.to_le_bytes());
        }
    };
    for (name, bytes) in sections {
        header(name, bytes, &mut names, &mut body);
    }
    header(".shstrtab", &[], &mut names, &mut body);
    let count = sections.len() as u16 + 2;
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(40, 0);
    file.extend_from_slice(&(64 + body.len() as u64).to_le_bytes());
    file.resize(58, 0);
    for half in [64, count, count - 1] {
        file.extend_from_slice(&half.to_le_bytes());
    }
    [file, body, headers].concat()
}

#[test]
fn rust_programs_show_their_list_of_crates() {
    let list = fs::read("tests/data/programs/uvx.dep-v0").unwrap();
    let comment = b"GCC: (GNU) 4.8.5\0rustc version 1.100.0 (0ef1bc386 2026-11-09)\0";
    let program = elf(&[
        (".text", &[0x90; 99]),
        (".dep-v0", &list),
        (".comment", comment),
    ]);
    let said = ask(RUST, "usr/bin/uvx", &&program[..]);
    assert_eq!(said.faults, Vec::<String>::new());
    let list = said.list();
    // Of its 567 packages these are needed only to build it.
    assert!(list.contains(&("uv", "0.13.9")), "{list:?}");
    assert!(list.contains(&("anstyle-query", "1.1.5")));
    assert!(
        !list
            .iter()
            .any(|(name, _)| *name == "cc" || *name == "autocfg")
    );
    assert_eq!(list.last(), Some(&("rust", "1.100.0")));
    assert_eq!(said.packages.last().unwrap().kind, PackageKind::Binary);
    assert_eq!(list.len(), 533);
}

#[test]
fn rust_programs_without_a_list_show_crates_that_can_panic() {
    let strings = fs::read("tests/data/programs/ruff.rodata").unwrap();
    let comment = b"rustc version 1.100.0 (0ef1bc386 2026-11-09)\0";
    let sections: [(&str, &[u8]); 2] = [(".rodata", &strings), (".comment", comment)];
    let program = elf(&sections);
    let expected = [
        ("aho-corasick", "1.1.5"),
        ("jiff", "0.2.38"),
        ("notify", "8.2.0"),
        ("pep508_rs", "0.9.2"),
        ("phf_shared", "0.13.1"),
        ("rust", "1.100.0"),
    ];
    assert_eq!(ask(RUST, "ruff", &&program[..]).list(), expected);
    // Not known as Rust's: not searched.
    let program = elf(&sections[..1]);
    assert_eq!(ask(RUST, "ruff", &&program[..]).list(), []);
}

#[test]
fn damaged_programs_are_faults() {
    let bomb = {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        io::copy(
            &mut io::Read::take(io::repeat(b'['), 64 << 20),
            &mut encoder,
        )
        .unwrap();
        encoder.finish().unwrap()
    };
    let program = elf(&[(".dep-v0", &bomb)]);
    let cases: [(Vec<u8>, &str); 4] = [
        (
            program.clone(),
            "its list of crates has more than 8388608 bytes",
        ),
        (
            elf(&[(".dep-v0", b"{}")]),
            "its list of crates is damaged: ",
        ),
        (
            program[..program.len() - 9].to_vec(),
            "it ends before what its headers point at",
        ),
        (
            [b"\x7fELF\x09", &program[5..]].concat(),
            "its ELF header is of an unknown class",
        ),
    ];
    for (program, says) in cases {
        let said = ask(RUST, "program", &&program[..]);
        assert!(
            said.faults.iter().any(|fault| fault.contains(says)),
            "{says}: {said:?}"
        );
        assert_eq!(said.list(), []);
    }
}

#[test]
fn what_is_no_program_is_no_fault() {
    let packed = [b"\x7fELF\x02\x01\x01".as_slice(), &[0; 200], b"UPX!"].concat();
    let text =
        b"#!/bin/sh\nexec true # and enough to be long enough for a program, or what may be one\n";
    let marked = [b"MZ".as_slice(), &[0xff; 100]].concat();
    for bytes in [&packed[..], text, &marked, b"\x7fELF", b""] {
        for cataloger in [GO, RUST] {
            let Said { packages, faults } = ask(cataloger, "program", &bytes);
            assert_eq!((packages, faults), (vec![], vec![]), "{bytes:?}");
        }
    }
}

//! Rust programs, by what `cargo auditable` or the compiler left in them.

use std::collections::BTreeSet;
use std::io::Read;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use auditable_serde::{DependencyKind, VersionInfo};
use flate2::bufread::ZlibDecoder;
use regex::bytes::Regex;

use super::bounds::Listing;
use super::program::{Program, Section, bytes_at, may_be};
use super::windows::search;
use crate::{Cataloger, Content, Fault, FileInfo, Found, Package, PackageKind};

const NAME: &str = "cargo-auditable-binary-cataloger";

/// How many bytes the list of `cargo auditable` may have, packed and unpacked; its own tools read 8 MiB.
const MAX_LIST: u64 = 8 << 20;
/// How many bytes the notes of the compilers may have.
const MAX_COMMENT: u64 = 64 << 10;
/// How many crates are told by their paths.
const MAX_CRATES: usize = 10_000;

/// The crates a Rust program was built from.
///
/// All of them with their exact versions where the program was built by `cargo auditable` (section
/// `.dep-v0`: zlib, JSON). Crates needed only for the build aren't in the program and are left out.
///
/// Else those that the messages of panics name by the path of their source
/// (`…/registry/src/index.crates.io-HASH/NAME-VERSION/src/…`): those that can't panic stay unknown. Such
/// a program is known by the compiler's note in section `.comment`, which also tells the version of
/// Rust; where that was stripped too, nothing is found, because a search through every program of an
/// image is too much for that.
#[derive(Clone, Copy, Debug)]
pub(super) struct RustBinaries;

impl Cataloger for RustBinaries {
    fn name(&self) -> &'static str {
        NAME
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        may_be(file)
    }

    fn catalog(
        &self,
        _: &FileInfo<'_>,
        content: &dyn Content,
        found: &mut Found,
    ) -> Result<(), Fault> {
        let Some(program) = Program::read(content)? else {
            return Ok(());
        };
        let compiler = match program.section(".comment") {
            Some(comment) => compiler_version(&section_bytes(content, comment, MAX_COMMENT)?),
            None => None,
        };
        let crates = match program.section(".dep-v0") {
            Some(list) => listed_crates(&section_bytes(content, list, MAX_LIST)?)?,
            None if compiler.is_some() => crates_in_paths(&program)?,
            None => return Ok(()),
        };
        let mut listing = Listing::new(found);
        for (name, version) in crates {
            listing.package(Package::new(PackageKind::Cargo, name, version, NAME))?;
        }
        if let Some(version) = compiler {
            listing.package(Package::new(PackageKind::Binary, "rust", version, NAME))?;
        }
        Ok(())
    }
}

fn section_bytes(content: &dyn Content, section: &Section, bound: u64) -> Result<Vec<u8>, Fault> {
    if section.size > bound {
        return Err(Fault::new(format!(
            "its section {} has {} bytes; at most {bound} are read",
            section.name, section.size
        )));
    }
    bytes_at(content, section.offset, section.size as usize)
}

/// `1.93.1` of `rustc version 1.93.1 (01f6ddf75 2026-02-11)`.
fn compiler_version(comment: &[u8]) -> Option<String> {
    comment.split(|byte| *byte == 0).find_map(|note| {
        let note = std::str::from_utf8(note).ok()?;
        Some(
            note.strip_prefix("rustc version ")?
                .split(' ')
                .next()?
                .to_owned(),
        )
    })
}

/// The crates that are in the program by the list of `cargo auditable`.
pub(super) fn listed_crates(section: &[u8]) -> Result<BTreeSet<(String, String)>, Fault> {
    let mut list = Vec::new();
    let damaged = |error: &dyn std::fmt::Display| {
        Fault::new(format!("its list of crates is damaged: {error}"))
    };
    ZlibDecoder::new(section)
        .take(MAX_LIST + 1)
        .read_to_end(&mut list)
        .map_err(|error| damaged(&error))?;
    if list.len() as u64 > MAX_LIST {
        return Err(Fault::new(format!(
            "its list of crates has more than {MAX_LIST} bytes"
        )));
    }
    let list: VersionInfo = serde_json::from_slice(&list).map_err(|error| damaged(&error))?;
    let in_program = list
        .packages
        .into_iter()
        .filter(|one| one.kind == DependencyKind::Runtime);
    Ok(in_program
        .map(|one| (one.name, one.version.to_string()))
        .collect())
}

fn crates_in_paths(program: &Program<'_>) -> Result<BTreeSet<(String, String)>, Fault> {
    let mut crates = BTreeSet::new();
    for name in [".rodata", ".rdata", "__const", "__cstring"] {
        let Some(section) = program.section(name) else {
            continue;
        };
        let end = section.offset.saturating_add(section.size);
        search(program.content(), section.offset..end, |window| {
            for found in PATH.captures_iter(window.bytes) {
                let text = |name: &str| String::from_utf8_lossy(&found[name]).into_owned();
                crates.insert((text("name"), text("version")));
                if crates.len() >= MAX_CRATES {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        })?;
    }
    Ok(crates)
}

/// A folder of Cargo's registry: below `src` and the name of an index, or right below (Debian's
/// packages of crates, paths that a build has shortened).
static PATH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?-u)registry[/\\](?:src[/\\][^/\\\x00]{1,80}[/\\])?",
        r"(?P<name>[A-Za-z][A-Za-z0-9_-]{0,63})-(?P<version>\d+\.\d+\.\d+[0-9A-Za-z.+-]{0,64})[/\\]",
    ))
    .expect("a constant")
});

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn packed(list: &str) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(list.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn crates_of_the_build_are_not_in_the_program() {
        let list = r#"{"packages":[
            {"name":"app","version":"0.1.0","source":"local","dependencies":[1,2],"root":true},
            {"name":"cc","version":"1.0.0","source":"crates.io","kind":"build"},
            {"name":"h2","version":"0.4.0-rc.1","source":"git"}]}"#;
        let crates: Vec<_> = listed_crates(&packed(list)).unwrap().into_iter().collect();
        let expected = [("app", "0.1.0"), ("h2", "0.4.0-rc.1")];
        assert_eq!(
            crates,
            expected.map(|(name, version)| (name.into(), version.into()))
        );
    }

    #[test]
    fn a_damaged_list_is_a_fault() {
        for (section, says) in [
            (packed("{}"), "damaged: missing field `packages`"),
            (b"no zlib".to_vec(), "damaged: "),
            (packed(&"[".repeat(9 << 20)), "has more than 8388608 bytes"),
        ] {
            let fault = listed_crates(&section).unwrap_err().to_string();
            assert!(fault.contains(says), "{fault}");
        }
    }

    #[test]
    fn crates_are_told_by_the_paths_of_their_source() {
        type Crate = (&'static str, &'static str);
        let cases: [(&[u8], Option<Crate>); 7] = [
            (
                b"/root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/h2-0.4.1/src/a.rs",
                Some(("h2", "0.4.1")),
            ),
            (
                b"/usr/share/cargo/registry/serde-json-1.0.0-rc.1+x/src/a.rs",
                Some(("serde-json", "1.0.0-rc.1+x")),
            ),
            (
                b"registry\\src\\github.com-1ecc6299db9ec823\\x2-y-10.20.30\\a",
                Some(("x2-y", "10.20.30")),
            ),
            (
                b"\xff\xfe/registry/src/a-1/b_c-1.2.3/",
                Some(("b_c", "1.2.3")),
            ),
            (b"registry/src/a-1/b-1.2/", None),
            (b"registry/src/a-1/b-1.2.3", None),
            (b"/rustc/0123456789abcdef/library/std/src/a.rs", None),
        ];
        for (path, expected) in cases {
            let found = PATH.captures(path).map(|found| {
                let text = |name: &str| String::from_utf8_lossy(&found[name]).into_owned();
                (text("name"), text("version"))
            });
            let expected = expected.map(|(name, version)| (name.to_owned(), version.to_owned()));
            assert_eq!(found, expected, "{}", String::from_utf8_lossy(path));
        }
    }

    #[test]
    fn the_compiler_is_told_by_its_note() {
        let comment = b"GCC: (GNU) 9.5.0\0rustc version 1.93.1 (01f6ddf75 2026-02-11)\0";
        assert_eq!(compiler_version(comment).as_deref(), Some("1.93.1"));
        assert_eq!(compiler_version(b"GCC: (GNU) 9.5.0\0\xff"), None);
    }
}

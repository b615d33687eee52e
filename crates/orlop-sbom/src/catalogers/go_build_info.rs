//! What Go's linker writes of a build into a program.
//!
//! The form is that of `debug/buildinfo` of Go's standard library: 32 bytes with a magic, then two
//! strings, the version of Go and the modules. Since Go 1.18 the strings follow in place, each after
//! its length as a varint; before, the header has pointers to Go's string headers.

use super::program::{Program, Words, bytes_at, read_up_to};
use crate::Fault;

/// Where the linker puts it, in ELF and in Mach-O. PE has no such section: its `.data` begins with it.
const SECTIONS: &[&str] = &[".go.buildinfo", "__go_buildinfo"];
const MAGIC: &[u8] = b"\xff Go buildinf:";
/// It begins at a multiple of this many bytes.
const ALIGN: usize = 16;
const HEADER: usize = 32;
/// How far into the data of a program without sections it is looked for, as Go does.
const SEARCHED: u64 = 64 << 10;
/// How many bytes the version of Go may have.
const MAX_VERSION: u64 = 1 << 10;
/// How many bytes the list of modules may have; Kubernetes' has 20 kB.
const MAX_MODULES: u64 = 4 << 20;
/// Before and after the list stand 16 bytes by which a running program finds it.
const FRAME: usize = 16;

/// A build.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct BuildInfo {
    /// The version of Go, as Go writes it: `go1.21.5`, `go1.20.1 X:boringcrypto`.
    pub(super) go: String,
    /// The import path of the main package.
    pub(super) path: String,
    /// The module of the main package.
    pub(super) main: Option<Module>,
    /// The modules of the other packages.
    pub(super) dependencies: Vec<Module>,
    /// `-ldflags`, `vcs.revision` and the like.
    pub(super) settings: Vec<(String, String)>,
}

/// A module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Module {
    pub(super) path: String,
    /// `v1.2.3`, `(devel)`, or nothing.
    pub(super) version: String,
    /// The module whose code was taken in its place.
    pub(super) replaced_by: Option<Box<Module>>,
}

impl BuildInfo {
    /// Reads what a program says of its build; nothing if Go didn't link it.
    ///
    /// # Errors
    ///
    /// [`Fault`] if it says that in another form, or it ends early.
    pub(super) fn read(program: Program<'_>) -> Result<Option<Self>, Fault> {
        let Some((at, header)) = find(&program)? else {
            return Ok(None);
        };
        const IN_PLACE: u8 = 2;
        const BIG: u8 = 1;
        let (pointer_size, flags) = (header[14], header[15]);
        let (version, modules) = if flags & IN_PLACE != 0 {
            let mut at = at + HEADER as u64;
            let version = string_in_place(&program, &mut at, MAX_VERSION)?;
            (version, string_in_place(&program, &mut at, MAX_MODULES)?)
        } else {
            let words = match pointer_size {
                4 | 8 => Words {
                    is_wide: pointer_size == 8,
                    is_big: flags & BIG != 0,
                },
                _ => {
                    return Err(Fault::new(format!(
                        "its Go build info has pointers of {pointer_size} bytes"
                    )));
                }
            };
            let program = program.with_words(words);
            let version = string_at_pointer(&program, &header[16..], MAX_VERSION)?;
            let modules = string_at_pointer(&program, &header[16 + words.size()..], MAX_MODULES)?;
            (version, modules)
        };
        Ok(Some(parse(&version, &modules)))
    }

    /// The value of a setting.
    pub(super) fn setting(&self, key: &str) -> Option<&str> {
        let setting = self.settings.iter().find(|setting| setting.0 == key)?;
        Some(&setting.1)
    }
}

/// Where it is, and its header.
fn find(program: &Program<'_>) -> Result<Option<(u64, Vec<u8>)>, Fault> {
    let section = SECTIONS.iter().find_map(|name| program.section(name));
    let section = section.or_else(|| program.section(".data"));
    let (offset, searched) = match section {
        Some(section) => (section.offset, section.size.min(HEADER as u64 * 2)),
        // Without sections only a search can tell. A program that has some was linked by others.
        None if program.has_no_sections() => match program.data() {
            Some((offset, size)) => (offset, size.min(SEARCHED)),
            None => return Ok(None),
        },
        None => return Ok(None),
    };
    let mut bytes = vec![0; searched as usize];
    let length = read_up_to(program.content(), offset, &mut bytes)?;
    if section.is_some() && (length as u64) < searched {
        return Err(Fault::new("it ends before what its headers point at"));
    }
    let found = (0..length.saturating_sub(HEADER - 1))
        .step_by(ALIGN)
        .find(|at| bytes[*at..].starts_with(MAGIC));
    match found {
        Some(at) => Ok(Some((offset + at as u64, bytes[at..at + HEADER].to_vec()))),
        None => Ok(None),
    }
}

fn string_in_place(program: &Program<'_>, at: &mut u64, bound: u64) -> Result<Vec<u8>, Fault> {
    /// Enough for 35 bits.
    const VARINT: usize = 5;
    let mut bytes = [0; VARINT];
    let read = read_up_to(program.content(), *at, &mut bytes)?;
    let mut length = 0;
    for (index, byte) in bytes[..read].iter().enumerate() {
        length |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let start = *at + index as u64 + 1;
            check_length(length, bound)?;
            *at = start + length;
            return bytes_at(program.content(), start, length as usize);
        }
    }
    Err(Fault::new("a length in its Go build info is damaged"))
}

fn string_at_pointer(program: &Program<'_>, bytes: &[u8], bound: u64) -> Result<Vec<u8>, Fault> {
    let damaged = || Fault::new("a pointer in its Go build info is damaged");
    let header = program.pointer(bytes).ok_or_else(damaged)?;
    // Go's string: its address, its length.
    let word = program.word_size();
    let header = program.at_address(header, 2 * word)?;
    let address = program.pointer(&header).ok_or_else(damaged)?;
    let length = program.pointer(&header[word..]).ok_or_else(damaged)?;
    check_length(length, bound)?;
    if length == 0 {
        return Ok(Vec::new());
    }
    program.at_address(address, length as usize)
}

fn check_length(length: u64, bound: u64) -> Result<(), Fault> {
    if length > bound {
        return Err(Fault::new(format!(
            "a string of its Go build info has {length} bytes; at most {bound} are read"
        )));
    }
    Ok(())
}

/// Reads both strings. Lines that aren't known are left out, as Go does with those of later versions.
pub(super) fn parse(version: &[u8], modules: &[u8]) -> BuildInfo {
    let mut info = BuildInfo {
        go: String::from_utf8_lossy(version).into_owned(),
        ..BuildInfo::default()
    };
    let is_framed = modules.len() > 2 * FRAME && modules[modules.len() - FRAME - 1] == b'\n';
    if !is_framed {
        return info;
    }
    let modules = String::from_utf8_lossy(&modules[FRAME..modules.len() - FRAME]);
    let mut is_of_main = false;
    for line in modules.lines() {
        let Some((word, rest)) = line.split_once('\t') else {
            continue;
        };
        match word {
            "path" => rest.clone_into(&mut info.path),
            "mod" => {
                info.main = Some(module(rest));
                is_of_main = true;
            }
            "dep" => {
                info.dependencies.push(module(rest));
                is_of_main = false;
            }
            "=>" => {
                let last = if is_of_main {
                    info.main.as_mut()
                } else {
                    info.dependencies.last_mut()
                };
                if let Some(last) = last {
                    last.replaced_by = Some(Box::new(module(rest)));
                }
            }
            "build" => info.settings.extend(setting(rest)),
            _ => {}
        }
    }
    info
}

/// `path\tversion\tsum`, of which the last may be missing, or both.
fn module(line: &str) -> Module {
    let mut fields = line.split('\t');
    let mut field = || fields.next().unwrap_or_default().to_owned();
    Module {
        path: field(),
        version: field(),
        replaced_by: None,
    }
}

/// `key=value`, each in Go's quotes where it needs them.
fn setting(line: &str) -> Option<(String, String)> {
    let (key, rest) = unquoted(line, Some('='))?;
    let (value, _) = unquoted(rest, None)?;
    Some((key, value))
}

/// Takes a bare or quoted word off a line, and what ends it.
fn unquoted(line: &str, end: Option<char>) -> Option<(String, &str)> {
    let (word, rest) = if let Some(raw) = line.strip_prefix('`') {
        let (word, rest) = raw.split_once('`')?;
        (word.to_owned(), rest)
    } else if line.starts_with('"') {
        // Go's escapes are those of JSON for all that `strconv.Quote` makes of printable text.
        let mut values = serde_json::Deserializer::from_str(line).into_iter::<String>();
        let word = values.next()?.ok()?;
        let length = values.byte_offset();
        (word, line.get(length..)?)
    } else {
        return match end {
            Some(end) => line
                .split_once(end)
                .map(|(word, rest)| (word.to_owned(), rest)),
            None => Some((line.to_owned(), "")),
        };
    };
    match end {
        Some(end) => Some((word, rest.strip_prefix(end)?)),
        None => Some((word, rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(lines: &str) -> Vec<u8> {
        let frame = [0x30; FRAME];
        [&frame[..], lines.as_bytes(), &frame[..]].concat()
    }

    #[test]
    fn replacements_belong_to_the_module_above() {
        let lines = "path\tx.org/a/cmd\nmod\tx.org/a\t(devel)\t\n=>\t./a\t\ndep\tx.org/b\tv1.0.0\th1:b=\n\
                     =>\ty.org/b\tv1.0.1\th1:c=\ndep\tx.org/c\tv2.0.0\nfuture\tx\n";
        let info = parse(b"go1.21.5", &framed(lines));
        let main = info.main.unwrap();
        assert_eq!(main.replaced_by.unwrap().path, "./a");
        assert_eq!(info.dependencies.len(), 2);
        let replaced_by = info.dependencies[0].replaced_by.as_ref().unwrap();
        assert_eq!(
            (&*replaced_by.path, &*replaced_by.version),
            ("y.org/b", "v1.0.1")
        );
        assert_eq!(info.dependencies[1].replaced_by, None);
    }

    #[test]
    fn settings_are_unquoted() {
        let cases = [
            ("CGO_ENABLED=1", Some(("CGO_ENABLED", "1"))),
            (
                "-ldflags=\"-X main.version=1 -w\"",
                Some(("-ldflags", "-X main.version=1 -w")),
            ),
            (
                "-ldflags=\"-X 'a=\\\"b\\\"'\"",
                Some(("-ldflags", "-X 'a=\"b\"'")),
            ),
            ("-tags=`a\\b`", Some(("-tags", "a\\b"))),
            ("\"a=b\"=c", Some(("a=b", "c"))),
            ("-ldflags=\"open", None),
            ("nothing", None),
        ];
        for (line, expected) in cases {
            let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
            assert_eq!(setting(line), expected, "{line}");
        }
    }

    #[test]
    fn modules_without_their_frame_are_none() {
        assert_eq!(parse(b"go1.21.5", b"mod\tx\tv1.0.0\n").main, None);
        assert_eq!(parse(b"go1.21.5", b"").go, "go1.21.5");
    }
}

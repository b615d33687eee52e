//! How the record of a layer is kept: a head that tells which program wrote it, then a zstd frame.
//!
//! ```text
//! "OLSB"  format u16  catalogers u32  declared u8  length of the body u32   (all big endian)
//! zstd( entries  JSON of what they show  lists of files )
//! ```
//!
//! Paths are nearly all of it. Each is written as how much it shares with the one before, and the rest, so
//! that a layer of 50,000 files takes some hundred kilobytes. Packages are JSON, as their shape changes
//! more often than that of paths; the lists of their files are taken out of it.
//!
//! The rejected alternative is one general format for all (JSON, CBOR): it takes several times as long to
//! read, and this is read by every scan.

use serde::{Deserialize, Serialize};

use crate::{CATALOGERS_VERSION, EntryKind, Finding, LayerEntry, LayerSbom, Shown};

const MAGIC: &[u8] = b"OLSB";
/// Counts up with each change of the form, and of what [`LayerSbom`] means.
const FORMAT: u16 = 1;
const HEAD: usize = 15;
/// Bytes that a record may inflate to.
const MAX_BODY: u32 = 1 << 30;
/// Elements that a list is given room for before they are read.
const MAX_RESERVED: usize = 1 << 16;
/// zstd's own: fast, and as small as matters here.
const LEVEL: i32 = 3;

/// What the files show, without the lists of files.
#[derive(Serialize, Deserialize)]
struct Rest {
    shown: Vec<RestOfShown>,
    faults: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct RestOfShown {
    entry: u32,
    findings: Vec<Finding>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    faults: Vec<String>,
}

impl LayerSbom {
    /// The record as bytes. The same record gives the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (mut body, mut lists) = (Writer::default(), Writer::default());
        body.number(self.entries.len() as u64);
        let mut before = "";
        for entry in &self.entries {
            body.entry(before, entry);
            before = &entry.path;
        }
        let shown = self.shown.iter().map(|shown| RestOfShown {
            entry: shown.entry,
            findings: shown.findings.iter().map(|f| lists.take_files(f)).collect(),
            faults: shown.faults.clone(),
        });
        let rest = Rest {
            shown: shown.collect(),
            faults: self.faults.clone(),
        };
        let json = serde_json::to_vec(&rest).expect("strings and numbers are always JSON");
        body.number(json.len() as u64);
        body.0.extend(json);
        body.0.extend(lists.0);
        let length = u32::try_from(body.0.len()).unwrap_or(u32::MAX);
        let mut bytes = head(self.has_declared, length).to_vec();
        bytes.extend(zstd::bulk::compress(&body.0, LEVEL).expect("there is memory for it"));
        bytes
    }

    /// Whether bytes begin as those do that [`from_bytes`](Self::from_bytes) reads.
    pub fn is_of_this_version(bytes: &[u8]) -> bool {
        bytes.starts_with(&head(false, 0)[..10])
    }

    /// Reads a record. `None` if another version of the format, or of the set of catalogers, wrote it, or
    /// if it is damaged: then it is to be made anew.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (start, packed) = bytes.split_at_checked(HEAD)?;
        let has_declared = start[10] != 0;
        let length = u32::from_be_bytes(start[11..].try_into().ok()?);
        if length > MAX_BODY || *start != head(has_declared, length) {
            return None;
        }
        let body = zstd::bulk::decompress(packed, length as usize).ok()?;
        let mut reader = Reader(&body);
        let entries = reader.entries()?;
        let json = reader.length()?;
        let rest: Rest = serde_json::from_slice(reader.take(json)?).ok()?;
        let mut shown = Vec::with_capacity(rest.shown.len());
        for mut one in rest.shown {
            if one.entry as usize >= entries.len() {
                return None;
            }
            for finding in &mut one.findings {
                reader.put_files(finding)?;
            }
            shown.push(Shown {
                entry: one.entry,
                findings: one.findings,
                faults: one.faults,
            });
        }
        reader.0.is_empty().then_some(Self {
            has_declared,
            entries,
            shown,
            faults: rest.faults,
        })
    }
}

fn head(has_declared: bool, length: u32) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[..4].copy_from_slice(MAGIC);
    head[4..6].copy_from_slice(&FORMAT.to_be_bytes());
    head[6..10].copy_from_slice(&CATALOGERS_VERSION.to_be_bytes());
    head[10] = u8::from(has_declared);
    head[11..].copy_from_slice(&length.to_be_bytes());
    head
}

/// Numbers are LEB128: seven bits a byte, the lowest first.
#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend(text.as_bytes());
    }

    /// A path that often begins as the one before.
    fn path(&mut self, before: &str, path: &str) {
        let pairs = before.bytes().zip(path.bytes());
        let mut shared = pairs.take_while(|(a, b)| a == b).count();
        while !path.is_char_boundary(shared) {
            shared -= 1;
        }
        self.number(shared as u64);
        self.text(&path[shared..]);
    }

    fn entry(&mut self, before: &str, entry: &LayerEntry) {
        self.path(before, &entry.path);
        match &entry.kind {
            EntryKind::Directory => self.number(0),
            EntryKind::File => self.number(1),
            EntryKind::Program(size) => {
                self.number(2);
                self.number(*size);
            }
            EntryKind::Symlink(text) => {
                self.number(3);
                self.text(text);
            }
            EntryKind::HardLink(target) => {
                self.number(4);
                self.text(target);
            }
            EntryKind::Whiteout => self.number(5),
            EntryKind::Opaque => self.number(6),
        }
    }

    /// Writes the files of a finding, and gives what is left of it.
    fn take_files(&mut self, finding: &Finding) -> Finding {
        match finding {
            Finding::Package(package) => {
                self.list(&package.files);
                Finding::Package(Box::new(package.without_files()))
            }
            Finding::Files { of, paths } => {
                self.list(paths);
                Finding::Files {
                    of: of.clone(),
                    paths: Vec::new(),
                }
            }
            Finding::Licences { .. } | Finding::Release(_) => finding.clone(),
        }
    }

    fn list(&mut self, paths: &[String]) {
        self.number(paths.len() as u64);
        let mut before = "";
        for path in paths {
            self.path(before, path);
            before = path;
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// A number of things of which each takes at least a byte of what is left.
    fn length(&mut self) -> Option<usize> {
        let length = usize::try_from(self.number()?).ok()?;
        (length <= self.0.len()).then_some(length)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.length()?;
        std::str::from_utf8(self.take(length)?).ok()
    }

    /// The path whose beginning stands in the one before.
    fn path(&mut self, before: &str) -> Option<String> {
        let shared = usize::try_from(self.number()?).ok()?;
        let rest = self.text()?;
        Some([before.get(..shared)?, rest].concat())
    }

    fn entries(&mut self) -> Option<Vec<LayerEntry>> {
        let count = self.length()?;
        let mut entries: Vec<LayerEntry> = Vec::with_capacity(count.min(MAX_RESERVED));
        for _ in 0..count {
            let before = entries.last().map_or("", |entry| &entry.path);
            let path = self.path(before)?.into();
            let kind = match self.number()? {
                0 => EntryKind::Directory,
                1 => EntryKind::File,
                2 => EntryKind::Program(self.number()?),
                3 => EntryKind::Symlink(self.text()?.into()),
                4 => EntryKind::HardLink(self.text()?.into()),
                5 => EntryKind::Whiteout,
                6 => EntryKind::Opaque,
                _ => return None,
            };
            entries.push(LayerEntry { path, kind });
        }
        Some(entries)
    }

    fn put_files(&mut self, finding: &mut Finding) -> Option<()> {
        let list = match finding {
            Finding::Package(package) => &mut package.files,
            Finding::Files { paths, .. } => paths,
            Finding::Licences { .. } | Finding::Release(_) => return Some(()),
        };
        let count = self.length()?;
        list.reserve(count.min(MAX_RESERVED));
        for _ in 0..count {
            let before = list.last().map_or("", String::as_str);
            let path = self.path(before)?;
            list.push(path);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Package, PackageKind, PackageRef};

    fn kinds() -> impl Strategy<Value = EntryKind> {
        prop_oneof![
            Just(EntryKind::Directory),
            Just(EntryKind::File),
            any::<u64>().prop_map(EntryKind::Program),
            "[a-c/é]{0,6}".prop_map(|text| EntryKind::Symlink(text.into())),
            "[a-c/é]{0,6}".prop_map(|text| EntryKind::HardLink(text.into())),
            Just(EntryKind::Whiteout),
            Just(EntryKind::Opaque),
        ]
    }

    fn findings() -> impl Strategy<Value = Finding> {
        let lists = || prop::collection::vec("[a-bé/]{0,5}", 0..5);
        let package = lists().prop_map(|files| {
            let mut package = Package::new(PackageKind::Apk, "musl", "1.2", "apk-db-cataloger");
            package.files = files;
            Finding::Package(Box::new(package))
        });
        let files = lists().prop_map(|paths| Finding::Files {
            of: PackageRef {
                kind: PackageKind::Deb,
                name: "libc6".to_owned(),
                architecture: Some("amd64".to_owned()),
                shown_in: None,
            },
            paths,
        });
        let release = Just(Finding::Release(crate::Release::default()));
        prop_oneof![package, files, release]
    }

    fn records() -> impl Strategy<Value = LayerSbom> {
        let entries = prop::collection::vec(("[a-c/éè]{0,8}", kinds()), 1..30);
        let shown = prop::collection::vec(
            (any::<u32>(), prop::collection::vec(findings(), 0..4)),
            0..6,
        );
        (entries, shown, any::<bool>()).prop_map(|(entries, shown, has_declared)| {
            let count = entries.len() as u32;
            let entries = entries.into_iter().map(|(path, kind)| LayerEntry {
                path: path.into(),
                kind,
            });
            let shown = shown.into_iter().map(|(entry, findings)| Shown {
                entry: entry % count,
                findings,
                faults: vec!["it ends early".to_owned()],
            });
            LayerSbom {
                has_declared,
                entries: entries.collect(),
                shown: shown.collect(),
                faults: vec!["x".to_owned()],
            }
        })
    }

    proptest! {
        #[test]
        fn a_record_comes_back_as_it_was(record in records()) {
            let bytes = record.to_bytes();
            prop_assert_eq!(&LayerSbom::from_bytes(&bytes), &Some(record));
        }

        #[test]
        fn damage_is_no_record_or_another_one(record in records(), at in any::<prop::sample::Index>(), bit in 0u8..8) {
            let mut bytes = record.to_bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= 1u8 << bit;
            let _ = LayerSbom::from_bytes(&bytes);
            let _ = LayerSbom::from_bytes(&bytes[..at]);
        }
    }

    #[test]
    fn a_record_of_another_version_is_not_used() {
        let bytes = LayerSbom::default().to_bytes();
        assert!(LayerSbom::from_bytes(&bytes).is_some());
        assert!(LayerSbom::is_of_this_version(&bytes));
        for at in [0, 5, 9] {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert_eq!(LayerSbom::from_bytes(&other), None, "byte {at}");
            assert!(!LayerSbom::is_of_this_version(&other), "byte {at}");
        }
    }

    #[test]
    fn hostile_bodies_are_refused() {
        let packed = |body: &[u8], length: u32| {
            let mut bytes = head(false, length).to_vec();
            bytes.extend(zstd::bulk::compress(body, LEVEL).unwrap());
            bytes
        };
        let table: &[(&[u8], &str)] = &[
            (&[0xff; 12], "a number without end"),
            (&[0xff, 0xff, 0xff, 0xff, 0x0f], "more entries than bytes"),
            (
                &[1, 5, 1, b'a', 0],
                "a beginning that the path before doesn't have",
            ),
            (&[1, 0, 1, b'a', 9], "an unknown kind"),
            (&[1, 0, 1, 0xff, 0, 0], "no UTF-8"),
            (&[0, 2, b'{', b'}'], "JSON of something else"),
        ];
        for (body, what) in table {
            let bytes = packed(body, body.len() as u32);
            assert_eq!(LayerSbom::from_bytes(&bytes), None, "{what}");
        }
        let rest = br#"{"shown":[{"entry":0,"findings":[]}],"faults":[]}"#;
        let body = [&[0, rest.len() as u8], &rest[..]].concat();
        assert_eq!(
            LayerSbom::from_bytes(&packed(&body, body.len() as u32)),
            None
        );
        assert_eq!(LayerSbom::from_bytes(&packed(&[0; 8], MAX_BODY + 1)), None);
        assert_eq!(
            LayerSbom::from_bytes(&packed(&[0; 800], 8)),
            None,
            "longer than it says"
        );
    }
}

//! What must hold for a database that somebody else made, for the fuzz target in `fuzz/`. Not part of the
//! library: there only for its tests and with the feature `fuzzing`.
//!
//! Checksums keep damage away, and not who computes them: a database comes from a registry. So all of them
//! are made right here, and what lies behind them is read.

use jiff::Timestamp;
use orlop_oci::ChainId;
use orlop_sbom::{Package, PackageKind};
use sha2::{Digest, Sha256};

use super::contents::{Contents, Ecosystem, Family, Section};
use super::packages::PackagesWriter;
use super::records::{Head, RecordsWriter, Text};
use super::{Database, DatabaseError, header};
use crate::{Question, Subject};

/// The first byte says what the rest is: `e`, the entries of a package; `h`, the head of a record; `b`, the
/// catalogue of base images; anything else, a whole file. Whatever it is, questions have the same answer twice, or an error.
pub fn databases(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else {
        return;
    };
    let made = match kind {
        b'e' => with_pieces(Some(rest), None),
        b'h' => with_pieces(None, Some(rest)),
        b'b' => Some(with_bases(rest)),
        _ => with_right_sums(rest),
    };
    let Some(bytes) = made else { return };
    let Ok(database) = Database::from_bytes(bytes) else {
        return;
    };
    assert_eq!(ask(&database).ok(), ask(&database).ok());
}

/// A database of one package with one record, where the bytes of the one or the other are given.
fn with_pieces(entries: Option<&[u8]>, head: Option<&[u8]>) -> Option<Vec<u8>> {
    // The first record of the first family; of any form; in its ranges; none, and one listed version.
    const ENTRY: &[u8] = &[0, 0, 0, 0, 0, 1, 1, b'1', 0, 0, 0, 0];
    let mut file = vec![0; header::LENGTH];
    let mut packages = PackagesWriter::new();
    packages.add("a", entries.unwrap_or(ENTRY)).ok()?;
    let (index, frames) = packages.finish().ok()?;
    let ecosystem = Ecosystem {
        name: "PyPI".into(),
        packages: 1,
        advisories: 1,
        index: Section::write_checked(&mut file, &index),
        frames: Section::write(&mut file, &frames),
        ..Ecosystem::default()
    };
    let mut records = RecordsWriter::new();
    let text = records.add_text(&Text::default()).ok()?;
    match head {
        Some(head) => records.add_bytes(head, text).ok()?,
        None => records.add(&Head::default(), text).ok()?,
    }
    let [index, heads, texts] = records.finish().ok()?;
    let family = Family {
        name: "PyPI".into(),
        records: 1,
        index: Section::write_checked(&mut file, &index),
        heads: Section::write(&mut file, &heads),
        texts: Section::write(&mut file, &texts),
    };
    let contents = Contents {
        ecosystems: vec![ecosystem],
        families: vec![family],
        epss: Section::write_checked(&mut file, &[]),
        kev: Section::write_checked(&mut file, &[]),
        ..Contents::default()
    };
    Some(header::write(file, &contents))
}

/// A database of nothing but a catalogue, whose bytes are given.
fn with_bases(bases: &[u8]) -> Vec<u8> {
    let mut file = vec![0; header::LENGTH];
    let contents = Contents {
        epss: Section::write_checked(&mut file, &[]),
        kev: Section::write_checked(&mut file, &[]),
        bases: Section::write_checked(&mut file, bases),
        base_images: 1,
        ..Contents::default()
    };
    header::write(file, &contents)
}

/// A file whose contents are where its header says, with every checksum as it should be.
fn with_right_sums(file: &[u8]) -> Option<Vec<u8>> {
    let offset = u64::from_le_bytes(file.get(24..32)?.try_into().ok()?);
    let offset = usize::try_from(offset).ok()?;
    if offset < header::LENGTH {
        return None;
    }
    let mut contents: Contents = serde_json::from_slice(file.get(offset..)?).ok()?;
    let ecosystems = contents.ecosystems.iter_mut().map(|it| &mut it.index);
    let families = contents.families.iter_mut().map(|it| &mut it.index);
    let others = [&mut contents.epss, &mut contents.kev, &mut contents.bases];
    for section in ecosystems.chain(families).chain(others) {
        if let Ok(bytes) = section.of(file) {
            section.sha256 = header::hex(&Sha256::digest(bytes));
        }
    }
    Some(header::write(file[..offset].to_vec(), &contents))
}

/// All that can be asked of it: ids and fixes, ranges, texts.
fn ask(database: &Database) -> Result<Vec<String>, DatabaseError> {
    database.verify()?;
    let kinds = [
        (PackageKind::Python, "a"),
        (PackageKind::Python, "paste"),
        (PackageKind::Cargo, "image"),
    ];
    let packages = kinds.map(|(kind, name)| Package::new(kind, name, "1", "fuzzing"));
    let subjects = [0, 1, 2].map(|at| Subject {
        package: &packages[at],
        is_owned_by_distribution: false,
    });
    let mut told = Vec::new();
    for as_of in [None, Some(Timestamp::UNIX_EPOCH)] {
        let answer = database.find(&Question {
            release: None,
            packages: &subjects,
            as_of,
            stale_before: as_of,
        })?;
        for found in &answer.findings {
            let Some(evidence) = found.evidence.first() else {
                panic!("nothing says so: {found:?}");
            };
            let text = database.text(evidence.record)?;
            told.push(format!("{found:?} {text:?}"));
        }
        told.push(format!("{:?} {:?}", answer.undecidable, answer.coverage));
    }
    for chain in chains(database) {
        told.push(format!("{:?}", database.base_images(&chain)?));
    }
    Ok(told)
}

/// The chains that a catalogue says it has, and one that no image has.
fn chains(database: &Database) -> Vec<ChainId> {
    let bytes = database.contents.bases.of(database.bytes());
    let rows = bytes.ok().and_then(|bytes| bytes.get(4..));
    let rows = rows.unwrap_or_default().chunks_exact(40).take(16);
    let named = rows.filter_map(|row| format!("sha256:{}", header::hex(&row[..32])).parse().ok());
    let chains = named.map(ChainId);
    chains
        .chain([ChainId(orlop_oci::Digest::of(b""))])
        .collect()
}

#[cfg(test)]
#[path = "../../../../fuzz/seeds.rs"]
mod seeds;

#[test]
fn databases_near_the_seeds() {
    seeds::replay("databases", 29, databases);
}

//! The security database of Alpine (secdb.alpinelinux.org), Wolfi and Chainguard.
//!
//! A document has the fixes of one repository of one release: package, version, ids. It gives no
//! dates. Ids are odd now and then: `CVE 2018-16859`, `CVE_2019-2426`, `CVE-2016-10013 XSA-204`,
//! `CVE-????-????? XSA-284`, `null` for all ids of a version; version `0` says that a package isn't
//! affected.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Feed, Sink};
use crate::{Advisory, Affected, Event, Form, Order, Range, RangeKind, State};

/// The most fixes (package, version and id) of one document. Alpine's largest has some ten thousand.
const FIXES: usize = 2_000_000;
/// The longest name, version or id, in bytes.
const NAME_LENGTH: usize = 512;

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    distroversion: Option<String>,
    #[serde(default)]
    urlprefix: Option<String>,
    #[serde(default)]
    apkurl: Option<String>,
    packages: Option<Vec<Entry>>,
}

#[derive(Deserialize)]
struct Entry {
    pkg: Fixes,
}

#[derive(Deserialize)]
struct Fixes {
    name: String,
    #[serde(default)]
    secfixes: Option<BTreeMap<String, Option<Vec<Option<String>>>>>,
}

/// Reads a document.
///
/// # Errors
///
/// A clause about the document.
pub(super) fn read(name: &str, json: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let document: Document = serde_json::from_slice(json)
        .map_err(|error| format!("it is no security database: {error}"))?;
    let ecosystem = ecosystem(&document)?;
    sink.covers(Feed::Secdb, &ecosystem);
    let mut faults: Vec<(String, String)> = Vec::new();
    let mut fixes: BTreeMap<Ids, BTreeMap<String, String>> = BTreeMap::new();
    let mut count = 0;
    for entry in document.packages.unwrap_or_default() {
        let package = entry.pkg.name;
        for (version, ids) in entry.pkg.secfixes.unwrap_or_default() {
            let ids = ids.unwrap_or_default();
            if package.is_empty() || package.len() + version.len() > NAME_LENGTH {
                faults.push((
                    name.to_owned(),
                    "a package has no name, or too long a one".into(),
                ));
                continue;
            }
            for id in ids.iter().flatten() {
                count += 1;
                if count > FIXES {
                    return Err(format!("it has more than {FIXES} fixes"));
                }
                match Ids::parse(id) {
                    Some(ids) => newest(fixes.entry(ids).or_default(), &package, &version),
                    None => faults.push((name.to_owned(), format!("{package} has the id {id:?}"))),
                }
            }
        }
    }
    for (record, what) in faults {
        sink.fault(&record, what);
    }
    for (ids, packages) in fixes {
        sink.advisory(Feed::Secdb, advisory(ids, packages, &ecosystem));
    }
    Ok(())
}

/// Of several versions that fix one fault, the newest counts: the fixes before it weren't whole.
fn newest(packages: &mut BTreeMap<String, String>, package: &str, version: &str) {
    let Some(known) = packages.get_mut(package) else {
        packages.insert(package.to_owned(), version.to_owned());
        return;
    };
    let newer = match Order::Apk.compare(version, known) {
        Ok(order) => order == Ordering::Greater,
        Err(_) => !Order::Apk.is_valid(known),
    };
    if newer {
        version.clone_into(known);
    }
}

fn advisory(ids: Ids, packages: BTreeMap<String, String>, ecosystem: &str) -> Advisory {
    let affected = packages.into_iter().map(|(package, version)| {
        let (state, ranges) = match version.as_str() {
            "0" => (State::NotAffected, Vec::new()),
            _ => {
                let events = vec![Event::Introduced("0".into()), Event::Fixed(version)];
                let kind = RangeKind::Ecosystem;
                (State::Ranges, vec![Range { kind, events }])
            }
        };
        Affected {
            ecosystem: ecosystem.to_owned(),
            package,
            form: Form::Source,
            state,
            ranges,
            ..Affected::default()
        }
    });
    Advisory {
        affected: affected.collect(),
        id: ids.id,
        related: ids.related,
        ..Advisory::default()
    }
}

/// What one string of ids names.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Ids {
    id: String,
    /// Other ids beside it. `XSA-201` stands beside four CVEs, so it is no alias of any.
    related: Vec<String>,
}

impl Ids {
    fn parse(text: &str) -> Option<Self> {
        if text.len() > NAME_LENGTH {
            return None;
        }
        let text = text.replace("CVE ", "CVE-").replace("CVE_", "CVE-");
        let mut ids: Vec<&str> = text
            .split(|letter: char| letter.is_whitespace() || matches!(letter, ',' | '(' | ')'))
            .filter(|word| is_id(word))
            .collect();
        let cve = ids.iter().position(|id| id.starts_with("CVE-"));
        let first = cve.or(if ids.is_empty() { None } else { Some(0) })?;
        let id = ids.remove(first).to_owned();
        let related = ids.into_iter().map(str::to_owned).collect();
        Some(Self { id, related })
    }
}

/// `CVE-2019-1543`, `XSA-207`, `GHSA-xxxx-xxxx-xxxx`, and not `CVE-????-?????`.
fn is_id(word: &str) -> bool {
    let Some((prefix, rest)) = word.split_once('-') else {
        return false;
    };
    let plain = |text: &str| {
        let mut bytes = text.bytes();
        !text.is_empty()
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte))
    };
    let letters = prefix.bytes().all(|byte| byte.is_ascii_alphanumeric());
    letters && !prefix.is_empty() && plain(rest)
}

/// Whose database it is: the documents of Wolfi and Chainguard have no release.
fn ecosystem(document: &Document) -> Result<String, String> {
    let urls = [&document.urlprefix, &document.apkurl];
    let says = |word: &str| {
        urls.iter()
            .any(|url| url.as_ref().is_some_and(|url| url.contains(word)))
    };
    if says("wolfi") {
        return Ok("Wolfi".into());
    }
    if says("cgr.dev") || says("chainguard") {
        return Ok("Chainguard".into());
    }
    match document.distroversion.as_deref() {
        Some(version) if !version.is_empty() && version.len() <= NAME_LENGTH => {
            Ok(format!("Alpine:{version}"))
        }
        _ => Err("it doesn't say which distribution and release it is of".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_ids_are_read_as_they_are_meant() {
        for (text, id, related) in [
            ("CVE-2019-1543", Some("CVE-2019-1543"), vec![]),
            ("CVE 2018-16859", Some("CVE-2018-16859"), vec![]),
            (
                "CVE-2016-10013 XSA-204",
                Some("CVE-2016-10013"),
                vec!["XSA-204"],
            ),
            (
                "CVE-2018-3639   XSA-263",
                Some("CVE-2018-3639"),
                vec!["XSA-263"],
            ),
            ("CVE-????-?????  XSA-284", Some("XSA-284"), vec![]),
            ("XSA-207", Some("XSA-207"), vec![]),
            ("", None, vec![]),
            ("none", None, vec![]),
        ] {
            let ids = Ids::parse(text);
            assert_eq!(ids.as_ref().map(|ids| ids.id.as_str()), id, "{text}");
            assert_eq!(
                ids.map(|ids| ids.related).unwrap_or_default(),
                related,
                "{text}"
            );
        }
    }
}

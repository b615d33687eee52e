//! Python packages that are installed: what pip, uv, setuptools and distributions leave of them
//! ("Recording installed projects"; "Core metadata specifications").

use super::bounds::{LIST, Listing, MANIFEST, read_text};
use super::fields::{Stanza, first_stanza};
use super::path::{folder, join};
use crate::{
    Cataloger, Content, Fault, FileInfo, Finding, Found, Package, PackageKind, PackageRef,
};

const NAME: &str = "python-installed-package-cataloger";

/// Characters of a `License` that is taken for a name; a longer one is a text.
const LICENCE: usize = 120;

/// Reads Python packages that are installed.
pub(crate) struct Python;

/// What a file is to a package.
enum Part {
    /// Its name, version, licence.
    Metadata,
    /// Its files, as CSV.
    Record,
    /// Its files, one a line.
    Files,
}

fn part(path: &str) -> Option<Part> {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    match name {
        "METADATA" if has_end(parent, ".dist-info") => Some(Part::Metadata),
        "RECORD" if has_end(parent, ".dist-info") => Some(Part::Record),
        "PKG-INFO" if is_egg(parent) => Some(Part::Metadata),
        "installed-files.txt" if has_end(parent, ".egg-info") => Some(Part::Files),
        name if has_end(name, ".egg-info") => Some(Part::Metadata),
        _ => None,
    }
}

fn is_egg(folder: &str) -> bool {
    has_end(folder, ".egg-info") || has_end(folder, "/EGG-INFO")
}

fn has_end(text: &str, end: &str) -> bool {
    let start = text.len().checked_sub(end.len());
    let tail = start.and_then(|start| text.get(start..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

impl Cataloger for Python {
    fn name(&self) -> &'static str {
        NAME
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        part(file.path).is_some()
    }

    fn catalog(
        &self,
        file: &FileInfo<'_>,
        content: &dyn Content,
        found: &mut Found,
    ) -> Result<(), Fault> {
        let mut listing = Listing::new(found);
        match part(file.path) {
            Some(Part::Metadata) => {
                let text = read_text(content, MANIFEST)?;
                let (head, _) = first_stanza(&text);
                listing.package(package(&head))?;
            }
            Some(Part::Record) => {
                let text = read_text(content, LIST)?;
                files(file.path, text.lines().filter_map(record), &mut listing);
            }
            Some(Part::Files) => {
                let text = read_text(content, LIST)?;
                files(file.path, text.lines().map(str::to_owned), &mut listing);
            }
            None => {}
        }
        listing.finish();
        Ok(())
    }
}

/// A name as it is compared (PEP 503): in lower case, one `-` for each run of `-`, `_` and `.`.
pub(super) fn normalised(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for character in name.trim().chars() {
        match character {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            other => normal.push(other.to_ascii_lowercase()),
        }
    }
    normal
}

fn package(head: &Stanza<'_>) -> Package {
    let get = |name| {
        head.get(name)
            .filter(|value| !matches!(*value, "" | "UNKNOWN"))
    };
    let name = normalised(get("Name").unwrap_or_default());
    let version = get("Version").unwrap_or_default();
    let mut package = Package::new(PackageKind::Python, name, version, NAME);
    let people = ["Author", "Author-email", "Maintainer", "Maintainer-email"];
    package.maintainer = people.iter().find_map(|name| get(name)).map(str::to_owned);
    package.licences = licences(head);
    package
}

/// An SPDX expression, else a name of a licence, else what the classifiers say.
fn licences(head: &Stanza<'_>) -> Vec<String> {
    let name = head.get("License").filter(|licence| {
        let is_name = licence.len() <= LICENCE && !licence.contains('\n');
        is_name && !matches!(*licence, "" | "UNKNOWN")
    });
    if let Some(licence) = head.get("License-Expression").or(name) {
        return vec![licence.to_owned()];
    }
    head.all("Classifier")
        .filter_map(|classifier| classifier.strip_prefix("License ::"))
        .filter_map(|licence| licence.rsplit("::").next())
        .map(|licence| licence.trim().to_owned())
        .filter(|licence| licence != "OSI Approved")
        .collect()
}

/// The path in a line of `RECORD`: `pip/__init__.py,sha256=…,357`, quoted where it has a comma.
fn record(line: &str) -> Option<String> {
    let Some(quoted) = line.strip_prefix('"') else {
        return Some(line.split(',').next()?.to_owned());
    };
    let mut path = String::new();
    let mut parts = quoted.split('"');
    path.push_str(parts.next()?);
    // Two quotes within quotes are one.
    let mut rest = parts.peekable();
    while let Some("") = rest.next() {
        let Some(more) = rest.next() else { break };
        path.push('"');
        path.push_str(more);
    }
    Some(path)
}

/// Paths of `RECORD` start from the folder that the package is installed in, those of
/// `installed-files.txt` from its own.
fn files(path: &str, lines: impl Iterator<Item = String>, listing: &mut Listing<'_>) {
    let own = folder(path);
    let stem = own.rsplit('/').next().unwrap_or_default();
    let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
    // No `-` is in an escaped name.
    let name = stem.split_once('-').map_or(stem, |(name, _)| name);
    let from = if path.ends_with("/RECORD") {
        folder(own)
    } else {
        own
    };
    let mut paths = Vec::new();
    for path in lines.filter_map(|line| join(from, &line)) {
        if !listing.path(&mut paths, path) {
            break;
        }
    }
    if paths.is_empty() || name.is_empty() {
        return;
    }
    let of = PackageRef {
        kind: PackageKind::Python,
        name: normalised(name),
        architecture: None,
        shown_in: Some(own.to_owned()),
    };
    listing.finding(Finding::Files { of, paths });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str, text: &str) -> Vec<Finding> {
        let file = FileInfo {
            path,
            size: 0,
            is_executable: false,
        };
        assert!(Python.wants(&file), "{path}");
        let mut found = Found::default();
        Python.catalog(&file, &text.as_bytes(), &mut found).unwrap();
        assert_eq!(found.faults, []);
        found.findings
    }

    fn package(path: &str, text: &str) -> Package {
        match &read(path, text)[..] {
            [Finding::Package(package)] => (**package).clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn names_are_compared_by_pep_503() {
        for (name, normal) in [
            ("Flask", "flask"),
            ("zope.interface", "zope-interface"),
            ("ruamel.yaml_clib", "ruamel-yaml-clib"),
            ("a-_.b", "a-b"),
            ("jaraco.context ", "jaraco-context"),
        ] {
            assert_eq!(normalised(name), normal);
        }
    }

    #[test]
    fn metadata_has_name_version_and_licence() {
        let path = "usr/lib/python3/dist-packages/typing_extensions-4.4.0.dist-info/METADATA";
        let text = "Metadata-Version: 2.1\nName: typing_extensions\nVersion: 4.4.0\nSummary: x\nAuthor-email: \"Guido van Rossum\" <levkivskyi@gmail.com>\nClassifier: License :: OSI Approved :: Python Software Foundation License\nClassifier: Programming Language :: Python\n\n# Text\nVersion: 9\n";
        let package = package(path, text);
        assert_eq!(package.name, "typing-extensions");
        assert_eq!(package.version, "4.4.0");
        assert_eq!(package.licences, ["Python Software Foundation License"]);
        let keeper = "\"Guido van Rossum\" <levkivskyi@gmail.com>";
        assert_eq!(package.maintainer.as_deref(), Some(keeper));
    }

    #[test]
    fn licences_of_three_kinds() {
        let path = "a/x.egg-info/PKG-INFO";
        for (fields, licences) in [
            (
                "License-Expression: MIT OR Apache-2.0\nLicense: x",
                &["MIT OR Apache-2.0"][..],
            ),
            ("License: BSD-3-Clause", &["BSD-3-Clause"]),
            (
                "License: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License",
                &["MIT License"],
            ),
            (
                "License: Copyright\n        All rights\nClassifier: License :: Public Domain",
                &["Public Domain"],
            ),
            ("Classifier: License :: OSI Approved", &[]),
        ] {
            let package = package(path, &format!("Name: x\nVersion: 1\n{fields}\n"));
            assert_eq!(package.licences, licences, "{fields}");
        }
    }

    #[test]
    fn a_record_gives_files_from_the_folder_above() {
        let path = "opt/venv/lib/python3.11/site-packages/zope.interface-6.0.dist-info/RECORD";
        let text = "../../../bin/x,sha256=a,213\nzope/__init__.py,sha256=b,1\n\"zope/a,\"\"b\"\".py\",,\n/usr/share/x,,\n../../../../../../x,,\n";
        let findings = read(path, text);
        let [Finding::Files { of, paths }] = &findings[..] else {
            panic!("{findings:?}");
        };
        assert_eq!(of.name, "zope-interface");
        let site = "opt/venv/lib/python3.11/site-packages";
        let own = format!("{site}/zope.interface-6.0.dist-info");
        assert_eq!(of.shown_in.as_ref(), Some(&own));
        assert_eq!(
            paths,
            &[
                "opt/venv/bin/x".to_owned(),
                format!("{site}/zope/__init__.py"),
                format!("{site}/zope/a,\"b\".py"),
                "usr/share/x".to_owned(),
            ]
        );
    }

    #[test]
    fn files_of_an_egg() {
        let path = "usr/lib/python3/dist-packages/six.egg-info/installed-files.txt";
        let findings = read(path, "../six.py\nPKG-INFO\n");
        let [Finding::Files { of, paths }] = &findings[..] else {
            panic!("{findings:?}");
        };
        assert_eq!(of.name, "six");
        let site = "usr/lib/python3/dist-packages";
        assert_eq!(
            paths,
            &[
                format!("{site}/six.py"),
                format!("{site}/six.egg-info/PKG-INFO")
            ]
        );
    }

    #[test]
    fn all_forms_are_wanted_and_nothing_else() {
        for (path, wanted) in [
            ("a/b-1.dist-info/METADATA", true),
            ("a/b-1.egg/EGG-INFO/PKG-INFO", true),
            (
                "usr/lib/python3/dist-packages/PyGObject-3.42.egg-info",
                true,
            ),
            ("a/PKG-INFO", false),
            ("a/b-1.dist-info/WHEEL", false),
            ("METADATA", false),
        ] {
            let file = FileInfo {
                path,
                size: 0,
                is_executable: false,
            };
            assert_eq!(Python.wants(&file), wanted, "{path}");
        }
    }
}

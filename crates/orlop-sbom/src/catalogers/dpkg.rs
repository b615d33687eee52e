//! Packages of Debian, Ubuntu and what is made like them: dpkg's database (deb822(5), dpkg(1)), its
//! parts in distroless images (`status.d`), and opkg's, which has the same form.
//!
//! A package, its files and its licences stand in files of their own; they are joined by its name.

mod copyright;

use super::bounds::{DATABASE, LIST, Listing, licences, read_text};
use super::fields::{Stanza, stanzas};
use super::path::join;
use crate::{
    Cataloger, Content, Fault, FileInfo, Finding, Found, Package, PackageKind, PackageRef,
    SourcePackage,
};

const NAME: &str = "dpkg-db-cataloger";

/// The database, and opkg's.
const DATABASES: &[&str] = &[
    "var/lib/dpkg/status",
    "usr/lib/opkg/status",
    "var/lib/opkg/status",
];

/// What else `status.d` has beside the packages.
const BESIDE: &[&str] = &[
    "md5sums",
    "list",
    "conffiles",
    "preinst",
    "postinst",
    "prerm",
    "postrm",
    "triggers",
    "shlibs",
    "symbols",
    "templates",
    "config",
];

/// Reads dpkg's database and what belongs to it.
pub(crate) struct Dpkg;

/// What a file is to dpkg.
enum Part<'a> {
    /// Packages.
    Status,
    /// A package's files: one a line.
    List(&'a str),
    /// A package's files: one a line after its MD5 sum.
    Sums(&'a str),
    /// A package's licences.
    Copyright(&'a str),
}

fn part<'a>(path: &'a str) -> Option<Part<'a>> {
    if DATABASES.contains(&path) {
        return Some(Part::Status);
    }
    if let Some(name) = path.strip_prefix("usr/share/doc/") {
        let name = name.strip_suffix("/copyright")?;
        return (!name.contains('/')).then_some(Part::Copyright(name));
    }
    let path = path.strip_prefix("var/lib/dpkg/")?;
    if let Some(name) = path.strip_prefix("info/") {
        return name.strip_suffix(".list").map(Part::List);
    }
    let name = path.strip_prefix("status.d/")?;
    if let Some(name) = name.strip_suffix(".md5sums") {
        return Some(Part::Sums(name));
    }
    let is_beside = name
        .rsplit_once('.')
        .is_some_and(|(_, end)| BESIDE.contains(&end));
    (!is_beside && !name.contains('/')).then_some(Part::Status)
}

impl Cataloger for Dpkg {
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
        match part(file.path) {
            Some(Part::Status) => status(&read_text(content, DATABASE)?, found),
            Some(Part::List(name)) => {
                list(name, &read_text(content, LIST)?, found);
                Ok(())
            }
            Some(Part::Sums(name)) => {
                sums(name, &read_text(content, LIST)?, found);
                Ok(())
            }
            Some(Part::Copyright(name)) => {
                let licences =
                    licences(copyright::licences(&read_text(content, copyright::BOUND)?));
                if !licences.is_empty() {
                    let of = package_ref(name);
                    found.findings.push(Finding::Licences { of, licences });
                }
                Ok(())
            }
            None => Ok(()),
        }
    }
}

fn status(text: &str, found: &mut Found) -> Result<(), Fault> {
    let mut listing = Listing::new(found);
    for stanza in stanzas(text) {
        if !has_files(stanza.get("Status")) {
            continue;
        }
        listing.package(package(&stanza))?;
    }
    listing.finish();
    Ok(())
}

/// Whether a package of this state (dpkg(1), "Package states") has its files in the system. In
/// `status.d` none has a state: what is there is installed.
fn has_files(status: Option<&str>) -> bool {
    let Some(status) = status else {
        return true;
    };
    matches!(
        status.split_whitespace().nth(2),
        Some(
            "installed" | "unpacked" | "half-configured" | "triggers-awaited" | "triggers-pending"
        )
    )
}

fn package(stanza: &Stanza<'_>) -> Package {
    let get = |name| stanza.get(name).unwrap_or_default();
    let version = get("Version");
    let mut package = Package::new(PackageKind::Deb, get("Package"), version, NAME);
    package.architecture = stanza.get("Architecture").map(str::to_owned);
    package.maintainer = stanza.get("Maintainer").map(str::to_owned);
    // opkg alone has it here.
    package.licences = stanza
        .get("License")
        .map(str::to_owned)
        .into_iter()
        .collect();
    package.source = stanza.get("Source").map(|source| {
        // `glibc (2.36-9)`: a version only where it is another than the package's.
        let (name, source_version) = match source.split_once('(') {
            Some((name, rest)) => (name, rest.split(')').next().unwrap_or_default()),
            None => (source, version),
        };
        SourcePackage {
            name: name.trim().to_owned(),
            version: source_version.trim().to_owned(),
        }
    });
    package
}

/// `libc6:amd64`, or `adduser`.
fn package_ref(name: &str) -> PackageRef {
    let (name, architecture) = match name.split_once(':') {
        Some((name, architecture)) => (name, Some(architecture.to_owned())),
        None => (name, None),
    };
    PackageRef {
        kind: PackageKind::Deb,
        name: name.to_owned(),
        architecture,
        shown_in: None,
    }
}

/// Absolute paths, folders among them, each of which stands before what is in it.
fn list(name: &str, text: &str, found: &mut Found) {
    let lines: Vec<&str> = text.lines().collect();
    let paths = lines.iter().enumerate().filter(|(at, line)| {
        let inside = lines.get(at + 1).and_then(|next| next.strip_prefix(**line));
        !inside.is_some_and(|inside| inside.starts_with('/')) && **line != "/."
    });
    files(name, paths.map(|(_, line)| *line), found);
}

/// `d41d8cd98f00b204e9800998ecf8427e  usr/bin/true`
fn sums(name: &str, text: &str, found: &mut Found) {
    let paths = text
        .lines()
        .filter_map(|line| line.split_once(' ').map(|(_, path)| path.trim_start()));
    files(name, paths, found);
}

fn files<'a>(name: &str, lines: impl Iterator<Item = &'a str>, found: &mut Found) {
    let mut listing = Listing::new(found);
    let mut paths = Vec::new();
    for path in lines.filter_map(|line| join("", line)) {
        if !listing.path(&mut paths, path) {
            break;
        }
    }
    if !paths.is_empty() {
        let of = package_ref(name);
        listing.finding(Finding::Files { of, paths });
    }
    listing.finish();
}

#[cfg(test)]
mod tests;

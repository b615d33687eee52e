//! Java archives and runtimes.

mod archive;
mod manifest;
mod maven;
mod names;
mod runtime;

use self::archive::{Archive, Budget, Entry, Nested, Part};
use self::manifest::Manifest;
use self::maven::{Pom, pom_properties, pom_xml};
pub(super) use self::runtime::JavaRuntimes;
use super::bounds::Listing;
use crate::{Cataloger, Content, Fault, FileInfo, Found, Package, PackageKind};

const NAME: &str = "java-archive-cataloger";

/// How archives of Java are called: jars, applications and their plugins.
const ENDINGS: &[&str] = &[
    "jar", "war", "ear", "par", "sar", "nar", "jpi", "hpi", "kar", "far", "lpkg", "rar", "zap",
];

/// How deep jars in jars are opened.
const MAX_DEPTH: usize = 5;
/// How many bytes a manifest or a description by Maven may have.
const MAX_DESCRIPTION: u64 = 4 << 20;

/// The artifacts in Java archives, and in archives in them.
///
/// An archive is named by the `pom.properties` that fits its file name, else by a `pom.xml` if it has one
/// only, else by its file name and its manifest. Other `pom.properties` in it are artifacts that were
/// merged into it. A group that nothing tells is left out of the name.
#[derive(Clone, Copy, Debug)]
pub(super) struct JavaArchives;

impl Cataloger for JavaArchives {
    fn name(&self) -> &'static str {
        NAME
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        file.size > 0 && is_archive(file.name())
    }

    fn catalog(
        &self,
        file: &FileInfo<'_>,
        content: &dyn Content,
        found: &mut Found,
    ) -> Result<(), Fault> {
        if !is_zip(content)? {
            return Ok(());
        }
        let mut reading = Reading {
            budget: Budget::new(),
            inside: Vec::new(),
            listing: Listing::new(found),
        };
        reading.archive(file.name(), content)
    }
}

fn is_archive(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    ENDINGS
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
}

/// Whether it begins as a zip archive, or as a script that runs the archive after it (Spring Boot). RAR
/// archives, sound fonts and others share the endings of file names.
fn is_zip(content: &dyn Content) -> Result<bool, Fault> {
    let mut start = [0; 4];
    let length = super::program::read_up_to(content, 0, &mut start)?;
    let start = &start[..length];
    Ok([b"PK\x03\x04".as_slice(), b"PK\x05\x06", b"#!", b"MZ"]
        .iter()
        .any(|mark| start.starts_with(mark)))
}

struct Reading<'a> {
    budget: Budget,
    /// The archives in which the one lies that is read.
    inside: Vec<String>,
    listing: Listing<'a>,
}

impl Reading<'_> {
    /// Reads an archive and those in it.
    fn archive(&mut self, file: &str, content: &dyn Content) -> Result<(), Fault> {
        let archive = Archive::read(content, is_of_use)?;
        let described = self.described(&archive);
        for package in packages(file, &described) {
            self.add(package)?;
        }
        let nested = archive
            .entries
            .iter()
            .filter(|entry| is_archive(&entry.name));
        for entry in nested {
            self.inside.push(entry.name.clone());
            if let Err(fault) = self.nested(&archive, entry, content) {
                self.tell(&fault);
            }
            self.inside.pop();
        }
        Ok(())
    }

    fn nested(
        &mut self,
        archive: &Archive<'_>,
        entry: &Entry,
        content: &dyn Content,
    ) -> Result<(), Fault> {
        if self.inside.len() > MAX_DEPTH {
            return Err(Fault::new(format!(
                "archives in archives are read {MAX_DEPTH} deep"
            )));
        }
        let file = entry.name.rsplit('/').next().unwrap_or_default();
        match archive.open(entry, &mut self.budget)? {
            Nested::Stored(range) => self.archive(file, &Part { content, range }),
            Nested::Unpacked(bytes) => {
                let result = self.archive(file, &bytes.as_slice());
                self.budget.release(bytes.len());
                result
            }
        }
    }

    /// Reads what describes an archive. What is damaged is told and left out.
    fn described(&mut self, archive: &Archive<'_>) -> Described {
        let mut described = Described::default();
        for entry in &archive.entries {
            let name = entry.name.as_str();
            if is_archive(name) {
                continue;
            }
            let bytes = match archive.unpack(entry, MAX_DESCRIPTION, &mut self.budget) {
                Ok(bytes) => bytes,
                Err(fault) => {
                    self.tell(&fault);
                    continue;
                }
            };
            if is_manifest(name) {
                let manifest = &mut described.manifest;
                manifest.get_or_insert_with(|| Manifest::parse(&bytes));
            } else if name.ends_with(".properties") {
                described.properties.extend(pom_properties(&bytes));
            } else {
                described.projects.extend(pom_xml(&bytes));
            }
        }
        described
    }

    /// Notes a fault of the archive that is read.
    fn tell(&mut self, fault: &Fault) {
        let way = self.inside.join(", in it ");
        let fault = match way.as_str() {
            "" => fault.clone(),
            way => Fault::new(format!("in {way}: {fault}")),
        };
        self.listing.fault(fault);
    }

    fn add(&mut self, mut package: Package) -> Result<(), Fault> {
        package.inside.clone_from(&self.inside);
        self.listing.program(package)
    }
}

fn is_manifest(name: &str) -> bool {
    name.eq_ignore_ascii_case("META-INF/MANIFEST.MF")
}

fn is_of_use(name: &str) -> bool {
    let of_maven = || {
        let is_named = name.ends_with("/pom.properties") || name.ends_with("/pom.xml");
        is_named && name.contains("META-INF/maven/")
    };
    is_archive(name) || is_manifest(name) || of_maven()
}

/// What an archive says of itself.
#[derive(Debug, Default)]
struct Described {
    manifest: Option<Manifest>,
    /// By `pom.properties`.
    properties: Vec<Pom>,
    /// By `pom.xml`.
    projects: Vec<Pom>,
}

impl Described {
    /// The one that describes the archive itself.
    fn main(&self, file: &str) -> Option<Pom> {
        let (name, _) = names::in_file_name(file);
        let artifacts = || self.properties.iter();
        let exact = artifacts().find(|pom| pom.artifact == name);
        let alike = || {
            let is_alike =
                |pom: &&Pom| pom.artifact.starts_with(name) || name.ends_with(&pom.artifact);
            artifacts().filter(|_| !name.is_empty()).find(is_alike)
        };
        let main = exact.or_else(alike);
        let only = match (&self.properties[..], &self.projects[..]) {
            ([], [project]) => Some(project),
            _ => None,
        };
        main.or(only).cloned()
    }

    fn licences(&self, pom: &Pom) -> Vec<String> {
        let is_it = |other: &Pom| other.artifact == pom.artifact && other.group == pom.group;
        let project = self.projects.iter().find(|other| is_it(other));
        project
            .map(|project| project.licences.clone())
            .unwrap_or_default()
    }
}

/// The packages of an archive without those of archives in it: itself first.
fn packages(file: &str, described: &Described) -> Vec<Package> {
    let main = described.main(file);
    let mut packages = Vec::new();
    let none = Manifest::default();
    let manifest = described.manifest.as_ref().unwrap_or(&none);
    // Agents that weave into an application are named like what they weave into.
    let is_other = manifest.get("Weave-Classes").is_some();
    let has_version = || !names::in_file_name(file).1.is_empty();
    let is_named = main.is_some() || described.manifest.is_some() || has_version();
    if !is_other && is_named {
        packages.extend(itself(file, described, manifest, main.as_ref()));
    }
    for pom in &described.properties {
        if main.as_ref() != Some(pom) {
            let licences = described.licences(pom);
            packages.push(package(&pom.group, &pom.artifact, &pom.version, licences));
        }
    }
    packages
}

fn itself(
    file: &str,
    described: &Described,
    manifest: &Manifest,
    main: Option<&Pom>,
) -> Option<Package> {
    let main = main.cloned().unwrap_or_default();
    let or = |value: &str, other: &dyn Fn() -> String| match value {
        "" => other(),
        value => value.to_owned(),
    };
    let artifact = or(&main.artifact, &|| names::artifact(manifest, file));
    let version = or(&main.version, &|| names::version(manifest, file));
    let group = or(&main.group, &|| names::group(manifest, &artifact));
    if artifact.is_empty() {
        return None;
    }
    let mut licences = main.licences.clone();
    if licences.is_empty() {
        licences = described.licences(&main);
    }
    if licences.is_empty() {
        let declared = manifest.first(&["Bundle-License", "Plugin-License-Name"]);
        licences.extend(declared.map(str::to_owned));
    }
    Some(package(&group, &artifact, &version, licences))
}

fn package(group: &str, artifact: &str, version: &str, licences: Vec<String>) -> Package {
    let name = if group.is_empty() {
        artifact.to_owned()
    } else {
        format!("{group}:{artifact}")
    };
    let mut package = Package::new(PackageKind::Java, name, version, NAME);
    package.licences = licences;
    package
}

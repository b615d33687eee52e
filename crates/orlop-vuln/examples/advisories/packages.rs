//! Packages to ask about: those that feeds speak of.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::Date;
use orlop_sbom::{Package, PackageKind};
use orlop_vuln::feeds::{EpssScore, Feed, Sink, read_path};
use orlop_vuln::{Advisory, Event};

/// So many packages that the feeds at these paths speak of.
pub(crate) fn packages_of(paths: &[&str], count: usize) -> Vec<Package> {
    let mut names = Names::default();
    for path in paths {
        read_path(Path::new(path), &mut names).unwrap();
    }
    names.packages(count)
}

/// The packages that feeds speak of, by ecosystem and name, with the version that fixes the last advisory
/// about each: some older ones apply to it, most don't.
#[derive(Default)]
struct Names(BTreeMap<(String, String), String>);

impl Names {
    /// So many packages of all ecosystems. Where there are fewer, some come in several versions.
    fn packages(&self, count: usize) -> Vec<Package> {
        let known: Vec<(PackageKind, &str, &str)> = self
            .0
            .iter()
            .filter_map(|((ecosystem, name), version)| {
                Some((kind(ecosystem)?, name.as_str(), version.as_str()))
            })
            .collect();
        let mut packages = Vec::with_capacity(count);
        for round in 0.. {
            for (kind, name, version) in &known {
                if packages.len() == count {
                    return packages;
                }
                let version = match round {
                    0 => (*version).to_owned(),
                    round => format!("{version}.{round}"),
                };
                packages.push(Package::new(*kind, *name, version, "example"));
            }
            if known.is_empty() {
                break;
            }
        }
        packages
    }
}

/// The kind of the packages that a release of Debian, or a language, has.
fn kind(ecosystem: &str) -> Option<PackageKind> {
    Some(match ecosystem {
        "Debian:11" => PackageKind::Deb,
        "PyPI" => PackageKind::Python,
        "npm" => PackageKind::Npm,
        "crates.io" => PackageKind::Cargo,
        "Go" => PackageKind::Go,
        "Maven" => PackageKind::Java,
        "RubyGems" => PackageKind::Gem,
        "Packagist" => PackageKind::Composer,
        "NuGet" => PackageKind::Nuget,
        _ => return None,
    })
}

impl Sink for Names {
    fn advisory(&mut self, _: Feed, advisory: Advisory) {
        for affected in advisory.affected {
            let events = affected.ranges.into_iter().flat_map(|range| range.events);
            let mut fixes = events.filter_map(|event| match event {
                Event::Fixed(version) => Some(version),
                _ => None,
            });
            if let Some(fix) = fixes.next_back() {
                self.0.insert((affected.ecosystem, affected.package), fix);
            }
        }
    }

    fn covers(&mut self, _: Feed, _: &str) {}

    fn score(&mut self, _: &str, _: EpssScore) {}

    fn exploited(&mut self, _: &str, _: Date) {}

    fn base_image(&mut self, _: orlop_vuln::BaseImage) {}

    fn dated(&mut self, _: Feed, _: Date) {}

    fn fault(&mut self, _: &str, _: String) {}
}

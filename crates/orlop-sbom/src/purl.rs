//! Package URLs (purl-spec, PURL-TYPES.rst), with the qualifiers that syft writes for distributions:
//! `pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12&upstream=glibc`.

use std::str::FromStr as _;

use packageurl::PackageUrl;

use crate::{Package, PackageKind, Release, SourcePackage};

/// The package URL of a package in an image of this release; empty where the rules allow none.
pub fn purl(package: &Package, release: Option<&Release>) -> String {
    build(package, release).map_or(String::new(), |url| url.to_string())
}

fn build(package: &Package, release: Option<&Release>) -> Option<PackageUrl<'static>> {
    let kind = package.kind;
    let (namespace, name) = split_name(package, release);
    let mut url = PackageUrl::new(kind.purl_type(), name).ok()?;
    if !namespace.is_empty() {
        url.with_namespace(namespace).ok()?;
    }
    let (epoch, version) = split_epoch(kind, &package.version);
    if !version.is_empty() {
        url.with_version(version.to_owned()).ok()?;
    }
    if let Some(epoch) = epoch {
        url.add_qualifier("epoch", epoch.to_owned()).ok()?;
    }
    if kind.is_of_distribution() {
        if let Some(architecture) = &package.architecture {
            url.add_qualifier("arch", architecture.clone()).ok()?;
        }
        if let Some(distro) = release.and_then(distro) {
            url.add_qualifier("distro", distro).ok()?;
        }
        if let Some(upstream) = upstream(package) {
            url.add_qualifier("upstream", upstream).ok()?;
        }
    }
    Some(url)
}

/// Namespace, which may be empty, and name.
fn split_name(package: &Package, release: Option<&Release>) -> (String, String) {
    let name = package.name.as_str();
    let split = match package.kind {
        kind if kind.is_of_distribution() => Some((release.map_or("", |r| &r.id), name)),
        PackageKind::Npm => name.split_once('/').filter(|_| name.starts_with('@')),
        PackageKind::Java => name.split_once(':'),
        PackageKind::Go | PackageKind::Composer => name.rsplit_once('/'),
        _ => None,
    };
    let (namespace, name) = split.unwrap_or(("", name));
    (namespace.to_owned(), name.to_owned())
}

/// An RPM's epoch is a qualifier.
fn split_epoch(kind: PackageKind, version: &str) -> (Option<&str>, &str) {
    match version.split_once(':') {
        Some((epoch, version)) if kind == PackageKind::Rpm && is_epoch(epoch) => {
            (Some(epoch), version)
        }
        _ => (None, version),
    }
}

fn is_epoch(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `debian-12`, `arch`.
fn distro(release: &Release) -> Option<String> {
    match (release.id.as_str(), release.version.as_str()) {
        ("", _) => None,
        (id, "") => Some(id.to_owned()),
        (id, version) => Some(format!("{id}-{version}")),
    }
}

/// The source package: its name, and its version where that is another one.
fn upstream(package: &Package) -> Option<String> {
    let source = package.source.as_ref()?;
    let (name, version) = (&source.name, &source.version);
    if package.kind == PackageKind::Rpm {
        let (_, version) = split_epoch(PackageKind::Rpm, version);
        return Some(format!("{name}-{version}.src.rpm"));
    }
    if package.version == *version || version.is_empty() {
        return (*name != package.name).then(|| name.clone());
    }
    Some(format!("{name}@{version}"))
}

/// What a package URL says: the package, as far as it tells, and the release that it is of.
pub fn read_purl(text: &str, found_by: &str) -> Option<(Package, Option<Release>)> {
    let url = PackageUrl::from_str(text).ok()?;
    let kind = kind_of(url.ty())?;
    let (namespace, name) = (url.namespace().unwrap_or(""), url.name());
    let name = match (kind, namespace) {
        (kind, _) if kind.is_of_distribution() => name.to_owned(),
        (_, "") => name.to_owned(),
        (PackageKind::Java, group) => format!("{group}:{name}"),
        (_, namespace) => format!("{namespace}/{name}"),
    };
    let version = url.version().unwrap_or("");
    let qualifier = |key: &str| url.qualifiers().get(key).map(|value| value.to_string());
    let mut package = Package::new(kind, name, version, found_by);
    if !kind.is_of_distribution() {
        return Some((package, None));
    }
    if let Some(epoch) = qualifier("epoch")
        && kind == PackageKind::Rpm
        && is_epoch(&epoch)
    {
        package.version = format!("{epoch}:{version}");
    }
    package.architecture = qualifier("arch");
    package.source = qualifier("upstream").and_then(|upstream| source_of(&package, &upstream));
    let release = qualifier("distro").map(|distro| release_of(&distro, namespace));
    Some((package, release))
}

fn kind_of(purl_type: &str) -> Option<PackageKind> {
    PackageKind::ALL
        .iter()
        .copied()
        .find(|kind| kind.purl_type() == purl_type)
}

/// The source package that `upstream` names, with the version of the package where it has none.
fn source_of(package: &Package, upstream: &str) -> Option<SourcePackage> {
    let split = match package.kind {
        PackageKind::Rpm => split_source_rpm(upstream),
        _ => upstream.split_once('@'),
    };
    let (name, version) = split.unwrap_or((upstream, ""));
    let version = Some(version).filter(|version| !version.is_empty());
    (!name.is_empty()).then(|| SourcePackage {
        name: name.to_owned(),
        version: version.unwrap_or(&package.version).to_owned(),
    })
}

/// `bash-5.1.8-6.el9.src.rpm`: the version is the last two parts.
pub(crate) fn split_source_rpm(file: &str) -> Option<(&str, &str)> {
    let stem = file.strip_suffix(".src.rpm")?;
    let (before, _) = stem.rsplit_once('-')?;
    let (name, _) = before.rsplit_once('-')?;
    Some((name, &stem[name.len() + 1..]))
}

/// `debian-12`, `opensuse-leap-15.5`: the version begins with a digit. trivy writes the version alone.
fn release_of(distro: &str, namespace: &str) -> Release {
    let at = distro
        .match_indices('-')
        .map(|(at, _)| at)
        .find(|at| distro[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
    let (id, version) = match at {
        Some(at) => (&distro[..at], &distro[at + 1..]),
        None if distro.starts_with(|c: char| c.is_ascii_digit()) => (namespace, distro),
        None => (distro, ""),
    };
    Release {
        id: id.to_owned(),
        version: version.to_owned(),
        ..Release::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_package_without_a_version_has_that_of_its_package() {
        for (upstream, expected) in [
            ("glibc", Some(("glibc", "2.36-9"))),
            ("glibc%40", Some(("glibc", "2.36-9"))),
            ("glibc%402.36", Some(("glibc", "2.36"))),
            ("%402.36", None),
            ("", None),
        ] {
            let url = format!("pkg:deb/debian/libc6@2.36-9?upstream={upstream}");
            let (package, _) = read_purl(&url, "test").unwrap();
            let source = package.source.as_ref();
            let source = source.map(|source| (source.name.as_str(), source.version.as_str()));
            assert_eq!(source, expected, "{url}");
        }
    }

    fn release(id: &str, version: &str) -> Release {
        Release {
            id: id.to_owned(),
            version: version.to_owned(),
            ..Release::default()
        }
    }

    fn package(
        kind: PackageKind,
        name: &str,
        version: &str,
        architecture: &str,
        source: (&str, &str),
    ) -> Package {
        let mut package = Package::new(kind, name, version, "x");
        package.architecture = (!architecture.is_empty()).then(|| architecture.to_owned());
        package.source = (!source.0.is_empty()).then(|| SourcePackage {
            name: source.0.to_owned(),
            version: source.1.to_owned(),
        });
        package
    }

    /// The package URLs are those that syft 1.x writes for the same packages.
    #[test]
    fn urls_are_written_as_syft_does_and_read_back() {
        use PackageKind as K;
        let (alpine, debian) = (release("alpine", "3.9.0"), release("debian", "12"));
        let rhel = release("rhel", "9.2");
        let none = ("", "");
        #[rustfmt::skip]
        let table = [
            (package(K::Apk, "musl-utils", "1.1.20-r4", "x86_64", ("musl", "1.1.20-r4")), &alpine,
             "pkg:apk/alpine/musl-utils@1.1.20-r4?arch=x86_64&distro=alpine-3.9.0&upstream=musl"),
            (package(K::Deb, "libc6", "2.36-9+deb12u4", "amd64", ("glibc", "2.36-9+deb12u4")), &debian,
             "pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64&distro=debian-12&upstream=glibc"),
            (package(K::Deb, "dmsetup", "2:1.02.185-2", "amd64", ("lvm2", "2.03.16-2")), &debian,
             "pkg:deb/debian/dmsetup@2:1.02.185-2?arch=amd64&distro=debian-12&upstream=lvm2%402.03.16-2"),
            (package(K::Deb, "apt", "2.6.1", "amd64", none), &debian,
             "pkg:deb/debian/apt@2.6.1?arch=amd64&distro=debian-12"),
            (package(K::Rpm, "bash", "1:5.1.8-6.el9", "x86_64", ("bash", "5.1.8-6.el9")), &rhel,
             "pkg:rpm/rhel/bash@5.1.8-6.el9?arch=x86_64&distro=rhel-9.2&epoch=1&upstream=bash-5.1.8-6.el9.src.rpm"),
            (package(K::Npm, "@babel/core", "7.0.0", "", none), &alpine, "pkg:npm/%40babel/core@7.0.0"),
            (package(K::Go, "golang.org/x/net", "v0.17.0", "", none), &alpine, "pkg:golang/golang.org/x/net@v0.17.0"),
            (package(K::Go, "stdlib", "1.21.5", "", none), &alpine, "pkg:golang/stdlib@1.21.5"),
            (package(K::Java, "org.slf4j:slf4j-api", "1.7", "", none), &alpine, "pkg:maven/org.slf4j/slf4j-api@1.7"),
            (package(K::Composer, "symfony/console", "v5", "", none), &alpine, "pkg:composer/symfony/console@v5"),
            (package(K::Python, "requests", "2.31.0", "", none), &alpine, "pkg:pypi/requests@2.31.0"),
            (package(K::Binary, "node", "20.1.0", "", none), &alpine, "pkg:generic/node@20.1.0"),
        ];
        for (package, release, expected) in table {
            let url = purl(&package, Some(release));
            assert_eq!(url, expected);
            let (read, of) = read_purl(&url, "x").unwrap();
            assert_eq!(read, package, "{url}");
            let of_distribution = package.kind.is_of_distribution().then(|| release.clone());
            assert_eq!(of, of_distribution, "{url}");
        }
    }

    #[test]
    fn urls_of_others_are_read() {
        let (package, of) = read_purl("pkg:apk/alpine/musl@1.1.20-r4?distro=3.9.0", "x").unwrap();
        assert_eq!(
            (package.name.as_str(), of),
            ("musl", Some(release("alpine", "3.9.0")))
        );
        let (_, of) = read_purl("pkg:rpm/opensuse/a@1-1?distro=opensuse-leap-15.5", "x").unwrap();
        assert_eq!(of, Some(release("opensuse-leap", "15.5")));
        for text in ["", "pkg:", "pkg:unknowntype/a@1", "apk/a@1", "pkg:apk/"] {
            assert_eq!(read_purl(text, "x"), None, "{text}");
        }
    }
}

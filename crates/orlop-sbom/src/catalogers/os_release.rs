//! The distribution: os-release(5), and what older ones have in its place.

use super::bounds::read_text;
use crate::{Cataloger, Content, Fault, FileInfo, Finding, Found, Release};

/// Where the distribution and its release stand, the first that there is before the others.
pub(crate) const RELEASE_FILES: &[&str] = &[
    "etc/os-release",
    "usr/lib/os-release",
    "etc/alpine-release",
    "etc/redhat-release",
    "etc/lsb-release",
    "etc/debian_version",
];

/// Bytes that are read.
const BOUND: u64 = 64 << 10;

/// Bytes of a value.
const VALUE: usize = 256;

/// Reads the distribution and its release.
pub(crate) struct OsRelease;

impl Cataloger for OsRelease {
    fn name(&self) -> &'static str {
        "os-release"
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        RELEASE_FILES.contains(&file.path)
    }

    fn catalog(
        &self,
        file: &FileInfo<'_>,
        content: &dyn Content,
        found: &mut Found,
    ) -> Result<(), Fault> {
        let text = read_text(content, BOUND)?;
        let release = match file.path {
            "etc/alpine-release" => Some(of("alpine", text.trim())),
            "etc/debian_version" => debian(text.trim()),
            "etc/redhat-release" => red_hat(text.trim()),
            "etc/lsb-release" => lsb(&text),
            _ => os_release(&text),
        };
        match release {
            Some(release) => found.findings.push(Finding::Release(release)),
            None if text.trim().is_empty() => {}
            None => return Err(Fault::new("it names no distribution")),
        }
        Ok(())
    }
}

fn of(id: &str, version: &str) -> Release {
    let version = value(version).unwrap_or_default();
    Release {
        id: id.to_owned(),
        version,
        ..Release::default()
    }
}

/// os-release(5): assignments as a shell would read them.
fn os_release(text: &str) -> Option<Release> {
    let mut release = Release::default();
    for (name, value) in assignments(text) {
        match name {
            "ID" => release.id = value.to_ascii_lowercase(),
            "ID_LIKE" => {
                release.like = value.split_whitespace().map(str::to_owned).collect();
            }
            "VERSION_ID" => release.version = value,
            "VERSION_CODENAME" => release.codename = value,
            "PRETTY_NAME" => release.pretty_name = value,
            _ => {}
        }
    }
    (!release.id.is_empty()).then_some(release)
}

fn lsb(text: &str) -> Option<Release> {
    let mut release = Release::default();
    for (name, value) in assignments(text) {
        match name {
            "DISTRIB_ID" => release.id = value.to_ascii_lowercase().replace(' ', "-"),
            "DISTRIB_RELEASE" => release.version = value,
            "DISTRIB_CODENAME" => release.codename = value,
            "DISTRIB_DESCRIPTION" => release.pretty_name = value,
            _ => {}
        }
    }
    (!release.id.is_empty()).then_some(release)
}

/// `12.5`, or `trixie/sid` before a release.
fn debian(text: &str) -> Option<Release> {
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return Some(of("debian", text));
    }
    let codename = value(text.split('/').next()?)?;
    Some(Release {
        codename,
        ..of("debian", "")
    })
}

/// `CentOS release 6.10 (Final)`, `Red Hat Enterprise Linux Server release 7.9 (Maipo)`.
fn red_hat(text: &str) -> Option<Release> {
    let (name, version) = text.split_once(" release ")?;
    let version = version.split_whitespace().next().unwrap_or_default();
    let id = match name.split_whitespace().next()? {
        "Red" => "rhel",
        "Oracle" => "ol",
        other => &other.to_ascii_lowercase(),
    };
    Some(Release {
        pretty_name: value(text).unwrap_or_default(),
        ..of(&value(id)?, version)
    })
}

fn assignments(text: &str) -> impl Iterator<Item = (&str, String)> {
    text.lines().filter_map(|line| {
        let (name, assigned) = line.trim().split_once('=')?;
        Some((name, value(&unquoted(assigned))?))
    })
}

/// Without the quotes and backslashes of a shell.
fn unquoted(assigned: &str) -> String {
    let quote = assigned.chars().next().filter(|c| matches!(c, '"' | '\''));
    let inner = match quote {
        Some(quote) => {
            let inner = &assigned[1..];
            inner.strip_suffix(quote).unwrap_or(inner)
        }
        None => assigned,
    };
    if quote == Some('\'') {
        return inner.to_owned();
    }
    let mut text = String::new();
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.extend(characters.next()),
            other => text.push(other),
        }
    }
    text
}

fn value(text: &str) -> Option<String> {
    let text = text.trim();
    let is_plain = text.len() <= VALUE && !text.chars().any(char::is_control);
    (is_plain && !text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str, text: &str) -> Result<Vec<Finding>, Fault> {
        let file = FileInfo {
            path,
            size: text.len() as u64,
            is_executable: false,
        };
        assert!(OsRelease.wants(&file));
        let mut found = Found::default();
        OsRelease.catalog(&file, &text.as_bytes(), &mut found)?;
        Ok(found.findings)
    }

    fn release(path: &str, text: &str) -> Release {
        match &read(path, text).unwrap()[..] {
            [Finding::Release(release)] => release.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn values_are_unquoted_as_a_shell_does() {
        let text = "# comment\nPRETTY_NAME=\"Debian GNU/Linux 12 (\\\"bookworm\\\")\"\nVERSION_ID='12'\nVERSION_CODENAME=bookworm\nID=debian\nID_LIKE=\"a b\"\n";
        let debian = release("etc/os-release", text);
        assert_eq!(debian.id, "debian");
        assert_eq!(debian.version, "12");
        assert_eq!(debian.codename, "bookworm");
        assert_eq!(debian.pretty_name, "Debian GNU/Linux 12 (\"bookworm\")");
        assert_eq!(debian.like, ["a", "b"]);
    }

    #[test]
    fn older_files_tell_it_too() {
        for (path, text, id, version, codename) in [
            ("etc/alpine-release", "3.9.0\n", "alpine", "3.9.0", ""),
            ("etc/debian_version", "12.5\n", "debian", "12.5", ""),
            ("etc/debian_version", "trixie/sid\n", "debian", "", "trixie"),
            (
                "etc/redhat-release",
                "CentOS release 6.10 (Final)\n",
                "centos",
                "6.10",
                "",
            ),
            (
                "etc/redhat-release",
                "Red Hat Enterprise Linux Server release 7.9 (Maipo)\n",
                "rhel",
                "7.9",
                "",
            ),
            (
                "etc/lsb-release",
                "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=14.04\nDISTRIB_CODENAME=trusty\nDISTRIB_DESCRIPTION=\"Ubuntu 14.04.6 LTS\"\n",
                "ubuntu",
                "14.04",
                "trusty",
            ),
        ] {
            let release = release(path, text);
            let read = (&*release.id, &*release.version, &*release.codename);
            assert_eq!(read, (id, version, codename), "{path}: {text}");
        }
    }

    #[test]
    fn what_names_no_distribution_is_a_fault_but_an_empty_file_is_not() {
        assert_eq!(read("etc/os-release", "\n").unwrap(), []);
        let fault = read("etc/os-release", "NAME=x\n").unwrap_err().to_string();
        assert_eq!(fault, "it names no distribution");
        assert!(read("etc/redhat-release", "something\n").is_err());
    }
}

//! How much one file may show: what a stranger wrote decides on none of our memory.

use std::borrow::Cow;

use crate::{Content, Fault, Finding, Found, Package, read_whole};

/// Bytes of a database of packages that are read (`status` of a full Debian has 10 MB, the rpm
/// database of a full Fedora 100).
pub(super) const DATABASE: u64 = 128 << 20;

/// Bytes of a file about a single package.
pub(super) const MANIFEST: u64 = 4 << 20;

/// Bytes of a list of what one package or one project consists of.
pub(super) const LIST: u64 = 32 << 20;

/// Packages of one file.
pub(super) const PACKAGES: usize = 100_000;

/// Bytes that the paths of all files of the packages of one file may take.
const PATHS: usize = 64 << 20;

/// Bytes that a path takes beside its own.
const PATH: usize = 24;

/// Bytes of a single path (Linux's `PATH_MAX`).
const LONGEST_PATH: usize = 4096;

/// Bytes of a name, a version, a licence.
const TEXT: usize = 1024;

/// Licences of one package.
const LICENCES: usize = 100;

/// Faults that are told of one file.
const FAULTS: usize = 20;

/// Bytes of a name in a fault.
const SHOWN: usize = 80;

/// A file's text; bytes that aren't UTF-8 stand as `\xHH`, as in paths.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02X}"));
        }
    }
    Cow::Owned(text)
}

/// The text of a file of at most `bound` bytes, without a byte order mark.
pub(super) fn read_text(content: &dyn Content, bound: u64) -> Result<String, Fault> {
    let mut bytes = read_whole(content, bound)?;
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    Ok(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => text(error.as_bytes()).into_owned(),
    })
}

/// The packages and paths that one file shows, within its bounds.
pub(super) struct Listing<'a> {
    found: &'a mut Found,
    packages: usize,
    /// Bytes that are left for paths.
    left: usize,
    all_paths: bool,
}

impl<'a> Listing<'a> {
    pub(super) fn new(found: &'a mut Found) -> Self {
        Self {
            found,
            packages: 0,
            left: PATHS,
            all_paths: true,
        }
    }

    /// Takes a package. One without a name or a version, or with such as no package has, is a fault
    /// of its own, after which the reading goes on.
    ///
    /// # Errors
    /// When there are too many.
    pub(super) fn package(&mut self, package: Package) -> Result<(), Fault> {
        match check(&package) {
            Ok(()) => self.take(package),
            Err(fault) => {
                self.fault(fault);
                Ok(())
            }
        }
    }

    /// As [`Self::package`], but for a version that may be missing: programs and archives don't
    /// always tell theirs.
    ///
    /// # Errors
    /// When there are too many.
    pub(super) fn program(&mut self, package: Package) -> Result<(), Fault> {
        if package.version.is_empty() && is_plain(&package.name) {
            return self.take(package);
        }
        self.package(package)
    }

    fn take(&mut self, mut package: Package) -> Result<(), Fault> {
        if self.packages == PACKAGES {
            return Err(Fault::new(format!(
                "it lists more than {PACKAGES} packages"
            )));
        }
        self.packages += 1;
        package.licences = licences(package.licences);
        package.maintainer = package
            .maintainer
            .map(|maintainer| maintainer.trim().to_owned())
            .filter(|maintainer| !maintainer.is_empty() && maintainer.len() <= TEXT);
        package.source = package.source.take().filter(|source| {
            let same = source.name == package.name && source.version == package.version;
            !same && is_plain(&source.name) && is_plain(&source.version)
        });
        package.architecture = package.architecture.take().filter(|text| is_plain(text));
        self.found
            .findings
            .push(Finding::Package(Box::new(package)));
        Ok(())
    }

    /// Puts a path into a list, as long as there is room; `false` once there is none.
    pub(super) fn path(&mut self, list: &mut Vec<String>, path: String) -> bool {
        let Some(left) = self.left.checked_sub(path.len() + PATH) else {
            self.left = 0;
            self.all_paths = false;
            return false;
        };
        self.left = left;
        if !path.is_empty() && path.len() <= LONGEST_PATH {
            list.push(path);
        }
        true
    }

    /// Takes what else the file shows.
    pub(super) fn finding(&mut self, finding: Finding) {
        self.found.findings.push(finding);
    }

    /// Tells a fault after which the reading goes on.
    pub(super) fn fault(&mut self, fault: Fault) {
        if self.found.faults.len() < FAULTS {
            self.found.faults.push(fault);
        }
    }

    /// The end of the file.
    pub(super) fn finish(mut self) {
        if !self.all_paths {
            self.fault(Fault::new(format!(
                "it names more files than {PATHS} bytes of paths"
            )));
        }
    }
}

fn check(package: &Package) -> Result<(), Fault> {
    let shown = |text: &str| {
        let end = text
            .char_indices()
            .nth(SHOWN)
            .map_or(text.len(), |(at, _)| at);
        text[..end].escape_debug().to_string()
    };
    match (package.name.as_str(), package.version.as_str()) {
        ("", "") => Err(Fault::new("a package has neither name nor version")),
        ("", version) => Err(Fault::new(format!(
            "a package of version {} has no name",
            shown(version)
        ))),
        (name, "") => Err(Fault::new(format!("{} has no version", shown(name)))),
        (name, _) if !is_plain(name) => Err(Fault::new(format!(
            "{} is no name of a package",
            shown(name)
        ))),
        (name, version) if !is_plain(version) => Err(Fault::new(format!(
            "{} is no version of {name}",
            shown(version)
        ))),
        _ => Ok(()),
    }
}

/// Whether a text can be a name or a version at all.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.len() <= TEXT && !text.chars().any(char::is_control)
}

/// Licences as they are kept: each once, none that is a whole text.
pub(super) fn licences(declared: Vec<String>) -> Vec<String> {
    let mut licences: Vec<String> = Vec::new();
    for licence in declared {
        let licence = licence.trim();
        if is_plain(licence) && !licences.iter().any(|known| known == licence) {
            licences.push(licence.to_owned());
        }
        if licences.len() == LICENCES {
            break;
        }
    }
    licences
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PackageKind;

    fn package(name: &str, version: &str) -> Package {
        Package::new(PackageKind::Npm, name, version, "test")
    }

    #[test]
    fn a_package_without_name_or_version_is_a_fault_and_no_more() {
        let mut found = Found::default();
        let mut listing = Listing::new(&mut found);
        for (name, version) in [("", ""), ("", "1"), ("a", ""), ("a\nb", "1"), ("a", "1\0")] {
            listing.package(package(name, version)).unwrap();
        }
        listing.package(package("b", "2")).unwrap();
        listing.finish();
        let faults: Vec<_> = found.faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            faults,
            [
                "a package has neither name nor version",
                "a package of version 1 has no name",
                "a has no version",
                "a\\nb is no name of a package",
                "1\\0 is no version of a",
            ]
        );
        assert_eq!(found.findings.len(), 1);
    }

    #[test]
    fn packages_and_paths_have_an_end() {
        let mut found = Found::default();
        let mut listing = Listing::new(&mut found);
        for _ in 0..PACKAGES {
            listing.package(package("a", "1")).unwrap();
        }
        let fault = listing.package(package("a", "1")).unwrap_err().to_string();
        assert_eq!(fault, "it lists more than 100000 packages");
        let (mut paths, long) = (Vec::new(), "p".repeat(LONGEST_PATH));
        while listing.path(&mut paths, long.clone()) {}
        assert_eq!(paths.len(), PATHS / (LONGEST_PATH + PATH));
        assert!(!listing.path(&mut paths, "a".to_owned()));
        listing.finish();
        assert_eq!(found.faults.len(), 1);
    }

    #[test]
    fn licences_are_words_each_once() {
        let declared = ["MIT", " MIT ", "", "a\nlong text", &"x".repeat(2000), "BSD"];
        let kept = licences(declared.map(str::to_owned).to_vec());
        assert_eq!(kept, ["MIT", "BSD"]);
    }

    #[test]
    fn bytes_that_are_no_text_are_shown() {
        assert_eq!(text(b"a\xffb"), "a\\xFFb");
        assert_eq!(read_text(&&b"\xef\xbb\xbfa"[..], 9).unwrap(), "a");
    }
}

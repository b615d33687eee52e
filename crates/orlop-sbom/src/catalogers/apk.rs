//! Packages of Alpine, Wolfi and Chainguard: the database of installed packages that apk keeps
//! (apk-v2(5), "installed database").

use super::bounds::{DATABASE, Listing, read_text};
use super::path::join;
use crate::{Cataloger, Content, Fault, FileInfo, Found, Package, PackageKind, SourcePackage};

/// Where apk keeps its database; apk-tools 3 of a system with merged folders in the second.
const DATABASES: &[&str] = &["lib/apk/db/installed", "usr/lib/apk/db/installed"];

const NAME: &str = "apk-db-cataloger";

/// Reads apk's database.
pub(crate) struct Apk;

impl Cataloger for Apk {
    fn name(&self) -> &'static str {
        NAME
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        DATABASES.contains(&file.path)
    }

    fn catalog(
        &self,
        _: &FileInfo<'_>,
        content: &dyn Content,
        found: &mut Found,
    ) -> Result<(), Fault> {
        parse(&read_text(content, DATABASE)?, found)
    }
}

/// Lines `X:value`, a blank one after each package. A package is told by its name; lines in which
/// there is none, as before the first package, are no database.
fn parse(text: &str, found: &mut Found) -> Result<(), Fault> {
    let mut listing = Listing::new(found);
    let mut entry = Entry::default();
    for line in text.lines() {
        let line = line.trim_end_matches('\r');
        if line.is_empty() {
            std::mem::take(&mut entry).finish(&mut listing)?;
            continue;
        }
        match line.split_once(':') {
            Some((key, value)) if key.len() == 1 => entry.line(key, value, &mut listing),
            _ => entry.is_damaged = true,
        }
    }
    entry.finish(&mut listing)?;
    listing.finish();
    Ok(())
}

/// One package, as far as its lines are read.
#[derive(Default)]
struct Entry<'a> {
    is_begun: bool,
    is_damaged: bool,
    /// There is no room for its other files.
    is_full: bool,
    name: &'a str,
    version: &'a str,
    architecture: &'a str,
    licence: &'a str,
    origin: &'a str,
    maintainer: &'a str,
    folder: Option<String>,
    files: Vec<String>,
}

impl<'a> Entry<'a> {
    fn line(&mut self, key: &str, value: &'a str, listing: &mut Listing<'_>) {
        self.is_begun = true;
        match key {
            "P" => self.name = value,
            "V" => self.version = value,
            "A" => self.architecture = value,
            "L" => self.licence = value,
            "o" => self.origin = value,
            "m" => self.maintainer = value,
            "F" => self.folder = join("", value),
            "R" if !self.is_full => {
                let folder = self.folder.as_ref();
                if let Some(path) = folder.and_then(|folder| join(folder, value)) {
                    self.is_full = !listing.path(&mut self.files, path);
                }
            }
            _ => {}
        }
    }

    fn finish(self, listing: &mut Listing<'_>) -> Result<(), Fault> {
        if self.is_damaged {
            listing.fault(Fault::new(match self.name {
                "" => "a package of it has a line that is none of apk's".to_owned(),
                name => format!("{} has a line that is none of apk's", name.escape_debug()),
            }));
        }
        if !self.is_begun {
            return Ok(());
        }
        let mut package = Package::new(PackageKind::Apk, self.name, self.version, NAME);
        package.architecture = Some(self.architecture.to_owned());
        package.licences = vec![self.licence.to_owned()];
        package.maintainer = Some(self.maintainer.to_owned());
        package.files = self.files;
        // What was built from one source has one version.
        package.source = Some(SourcePackage {
            name: self.origin.to_owned(),
            version: self.version.to_owned(),
        });
        listing.package(package)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Finding;

    /// Two packages of Alpine 3.20 and a virtual one, with fewer files.
    const INSTALLED: &str = "\
C:Q1gsfdJ7C/nW1o5BlxpZ3sBjEaQbk=
P:musl
V:1.2.5-r0
A:x86_64
S:397482
I:667648
T:the musl c library (libc) implementation
U:https://musl.libc.org/
L:MIT
o:musl
m:Natanael Copa <ncopa@alpinelinux.org>
t:1711103930
c:fa2acd3bbe8ac4ae4bb4bd2f9bd8b2c7d4e4ca39
p:so:libc.musl-x86_64.so.1=1
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755
Z:Q13CM+5tUKEpmEp2SoM3RFHt4r6Ug=
R:libc.musl-x86_64.so.1
a:0:0:777

P:musl-utils
V:1.2.5-r0
A:x86_64
L:MIT AND BSD-2-Clause AND GPL-2.0-or-later
o:musl
F:
R:.top
F:sbin
R:ldconfig
F:usr
F:usr/bin

P:.build-deps
V:20240906.124500
A:noarch
";

    fn read(text: &str) -> (Vec<Package>, Vec<String>) {
        let file = FileInfo {
            path: "lib/apk/db/installed",
            size: 0,
            is_executable: false,
        };
        let mut found = Found::default();
        assert!(Apk.wants(&file));
        Apk.catalog(&file, &text.as_bytes(), &mut found).unwrap();
        let packages = found.findings.into_iter().map(|finding| match finding {
            Finding::Package(package) => *package,
            other => panic!("{other:?}"),
        });
        let faults = found.faults.iter().map(ToString::to_string);
        (packages.collect(), faults.collect())
    }

    #[test]
    fn packages_of_alpine() {
        let (packages, faults) = read(INSTALLED);
        assert_eq!(faults, [] as [&str; 0]);
        let [musl, utils, virtual_one] = &packages[..] else {
            panic!("{packages:?}");
        };
        assert_eq!((&*musl.name, &*musl.version), ("musl", "1.2.5-r0"));
        assert_eq!(musl.architecture.as_deref(), Some("x86_64"));
        assert_eq!(musl.licences, ["MIT"]);
        assert_eq!(musl.source, None, "it has the same name and version");
        let keeper = "Natanael Copa <ncopa@alpinelinux.org>";
        assert_eq!(musl.maintainer.as_deref(), Some(keeper));
        let files = ["lib/ld-musl-x86_64.so.1", "lib/libc.musl-x86_64.so.1"];
        assert_eq!(musl.files, files);
        let source = SourcePackage {
            name: "musl".to_owned(),
            version: "1.2.5-r0".to_owned(),
        };
        assert_eq!(utils.source, Some(source));
        assert_eq!(utils.files, [".top", "sbin/ldconfig"]);
        assert_eq!(virtual_one.name, ".build-deps");
        assert_eq!(virtual_one.source, None);
    }

    #[test]
    fn damage_is_told_and_the_rest_is_read() {
        let (packages, _) = read("P:a\nV:1\nF:/b/../c\nR:/d\nR:../e\nR:../../f\nF:../..\nR:g\n");
        assert_eq!(packages[0].files, ["d", "e"]);
        let (packages, faults) = read("nonsense\n\nP:a\n???\nV:1\n\nV:2\n\nP:b\nV:3");
        let names: Vec<_> = packages.iter().map(|package| &*package.name).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(
            faults,
            [
                "a package of it has a line that is none of apk's",
                "a has a line that is none of apk's",
                "a package of version 2 has no name",
            ]
        );
    }
}

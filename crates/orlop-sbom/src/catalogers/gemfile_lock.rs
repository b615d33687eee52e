//! Gems as `Gemfile.lock` declares them.

use super::bounds::{Listing, MANIFEST, read_text};
use crate::{Cataloger, Content, Fault, FileInfo, Found, Package, PackageKind};

const NAME: &str = "ruby-gemfile-cataloger";

/// Reads `Gemfile.lock`.
pub(crate) struct GemfileLock;

impl Cataloger for GemfileLock {
    fn name(&self) -> &'static str {
        NAME
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        file.name() == "Gemfile.lock"
    }

    fn is_declared(&self) -> bool {
        true
    }

    fn catalog(
        &self,
        _: &FileInfo<'_>,
        content: &dyn Content,
        found: &mut Found,
    ) -> Result<(), Fault> {
        let text = read_text(content, MANIFEST)?;
        let mut listing = Listing::new(found);
        for (name, version, platform) in gems(&text) {
            let mut package = Package::new(PackageKind::Gem, name, version, NAME);
            package.architecture = platform.map(str::to_owned);
            listing.package(package)?;
        }
        listing.finish();
        Ok(())
    }
}

/// In the sections of sources (`GEM`, `GIT`, `PATH`) each gem is a line below `specs:`, what it needs
/// stands further in: `    nokogiri (1.15.4-x86_64-linux)`.
fn gems(text: &str) -> Vec<(&str, &str, Option<&str>)> {
    let mut is_source = false;
    let mut gems = Vec::new();
    for line in text.lines() {
        if !line.starts_with(' ') {
            is_source = matches!(line.trim(), "GEM" | "GIT" | "PATH" | "PLUGIN SOURCE");
            continue;
        }
        let spec = line
            .strip_prefix("    ")
            .filter(|spec| !spec.starts_with(' '));
        let spec = spec.filter(|_| is_source).and_then(|spec| {
            let (name, rest) = spec.split_once(" (")?;
            Some((name, rest.split(')').next()?))
        });
        if let Some((name, version)) = spec {
            // No version has a `-`.
            match version.split_once('-') {
                Some((version, platform)) => gems.push((name, version, Some(platform))),
                None => gems.push((name, version, None)),
            }
        }
    }
    gems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gems_with_their_platforms_and_not_what_they_need() {
        let text = "GIT\n  remote: https://example.org/x\n  specs:\n    x (0.1)\n\nGEM\n  remote: https://rubygems.org/\n  specs:\n    nokogiri (1.15.4-x86_64-linux)\n      racc (~> 1.4)\n    racc (1.7.1)\n\nPLATFORMS\n  x86_64-linux\n\nDEPENDENCIES\n    nokogiri (9)\n";
        assert_eq!(
            gems(text),
            [
                ("x", "0.1", None),
                ("nokogiri", "1.15.4", Some("x86_64-linux")),
                ("racc", "1.7.1", None),
            ]
        );
    }
}

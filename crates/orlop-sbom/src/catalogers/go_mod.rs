//! Go's modules as `go.mod` declares them ("Go Modules Reference", "go.mod files").

use std::collections::HashMap;

use super::bounds::{Listing, MANIFEST, read_text};
use crate::{Cataloger, Content, Fault, FileInfo, Found, Package, PackageKind};

const NAME: &str = "go-module-file-cataloger";

/// Reads `go.mod`.
pub(crate) struct GoMod;

impl Cataloger for GoMod {
    fn name(&self) -> &'static str {
        NAME
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        file.name() == "go.mod"
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
        for (name, version) in modules(&text) {
            listing.package(Package::new(PackageKind::Go, name, version, NAME))?;
        }
        listing.finish();
        Ok(())
    }
}

/// What is required, in the place of what is replaced what replaces it; a folder has no version.
fn modules(text: &str) -> Vec<(&str, &str)> {
    let mut required = Vec::new();
    let mut replaced = HashMap::new();
    let mut block = "";
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or_default().trim();
        let mut words = line
            .split_whitespace()
            .map(|word| word.trim_matches(['"', '`']));
        let verb = match (block, words.clone().next()) {
            (_, None) => continue,
            ("", Some(verb)) => {
                words.next();
                if words.clone().next() == Some("(") {
                    block = verb;
                    continue;
                }
                verb
            }
            (_, Some(")")) => {
                block = "";
                continue;
            }
            (verb, _) => verb,
        };
        let words: Vec<&str> = words.take(5).collect();
        match (verb, &words[..]) {
            ("require", [module, version, ..]) => required.push((*module, *version)),
            ("replace", [module, "=>", by @ ..]) => {
                replaced.insert((*module, None), by.to_vec());
            }
            ("replace", [module, version, "=>", by @ ..]) => {
                replaced.insert((*module, Some(*version)), by.to_vec());
            }
            _ => {}
        }
    }
    let resolved = required.into_iter().filter_map(|(module, version)| {
        let by = replaced
            .get(&(module, Some(version)))
            .or_else(|| replaced.get(&(module, None)));
        match by.map(Vec::as_slice) {
            None => Some((module, version)),
            Some([module, version, ..]) => Some((*module, *version)),
            Some(_) => None,
        }
    });
    resolved.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_required_and_what_replaces_it() {
        let text = "module example.org/app // the app\n\ngo 1.21\n\nrequire github.com/a/a v1.0.0\nrequire (\n\tgolang.org/x/net v0.17.0 // indirect\n\t\"github.com/b/b\" v2.0.0+incompatible\n\tgithub.com/c/c v1.1.0\n\tgithub.com/d/d v1.0.0\n)\nexclude (\n\tgithub.com/e/e v1.0.0\n)\nreplace github.com/b/b => github.com/fork/b v2.0.1\nreplace (\n\tgithub.com/c/c v1.1.0 => ./c\n\tgithub.com/d/d v0.9.0 => github.com/d/d v0.9.1\n)\n";
        assert_eq!(
            modules(text),
            [
                ("github.com/a/a", "v1.0.0"),
                ("golang.org/x/net", "v0.17.0"),
                ("github.com/fork/b", "v2.0.1"),
                ("github.com/d/d", "v1.0.0"),
            ]
        );
    }
}

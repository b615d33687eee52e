//! Yarn's lock file: blocks of lines further in, below a line with what was asked for. Yarn 1 has a
//! form of its own (`version "1.0.0"`), later ones the same as YAML (`version: 1.0.0`).

use super::split;

pub(super) fn packages(text: &str) -> Vec<(String, String)> {
    let mut packages = Vec::new();
    let mut block = Block::default();
    for line in text.lines() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if !line.starts_with(' ') {
            packages.extend(std::mem::take(&mut block).package());
            block.asked = line.trim_end_matches(':');
            continue;
        }
        let Some(field) = line
            .strip_prefix("  ")
            .filter(|field| !field.starts_with(' '))
        else {
            continue;
        };
        if let Some((name, value)) = field.split_once(' ') {
            match name.trim_end_matches(':') {
                "version" => block.version = unquoted(value),
                "resolution" => block.resolution = unquoted(value),
                _ => {}
            }
        }
    }
    packages.extend(block.package());
    packages
}

fn unquoted(value: &str) -> &str {
    value.trim().trim_matches('"')
}

#[derive(Default)]
struct Block<'a> {
    asked: &'a str,
    version: &'a str,
    resolution: &'a str,
}

impl Block<'_> {
    fn package(self) -> Option<(String, String)> {
        let first = self.asked.split(", ").next()?.trim_matches('"');
        // Later kinds say what was found: `@babel/core@npm:7.0.0`.
        let specification = if self.resolution.is_empty() {
            first
        } else {
            self.resolution
        };
        let (mut name, found) = split(specification)?;
        if !self.resolution.is_empty() && !found.starts_with("npm:") {
            // A part of the project, a patch, a repository.
            let is_other = ["patch:", "git"].iter().any(|kind| found.starts_with(kind));
            if !is_other && !found.starts_with("http") {
                return None;
            }
        }
        // Another name for it: `a@npm:b@^1.0.0`.
        if self.resolution.is_empty()
            && let Some((real, _)) = found.strip_prefix("npm:").and_then(split)
        {
            name = real;
        }
        (!self.version.is_empty()).then(|| (name.to_owned(), self.version.to_owned()))
    }
}

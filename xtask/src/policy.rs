//! The parts of `deny.toml` that need no program but this one: banned crates and licences.

use std::collections::BTreeSet;

use spdx::{Expression, ParseMode};

use crate::command::{Outcome, workspace};

/// What may not come in, and under which licences the rest may.
#[derive(Debug)]
pub(crate) struct Policy {
    banned: BTreeSet<String>,
    licences: BTreeSet<String>,
}

impl Policy {
    /// Reads `deny.toml`.
    pub(crate) fn load() -> Outcome<Self> {
        let file = workspace().join("deny.toml");
        std::fs::read_to_string(&file)
            .map_err(|error| error.to_string())
            .and_then(|text| Self::parse(&text))
            .map_err(|error| format!("{}: {error}", file.display()))
    }

    fn parse(text: &str) -> Outcome<Self> {
        let table: toml::Table = text.parse().map_err(|error| format!("{error}"))?;
        let array = |section: &str, key: &str| {
            table
                .get(section)
                .and_then(|section| section.get(key)?.as_array())
                .ok_or_else(|| format!("it has no list `{key}` in [{section}]"))
        };
        let name = |entry: &toml::Value| Some(entry.get("crate")?.as_str()?.to_owned());
        Ok(Self {
            banned: array("bans", "deny")?.iter().filter_map(name).collect(),
            licences: array("licenses", "allow")?
                .iter()
                .filter_map(|licence| Some(licence.as_str()?.to_owned()))
                .collect(),
        })
    }

    /// Why a crate that says it is licensed like this may not be used.
    pub(crate) fn fault(&self, name: &str, licence: Option<&str>) -> Option<String> {
        if self.banned.contains(name) {
            return Some(format!("{name} is banned by deny.toml"));
        }
        let Some(licence) = licence else {
            return Some(format!("{name} doesn't say its licence"));
        };
        match Expression::parse_mode(licence, ParseMode::LAX) {
            Ok(terms) if terms.evaluate(|term| self.licences.contains(&term.to_string())) => None,
            Ok(_) => Some(format!(
                "{name} is licensed under {licence}, which deny.toml doesn't allow"
            )),
            Err(error) => Some(format!("{name}: licence {licence}: {}", error.reason)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_has_its_reason() {
        let policy = Policy::parse(
            "[bans]\ndeny = [{ crate = \"openssl\" }]\n[licenses]\nallow = [\"MIT\", \"ISC\", \"Apache-2.0 WITH LLVM-exception\"]",
        )
        .unwrap();
        let fault = |name, licence| policy.fault(name, licence).unwrap_or_default();
        for fine in [
            "MIT",
            "GPL-3.0 OR MIT",
            "Zlib/MIT",
            "MIT AND (ISC OR Zlib)",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert_eq!(fault("a", Some(fine)), "");
        }
        for refused in ["Apache-2.0", "MIT AND Zlib", "GPL-3.0 OR Zlib"] {
            assert!(
                fault("a", Some(refused)).contains("doesn't allow"),
                "{refused}"
            );
        }
        assert!(fault("a", Some("MIT AND")).contains("licence MIT AND"));
        assert!(fault("a", None).contains("doesn't say"));
        assert!(fault("openssl", Some("MIT")).contains("banned"));
    }

    #[test]
    fn ours_is_complete() {
        let policy = Policy::load().unwrap();
        assert!(policy.fault("openssl-sys", Some("MIT")).is_some());
        assert!(policy.fault("serde", Some("MIT OR Apache-2.0")).is_none());
    }
}

//! Globs over names of repositories.
//!
//! Thousands of rules are looked at for every request and for every line of the catalog, yet nearly
//! all of them are a name or a tree (`team/**`). Those are found by hashing the name and its parents;
//! only what is left is matched, all at once, by `globset`.

use std::collections::HashMap;

use globset::{GlobSet, GlobSetBuilder};
use orlop_pattern::{check_glob, glob, is_plain};

use crate::{Action, Actions};

/// Many patterns, and which of them match a name. `*` stands for anything within one component,
/// `**` for any number of components, `{a,b}` for either, `[a-z]` and `?` for one letter.
/// `team/**` is everything below `team`, and not `team` itself.
#[derive(Clone, Debug)]
pub(crate) struct Patterns {
    names: HashMap<Box<str>, Vec<u32>>,
    trees: HashMap<Box<str>, Vec<u32>>,
    everything: Vec<u32>,
    others: GlobSet,
    other_ids: Vec<u32>,
}

impl Patterns {
    /// Compiles patterns; each is known by its number. Fails with the pattern and the reason.
    pub(crate) fn new<'a>(
        patterns: impl IntoIterator<Item = (u32, &'a str)>,
    ) -> Result<Self, String> {
        let mut others = GlobSetBuilder::new();
        let mut built = Self {
            names: HashMap::new(),
            trees: HashMap::new(),
            everything: Vec::new(),
            others: GlobSet::empty(),
            other_ids: Vec::new(),
        };
        for (id, pattern) in patterns {
            check_glob(pattern)?;
            match pattern.strip_suffix("/**") {
                _ if pattern == "**" => built.everything.push(id),
                Some(tree) if is_plain(tree) => {
                    built.trees.entry(tree.into()).or_default().push(id)
                }
                _ if is_plain(pattern) => built.names.entry(pattern.into()).or_default().push(id),
                _ => {
                    others.add(glob(pattern)?);
                    built.other_ids.push(id);
                }
            }
        }
        built.others = others.build().map_err(|error| error.to_string())?;
        Ok(built)
    }

    /// Calls `found` with the number of each pattern that matches, in no order; a number that stands
    /// for several patterns may come several times.
    pub(crate) fn matches(&self, name: &str, mut found: impl FnMut(u32)) {
        let mut all = |ids: &[u32]| ids.iter().for_each(|id| found(*id));
        all(&self.everything);
        if let Some(ids) = self.names.get(name) {
            all(ids);
        }
        if !self.trees.is_empty() {
            for (end, _) in name.match_indices('/') {
                if let Some(ids) = self.trees.get(&name[..end]) {
                    all(ids);
                }
            }
        }
        if !self.other_ids.is_empty() {
            for index in self.others.matches(name) {
                all(&self.other_ids[index..=index]);
            }
        }
    }
}

/// Patterns with what each gives.
#[derive(Clone, Debug)]
pub(crate) struct Grants {
    patterns: Patterns,
    actions: Vec<Actions>,
}

impl Grants {
    pub(crate) fn new<'a>(
        grants: impl IntoIterator<Item = (&'a [String], Actions)>,
    ) -> Result<Self, String> {
        let (mut patterns, mut actions) = (Vec::new(), Vec::new());
        for (globs, allow) in grants {
            let id = u32::try_from(actions.len()).map_err(|_| "too many grants".to_owned())?;
            patterns.extend(globs.iter().map(|glob| (id, glob.as_str())));
            actions.push(allow);
        }
        Ok(Self {
            patterns: Patterns::new(patterns)?,
            actions,
        })
    }

    /// `action` is given somewhere.
    pub(crate) fn any(&self, action: Action) -> bool {
        self.actions.iter().any(|actions| actions.contains(action))
    }

    /// All that is given for a name.
    pub(crate) fn actions(&self, name: &str) -> Actions {
        let mut all = Actions::NONE;
        self.patterns
            .matches(name, |id| all = all.or(self.actions[id as usize]));
        all
    }
}

#[cfg(test)]
#[path = "globs_tests.rs"]
mod tests;

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn matching(patterns: &[&str], name: &str) -> BTreeSet<u32> {
    let built = Patterns::new((0..).zip(patterns.iter().copied())).unwrap();
    let mut found = BTreeSet::new();
    built.matches(name, |id| {
        found.insert(id);
    });
    found
}

#[test]
fn each_form() {
    for (pattern, name, fits) in [
        ("app", "app", true),
        ("app", "app/x", false),
        ("app", "team/app", false),
        ("app", "App", false),
        ("*", "app", true),
        ("*", "team/app", false),
        ("team/*", "team/app", true),
        ("team/*", "team", false),
        ("team/*", "team/a/b", false),
        ("team/*-dev", "team/app-dev", true),
        ("team/*-dev", "team/a/b-dev", false),
        ("team/**", "team/app", true),
        ("team/**", "team/a/b/c", true),
        ("team/**", "team", false),
        ("team/**", "teams/app", false),
        ("team/**", "my/team/app", false),
        ("**", "app", true),
        ("**", "a/b/c/d/e", true),
        ("**/app", "app", true),
        ("**/app", "a/b/app", true),
        ("**/app", "a/b/myapp", false),
        ("a/**/z", "a/z", true),
        ("a/**/z", "a/b/c/z", true),
        ("a/**/z", "a/b/c/y", false),
        ("{a,b}/x", "a/x", true),
        ("{a,b}/x", "b/x", true),
        ("{a,b}/x", "c/x", false),
        ("{a,b/**}", "b/c/d", true),
        ("*/**", "a/b/c", true),
        ("v[0-9]", "v7", true),
        ("v[0-9]", "vx", false),
        ("v?", "v/", false),
        ("a.b", "axb", false),
    ] {
        assert_eq!(
            !matching(&[pattern], name).is_empty(),
            fits,
            "{pattern} {name}"
        );
    }
}

#[test]
fn those_that_are_none() {
    for pattern in ["", "/", "/a", "a/", "a/{b", "[", "a]b}", "\\", "[1-\n]"] {
        let built = Patterns::new([(0, pattern)]);
        assert!(built.is_err(), "{pattern}");
    }
    let long = "a".repeat(1024 + 1);
    assert!(Patterns::new([(0, long.as_str())]).is_err());
}

/// Ten thousand rules answer from a table.
#[test]
fn many_patterns() {
    let owned: Vec<_> = (0..10_000).map(|n| format!("team{n}/**")).collect();
    let patterns: Vec<_> = owned.iter().map(String::as_str).collect();
    let built = Patterns::new((0..).zip(patterns)).unwrap();
    assert!(built.other_ids.is_empty());
    let mut found = Vec::new();
    built.matches("team77/a/b", |id| found.push(id));
    assert_eq!(found, [77]);
}

proptest! {
    /// What is looked up in tables is what `globset` would have matched.
    #[test]
    fn as_globset_does(
        patterns in prop::collection::vec(
            prop::collection::vec(
                prop_oneof!["[ab]{1,2}", Just("*".to_owned()), Just("**".to_owned()), "[ab]\\*"],
                1..4
            ).prop_map(|parts| parts.join("/")),
            1..8
        ),
        name in prop::collection::vec("[ab]{1,2}", 1..5).prop_map(|parts| parts.join("/")),
    ) {
        let one_by_one: BTreeSet<_> = (0..)
            .zip(&patterns)
            .filter(|(_, pattern)| {
                let glob = globset::GlobBuilder::new(pattern).literal_separator(true).build().unwrap();
                glob.compile_matcher().is_match(&name)
            })
            .map(|(id, _)| id)
            .collect();
        let patterns: Vec<_> = patterns.iter().map(String::as_str).collect();
        prop_assert_eq!(matching(&patterns, &name), one_by_one);
    }

    /// No pattern makes it panic, or takes a name apart otherwise than at slashes.
    #[test]
    fn any_pattern(pattern in "\\PC{0,40}", name in "\\PC{0,40}") {
        if let Ok(built) = Patterns::new([(0, pattern.as_str())]) {
            built.matches(&name, |_| {});
        }
    }
}

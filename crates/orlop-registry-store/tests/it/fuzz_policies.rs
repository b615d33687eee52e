//! Rules of retention, immutable tags and quotas, whatever their patterns say. Also a fuzz target:
//! `fuzz/src/bin/policies.rs`.

use std::time::Duration;

use orlop_registry_store::{
    ImmutableRule, Keep, KeepWhen, Policies, QuotaRule, QuotaScope, RepositoryName, RetentionRule,
    TagName, TagPattern, Untagged,
};
use regex::bytes::RegexBuilder;

/// `REPOSITORY TAG`, then lines that are a glob of repositories, a glob of tags, a regular
/// expression of tags (`/…/`) or a range of versions (`=…`): the rules made of them are refused in
/// one line, or they answer; and a tag matches an expression as a whole or not at all.
pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.lines();
    let (name, tag) = lines
        .next()
        .and_then(|line| line.split_once(' '))
        .unwrap_or(("a", "b"));
    let name: RepositoryName = name
        .parse()
        .unwrap_or_else(|_| "a".parse().expect("a name"));
    let tag: TagName = tag.parse().unwrap_or_else(|_| "b".parse().expect("a tag"));
    for line in lines.take(8) {
        check_rules(&policies(line), &name, &tag);
        if let Some(regex) = expression(line) {
            check_expression(regex, &name, &tag);
        }
    }
}

fn expression(line: &str) -> Option<&str> {
    line.strip_prefix('/')?.strip_suffix('/')
}

/// One line in each place that it may stand in.
fn policies(line: &str) -> Policies {
    let pattern = match expression(line) {
        Some(regex) => TagPattern::Regex(regex.to_owned()),
        None => TagPattern::Glob(line.to_owned()),
    };
    let repositories = vec![match line.starts_with(['/', '=']) {
        true => "**".to_owned(),
        false => line.to_owned(),
    }];
    let when = match line.strip_prefix('=') {
        Some(range) => KeepWhen::Semver {
            range: Some(range.to_owned()),
            latest: Some(1),
            prereleases: false,
        },
        None => KeepWhen::LastPushed(1),
    };
    Policies {
        retention: vec![RetentionRule {
            repositories: repositories.clone(),
            keep: vec![Keep {
                tags: vec![pattern.clone()],
                when,
            }],
            untagged: Untagged::After(Duration::from_secs(1)),
            delete_referrers: false,
            dry_run: false,
        }],
        immutable: vec![ImmutableRule {
            repositories: repositories.clone(),
            tags: vec![pattern],
        }],
        quotas: vec![QuotaRule {
            repositories,
            scope: QuotaScope::Together,
            bytes: Some(1),
            tags: None,
        }],
    }
}

fn check_rules(policies: &Policies, name: &RepositoryName, tag: &TagName) {
    let rules = match policies.compile() {
        Ok(rules) => rules,
        Err(error) => {
            assert!(!error.to_string().contains('\n'), "{error}");
            return;
        }
    };
    // The same globs for both.
    assert_eq!(rules.has_immutable(name), rules.quotas(name).count() == 1);
    assert!(rules.has_immutable(name) || !rules.is_immutable(name, tag));
}

/// What compiles within a rule is an expression by itself, and matches what it does by itself.
fn check_expression(text: &str, name: &RepositoryName, tag: &TagName) {
    let immutable = |pattern: &str| Policies {
        immutable: vec![ImmutableRule {
            repositories: vec!["**".to_owned()],
            tags: vec![TagPattern::Regex(pattern.to_owned())],
        }],
        ..Policies::default()
    };
    let Ok(rules) = immutable(text).compile() else {
        return;
    };
    let alone = RegexBuilder::new(text).unicode(false).build();
    assert!(alone.is_ok(), "/{text}/ is none by itself");
    if rules.is_immutable(name, tag) {
        assert!(alone.is_ok_and(|alone| alone.is_match(tag.as_str().as_bytes())));
    }
}

#[test]
fn near_the_seeds() {
    crate::seeds::replay("policies", 9, check);
}

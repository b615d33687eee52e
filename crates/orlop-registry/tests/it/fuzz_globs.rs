//! Globs over names of repositories, whatever they say. Also a fuzz target:
//! `fuzz/src/bin/globs.rs`.

use std::sync::Arc;

use orlop_access::{
    AccessConfig, AccessControl, Action, Actions, Identity, MemoryAccounts, Rule, Subject,
    SystemClock,
};
use orlop_registry::config::RepositoryGlobs;
use orlop_registry_store::{ImmutableRule, Policies, RepositoryName};
use tokio::runtime::{Builder, Runtime};

#[path = "../../../../fuzz/globs.rs"]
mod plain;

struct Place {
    runtime: Runtime,
    control: AccessControl,
}

thread_local! {
    /// One that is told other rules each time.
    static PLACE: Place = {
        let runtime = Builder::new_current_thread().build().expect("threads can be made");
        let opened = AccessControl::open(
            rules("**"),
            Arc::new(MemoryAccounts::new()),
            Arc::new(SystemClock::new()),
            Arc::new(|_| {}),
        );
        let control = runtime.block_on(opened).expect("it is a rule");
        Place { runtime, control }
    };
}

/// A name, a line feed, a glob: rules of access, rules of the storage and webhooks take the same
/// globs, and understand them in the same way.
pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (name, glob) = text.split_once('\n').unwrap_or(("a", &text));
    let Ok(name) = name.parse::<RepositoryName>() else {
        return;
    };
    let answers = [
        access(&name, glob),
        storage(&name, glob),
        RepositoryGlobs::new(vec![glob.to_owned()]).map(|globs| globs.matches(name.as_str())),
    ];
    for answer in &answers {
        if let Err(reason) = answer {
            assert!(!reason.contains('\n'), "{reason}");
        }
        assert_eq!(
            answer.as_ref().ok(),
            answers[0].as_ref().ok(),
            "{name} {glob:?} {answers:?}"
        );
    }
    if let (Ok(answer), Some(plain)) = (&answers[0], plain::matches(glob, name.as_str())) {
        assert_eq!(*answer, plain, "{name} {glob:?}");
    }
}

/// Anybody may pull what the glob matches.
fn rules(glob: &str) -> AccessConfig {
    let mut config = AccessConfig::default();
    config.tokens.enabled = false;
    config.rules = vec![Rule {
        repositories: vec![glob.to_owned()],
        to: vec![Subject::Anonymous],
        allow: Actions::from(Action::Pull),
    }];
    config
}

fn access(name: &RepositoryName, glob: &str) -> Result<bool, String> {
    PLACE.with(|Place { runtime, control }| {
        let reloaded = runtime.block_on(control.reload(rules(glob)));
        reloaded.map_err(|error| error.to_string())?;
        let allowed = control.allowed(&Identity::anonymous(), name.as_str());
        Ok(allowed.contains(Action::Pull))
    })
}

fn storage(name: &RepositoryName, glob: &str) -> Result<bool, String> {
    let policies = Policies {
        immutable: vec![ImmutableRule {
            repositories: vec![glob.to_owned()],
            tags: Vec::new(),
        }],
        ..Policies::default()
    };
    let rules = policies.compile().map_err(|error| error.to_string())?;
    Ok(rules.has_immutable(name))
}

#[test]
fn near_the_seeds() {
    crate::seeds::replay("globs", 2, check);
}

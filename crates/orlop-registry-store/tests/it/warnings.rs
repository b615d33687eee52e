//! What somebody who pushed hears though all went well.

use bytes::Bytes;
use orlop_oci::Digest;
use orlop_registry_store::{
    ImmutableRule, Keep, KeepWhen, Policies, QuotaRule, QuotaScope, RetentionRule, TagPattern,
    Untagged,
};

use crate::support::{
    MANIFEST, TestStorage, descriptor, image_of, index_of, new_manifest, origin, repo, subject_of,
};

async fn warnings(test: &TestStorage, tags: &[&str], bytes: &Bytes) -> Vec<String> {
    let (storage, manifest) = (&test.storage, new_manifest(tags, bytes));
    let (app, who) = (repo("app"), origin());
    let put = storage.put_manifest(&app, manifest, &who).await;
    put.unwrap().warnings
}

fn with(policies: Policies) -> TestStorage {
    TestStorage::with(|options| options.policies = policies)
}

fn app() -> Vec<String> {
    vec!["app".into()]
}

fn globs(tags: &[&str]) -> Vec<TagPattern> {
    let glob = |text: &&str| TagPattern::Glob((*text).into());
    tags.iter().map(glob).collect()
}

#[tokio::test]
async fn an_ordinary_push_has_none() {
    let test = TestStorage::new();
    let image = test.image("app", "one").await;
    assert_eq!(warnings(&test, &["v1"], &image).await, [""; 0]);
    let index = index_of(&[&image], "");
    assert_eq!(warnings(&test, &["v2"], &index).await, [""; 0]);
    let referrer = image_of(b"{\"seed\":\"one\"}", &[], &subject_of(&image));
    assert_eq!(warnings(&test, &[], &referrer).await, [""; 0]);
}

#[tokio::test]
async fn a_quota_that_is_nearly_used_up() {
    let test = with(Policies {
        quotas: vec![QuotaRule {
            repositories: app(),
            scope: QuotaScope::Each,
            bytes: None,
            tags: Some(10),
        }],
        ..Policies::default()
    });
    let image = test.image("app", "one").await;
    let nine = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];
    assert_eq!(warnings(&test, &nine, &image).await, [""; 0]);
    assert_eq!(
        warnings(&test, &["10"], &image).await,
        ["the quota is nearly used up: the repository has 10 of the 10 tags that it may have"]
    );
}

#[tokio::test]
async fn tags_that_retention_removes() {
    let semver = KeepWhen::Semver {
        range: None,
        latest: Some(2),
        prereleases: false,
    };
    let keep = |tags: &[&str], when| Keep {
        tags: globs(tags),
        when,
    };
    let rule = |dry_run| Policies {
        retention: vec![RetentionRule {
            repositories: app(),
            keep: vec![
                keep(&["main"], KeepWhen::Always),
                keep(&["v*"], semver.clone()),
                keep(&["ci-*"], KeepWhen::LastPushed(3)),
            ],
            untagged: Untagged::Keep,
            delete_referrers: false,
            dry_run,
        }],
        ..Policies::default()
    };
    let test = with(rule(false));
    let image = test.image("app", "one").await;
    for kept in ["main", "v1.0.0", "v1.1.0", "v1.2.0", "ci-1"] {
        assert_eq!(warnings(&test, &[kept], &image).await, [""; 0], "{kept}");
    }
    let of = |tag: &str| format!("retention will remove tag {tag}: ");
    for gone in ["v1.0.1", "other", "vague"] {
        let said = warnings(&test, &[gone], &image).await;
        assert_eq!(said.len(), 1, "{gone}: {said:?}");
        assert!(said[0].starts_with(&of(gone)), "{said:?}");
    }
    // A signature goes with what it signs.
    let signature = Digest::of(&image).to_string().replace(':', "-") + ".sig";
    assert_eq!(warnings(&test, &[&signature], &image).await, [""; 0]);
    test.storage.set_policies(&rule(true)).unwrap();
    assert_eq!(warnings(&test, &["other"], &image).await, [""; 0]);
}

#[tokio::test]
async fn a_tag_that_can_not_be_moved_any_more() {
    let test = with(Policies {
        immutable: vec![ImmutableRule {
            repositories: app(),
            tags: globs(&["v*"]),
        }],
        ..Policies::default()
    });
    let image = test.image("app", "one").await;
    assert_eq!(
        warnings(&test, &["v1", "latest"], &image).await,
        ["tag v1 is immutable from now on: it can't be moved or deleted"]
    );
    assert_eq!(warnings(&test, &["v1"], &image).await, [""; 0]);
}

#[tokio::test]
async fn what_is_not_here() {
    let test = TestStorage::new();
    let (one, two) = (
        test.image("app", "one").await,
        test.image("app", "two").await,
    );
    let subject = Digest::of(&two);
    let index = index_of(&[&one, &two], &subject_of(&two));
    assert_eq!(
        warnings(&test, &["v1"], &index).await,
        [
            format!("its subject {subject} isn't here yet"),
            "2 manifests that it lists aren't here".to_owned()
        ]
    );
    test.put("app", &[], &two).await;
    assert_eq!(
        warnings(&test, &["v1"], &index).await,
        ["1 manifest that it lists isn't here"]
    );
    // An entry that may be a blob, and is one.
    let layer = descriptor("application/vnd.buildkit.cacheconfig.v0", b"layer of one");
    let cache = format!(
        r#"{{"schemaVersion":2,"mediaType":"{}","manifests":[{layer}]}}"#,
        crate::support::INDEX
    );
    assert_eq!(warnings(&test, &[], &cache.into()).await, [""; 0]);
}

#[tokio::test]
async fn layers_that_are_elsewhere() {
    let test = TestStorage::new();
    let config = b"{}";
    test.push("app", config).await;
    let foreign = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
    let image = format!(
        r#"{{"schemaVersion":2,"mediaType":"{MANIFEST}","config":{},"layers":[{}]}}"#,
        descriptor("application/vnd.oci.image.config.v1+json", config),
        descriptor(foreign, b"elsewhere"),
    );
    let said = warnings(&test, &["v1"], &image.into()).await;
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("1 of its layers are of a type that is deprecated"));
}

//! Collection, retention, immutable tags, quotas and verification, as commands and while serving.

use orlop_testing::{Method, http};

use super::{Served, registry};
use crate::{orlop, small};

fn tags(host: &str, repository: &str) -> Vec<String> {
    let answer = http(
        Method::Get,
        host,
        &format!("/v2/{repository}/tags/list"),
        &[],
        None,
    );
    let list: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    serde_json::from_value(list["tags"].clone()).unwrap_or_default()
}

#[test]
fn retention_keeps_what_the_rules_say_and_collection_frees_the_rest() {
    let served = Served::configured(
        "[[serve.retention]]\nrepositories = [\"team/**\"]\nuntagged = \"1s\"\n\
         [[serve.retention.keep]]\ntags = [\"main\"]\n\
         [[serve.retention.keep]]\nlast_pushed = 1\n",
    );
    for tag in ["main", "old", "new"] {
        let _ = small(tag).push(&served.host, "team/app", tag);
        let _ = small(tag).push(&served.host, "other", tag);
    }
    let dry = registry(&served.orlop, &["retention", "--dry-run"], "").ok();
    assert!(dry.stdout.contains("remove team/app:old  "), "{dry}");
    assert!(dry.stdout.contains("Would remove 1 tags"), "{dry}");
    assert_eq!(tags(&served.host, "team/app").len(), 3);
    let done = registry(&served.orlop, &["retention"], "").ok();
    assert!(done.stdout.contains("Removed 1 tags"), "{done}");
    assert_eq!(tags(&served.host, "team/app"), ["main", "new"]);
    assert_eq!(tags(&served.host, "other").len(), 3, "no rule is for it");

    let dry = registry(&served.orlop, &["gc", "--dry-run"], "").ok();
    assert!(dry.stdout.contains("Would free "), "{dry}");
    registry(&served.orlop, &["gc"], "").ok();
    for name in ["team/app:main", "team/app:new", "other:old"] {
        orlop().ok(["pull", "-q", &format!("{}/{name}", served.host)]);
    }
    registry(&served.orlop, &["verify"], "").ok();
}

#[test]
fn what_is_damaged_is_named_with_who_needs_it() {
    let served = Served::start();
    let image = small("to be damaged");
    let _ = image.push(&served.host, "team/app", "v1");
    let _ = small("whole").push(&served.host, "team/app", "v2");
    let layer = image.layer_digests().remove(0);
    let file = served.blob_file(&layer);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[20] ^= 1;
    // It may be for its owner to read only.
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, bytes).unwrap();
    let (orlop, _) = served.stop();
    let found = registry(&orlop, &["verify"], "").run().expect_code(1);
    assert!(
        found.stdout.contains(&format!("damaged: {layer}: ")),
        "{found}"
    );
    assert!(
        found.stdout.contains("  needed by team/app:v1 ("),
        "{found}"
    );
    assert!(!found.stdout.contains("team/app:v2"), "{found}");
    assert!(found.stderr.contains("1 thing is damaged"), "{found}");
}

#[test]
fn immutable_tags_and_quotas_hold() {
    let served = Served::configured(
        "[[serve.immutable]]\nrepositories = [\"**\"]\ntags = [\"v*\"]\n\
         [[serve.quotas]]\nrepositories = [\"**\"]\ntags = 2\n",
    );
    let (one, two) = (small("one"), small("two"));
    let client = orlop();
    let name = one.push(&served.host, "app", "v1");
    let other = two.push(&served.host, "app", "main");
    client.ok(["pull", "-q", &other]);
    client.ok(["tag", &other, &name]);
    let refused = client.fails(["push", &name]);
    assert!(refused.contains("immutable"), "{refused}");
    let third = format!("{}/app:third", served.host);
    client.ok(["tag", &other, &third]);
    let refused = client.fails(["push", &third]);
    assert!(refused.contains("quota"), "{refused}");
}

#[test]
fn a_registry_that_is_not_there_is_not_made() {
    let orlop = orlop();
    for verb in ["gc", "verify"] {
        let error = registry(&orlop, &[verb], "").run().expect_code(1).stderr;
        assert!(error.contains("there is no registry in"), "{error}");
    }
    assert!(!orlop.store().exists());
}

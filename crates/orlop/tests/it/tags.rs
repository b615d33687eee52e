//! `tag log`: what a name stood for; and that docker's `tag` stays what it is.

use orlop_testing::Registry;

use crate::{orlop, small};

#[test]
fn each_digest_of_a_name_is_remembered() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let (first, second) = (small("first"), small("second"));
    let name = first.push(&registry.host(), "app", "v1");
    let orlop = orlop();
    orlop.ok(["pull", "-q", &name]);
    let _ = second.push(&registry.host(), "app", "v1");
    let moved = orlop.ok(["pull", &name]);
    let (a, b) = (&first.top.digest, &second.top.digest);
    assert!(
        moved
            .stderr
            .contains(&format!("{name} moved from {a} to {b}\n")),
        "{moved}"
    );
    assert_eq!(
        moved.lines()[moved.lines().len() - 2],
        format!("Status: Downloaded newer image for {name}")
    );
    orlop.ok(["tag", a, &name]);
    orlop.ok(["rmi", &name]);
    let log = [
        "tag",
        "log",
        "--no-trunc",
        "--format",
        "{{.Action}} {{.Previous}} {{.Digest}}",
        &name,
    ];
    assert_eq!(
        orlop.ok(log).lines(),
        [
            format!("removed {a} {a}"),
            format!("tagged {b} {a}"),
            format!("pulled {a} {b}"),
            format!("pulled  {a}"),
        ]
    );
    let table = orlop.ok(["tag", "log", &name]);
    assert_eq!(
        table.lines()[0].split_whitespace().collect::<Vec<_>>(),
        ["WHEN", "DIGEST", "ACTION"]
    );
    for words in [
        &["tag", "log", "never:seen"][..],
        &["tag", "-D", "log", "never:seen"],
    ] {
        let unknown = orlop.fails(words);
        assert!(
            unknown.contains("never:seen: this store has never had the name"),
            "{unknown}"
        );
    }
}

#[test]
fn an_image_called_log_is_tagged_as_docker_does() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let name = small("called log").push(&registry.host(), "app", "v1");
    let orlop = orlop();
    orlop.ok(["pull", "-q", &name]);
    orlop.ok(["tag", &name, "log"]);
    let tagged = orlop.ok(["tag", "log", "log:other"]);
    assert_eq!(tagged.stdout, "", "docker's tag says nothing");
    let there = orlop.ok(["images", "-q", "log:other"]);
    assert_eq!(there.lines().len(), 1);
    // With an option it can only be a question.
    let log = orlop.ok(["tag", "log", "--format", "{{.Action}}", "log:other"]);
    assert_eq!(log.lines(), ["tagged"]);
    orlop.ok(["rmi", "-f", "log", "log:other", &name]);
}

#[test]
fn tag_needs_two_names() {
    let orlop = orlop();
    for words in [&["tag"][..], &["tag", "alpine"]] {
        let said = orlop.fails(words);
        assert!(said.contains("required"), "{said}");
    }
    let unknown = orlop.fails(["tag", "nosuch:1", "other:1"]);
    assert!(unknown.contains("No such image: nosuch:1"), "{unknown}");
}

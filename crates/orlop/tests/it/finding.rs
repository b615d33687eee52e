//! `search` and `official`: what there is before anything is pulled.

use orlop_testing::{Compression, Fault, FaultProxy, Layer, Orlop, Registry, Rule, Tarball};

use crate::{orlop, small};

/// As Docker Hub's index answers `GET /v1/search`.
const HUB: &str = r#"{"num_pages":1,"num_results":3,"page_size":25,"page":1,"query":"alpine","results":[
{"name":"alpine","description":"A minimal Docker image based on Alpine Linux with a complete package index","star_count":11000,"pull_count":1000000000,"is_trusted":false,"is_automated":false,"is_official":true},
{"name":"alpine/git","description":"A simple git container\nrunning in alpine","star_count":251,"pull_count":1000000,"is_trusted":false,"is_automated":true,"is_official":false},
{"name":"user/alp","description":null,"star_count":0,"pull_count":1,"is_trusted":false,"is_automated":false,"is_official":false}]}"#;

fn answer(body: impl Into<Vec<u8>>) -> Fault {
    Fault::Answer {
        status: 200,
        headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
        body: body.into(),
    }
}

fn at_index(index: &FaultProxy) -> Orlop {
    orlop().config(&format!(
        "[registry.\"docker.io\"]\nsearch = \"http://{}\"\n",
        index.host()
    ))
}

#[test]
fn docker_hub_is_searched_with_dockers_columns() {
    let index = FaultProxy::alone();
    index.add(Rule::new("/v1/search?q=alpine&n=25", answer(HUB)));
    index.add(Rule::new("/v1/search?q=alpine&n=1", answer(HUB)));
    let orlop = at_index(&index);
    assert_eq!(
        orlop.ok(["search", "alpine"]).stdout,
        "NAME         DESCRIPTION                                     STARS     OFFICIAL\n\
         alpine       A minimal Docker image based on Alpine Linux…   11000     [OK]\n\
         alpine/git   A simple git container running in alpine        251       \n\
         user/alp                                                     0         \n"
    );
    for (words, lines) in [
        (vec!["--filter", "is-official=true"], "alpine\n"),
        (vec!["-f", "stars=200"], "alpine\nalpine/git\n"),
        (
            vec!["-f", "stars=200", "-f", "is-official=false"],
            "alpine/git\n",
        ),
        (vec!["--limit", "1"], "alpine\n"),
    ] {
        let all = ["search", "--format", "{{.Name}}", "library/alpine"];
        let run = orlop.ok(all.into_iter().chain(words.iter().copied()));
        assert_eq!(run.stdout, lines, "{words:?}");
    }
    let full = orlop.ok([
        "search",
        "--no-trunc",
        "--format",
        "{{.Description}}",
        "alpine",
    ]);
    assert!(
        full.lines()[0].ends_with("complete package index"),
        "{full}"
    );
    let limit = orlop.fails(["search", "--limit", "101", "alpine"]);
    assert!(
        limit.contains("limit 101 is outside the range of [1, 100]"),
        "{limit}"
    );
}

#[test]
fn a_registry_without_a_search_is_asked_for_its_list() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let host = registry.host();
    for repository in ["team/tool", "team/other", "retool"] {
        let _ = small("listed").push(&host, repository, "v1");
    }
    let found = orlop().ok(["search", &format!("{host}/tool")]);
    let names: Vec<&str> = found.lines()[1..]
        .iter()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(
        names,
        [format!("{host}/retool"), format!("{host}/team/tool")]
    );
    assert!(
        found.stderr.contains(&format!("{host} has no search")),
        "{found}"
    );
}

fn library(commit: &str) -> Vec<u8> {
    let file = format!(
        "Maintainers: A (@a)\nGitRepo: https://example.com/tool.git\n\n\
         Tags: 2.0, 2\nSharedTags: latest\nArchitectures: amd64, arm64v8\nGitCommit: {commit}\nDirectory: two\n\n\
         Tags: 1.0, 1\nGitCommit: {commit}\n"
    );
    let tar = Tarball::new()
        .file("official-images-master/library/tool", 0o644, file)
        .finish();
    Layer::new(&tar, Compression::Gzip).blob
}

#[test]
fn official_images_are_read_from_a_catalogue_that_is_fetched() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let host = registry.host();
    let (current, old, new) = (small("current"), small("old"), small("new"));
    let _ = current.push(&host, "library/tool", "2");
    let _ = old.push(&host, "library/tool", "1");
    let _ = old.push(&host, "library/tool", "0");
    let orlop = orlop().config(&format!(
        "[registry.\"docker.io\"]\nmirrors = [\"http://{host}\"]\n"
    ));
    for tag in ["tool:2", "tool:1", "tool:0"] {
        orlop.ok(["pull", "-q", tag]);
    }
    let _ = new.push(&host, "library/tool", "1");

    let without = orlop.ok(["official", "tool"]);
    assert_eq!(without.lines(), ["TAG", "0", "1", "2"]);
    assert!(
        without.stderr.contains("There is no catalogue")
            && without.stderr.contains("hint: `orlop official --refresh`"),
        "{without}"
    );
    let offline = orlop.fails(["official", "--local", "tool"]);
    assert!(offline.contains("there is no catalogue"), "{offline}");

    let server = FaultProxy::alone();
    let commit = "0123456789abcdef0123456789abcdef01234567";
    server.add(Rule::new("/master.tar.gz", answer(library(commit))));
    let url = format!("http://{}/master.tar.gz", server.host());
    let fetched = orlop.ok(["official", "--refresh", "--from", &url]);
    assert!(
        fetched
            .stderr
            .contains("catalogue of 1 official images fetched"),
        "{fetched}"
    );
    let shown = orlop.ok(["official", "tool"]);
    let lines = shown.lines();
    assert_eq!(lines[0], "tool: Docker Official Image, kept by A (@a)");
    assert!(lines[1].ends_with(&url), "{shown}");
    assert_eq!(
        lines[3..6],
        [
            "TAGS             ARCHITECTURES    COMMIT         DIRECTORY",
            "2.0, 2, latest   amd64, arm64v8   0123456789ab   two",
            "1.0, 1           amd64            0123456789ab   .",
        ]
    );
    let short = |digest: &str| digest["sha256:".len()..][..12].to_owned();
    let (a, b, c) = (
        short(&current.top.digest),
        short(&old.top.digest),
        short(&new.top.digest),
    );
    assert_eq!(
        lines[7..],
        [
            "IN THE STORE   DIGEST         STATUS".to_owned(),
            format!("tool:0         {b}   current; the tag is not supported"),
            format!("tool:1         {b}   outdated, it is {c} now"),
            format!("tool:2         {a}   current"),
        ]
    );
    let source = orlop.ok(["official", "--format", "{{.Source}}", "tool:latest"]);
    assert_eq!(
        source.lines(),
        [format!("https://example.com/tool.git#{commit}:two")]
    );
    assert_eq!(
        orlop.ok(["official"]).lines()[1].split_whitespace().next(),
        Some("tool")
    );
    for (words, expected) in [
        (["official", "nosuch"], "nosuch is no Docker Official Image"),
        (["official", "tool:9"], "tool:9 is not supported (any more)"),
        (["official", "user/tool"], "names no official image"),
    ] {
        let said = orlop.fails(words);
        assert!(said.contains(expected), "{said}");
    }
    // A fetch that fails leaves what is there.
    drop(server);
    orlop.fails([
        "--set",
        "registry.\"*\".retries=0",
        "official",
        "--refresh",
        "--from",
        &url,
    ]);
    assert_eq!(
        orlop.ok(["official", "--local", "tool"]).lines()[3..6],
        lines[3..6]
    );
}

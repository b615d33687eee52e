//! `search` and `official`: what there is before anything is pulled.

use orlop_testing::{Compression, Fault, FaultProxy, Image, Layer, Orlop, Registry, Rule, Tarball};

use crate::serve::Served;
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
    let served = Served::start();
    for host in [registry.host(), served.host.clone()] {
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
}

fn library(commit: &str) -> Vec<u8> {
    let file = format!(
        "Maintainers: A (@a)\nGitRepo: https://example.com/tool.git\n\n\
         Tags: 2.0, 2\nSharedTags: latest\nArchitectures: amd64, arm64v8\nGitCommit: {commit}\nDirectory: two\n\n\
         Tags: 1.0, 1\nGitCommit: {commit}\n"
    );
    let tar = Tarball::new()
        .file("official-images-master/library/tool", 0o644, file)
        .file(
            "official-images-master/library/retired",
            0o644,
            "Maintainers: A (@a)\n#Tags: 1\n",
        )
        .finish();
    Layer::new(&tar, Compression::Gzip).blob
}

/// The commit of everything in [`library`].
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A program with a catalogue of official images, and the address that it came from.
fn with_catalogue(orlop: Orlop) -> (Orlop, FaultProxy, String) {
    let server = FaultProxy::alone();
    server.add(Rule::new("/master.tar.gz", answer(library(COMMIT))));
    let url = format!("http://{}/master.tar.gz", server.host());
    let fetched = orlop.ok(["official", "--refresh", "--from", &url]);
    let words = "catalogue of 2 official images fetched";
    assert!(fetched.stderr.contains(words), "{fetched}");
    (orlop, server, url)
}

/// A program for which this registry is Docker Hub.
fn with_hub(registry: &Registry) -> Orlop {
    orlop().config(&format!(
        "[registry.\"docker.io\"]\nmirrors = [\"http://{}\"]\n",
        registry.host()
    ))
}

#[test]
fn without_a_catalogue_the_registrys_tags_are_shown() {
    let Some(registry) = Registry::start() else {
        return;
    };
    for tag in ["2", "1"] {
        let _ = small("tool").push(&registry.host(), "library/tool", tag);
    }
    let orlop = with_hub(&registry);
    let shown = orlop.ok(["official", "tool"]);
    assert_eq!(shown.lines(), ["TAG", "1", "2"]);
    assert!(
        shown.stderr.contains("There is no catalogue")
            && shown.stderr.contains("hint: `orlop official --refresh`"),
        "{shown}"
    );
    let offline = orlop.fails(["official", "--local", "tool"]);
    assert!(offline.contains("there is no catalogue"), "{offline}");
}

#[test]
fn what_is_supported_is_read_from_the_catalogue() {
    let (orlop, server, url) = with_catalogue(orlop());
    let shown = orlop.ok(["official", "tool"]);
    let lines = shown.lines();
    assert_eq!(lines[0], "tool: Docker Official Image, kept by A (@a)");
    assert!(lines[1].ends_with(&url), "{shown}");
    assert_eq!(
        lines[3..],
        [
            "TAGS             ARCHITECTURES    COMMIT         DIRECTORY",
            "2.0, 2, latest   amd64, arm64v8   0123456789ab   two",
            "1.0, 1           amd64            0123456789ab   .",
        ]
    );
    let source = orlop.ok(["official", "--format", "{{.Source}}", "tool:latest"]);
    assert_eq!(
        source.lines(),
        [format!("https://example.com/tool.git#{COMMIT}:two")]
    );
    let all = orlop.ok(["official"]);
    assert!(all.lines()[2].starts_with("tool "), "{all}");
    let retired = orlop.ok(["official", "retired"]);
    let last = "No tag of it is supported any more.";
    assert_eq!(retired.lines().last(), Some(&last));
    for (words, expected) in [
        (["official", "nosuch"], "nosuch is no Docker Official Image"),
        (["official", "tool:9"], "tool:9 is not supported (any more)"),
        (["official", "retired:1"], "no tag of retired is"),
        (["official", "user/tool"], "names no official image"),
    ] {
        let said = orlop.fails(words);
        assert!(said.contains(expected), "{said}");
    }
    // A fetch that fails leaves what is there.
    drop(server);
    let no_retries = ["--set", "registry.\"*\".retries=0"];
    let again = ["official", "--refresh", "--from", &url];
    orlop.fails(no_retries.iter().chain(&again));
    assert_eq!(orlop.ok(["official", "tool"]).lines()[3..], lines[3..]);
}

#[test]
fn what_is_in_the_store_is_compared_with_the_registry() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let host = registry.host();
    let (current, old, new) = (small("current"), small("old"), small("new"));
    let _ = current.push(&host, "library/tool", "2");
    for tag in ["1", "0"] {
        let _ = old.push(&host, "library/tool", tag);
    }
    let (orlop, _server, _) = with_catalogue(with_hub(&registry));
    for tag in ["tool:2", "tool:1", "tool:0"] {
        orlop.ok(["pull", "-q", tag]);
    }
    let _ = new.push(&host, "library/tool", "1");
    let short = |image: &Image| image.top.digest["sha256:".len()..][..12].to_owned();
    let (a, b, c) = (short(&current), short(&old), short(&new));
    assert_eq!(
        orlop.ok(["official", "tool"]).lines()[7..],
        [
            "IN THE STORE   DIGEST         STATUS".to_owned(),
            format!("tool:0         {b}   current; the tag is not supported"),
            format!("tool:1         {b}   outdated, it is {c} now"),
            format!("tool:2         {a}   current"),
        ]
    );
    assert_eq!(
        orlop.ok(["official", "--local", "tool:2"]).lines()[6..],
        [
            "IN THE STORE   DIGEST         STATUS".to_owned(),
            format!("tool:2         {a}   not asked"),
        ]
    );
}

//! Who may do what, from the outside.

use orlop_access::AccessConfig;
use orlop_oci::Digest;
use tempfile::NamedTempFile;

use crate::client::Answer;
use crate::registries::{RULES, USERS, basic};
use crate::server::{OCI_MANIFEST, TestServer, Wanted};

pub(crate) fn server(more: &str) -> (TestServer, NamedTempFile) {
    let users = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(users.path(), USERS).unwrap();
    let text = format!("htpasswd = {:?}\n{more}\n{RULES}", users.path());
    let access: AccessConfig = toml::from_str(&text).unwrap();
    let server = TestServer::with(|wanted: &mut Wanted| wanted.access = access);
    (server, users)
}

pub(crate) fn ask(
    server: &TestServer,
    who: &str,
    method: &str,
    target: &str,
    body: &[u8],
) -> Answer {
    let authorization = basic(who);
    let mut headers = vec![("Content-Type", OCI_MANIFEST)];
    if who != "anonymous" {
        headers.push(("Authorization", &*authorization));
    }
    server.ask(method, target, &headers, body)
}

const NO_TOKENS: &str = "tokens = { enabled = false }";

#[test]
fn what_is_there_is_told_only_to_who_may_see_it() {
    let (server, _users) = server(NO_TOKENS);
    let content = b"secret";
    let digest = Digest::of(content);
    let target = format!("/v2/hidden/x/blobs/uploads/?digest={digest}");
    ask(&server, "admin", "POST", &target, content).expect(201);
    // A blob that is there and one that isn't look the same from outside.
    for who in ["anonymous", "reader", "writer"] {
        let place = |digest: &Digest| format!("/v2/hidden/x/blobs/{digest}");
        let there = ask(&server, who, "GET", &place(&digest), b"");
        let missing = ask(&server, who, "GET", &place(&Digest::of(b"no")), b"");
        assert_eq!((there.status, there.body), (missing.status, missing.body));
        let nowhere = ask(&server, who, "GET", "/v2/nowhere/x/tags/list", b"");
        assert_eq!(nowhere.status, there.status);
    }
    // Mounting what one can't read begins an upload, named or not.
    let queries = [
        format!("mount={digest}&from=hidden/x"),
        format!("mount={digest}"),
    ];
    for (who, name, status) in [("writer", "team/x", 202), ("admin", "team/y", 201)] {
        for query in &queries {
            let target = format!("/v2/{name}/blobs/uploads/?{query}");
            ask(&server, who, "POST", &target, b"").expect(status);
        }
    }
    ask(
        &server,
        "writer",
        "GET",
        &format!("/v2/team/x/blobs/{digest}"),
        b"",
    )
    .expect(404);
    // What admin mounted into team/y is now writer's to see, and to mount on.
    let target = format!("/v2/team/z/blobs/uploads/?mount={digest}");
    ask(&server, "writer", "POST", &target, b"").expect(201);
}

#[test]
fn the_catalog_shows_what_one_may_pull() {
    let (server, _users) = server(NO_TOKENS);
    for name in [
        "hidden/a", "hidden/b", "public/a", "team/a", "team/b", "zebra",
    ] {
        let digest = Digest::of(b"x");
        let target = format!("/v2/{name}/blobs/uploads/?digest={digest}");
        ask(&server, "admin", "POST", &target, b"x").expect(201);
    }
    let list = |who: &str, query: &str| {
        let answer = ask(&server, who, "GET", &format!("/v2/_catalog{query}"), b"").expect(200);
        let link = answer.header("link").map(str::to_owned);
        let names = answer.json()["repositories"].clone();
        let names = names.as_array().unwrap().iter();
        let names: Vec<String> = names.map(|n| n.as_str().unwrap().to_owned()).collect();
        (names, link)
    };
    assert_eq!(list("anonymous", ""), (vec!["public/a".to_owned()], None));
    let (names, link) = list("reader", "?n=2");
    assert_eq!(names, ["public/a", "team/a"]);
    assert_eq!(
        link.as_deref(),
        Some("</v2/_catalog?n=2&last=team%2Fa>; rel=\"next\"")
    );
    assert_eq!(
        list("reader", "?n=3").1,
        None,
        "nothing that is theirs follows"
    );
    assert_eq!(list("admin", "").0.len(), 6);
}

#[test]
fn two_credentials_are_none() {
    let (server, _users) = server(NO_TOKENS);
    let (reader, admin) = (basic("reader"), basic("admin"));
    let both = [("Authorization", &*reader), ("Authorization", &*admin)];
    server
        .ask("GET", "/v2/team/x/tags/list", &both, &[])
        .fails(401, "UNAUTHORIZED");
}

#[test]
fn who_guesses_has_to_wait() {
    let (server, _users) = server(NO_TOKENS);
    let wrong = [("Authorization", "Basic cmVhZGVyOndyb25n")];
    let mut answers = (0..20).map(|_| server.ask("GET", "/v2/", &wrong, &[]));
    let last = answers.find(|answer| answer.status != 401);
    let last = last
        .expect("twenty guesses are too many")
        .fails(429, "TOOMANYREQUESTS");
    assert!(last.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
}

#[test]
fn actors_are_in_the_log() {
    let (mut server, _users) = server(NO_TOKENS);
    ask(&server, "writer", "GET", "/v2/team/x/tags/list", b"").expect(404);
    ask(&server, "reader", "DELETE", "/v2/team/x/manifests/a", b"").expect(403);
    let lines = server.lines();
    assert_eq!(lines[0]["actor"], "writer");
    assert_eq!(
        (lines[1]["actor"].as_str(), lines[1]["status"].as_u64()),
        (Some("reader"), Some(403))
    );
}

//! Every route, asked by everybody.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use orlop_access::AccessConfig;
use orlop_oci::Digest;
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::client::Answer;
use crate::server::{OCI_MANIFEST, TestServer, Wanted};

/// Each one's password is their name.
const USERS: &str = "reader:$2y$04$abcdefghijklmnopqrstuuBRvAxITR.mIgbxkIGesFvdUSMTVuuF.
writer:$2y$04$abcdefghijklmnopqrstuu4C2yKeLid0P88B28aMBVf0vI2f/WtAi
deleter:$2y$04$abcdefghijklmnopqrstuutX3oJDdbnhLHuOL.hyKpBOJt72B6RTi
admin:$2y$04$abcdefghijklmnopqrstuuQe66hACgXZ.ImKMvPGdqru0gQrWJ8Ju
";

const RULES: &str = r#"
admins = ["user:admin"]
[[rules]]
repositories = ["public/**"]
to = ["anonymous"]
allow = ["pull"]
[[rules]]
repositories = ["team/**"]
to = ["user:reader"]
allow = ["pull"]
[[rules]]
repositories = ["team/**"]
to = ["user:writer"]
allow = ["pull", "push"]
[[rules]]
repositories = ["team/**"]
to = ["user:deleter"]
allow = ["pull", "delete"]
"#;

fn server(more: &str) -> (TestServer, NamedTempFile) {
    let users = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(users.path(), USERS).unwrap();
    let text = format!("htpasswd = {:?}\n{more}\n{RULES}", users.path());
    let access: AccessConfig = toml::from_str(&text).unwrap();
    let server = TestServer::with(|wanted: &mut Wanted| wanted.access = access);
    (server, users)
}

fn basic(name: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{name}")))
}

fn ask(server: &TestServer, who: &str, method: &str, target: &str, body: &[u8]) -> Answer {
    let authorization = basic(who);
    let mut headers = vec![("Content-Type", OCI_MANIFEST)];
    if who != "anonymous" {
        headers.push(("Authorization", &*authorization));
    }
    server.ask(method, target, &headers, body)
}

const NO_TOKENS: &str = "tokens = { enabled = false }";

/// What a refusal by access looks like, and nothing else does.
fn refused(answer: &Answer) -> Option<u16> {
    matches!(answer.status, 401 | 403).then_some(answer.status)
}

#[test]
fn every_route_by_everybody() {
    let (server, _users) = server(NO_TOKENS);
    let digest = Digest::of(b"x");
    let id = "0123456789abcdef0123456789abcdef";
    let (pull, push, delete) = ("pull", "push", "delete");
    let routes = [
        ("GET", "/v2/NAME/blobs/DIGEST", pull),
        ("HEAD", "/v2/NAME/blobs/DIGEST", pull),
        ("GET", "/v2/NAME/manifests/latest", pull),
        ("HEAD", "/v2/NAME/manifests/DIGEST", pull),
        ("GET", "/v2/NAME/tags/list", pull),
        ("GET", "/v2/NAME/referrers/DIGEST", pull),
        ("POST", "/v2/NAME/blobs/uploads/", push),
        ("POST", "/v2/NAME/blobs/uploads/?digest=DIGEST", push),
        (
            "POST",
            "/v2/NAME/blobs/uploads/?mount=DIGEST&from=public/x",
            push,
        ),
        ("PATCH", "/v2/NAME/blobs/uploads/ID", push),
        ("PUT", "/v2/NAME/blobs/uploads/ID?digest=DIGEST", push),
        ("GET", "/v2/NAME/blobs/uploads/ID", push),
        ("DELETE", "/v2/NAME/blobs/uploads/ID", push),
        ("PUT", "/v2/NAME/manifests/latest", push),
        ("PUT", "/v2/NAME/manifests/DIGEST?tag=a", push),
        ("DELETE", "/v2/NAME/manifests/latest", delete),
        ("DELETE", "/v2/NAME/manifests/DIGEST", delete),
        ("DELETE", "/v2/NAME/blobs/DIGEST", delete),
    ];
    let may = |who: &str, name: &str, action: &str| match (who, name) {
        ("admin", _) => true,
        (_, "public/x") => action == pull,
        ("reader", "team/x") => action == pull,
        ("writer", "team/x") => action == pull || action == push,
        ("deleter", "team/x") => action == pull || action == delete,
        _ => false,
    };
    for who in ["anonymous", "reader", "writer", "deleter", "admin"] {
        for name in ["public/x", "team/x", "other/x"] {
            for (method, target, action) in routes {
                let target = target.replace("NAME", name).replace("ID", id);
                let target = target.replace("DIGEST", digest.as_str());
                let answer = ask(&server, who, method, &target, b"");
                let expected = match (may(who, name, action), who) {
                    (true, _) => None,
                    (false, "anonymous") => Some(401),
                    (false, _) => Some(403),
                };
                let told = format!("{who}: {method} {target}: {}", answer.status);
                assert_eq!(refused(&answer), expected, "{told}");
                if expected == Some(401) {
                    let challenge = answer.header("www-authenticate").expect(&told);
                    assert!(challenge.starts_with("Basic realm="), "{challenge}");
                }
                if method != "HEAD" && expected.is_some() {
                    let code = if expected == Some(401) {
                        "UNAUTHORIZED"
                    } else {
                        "DENIED"
                    };
                    assert_eq!(answer.code(), code, "{told}");
                }
            }
        }
        let status = |target: &str| ask(&server, who, "GET", target, b"").status;
        assert_eq!(status("/healthz"), 200);
        assert_eq!(status("/v2/_catalog"), 200);
        let metrics = match who {
            "admin" => 200,
            "anonymous" => 401,
            _ => 403,
        };
        assert_eq!(status("/metrics"), metrics);
        // Who is wrong about who they are is refused wherever it is asked.
        let wrong = [("Authorization", "Basic cmVhZGVyOndyb25n")];
        server
            .ask("GET", "/v2/public/x/tags/list", &wrong, &[])
            .fails(401, "UNAUTHORIZED");
    }
}

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
fn tokens_open_what_they_were_asked_for() {
    let (server, _users) = server("");
    let base = "http://registry.test";
    let answer = server.get("/v2/").expect(401);
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(
        challenge.starts_with(&format!("Bearer realm=\"{base}/token\"")),
        "{challenge}"
    );
    let answer = server
        .ask("POST", "/v2/team/x/blobs/uploads/", &[], &[])
        .expect(401);
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(
        challenge.contains("scope=\"repository:team/x:pull,push\""),
        "{challenge}"
    );
    let target = format!(
        "/v2/team/x/blobs/uploads/?mount={}&from=public/x",
        Digest::of(b"x")
    );
    let answer = server.ask("POST", &target, &[], &[]).expect(401);
    let challenge = answer.header("www-authenticate").unwrap();
    let both = "scope=\"repository:team/x:pull,push repository:public/x:pull\"";
    assert!(challenge.contains(both), "{challenge}");

    let token = |who: &str, scope: &str| {
        let target = format!("/token?service=orlop&scope={scope}");
        let answer = ask(&server, who, "GET", &target, b"").expect(200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        format!("Bearer {}", answer.json()["token"].as_str().unwrap())
    };
    let with = |token: &str, method: &str, target: &str| {
        server.ask(method, target, &[("Authorization", token)], &[])
    };
    let pull = token("writer", "repository:team/x:pull");
    with(&pull, "GET", "/v2/").expect(200);
    with(&pull, "GET", "/v2/team/x/tags/list").expect(404);
    let answer = with(&pull, "POST", "/v2/team/x/blobs/uploads/").fails(401, "UNAUTHORIZED");
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(
        challenge.contains("error=\"insufficient_scope\""),
        "{challenge}"
    );
    let push = token("writer", "repository:team/x:pull,push");
    with(&push, "POST", "/v2/team/x/blobs/uploads/").expect(202);
    with(&push, "POST", "/v2/team/y/blobs/uploads/").expect(401);
    // Nobody gets more than is theirs.
    let push = token("reader", "repository:team/x:pull,push");
    with(&push, "POST", "/v2/team/x/blobs/uploads/").expect(401);
    let anonymous = token("anonymous", "repository:public/x:pull");
    with(&anonymous, "GET", "/v2/public/x/tags/list").expect(404);
    let answer = with("Bearer made.up.token", "GET", "/v2/public/x/tags/list").expect(401);
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    let keys: Value = server.get("/token/keys").expect(200).json();
    assert_eq!(keys["keys"][0]["kty"], "EC");
    // OAuth2.
    let form = "grant_type=password&service=orlop&client_id=t&scope=repository:team/x:pull\
                &username=reader&password=reader";
    let answer = server
        .ask("POST", "/token", &[], form.as_bytes())
        .expect(200);
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    with(&format!("Bearer {token}"), "GET", "/v2/team/x/tags/list").expect(404);
    let answer = server
        .ask("POST", "/token", &[], b"grant_type=other")
        .expect(400);
    assert_eq!(answer.json()["error"], "unsupported_grant_type");
    server
        .ask("POST", "/token", &[], &vec![b'x'; 200_000])
        .fails(413, "UNSUPPORTED");
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

#[test]
fn who_gets_a_token_is_in_the_log() {
    let (mut server, _users) = server("");
    ask(&server, "writer", "GET", "/token?service=orlop", b"").expect(200);
    server.get("/token?service=orlop").expect(200);
    let lines = server.lines();
    assert_eq!(lines[0]["actor"], "writer");
    assert_eq!(lines[1]["actor"], "anonymous");
}

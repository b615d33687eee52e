//! The token service, and what its tokens open.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use orlop_access::ManualClock;
use orlop_oci::Digest;
use serde_json::Value;

use crate::access::{ask, server};
use crate::client::Answer;
use crate::registries::{USERS, config};
use crate::server::TestServer;

#[test]
fn a_challenge_says_what_to_ask_for() {
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
}

#[test]
fn tokens_open_what_they_were_asked_for() {
    let (server, _users) = server("");
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

/// Asked for by a query with Basic, and by a form.
fn both_ways(server: &TestServer, who: &str, scope: &str) -> [Answer; 2] {
    let fields = format!("service=orlop&client_id=t&scope={scope}");
    let form = format!("grant_type=password&username={who}&password={who}&{fields}");
    [
        ask(server, who, "GET", &format!("/token?{fields}"), b""),
        server.ask("POST", "/token", &[], form.as_bytes()),
    ]
}

/// Who asks, for what, and what is granted.
const GRANTED: &[(&str, &str, &str)] = &[
    ("reader", "repository:team/x:pull", "repository:team/x:pull"),
    (
        "reader",
        "repository:team/x:pull,push,delete",
        "repository:team/x:pull",
    ),
    ("reader", "repository:team/x:push", ""),
    ("reader", "repository:team/x:*", "repository:team/x:pull"),
    (
        "writer",
        "repository:team/x:push,pull",
        "repository:team/x:pull,push",
    ),
    (
        "writer",
        "repository:team/x:*",
        "repository:team/x:pull,push",
    ),
    (
        "deleter",
        "repository:team/x:*",
        "repository:team/x:pull,delete",
    ),
    (
        "admin",
        "repository:team/x:*",
        "repository:team/x:pull,push,delete",
    ),
    (
        "admin",
        "repository:team/x:admin",
        "repository:team/x:admin",
    ),
    ("admin", "repository:team/x:fly", ""),
    ("admin", "plugin:team/x:pull", ""),
    ("admin", "repository:team/x:", ""),
    ("admin", "", ""),
    ("stranger", "repository:team/x:pull,push", ""),
    (
        "stranger",
        "repository:public/x:pull,push",
        "repository:public/x:pull",
    ),
    ("reader", "registry:catalog:*", "registry:catalog:*"),
    // Several, in one text or in many; what is asked for twice is joined.
    (
        "writer",
        "repository:team/x:pull+repository:other/x:pull&scope=repository:team/y:pull,push",
        "repository:team/x:pull repository:team/y:pull,push",
    ),
    (
        "writer",
        "repository:team/x:pull&scope=repository:team/x:push",
        "repository:team/x:pull,push",
    ),
    // No part of a name is a name, and no name is a pattern.
    ("writer", "repository:team:pull", ""),
    ("writer", "repository:team/**:pull", ""),
    ("writer", "repository:*:pull", ""),
    ("writer", "repository:team/../other/x:pull", ""),
    ("writer", "repository:/team/x:pull", ""),
];

#[test]
fn what_is_granted_is_what_is_asked_for_and_theirs() {
    let (server, _users) = server("");
    for (who, asked, granted) in GRANTED {
        for answer in both_ways(&server, who, asked) {
            let answer = answer.expect(200);
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            assert_eq!(answer.json()["scope"], *granted, "{who} {asked}");
            assert_eq!(answer.json()["expires_in"], 300);
        }
    }
    let target = "/token?scope=repository:public/x:pull,push+repository:team/x:pull";
    let nobody = server.get(target).expect(200).json();
    assert_eq!(nobody["scope"], "repository:public/x:pull");
    assert_eq!(nobody["refresh_token"], Value::Null);
}

/// A form, and the status and error of its answer.
const WRONG_FORMS: &[(&str, u16, &str)] = &[
    ("", 400, INVALID),
    ("service=orlop", 400, INVALID),
    ("grant_type=password", 400, INVALID),
    ("grant_type=password&username=reader", 400, INVALID),
    ("grant_type=password&username=&password=x", 400, INVALID),
    (
        "grant_type=password&username=a%00b&password=x",
        400,
        INVALID,
    ),
    ("grant_type=refresh_token", 400, INVALID),
    ("grant_type=password&grant_type=password", 400, INVALID),
    (
        "grant_type=client_credentials",
        400,
        "unsupported_grant_type",
    ),
    (
        "grant_type=password&username=reader&password=x",
        401,
        "invalid_grant",
    ),
    (
        "grant_type=password&username=nobody&password=x",
        401,
        "invalid_grant",
    ),
    (
        "grant_type=password&username=robot$x&password=x",
        401,
        "invalid_grant",
    ),
    (
        "grant_type=refresh_token&refresh_token=x",
        401,
        "invalid_grant",
    ),
    ("\u{0}\u{1}%%%=%zz&&&=", 400, INVALID),
];
const INVALID: &str = "invalid_request";

#[test]
fn what_is_no_request_for_a_token_is_refused() {
    let (server, _users) = server("throttle.free_failures = 1000000");
    let scopes = "scope=repository:a:pull&".repeat(2)
        + &(0..70)
            .map(|i| format!("scope=repository:a{i}:pull&"))
            .collect::<String>();
    let long = format!("scope=repository:{}:pull", "a".repeat(2000));
    let right = "grant_type=password&username=reader&password=reader";
    for (fields, status, error) in [
        ("service=other", 400, INVALID),
        ("service=orlop&service=orlop", 400, INVALID),
        ("service=", 400, INVALID),
        ("scope=repository", 400, INVALID),
        ("scope=repository:team/x", 400, INVALID),
        ("scope=::", 400, INVALID),
        (&scopes, 400, INVALID),
        (&long, 400, INVALID),
    ] {
        let answer = ask(&server, "reader", "GET", &format!("/token?{fields}"), b"");
        answer.fails(status, "UNSUPPORTED");
        let form = format!("{right}&{fields}");
        let answer = server.ask("POST", "/token", &[], form.as_bytes());
        assert_eq!(answer.expect(status).json()["error"], error, "{fields}");
    }
    for (form, status, error) in WRONG_FORMS {
        let answer = server.ask("POST", "/token", &[], form.as_bytes());
        let answer = answer.expect(*status);
        assert_eq!(answer.json()["error"], *error, "{form}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{form}");
        assert!(answer.json()["access_token"].is_null(), "{form}");
    }
    let endless = vec![b'x'; 200_000];
    let answer = server.ask("POST", "/token", &[], &endless);
    answer.fails(413, "UNSUPPORTED");
    for method in ["HEAD", "PUT", "DELETE", "PATCH"] {
        let answer = server.ask(method, "/token", &[], &[]).expect(405);
        assert_eq!(answer.header("allow"), Some("GET, POST, OPTIONS"));
    }
}

#[test]
fn a_refresh_token_gets_others() {
    let (server, _users) = server("");
    let scope = "scope=repository:team/x:pull,push";
    let first = format!("/token?service=orlop&offline_token=true&{scope}");
    let first = ask(&server, "writer", "GET", &first, b"")
        .expect(200)
        .json();
    let refresh = first["refresh_token"].as_str().unwrap();
    let renew = |more: &str| {
        let form = format!("grant_type=refresh_token&refresh_token={refresh}&{more}");
        server.ask("POST", "/token", &[], form.as_bytes())
    };
    let second = renew(scope).expect(200).json();
    assert_eq!(second["scope"], "repository:team/x:pull,push");
    // Another scope than the first time is as good: it stands for the user.
    let third = renew("scope=repository:public/x:pull").expect(200).json();
    assert_eq!(third["scope"], "repository:public/x:pull");
    renew("service=other").expect(400);
    // It opens nothing itself, and an access token gets no other.
    let bearer = |token: &str| format!("Bearer {token}");
    let with = [("Authorization", &*bearer(refresh))];
    server
        .ask("GET", "/v2/team/x/tags/list", &with, &[])
        .expect(401);
    let access = second["access_token"].as_str().unwrap();
    let form = format!("grant_type=refresh_token&refresh_token={access}");
    server
        .ask("POST", "/token", &[], form.as_bytes())
        .expect(401);
    let with = [("Authorization", &*bearer(access))];
    server.ask("GET", "/token", &with, &[]).expect(401);
}

#[test]
fn who_has_no_token_service_gives_none() {
    let (server, _users) = server("tokens = { enabled = false }");
    let answer = ask(&server, "reader", "GET", "/token?service=orlop", b"");
    answer.fails(404, "UNSUPPORTED");
    let form = b"grant_type=password&username=reader&password=reader";
    let answer = server.ask("POST", "/token", &[], form).expect(404);
    assert_eq!(answer.json()["error"], "invalid_request");
    let answer = ask(&server, "nobody", "GET", "/v2/", b"").expect(401);
    assert_eq!(
        answer.header("www-authenticate"),
        Some("Basic realm=\"orlop\"")
    );
}

#[test]
fn clocks_jump() {
    let users = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(users.path(), USERS).unwrap();
    let start: Timestamp = "2026-05-01T12:00:00Z".parse().unwrap();
    let clock = Arc::new(ManualClock::new(start));
    let server = TestServer::with(|wanted| {
        wanted.access = config("", users.path(), "");
        wanted.clock = clock.clone();
    });
    let jump = |minutes: i64| clock.jump(start + SignedDuration::from_mins(minutes));
    let issue = || {
        let target = "/token?service=orlop&scope=repository:team/x:pull";
        let answer = ask(&server, "reader", "GET", target, b"").expect(200);
        format!("Bearer {}", answer.json()["token"].as_str().unwrap())
    };
    let opens = |token: &str| {
        let with = [("Authorization", token)];
        let answer = server.ask("GET", "/v2/team/x/tags/list", &with, &[]);
        let challenge = answer.header("www-authenticate").unwrap_or_default();
        assert_eq!(answer.status == 401, challenge.contains("invalid_token"));
        answer.status != 401
    };
    let first = issue();
    assert!(opens(&first));
    // Ahead: it has expired; back again: it hasn't.
    jump(60);
    assert!(!opens(&first));
    let ahead = issue();
    assert!(opens(&ahead));
    jump(0);
    assert!(opens(&first));
    assert!(!opens(&ahead), "it doesn't hold yet");
    // By less than clocks may be apart, nothing changes.
    jump(-1);
    assert!(opens(&first));
    // Behind, to before the key was made: what is issued then holds then, and only then.
    jump(-60 * 24 * 400);
    assert!(!opens(&first));
    let behind = issue();
    assert!(opens(&behind));
    assert!(!opens(&ahead));
    jump(0);
    assert!(!opens(&behind));
    assert!(opens(&first) && opens(&issue()));
    // A year ahead: keys are old, and another signs.
    jump(60 * 24 * 400);
    let much_later = issue();
    assert!(opens(&much_later) && !opens(&first));
    let keys = |server: &TestServer| {
        server.get("/token/keys").json()["keys"]
            .as_array()
            .unwrap()
            .len()
    };
    assert!(keys(&server) > 1);
    jump(0);
    assert!(opens(&first) && !opens(&much_later));
}

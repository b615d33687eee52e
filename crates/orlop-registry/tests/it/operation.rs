//! What an operator sees, and how the server stops.

use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use orlop_registry::Notice;

use crate::client::Connection;
use crate::server::{TestServer, Wanted, noise};

fn with_operation(wanted: &mut Wanted) {
    wanted.options.operation_listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
}

#[test]
fn each_request_is_a_line_of_the_log() {
    let mut server = TestServer::start();
    let digest = server.push_blob("team/app", b"content");
    server
        .get(&format!("/v2/team/app/blobs/{digest}"))
        .expect(200);
    let agent = [
        ("User-Agent", "docker/28"),
        ("Authorization", "Basic c2VjcmV0OnNlY3JldA=="),
    ];
    let target = "/v2/team/app/manifests/latest?token=hidden";
    let refused = server.ask("GET", target, &agent, &[]);
    server.get("/v2/BAD/tags/list").expect(400);
    let id = refused.header("x-request-id").unwrap().to_owned();
    let lines = server.lines();
    assert_eq!(lines.len(), 4);
    let line = &lines[0];
    assert_eq!(line["method"], "POST");
    assert_eq!(line["route"], "/v2/{name}/blobs/uploads/");
    assert_eq!(line["repository"], "team/app");
    assert_eq!(line["reference"], digest.as_str());
    assert_eq!(line["status"], 201);
    assert_eq!(
        (line["bytes_in"].as_u64(), line["bytes_out"].as_u64()),
        (Some(7), Some(0))
    );
    assert_eq!(line["actor"], "anonymous");
    assert_eq!(line["address"], "127.0.0.1");
    assert_eq!(line["protocol"], "HTTP/1.1");
    assert!(line["duration_us"].as_u64().unwrap() > 0);
    assert!(line["time"].as_str().unwrap().ends_with('Z'));
    let line = &lines[1];
    assert_eq!(
        (line["status"].as_u64(), line["bytes_out"].as_u64()),
        (Some(200), Some(7))
    );
    let line = &lines[2];
    assert_eq!(line["user_agent"], "docker/28");
    assert_eq!(line["request"], id.as_str());
    let text = serde_json::to_string(&lines).unwrap();
    for secret in ["hidden", "c2VjcmV0", "secret"] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
    assert_eq!(lines[3]["status"], 400);
    assert_eq!(lines[3]["error"], "invalid repository name");
}

#[test]
fn a_broken_answer_is_told_so() {
    let mut server = TestServer::start();
    let digest = server.push_blob("a", &noise(20_000_000, 90));
    let mut connection = server.connect();
    let head = format!("GET /v2/a/blobs/{digest} HTTP/1.1\r\nHost: x\r\n\r\n");
    connection.write(head.as_bytes()).unwrap();
    connection.head().unwrap();
    drop(connection);
    let lines = server.lines();
    let line = &lines[1];
    assert_eq!(
        (line["status"].as_u64(), line["aborted"].as_bool()),
        (Some(200), Some(true))
    );
    assert!(line["bytes_out"].as_u64().unwrap() < 20_000_000);
}

#[test]
fn metrics_count() {
    let server = TestServer::with(with_operation);
    let digest = server.push_blob("a", b"content");
    let mut connection = server.connect();
    connection
        .ask("GET", &format!("/v2/a/blobs/{digest}"), &[], &[])
        .expect(200);
    connection
        .ask("GET", "/v2/a/manifests/none", &[], &[])
        .expect(404);
    connection.ask("BREW", "/v2/", &[], &[]).expect(405);
    let mut operation = Connection::open(server.operation.unwrap());
    let answer = operation.ask("GET", "/metrics", &[], &[]).expect(200);
    let text = String::from_utf8(answer.body).unwrap();
    for line in [
        "orlop_http_requests_total{method=\"POST\",route=\"/v2/{name}/blobs/uploads/\",status=\"201\"} 1",
        "orlop_http_requests_total{method=\"GET\",route=\"/v2/{name}/blobs/{digest}\",status=\"200\"} 1",
        "orlop_http_requests_total{method=\"GET\",route=\"/v2/{name}/manifests/{reference}\",status=\"404\"} 1",
        "orlop_http_requests_total{method=\"other\",route=\"unknown\",status=\"405\"} 1",
        "orlop_http_sent_bytes_total{method=\"GET\",route=\"/v2/{name}/blobs/{digest}\"} 7",
        "orlop_http_received_bytes_total{method=\"POST\",route=\"/v2/{name}/blobs/uploads/\"} 7",
        "orlop_http_request_duration_seconds_count{method=\"GET\",route=\"/v2/{name}/blobs/{digest}\"} 1",
        "orlop_uploads_total{outcome=\"finished\"} 1",
        "orlop_http_requests_in_flight 1",
    ] {
        assert!(text.contains(line), "{line} isn't in\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn the_listener_for_operation_serves_nothing_else() {
    let server = TestServer::with(|wanted| {
        with_operation(wanted);
        wanted.access = orlop_access::AccessConfig::default();
    });
    let operation = server.operation.unwrap();
    let ask = |address, target: &str| {
        Connection::open(address)
            .ask("GET", target, &[], &[])
            .status
    };
    for target in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(ask(operation, target), 200, "{target}");
    }
    for target in ["/v2/", "/v2/_catalog", "/token"] {
        assert_eq!(ask(operation, target), 404, "{target}");
    }
    assert_eq!(ask(server.address, "/healthz"), 200);
    assert_eq!(ask(server.address, "/readyz"), 200);
    assert_eq!(
        ask(server.address, "/metrics"),
        401,
        "metrics are for administrators"
    );
}

#[test]
fn what_runs_is_finished() {
    let mut server = TestServer::with(with_operation);
    let content = noise(30_000_000, 91);
    let digest = server.push_blob("a", &content);
    let mut running = server.connect();
    let head = format!("GET /v2/a/blobs/{digest} HTTP/1.1\r\nHost: x\r\n\r\n");
    running.write(head.as_bytes()).unwrap();
    let (status, _) = running.head().unwrap();
    assert_eq!(status, 200);
    let mut resting = server.connect();
    resting.ask("GET", "/v2/", &[], &[]).expect(200);
    let mut unheard = server.connect();
    server.stop();
    // The ones that do nothing are let go, and nobody new is heard.
    assert!(resting.is_closed());
    assert!(unheard.is_closed());
    assert!(TcpStream::connect(server.address).is_err());
    // Who asks whether it can serve is told the truth, until the end.
    let operation = server.operation.unwrap();
    let ask = |target| {
        Connection::open(operation)
            .ask("GET", target, &[], &[])
            .status
    };
    assert_eq!(
        (ask("/readyz"), ask("/healthz"), ask("/metrics")),
        (503, 200, 200)
    );
    let mut got = vec![0; content.len()];
    running.reader.read_exact(&mut got).unwrap();
    assert!(got == content);
    assert!(running.is_closed());
    server.join();
    let notices = server.notices.lock().unwrap();
    assert!(notices.contains(&Notice::Draining));
    assert!(
        !notices
            .iter()
            .any(|notice| matches!(notice, Notice::CutOff { .. }))
    );
}

#[test]
fn an_upload_that_runs_is_finished_too() {
    let mut server = TestServer::start();
    let content = noise(2_000_000, 92);
    let digest = orlop_oci::Digest::of(&content);
    let mut running = server.connect();
    let head = format!(
        "POST /v2/a/blobs/uploads/?digest={digest} HTTP/1.1\r\nHost: x\r\n\
         Content-Length: 2000000\r\nExpect: 100-continue\r\n\r\n"
    );
    running.write(head.as_bytes()).unwrap();
    running.answer(false).unwrap().expect(100);
    server.stop();
    running.write(&content).unwrap();
    let answer = running.answer(false).unwrap().expect(201);
    assert_eq!(answer.header("connection"), Some("close"));
    server.join();
}

#[test]
fn what_is_not_finished_in_time_is_cut_off() {
    let mut server = TestServer::with(|wanted| {
        wanted.options.timeouts.shutdown = Duration::from_millis(200);
    });
    let digest = server.push_blob("a", &noise(30_000_000, 93));
    let mut running = server.connect();
    let head = format!("GET /v2/a/blobs/{digest} HTTP/1.1\r\nHost: x\r\n\r\n");
    running.write(head.as_bytes()).unwrap();
    running.head().unwrap();
    server.join();
    let notices = server.notices.lock().unwrap();
    assert!(
        notices.contains(&Notice::CutOff { connections: 1 }),
        "{notices:?}"
    );
}

#[test]
fn proxies_are_believed_only_where_they_are_known() {
    let forwarded = [("X-Forwarded-For", "10.9.9.9, 192.0.2.7, 127.0.0.1")];
    let mut plain = TestServer::start();
    plain.ask("GET", "/v2/", &forwarded, &[]).expect(200);
    assert_eq!(plain.lines()[0]["address"], "127.0.0.1");
    let mut behind = TestServer::with(|wanted| {
        wanted.options.trusted_proxies = vec![[127, 0, 0, 1].into()];
    });
    behind.ask("GET", "/v2/", &forwarded, &[]).expect(200);
    assert_eq!(behind.lines()[0]["address"], "192.0.2.7");
}

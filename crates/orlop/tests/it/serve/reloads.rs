//! SIGHUP changes where a registry tells of what happens.

use std::path::Path;
use std::time::Instant;

use orlop_testing::Receiver;
use rustix::process::Signal;

use super::{LIMIT, Served};
use crate::small;

/// Tags that an endpoint has heard of, when it has heard of so many.
fn heard(receiver: &Receiver, count: usize) -> Vec<String> {
    let tag = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    receiver
        .wait_for(count)
        .iter()
        .map(|delivery| tag(&delivery.json()["events"][0]["target"]["tag"]))
        .collect()
}

/// Waits until a log has such a line.
fn wait_for(log: &Path, words: &str) {
    let start = Instant::now();
    while !read(log).contains(words) {
        assert!(start.elapsed() < LIMIT, "no {words:?} in {}", log.display());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

fn read(log: &Path) -> String {
    std::fs::read_to_string(log).unwrap_or_default()
}

fn config(receiver: &Receiver, logs: &str, more: &str) -> String {
    format!(
        "[serve.log]\naccess = \"FOLDER/access{logs}\"\naudit = \"FOLDER/audit{logs}\"\n\
         [[serve.webhooks]]\nname = \"ci\"\nurl = \"{}\"\n{more}",
        receiver.url()
    )
}

#[test]
fn logs_and_webhooks_change_while_it_serves() {
    let (first, second, third) = (Receiver::start(), Receiver::start(), Receiver::start());
    let mut served = Served::configured(&config(&first, "1", ""));
    let folder = served.orlop.folder().to_owned();
    let log = |name: &str| folder.join(name);
    let file = served.orlop.config_file();
    let write = |text: &str| {
        let text = text.replace("FOLDER", &folder.display().to_string());
        std::fs::write(&file, text).unwrap();
    };
    let push = |served: &Served, tag: &str| {
        let _ = small(tag).push(&served.host, "app", tag);
    };
    push(&served, "v1");
    assert_eq!(heard(&first, 1), ["v1"]);
    wait_for(&log("audit1"), "\"v1\"");

    // Another endpoint, one more that wants pulls, and other files.
    let more = format!(
        "[[serve.webhooks]]\nname = \"pulls\"\nevents = [\"pull\"]\nurl = \"{}\"\n",
        third.url()
    );
    write(&config(&second, "2", &more));
    served.process.signal(Signal::HUP);
    let said = served.wait_for("were read again");
    assert!(said.contains("logs and webhooks"), "{said}");
    push(&served, "v2");
    assert_eq!(heard(&second, 1), ["v2"]);
    let name = format!("{}/app:v2", served.host);
    crate::orlop().ok(["pull", "-q", &name]);
    assert_eq!(heard(&third, 1).len(), 1);
    wait_for(&log("audit2"), "\"v2\"");
    wait_for(&log("access2"), "/manifests/");
    assert!(!read(&log("audit1")).contains("\"v2\""));
    assert!(!read(&log("access1")).contains("\"v2\""));
    assert!(
        !read(&log("audit2")).contains("\"v1\""),
        "it goes on, it doesn't begin again"
    );

    // A mistake changes nothing.
    write(&config(&first, "3", "secret_file = \"/nonexistent\"\n"));
    served.process.signal(Signal::HUP);
    let said = served.wait_for("all stays as it was");
    assert!(said.contains("secret_file"), "{said}");
    push(&served, "v3");
    assert_eq!(heard(&second, 2), ["v2", "v3"]);

    // None of it any more. What can't change now is said.
    write("[serve]\nlisten = [\"127.0.0.1:1\"]\n[serve.limits]\nconnections = 77\n");
    served.process.signal(Signal::HUP);
    let said = served.wait_for("waits for a restart");
    assert!(said.contains("restart: serve.limits"), "{said}");
    push(&served, "v4");
    let (_, finished) = served.stop();
    assert!(
        finished.stderr.contains("v4"),
        "the access log is on standard error: {finished}"
    );
    assert!(!read(&log("audit2")).contains("\"v4\""));
    assert_eq!(first.deliveries().len(), 1);
    assert_eq!(second.deliveries().len(), 2);
}

//! Webhooks and the audit log of a registry that is killed.

use orlop_testing::Receiver;
use serde_json::Value;

use super::Served;
use crate::small;

/// What was taken, in the order of its coming: action and tag.
fn taken(receiver: &Receiver, count: usize) -> Vec<(String, String)> {
    let mut least = 1;
    loop {
        let deliveries = receiver.wait_for(least);
        let whole = deliveries.iter().filter(|delivery| delivery.status == 200);
        let events: Vec<Value> = whole
            .flat_map(|delivery| {
                delivery.json()["events"]
                    .as_array()
                    .expect("a list")
                    .clone()
            })
            .collect();
        if events.len() >= count {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let pair = |event: &Value| (text(&event["action"]), text(&event["target"]["tag"]));
            return events.iter().map(pair).collect();
        }
        least = deliveries.len() + 1;
    }
}

#[test]
fn an_endpoint_hears_of_every_push_though_it_and_the_registry_fail() {
    let receiver = Receiver::start();
    let served = Served::configured(&format!(
        "[serve.log]\naudit = \"FOLDER/audit\"\n\
         [[serve.webhooks]]\nname = \"ci\"\nurl = \"{}\"\nrepositories = [\"team/**\"]\n",
        receiver.url()
    ));
    let pushed = |tag: &str| ("push".to_owned(), tag.to_owned());
    let _ = small("one").push(&served.host, "team/app", "v1");
    assert_eq!(taken(&receiver, 1), [pushed("v1")]);

    // It is down, the registry is killed, and more is pushed after it is back.
    receiver.answer_next(&[500]);
    let _ = small("two").push(&served.host, "team/app", "v2");
    let _ = receiver.wait_for(2);
    let served = Served::again(served.kill());
    let _ = small("three").push(&served.host, "other", "v3");
    let _ = small("four").push(&served.host, "team/app", "v4");
    let expected = [pushed("v1"), pushed("v2"), pushed("v4")];
    // At least once: what was sent before the crash may come again.
    let mut heard = taken(&receiver, 3);
    heard.dedup();
    assert_eq!(heard, expected);

    let (orlop, _) = served.stop();
    let audit = std::fs::read_to_string(orlop.folder().join("audit")).unwrap();
    let lines = audit
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut tags: Vec<_> = lines
        .filter(|line| line["event"] == "push")
        .map(|line| line["tag"].as_str().unwrap_or_default().to_owned())
        .collect();
    tags.dedup();
    assert_eq!(tags, ["v1", "v2", "v3", "v4"]);
}

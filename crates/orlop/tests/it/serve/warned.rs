//! What a registry warns of, on its way to whom it is for.

use super::Served;
use crate::{orlop, small};

#[test]
fn who_pushes_hears_each_warning_once() {
    let served =
        Served::configured("[[serve.immutable]]\nrepositories = [\"**\"]\ntags = [\"v*\"]\n");
    let host = &served.host;
    let _ = small("warned").push(host, "app", "latest");
    let client = orlop();
    let latest = format!("{host}/app:latest");
    let pulled = client.ok(["pull", &latest]);
    assert!(!pulled.stderr.contains("WARNING"), "{pulled}");
    for (tag, more) in [
        ("v1", &[][..]),
        ("v2", &["-q"]),
        ("v3", &["--progress=plain"]),
    ] {
        let name = format!("{host}/app:{tag}");
        client.ok(["tag", &latest, &name]);
        let mut push = vec!["push"];
        push.extend(more);
        push.push(&name);
        let pushed = client.ok(push);
        let warning = format!(
            "WARNING: {host}: tag {tag} is immutable from now on: it can't be moved or deleted\n"
        );
        assert_eq!(pushed.stderr.matches(&warning).count(), 1, "{pushed}");
        assert!(!pushed.stdout.contains("WARNING"), "{pushed}");
        // It is there already: nothing begins now.
        let again = client.ok(["push", &name]);
        assert!(!again.stderr.contains("WARNING"), "{again}");
    }
    let name = format!("{host}/app:v4");
    client.ok(["tag", &latest, &name]);
    let pushed = client.ok(["push", "--progress=json", &name]);
    let event = format!("{{\"event\":\"warning\",\"text\":\"{host}: tag v4 is immutable");
    assert!(pushed.stderr.contains(&event), "{pushed}");
}

//! `history` with the files of each step.

use serde_json::Value;

use super::{first, with};

#[test]
fn below_each_step_stand_its_files() {
    let orlop = with(&first(), "app:v1");
    let plain = orlop.ok(["history", "app:v1"]).stdout;
    let shown = orlop.ok(["history", "--files", "app:v1"]).stdout;
    let (files, rows): (Vec<&str>, Vec<&str>) =
        shown.lines().partition(|line| line.starts_with("  "));
    let rows: String = rows.iter().map(|row| format!("{row}\n")).collect();
    assert_eq!(rows, plain, "docker's rows are unchanged");
    assert_eq!(
        files,
        [
            "  C       7B /etc/a",
            "  D       1B /etc/b",
            "  A       0B /srv/",
            "  A       0B /srv/link -> new",
            "  A       3B /srv/new",
            "  A       0B /bin/",
            "  A      5kB /bin/tool",
            "  A       0B /etc/",
            "  A       1B /etc/a",
            "  A       1B /etc/b",
        ]
    );
    let exact = orlop.ok(["history", "--files", "--human=false", "app:v1"]);
    assert!(exact.stdout.contains("  A     5000 /bin/tool\n"), "{exact}");
}

#[test]
fn as_json() {
    let orlop = with(&first(), "app:v1");
    let json = |arguments: &[&str]| -> Vec<Value> {
        let shown = orlop.ok(arguments).stdout;
        serde_json::from_str(&shown).expect("it is JSON")
    };
    let steps = json(&["history", "--json", "--files", "app:v1"]);
    assert_eq!(steps.len(), 3);
    assert_eq!(steps[0]["layer"], Value::Null, "a step without a layer");
    assert_eq!(steps[1]["createdBy"], "layer 1");
    assert_eq!(steps[1]["layer"]["filesSize"], 10);
    let files = steps[1]["files"].as_array().expect("a list");
    assert_eq!(files[0]["path"], "/etc/a");
    assert_eq!(files[0]["change"], "changed");
    assert_eq!(files[0]["mode"], "0600");
    assert_eq!(files[1]["change"], "removed");
    assert_eq!(files[3]["link"], "new");
    let steps = json(&["history", "--json", "app:v1"]);
    assert!(steps[1].get("files").is_none(), "only when asked for");
}

#[test]
fn only_the_store_is_looked_into() {
    let orlop = with(&first(), "app:v1");
    let error = orlop.fails(["history", "--files", "localhost:1/app:v2"]);
    assert!(
        error.contains("No such image: localhost:1/app:v2"),
        "{error}"
    );
}

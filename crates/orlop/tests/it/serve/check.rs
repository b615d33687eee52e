//! `orlop serve --check`: what is wrong is named by file, line and key; nothing is made.

use crate::orlop;

#[test]
fn what_is_wrong_is_named() {
    for (toml, expected) in [
        (
            "[serve]\nlisen = []\n",
            "line 2: serve.lisen: unknown field `lisen`",
        ),
        (
            "[serve]\nlisten = [\"0.0.0.0\"]\n",
            "line 2: serve.listen: \"0.0.0.0\" is no address",
        ),
        (
            "[serve.tls]\ncertificate = \"/nonexistent\"\nkey = \"/nonexistent\"\n",
            "line 1: serve.tls: /nonexistent: No such file",
        ),
        (
            "[serve]\n\n[serve.access]\nhtpasswd = \"FOLDER/bad\"\n",
            "line 4: serve.access.htpasswd: FOLDER/bad, line 2: ",
        ),
        (
            "[serve.access]\n[[serve.access.rules]]\nrepositories = [\"**\"]\nto = [\"group:x\"]\nallow = [\"pull\"]\n",
            "line 2: serve.access.rules[0]: there is no group:x",
        ),
        (
            "[[serve.access.rules]]\nrepositories = [\"**\"]\nto = [\"alice\"]\nallow = [\"pull\"]\n",
            "line 3: serve.access.rules.to: \"alice\": use anonymous, authenticated, user:NAME",
        ),
        (
            "[serve.log]\naudit = \"/nonexistent/audit\"\n",
            "line 2: serve.log.audit: /nonexistent is no folder",
        ),
        (
            "[[serve.webhooks]]\nname = \"a\"\nurl = \"http://h/\"\n\n[[serve.webhooks]]\nname = \"b\"\nurl = \"http://h/\"\nsecret_file = \"/nonexistent\"\n",
            "line 8: serve.webhooks[1].secret_file: /nonexistent: No such file",
        ),
        (
            "[[serve.retention]]\nrepositories = [\"**\"]\n[[serve.retention.keep]]\nlatest = 3\n",
            "line 3: serve.retention[0].keep[0]: latest and prereleases are about versions",
        ),
    ] {
        let orlop = orlop();
        let folder = orlop.folder().display().to_string();
        std::fs::write(orlop.folder().join("bad"), "# users\nalice:plain\n").unwrap();
        let orlop = orlop.config(&toml.replace("FOLDER", &folder));
        let file = orlop.config_file().display().to_string();
        for arguments in [["serve", "--check"].as_slice(), &["serve"]] {
            let error = orlop.fails(arguments);
            let expected = format!("Error: {file}: {}", expected.replace("FOLDER", &folder));
            assert!(error.contains(&expected), "{toml}\n{error}\n{expected}");
        }
    }
}

#[test]
fn what_would_be_served_is_said_and_nothing_is_made() {
    let orlop = orlop();
    let orlop = orlop.config(
        "[serve]\nlisten = [\"0.0.0.0:5000\"]\npublic_url = \"https://r.example\"\nanonymous = \"pull\"\n\
         [[serve.webhooks]]\nname = \"ci\"\nurl = \"http://h/?token=hunter2\"\nsecret = \"hunter2 hunter2 hunter2\"\n",
    );
    let said = orlop.ok(["serve", "--check"]);
    for line in [
        format!("Registry:      {}", orlop.store().display()),
        "Address:       http://0.0.0.0:5000".to_owned(),
        "Known as:      https://r.example".to_owned(),
        "Anybody may:   pull".to_owned(),
        "Webhook:       ci to http://h/".to_owned(),
    ] {
        assert!(said.lines().contains(&line.as_str()), "{line}\n{said}");
    }
    assert!(!orlop.store().exists(), "nothing is made");
    let shown = orlop.ok(["config", "show"]);
    assert!(shown.stdout.contains("serve.webhooks"), "{shown}");
    // The query of an URL is shown there: it is what was configured, and the file's owner asks.
    assert!(!shown.stdout.contains("hunter2 hunter2"), "{shown}");
}

#[test]
fn on_other_addresses_nobody_may_anything_unsaid() {
    let orlop = orlop();
    let said = orlop.ok(["serve", "--check", "--listen", "0.0.0.0:5000"]);
    assert!(said.stdout.contains("Anybody may:   nothing"), "{said}");
    let said = orlop.ok([
        "serve",
        "--check",
        "--listen",
        "0.0.0.0:5000",
        "--anonymous",
        "push",
    ]);
    assert!(
        said.stderr
            .contains("Anybody who reaches this registry may pull, push"),
        "{said}"
    );
}

//! Users, robots, the first administrator, and rules that change while the registry serves.

use orlop_testing::Certificates;
use rustix::process::Signal;

use super::{Served, registry};
use crate::{orlop, small};

const RULES: &str = "
    [serve.access]
    htpasswd = \"FOLDER/users\"
    admins = [\"user:root\"]
    [[serve.access.rules]]
    repositories = [\"team/**\"]
    to = [\"user:alice\"]
    allow = [\"pull\", \"push\"]
";

/// A client that has logged in.
fn logged_in(host: &str, user: &str, password: &str) -> orlop_testing::Orlop {
    let client = orlop();
    let login = ["login", "-u", user, "--password-stdin", host];
    client.program().args(login).input(password).ok();
    client
}

/// A registry with the users alice and root.
fn with_users() -> Served {
    let orlop = orlop();
    let folder = orlop.folder().display().to_string();
    let orlop = orlop.config(&RULES.replace("FOLDER", &folder));
    registry(&orlop, &["users", "add", "alice"], "alice's password\n").ok();
    registry(&orlop, &["users", "add", "root"], "root's password\n").ok();
    Served::with(orlop, &[])
}

/// Pushes an image by a client, under a name.
fn push(client: &orlop_testing::Orlop, name: &str) -> orlop_testing::Finished {
    let layout = client.folder().join("layout");
    if !layout.exists() {
        // By way of an open registry, as somebody would have got it.
        let open = Served::start();
        let image = small("of somebody").push(&open.host, "some", "v1");
        client.ok(["pull", "-q", &image]);
        client.ok(["tag", &image, "mine:v1"]);
        std::fs::create_dir(layout).expect("a folder");
    }
    client.ok(["tag", "mine:v1", name]);
    client.run(["push", name])
}

#[test]
fn users_and_robots_may_what_the_rules_say() {
    let served = with_users();
    let alice = logged_in(&served.host, "alice", "alice's password");
    let name = |repository: &str| format!("{}/{repository}:v1", served.host);
    push(&alice, &name("team/app")).expect_success();
    let denied = push(&alice, &name("other/app")).expect_code(1).stderr;
    assert!(denied.contains("denied"), "{denied}");
    let nobody = orlop();
    let refused = nobody.fails(["pull", &name("team/app")]);
    assert!(
        refused.contains("unauthorized") || refused.contains("denied"),
        "{refused}"
    );

    // A robot, while the registry serves.
    let create = [
        "tokens",
        "create",
        "ci",
        "--repositories",
        "other/**",
        "--allow",
        "pull,push",
    ];
    let made = registry(
        &served.orlop,
        &[&create[..], &["--expires", "90d"]].concat(),
        "",
    )
    .ok();
    let field = |name: &str| {
        let line = made.stdout.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_whitespace().nth(1))
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(field("user"), "robot$ci");
    let secret = field("password");
    let robot = logged_in(&served.host, "robot$ci", &secret);
    push(&robot, &name("other/app")).expect_success();
    let denied = push(&robot, &name("team/app")).expect_code(1).stderr;
    assert!(denied.contains("denied"), "{denied}");
    let list = registry(&served.orlop, &["tokens", "ls"], "").ok();
    assert!(list.stdout.contains("other/** (pull,push)"), "{list}");
    assert!(!list.stdout.contains(&secret));

    registry(&served.orlop, &["tokens", "revoke", "ci"], "").ok();
    let again = registry(&served.orlop, &["tokens", "revoke", "ci"], "").run();
    assert!(
        again
            .expect_code(1)
            .stderr
            .contains("robot \"ci\": there is none")
    );
    let users = registry(&served.orlop, &["users", "ls"], "").ok();
    assert_eq!(users.stdout, "alice\nroot\n");
    let unknown = registry(&served.orlop, &["users", "passwd", "bob"], "x").run();
    assert!(
        unknown
            .expect_code(1)
            .stderr
            .contains("there is no user \"bob\"")
    );
}

#[test]
fn rules_are_read_again() {
    let mut served = with_users();
    let alice = logged_in(&served.host, "alice", "alice's password");
    let name = format!("{}/other/app:v1", served.host);
    push(&alice, &name).expect_code(1);
    let file = served.orlop.config_file();
    let old = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, old.replace("team/**", "other/**")).unwrap();
    served.process.signal(Signal::HUP);
    served.wait_for("were read again");
    push(&alice, &name).expect_success();

    // A mistake changes nothing.
    std::fs::write(&file, "[serve]\nnosuch = 1\n").unwrap();
    served.process.signal(Signal::HUP);
    let said = served.wait_for("all stays as it was");
    assert!(
        said.contains("line 2: serve.nosuch: unknown field"),
        "{said}"
    );
    push(&alice, &name).expect_success();
}

#[test]
fn a_broken_certificate_lets_no_new_rules_in() {
    let Some(certificates) = Certificates::new() else {
        return;
    };
    let (pem, key) = (certificates.server_certificate(), certificates.server_key());
    let mut served = Served::configured(&format!(
        "[serve]\nanonymous = \"none\"\n[serve.tls]\ncertificate = \"{}\"\nkey = \"{}\"\n",
        pem.display(),
        key.display()
    ));
    let file = served.orlop.config_file();
    let opened = std::fs::read_to_string(&file)
        .unwrap()
        .replace("none", "pull");
    std::fs::write(&file, format!("{opened}[serve.limits]\nconnections = 77\n")).unwrap();
    let whole = std::fs::read(&pem).unwrap();
    std::fs::write(&pem, "nothing").unwrap();
    served.process.signal(Signal::HUP);
    let said = served.wait_for("all stays as it was");
    assert!(said.contains("serve.tls"), "{said}");
    let ca = certificates.ca().display().to_string();
    let client = orlop().env("SSL_CERT_FILE", &ca);
    let name = format!("{}/nothing:v1", served.host);
    let refused = client.fails(["pull", &name]);
    assert!(refused.contains("unauthorized"), "{refused}");

    std::fs::write(&pem, whole).unwrap();
    served.process.signal(Signal::HUP);
    let said = served.wait_for("waits for a restart");
    assert!(said.ends_with("restart: serve.limits\"}\n"), "{said}");
    let missing = client.fails(["pull", &name]);
    assert!(!missing.contains("unauthorized"), "{missing}");
}

/// What anybody may do unless it is said depends on the address, and that stays until a restart.
#[test]
fn an_address_that_is_to_change_opens_nothing() {
    let orlop = orlop().config("[serve]\ntrusted_proxies = [\"192.0.2.1\"]\n");
    let mut served = Served::with(orlop, &[]);
    let name = format!("{}/nothing:v1", served.host);
    let client = crate::orlop();
    let refused = client.fails(["pull", &name]);
    assert!(refused.contains("unauthorized"), "{refused}");
    std::fs::write(served.orlop.config_file(), "").unwrap();
    served.process.signal(Signal::HUP);
    let said = served.wait_for("waits for a restart");
    assert!(said.contains("serve.trusted_proxies"), "{said}");
    let refused = client.fails(["pull", &name]);
    assert!(refused.contains("unauthorized"), "{refused}");
}

#[test]
fn what_is_done_to_accounts_is_in_the_audit_log() {
    let orlop = orlop();
    std::fs::write(orlop.folder().join("users"), "").unwrap();
    let folder = orlop.folder().display().to_string();
    let config = "[serve.log]\naudit = \"FOLDER/audit\"\n\
                  [serve.access]\nhtpasswd = \"FOLDER/users\"\n";
    let orlop = orlop.config(&config.replace("FOLDER", &folder));
    let served = Served::with(orlop, &[]);
    let done = [
        (&["users", "add", "alice"][..], "user alice added"),
        (
            &["users", "passwd", "alice"],
            "user alice got another password",
        ),
        (&["users", "rm", "alice"], "user alice removed"),
        (
            &["users", "--file", "OTHER", "add", "bob"],
            "user bob added in OTHER",
        ),
        (
            &["users", "reset-admin"],
            "administrator admin got another password",
        ),
        (
            &["tokens", "create", "ci", "--repositories", "**"],
            "robot$ci made",
        ),
        (&["tokens", "revoke", "ci"], "robot$ci removed"),
    ];
    // A file that is none of this configuration's.
    let other = format!("{folder}/other users");
    for (arguments, _) in done {
        let arguments = arguments.iter().map(|argument| match *argument {
            "OTHER" => other.as_str(),
            argument => argument,
        });
        let arguments: Vec<_> = arguments.collect();
        registry(&served.orlop, &arguments, "a password").ok();
    }
    let (orlop, _) = served.stop();
    let audit = std::fs::read_to_string(orlop.folder().join("audit")).unwrap();
    let lines: Vec<serde_json::Value> = audit
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut notes: Vec<_> = lines
        .iter()
        .map(|line| {
            assert_eq!(line["event"], "account");
            assert_eq!(line["actor"], "system");
            line["note"].as_str().unwrap().replace(&other, "OTHER")
        })
        .collect();
    let key = notes.iter().position(|note| note.starts_with("key "));
    assert!(notes.remove(key.expect("a key")).ends_with(" made"));
    let first = ["administrator admin made"].into_iter();
    let expected: Vec<_> = first.chain(done.map(|(_, note)| note)).collect();
    assert_eq!(notes, expected);
}

#[test]
fn the_first_administrator_is_shown_once() {
    let orlop = orlop();
    let users = orlop.folder().join("users");
    std::fs::write(&users, "").unwrap();
    let orlop = orlop.config(&format!(
        "[serve.access]\nhtpasswd = \"{}\"\n",
        users.display()
    ));
    let mut served = Served::with(orlop, &[]);
    let line = served.wait_for("  password  ");
    let password = line.split_whitespace().nth(1).unwrap().to_owned();
    let admin = logged_in(&served.host, "admin", &password);
    push(&admin, &format!("{}/any/app:v1", served.host)).expect_success();

    let served = Served::again(served.stop().0);
    let said = served.process.stderr();
    assert!(!said.contains("password"), "{said}");
    let again = logged_in(&served.host, "admin", &password);
    again.ok(["pull", "-q", &format!("{}/any/app:v1", served.host)]);
    let reset = registry(&served.orlop, &["users", "reset-admin"], "").ok();
    assert!(
        reset.stdout.starts_with("user      admin\npassword  "),
        "{reset}"
    );
    assert!(!reset.stdout.contains(&password));
}

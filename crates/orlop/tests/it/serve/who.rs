//! Users, robots, the first administrator, and rules that change while the registry serves.

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

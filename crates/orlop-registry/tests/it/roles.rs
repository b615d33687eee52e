//! Everybody who may ask a registry, by every way to show who they are.
//!
//! Roles are sorted into classes: all of a class may do the same, however they show who they are.
//! Everything is about the repository `team/x`.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use orlop_access::{
    AccessControl, Action, Credentials, NewRobot, RobotChange, RobotGrant, TokenRequest,
};

use crate::registries::{Proof, Registries, Which, basic, header};

/// Who asks, and how they show it.
#[derive(Clone)]
pub(crate) struct Role {
    /// What they may do: the column of the table.
    pub(crate) class: &'static str,
    /// For messages.
    pub(crate) who: String,
    /// Which registry they ask.
    pub(crate) which: Which,
    authorization: Option<String>,
    certificate: Option<&'static str>,
    /// What a challenge says about the token that they brought.
    pub(crate) error: Option<&'static str>,
}

impl Role {
    fn new(class: &'static str, who: impl Into<String>) -> Self {
        Self {
            class,
            who: who.into(),
            which: Which::Own,
            authorization: None,
            certificate: None,
            error: None,
        }
    }

    fn header(mut self, value: impl Into<String>) -> Self {
        self.authorization = Some(value.into());
        self
    }

    fn bearer(mut self, token: &str) -> Self {
        self.error = Some(match self.class {
            "forged" => "invalid_token",
            _ => "insufficient_scope",
        });
        self.header(format!("Bearer {token}"))
    }

    fn certificate(mut self, name: &'static str) -> Self {
        self.certificate = Some(name);
        self
    }

    fn at(mut self, which: Which) -> Self {
        self.which = which;
        self
    }

    /// Whom every registry's rules call an administrator.
    pub(crate) fn admin(which: Which) -> Self {
        let admin = Self::new("admin", "user admin");
        admin.header(basic("admin")).at(which)
    }

    /// Where they ask, and what they show.
    pub(crate) fn proof(&self) -> (Which, Proof<'_>) {
        let proof = Proof {
            authorization: self.authorization.as_deref(),
            certificate: self.certificate,
        };
        (self.which, proof)
    }
}

/// Everybody. An hour passes meanwhile, so that what lasts less has expired.
pub(crate) fn everybody(registries: &Registries) -> Vec<Role> {
    let people = people(registries);
    let mut old = with_tokens(registries, &people);
    old.extend(with_other_tokens(registries));
    let brief = registries.robot(NewRobot {
        lifetime: Some(SignedDuration::from_mins(30)),
        ..robot("brief", "team/**", &[Action::Pull])
    });
    registries.clock.advance(Duration::from_secs(60 * 60));

    let mut roles = with_tokens(registries, &people);
    roles.extend(people);
    roles.extend(with_other_tokens(registries));
    roles.extend(old.into_iter().map(|role| Role {
        class: "forged",
        who: format!("{}, expired", role.who),
        error: Some("invalid_token"),
        ..role
    }));
    roles.push(Role::new("forged", "an expired robot").header(brief));
    roles.extend(with_wrong_passwords(registries));
    roles.extend(with_wrong_tokens(registries));
    roles.push(Role::new("operation", "nobody, on the other listener").at(Which::Operation));
    roles
}

fn robot(name: &str, repositories: &str, allow: &[Action]) -> NewRobot {
    NewRobot {
        name: name.to_owned(),
        grants: vec![RobotGrant {
            repositories: vec![repositories.to_owned()],
            allow: allow.iter().copied().collect(),
        }],
        ..NewRobot::default()
    }
}

/// Who needs no token.
fn people(registries: &Registries) -> Vec<Role> {
    use Action::{Delete, Pull, Push};
    let mut people = vec![
        Role::new("nobody", "nobody"),
        Role::new("nobody", "certificate unknown").certificate("unknown"),
        Role::new("nobody", "nobody, elsewhere").at(Which::External),
        Role::new("nobody", "nobody, under rules").at(Which::Limited),
        Role::admin(Which::Own),
        Role::admin(Which::External),
        Role::new("admin", "certificate root").certificate("root"),
    ];
    for class in ["reader", "writer", "deleter", "stranger"] {
        people.push(Role::new(class, format!("user {class}")).header(basic(class)));
        people.push(Role::new(class, format!("certificate {class}")).certificate(class));
    }
    let robots = [
        ("reader", "reader", "team/**", &[Pull][..]),
        // Of whom a rule speaks, beside what is its own.
        ("reader", "ruled", "other/**", &[Pull]),
        ("writer", "writer", "{team,unused}/*", &[Pull, Push]),
        ("deleter", "deleter", "team/x", &[Pull, Delete]),
        ("stranger", "stranger", "{tea,team/x}/**", &Action::ALL),
    ];
    for (class, name, repositories, allow) in robots {
        let proof = registries.robot(robot(name, repositories, allow));
        people.push(Role::new(class, format!("robot {name}")).header(proof));
    }
    people
}

/// A token of the first registry's own service, asked for over HTTP.
fn token(registries: &Registries, asker: &Role, query: &str) -> serde_json::Value {
    let target = format!("/token?service=orlop&{query}");
    let answer = registries.ask(asker.proof(), "GET", &target, b"");
    answer.expect(200).json()
}

const ALL: &str = "repository:team/x:pull,push,delete";

fn with_tokens(registries: &Registries, people: &[Role]) -> Vec<Role> {
    let tokens = [
        ("t:pull", "user reader", "repository:team/x:pull"),
        ("t:pull", "user admin", "repository:team/x:pull"),
        ("t:pull", "robot writer", "repository:team/x:pull"),
        ("t:pull", "certificate writer", "repository:team/x:pull"),
        // Nobody gets more than is theirs, nor in one repository what is for another.
        ("t:pull", "user reader", ALL),
        ("t:pull", "robot ruled", ALL),
        (
            "t:pull",
            "user admin",
            "repository:team/y:pull,push+repository:team/x:pull",
        ),
        ("t:push", "user writer", "repository:team/x:pull,push"),
        ("t:push", "robot writer", ALL),
        ("t:push", "certificate writer", ALL),
        ("t:delete", "user deleter", ALL),
        ("t:delete", "robot deleter", ALL),
        ("t:catalog", "user admin", "registry:catalog:*"),
        ("t:catalog", "user reader", "registry:catalog:*"),
        ("t:none", "user admin", ""),
        ("t:none", "user admin", "repository:team/y:pull,push,delete"),
        ("t:none", "user admin", "repository:team:pull,push,delete"),
        ("t:none", "user admin", "repository:team/x/y:pull,push"),
        ("t:none", "user admin", "repository:team/x:admin"),
        ("t:none", "user admin", "other:team/x:pull,push,delete"),
        ("t:none", "user stranger", ALL),
        ("t:none", "robot stranger", ALL),
        ("t:none", "nobody", ALL),
        // Who pushes also pulls, so to push alone is nothing.
        ("t:none", "user writer", "repository:team/x:push"),
    ];
    let role = |(class, who, scope): (_, &str, &str)| {
        let asker = people.iter().find(|role| role.who == who).unwrap();
        let token = token(registries, asker, &format!("scope={scope}"));
        let role = Role::new(class, format!("{who} with a token for {scope:?}"));
        role.bearer(token["token"].as_str().unwrap())
    };
    tokens.into_iter().map(role).collect()
}

/// A token of a service that isn't asked over HTTP.
fn token_of(registries: &Registries, service: &AccessControl, name: &str, scope: &str) -> String {
    let header = (!name.is_empty()).then(|| basic(name));
    let credentials = Credentials {
        authorization: header.as_deref(),
        ..Credentials::default()
    };
    let query = format!("scope={scope}");
    let request = TokenRequest::from_query(&query, credentials).unwrap();
    let answer = registries.wait(service.issue_token(&request)).unwrap();
    answer.token.expose().to_owned()
}

/// Who has tokens of the other service.
fn with_other_tokens(registries: &Registries) -> Vec<Role> {
    let push = "repository:team/x:pull,push";
    // What it is where the token alone counts, and where the rules do too.
    let tokens = [
        ("admin", "repository:team/x:pull", ["t:pull"; 2]),
        ("admin", push, ["t:push"; 2]),
        ("admin", "repository:team/x:pull,delete", ["t:delete"; 2]),
        ("admin", "repository:team/y:pull,push", ["t:none"; 2]),
        ("admin", "", ["t:none"; 2]),
        ("", push, ["t:none"; 2]),
        ("admin", "registry:catalog:*", ["t:catalog"; 2]),
        ("reader", push, ["t:push", "t:pull"]),
        ("stranger", push, ["t:push", "t:none"]),
    ];
    let mut roles = Vec::new();
    for (name, scope, classes) in tokens {
        let token = token_of(registries, &registries.service, name, scope);
        for (class, which) in classes.into_iter().zip([Which::External, Which::Limited]) {
            let who = format!("{name:?} with another service's token for {scope:?}, {which:?}");
            roles.push(Role::new(class, who).at(which).bearer(&token));
        }
    }
    roles
}

fn with_wrong_passwords(registries: &Registries) -> Vec<Role> {
    let right = registries.robot(robot("stopped", "team/**", &[Action::Pull]));
    let stop = RobotChange {
        disabled: Some(true),
        ..RobotChange::default()
    };
    registries
        .wait(registries.robots.change("stopped", stop))
        .unwrap();
    let wrong = |who: &str, value: String| Role::new("forged", who).header(value);
    vec![
        wrong("a wrong password", header("admin", "reader")),
        wrong("no password", header("admin", "")),
        wrong("an unknown user", header("nobody", "nobody")),
        wrong("a robot's wrong secret", header("robot$writer", "secret")),
        wrong("an unknown robot", header("robot$nobody", "secret")),
        wrong("a stopped robot", right),
        wrong(
            "a wrong password beside a certificate",
            header("admin", "x"),
        )
        .certificate("root"),
        wrong("no scheme", "reader".into()),
        wrong("another scheme", "Digest username=reader".into()),
        wrong("no base64", "Basic !!!".into()),
        wrong("no colon", "Basic cmVhZGVy".into()),
    ]
}

/// Tokens that don't hold here.
fn with_wrong_tokens(registries: &Registries) -> Vec<Role> {
    let admin = Role::admin(Which::Own);
    let issued = token(
        registries,
        &admin,
        &format!("scope={ALL}&offline_token=true"),
    );
    let (access, refresh) = (
        issued["token"].as_str().unwrap(),
        issued["refresh_token"].as_str().unwrap(),
    );
    let neighbour = token_of(registries, &registries.neighbour, "admin", ALL);
    let external = token_of(registries, &registries.service, "admin", ALL);
    let claims = access.split('.').nth(1).unwrap();
    let none = URL_SAFE_NO_PAD.encode(br#"{"alg":"none","typ":"JWT"}"#);
    let (message, signature) = access.rsplit_once('.').unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    // Whose holder is gone since.
    let leaving = Role::new("reader", "robot leaving").header(registries.robot(robot(
        "leaving",
        "team/**",
        &[Action::Pull],
    )));
    let left = token(registries, &leaving, "scope=repository:team/x:pull");
    registries
        .wait(registries.robots.remove("leaving"))
        .unwrap();
    // What the server knew of the robot is believed for a moment.
    registries.clock.advance(Duration::from_secs(60));

    let wrong = |who: &str, token: &str| Role::new("forged", who).bearer(token);
    let mut roles = vec![
        wrong("a token for another registry", &neighbour),
        wrong("a token of another service", &external),
        wrong("a refresh token", refresh),
        wrong("an unsigned token", &format!("{none}.{claims}.")),
        wrong("a token without a signature", &format!("{message}.")),
        wrong(
            "a token with another signature",
            &format!("{message}.{flipped}{}", &signature[1..]),
        ),
        wrong("what is no token", "made.up.token"),
        wrong("a token of who is gone", left["token"].as_str().unwrap()),
        wrong("a wrong token beside a certificate", "made.up.token").certificate("root"),
    ];
    for which in [Which::External, Which::Limited] {
        roles.push(wrong("a token of this registry, elsewhere", access).at(which));
        roles.push(wrong("what is no token, elsewhere", "made.up.token").at(which));
    }
    roles
}

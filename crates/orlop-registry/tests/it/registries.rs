//! Registries with users and rules, one for each way to believe a token.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use orlop_access::{AccessConfig, AccessControl, ManualClock, MemoryAccounts, NewRobot, Robots};
use rustls::ClientConfig;
use tempfile::TempDir;

use crate::authority::{Authority, Secured, connect};
use crate::client::{Answer, Connection};
use crate::server::{OCI_MANIFEST, TestServer, Wanted};

/// Each one's password is their name.
pub(crate) const USERS: &str = "reader:$2y$04$abcdefghijklmnopqrstuuBRvAxITR.mIgbxkIGesFvdUSMTVuuF.
writer:$2y$04$abcdefghijklmnopqrstuu4C2yKeLid0P88B28aMBVf0vI2f/WtAi
deleter:$2y$04$abcdefghijklmnopqrstuutX3oJDdbnhLHuOL.hyKpBOJt72B6RTi
admin:$2y$04$abcdefghijklmnopqrstuuQe66hACgXZ.ImKMvPGdqru0gQrWJ8Ju
stranger:$2y$04$abcdefghijklmnopqrstuubk/K/Ts4PJUlQECGzDM2cBFCfsqs5le
";

pub(crate) const RULES: &str = r#"
admins = ["user:admin", "certificate:root"]
[[certificates]]
common_name = "reader"
[[certificates]]
common_name = "writer"
[[certificates]]
common_name = "deleter"
[[certificates]]
common_name = "root"
[[certificates]]
common_name = "stranger"
[[rules]]
repositories = ["public/**"]
to = ["anonymous"]
allow = ["pull"]
[[rules]]
repositories = ["team/**"]
to = ["user:reader", "certificate:reader", "robot:ruled"]
allow = ["pull"]
[[rules]]
repositories = ["team/**"]
to = ["user:writer", "certificate:writer"]
allow = ["pull", "push"]
[[rules]]
repositories = ["team/**"]
to = ["user:deleter", "certificate:deleter"]
allow = ["pull", "delete"]
"#;

/// The common names of certificates that clients show. The rules don't speak of `unknown`.
const CERTIFICATES: [&str; 6] = ["reader", "writer", "deleter", "root", "stranger", "unknown"];

const EXTERNAL: &str = "[external]\nrealm = \"https://auth.test/token\"\nservice = \"registry.test\"\n\
     issuer = \"auth.test\"\n";

/// What the other token service gives beyond the rules.
const GENEROUS: &str = r#"
[[rules]]
repositories = ["**"]
to = ["user:reader", "user:stranger"]
allow = ["pull", "push"]
"#;

pub(crate) fn basic(name: &str) -> String {
    header(name, name)
}

pub(crate) fn header(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

/// Users and rules, and what else is to be configured. Guessing isn't slowed down.
pub(crate) fn config(before: &str, users: &Path, after: &str) -> AccessConfig {
    let text = format!(
        "htpasswd = {users:?}\nthrottle.free_failures = 1000000\n{before}\n{RULES}\n{after}"
    );
    toml::from_str(&text).unwrap()
}

/// Which registry is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// It has its own token service.
    Own,
    /// It believes another token service.
    External,
    /// It believes another token service as far as its own rules go.
    Limited,
    /// The first one's listener for metrics and health.
    Operation,
}

impl Which {
    /// The registry whose listener it is.
    pub(crate) fn server(self) -> Self {
        match self {
            Self::Operation => Self::Own,
            which => which,
        }
    }
}

/// How somebody shows who they are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Proof<'a> {
    pub(crate) authorization: Option<&'a str>,
    /// The common name of a client certificate.
    pub(crate) certificate: Option<&'static str>,
}

/// Three registries with the same users and rules, behind TLS.
pub(crate) struct Registries {
    pub(crate) own: TestServer,
    pub(crate) external: TestServer,
    pub(crate) limited: TestServer,
    /// What all of them take for the time of the day.
    pub(crate) clock: Arc<ManualClock>,
    /// The token service that the second and third believe.
    pub(crate) service: AccessControl,
    /// A token service with the first one's keys, which stands for another registry.
    pub(crate) neighbour: AccessControl,
    /// Robots of the first.
    pub(crate) robots: Robots,
    clients: HashMap<Option<&'static str>, Arc<ClientConfig>>,
    /// One for each certificate and registry.
    connections: RefCell<HashMap<(Option<&'static str>, SocketAddr), Secured>>,
    runtime: tokio::runtime::Runtime,
    _files: TempDir,
}

impl Registries {
    pub(crate) fn new() -> Self {
        let files = tempfile::tempdir().unwrap();
        let (users, keys) = (files.path().join("users"), files.path().join("keys"));
        std::fs::write(&users, USERS).unwrap();
        let clock = Arc::new(ManualClock::new("2026-05-01T12:00:00Z".parse().unwrap()));
        let accounts = Arc::new(MemoryAccounts::default());
        let nobodies = Arc::new(MemoryAccounts::default());
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        let service = |text: &str, rules: &str, accounts: &Arc<MemoryAccounts>| {
            let config = config(text, &users, rules);
            let opened =
                AccessControl::open(config, accounts.clone(), clock.clone(), Arc::new(|_| {}));
            runtime.block_on(opened).unwrap()
        };
        let authority = Authority::new();
        let start = |text: &str, accounts: &Arc<MemoryAccounts>| {
            TestServer::with(|wanted: &mut Wanted| {
                wanted.options.tls = Some(authority.tls());
                wanted.options.operation_listen = Some(([127, 0, 0, 1], 0).into());
                wanted.access = config("", &users, text);
                wanted.accounts = accounts.clone();
                wanted.clock = clock.clone();
            })
        };
        let own = start("", &accounts);
        let other = "tokens = { issuer = \"auth.test\", service = \"registry.test\" }";
        let other = service(other, GENEROUS, &nobodies);
        std::fs::write(&keys, other.public_keys().to_string()).unwrap();
        let external = format!("{EXTERNAL}keys = {keys:?}");
        let names = CERTIFICATES.into_iter().map(Some).chain([None]);
        Self {
            external: start(&external, &nobodies),
            limited: start(&format!("{external}\nwith_rules = true"), &nobodies),
            connections: RefCell::default(),
            clients: names.map(|name| (name, authority.client(name))).collect(),
            neighbour: service("tokens = { service = \"neighbour\" }", "", &accounts),
            robots: Robots::new(accounts.clone(), clock.clone()),
            service: other,
            own,
            clock,
            runtime,
            _files: files,
        }
    }

    pub(crate) fn server(&self, which: Which) -> &TestServer {
        match which {
            Which::Own | Which::Operation => &self.own,
            Which::External => &self.external,
            Which::Limited => &self.limited,
        }
    }

    /// One request. Who shows the same certificate shares a connection.
    pub(crate) fn ask(
        &self,
        (which, proof): (Which, Proof<'_>),
        method: &str,
        target: &str,
        body: &[u8],
    ) -> Answer {
        let server = self.server(which);
        let mut headers = vec![("Content-Type", OCI_MANIFEST)];
        headers.extend(proof.authorization.map(|value| ("Authorization", value)));
        if which == Which::Operation {
            let address = server.operation.unwrap();
            return Connection::open(address).ask(method, target, &headers, body);
        }
        let key = (proof.certificate, server.address);
        let mut connections = self.connections.borrow_mut();
        let open = || connect(&self.clients[&proof.certificate], server.address);
        let connection = connections.entry(key).or_insert_with(open);
        // It may have been closed since.
        connection
            .try_ask(method, target, &headers, body)
            .unwrap_or_else(|_| {
                *connection = open();
                connection.ask(method, target, &headers, body)
            })
    }

    /// Makes a robot, and returns its `Authorization`.
    pub(crate) fn robot(&self, robot: NewRobot) -> String {
        let made = self.wait(self.robots.create(robot));
        let (robot, secret) = made.unwrap();
        header(&format!("robot${}", robot.name), secret.expose())
    }

    /// Waits for something that isn't asked over HTTP.
    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }
}

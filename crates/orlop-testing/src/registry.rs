//! A real registry for one test: Debian's `docker-registry` on a port of its own.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::process::{Program, Running, temp_dir};
use crate::skip::need_programs;
use crate::{Certificates, TokenServer};

/// What the registry asks of its clients.
#[derive(Debug, Default)]
pub struct RegistryOptions<'a> {
    /// Users and passwords: basic authentication when there is any.
    pub users: Vec<(&'a str, &'a str)>,
    /// Bearer tokens from this server.
    pub tokens: Option<&'a TokenServer>,
    /// TLS with the server certificate of these.
    pub tls: Option<&'a Certificates>,
    /// With `tls`: clients must show a certificate of the same authority.
    pub client_certificates: bool,
    /// Serve what another registry stores: the second, open door for filling a guarded one.
    pub same_storage_as: Option<&'a Registry>,
    /// Be a pull-through cache of this base URL.
    pub mirror_of: Option<String>,
    /// Store in this folder, which outlives the registry.
    pub storage: Option<PathBuf>,
    /// The port; a free one if none.
    pub port: Option<u16>,
}

/// A running registry. Dropping it stops it.
#[derive(Debug)]
pub struct Registry {
    process: Running,
    port: u16,
    storage: PathBuf,
    folder: TempDir,
}

impl Registry {
    /// Starts an open one. `None`, said loudly, where the program is missing.
    #[must_use]
    pub fn start() -> Option<Self> {
        Registry::start_with(&RegistryOptions::default())
    }

    /// Starts one. `None`, said loudly, where the program is missing.
    ///
    /// # Panics
    /// When it is there but doesn't come up within ten seconds.
    #[must_use]
    pub fn start_with(options: &RegistryOptions<'_>) -> Option<Self> {
        if !need_programs(&[("docker-registry", "docker-registry")]) {
            return None;
        }
        let folder = temp_dir();
        let port = options.port.unwrap_or_else(free_port);
        let own = || {
            options
                .storage
                .clone()
                .unwrap_or_else(|| folder.path().join("data"))
        };
        let storage = options
            .same_storage_as
            .map_or_else(own, |other| other.storage.clone());
        let file = folder.path().join("config.yml");
        std::fs::write(&file, config(options, port, &storage, folder.path()))
            .expect("the configuration is written");
        let process = Program::new("docker-registry")
            .arg("serve")
            .arg(&file)
            .env("OTEL_TRACES_EXPORTER", "none")
            .spawn();
        let mut registry = Registry {
            process,
            port,
            storage,
            folder,
        };
        registry.wait_until_up();
        Some(registry)
    }

    /// Starts one that lets in whom `tokens` lets in, and another that opens the same storage to
    /// everybody, to fill it by. `None`, said loudly, where the program is missing.
    #[must_use]
    pub fn with_tokens(tokens: &TokenServer) -> Option<(Self, Self)> {
        let guarded = Registry::start_with(&RegistryOptions {
            tokens: Some(tokens),
            ..Default::default()
        })?;
        let open = Registry::start_with(&RegistryOptions {
            same_storage_as: Some(&guarded),
            ..Default::default()
        })?;
        Some((guarded, open))
    }

    fn wait_until_up(&mut self) {
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let alive = self.process.is_running() && start.elapsed() < Duration::from_secs(10);
            assert!(
                alive,
                "docker-registry doesn't come up:\n{}",
                self.process.stderr()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// `127.0.0.1:PORT`
    #[must_use]
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The file that holds a blob, to spoil or remove it behind the registry's back.
    #[must_use]
    pub fn blob_file(&self, digest: &str) -> PathBuf {
        let hex = digest.trim_start_matches("sha256:");
        self.storage.join(format!(
            "docker/registry/v2/blobs/sha256/{}/{hex}/data",
            &hex[..2]
        ))
    }

    /// What it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.stdout() + &self.process.stderr()
    }

    /// Its folder with configuration and log.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

fn config(options: &RegistryOptions<'_>, port: u16, storage: &Path, folder: &Path) -> String {
    let mut text = format!(
        "version: 0.1\nlog: {{level: info}}\n\
         storage:\n  filesystem: {{rootdirectory: {}}}\n  delete: {{enabled: true}}\n\
         http:\n  addr: 127.0.0.1:{port}\n",
        storage.display(),
    );
    if let Some(tls) = options.tls {
        let (certificate, key) = (tls.server_certificate(), tls.server_key());
        text.push_str(&format!(
            "  tls:\n    certificate: {}\n    key: {}\n",
            certificate.display(),
            key.display()
        ));
        if options.client_certificates {
            text.push_str(&format!("    clientcas: [{}]\n", tls.ca().display()));
        }
    }
    if let Some(url) = &options.mirror_of {
        text.push_str(&format!("proxy: {{remoteurl: {url}}}\n"));
    }
    if let Some(server) = options.tokens {
        text.push_str(&format!(
            "auth:\n  token:\n    realm: {}\n    service: {}\n    issuer: {}\n    rootcertbundle: {}\n",
            server.realm(),
            server.service(),
            server.issuer(),
            server.certificate().display(),
        ));
    } else if !options.users.is_empty() {
        let file = folder.join("htpasswd");
        let lines = options
            .users
            .iter()
            .map(|(user, password)| format!("{user}:{}\n", bcrypt(password)));
        std::fs::write(&file, lines.collect::<String>()).expect("the password file is written");
        text.push_str(&format!(
            "auth:\n  htpasswd: {{realm: test, path: {}}}\n",
            file.display()
        ));
    }
    text
}

/// The only hash that the registry's password file may hold, by the C library's `crypt`, which
/// Debian's ever-present perl can call.
fn bcrypt(password: &str) -> String {
    let program = r#"print crypt($ARGV[0], '$2y$05$abcdefghijklmnopqrstuu')"#;
    Program::new("perl")
        .args(["-e", program, password])
        .ok()
        .stdout
}

/// A port nobody listens on now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback has a free port");
    listener
        .local_addr()
        .expect("a bound socket has an address")
        .port()
}

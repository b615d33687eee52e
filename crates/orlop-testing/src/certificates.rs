//! A certificate authority for one test, by the `openssl` program.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::process::{Program, temp_dir};
use crate::skip::need_programs;

/// A certificate authority, a server certificate for the loopback names and a client certificate,
/// all PEM files in a temporary folder.
#[derive(Debug)]
pub struct Certificates {
    folder: TempDir,
}

impl Certificates {
    /// Makes them anew; `None`, said loudly, without `openssl`.
    #[must_use]
    pub fn new() -> Option<Self> {
        if !need_programs(&[("openssl", "openssl")]) {
            return None;
        }
        let made = Certificates { folder: temp_dir() };
        made.write(
            "ca.ext",
            "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n",
        );
        made.write(
            "server.ext",
            "basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n\
             subjectAltName=DNS:localhost,DNS:registry.test,IP:127.0.0.1,IP:::1\n",
        );
        made.write(
            "client.ext",
            "basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth\n",
        );
        made.sign("ca", "/CN=test authority", &["-signkey", "ca.key"]);
        for (name, subject) in [("server", "/CN=localhost"), ("client", "/CN=test client")] {
            made.sign(
                name,
                subject,
                &["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"],
            );
        }
        Some(made)
    }

    /// One certificate that is server and authority at once, as `openssl req -x509` makes it: `ca()`
    /// and `server_certificate()` are the same, and there is no client's. `None`, said loudly,
    /// without `openssl`.
    #[must_use]
    pub fn self_signed() -> Option<Self> {
        if !need_programs(&[("openssl", "openssl")]) {
            return None;
        }
        let made = Certificates { folder: temp_dir() };
        made.write(
            "server.ext",
            "basicConstraints=critical,CA:TRUE\nsubjectAltName=IP:127.0.0.1\n",
        );
        made.sign("server", "/CN=registry", &["-signkey", "server.key"]);
        std::fs::copy(made.server_certificate(), made.ca()).expect("a small file is copied");
        Some(made)
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.folder.path().join(name), content).expect("a small file is written");
    }

    /// A key, a request and the certificate `NAME.pem` with the extensions of `NAME.ext`.
    fn sign(&self, name: &str, subject: &str, signer: &[&str]) {
        let file = |end: &str| format!("{name}.{end}");
        let (key, request) = (file("key"), file("csr"));
        let openssl = || Program::new("openssl").current_dir(self.folder.path());
        openssl()
            .args([
                "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", subject, "-keyout", &key,
                "-out", &request,
            ])
            .ok();
        openssl()
            .args([
                "x509",
                "-req",
                "-days",
                "2",
                "-in",
                &request,
                "-out",
                &file("pem"),
                "-extfile",
                &file("ext"),
            ])
            .args(signer)
            .ok();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder that holds them all, `ca.pem`, `server.pem`, `server.key`, `client.pem`, `client.key`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The authority's certificate.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.path("ca.pem")
    }

    /// The server's certificate, for `localhost`, `registry.test`, `127.0.0.1` and `::1`.
    #[must_use]
    pub fn server_certificate(&self) -> PathBuf {
        self.path("server.pem")
    }

    /// The server's key.
    #[must_use]
    pub fn server_key(&self) -> PathBuf {
        self.path("server.key")
    }

    /// A client's certificate, signed by the same authority.
    #[must_use]
    pub fn client_certificate(&self) -> PathBuf {
        self.path("client.pem")
    }

    /// The client's key.
    #[must_use]
    pub fn client_key(&self) -> PathBuf {
        self.path("client.key")
    }
}

//! TLS, HTTP/2, client certificates, and certificates that change.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use orlop_access::AccessConfig;
use orlop_registry::TlsOptions;
use orlop_testing::Certificates;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::server::{TestServer, Wanted, noise};

type Got = Result<Response<Bytes>, String>;

/// What a client needs to know.
struct Client<'a> {
    ca: &'a Path,
    identity: Option<(&'a Path, &'a Path)>,
    http2: bool,
}

impl Client<'_> {
    fn config(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(self.ca).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_root_certificates(roots);
        let mut config = match self.identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let certificate = CertificateDer::from_pem_file(certificate).unwrap();
                let key = PrivateKeyDer::from_pem_file(key).unwrap();
                builder
                    .with_client_auth_cert(vec![certificate], key)
                    .unwrap()
            }
        };
        let protocol: &[u8] = if self.http2 { b"h2" } else { b"http/1.1" };
        config.alpn_protocols = vec![protocol.to_vec()];
        config
    }

    async fn get(&self, address: SocketAddr, target: &str) -> Got {
        let stream = TcpStream::connect(address)
            .await
            .map_err(|e| e.to_string())?;
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(self.config()));
        let stream = connector
            .connect(name, stream)
            .await
            .map_err(|e| e.to_string())?;
        let request = Request::get(format!("https://localhost{target}"));
        let request = request
            .header("host", "localhost")
            .body(Full::default())
            .unwrap();
        if self.http2 {
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
            over_http2(stream, vec![request])
                .await
                .map(|mut all| all.remove(0))
        } else {
            over_http1(stream, request).await
        }
    }
}

async fn over_http1<S>(stream: S, request: Request<Full<Bytes>>) -> Got
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let shaken = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(|e| e.to_string())?;
    tokio::spawn(connection);
    whole(
        sender
            .send_request(request)
            .await
            .map_err(|e| e.to_string())?,
    )
    .await
}

/// All requests at once, on one connection.
async fn over_http2<S>(
    stream: S,
    requests: Vec<Request<Full<Bytes>>>,
) -> Result<Vec<Response<Bytes>>, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let shaken = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (sender, connection) = shaken.map_err(|e| e.to_string())?;
    tokio::spawn(connection);
    let asked = requests.into_iter().map(|request| {
        let mut sender = sender.clone();
        async move {
            whole(
                sender
                    .send_request(request)
                    .await
                    .map_err(|e| e.to_string())?,
            )
            .await
        }
    });
    futures_util::future::try_join_all(asked).await
}

async fn whole(response: Response<hyper::body::Incoming>) -> Got {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(|e| e.to_string())?;
    Ok(Response::from_parts(parts, body.to_bytes()))
}

fn runtime() -> tokio::runtime::Runtime {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap()
}

fn secured(certificates: &Certificates) -> impl FnOnce(&mut Wanted) {
    let tls = TlsOptions {
        certificate: certificates.server_certificate(),
        key: certificates.server_key(),
        client_authorities: None,
        client_required: false,
    };
    move |wanted| wanted.options.tls = Some(tls)
}

/// Puts a blob into the storage of a server that speaks TLS: through the client, with `POST`.
async fn push(client: &Client<'_>, address: SocketAddr, content: &[u8]) -> String {
    let digest = orlop_oci::Digest::of(content);
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(Arc::new(client.config()));
    let stream = connector.connect(name, stream).await.unwrap();
    let target = format!("https://localhost/v2/a/blobs/uploads/?digest={digest}");
    let request = Request::post(target).header("host", "localhost");
    let request = request.body(Full::from(content.to_vec())).unwrap();
    let answer = if client.http2 {
        over_http2(stream, vec![request]).await.unwrap().remove(0)
    } else {
        over_http1(stream, request).await.unwrap()
    };
    assert_eq!(answer.status(), 201);
    format!("/v2/a/blobs/{digest}")
}

#[test]
fn both_protocols_are_spoken_behind_tls() {
    let Some(certificates) = Certificates::new() else {
        return;
    };
    let server = TestServer::with(secured(&certificates));
    for http2 in [false, true] {
        let ca = certificates.ca();
        let client = Client {
            ca: &ca,
            identity: None,
            http2,
        };
        runtime().block_on(async {
            let content = noise(3_000_000, 100 + u64::from(http2));
            let place = push(&client, server.address, &content).await;
            let answer = client.get(server.address, &place).await.unwrap();
            assert_eq!(answer.status(), 200);
            assert!(answer.body() == &content);
            assert_eq!(
                client.get(server.address, "/v2/").await.unwrap().status(),
                200
            );
        });
    }
    // Without TLS there is no answer.
    let mut plain = server.connect();
    plain
        .write(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    assert!(plain.answer(false).is_err());
}

#[test]
fn http2_is_spoken_to_who_knows() {
    let server = TestServer::start();
    let contents: Vec<Vec<u8>> = (0..20)
        .map(|i| noise(200_000 * (i % 4) + i, i as u64))
        .collect();
    let requests = contents.iter().map(|content| {
        let digest = server.push_blob("a", content);
        let target = format!("http://localhost/v2/a/blobs/{digest}");
        Request::get(target).body(Full::default()).unwrap()
    });
    let requests: Vec<_> = requests.collect();
    let answers = runtime().block_on(async {
        let stream = TcpStream::connect(server.address).await.unwrap();
        over_http2(stream, requests).await.unwrap()
    });
    for (answer, content) in answers.iter().zip(&contents) {
        assert_eq!(answer.status(), 200);
        assert!(answer.body() == content);
    }
}

#[test]
fn a_client_certificate_is_a_name() {
    let Some(certificates) = Certificates::new() else {
        return;
    };
    let access = "tokens = { enabled = false }\n\
                  [[certificates]]\ncommon_name = \"test client\"\nname = \"host\"\n\
                  [[rules]]\nrepositories = [\"**\"]\nto = [\"certificate:host\"]\nallow = [\"pull\"]";
    let access: AccessConfig = toml::from_str(access).unwrap();
    let ca = certificates.ca();
    let (certificate, key) = (certificates.client_certificate(), certificates.client_key());
    for required in [false, true] {
        let mut server = TestServer::with(|wanted| {
            secured(&certificates)(wanted);
            let tls = wanted.options.tls.as_mut().unwrap();
            tls.client_authorities = Some(certificates.ca());
            tls.client_required = required;
            wanted.access = access.clone();
        });
        let address = server.address;
        let ask = |identity| {
            let client = Client {
                ca: &ca,
                identity,
                http2: false,
            };
            let answer = runtime().block_on(client.get(address, "/v2/x/tags/list"));
            answer.map(|answer| answer.status().as_u16()).ok()
        };
        assert_eq!(ask(Some((&*certificate, &*key))), Some(404));
        assert_eq!(ask(None), if required { None } else { Some(401) });
        assert_eq!(server.lines()[0]["actor"], "host");
    }
}

#[test]
fn certificates_may_change() {
    let (Some(first), Some(second)) = (Certificates::new(), Certificates::new()) else {
        return;
    };
    let server = TestServer::with(secured(&first));
    let ask = |ca: &Path| {
        let client = Client {
            ca,
            identity: None,
            http2: true,
        };
        runtime()
            .block_on(client.get(server.address, "/v2/"))
            .is_ok()
    };
    let (first_ca, second_ca) = (first.ca(), second.ca());
    // What the server reads is replaced below.
    let first_copy = tempfile::NamedTempFile::new().unwrap();
    std::fs::copy(&first_ca, first_copy.path()).unwrap();
    assert!(ask(first_copy.path()) && !ask(&second_ca));
    // A certificate without its key is refused, and the old one stays.
    std::fs::copy(second.server_certificate(), first.server_certificate()).unwrap();
    assert!(server.server.reload().is_err());
    assert!(ask(first_copy.path()));
    std::fs::copy(second.server_key(), first.server_key()).unwrap();
    server.server.reload().unwrap();
    assert!(ask(&second_ca) && !ask(first_copy.path()));
    std::fs::write(first.server_certificate(), "garbage").unwrap();
    assert!(server.server.reload().is_err());
    assert!(ask(&second_ca));
}

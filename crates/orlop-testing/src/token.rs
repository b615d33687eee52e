//! An authorization server in the way of Docker's registries: it gives out signed bearer tokens
//! that a real registry verifies itself.

use std::io::BufReader;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::process::Program;
use crate::server::{Head, Server, answer};
use crate::{Certificates, Request};

const SERVICE: &str = "test registry";
const ISSUER: &str = "test issuer";

/// Who gets tokens, and for what.
#[derive(Clone, Debug)]
pub struct TokenServerOptions {
    /// Users with their passwords: they may do everything.
    pub users: Vec<(String, String)>,
    /// What one may do without being logged in: `pull`, say.
    pub anonymous: Vec<String>,
    /// How long a token is good for, in seconds.
    pub lifetime: u64,
    /// An identity token given to who logs in with a password over OAuth2's POST, and then accepted.
    pub identity_token: Option<String>,
}

impl Default for TokenServerOptions {
    fn default() -> Self {
        TokenServerOptions {
            users: Vec::new(),
            anonymous: vec!["pull".to_owned()],
            lifetime: 300,
            identity_token: None,
        }
    }
}

/// The server. Dropping it ends it.
#[derive(Debug)]
pub struct TokenServer {
    server: Server,
    certificate: PathBuf,
    requests: Arc<Mutex<Vec<Request>>>,
    _certificates: Certificates,
}

impl TokenServer {
    /// Starts one. `None`, said loudly, without `openssl`.
    #[must_use]
    pub fn start(options: TokenServerOptions) -> Option<Self> {
        let certificates = Certificates::new()?;
        let signer = Signer::new(&certificates);
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let server = Server::start(move |stream, _| serve(stream, &options, &signer, &seen));
        let certificate = certificates.server_certificate();
        Some(TokenServer {
            server,
            certificate,
            requests,
            _certificates: certificates,
        })
    }

    /// The URL that registries name as the realm.
    #[must_use]
    pub fn realm(&self) -> String {
        format!("http://{}/token", self.server.address())
    }

    /// The name of the service that tokens are for.
    #[must_use]
    pub fn service(&self) -> &'static str {
        SERVICE
    }

    /// The issuer named in tokens.
    #[must_use]
    pub fn issuer(&self) -> &'static str {
        ISSUER
    }

    /// The certificate of the key that signs tokens.
    #[must_use]
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// The requests for tokens so far; the body of a POST stands in `target` after a space.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.requests
            .lock()
            .expect("no holder of this lock panics")
            .clone()
    }
}

/// Signs tokens with the `openssl` program.
#[derive(Debug)]
struct Signer {
    key: PathBuf,
    chain: String,
}

impl Signer {
    fn new(certificates: &Certificates) -> Self {
        let pem = std::fs::read_to_string(certificates.server_certificate())
            .expect("the certificate was made");
        let chain: String = pem
            .lines()
            .filter(|line| !line.starts_with("-----"))
            .collect();
        Signer {
            key: certificates.server_key(),
            chain,
        }
    }

    fn sign(&self, claims: &Value) -> String {
        let header = json!({"typ": "JWT", "alg": "RS256", "x5c": [self.chain]});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(&header), part(claims));
        let input = tempfile::NamedTempFile::new().expect("a temporary file");
        let output = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(input.path(), &text).expect("the text is written");
        Program::new("openssl")
            .args(["dgst", "-sha256", "-sign"])
            .arg(&self.key)
            .arg("-out")
            .arg(output.path())
            .arg(input.path())
            .ok();
        let signature = std::fs::read(output.path()).expect("openssl wrote the signature");
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn serve(
    mut stream: TcpStream,
    options: &TokenServerOptions,
    signer: &Signer,
    seen: &Mutex<Vec<Request>>,
) {
    let Ok(read_half) = stream.try_clone() else {
        return;
    };
    let mut reader = BufReader::new(read_half);
    let Some(head) = Head::read(&mut reader) else {
        return;
    };
    let body = String::from_utf8_lossy(&head.body(&mut reader)).into_owned();
    let target = if body.is_empty() {
        head.target.clone()
    } else {
        format!("{} {body}", head.target)
    };
    let (method, headers) = (head.method.clone(), head.headers.clone());
    let request = Request {
        method,
        target,
        headers,
        received: 0,
        sent: 0,
    };
    seen.lock()
        .expect("no holder of this lock panics")
        .push(request);

    let query = if head.method == "POST" {
        body.as_str()
    } else {
        head.target.split_once('?').map_or("", |(_, q)| q)
    };
    let fields = parse_form(query);
    let (status, value) = match who(&head, &fields, options) {
        Some(user) => (
            200,
            token(&user, &fields, options, signer, head.method == "POST"),
        ),
        None => (401, json!({"details": "incorrect username or password"})),
    };
    let headers = [("Content-Type".to_owned(), "application/json".to_owned())];
    answer(
        &mut stream,
        status,
        &headers,
        value.to_string().as_bytes(),
        false,
    );
}

/// The user's name; empty for nobody in particular; `None` for wrong credentials.
fn who(head: &Head, fields: &[(String, String)], options: &TokenServerOptions) -> Option<String> {
    let field = |name: &str| {
        fields
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value.as_str())
    };
    let known = |user: &str, password: &str| {
        let fits = options
            .users
            .iter()
            .any(|(name, word)| name == user && word == password);
        fits.then(|| user.to_owned())
    };
    match field("grant_type") {
        "refresh_token" => {
            let good = options.identity_token.as_deref() == Some(field("refresh_token"));
            return good.then(|| "identity".to_owned());
        }
        "password" => return known(field("username"), field("password")),
        _ => {}
    }
    let Some(basic) = head
        .header("authorization")
        .and_then(|value| value.strip_prefix("Basic "))
    else {
        return Some(String::new());
    };
    let decoded = STANDARD
        .decode(basic)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())?;
    let (user, password) = decoded.split_once(':')?;
    known(user, password)
}

fn token(
    user: &str,
    fields: &[(String, String)],
    options: &TokenServerOptions,
    signer: &Signer,
    oauth2: bool,
) -> Value {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("the clock is past 1970")
        .as_secs();
    // A client asks by several `scope` fields (GET) or one with spaces (POST): both are allowed.
    let scopes = fields
        .iter()
        .filter(|(name, _)| name == "scope")
        .flat_map(|(_, value)| value.split(' '));
    let access: Vec<Value> = scopes
        .filter_map(|scope| grant(scope, user, options))
        .collect();
    let claims = json!({
        "iss": ISSUER, "sub": user, "aud": SERVICE, "exp": now + options.lifetime, "nbf": now.saturating_sub(5),
        "iat": now, "jti": format!("{now}"), "access": access,
    });
    let token = signer.sign(&claims);
    let mut answer = json!({"expires_in": options.lifetime, "access_token": token});
    if oauth2 {
        answer["refresh_token"] = options.identity_token.as_deref().unwrap_or_default().into();
    } else {
        answer["token"] = token.into();
    }
    answer
}

fn grant(scope: &str, user: &str, options: &TokenServerOptions) -> Option<Value> {
    let (kind, rest) = scope.split_once(':')?;
    let (name, actions) = rest.rsplit_once(':')?;
    let allowed =
        |action: &&str| !user.is_empty() || options.anonymous.iter().any(|may| may == action);
    let actions: Vec<&str> = actions.split(',').filter(allowed).collect();
    Some(json!({"type": kind, "name": name, "actions": actions}))
}

fn parse_form(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (unescape(name), unescape(value)))
        .collect()
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = |range: &[u8]| {
            std::str::from_utf8(range)
                .ok()
                .and_then(|hex| u8::from_str_radix(hex, 16).ok())
        };
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if hex(&[*high, *low]).is_some() => {
                bytes.extend(hex(&[*high, *low]));
                rest = after;
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = tail;
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

//! A proxy in front of a registry that can have every bad day a registry has, and that keeps count
//! of what it was asked.
//!
//! One connection carries one request: heads are read and may be changed, bodies are passed on as
//! raw bytes, so that a fault can be put at an exact byte.

mod exchange;

use std::sync::{Arc, Mutex, MutexGuard};

use crate::image::{Document, Image};
use crate::server::{Head, Server};

/// What goes wrong with a request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// After so many bytes of the body the answer stops, and the connection stays open.
    Stall {
        /// Bytes of the body that still come.
        after: u64,
    },
    /// After so many bytes of the answer's body the connection closes.
    Cut {
        /// Bytes of the body that still come.
        after: u64,
    },
    /// After so many bytes of the *request's* body the connection closes.
    CutUpload {
        /// Bytes of the body that reach the registry.
        after: u64,
    },
    /// The proxy answers by itself.
    Answer {
        /// The status code.
        status: u16,
        /// Headers.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// One byte of the body is another.
    WrongByte {
        /// Its place in the body.
        at: u64,
    },
    /// The `Range` header is not passed on: the whole blob comes with status 200.
    IgnoreRange,
    /// A range is answered with bytes from elsewhere: `Content-Range` says what was asked for, the
    /// bytes are the blob's first ones.
    WrongRange,
    /// The body never ends.
    Endless,
    /// The same path at another base URL, with status 307.
    Redirect {
        /// `http://HOST:PORT`
        to: String,
    },
    /// The body comes no faster than this.
    Slow {
        /// Bytes a second.
        rate: u64,
    },
    /// A header of the answer is left out, or has another value.
    Header {
        /// Its name.
        name: String,
        /// Its value; left out if none.
        value: Option<String>,
    },
}

impl Fault {
    /// An error answer in the registry protocol's form.
    #[must_use]
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        let body = serde_json::json!({"errors": [{"code": code, "message": message}]});
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        Fault::Answer {
            status,
            headers,
            body: body.to_string().into_bytes(),
        }
    }

    /// Adds a header to an [`Fault::Answer`]; nothing to others.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        if let Fault::Answer { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

/// Which requests a fault befalls.
#[derive(Clone, Debug)]
pub struct Rule {
    method: Option<String>,
    part: String,
    header: Option<(String, String)>,
    skip: usize,
    times: usize,
    fault: Fault,
}

impl Rule {
    /// Every request whose target contains `part`.
    #[must_use]
    pub fn new(part: &str, fault: Fault) -> Self {
        Rule {
            method: None,
            part: part.to_owned(),
            header: None,
            skip: 0,
            times: usize::MAX,
            fault,
        }
    }

    /// Only requests of this method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Only requests with this header whose value contains `part`.
    #[must_use]
    pub fn header(mut self, name: &str, part: &str) -> Self {
        self.header = Some((name.to_owned(), part.to_owned()));
        self
    }

    /// Only so many times.
    #[must_use]
    pub fn times(mut self, count: usize) -> Self {
        self.times = count;
        self
    }

    /// Only after so many requests that would have fitted.
    #[must_use]
    pub fn after(mut self, count: usize) -> Self {
        self.skip = count;
        self
    }

    fn fits(&mut self, request: &Head) -> bool {
        let fits = self
            .method
            .as_ref()
            .is_none_or(|method| *method == request.method)
            && request.target.contains(&self.part)
            && self.header.as_ref().is_none_or(|(name, part)| {
                request
                    .header(name)
                    .is_some_and(|value| value.contains(part.as_str()))
            });
        if !fits || self.times == 0 {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.times -= 1;
        true
    }
}

/// A request that came by.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its method.
    pub method: String,
    /// Its path and query.
    pub target: String,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Bytes of the answer's body that were passed on so far.
    pub received: u64,
    /// Bytes of the request's body that were passed on so far.
    pub sent: u64,
}

impl Request {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

#[derive(Debug, Default)]
struct State {
    rules: Mutex<Vec<Rule>>,
    requests: Mutex<Vec<Request>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no holder of this lock panics")
}

/// The proxy. Dropping it ends it.
#[derive(Debug)]
pub struct FaultProxy {
    server: Server,
    state: Arc<State>,
}

impl FaultProxy {
    /// Stands before the registry at `upstream` (`127.0.0.1:PORT`, plain HTTP).
    #[must_use]
    pub fn start(upstream: &str) -> Self {
        let state = Arc::new(State::default());
        let (shared, upstream) = (Arc::clone(&state), upstream.to_owned());
        let server = Server::start(move |stream, stopping| {
            exchange::serve(stream, &upstream, &shared, stopping)
        });
        FaultProxy { server, state }
    }

    /// Stands before nothing: what no rule answers is not found. With [`FaultProxy::serve`] this is a
    /// registry that checks nothing of what it gives out.
    #[must_use]
    pub fn alone() -> Self {
        FaultProxy::start("")
    }

    /// Gives out an image as `repository:tag`, however wrong it is, whatever the registry has.
    pub fn serve(&self, repository: &str, tag: &str, image: &Image) {
        let answer = |document: &Document| Fault::Answer {
            status: 200,
            headers: vec![
                ("Content-Type".to_owned(), document.media_type.clone()),
                ("Docker-Content-Digest".to_owned(), document.digest.clone()),
            ],
            body: document.bytes.clone(),
        };
        let add = |kind: &str, name: &str, document: &Document| {
            self.add(Rule::new(
                &format!("/v2/{repository}/{kind}/{name}"),
                answer(document),
            ));
        };
        for blob in &image.blobs {
            add("blobs", &blob.digest, blob);
        }
        for manifest in image.children.iter().chain([&image.top]) {
            add("manifests", &manifest.digest, manifest);
        }
        add("manifests", tag, &image.top);
    }

    /// `127.0.0.1:PORT`
    #[must_use]
    pub fn host(&self) -> String {
        self.server.address().to_string()
    }

    /// Adds a rule. The first that fits a request is applied, in the order of addition.
    pub fn add(&self, rule: Rule) {
        lock(&self.state.rules).push(rule);
    }

    /// From now on all is well.
    pub fn heal(&self) {
        lock(&self.state.rules).clear();
    }

    /// All requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.state.requests).clone()
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        lock(&self.state.requests).clear();
    }

    /// How many requests of `method` had `part` in their target.
    #[must_use]
    pub fn count(&self, method: &str, part: &str) -> usize {
        self.requests()
            .iter()
            .filter(|request| request.method == method && request.target.contains(part))
            .count()
    }

    /// How many bytes of bodies went to the client for requests with `part` in their target.
    #[must_use]
    pub fn received(&self, part: &str) -> u64 {
        self.requests()
            .iter()
            .filter(|request| request.target.contains(part))
            .map(|request| request.received)
            .sum()
    }

    /// How many bytes of bodies came from the client for requests with `part` in their target.
    #[must_use]
    pub fn sent(&self, part: &str) -> u64 {
        self.requests()
            .iter()
            .filter(|request| request.target.contains(part))
            .map(|request| request.sent)
            .sum()
    }
}

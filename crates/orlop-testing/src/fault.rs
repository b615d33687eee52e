//! A proxy in front of a registry that can have every bad day a registry has, and that keeps count
//! of what it was asked.
//!
//! One connection carries one request: heads are read and may be changed, bodies are passed on as
//! raw bytes, so that a fault can be put at an exact byte.

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::server::{Head, Server, answer, close};

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
        let server =
            Server::start(move |stream, stopping| serve(stream, &upstream, &shared, stopping));
        FaultProxy { server, state }
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

fn serve(client: TcpStream, upstream: &str, state: &Arc<State>, stopping: &AtomicBool) {
    let _ = client.set_nodelay(true);
    let Ok(read_half) = client.try_clone() else {
        return;
    };
    let mut reader = BufReader::new(read_half);
    let Some(head) = Head::read(&mut reader) else {
        return;
    };
    let number = {
        let mut requests = lock(&state.requests);
        let (method, target, headers) = (
            head.method.clone(),
            head.target.clone(),
            head.headers.clone(),
        );
        requests.push(Request {
            method,
            target,
            headers,
            received: 0,
            sent: 0,
        });
        requests.len() - 1
    };
    let fault = lock(&state.rules)
        .iter_mut()
        .find_map(|rule| rule.fits(&head).then(|| rule.fault.clone()));
    let exchange = Exchange {
        client,
        reader,
        head,
        number,
        state: Arc::clone(state),
        stopping,
    };
    match fault {
        Some(Fault::Answer {
            status,
            headers,
            body,
        }) => exchange.answer(status, &headers, &body),
        Some(Fault::Redirect { to }) => {
            let location = (
                "Location".to_owned(),
                format!("{to}{}", exchange.head.target),
            );
            exchange.answer(307, &[location], &[]);
        }
        Some(Fault::Endless) => exchange.endless(),
        fault => exchange.forward(upstream, fault.as_ref()),
    }
}

/// One request and its answer.
struct Exchange<'a> {
    client: TcpStream,
    reader: BufReader<TcpStream>,
    head: Head,
    number: usize,
    state: Arc<State>,
    stopping: &'a AtomicBool,
}

impl Exchange<'_> {
    fn answer(mut self, status: u16, headers: &[(String, String)], body: &[u8]) {
        let head_only = self.head.method == "HEAD";
        answer(&mut self.client, status, headers, body, head_only);
    }

    fn endless(mut self) {
        let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/octet-stream\r\n\r\n";
        let mut sent = self.client.write_all(head.as_bytes());
        let block = [0x2a; 64 * 1024];
        while sent.is_ok() && !self.stopping.load(Ordering::SeqCst) {
            sent = self.client.write_all(&block);
            self.count_received(block.len());
        }
    }

    fn count_received(&self, bytes: usize) {
        if let Some(request) = lock(&self.state.requests).get_mut(self.number) {
            request.received += bytes as u64;
        }
    }

    fn forward(mut self, upstream: &str, fault: Option<&Fault>) {
        let asked_range = self.head.header("range").map(str::to_owned);
        if matches!(fault, Some(Fault::IgnoreRange | Fault::WrongRange)) {
            self.head.remove("range");
        }
        let Ok(mut server) = TcpStream::connect(upstream) else {
            return;
        };
        let _ = server.set_nodelay(true);
        if server.write_all(&self.request_head()).is_err() {
            return;
        }
        let upload = self.send_body(&server, fault);
        let mut answer = BufReader::new(server);
        let answered = match read_raw_head(&mut answer) {
            Some(head) => {
                let head = change_head(&head, fault, asked_range.as_deref());
                self.client.write_all(&head).is_ok() && self.pass_body(&mut answer, fault)
            }
            None => false,
        };
        if answered {
            close(&mut self.client);
        }
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = answer.get_ref().shutdown(Shutdown::Both);
        let _ = upload.join();
    }

    fn request_head(&self) -> Vec<u8> {
        let mut text = format!(
            "{} {} HTTP/1.1\r\nConnection: close\r\n",
            self.head.method, self.head.target
        );
        for (name, value) in &self.head.headers {
            if !name.eq_ignore_ascii_case("connection") {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        text.push_str("\r\n");
        text.into_bytes()
    }

    /// Passes the request's body on, on a thread: the answer may come before its end.
    fn send_body(
        &mut self,
        server: &TcpStream,
        fault: Option<&Fault>,
    ) -> std::thread::JoinHandle<()> {
        let limit = match fault {
            Some(Fault::CutUpload { after }) => *after,
            _ => u64::MAX,
        };
        let mut early = self.reader.buffer().to_vec();
        let (from, to) = (self.client.try_clone(), server.try_clone());
        let (state, number) = (Arc::clone(&self.state), self.number);
        std::thread::spawn(move || {
            let (Ok(mut from), Ok(mut to)) = (from, to) else {
                return;
            };
            let mut buffer = vec![0; 64 * 1024];
            let mut left = limit;
            loop {
                let piece = if early.is_empty() {
                    match from.read(&mut buffer) {
                        Ok(count) if count > 0 => buffer[..count].to_vec(),
                        _ => break,
                    }
                } else {
                    std::mem::take(&mut early)
                };
                let count = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
                if to.write_all(&piece[..count]).is_err() {
                    break;
                }
                if let Some(request) = lock(&state.requests).get_mut(number) {
                    request.sent += count as u64;
                }
                left -= count as u64;
                if left == 0 {
                    let _ = from.shutdown(Shutdown::Both);
                    let _ = to.shutdown(Shutdown::Both);
                    break;
                }
            }
        })
    }

    /// Passes the answer's body on; false when the client is gone or shall be cut off.
    fn pass_body(&mut self, answer: &mut BufReader<TcpStream>, fault: Option<&Fault>) -> bool {
        let mut buffer = vec![0; 16 * 1024];
        let mut done: u64 = 0;
        loop {
            let limit = match fault {
                Some(Fault::Stall { after } | Fault::Cut { after }) => after.saturating_sub(done),
                Some(Fault::Slow { rate }) => (rate / 20).max(1),
                _ => u64::MAX,
            };
            if limit == 0 {
                if matches!(fault, Some(Fault::Stall { .. })) {
                    self.stall();
                }
                return false;
            }
            let room = usize::try_from(limit)
                .unwrap_or(usize::MAX)
                .min(buffer.len());
            let count = match answer.read(&mut buffer[..room]) {
                Ok(0) => return true,
                Ok(count) => count,
                Err(_) => return false,
            };
            let piece = &mut buffer[..count];
            if let Some(Fault::WrongByte { at }) = fault
                && (done..done + count as u64).contains(at)
            {
                let place = usize::try_from(at - done).expect("within a small buffer");
                piece[place] ^= 0xff;
            }
            if self.client.write_all(piece).is_err() {
                return false;
            }
            done += count as u64;
            self.count_received(count);
            if let Some(Fault::Slow { rate }) = fault {
                std::thread::sleep(Duration::from_secs_f64(count as f64 / *rate as f64));
            }
        }
    }

    /// Says nothing until the client gives up or the proxy ends.
    fn stall(&mut self) {
        let _ = self
            .client
            .set_read_timeout(Some(Duration::from_millis(50)));
        let mut byte = [0; 1];
        while !self.stopping.load(Ordering::SeqCst) {
            match self.client.peek(&mut byte) {
                Ok(0) => return,
                Ok(_) => std::thread::sleep(Duration::from_millis(50)),
                Err(error)
                    if matches!(
                        error.kind(),
                        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                    ) => {}
                Err(_) => return,
            }
        }
    }
}

/// The answer's head up to and with its empty line. Interim answers (100) are passed over.
fn read_raw_head(answer: &mut BufReader<TcpStream>) -> Option<String> {
    use std::io::BufRead;
    loop {
        let mut head = String::new();
        loop {
            let before = head.len();
            if answer.read_line(&mut head).ok()? == 0 {
                return None;
            }
            if head[before..].trim_end().is_empty() {
                break;
            }
        }
        if !head.starts_with("HTTP/1.1 1") {
            return Some(head);
        }
    }
}

fn change_head(head: &str, fault: Option<&Fault>, asked_range: Option<&str>) -> Vec<u8> {
    match (fault, asked_range) {
        (Some(Fault::WrongRange), Some(range)) => wrong_range_head(head, range).into_bytes(),
        (Some(Fault::Header { name, value }), _) => {
            let mut lines: Vec<String> = head.trim_end().lines().map(str::to_owned).collect();
            let prefix = format!("{}:", name.to_lowercase());
            lines.retain(|line| !line.to_lowercase().starts_with(&prefix));
            if let Some(value) = value {
                lines.push(format!("{name}: {value}"));
            }
            (lines.join("\r\n") + "\r\n\r\n").into_bytes()
        }
        _ => head.as_bytes().to_vec(),
    }
}

/// Turns the head of a whole answer into one that claims to be the range asked for. Its length
/// fits the claim: what comes are that many of the blob's first bytes.
fn wrong_range_head(head: &str, range: &str) -> String {
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let total = head
        .lines()
        .find_map(|line| {
            line.to_lowercase()
                .strip_prefix("content-length:")
                .and_then(number)
        })
        .unwrap_or_default();
    let (first, last) = range
        .trim_start_matches("bytes=")
        .split_once('-')
        .unwrap_or(("0", ""));
    let first = number(first).unwrap_or(0);
    let last = number(last).unwrap_or(total.saturating_sub(1));
    let mut lines = vec!["HTTP/1.1 206 Partial Content".to_owned()];
    let kept = head
        .trim_end()
        .lines()
        .skip(1)
        .filter(|line| !line.to_lowercase().starts_with("content-length:"));
    lines.extend(kept.map(str::to_owned));
    lines.push(format!("Content-Range: bytes {first}-{last}/{total}"));
    lines.push(format!(
        "Content-Length: {}",
        (last + 1).saturating_sub(first)
    ));
    lines.join("\r\n") + "\r\n\r\n"
}

//! An endpoint of webhooks: keeps what it is sent, and answers as it is told to.

use std::collections::VecDeque;
use std::io::BufReader;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::server::{Head, Server, answer};

/// How long is waited for what must come.
const LIMIT: Duration = Duration::from_secs(30);

/// An endpoint of webhooks on the loopback.
#[derive(Debug)]
pub struct Receiver {
    server: Server,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    inner: Mutex<Inner>,
    came: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    deliveries: Vec<Delivery>,
    answers: VecDeque<u16>,
}

/// What it was sent.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The method, the path and the query.
    pub line: String,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How it was answered.
    pub status: u16,
}

impl Delivery {
    /// A header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let same = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
        self.headers
            .iter()
            .find(same)
            .map(|(_, value)| value.as_str())
    }

    /// The body, read as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }
}

impl Receiver {
    /// Starts one that takes everything.
    #[must_use]
    pub fn start() -> Self {
        let state = Arc::new(State::default());
        let kept = Arc::clone(&state);
        let server = Server::start(move |stream, _| receive(stream, &kept));
        Receiver { server, state }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address())
    }

    /// Answers what comes next with these statuses, one after the other, and 200 after them.
    pub fn answer_next(&self, statuses: &[u16]) {
        self.lock().answers.extend(statuses);
    }

    /// What came so far.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.lock().deliveries.clone()
    }

    /// Waits until something was sent so many times, and returns all of it.
    ///
    /// # Panics
    /// When it doesn't come.
    #[must_use]
    pub fn wait_for(&self, count: usize) -> Vec<Delivery> {
        let (inner, waited) = self
            .state
            .came
            .wait_timeout_while(self.lock(), LIMIT, |inner| inner.deliveries.len() < count)
            .unwrap_or_else(PoisonError::into_inner);
        let came = inner.deliveries.clone();
        assert!(!waited.timed_out(), "{count} expected: {came:?}");
        came
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.state
            .inner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn receive(mut stream: TcpStream, state: &State) {
    let Ok(reading) = stream.try_clone() else {
        return;
    };
    let mut reader = BufReader::new(reading);
    let Some(head) = Head::read(&mut reader) else {
        return;
    };
    let body = head.body(&mut reader);
    let status = {
        let mut inner = state.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let status = inner.answers.pop_front().unwrap_or(200);
        inner.deliveries.push(Delivery {
            line: format!("{} {}", head.method, head.target),
            headers: head.headers,
            body,
            status,
        });
        status
    };
    state.came.notify_all();
    answer(&mut stream, status, &[], b"", false);
}

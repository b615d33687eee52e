//! A server of files, as mirrors are: it tells one state of a file from another, and sends parts.

use std::collections::BTreeMap;
use std::io::BufReader;
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};

use crate::layer::digest_of;
use crate::server::{Head, Server, answer};

/// What there is: bytes by their paths.
type Files = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// A server of files on the loopback. Dropping it ends it.
#[derive(Debug)]
pub struct FileServer {
    server: Server,
    files: Files,
}

impl FileServer {
    /// Starts one without a file.
    #[must_use]
    pub fn start() -> Self {
        let files = Files::default();
        let shared = Arc::clone(&files);
        let server = Server::start(move |mut stream, _| serve(&mut stream, &shared));
        FileServer { server, files }
    }

    /// `127.0.0.1:PORT`
    #[must_use]
    pub fn host(&self) -> String {
        self.server.address().to_string()
    }

    /// Has these bytes at a path (`/a/b`) from now on.
    pub fn put(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(path.to_owned(), bytes.into());
    }

    /// Has nothing there from now on.
    pub fn remove(&self, path: &str) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.remove(path);
    }
}

fn serve(stream: &mut TcpStream, files: &Files) {
    let Ok(read) = stream.try_clone() else { return };
    let Some(head) = Head::read(&mut BufReader::new(read)) else {
        return;
    };
    let found = {
        let files = files.lock().unwrap_or_else(PoisonError::into_inner);
        files.get(&head.target).cloned()
    };
    let Some(bytes) = found else {
        return answer(stream, 404, &[], b"no such file", false);
    };
    let etag = format!("\"{}\"", digest_of(&bytes));
    let headers = vec![("ETag".to_owned(), etag.clone())];
    if head.header("if-none-match") == Some(&etag) {
        return answer(stream, 304, &headers, b"", true);
    }
    let start = head.header("range").and_then(|range| {
        let range = range.strip_prefix("bytes=")?.strip_suffix('-')?;
        range.parse::<usize>().ok()
    });
    let same = head.header("if-range").is_none_or(|it| it == etag);
    match start.filter(|start| same && *start < bytes.len()) {
        Some(start) => {
            let range = format!("bytes {start}-{}/{}", bytes.len() - 1, bytes.len());
            let mut headers = headers;
            headers.push(("Content-Range".to_owned(), range));
            answer(stream, 206, &headers, &bytes[start..], false);
        }
        None => answer(stream, 200, &headers, &bytes, false),
    }
}

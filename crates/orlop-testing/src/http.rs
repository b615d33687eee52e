//! The least of an HTTP client: one request on one connection, for filling a registry and for
//! looking at it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A request's method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// HEAD
    Head,
    /// POST
    Post,
    /// PUT
    Put,
    /// DELETE
    Delete,
}

impl Method {
    fn text(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        }
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// The first header of that name (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

impl std::fmt::Display for HttpResponse {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "{} {}",
            self.status,
            String::from_utf8_lossy(&self.body)
        )
    }
}

/// Sends a request to `host` (`ADDRESS:PORT`) over plain HTTP and reads the whole answer.
///
/// # Panics
/// When the connection fails or the answer isn't HTTP.
#[must_use]
pub fn http(
    method: Method,
    host: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
) -> HttpResponse {
    let mut stream =
        TcpStream::connect(host).unwrap_or_else(|error| panic!("connect to {host}: {error}"));
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .expect("a timeout can be set");
    let mut head = format!(
        "{} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n",
        method.text()
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if body.is_some() || matches!(method, Method::Post | Method::Put) {
        head.push_str(&format!(
            "Content-Length: {}\r\n",
            body.map_or(0, <[u8]>::len)
        ));
    }
    head.push_str("\r\n");
    stream
        .write_all(head.as_bytes())
        .expect("the request is sent");
    // An answer may come before the whole body is taken, and then the connection closes: the answer
    // counts, not the failed write.
    let _ = stream.write_all(body.unwrap_or_default());
    let mut reader = BufReader::new(stream);
    let (status, headers) = read_head(&mut reader);
    let mut answer = HttpResponse {
        status,
        headers,
        body: Vec::new(),
    };
    if method != Method::Head {
        read_body(&mut reader, &mut answer);
    }
    answer
}

fn read_head(reader: &mut impl BufRead) -> (u16, Vec<(String, String)>) {
    let first = read_line(reader);
    let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.unwrap_or_else(|| panic!("not an HTTP answer: {first:?}"));
    let mut headers = Vec::new();
    loop {
        let line = read_line(reader);
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    (status, headers)
}

fn read_body(reader: &mut impl BufRead, answer: &mut HttpResponse) {
    if answer
        .header("transfer-encoding")
        .is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
    {
        loop {
            let size = usize::from_str_radix(&read_line(reader), 16)
                .expect("a chunk begins with its size");
            let mut chunk = vec![0; size];
            reader.read_exact(&mut chunk).expect("a chunk is whole");
            read_line(reader);
            answer.body.append(&mut chunk);
            if size == 0 {
                break;
            }
        }
    } else if let Some(length) = answer
        .header("content-length")
        .and_then(|value| value.parse().ok())
    {
        answer.body = vec![0; length];
        reader
            .read_exact(&mut answer.body)
            .expect("the body is whole");
    } else {
        reader
            .read_to_end(&mut answer.body)
            .expect("the body is read");
    }
}

fn read_line(reader: &mut impl BufRead) -> String {
    let mut line = String::new();
    reader.read_line(&mut line).expect("a line is read");
    line.trim_end().to_owned()
}

//! The least of an HTTP client: one request on one connection, for filling a registry and for
//! looking at it.

use std::io::{self, BufRead, BufReader, Write};
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
    /// PATCH
    Patch,
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
            Method::Patch => "PATCH",
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
    let answer = try_http(method, host, path, headers, body);
    answer.unwrap_or_else(|error| panic!("{} {host}{path}: {error}", method.text()))
}

/// The same, of a server that may be gone before it has answered.
///
/// # Errors
/// When the connection fails, or ends before the answer does.
pub fn try_http(
    method: Method,
    host: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
) -> io::Result<HttpResponse> {
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut head = format!(
        "{} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n",
        method.text()
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if body.is_some() || matches!(method, Method::Post | Method::Put | Method::Patch) {
        head.push_str(&format!(
            "Content-Length: {}\r\n",
            body.map_or(0, <[u8]>::len)
        ));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    // An answer may come before the whole body is taken, and then the connection closes: the answer
    // counts, not the failed write.
    let _ = stream.write_all(body.unwrap_or_default());
    let mut reader = BufReader::new(stream);
    let (status, headers) = read_head(&mut reader)?;
    let mut answer = HttpResponse {
        status,
        headers,
        body: Vec::new(),
    };
    if method != Method::Head {
        read_body(&mut reader, &mut answer)?;
    }
    Ok(answer)
}

type Headers = Vec<(String, String)>;

fn read_head(reader: &mut impl BufRead) -> io::Result<(u16, Headers)> {
    let first = read_line(reader)?;
    let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| io::Error::other(format!("no HTTP answer: {first:?}")))?;
    let mut headers = Vec::new();
    loop {
        let line = read_line(reader)?;
        let Some((name, value)) = line.split_once(':') else {
            return Ok((status, headers));
        };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
}

fn read_body(reader: &mut impl BufRead, answer: &mut HttpResponse) -> io::Result<()> {
    if answer
        .header("transfer-encoding")
        .is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
    {
        loop {
            let size = read_line(reader)?;
            let size = usize::from_str_radix(&size, 16)
                .map_err(|_| io::Error::other(format!("no size of a chunk: {size:?}")))?;
            let mut chunk = vec![0; size];
            reader.read_exact(&mut chunk)?;
            read_line(reader)?;
            answer.body.append(&mut chunk);
            if size == 0 {
                return Ok(());
            }
        }
    } else if let Some(length) = answer
        .header("content-length")
        .and_then(|value| value.parse().ok())
    {
        answer.body = vec![0; length];
        reader.read_exact(&mut answer.body)
    } else {
        reader.read_to_end(&mut answer.body).map(drop)
    }
}

/// A line with its end: one without is of a connection that broke off.
fn read_line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    if !line.ends_with('\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}

//! A client that costs little: one connection, requests one after the other, bodies thrown away.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use rustix::net::{RecvFlags, recv};

use crate::Outcome;

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// The lines of the head, names in small letters.
    head: Vec<(String, String)>,
    /// Length of the body.
    pub(crate) length: u64,
}

impl Answer {
    /// A header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.head.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Fails unless it has this status.
    pub(crate) fn expect(self, status: u16) -> Outcome<Self> {
        if self.status == status {
            Ok(self)
        } else {
            Err(format!("status {} in place of {status}", self.status))
        }
    }
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
}

impl Connection {
    pub(crate) fn open(host: &str) -> Outcome<Self> {
        let stream = TcpStream::connect(host).map_err(|error| format!("{host}: {error}"))?;
        stream.set_nodelay(true).map_err(|e| e.to_string())?;
        Ok(Self {
            stream: BufReader::with_capacity(16 << 10, stream),
            host: host.to_owned(),
        })
    }

    /// Sends a request and throws the answer's body away.
    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> Outcome<Answer> {
        let answer = self.ask(method, path, headers, body)?;
        if method != "HEAD" {
            self.discard(answer.length)?;
        }
        Ok(answer)
    }

    /// Sends a request and returns the answer's body.
    pub(crate) fn read(&mut self, method: &str, path: &str) -> Outcome<(Answer, Vec<u8>)> {
        let answer = self.ask(method, path, "", &[])?;
        let mut body = vec![0; usize::try_from(answer.length).map_err(|e| e.to_string())?];
        self.stream
            .read_exact(&mut body)
            .map_err(|error| error.to_string())?;
        Ok((answer, body))
    }

    fn ask(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) -> Outcome<Answer> {
        self.head(method, path, headers, body.len() as u64)?;
        let sent = self.stream.get_mut().write_all(body);
        sent.map_err(|error| format!("{method} {path}: {error}"))?;
        self.answer()
            .map_err(|error| format!("{method} {path}: {error}"))
    }

    /// Sends the head of a request whose body of `length` bytes follows by [`Self::body`].
    pub(crate) fn head(&mut self, method: &str, path: &str, headers: &str, length: u64) -> Outcome {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {length}\r\n{headers}\r\n",
            self.host
        );
        let sent = self.stream.get_mut().write_all(head.as_bytes());
        sent.map_err(|error| error.to_string())
    }

    /// Sends a part of a body.
    pub(crate) fn body(&mut self, bytes: &[u8]) -> Outcome {
        let sent = self.stream.get_mut().write_all(bytes);
        sent.map_err(|error| error.to_string())
    }

    /// Reads the head of an answer.
    pub(crate) fn answer(&mut self) -> Outcome<Answer> {
        let mut line = String::new();
        self.line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| format!("no status line: {line:?}"))?;
        let mut head = Vec::new();
        loop {
            self.line(&mut line)?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            head.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut answer = Answer {
            status,
            head,
            length: 0,
        };
        let length = answer.header("content-length");
        if length.is_none() && answer.header("transfer-encoding").is_some() {
            return Err("a body without a length".to_owned());
        }
        answer.length = length.map_or(Ok(0), |text| {
            text.parse().map_err(|_| format!("a length of {text:?}"))
        })?;
        Ok(answer)
    }

    fn line(&mut self, line: &mut String) -> Outcome {
        line.clear();
        let read = self.stream.read_line(line);
        if read.map_err(|error| error.to_string())? == 0 {
            return Err("the connection was closed".to_owned());
        }
        line.truncate(line.trim_end().len());
        Ok(())
    }

    /// Has the kernel drop the bytes of a body.
    fn discard(&mut self, mut left: u64) -> Outcome {
        let buffered = self.stream.buffer().len();
        let take = usize::try_from(left).map_or(buffered, |left| left.min(buffered));
        self.stream.consume(take);
        left -= take as u64;
        let mut room = vec![0_u8; 1 << 20];
        while left > 0 {
            let wanted = usize::try_from(left).map_or(room.len(), |left| left.min(room.len()));
            let (_, count) = recv(self.stream.get_ref(), &mut room[..wanted], RecvFlags::TRUNC)
                .map_err(|error| error.to_string())?;
            if count == 0 {
                return Err("the body broke off".to_owned());
            }
            left -= count as u64;
        }
        Ok(())
    }
}

/// Runs `clients` at once, each with a connection of its own, until one fails or all are done.
pub(crate) fn together(
    host: &str,
    clients: usize,
    work: impl Fn(usize, &mut Connection) -> Outcome + Sync,
) -> Outcome {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..clients)
            .map(|number| {
                let work = &work;
                scope.spawn(move || work(number, &mut Connection::open(host)?))
            })
            .collect();
        threads.into_iter().try_for_each(|thread| {
            thread
                .join()
                .unwrap_or_else(|_| Err("a client panicked".to_owned()))
        })
    })
}

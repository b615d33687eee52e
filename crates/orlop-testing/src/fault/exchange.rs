//! One request and its answer, passed on or spoiled.

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{Fault, Request, State, lock};
use crate::server::{Head, answer, close};

/// Takes one request and answers it, as the first fitting rule says or as the registry does.
pub(super) fn serve(client: TcpStream, upstream: &str, state: &Arc<State>, stopping: &AtomicBool) {
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
        None if upstream.is_empty() => exchange.answer_alone(),
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

    /// What an empty registry says.
    fn answer_alone(self) {
        match self.head.target.as_str() {
            "/v2/" => self.answer(200, &[], b"{}"),
            _ => self.answer(
                404,
                &[],
                br#"{"errors":[{"code":"NAME_UNKNOWN","message":"repository name not known"}]}"#,
            ),
        }
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
                if let Some(request) = lock(&state.requests).get_mut(number) {
                    request.sent += count as u64;
                }
                if to.write_all(&piece[..count]).is_err() {
                    break;
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
            // Before they are sent: whoever has got them may ask at once how many there were.
            self.count_received(count);
            if self.client.write_all(&buffer[..count]).is_err() {
                return false;
            }
            done += count as u64;
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

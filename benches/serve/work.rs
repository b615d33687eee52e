//! What every registry has to do.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use super::client::{Connection, together};
use super::content::{Blob, digest, fill, name};
use super::registry::Server;
use crate::Outcome;

/// The type of image manifests.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const MEGABYTE: usize = 1_000_000;
/// Connections that ask for manifests.
const READERS: usize = 16;
/// How long they ask.
const READING: Duration = Duration::from_secs(4);

/// One measurement.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) value: f64,
}

impl Figure {
    pub(crate) fn new(name: &str, unit: &'static str, value: f64) -> Self {
        Self {
            name: name.to_owned(),
            unit,
            value,
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:.1} {}", self.name, self.value, self.unit)
    }
}

/// A blob of 100 MB by 1, 8 and 64 clients.
pub(crate) fn pull(server: &Server) -> Outcome<Vec<Figure>> {
    let blob = Blob::new(100 * MEGABYTE, 1);
    push_blob(&mut Connection::open(&server.host)?, "bench/pull", &blob)?;
    let path = format!("/v2/bench/pull/blobs/{}", blob.digest);
    let get = |connection: &mut Connection| {
        let answer = connection.send("GET", &path, "", &[])?.expect(200)?;
        if answer.length == blob.bytes.len() as u64 {
            Ok(())
        } else {
            Err(format!("{} bytes came", answer.length))
        }
    };
    get(&mut Connection::open(&server.host)?)?;
    let mut figures = Vec::new();
    for (clients, each) in [(1, 30), (8, 6), (64, 1)] {
        let start = Instant::now();
        together(&server.host, clients, |_, connection| {
            (0..each).try_for_each(|_| get(connection))
        })?;
        let bytes = (clients * each * blob.bytes.len()) as f64;
        let name = format!("pull of 100 MB by {clients}");
        let rate = bytes / 1e6 / start.elapsed().as_secs_f64();
        figures.push(Figure::new(&name, "MB/s", rate));
    }
    Ok(figures)
}

/// Manifests by tag.
pub(crate) fn manifests(server: &Server) -> Outcome<Figure> {
    let mut connection = Connection::open(&server.host)?;
    let config = Blob {
        bytes: b"{}".to_vec(),
        digest: digest(b"{}"),
    };
    push_blob(&mut connection, "bench/manifests", &config)?;
    let manifest = format!(
        "{{\"schemaVersion\":2,\"mediaType\":\"{MANIFEST}\",\"config\":{{\"mediaType\":\
         \"application/vnd.oci.image.config.v1+json\",\"digest\":\"{}\",\"size\":2}},\"layers\":[]}}",
        config.digest
    );
    let path = "/v2/bench/manifests/manifests/v1";
    let head = format!("Content-Type: {MANIFEST}\r\n");
    connection
        .send("PUT", path, &head, manifest.as_bytes())?
        .expect(201)?;
    let count = AtomicUsize::new(0);
    let accept = format!("Accept: {MANIFEST}\r\n");
    let start = Instant::now();
    together(&server.host, READERS, |_, connection| {
        while start.elapsed() < READING {
            connection.send("GET", path, &accept, &[])?.expect(200)?;
            count.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    })?;
    let rate = count.into_inner() as f64 / start.elapsed().as_secs_f64();
    let name = format!("manifests by tag over {READERS} connections");
    Ok(Figure::new(&name, "a second", rate))
}

/// Blobs of 1, 10 and 100 MB by four clients.
pub(crate) fn push(server: &Server) -> Outcome<Vec<Figure>> {
    let mut figures = Vec::new();
    for (size, count, clients) in [(1, 200, 4), (10, 40, 4), (100, 8, 2)] {
        let blobs: Vec<Blob> = (0..count)
            .map(|number| Blob::new(size * MEGABYTE, (size * 1000 + number) as u64))
            .collect();
        let next = AtomicUsize::new(0);
        let start = Instant::now();
        together(&server.host, clients, |_, connection| {
            while let Some(blob) = blobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                push_blob(connection, "bench/push", blob)?;
            }
            Ok(())
        })?;
        let seconds = start.elapsed().as_secs_f64();
        let name = format!("push of {count} blobs of {size} MB by {clients}");
        let rate = (count * size * MEGABYTE) as f64 / 1e6 / seconds;
        figures.push(Figure::new(&name, "MB/s", rate));
    }
    Ok(figures)
}

/// One blob that no memory holds.
pub(crate) fn giant(server: &Server, gigabytes: u64) -> Outcome<Vec<Figure>> {
    let mut noise = vec![0; MEGABYTE];
    fill(&mut noise, 7);
    let parts = gigabytes * 1000;
    let mut hash = Sha256::new();
    (0..parts).for_each(|_| hash.update(&noise));
    let digest = name(&hash.finalize());
    let mut connection = Connection::open(&server.host)?;
    let start = Instant::now();
    let location = begin(&mut connection, "bench/giant")?;
    let path = with_digest(&location, &digest);
    connection.head("PUT", &path, "", parts * MEGABYTE as u64)?;
    (0..parts).try_for_each(|_| connection.body(&noise))?;
    connection.answer()?.expect(201)?;
    let pushed = (parts as f64) / start.elapsed().as_secs_f64();
    let start = Instant::now();
    let path = format!("/v2/bench/giant/blobs/{digest}");
    connection.send("GET", &path, "", &[])?.expect(200)?;
    let pulled = (parts as f64) / start.elapsed().as_secs_f64();
    Ok(vec![
        Figure::new(&format!("push of a blob of {gigabytes} GB"), "MB/s", pushed),
        Figure::new(&format!("pull of a blob of {gigabytes} GB"), "MB/s", pulled),
    ])
}

fn push_blob(connection: &mut Connection, repository: &str, blob: &Blob) -> Outcome {
    let location = begin(connection, repository)?;
    let path = with_digest(&location, &blob.digest);
    let head = "Content-Type: application/octet-stream\r\n";
    let answer = connection.send("PUT", &path, head, &blob.bytes)?;
    answer.expect(201).map(drop)
}

/// Begins an upload; returns its path.
fn begin(connection: &mut Connection, repository: &str) -> Outcome<String> {
    let path = format!("/v2/{repository}/blobs/uploads/");
    let answer = connection.send("POST", &path, "", &[])?.expect(202)?;
    let location = answer.header("location").ok_or("an upload without place")?;
    let path = match location.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => location,
    };
    Ok(path.to_owned())
}

fn with_digest(location: &str, digest: &str) -> String {
    let sign = if location.contains('?') { '&' } else { '?' };
    format!("{location}{sign}digest={digest}")
}

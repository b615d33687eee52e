//! 10,000 repositories of 100 tags, listed by pages.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::client::{Connection, together};
use super::registry::{Kind, Server};
use super::work::Figure;
use crate::{Outcome, report::note};

const REPOSITORIES: usize = 10_000;
const TAGS: usize = 100;
/// Repositories in a page of the catalog.
const PAGE: usize = 100;
/// Repositories whose tags are listed, twenty in a page.
const LISTED: usize = 500;

/// Fills a registry and lists it.
pub(crate) fn lists(kind: &Kind, folder: &Path) -> Outcome<Vec<Figure>> {
    note("  filling it with a million tags");
    let server = Server::start(kind, folder)?;
    match kind {
        Kind::Orlop => {
            fill_by_protocol(&server)?;
            server.stop();
        }
        Kind::Debian | Kind::V3(_) => {
            server.stop();
            fill_folders(&folder.join("data"))?;
        }
    }
    // What it takes to be filled isn't what it takes to list.
    let server = Server::start_on(kind, folder)?;
    let mut connection = Connection::open(&server.host)?;
    let start = Instant::now();
    let names = follow(
        &mut connection,
        &format!("/v2/_catalog?n={PAGE}"),
        "repositories",
    )?;
    let catalog = start.elapsed();
    if names != REPOSITORIES {
        return Err(format!("the catalog has {names} repositories"));
    }
    let start = Instant::now();
    for number in 0..LISTED {
        let path = format!("/v2/{}/tags/list?n=20", repository(number * 20));
        let tags = follow(&mut connection, &path, "tags")?;
        if tags != TAGS {
            return Err(format!("{path}: {tags} tags"));
        }
    }
    let tags = start.elapsed();
    let figures = vec![
        Figure::new(
            &format!("the catalog of {REPOSITORIES} repositories by {PAGE}"),
            "ms",
            catalog.as_secs_f64() * 1e3,
        ),
        Figure::new(
            &format!("the tags of {LISTED} repositories by 20"),
            "ms",
            tags.as_secs_f64() * 1e3,
        ),
        server.memory("memory, lists")?,
    ];
    server.stop();
    Ok(figures)
}

fn repository(number: usize) -> String {
    format!("team{}/app{number}", number % 100)
}

/// An index without children, with all tags at once.
fn fill_by_protocol(server: &Server) -> Outcome {
    let tags: String = (0..TAGS).map(|tag| format!("&tag=v{tag}")).collect();
    let next = AtomicUsize::new(0);
    let index = "application/vnd.oci.image.index.v1+json";
    let body = format!("{{\"schemaVersion\":2,\"mediaType\":\"{index}\",\"manifests\":[]}}");
    let digest = super::content::digest(body.as_bytes());
    together(&server.host, 8, |_, connection| {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= REPOSITORIES {
                return Ok(());
            }
            let path = format!(
                "/v2/{}/manifests/{digest}?{}",
                repository(number),
                &tags[1..]
            );
            let head = format!("Content-Type: {index}\r\n");
            connection
                .send("PUT", &path, &head, body.as_bytes())?
                .expect(201)?;
        }
    })
}

/// The folders that distribution looks at when it lists: a million pushes would take it an hour.
fn fill_folders(data: &Path) -> Outcome {
    let root = data.join("docker/registry/v2/repositories");
    let wrong = |error: std::io::Error| error.to_string();
    for number in 0..REPOSITORIES {
        let repository = root.join(repository(number));
        fs::create_dir_all(repository.join("_layers")).map_err(wrong)?;
        let tags = repository.join("_manifests/tags");
        fs::create_dir_all(&tags).map_err(wrong)?;
        for tag in 0..TAGS {
            fs::create_dir(tags.join(format!("v{tag}"))).map_err(wrong)?;
        }
    }
    Ok(())
}

/// Goes from page to page; returns how many entries there were.
fn follow(connection: &mut Connection, first: &str, key: &str) -> Outcome<usize> {
    let mut path = first.to_owned();
    let mut count = 0;
    loop {
        let (answer, body) = connection.read("GET", &path)?;
        let answer = answer.expect(200)?;
        let page: serde_json::Value =
            serde_json::from_slice(&body).map_err(|error| error.to_string())?;
        count += page[key].as_array().map_or(0, Vec::len);
        let Some(link) = answer.header("link") else {
            return Ok(count);
        };
        let next = link
            .split_once('<')
            .and_then(|(_, rest)| rest.split_once('>'));
        let next = next.ok_or_else(|| format!("a link of {link:?}"))?.0;
        path = match next.split_once("://") {
            Some((_, rest)) => rest[rest.find('/').unwrap_or(0)..].to_owned(),
            None => next.to_owned(),
        };
    }
}

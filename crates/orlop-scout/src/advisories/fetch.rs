//! One source: fetched, checked, kept.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use orlop_distribution::{Client, Download, DownloadedFile, Validators};
use orlop_vuln::feeds::{self, EpssScore, Feed, FeedError, Sink};
use orlop_vuln::{Advisory, BaseImage};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt as _;

use super::sources::FeedSource;
use super::update::Meter;
use crate::error::{Error, Result, blocking};

/// The most that is fetched of a source, in bytes. The largest archive of OSV has some 300 MB.
const MAX: u64 = 4 << 30;
/// The most that is read of a state, in bytes.
const MAX_STATE: u64 = 64 << 10;
/// How often a file is begun anew that broke off and can't be taken up again.
const RESTARTS: u32 = 2;

/// What is kept of a source.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct State {
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_modified: Option<String>,
    /// Bytes of the data that this is about.
    size: u64,
    /// When the server last said that this is what it has.
    pub(super) checked: Timestamp,
}

/// The folder of a source.
pub(super) struct Kept(PathBuf);

/// What came of fetching.
pub(super) enum Fetched {
    /// So many bytes are new.
    New(u64),
    Unchanged,
}

impl Kept {
    pub(super) fn of(sources: &Path, name: &str) -> Self {
        Self(sources.join(folder_name(name)))
    }

    pub(super) fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    /// What is known of the data, if there is any.
    pub(super) fn state(&self) -> Option<State> {
        let data = self.data().metadata().ok()?;
        let state = self.read_state().filter(|state| state.size == data.len());
        Some(state.unwrap_or_else(|| {
            // Somebody was killed between the two files.
            let changed = data.modified().ok();
            let changed = changed.and_then(|time| Timestamp::try_from(time).ok());
            State {
                checked: changed.unwrap_or_default(),
                ..State::default()
            }
        }))
    }

    fn read_state(&self) -> Option<State> {
        let mut text = Vec::new();
        let file = File::open(self.0.join("state.json")).ok()?;
        file.take(MAX_STATE).read_to_end(&mut text).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Brings what the server has now. What is kept stays until the new is whole and is a feed.
    pub(super) async fn fetch(
        &self,
        source: &FeedSource,
        client: &Client,
        now: Timestamp,
        meter: &Meter,
    ) -> Result<Fetched> {
        fs::create_dir_all(&self.0).map_err(Error::io(&self.0))?;
        let known = self
            .state()
            .filter(|state| state.url == source.url.as_str());
        let validators = known.as_ref().map(|state| Validators {
            etag: state.etag.clone(),
            last_modified: state.last_modified.clone(),
        });
        let part = Part(self.0.join("part"));
        let mut restarts = RESTARTS;
        let (size, validators) = loop {
            let answer = client.download(&source.url, validators.as_ref(), MAX);
            match answer.await.map_err(orlop_image::Error::from)? {
                Download::Unchanged => return self.unchanged(source, known, now),
                Download::File(file) => {
                    let validators = file.validators.clone();
                    match part.write(*file, meter).await {
                        Err(error) if restarts > 0 && is_broken(&error) => restarts -= 1,
                        written => break (written?, validators),
                    }
                }
            }
        };
        check(&part.0, source).await?;
        let state = State {
            url: source.url.to_string(),
            etag: validators.etag,
            last_modified: validators.last_modified,
            size,
            checked: now,
        };
        fs::rename(&part.0, self.data()).map_err(Error::io(&part.0))?;
        self.write_state(&state)?;
        Ok(Fetched::New(size))
    }

    /// Keeps what was made here.
    pub(super) fn put(&self, bytes: &[u8], now: Timestamp) -> Result<()> {
        fs::create_dir_all(&self.0).map_err(Error::io(&self.0))?;
        let part = Part(self.0.join("part"));
        let written = File::create(&part.0).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&part.0, self.data())
        });
        written.map_err(Error::io(&part.0))?;
        self.write_state(&State {
            size: bytes.len() as u64,
            checked: now,
            ..State::default()
        })
    }

    /// The server has what is kept: only the time is another.
    fn unchanged(
        &self,
        source: &FeedSource,
        known: Option<State>,
        now: Timestamp,
    ) -> Result<Fetched> {
        let Some(mut state) = known else {
            let url = source.url.to_string();
            let why = "the server has nothing new, but there is nothing old".to_owned();
            return Err(Error::NoFeed { url, why });
        };
        state.checked = now;
        self.write_state(&state)?;
        Ok(Fetched::Unchanged)
    }

    fn write_state(&self, state: &State) -> Result<()> {
        let path = self.0.join("state.json");
        let new = self.0.join("state.new");
        // Plain structs with text for keys can always be written.
        let json = serde_json::to_vec(state).expect("a state is written as JSON");
        let written = File::create(&new).and_then(|mut file| {
            file.write_all(&json)?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            File::open(&self.0)?.sync_all()
        });
        written.map_err(Error::io(&path))
    }
}

/// A file on its way, which goes when it doesn't arrive.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        // After a success it isn't there any more.
        let _ = fs::remove_file(&self.0);
    }
}

impl Part {
    /// Writes all of a download; gives its size.
    async fn write(&self, mut download: DownloadedFile, meter: &Meter) -> Result<u64> {
        let file = tokio::fs::File::create(&self.0).await;
        let mut file = file.map_err(Error::io(&self.0))?;
        let mut size = 0;
        while let Some(chunk) = download.chunk().await.map_err(orlop_image::Error::from)? {
            file.write_all(&chunk).await.map_err(Error::io(&self.0))?;
            size += chunk.len() as u64;
            meter.passed(chunk.len() as u64);
        }
        file.sync_all().await.map_err(Error::io(&self.0))?;
        Ok(size)
    }
}

fn is_broken(error: &Error) -> bool {
    matches!(error, Error::Image(orlop_image::Error::Registry(error)) if error.is_temporary())
}

/// Whether a file is a feed: a proxy's page, or half an archive, must not take the place of one.
async fn check(path: &Path, source: &FeedSource) -> Result<()> {
    let (path, url) = (path.to_owned(), source.url.to_string());
    blocking(move || {
        let mut count = Count::default();
        let why = match feeds::read_path(&path, &mut count) {
            Ok(_) if count.taken == 0 && count.faults > 0 => {
                "none of its records can be read".to_owned()
            }
            Ok(_) => return Ok(()),
            Err(FeedError::Unknown { what, .. }) => what,
            Err(error) => return Err(error.into()),
        };
        Err(Error::NoFeed { url, why })
    })
    .await
}

/// Counts what a feed says.
#[derive(Default)]
struct Count {
    taken: u64,
    faults: u64,
}

impl Sink for Count {
    fn advisory(&mut self, _feed: Feed, _advisory: Advisory) {
        self.taken += 1;
    }

    fn covers(&mut self, _feed: Feed, _ecosystem: &str) {
        self.taken += 1;
    }

    fn score(&mut self, _cve: &str, _score: EpssScore) {
        self.taken += 1;
    }

    fn exploited(&mut self, _cve: &str, _added: jiff::civil::Date) {
        self.taken += 1;
    }

    fn base_image(&mut self, _image: BaseImage) {
        self.taken += 1;
    }

    fn dated(&mut self, _feed: Feed, _date: jiff::civil::Date) {}

    fn fault(&mut self, _record: &str, _what: String) {
        self.faults += 1;
    }
}

/// A source's name as that of one folder: what is no letter, digit, `-` or `_`, or a dot inside, is
/// written as in an address.
pub(super) fn folder_name(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => text.push(char::from(byte)),
            b'.' if !text.is_empty() => text.push('.'),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_folder() {
        for (name, folder) in [
            ("osv/crates.io", "osv%2Fcrates.io"),
            ("osv/Red Hat", "osv%2FRed%20Hat"),
            ("..", "%2E."),
            ("../x", "%2E.%2Fx"),
        ] {
            assert_eq!(folder_name(name), folder);
        }
    }
}

//! The image that is pulled: five gzip layers of real files of this machine, about 57,500 files and
//! 1.5 GB, written once as an OCI layout.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::Outcome;
use crate::report::note;

const LAYERS: usize = 5;
const FILES_PER_LAYER: usize = 11_512;
const BYTES_PER_LAYER: u64 = 284_000_000;
/// Files above this are taken only while a layer lags behind its bytes.
const LARGE: u64 = 128 * 1024;
/// Files below this are left while a layer lags behind its bytes.
const SMALL: u64 = 3 * 1024;

/// Makes the layout in `folder` unless it is there.
pub(crate) fn ensure(folder: &Path) -> Outcome {
    if folder.join("index.json").exists() {
        return Ok(());
    }
    note("Making the image: five layers of this machine's own files (once).");
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let blobs = folder.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).map_err(failed)?;
    let mut source = Source::new();
    let mut layers = Vec::new();
    for number in 0..LAYERS {
        let layer = write_layer(&mut source, &blobs, number).map_err(failed)?;
        note(&format!(
            "  layer {}: {} files, {} bytes, {} compressed",
            number + 1,
            layer.files,
            layer.unpacked,
            layer.size
        ));
        layers.push(layer);
    }
    if layers.iter().map(|layer| layer.files).sum::<usize>() < LAYERS * FILES_PER_LAYER * 9 / 10 {
        note("  (this machine has too few files for the full size: compare ratios only)");
    }
    write_manifest(folder, &layers.iter().collect::<Vec<_>>(), "five").map_err(failed)
}

pub(crate) struct WrittenLayer {
    pub(crate) files: usize,
    pub(crate) unpacked: u64,
    pub(crate) size: u64,
    pub(crate) digest: String,
    pub(crate) diff_id: String,
}

fn write_layer(source: &mut Source, blobs: &Path, number: usize) -> std::io::Result<WrittenLayer> {
    let unfinished = blobs.join(format!("layer-{number}"));
    let compressed = Hashing::new(BufWriter::new(File::create(&unfinished)?));
    let inflated = Hashing::new(GzEncoder::new(compressed, flate2::Compression::new(6)));
    let mut tar = tar::Builder::new(inflated);
    tar.follow_symlinks(false);
    let (mut files, mut bytes) = (0, 0);
    while files < FILES_PER_LAYER && bytes < BYTES_PER_LAYER * 11 / 10 {
        // Bytes wanted by now, were they spread evenly over the files.
        let even = BYTES_PER_LAYER * (files as u64 + 1) / FILES_PER_LAYER as u64;
        let Some((path, metadata)) = source.next(|size| {
            if bytes < even {
                size >= SMALL
            } else {
                size <= LARGE
            }
        }) else {
            break;
        };
        let inside =
            Path::new(&format!("layer{number}")).join(path.strip_prefix("/").unwrap_or(&path));
        let Ok(mut content) = File::open(&path) else {
            continue;
        };
        let mut header = tar::Header::new_gnu();
        header.set_metadata(&metadata);
        header.set_size(metadata.len());
        let content = std::io::Read::take(&mut content, metadata.len());
        tar.append_data(&mut header, inside, content)?;
        files += 1;
        bytes += metadata.len();
    }
    let (gzip, unpacked, diff_id) = tar.into_inner()?.finish();
    let (mut file, size, digest) = gzip.finish()?.finish();
    file.flush()?;
    std::fs::rename(&unfinished, blobs.join(&digest))?;
    Ok(WrittenLayer {
        files,
        unpacked,
        size,
        digest,
        diff_id,
    })
}

/// Hashes and counts what passes through.
pub(crate) struct Hashing<W> {
    inner: W,
    bytes: u64,
    hash: Sha256,
}

impl<W: Write> Hashing<W> {
    pub(crate) fn new(inner: W) -> Self {
        Hashing {
            inner,
            bytes: 0,
            hash: Sha256::new(),
        }
    }

    /// What is below, the count, and the hash in hexadecimal.
    pub(crate) fn finish(self) -> (W, u64, String) {
        (
            self.inner,
            self.bytes,
            self.hash
                .finalize()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        )
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hash.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

/// This machine's regular files, folder by folder, in an order that mixes places but stays the same.
struct Source {
    folders: Vec<PathBuf>,
    files: Vec<(PathBuf, std::fs::Metadata)>,
}

impl Source {
    fn new() -> Self {
        let home = std::env::var_os("HOME").map_or_else(|| PathBuf::from("/root"), PathBuf::from);
        let rustup =
            std::env::var_os("RUSTUP_HOME").map_or_else(|| home.join(".rustup"), PathBuf::from);
        // The last ones first: a toolchain and its crates fill up where the system is small.
        let mut folders = folders_below(vec![rustup, home.join(".cargo/registry/src")]);
        folders.append(&mut folders_below(vec![
            PathBuf::from("/usr"),
            PathBuf::from("/opt"),
        ]));
        Source {
            folders,
            files: Vec::new(),
        }
    }

    /// The next file whose size is wanted.
    fn next(&mut self, wanted: impl Fn(u64) -> bool) -> Option<(PathBuf, std::fs::Metadata)> {
        loop {
            while let Some((path, metadata)) = self.files.pop() {
                if wanted(metadata.len()) {
                    return Some((path, metadata));
                }
            }
            let folder = self.folders.pop()?;
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                if let Ok(metadata) = entry.metadata()
                    && metadata.is_file()
                {
                    self.files.push((entry.path(), metadata));
                }
            }
            self.files.sort_by(|one, other| other.0.cmp(&one.0));
        }
    }
}

/// All folders from `waiting` down, mixed in an order that stays the same.
fn folders_below(mut waiting: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                waiting.push(entry.path());
            }
        }
        folders.push(folder);
    }
    folders.sort_by_cached_key(|folder| Sha256::digest(folder.as_os_str().as_encoded_bytes()));
    folders
}

pub(crate) fn write_manifest(
    folder: &Path,
    layers: &[&WrittenLayer],
    name: &str,
) -> std::io::Result<()> {
    let put = |bytes: &[u8]| -> std::io::Result<String> {
        let digest: String = Sha256::digest(bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        std::fs::write(folder.join("blobs/sha256").join(&digest), bytes)?;
        Ok(format!("sha256:{digest}"))
    };
    let architecture = if std::env::consts::ARCH == "aarch64" {
        "arm64"
    } else {
        "amd64"
    };
    let config = json!({
        "architecture": architecture, "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": layers.iter().map(|layer| format!("sha256:{}", layer.diff_id)).collect::<Vec<_>>()},
    });
    let config = config.to_string();
    let layers: Vec<_> = layers
        .iter()
        .map(|layer| {
            let digest = format!("sha256:{}", layer.digest);
            json!({"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest, "size": layer.size})
        })
        .collect();
    let config_digest = put(config.as_bytes())?;
    let manifest = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config_digest, "size": config.len()},
        "layers": layers,
    });
    let manifest = manifest.to_string();
    let manifest_digest = put(manifest.as_bytes())?;
    let index = json!({
        "schemaVersion": 2,
        "manifests": [{
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": manifest_digest, "size": manifest.len(),
            "annotations": {"org.opencontainers.image.ref.name": name},
        }],
    });
    std::fs::write(
        folder.join("oci-layout"),
        r#"{"imageLayoutVersion":"1.0.0"}"#,
    )?;
    std::fs::write(folder.join("index.json"), index.to_string())
}

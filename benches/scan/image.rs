//! The images that are scanned: Debian with compilers, interpreters and their packages, in two layers, and on
//! top of it a layer of an application, in two versions. So the second image shares all but one layer with
//! the first. They are made once, as OCI layouts.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;
use flate2::write::GzEncoder;
use orlop_testing::Tarball;
use sha2::{Digest as _, Sha256};

use crate::Outcome;
use crate::layout::{Hashing, WrittenLayer, write_manifest};
use crate::report::note;

/// How much is scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Size {
    /// Debian with development packages: 1.5 GB.
    Big,
    /// Debian's least with pip: only to see that all works.
    Small,
}

impl Size {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Big => "big",
            Self::Small => "small",
        }
    }

    /// What is installed over Debian's least.
    fn packages(self) -> &'static str {
        match self {
            Self::Big => {
                "build-essential,git,python3-pip,python3-dev,nodejs,npm,golang,\
                 default-jdk-headless,ruby-full,php-cli,r-base-core"
            }
            Self::Small => "python3-pip",
        }
    }
}

/// The layouts.
pub(crate) struct Images {
    pub(crate) first: PathBuf,
    pub(crate) second: PathBuf,
}

/// The Debian release: fixed, so that the image is of one size for long.
const SUITE: &str = "bookworm";
/// The time stamp of everything.
const EPOCH: &str = "1780272000";
/// Packages of the application.
const MODULES: usize = 500;

/// Makes the layouts in `folder` unless they are there.
pub(crate) fn ensure(folder: &Path, size: Size) -> Outcome<Images> {
    let images = Images {
        first: folder.join("first"),
        second: folder.join("second"),
    };
    if images.second.join("index.json").exists() {
        return Ok(images);
    }
    note("Making the images: Debian, by mmdebstrap (once).");
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    let (base, full) = (folder.join("base.tar"), folder.join("full.tar"));
    debian(&base, None)?;
    debian(&full, Some(size.packages()))?;
    let blobs = images.first.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).map_err(failed(&blobs))?;
    let debian = [
        layer(&blobs, &base, &HashMap::new()).map_err(failed(&base))?,
        layer(&blobs, &full, &contents(&base).map_err(failed(&base))?).map_err(failed(&full))?,
    ];
    for (layout, version) in [(&images.first, "1.0.0"), (&images.second, "1.1.0")] {
        let blobs = layout.join("blobs/sha256");
        std::fs::create_dir_all(&blobs).map_err(failed(&blobs))?;
        for shared in &debian {
            let (from, to) = (
                images.first.join("blobs/sha256").join(&shared.digest),
                blobs.join(&shared.digest),
            );
            if !to.exists() {
                std::fs::hard_link(&from, &to).map_err(failed(&to))?;
            }
        }
        let tar = folder.join("application.tar");
        std::fs::write(&tar, application(version)).map_err(failed(&tar))?;
        let own = layer(&blobs, &tar, &HashMap::new()).map_err(failed(&tar))?;
        let layers: Vec<&WrittenLayer> = debian.iter().chain([&own]).collect();
        for layer in &layers {
            note(&format!(
                "  {} files, {} bytes, {} compressed",
                layer.files, layer.unpacked, layer.size
            ));
        }
        write_manifest(layout, &layers, "scan").map_err(failed(layout))?;
    }
    for tar in ["base.tar", "full.tar", "application.tar"] {
        let tar = folder.join(tar);
        std::fs::remove_file(&tar).map_err(failed(&tar))?;
    }
    Ok(images)
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> String {
    move |error| format!("{}: {error}", path.display())
}

/// An archive of a Debian, with these packages over the least.
fn debian(tar: &Path, packages: Option<&str>) -> Outcome {
    let mut command = Command::new("mmdebstrap");
    command
        .args(["--variant=apt", "--aptopt=Apt::Install-Recommends=false"])
        .args(packages.map(|packages| format!("--include={packages}")))
        .arg(SUITE)
        .arg(tar)
        .env("SOURCE_DATE_EPOCH", EPOCH)
        .env("LC_ALL", "C.UTF-8");
    let done = command
        .output()
        .map_err(|error| format!("making the images needs mmdebstrap: {error}"))?;
    match done.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&done.stderr).into_owned()),
    }
}

/// What is said of an entry, and its content, hashed.
type Identity = [u8; 32];

/// What an archive has, by path.
fn contents(tar: &Path) -> std::io::Result<HashMap<PathBuf, Identity>> {
    let mut contents = HashMap::new();
    let mut archive = tar::Archive::new(BufReader::new(File::open(tar)?));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        contents.insert(path, read(&mut entry)?.1);
    }
    Ok(contents)
}

/// The content of an entry, and what tells it from others.
fn read(entry: &mut tar::Entry<'_, impl std::io::Read>) -> std::io::Result<(Vec<u8>, Identity)> {
    let mut content = Vec::new();
    entry.read_to_end(&mut content)?;
    let hash = Sha256::new()
        .chain_update(entry.header().as_bytes())
        .chain_update(&content);
    Ok((content, hash.finalize().into()))
}

/// Writes a layer of what an archive has and the layer below hasn't.
fn layer(
    blobs: &Path,
    tar: &Path,
    below: &HashMap<PathBuf, Identity>,
) -> std::io::Result<WrittenLayer> {
    let unfinished = blobs.join("unfinished");
    let compressed = Hashing::new(BufWriter::new(File::create(&unfinished)?));
    let inflated = Hashing::new(GzEncoder::new(compressed, flate2::Compression::new(6)));
    let mut out = tar::Builder::new(inflated);
    let mut archive = tar::Archive::new(BufReader::new(File::open(tar)?));
    let mut files = 0;
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let (content, identity) = read(&mut entry)?;
        if below.get(&path) == Some(&identity) {
            continue;
        }
        let mut header = entry.header().clone();
        let link = entry.link_name()?.map(std::borrow::Cow::into_owned);
        match link
            .filter(|_| header.entry_type().is_symlink() || header.entry_type().is_hard_link())
        {
            Some(link) => out.append_link(&mut header, &path, link)?,
            None => out.append_data(&mut header, &path, content.as_slice())?,
        }
        files += 1;
    }
    let (gzip, unpacked, diff_id) = out.into_inner()?.finish();
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

/// An application with its modules.
fn application(version: &str) -> Vec<u8> {
    let mut tar = Tarball::new().dir("srv", 0o755);
    for number in 0..MODULES {
        let folder = format!("srv/app/node_modules/module-{number}");
        let package = format!(r#"{{"name":"module-{number}","version":"{version}"}}"#);
        let code = format!("exports.version = {version:?};\n");
        tar = tar
            .file(&format!("{folder}/package.json"), 0o644, package)
            .file(&format!("{folder}/index.js"), 0o644, code);
    }
    tar.finish()
}

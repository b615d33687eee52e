//! Writes images into a layout directory, which is a valid layout at every moment: a blob gets its name
//! when its digest is right, and `index.json` is replaced at the end, in one step.

use std::fs::{self, File};
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};

use orlop_oci::{Descriptor, Digest, Index, MediaType, Raw, annotation};
use rustix::fs::FlockOperation;

use crate::archive_writer::{LAYOUT_VERSION, annotate, json};
use crate::checked::Checked;
use crate::error::{Error, Result};
use crate::image::Archived;
use crate::new_file::NewFile;
use crate::oci::{self, INDEX_JSON, OCI_LAYOUT};
use crate::place::{Files, Place};

/// A layout directory to write to. Blobs may be written by several threads at once.
#[derive(Debug)]
pub struct LayoutWriter {
    directory: PathBuf,
}

impl LayoutWriter {
    /// Opens the layout at `directory`, and makes it when there is none.
    ///
    /// # Errors
    /// When it can't be made, or when what is there is no layout.
    pub fn open(directory: &Path) -> Result<Self> {
        let label = directory.display().to_string();
        let made = || Error::io(format!("make the layout {label}"));
        let is_empty = match fs::read_dir(directory) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
            Err(error) => return Err(made()(error)),
        };
        if !is_empty {
            let place = Place::new(label.clone(), Files::Directory(directory.to_owned()));
            if oci::images(&place)?.is_none() {
                return Err(Error::invalid(
                    &label,
                    "the directory is not empty, and no image layout",
                ));
            }
        }
        let writer = Self {
            directory: directory.to_owned(),
        };
        fs::create_dir_all(directory.join("blobs/sha256")).map_err(made())?;
        if is_empty {
            writer.replace(INDEX_JSON, &json(&empty_index()))?;
            writer.replace(OCI_LAYOUT, LAYOUT_VERSION)?;
        }
        Ok(writer)
    }

    /// Its directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Whether this blob is there, in its full length.
    pub fn has(&self, descriptor: &Descriptor) -> bool {
        fs::metadata(self.blob_path(&descriptor.digest))
            .is_ok_and(|meta| meta.is_file() && meta.len() == descriptor.size)
    }

    /// Writes the blob that `descriptor` describes. `progress` is told how many bytes of it have passed.
    ///
    /// # Errors
    /// [`Error::WrongBlob`] when the bytes have another digest or size, or when reading or writing
    /// fails. Nothing of it is there then.
    pub fn blob(
        &self,
        descriptor: &Descriptor,
        reader: impl Read,
        progress: &mut dyn FnMut(u64),
    ) -> Result<()> {
        let path = self.blob_path(&descriptor.digest);
        let failed = || Error::io(format!("write {}", path.display()));
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed())?;
        }
        let mut file = NewFile::create(&path, 0o644)?;
        let mut checked = Checked::new(reader, descriptor);
        let mut passed = 0;
        while let Some(bytes) = checked.next_piece()? {
            file.write_all(bytes).map_err(failed())?;
            passed += bytes.len() as u64;
            progress(passed);
        }
        file.place_unsynced()
    }

    /// Writes a document, unless it is there.
    ///
    /// # Errors
    /// As [`LayoutWriter::blob`].
    pub fn document(&self, raw: &Raw) -> Result<()> {
        let descriptor = raw.descriptor();
        if self.has(&descriptor) {
            return Ok(());
        }
        self.blob(&descriptor, raw.bytes(), &mut |_| {})
    }

    /// Gives the images their names in `index.json`; an image that had such a name loses it. All
    /// other entries stay.
    ///
    /// # Errors
    /// When the disk is full or fails.
    pub fn finish(&self, images: &[Archived]) -> Result<()> {
        let label = self.directory.display().to_string();
        let failed = || Error::io(format!("write {label}"));
        let folder = File::open(&self.directory).map_err(failed())?;
        // All blobs first: the list must not name what a loss of power took away.
        rustix::fs::syncfs(&folder).map_err(|e| failed()(e.into()))?;
        // Two writers, one after the other. The lock ends with the file.
        rustix::fs::flock(&folder, FlockOperation::LockExclusive)
            .map_err(|e| failed()(e.into()))?;
        let place = Place::new(label.clone(), Files::Directory(self.directory.clone()));
        let mut index = oci::index(&place)?.unwrap_or_else(empty_index);
        for image in images {
            add(&mut index.manifests, image);
        }
        self.replace(INDEX_JSON, &json(&index))
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.directory.join(name);
        let mut file = NewFile::create(&path, 0o644)?;
        let wrote = file.write_all(bytes);
        wrote.map_err(Error::io(format!("write {}", path.display())))?;
        file.place()
    }

    fn blob_path(&self, digest: &Digest) -> PathBuf {
        let folder = self
            .directory
            .join("blobs")
            .join(digest.algorithm().as_str());
        folder.join(digest.hex())
    }
}

fn empty_index() -> Index {
    Index {
        schema_version: 2,
        media_type: Some(MediaType::OciIndex),
        artifact_type: None,
        manifests: Vec::new(),
        subject: None,
        annotations: Default::default(),
    }
}

fn add(entries: &mut Vec<Descriptor>, image: &Archived) {
    let name_of = |entry: &Descriptor| entry.annotations.get(annotation::REF_NAME).cloned();
    if image.names.is_empty() {
        if !entries
            .iter()
            .any(|entry| entry.digest == image.target.digest)
        {
            entries.push(image.target.clone());
        }
        return;
    }
    for name in &image.names {
        let mut entry = image.target.clone();
        annotate(&mut entry, name, false);
        let named = name_of(&entry);
        entries.retain(|other| name_of(other) != named);
        entries.push(entry);
    }
}

//! An OCI image layout of two layers, made from a program (image-spec `image-layout.md`).

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use orlop_oci::{Algorithm, Digest, Digester, Platform, annotation};
use serde_json::{Value, json};

/// Makes the layout in a folder that isn't there yet. The image's name is `quickstart:v1`.
pub(super) fn make(layout: &Path, program: &Path) -> io::Result<()> {
    let blobs = layout.join("blobs/sha256");
    fs::create_dir_all(&blobs)?;
    let binary = File::open(program)?;
    let size = binary.metadata()?.len();
    let base = layer(&blobs, |tar| {
        tar.folder("bin")?;
        tar.file(
            "bin/orlop",
            0o755,
            size,
            &mut BufReader::with_capacity(1 << 20, binary),
        )
    })?;
    let motd = b"An image made by `orlop quickstart`.\n";
    let top = layer(&blobs, |tar| {
        tar.folder("etc")?;
        tar.file("etc/motd", 0o644, motd.len() as u64, &mut &motd[..])
    })?;
    let created = jiff::Timestamp::now().to_string();
    let platform = Platform::host();
    let config = document(
        &blobs,
        "application/vnd.oci.image.config.v1+json",
        &json!({
            "created": created,
            "architecture": platform.architecture,
            "os": platform.os,
            "config": {
                "Cmd": ["/bin/orlop", "version"],
                "Labels": {annotation::VERSION: env!("CARGO_PKG_VERSION")},
            },
            // Layers that aren't compressed are their own diff IDs.
            "rootfs": {"type": "layers", "diff_ids": [base["digest"], top["digest"]]},
            "history": [
                {"created": created, "created_by": "COPY orlop /bin/orlop"},
                {"created": created, "created_by": "COPY motd /etc/motd"},
                {"created": created, "created_by": "CMD [\"/bin/orlop\" \"version\"]", "empty_layer": true},
            ],
        }),
    )?;
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let mut manifest = document(
        &blobs,
        media_type,
        &json!({
            "schemaVersion": 2,
            "mediaType": media_type,
            "config": config,
            "layers": [base, top],
        }),
    )?;
    manifest["annotations"] = json!({annotation::REF_NAME: "v1"});
    let index = json!({"schemaVersion": 2, "manifests": [manifest]});
    fs::write(layout.join("index.json"), index.to_string())?;
    fs::write(
        layout.join("oci-layout"),
        r#"{"imageLayoutVersion":"1.0.0"}"#,
    )
}

/// All files below a folder with their sizes, sorted.
pub(super) fn files(folder: &Path) -> io::Result<Vec<(String, u64)>> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(current) = waiting.pop() {
        for entry in fs::read_dir(&current)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                waiting.push(entry.path());
            } else if let Ok(path) = entry.path().strip_prefix(folder) {
                found.push((path.display().to_string(), entry.metadata()?.len()));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Writes a document and describes it.
fn document(blobs: &Path, media_type: &str, value: &Value) -> io::Result<Value> {
    let bytes = value.to_string().into_bytes();
    let digest = Digest::of(&bytes);
    fs::write(blobs.join(digest.hex()), &bytes)?;
    Ok(json!({"mediaType": media_type, "digest": digest, "size": bytes.len()}))
}

/// Writes a layer and describes it.
fn layer(blobs: &Path, fill: impl FnOnce(&mut Tar) -> io::Result<()>) -> io::Result<Value> {
    let unnamed = blobs.join("layer.tmp");
    let mut tar = Tar {
        out: BufWriter::with_capacity(1 << 20, File::create(&unnamed)?),
        digester: Digester::new(Algorithm::Sha256),
        size: 0,
    };
    fill(&mut tar)?;
    // Two empty blocks end an archive.
    tar.write(&[0; 1024])?;
    tar.out.flush()?;
    let digest = tar.digester.finish();
    fs::rename(&unnamed, blobs.join(digest.hex()))?;
    Ok(json!({
        "mediaType": "application/vnd.oci.image.layer.v1.tar",
        "digest": digest,
        "size": tar.size,
    }))
}

/// Writes an archive in the `ustar` format (POSIX.1-1988), which is all that short names need.
struct Tar {
    out: BufWriter<File>,
    digester: Digester,
    size: u64,
}

impl Tar {
    fn folder(&mut self, name: &str) -> io::Result<()> {
        self.write(&header(&format!("{name}/"), 0o755, 0, b'5'))
    }

    fn file(
        &mut self,
        name: &str,
        mode: u32,
        size: u64,
        content: &mut impl Read,
    ) -> io::Result<()> {
        self.write(&header(name, mode, size, b'0'))?;
        let mut chunk = vec![0; 256 << 10];
        let mut left = size;
        while left > 0 {
            let read = content.take(left).read(&mut chunk)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.write(&chunk[..read])?;
            left -= read as u64;
        }
        let padding = size.next_multiple_of(512) - size;
        self.write(&[0; 512][..usize::try_from(padding).unwrap_or(0)])
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.digester.update(bytes);
        self.size += bytes.len() as u64;
        self.out.write_all(bytes)
    }
}

fn header(name: &str, mode: u32, size: u64, kind: u8) -> [u8; 512] {
    let mut block = [0; 512];
    let mut put =
        |offset: usize, bytes: &[u8]| block[offset..offset + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, format!("{mode:07o}\0").as_bytes());
    put(108, b"0000000\0"); // uid
    put(116, b"0000000\0"); // gid
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0"); // mtime
    put(148, b"        "); // the checksum counts its own place as spaces
    put(156, &[kind]);
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_that_holds_what_it_says() {
        let folder = tempfile::tempdir().expect("a folder");
        let program = folder.path().join("program");
        fs::write(&program, vec![7; 1000]).expect("a file");
        let layout = folder.path().join("layout");
        make(&layout, &program).expect("a layout");
        let index: Value =
            serde_json::from_slice(&fs::read(layout.join("index.json")).expect("an index"))
                .expect("JSON");
        assert_eq!(
            index["manifests"][0]["annotations"][annotation::REF_NAME],
            "v1"
        );
        let names: Vec<String> = files(&layout)
            .expect("files")
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        assert_eq!(names.len(), 6);
        for (path, size) in files(&layout.join("blobs/sha256")).expect("blobs") {
            let bytes = fs::read(layout.join("blobs/sha256").join(&path)).expect("a blob");
            assert_eq!(Digest::of(&bytes).hex(), path);
            assert_eq!(bytes.len() as u64, size);
        }
        // tar itself reads the first layer: header, content and padding of two entries, and the end.
        let manifest = index["manifests"][0]["digest"].as_str().expect("a digest");
        let manifest = layout
            .join("blobs/sha256")
            .join(&manifest["sha256:".len()..]);
        let manifest: Value =
            serde_json::from_slice(&fs::read(manifest).expect("a manifest")).expect("JSON");
        assert_eq!(manifest["layers"][0]["size"], 512 + 512 + 1024 + 1024);
    }
}

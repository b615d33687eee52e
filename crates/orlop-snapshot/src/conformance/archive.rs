//! Layers for the suite, as the tar archives that registries have: POSIX ustar headers, and PAX records
//! for extended attributes.

/// A layer in the making.
#[derive(Clone, Debug, Default)]
pub struct Layer {
    bytes: Vec<u8>,
}

/// What all entries have.
#[derive(Clone, Copy, Debug)]
pub struct Attributes {
    /// Permissions.
    pub mode: u32,
    /// Owner and group.
    pub owner: (u32, u32),
    /// Seconds since 1970.
    pub mtime: u64,
}

impl Attributes {
    /// Owned by root, of a fixed time.
    pub const fn mode(mode: u32) -> Self {
        Self {
            mode,
            owner: (0, 0),
            mtime: 1_000_000_000,
        }
    }
}

const FILE: u8 = b'0';
const HARD_LINK: u8 = b'1';
const SYMLINK: u8 = b'2';
const DIRECTORY: u8 = b'5';
const FIFO: u8 = b'6';
const PAX: u8 = b'x';

impl Layer {
    /// An empty layer.
    pub fn new() -> Self {
        Self::default()
    }

    /// A directory.
    #[must_use]
    pub fn directory(self, path: &str, attributes: Attributes) -> Self {
        self.entry(path, DIRECTORY, "", attributes, b"")
    }

    /// A file.
    #[must_use]
    pub fn file(self, path: &str, attributes: Attributes, content: &[u8]) -> Self {
        self.entry(path, FILE, "", attributes, content)
    }

    /// Extended attributes of the entry that comes next.
    #[must_use]
    pub fn xattrs(self, xattrs: &[(&str, &[u8])]) -> Self {
        let mut records = Vec::new();
        for (name, value) in xattrs {
            records.extend(pax_record(&format!("SCHILY.xattr.{name}"), value));
        }
        self.entry("pax", PAX, "", Attributes::mode(0o644), &records)
    }

    /// Another name of a file.
    #[must_use]
    pub fn hard_link(self, path: &str, target: &str) -> Self {
        self.entry(path, HARD_LINK, target, Attributes::mode(0o644), b"")
    }

    /// A symbolic link.
    #[must_use]
    pub fn symlink(self, path: &str, target: &str) -> Self {
        self.entry(path, SYMLINK, target, Attributes::mode(0o777), b"")
    }

    /// A named pipe.
    #[must_use]
    pub fn fifo(self, path: &str, attributes: Attributes) -> Self {
        self.entry(path, FIFO, "", attributes, b"")
    }

    /// Hides `path` of the layers below.
    #[must_use]
    pub fn whiteout(self, path: &str) -> Self {
        let marked = match path.rsplit_once('/') {
            Some((parent, name)) => format!("{parent}/.wh.{name}"),
            None => format!(".wh.{path}"),
        };
        self.file(&marked, Attributes::mode(0o600), b"")
    }

    /// Hides everything that the layers below have in the directory `path`.
    #[must_use]
    pub fn opaque(self, path: &str) -> Self {
        self.file(
            &format!("{path}/.wh..wh..opq"),
            Attributes::mode(0o600),
            b"",
        )
    }

    /// The archive.
    pub fn finish(&self) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        bytes.resize(bytes.len() + 1024, 0);
        bytes
    }

    fn entry(
        mut self,
        path: &str,
        kind: u8,
        link: &str,
        attributes: Attributes,
        content: &[u8],
    ) -> Self {
        let mut header = [0_u8; 512];
        let mut put = |offset: usize, field: &[u8]| {
            header[offset..offset + field.len()].copy_from_slice(field);
        };
        put(0, path.as_bytes());
        put(100, format!("{:07o}\0", attributes.mode).as_bytes());
        put(108, format!("{:07o}\0", attributes.owner.0).as_bytes());
        put(116, format!("{:07o}\0", attributes.owner.1).as_bytes());
        put(124, format!("{:011o}\0", content.len()).as_bytes());
        put(136, format!("{:011o}\0", attributes.mtime).as_bytes());
        put(148, b"        ");
        put(156, &[kind]);
        put(157, link.as_bytes());
        put(257, b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        self.bytes.extend_from_slice(&header);
        self.bytes.extend_from_slice(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(512), 0);
        self
    }
}

/// `LENGTH NAME=VALUE\n`, where the length counts itself.
fn pax_record(name: &str, value: &[u8]) -> Vec<u8> {
    let rest = name.len() + value.len() + 3;
    let mut length = rest + rest.to_string().len();
    if rest + length.to_string().len() != length {
        length += 1;
    }
    let mut record = format!("{length} {name}=").into_bytes();
    record.extend_from_slice(value);
    record.push(b'\n');
    record
}

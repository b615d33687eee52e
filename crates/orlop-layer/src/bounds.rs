//! How much a layer may ask of the machine.

use std::io::{self, Read};

/// Bounds on a layer. The defaults are above what real images hold, and stop a bomb early:
///
/// - **1 GiB whatever the ratio, then 200 to 1.** Programs and text compress three to thirty to one.
///   What compresses better are zeros: logs indexed by user ID, databases and disk images with room
///   to grow. A few hundred megabytes of them are common, and mostly beside real data, which
///   raises the bound: 10 MB of it allow 2 GB. Nothing but zeros gives 1,032 to 1 with gzip and more
///   than 10,000 to 1 with zstd, so a bomb of either ends at a gibibyte, a second or two after it
///   began.
/// - **256 GiB in all**, also of holes in sparse files: they take no room here, but would in
///   whatever reads or copies such a file.
/// - **4 million entries.** A large layer has a few hundred thousand. A usual file system of 100 GB
///   has six million inodes, and beyond the first gibibyte an entry costs a layer as little as three bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Uncompressed bytes of a layer, and bytes of its files, holes included. The program's key is
    /// `limits.layer_bytes`.
    pub max_uncompressed: u64,
    /// Uncompressed bytes for each compressed byte. A layer that stays below
    /// [`ratio_floor`](Self::ratio_floor) isn't judged. The program's key is `limits.ratio`.
    pub max_ratio: u64,
    /// Uncompressed bytes that are allowed whatever the ratio: files full of zeros are common and
    /// harmless as long as they are small.
    pub ratio_floor: u64,
    /// Entries of a layer; each data region of a sparse file counts as one, because it takes a
    /// block of its own. The program's key is `limits.layer_entries`.
    pub max_entries: u64,
    /// Bytes of a path or a link target (Linux: `PATH_MAX`).
    pub max_path: usize,
    /// Components of a path.
    pub max_depth: usize,
    /// Bytes of PAX records and long names of one entry.
    pub max_metadata: u32,
    /// Data regions of a sparse file.
    pub max_sparse_regions: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            max_uncompressed: 256 << 30,
            max_ratio: 200,
            ratio_floor: 1 << 30,
            max_entries: 4_000_000,
            max_path: 4096,
            max_depth: 512,
            max_metadata: 1 << 20,
            max_sparse_regions: 100_000,
        }
    }
}

impl Bounds {
    /// Uncompressed bytes that a layer of `compressed` bytes may have.
    pub fn uncompressed_limit(&self, compressed: u64) -> u64 {
        compressed
            .saturating_mul(self.max_ratio)
            .max(self.ratio_floor)
            .min(self.max_uncompressed)
    }
}

/// Fails as soon as more bytes come out of `R` than a layer of its compressed size may have.
#[derive(Debug)]
pub struct BoundedReader<R> {
    inner: R,
    compressed: u64,
    limit: u64,
    /// What raises the limit.
    key: &'static str,
    passed: u64,
}

impl<R: Read> BoundedReader<R> {
    /// Bounds `inner`, the uncompressed view of a blob of `compressed` bytes (the size in its
    /// descriptor, which is checked elsewhere).
    pub fn new(inner: R, bounds: &Bounds, compressed: u64) -> Self {
        let limit = bounds.uncompressed_limit(compressed);
        Self {
            inner,
            compressed,
            limit,
            key: match limit == bounds.max_uncompressed {
                true => "limits.layer_bytes",
                false => "limits.ratio",
            },
            passed: 0,
        }
    }

    /// Uncompressed bytes that have passed.
    pub fn passed(&self) -> u64 {
        self.passed
    }

    /// The reader inside.
    pub fn into_inner(self) -> R {
        self.inner
    }
}

impl<R: Read> Read for BoundedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.passed += count as u64;
        if self.passed > self.limit {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "decompression bomb: {} compressed bytes unpack to more than {} bytes; \
                     raise {} if you trust the image",
                    self.compressed, self.limit, self.key
                ),
            ));
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_the_ratio_between_floor_and_ceiling() {
        let bounds = Bounds {
            max_uncompressed: 1000,
            max_ratio: 10,
            ratio_floor: 50,
            ..Bounds::default()
        };
        for (compressed, limit) in [(0, 50), (5, 50), (20, 200), (1000, 1000), (u64::MAX, 1000)] {
            assert_eq!(bounds.uncompressed_limit(compressed), limit, "{compressed}");
        }
    }

    /// Zeros, as the compressors that layers come from make them small at their best.
    #[test]
    fn by_default_no_bomb_of_zeros_passes_and_honest_layers_do() {
        let bounds = Bounds::default();
        const GIB: u64 = 1 << 30;
        for (what, compressed, uncompressed, passes) in [
            ("a gibibyte of zeros, gzip", GIB / 1032, GIB, true),
            ("five of them, gzip", 5 * GIB / 1032, 5 * GIB, false),
            ("five of them, zstd", 5 * GIB / 16_000, 5 * GIB, false),
            ("100 of them, gzip", 100 * GIB / 1032, 100 * GIB, false),
            (
                "42 kB that claim to be 4.5 PB",
                42_374,
                4_503_599_626_321_920,
                false,
            ),
            ("a distribution", 30_000_000, 90_000_000, true),
            ("logs", 20_000_000, 1_200_000_000, true),
            (
                "a disk of 20 GB, mostly free",
                400_000_000,
                20_000_000_000,
                true,
            ),
        ] {
            let limit = bounds.uncompressed_limit(compressed);
            assert_eq!(uncompressed <= limit, passes, "{what}: {limit}");
        }
    }

    #[test]
    fn a_bomb_is_refused_and_the_last_allowed_byte_is_not() {
        let bounds = Bounds {
            max_uncompressed: 100,
            ratio_floor: 0,
            max_ratio: 10,
            ..Bounds::default()
        };
        let mut bytes = Vec::new();
        BoundedReader::new(io::repeat(0).take(100), &bounds, 10)
            .read_to_end(&mut bytes)
            .unwrap();
        assert_eq!(bytes.len(), 100);
        let error = BoundedReader::new(io::repeat(0), &bounds, 10)
            .read_to_end(&mut bytes)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "decompression bomb: 10 compressed bytes unpack to more than 100 bytes; \
             raise limits.layer_bytes if you trust the image"
        );
    }
}

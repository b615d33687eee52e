//! How much a layer may ask of the machine.

use std::io::{self, Read};

/// Bounds on a layer. The defaults are far above what real images hold, and finite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Uncompressed bytes of a layer.
    pub max_uncompressed: u64,
    /// Uncompressed bytes for each compressed byte. A layer that stays below
    /// [`ratio_floor`](Self::ratio_floor) isn't judged.
    pub max_ratio: u64,
    /// Uncompressed bytes that are allowed whatever the ratio: files full of zeros are common and
    /// harmless as long as they are small.
    pub ratio_floor: u64,
    /// Entries of a layer.
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
            max_ratio: 400,
            ratio_floor: 4 << 30,
            max_entries: 20_000_000,
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
    passed: u64,
}

impl<R: Read> BoundedReader<R> {
    /// Bounds `inner`, the uncompressed view of a blob of `compressed` bytes (the size in its
    /// descriptor, which is checked elsewhere).
    pub fn new(inner: R, bounds: &Bounds, compressed: u64) -> Self {
        Self {
            inner,
            compressed,
            limit: bounds.uncompressed_limit(compressed),
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
                     raise the bound if you trust the image",
                    self.compressed, self.limit
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
        assert!(
            error.to_string().starts_with("decompression bomb: 10 "),
            "{error}"
        );
    }
}

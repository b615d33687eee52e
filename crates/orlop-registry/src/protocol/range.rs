//! Ranges of bytes: which part of a blob is wanted (RFC 9110, section 14), and which part of a blob
//! a chunk is (distribution-spec, "Pushing a blob in chunks").

use std::ops::Range;

/// What a `Range` header asks for, of something with a known length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RangeRequest {
    /// All of it: there is no header, or one that we don't understand and may ignore (RFC 9110,
    /// 14.2), among them those that ask for several ranges at once.
    Whole,
    /// These bytes.
    Part(Range<u64>),
    /// Nothing that is there: 416.
    Unsatisfiable,
}

impl RangeRequest {
    /// Reads a `Range` header for something of `length` bytes.
    pub fn parse(header: &str, length: u64) -> Self {
        let Some((unit, set)) = header.split_once('=') else {
            return Self::Whole;
        };
        if !unit.trim().eq_ignore_ascii_case("bytes") {
            return Self::Whole;
        }
        let set = set.trim();
        if set.contains(',') {
            return Self::Whole;
        }
        match set.split_once('-') {
            Some(("", suffix)) => Self::suffix(suffix, length),
            Some((first, last)) => Self::from_to(first, last, length),
            None => Self::Whole,
        }
    }

    fn suffix(count: &str, length: u64) -> Self {
        match number(count) {
            None => Self::Whole,
            Some(0) => Self::Unsatisfiable,
            Some(_) if length == 0 => Self::Unsatisfiable,
            Some(count) => Self::Part(length.saturating_sub(count)..length),
        }
    }

    fn from_to(first: &str, last: &str, length: u64) -> Self {
        let Some(first) = number(first) else {
            return Self::Whole;
        };
        let last = match last {
            "" => u64::MAX,
            last => match number(last) {
                Some(last) => last,
                None => return Self::Whole,
            },
        };
        // `last < first` is an invalid range, which may be ignored; clients that send it are better
        // told so.
        if first >= length || last < first {
            return Self::Unsatisfiable;
        }
        Self::Part(first..last.saturating_add(1).min(length))
    }
}

/// `Content-Range` of a chunk: `FIRST-LAST`, both inclusive. `None` when it is none.
pub fn parse_chunk_range(header: &str) -> Option<Range<u64>> {
    let (first, last) = header.split_once('-')?;
    let (first, last) = (exact(first)?, exact(last)?);
    let end = last.checked_add(1)?;
    (first < end).then_some(first..end)
}

/// Digits only. More than fits is as good as the largest.
fn number(text: &str) -> Option<u64> {
    digits(text).then(|| text.parse().unwrap_or(u64::MAX))
}

fn exact(text: &str) -> Option<u64> {
    digits(text).then(|| text.parse().ok()).flatten()
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The `Range` header of an answer about an upload: what has arrived. An upload of nothing is told
/// as `0-0`, like an upload of one byte: clients of Docker's lineage know no other form.
pub(crate) fn arrived(offset: u64) -> String {
    format!("0-{}", offset.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_are_read() {
        use RangeRequest::*;
        let table = [
            ("bytes=0-99", 1000, Part(0..100)),
            ("bytes=500-1499", 4000, Part(500..1500)),
            ("bytes=500-", 1000, Part(500..1000)),
            ("bytes=-500", 1000, Part(500..1000)),
            ("bytes=-5000", 1000, Part(0..1000)),
            ("bytes=0-0", 1000, Part(0..1)),
            ("bytes=900-5000", 1000, Part(900..1000)),
            ("Bytes = 1-2", 1000, Part(1..3)),
            ("bytes=0-99999999999999999999999", 10, Part(0..10)),
            ("bytes=1000-", 1000, Unsatisfiable),
            ("bytes=99999999999999999999-", 1000, Unsatisfiable),
            ("bytes=5000-10000", 1000, Unsatisfiable),
            ("bytes=500-0", 1000, Unsatisfiable),
            ("bytes=-0", 1000, Unsatisfiable),
            ("bytes=0-", 0, Unsatisfiable),
            ("bytes=-1", 0, Unsatisfiable),
            ("bytes=0-1,5-6", 1000, Whole),
            ("bytes=a-b", 1000, Whole),
            ("bytes=-", 1000, Whole),
            ("bytes=5", 1000, Whole),
            ("bytes=+5-6", 1000, Whole),
            ("bytes=5--6", 1000, Whole),
            ("lines=0-1", 1000, Whole),
            ("", 1000, Whole),
        ];
        for (header, length, expected) in table {
            assert_eq!(RangeRequest::parse(header, length), expected, "{header}");
        }
    }

    #[test]
    fn chunks_are_read_strictly() {
        assert_eq!(parse_chunk_range("0-99"), Some(0..100));
        assert_eq!(parse_chunk_range("7-7"), Some(7..8));
        for bad in [
            "",
            "-",
            "0-",
            "-5",
            "5-4",
            "a-b",
            "bytes 0-1/2",
            "bytes=0-1",
            "0-1-2",
            "+0-1",
            " 0-1",
            "0-18446744073709551615",
            "0-99999999999999999999",
        ] {
            assert_eq!(parse_chunk_range(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_part_lies_inside(header in "(bytes)?=?.{0,24}", length in 0_u64..5000) {
            if let RangeRequest::Part(part) = RangeRequest::parse(&header, length) {
                prop_assert!(part.start < part.end && part.end <= length);
            }
            let _ = parse_chunk_range(&header);
        }

        #[test]
        fn every_part_can_be_asked_for(a in 0_u64..5000, b in 0_u64..5000) {
            let (first, last) = (a.min(b), a.max(b));
            let got = RangeRequest::parse(&format!("bytes={first}-{last}"), 5000);
            prop_assert_eq!(got, RangeRequest::Part(first..last + 1));
        }
    }
}

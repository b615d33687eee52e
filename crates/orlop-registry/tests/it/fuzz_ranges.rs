//! `Range` and `Content-Range`, whatever they say. Also a fuzz target:
//! `fuzz/src/bin/ranges.rs`.

use orlop_registry::{RangeRequest, parse_chunk_range};

/// `LENGTH HEADER`: a part lies inside, and is what the usual header for it gives.
pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (length, header) = text.split_once(' ').unwrap_or(("", &text));
    let length: u64 = length.parse().unwrap_or(1000);
    let asked = RangeRequest::parse(header, length);
    if let RangeRequest::Part(part) = &asked {
        assert!(
            part.start < part.end && part.end <= length,
            "{part:?} of {length}"
        );
        let usual = format!("bytes={}-{}", part.start, part.end - 1);
        assert_eq!(RangeRequest::parse(&usual, length), asked);
    }
    let Some(chunk) = parse_chunk_range(header) else {
        return;
    };
    assert!(chunk.start < chunk.end);
    let usual = format!("{}-{}", chunk.start, chunk.end - 1);
    assert_eq!(parse_chunk_range(&usual), Some(chunk.clone()));
    let same = RangeRequest::parse(&format!("bytes={header}"), u64::MAX);
    assert_eq!(same, RangeRequest::Part(chunk));
}

#[test]
fn near_the_seeds() {
    crate::seeds::replay("ranges", 1, check);
}

//! Gzip of every kind, made by zlib and by hand.

use std::io::{Read, Write};

use flate2::{Compression, GzBuilder};
use orlop_inflate::{GzipDecoder, InflateError};
use proptest::collection::vec;
use proptest::prelude::*;

use super::fuzz_gzip::{check, plain};

fn gzip(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = GzBuilder::new().write(Vec::new(), Compression::new(level));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Text with the same words again and again, near and far; noise; runs.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        vec(any::<u8>(), 0..3_000),
        (any::<u8>(), 1usize..70_000).prop_map(|(byte, count)| vec![byte; count]),
        ("[a-e ]{1,40}", 1usize..2_000).prop_map(|(words, count)| words.repeat(count).into_bytes()),
        (vec(any::<u8>(), 1..20), 1usize..5_000).prop_map(|(bytes, count)| bytes.repeat(count)),
    ];
    vec(piece, 0..8).prop_map(|pieces| {
        let mut bytes = pieces.concat();
        // What was, again: matches as far as they may be.
        let far = bytes.len().min(32_768);
        bytes.extend_from_within(..far);
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_was_compressed_comes_back(
        bytes in content(),
        level in 0u32..10,
        source in 1usize..100_000,
        buffer in 1usize..400_000,
    ) {
        let gzip = gzip(&bytes, level);
        prop_assert!(plain(&gzip, source, buffer).unwrap() == bytes);
    }

    #[test]
    fn damage_is_refused_as_zlib_does(
        bytes in content(),
        level in 0u32..10,
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        size in any::<u8>(),
    ) {
        let mut gzip = gzip(&bytes[..bytes.len().min(20_000)], level);
        for (place, byte) in changes {
            let place = place.index(gzip.len());
            gzip[place] ^= byte;
        }
        gzip.insert(0, size);
        check(&gzip);
    }

    #[test]
    fn blocks_of_noise_are_refused_as_zlib_does(
        noise in vec(any::<u8>(), 0..300),
        kind in 0u8..4,
        size in any::<u8>(),
    ) {
        let mut gzip = vec![size, 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, kind << 1];
        gzip.extend_from_slice(&noise);
        check(&gzip);
    }
}

#[test]
fn members_follow_one_another_and_nothing_follows_them() {
    let joined = [gzip(b"one ", 6), gzip(b"", 0), gzip(b"two", 1)].concat();
    assert_eq!(plain(&joined, 1, 3).unwrap(), b"one two");
    for behind in [&b"\0"[..], b"garbage", b"\x1f\x8b"] {
        let longer = [&joined[..], behind].concat();
        assert!(plain(&longer, 1 << 20, 64).is_err(), "{behind:?}");
    }
}

#[test]
fn what_a_header_may_have_is_skipped() {
    let mut encoder = GzBuilder::new()
        .extra([7; 1_000])
        .filename("a name")
        .comment("a comment")
        .write(Vec::new(), Compression::fast());
    encoder.write_all(b"content").unwrap();
    let whole = encoder.finish().unwrap();
    assert_eq!(plain(&whole, 5, 64).unwrap(), b"content");
    // With a checksum of the header (RFC 1952, section 2.3.1).
    let mut header = vec![0x1f, 0x8b, 8, 2, 0, 0, 0, 0, 0, 3];
    let checksum = crc(&header).to_le_bytes();
    header.extend_from_slice(&checksum[..2]);
    let body = &gzip(b"content", 6)[10..];
    assert_eq!(plain(&[&header, body].concat(), 5, 64).unwrap(), b"content");
    header[10] ^= 1;
    let wrong = plain(&[&header, body].concat(), 5, 64).unwrap_err();
    assert_eq!(wrong.to_string(), InflateError::HeaderChecksum.to_string());
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// A match mustn't reach into the member before, though its content is still in the window.
#[test]
fn a_member_knows_nothing_of_the_one_before() {
    let body = gzip(b"abcabcabc", 6);
    // "abc" as literals of fixed codes, and a match of three bytes at distance four.
    let reaching = [
        0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 0x4c, 0x4a, 0x06, 0x13,
    ];
    let joined = [&body[..], &reaching].concat();
    assert_eq!(
        plain(&joined, 64, 64).unwrap_err().to_string(),
        InflateError::TooFarBack.to_string()
    );
}

#[test]
fn wrong_sums_are_found_and_stay_found() {
    let bytes = vec![b'x'; 1_000_000];
    let whole = gzip(&bytes, 6);
    for (place, error) in [(8, InflateError::Checksum), (4, InflateError::Length)] {
        let mut wrong = whole.clone();
        let at = wrong.len() - place;
        wrong[at] ^= 1;
        let mut decoder = GzipDecoder::new(&wrong[..]);
        let mut content = Vec::new();
        let told = decoder.read_to_end(&mut content).unwrap_err();
        assert_eq!(told.to_string(), error.to_string());
        // Who asks again isn't told that all is well.
        decoder.read_to_end(&mut content).unwrap_err();
    }
}

#[test]
fn each_cut_is_an_early_end() {
    let whole = gzip(&b"some text, and some more text".repeat(30), 6);
    for at in 0..whole.len() {
        let cut = plain(&whole[..at], 7, 64).unwrap_err();
        assert_eq!(cut.kind(), std::io::ErrorKind::UnexpectedEof, "{at}: {cut}");
    }
}

#[test]
fn an_error_of_the_source_keeps_its_words() {
    struct Torn;
    impl Read for Torn {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("torn"))
        }
    }
    let source = gzip(&[0; 100_000], 6);
    let mut decoder = GzipDecoder::new((&source[..50]).chain(Torn));
    let told = decoder.read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(told.to_string(), "torn");
}

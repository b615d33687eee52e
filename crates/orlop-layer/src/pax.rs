//! PAX records, read strictly (POSIX.1-2017, `pax`, "pax Extended Header").
//!
//! `tar-core` applies most records itself, but takes no negative or fractional times, stops
//! silently at a malformed record and knows nothing of libarchive's attributes. What it reads
//! leniently is read again here and refused when it isn't exactly right.

use std::collections::BTreeMap;

use base64::Engine as _;

use crate::Time;

/// What the records of one entry say beyond what `tar-core` applies.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Records {
    /// `mtime`.
    pub(crate) mtime: Option<Time>,
    /// `size`.
    pub(crate) size: Option<u64>,
    /// There is a `path` or `GNU.sparse.name`, so that a NUL in the name is no C string's end.
    pub(crate) names_path: bool,
    /// `linkpath`.
    pub(crate) names_link: bool,
    /// Extended attributes by name, raw values.
    pub(crate) xattrs: BTreeMap<Vec<u8>, Vec<u8>>,
}

const SCHILY: &[u8] = b"SCHILY.xattr.";
const LIBARCHIVE: &[u8] = b"LIBARCHIVE.xattr.";

impl Records {
    /// Reads the content of an `x` entry.
    pub(crate) fn parse(mut data: &[u8]) -> Result<Self, String> {
        let mut records = Self::default();
        let mut libarchive = Vec::new();
        while !data.is_empty() {
            let (key, value, rest) = record(data).ok_or("a malformed PAX record")?;
            data = rest;
            match key {
                b"mtime" => records.mtime = Some(time(value).ok_or_else(|| bad("mtime", value))?),
                b"size" => records.size = Some(number(value).ok_or_else(|| bad("size", value))?),
                b"uid" | b"gid" => {
                    number(value).ok_or_else(|| bad("owner", value))?;
                }
                b"path" | b"GNU.sparse.name" => records.names_path = true,
                b"linkpath" => records.names_link = true,
                _ => {
                    if let Some(name) = key.strip_prefix(SCHILY) {
                        records.xattrs.insert(attribute(name)?, value.to_vec());
                    } else if let Some(name) = key.strip_prefix(LIBARCHIVE) {
                        libarchive.push((name, value));
                    }
                }
            }
        }
        // bsdtar writes each attribute in both forms: SCHILY's is the plain one.
        for (name, value) in libarchive {
            let name = attribute(&percent_decoded(name))?;
            let value = base64::engine::general_purpose::STANDARD_NO_PAD
                .decode(value.trim_ascii_end().strip_suffix(b"==").unwrap_or(value))
                .or_else(|_| base64::engine::general_purpose::STANDARD.decode(value))
                .map_err(|_| bad("LIBARCHIVE.xattr", value))?;
            records.xattrs.entry(name).or_insert(value);
        }
        Ok(records)
    }
}

/// Splits off one `LENGTH KEY=VALUE\n`.
fn record(data: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = data.iter().take(20).position(|&byte| byte == b' ')?;
    let length = usize::try_from(number(&data[..space])?).ok()?;
    let (record, rest) = data.split_at_checked(length)?;
    let pair = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = pair.iter().position(|&byte| byte == b'=')?;
    if equals == 0 {
        return None;
    }
    Some((&pair[..equals], &pair[equals + 1..], rest))
}

fn bad(key: &str, value: &[u8]) -> String {
    format!("an invalid PAX {key}: {}", crate::printable(value))
}

fn attribute(name: &[u8]) -> Result<Vec<u8>, String> {
    if name.is_empty() || name.contains(&0) || name.len() > 255 {
        return Err("an extended attribute with an impossible name".to_owned());
    }
    Ok(name.to_vec())
}

fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Reads `[-]SECONDS[.FRACTION]`. Digits below the nanosecond are dropped, as in Go.
fn time(text: &[u8]) -> Option<Time> {
    let (negative, text) = match text.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = match text.iter().position(|&byte| byte == b'.') {
        Some(dot) => (&text[..dot], &text[dot + 1..]),
        None => (text, &text[..0]),
    };
    let seconds = i64::try_from(number(whole)?).ok()?;
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let nanos = (0..9).fold(0, |nanos, place| {
        nanos * 10
            + fraction
                .get(place)
                .map_or(0, |digit| u32::from(digit - b'0'))
    });
    Some(match (negative, nanos) {
        (false, _) => Time { seconds, nanos },
        (true, 0) => Time {
            seconds: -seconds,
            nanos,
        },
        (true, _) => Time {
            seconds: -seconds - 1,
            nanos: 1_000_000_000 - nanos,
        },
    })
}

fn percent_decoded(name: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((&first, tail)) = rest.split_first() {
        let escaped = (first == b'%')
            .then(|| tail.get(..2))
            .flatten()
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match escaped {
            Some(byte) => {
                decoded.push(byte);
                rest = &tail[2..];
            }
            None => {
                decoded.push(first);
                rest = tail;
            }
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(pairs: &[(&[u8], &[u8])]) -> Vec<u8> {
        let mut data = Vec::new();
        for (key, value) in pairs {
            let rest = key.len() + value.len() + 3;
            let mut length = rest + rest.to_string().len();
            length = rest + length.to_string().len();
            data.extend_from_slice(format!("{length} ").as_bytes());
            data.extend_from_slice(&[key, &b"="[..], value, b"\n"].concat());
        }
        data
    }

    #[test]
    fn times_are_read_with_their_sign_and_fraction() {
        let table: &[(&[u8], _)] = &[
            (b"0", Some((0, 0))),
            (b"1700000000.123456789", Some((1_700_000_000, 123_456_789))),
            (b"1.5", Some((1, 500_000_000))),
            (b"1.0000000019", Some((1, 1))),
            (b"1.", Some((1, 0))),
            (b"-1", Some((-1, 0))),
            (b"-1.25", Some((-2, 750_000_000))),
            (b"-0.5", Some((-1, 500_000_000))),
            (b"", None),
            (b"-", None),
            (b".5", None),
            (b"+1", None),
            (b"1.5x", None),
            (b"1e3", None),
            (b"9223372036854775808", None),
        ];
        for (text, expected) in table {
            let expected = expected.map(|(seconds, nanos)| Time { seconds, nanos });
            assert_eq!(time(text), expected, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn attributes_of_both_dialects_are_read() {
        let data = encode(&[
            (b"SCHILY.xattr.user.a", b"\x00\xff=\n"),
            (b"LIBARCHIVE.xattr.user.a", b"aWdub3JlZA=="),
            (b"LIBARCHIVE.xattr.user.b%20c", b"AQID/w"),
            (b"LIBARCHIVE.xattr.user.d", b"AQIDBA=="),
            (b"comment", b"x"),
        ]);
        let xattrs = Records::parse(&data).unwrap().xattrs;
        let expected: &[(&[u8], &[u8])] = &[
            (b"user.a", b"\x00\xff=\n"),
            (b"user.b c", b"\x01\x02\x03\xff"),
            (b"user.d", b"\x01\x02\x03\x04"),
        ];
        let found: Vec<_> = xattrs.iter().map(|(k, v)| (&k[..], &v[..])).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn malformed_records_are_refused() {
        for data in [
            &b"x"[..],
            b"5 a=b",
            b"99 a=b\n",
            b"6 a=b\n6 ab\n",
            b"0 a=b\n",
            b"-6 a=b\n",
            b"5 =b\n",
            b"11 size=-1\n",
            b"12 uid=root\n",
            b"16 mtime=today\n",
            b"19 SCHILY.xattr.=b\n",
        ] {
            assert!(Records::parse(data).is_err(), "{}", data.escape_ascii());
        }
        assert_eq!(Records::parse(b"10 size=7\n").unwrap().size, Some(7));
    }
}

//! Libraries, and the programs that come with them.
//!
//! Wheels of Python and the like carry copies of libraries, renamed with a hash:
//! `libcrypto-1a2b3c4d.so.3`.

use super::classifier::{Classifier, program};

pub(super) const CLASSIFIERS: &[Classifier] = &[
    program(
        "aws-lc",
        &["openssl", "libcrypto*.so*"],
        &[r"AWS-LC {V}\)?\x00"],
    ),
    program(
        "openssl",
        &["openssl", "libcrypto*.so*", "libssl*.so*"],
        &[
            r"\x00OpenSSL (?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:[a-z]+|-(?:alpha|beta|rc)[0-9]+)?)[ \x00]",
        ],
    ),
    program("curl", &["curl"], &[r"curl/{V}"]),
    program("curl", &["libcurl*.so*"], &[r"libcurl/{V}"]),
    program(
        "zlib",
        &["libz.so*", "libz-*.so*"],
        &[r"deflate (?P<version>[0-9]+\.[0-9]+(?:\.[0-9]+){0,2}) Copyright"],
    ),
    Classifier {
        also: Some(b"SQLite format 3"),
        ..program(
            "sqlite",
            &["libsqlite3*.so*", "sqlite3"],
            &[r"\x00(?P<version>3\.[0-9]+\.[0-9]+)\x00"],
        )
    },
    program(
        "glibc",
        &["libc.so.6", "libc-2.*.so"],
        &[
            r"GNU C Library \([^)]{1,80}\) (?:stable|development) release version (?P<version>[0-9]+\.[0-9]+(?:\.[0-9]+)?)",
        ],
    ),
    Classifier {
        also: Some(b"musl libc"),
        ..program(
            "musl",
            &["ld-musl-*.so.1", "libc.musl-*.so.1"],
            &[r"\x00(?P<version>[01]\.[0-9]+\.[0-9]+)\x00"],
        )
    },
    program(
        "krb5",
        &["libkrb5*.so*"],
        &[r"KRB5_BRAND: krb5-[^ \x00]+ (?P<version>[0-9]+(?:\.[0-9]+){1,2})[ \x00]"],
    ),
    program(
        "heimdal-krb5",
        &["libkrb5*.so*"],
        &[r"\$Version: Heimdal (?P<version>[0-9]+(?:\.[0-9]+){1,2})[\s$\x00]"],
    ),
    program(
        "qtbase",
        &["libQt*Core.so*"],
        &[r"\x00Qt {V} \(", r"QtCore library version {V}"],
    ),
    program(
        "ffmpeg",
        &["ffmpeg", "ffprobe"],
        &[r"%s version (?P<version>[0-9]+\.[0-9]+(?:\.[0-9]+)?)"],
    ),
    program(
        "ffmpeg",
        &["libav*.so*", "libswresample*.so*", "libswscale*.so*"],
        &[r"FFmpeg version (?P<version>[0-9]+\.[0-9]+(?:\.[0-9]+)?)"],
    ),
    program("zstd", &["zstd"], &[r"\x00v{V}\x00"]),
    program("xz", &["xz"], &[r"\x00xz \(XZ Utils\) {V}\x00"]),
    Classifier {
        also: Some(b"%s: %s: not in gzip format"),
        ..program("gzip", &["gzip"], &[r"\x00(?P<version>[0-9]+\.[0-9]+)\x00"])
    },
    program("sqlcipher", &["sqlcipher"], &[r"[^0-9]\x00{V}\x00"]),
];

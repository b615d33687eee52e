//! Interpreters, compilers and runtimes of languages.

use super::classifier::{Classifier, program, text};

pub(super) const CLASSIFIERS: &[Classifier] = &[
    Classifier {
        is_named_by_version: true,
        ..program(
            "python",
            &["python*", "libpython*.so*"],
            &[r"\x00(?P<version>[0-9]+\.[0-9]+\.[0-9]+[-.+_a-zA-Z0-9]*)\x00"],
        )
    },
    program("pypy", &["libpypy*.so*"], &[r"\[PyPy {V}"]),
    program(
        "node",
        &["node", "nodejs"],
        &[
            r"node\.js/v{V}",
            r"\x00(?:node )?v(?P<version>[0456]\.[0-9]+\.[0-9]+)\x00",
        ],
    ),
    program(
        "deno",
        &["deno"],
        &[
            r"Deno/{V}",
            r"deno-canary/[0-9a-f]{40}{V}",
            r"deno-[0-9a-f]{40}(?:release/v)?{V}",
            r"{V}[0-9a-f]{40}DENO",
        ],
    ),
    program("bun", &["bun"], &[r"[Bb]un v?{V}", r"bun-{V}"]),
    program(
        "julia",
        &["libjulia-internal.so*", "libjulia.so*"],
        &[
            r"\x00(?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:-(?:alpha|beta|rc)[0-9]+)?)\x00(?:julia version|branch\x00)",
            r"\x00__init__\x00(?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:-(?:alpha|beta|rc)[0-9]+)?)\x00verify_methods",
            r"[^0-9](?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:-(?:alpha|beta|rc)[0-9]+)?)\x00(?:branch|BigInt|_require_dependencies|core2)\x00",
        ],
    ),
    program(
        "ruby",
        &["ruby", "libruby*.so*"],
        &[r"ruby (?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:(?:p|preview|rc|dev)[0-9]*)?) \([0-9]{4}-"],
    ),
    program(
        "perl",
        &["perl", "libperl.so*"],
        &[r"/perl[0-9]?/(?P<version>5\.[0-9]+\.[0-9]+)[/\x00]"],
    ),
    program(
        "php-cli",
        &[
            "php", "php5", "php7", "php8", "php81", "php82", "php83", "php84",
        ],
        &[PHP],
    ),
    program("php-fpm", &["php-fpm*"], &[PHP]),
    program("libphp", &["libphp*.so"], &[PHP]),
    text(
        "composer",
        &["composer", "composer.phar"],
        &[
            r"'pretty_version'\s*=>\s*'(?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:(?:beta|alpha|RC)[0-9]+)?)'",
        ],
    ),
    text("wp-cli", &["wp", "wp-cli.phar"], &[r"wp-cli/wp-cli {V}"]),
    program(
        "graalvm",
        &["java", "jdb"],
        &[r"\x00(?P<version>[0-9]+[.0-9]*\+[0-9]+-jvmci-[0-9]+[.0-9]*-b[0-9]+)\x00"],
    ),
    // The name of the launcher and of the program stand before or, on arm64, after the version.
    program(
        "openjdk",
        &["java", "jdb"],
        &[
            r"\x00openjdk\x00(?:java|jdb)\x00[0-9][.0-9]*\x00(?P<version>[0-9]+[-+._a-zA-Z0-9]+)\x00",
            r"\x00[0-9]+\.[0-9]+\x00+(?P<version>[0-9]+[-+._a-zA-Z0-9]+)\x00+openjdk\x00(?:java|jdb)\x00",
        ],
    ),
    program("jre", &["java"], &[ORACLE]),
    program("jdk", &["jdb"], &[ORACLE]),
    program(
        "rust",
        &["libstd-*.so", "libstd-*.dylib"],
        &[
            r"(?:rustc version|c) (?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:-[a-z]+(?:\.[0-9]+)?)?) \([0-9a-f]+ [0-9]{4}-",
        ],
    ),
    program(
        "erlang",
        &["erlexec", "beam.smp", "liberts_internal.a"],
        &[
            r"/otp[-_](?:src_)?(?P<version>[0-9]+\.[0-9]+(?:\.[0-9]+){0,2}(?:-rc[0-9])?)/erts/",
            r"\x00(?P<version>[0-9]+\.[0-9]+(?:\.[0-9]+){0,2}(?:-rc[0-9])?)\x00+Erlang/OTP",
            r"Erlang/OTP.{1,150}?\x00+(?P<version>[0-9]+\.[0-9]+(?:\.[0-9]+){0,2}(?:-rc[0-9])?)\x00",
        ],
    ),
    text(
        "elixir",
        &["elixir"],
        &[r"ELIXIR_VERSION=(?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:-[a-z0-9]+(?:\.[0-9]+)?)?)"],
    ),
    text(
        "elixir",
        &["elixir/ebin/elixir.app"],
        &[r#"\{vsn,"(?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:-[a-z0-9]+(?:\.[0-9]+)?)?)"\}"#],
    ),
    program("swipl", &["swipl"], &[r"swipl-{V}/"]),
    program(
        "dart",
        &["dart"],
        &[
            r"\x00(?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:-[0-9]+(?:\.[0-9]+)?\.(?:beta|dev))?) \((?:stable|beta|dev)\)",
        ],
    ),
    program(
        "haskell/ghc",
        &["ghc", "ghc-*"],
        &[
            r"\x00GHC {V}\x00",
            r"\x00libHSghc-{V}-(?:[a-zA-Z0-9]+-)?ghc[0-9.]+\.so\x00",
        ],
    ),
    program(
        "haskell/cabal",
        &["cabal"],
        &[
            r"\x00Cabal-(?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:\.[0-9]+)?)-",
            r"/cabal-install-(?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:\.[0-9]+)?)-[a-zA-Z0-9]+\x00",
        ],
    ),
    program("haskell/stack", &["stack"], &[r"Version\s*{V},\s*Git"]),
    program("gcc", &["gcc"], &[r"GCC: \(GNU\) {V}"]),
];

const PHP: &str =
    r"X-Powered-By: PHP/(?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:(?:beta|alpha|RC)[0-9]+)?)";

/// What Oracle's builds have, and everything else that is no OpenJDK.
const ORACLE: &str = r"\x00(?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:[-_+][-._+a-zA-Z0-9]*)?)\x00";

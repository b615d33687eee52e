//! Platforms: their texts, their normal forms, and which one fits a machine.
//!
//! The rules are containerd's (`platforms` module: `database.go`, `compare.go`), which Docker uses:
//! `x86_64` is `amd64`, `aarch64` is `arm64` (whose `v8` is implied), `armhf` is `arm/v7`, and an
//! ARM machine of variant N also runs images for lower variants.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::json::objects_only;

/// Operating system, architecture and variant (image-spec, image-index.md, `platform`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct Platform {
    /// `GOARCH`.
    #[serde(default)]
    pub architecture: String,
    /// `GOOS`.
    #[serde(default)]
    pub os: String,
    /// For Windows.
    #[serde(
        default,
        rename = "os.version",
        skip_serializing_if = "Option::is_none"
    )]
    pub os_version: Option<String>,
    /// For Windows.
    #[serde(
        default,
        rename = "os.features",
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "crate::descriptor::null_is_default"
    )]
    pub os_features: Vec<String>,
    /// The CPU variant: `v6`, `v7`, `v8`, ….
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

objects_only!(Platform);

/// Why a text is not a platform. The text is Docker's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?}: {why}: invalid argument")]
pub struct PlatformError {
    text: String,
    why: &'static str,
}

impl Platform {
    /// A platform in its normal form.
    pub fn new(os: &str, architecture: &str, variant: Option<&str>) -> Self {
        let mut platform = Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant: variant.filter(|v| !v.is_empty()).map(str::to_owned),
            ..Self::default()
        };
        platform.normalize();
        platform
    }

    /// The platform that this program was built for.
    pub fn host() -> Self {
        // Orlop runs on Linux, and its images are Linux images elsewhere too.
        let arch = match std::env::consts::ARCH {
            "x86" => "386",
            "powerpc64" if cfg!(target_endian = "little") => "ppc64le",
            other => other,
        };
        let variant = (arch == "arm").then_some("v7");
        Self::new("linux", arch, variant)
    }

    /// `unknown/unknown`: the place of an attestation manifest in an index.
    pub fn is_unknown(&self) -> bool {
        self.os == "unknown" && self.architecture == "unknown"
    }

    /// Neither system nor architecture is given, as in the index of an artifact.
    pub fn is_empty(&self) -> bool {
        self.os.is_empty() && self.architecture.is_empty()
    }

    /// The same platform in containerd's normal form.
    #[must_use]
    pub fn normalized(mut self) -> Self {
        self.normalize();
        self
    }

    fn normalize(&mut self) {
        self.os = match self.os.to_ascii_lowercase().as_str() {
            "macos" => "darwin".to_owned(),
            other => other.to_owned(),
        };
        let variant = self.variant.take().unwrap_or_default().to_ascii_lowercase();
        let (arch, variant) = normalize_arch(&self.architecture.to_ascii_lowercase(), &variant);
        self.architecture = arch;
        self.variant = (!variant.is_empty()).then_some(variant);
    }

    /// All that a machine of this platform runs, best first.
    pub fn matcher(&self) -> PlatformMatcher {
        PlatformMatcher::new(self.clone())
    }
}

/// containerd `platforms/database.go`, `normalizeArch`.
fn normalize_arch(arch: &str, variant: &str) -> (String, String) {
    let (arch, variant) = match (arch, variant) {
        ("i386" | "i486" | "i586" | "i686" | "x86", _) => ("386", ""),
        ("x86_64" | "x86-64" | "amd64", "v1") => ("amd64", ""),
        ("x86_64" | "x86-64" | "amd64", v) => ("amd64", v),
        ("aarch64" | "arm64", "8" | "v8" | "v8.0") => ("arm64", ""),
        ("aarch64" | "arm64", "9" | "v9.0") => ("arm64", "v9"),
        ("aarch64" | "arm64", v) => ("arm64", v),
        ("armhf", _) => ("arm", "v7"),
        ("armel", _) => ("arm", "v6"),
        ("arm", "" | "7") => ("arm", "v7"),
        ("arm", "5") => ("arm", "v5"),
        ("arm", "6") => ("arm", "v6"),
        ("arm", "8") => ("arm", "v8"),
        ("powerpc64le", v) => ("ppc64le", v),
        ("riscv64gc", v) => ("riscv64", v),
        (a, v) => (a, v),
    };
    (arch.to_owned(), variant.to_owned())
}

impl FromStr for Platform {
    type Err = PlatformError;

    /// `os/arch[/variant]`, or one of the two alone with the machine's for the other.
    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let error = |why| PlatformError {
            text: text.to_owned(),
            why,
        };
        let parts: Vec<&str> = text.split('/').collect();
        let well_formed = |part: &&str| {
            !part.is_empty()
                && part.len() <= 64
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
        };
        if parts.len() > 3 {
            return Err(error(
                "platform specifier must be of the form os[/arch[/variant]]",
            ));
        }
        if !parts.iter().all(well_formed) {
            return Err(error(
                "platform specifier component must match \"^[A-Za-z0-9_.-]+$\"",
            ));
        }
        let host = Self::host();
        Ok(match parts.as_slice() {
            [one] => {
                let lower = one.to_ascii_lowercase();
                if KNOWN_OS.contains(&lower.as_str()) {
                    let variant = (host.architecture == "arm").then_some("v7");
                    Self::new(&lower, &host.architecture, variant)
                } else {
                    let platform = Self::new("linux", &lower, None);
                    if !KNOWN_ARCH.contains(&platform.architecture.as_str()) {
                        return Err(error("unknown operating system or architecture"));
                    }
                    platform
                }
            }
            [os, arch] => Self::new(os, arch, None),
            [os, arch, variant] => Self::new(os, arch, Some(variant)),
            _ => {
                return Err(error(
                    "platform specifier must be of the form os[/arch[/variant]]",
                ));
            }
        })
    }
}

const KNOWN_OS: &[&str] = &[
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "illumos",
    "ios",
    "js",
    "linux",
    "macos",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "wasip1",
    "windows",
];

const KNOWN_ARCH: &[&str] = &[
    "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64",
    "ppc64le", "riscv64", "s390x", "wasm",
];

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_unknown = |text: &str| {
            if text.is_empty() {
                "unknown".to_owned()
            } else {
                text.to_owned()
            }
        };
        write!(
            f,
            "{}/{}",
            or_unknown(&self.os),
            or_unknown(&self.architecture)
        )?;
        match &self.variant {
            Some(variant) if !variant.is_empty() => write!(f, "/{variant}"),
            _ => Ok(()),
        }
    }
}

/// Which platforms a machine runs, and which of two it runs better.
#[derive(Clone, Debug)]
pub struct PlatformMatcher {
    wanted: Platform,
    /// Acceptable (architecture, variant) pairs, best first.
    accepted: Vec<(String, Option<String>)>,
}

impl PlatformMatcher {
    fn new(wanted: Platform) -> Self {
        let wanted = wanted.normalized();
        let accepted = fallbacks(&wanted);
        Self { wanted, accepted }
    }

    /// The platform that was asked for.
    pub fn wanted(&self) -> &Platform {
        &self.wanted
    }

    /// `0` for the best fit, higher for a fallback, `None` when it doesn't run there.
    pub fn rank(&self, candidate: &Platform) -> Option<usize> {
        let candidate = candidate.clone().normalized();
        if candidate.os != self.wanted.os {
            return None;
        }
        if let Some(version) = &self.wanted.os_version
            && candidate.os_version.as_ref().is_some_and(|v| v != version)
        {
            return None;
        }
        self.accepted.iter().position(|(arch, variant)| {
            *arch == candidate.architecture && *variant == candidate.variant
        })
    }

    /// Whether the machine runs `candidate` at all.
    pub fn matches(&self, candidate: &Platform) -> bool {
        self.rank(candidate).is_some()
    }

    /// Orders the better fit first; what doesn't fit comes last.
    pub fn compare(&self, a: &Platform, b: &Platform) -> Ordering {
        match (self.rank(a), self.rank(b)) {
            (Some(a), Some(b)) => a.cmp(&b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        }
    }
}

/// containerd `platforms/compare.go`, `platformVector`.
fn fallbacks(platform: &Platform) -> Vec<(String, Option<String>)> {
    let numbered = |prefix: &str, from: u32, to: u32| -> Vec<(String, Option<String>)> {
        (to..=from)
            .rev()
            .map(|n| (prefix.to_owned(), Some(format!("v{n}"))))
            .collect()
    };
    let number = |variant: &str| -> Option<u32> {
        variant
            .strip_prefix('v')?
            .split('.')
            .next()?
            .parse()
            .ok()
            .filter(|n| *n < 16)
    };
    let variant = platform.variant.as_deref().unwrap_or_default();
    let mut accepted = vec![(platform.architecture.clone(), platform.variant.clone())];
    match platform.architecture.as_str() {
        "amd64" => {
            if let Some(level) = number(variant).filter(|n| *n > 1) {
                accepted.extend(numbered("amd64", level - 1, 2));
                accepted.push(("amd64".to_owned(), None));
            }
            accepted.push(("386".to_owned(), None));
        }
        "arm" => {
            if let Some(level) = number(variant).filter(|n| *n > 5) {
                accepted.extend(numbered("arm", level - 1, 5));
            }
        }
        "arm64" => {
            if variant.starts_with("v9") {
                accepted.push(("arm64".to_owned(), Some("v9".to_owned())));
            }
            if !variant.is_empty() {
                accepted.push(("arm64".to_owned(), None));
            }
            accepted.extend(numbered("arm", 8, 5));
        }
        _ => {}
    }
    accepted.dedup();
    accepted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(text: &str) -> Platform {
        text.parse().unwrap()
    }

    #[test]
    fn texts_are_normalized() {
        for (text, normal) in [
            ("linux/amd64", "linux/amd64"),
            ("Linux/x86_64", "linux/amd64"),
            ("linux/aarch64", "linux/arm64"),
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/arm", "linux/arm/v7"),
            ("linux/armhf", "linux/arm/v7"),
            ("linux/arm/6", "linux/arm/v6"),
            ("linux/i386", "linux/386"),
            ("arm64", "linux/arm64"),
            ("s390x", "linux/s390x"),
            ("windows/amd64", "windows/amd64"),
        ] {
            assert_eq!(p(text).to_string(), normal, "{text}");
        }
        assert_eq!(p("linux").architecture, Platform::host().architecture);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "/",
            "linux/",
            "linux/amd64/v1/x",
            "linux/am d64",
            "nonsense",
        ] {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
    }

    #[test]
    fn arm_falls_back_to_lower_variants() {
        let matcher = p("linux/arm/v7").matcher();
        assert_eq!(matcher.rank(&p("linux/arm/v7")), Some(0));
        assert_eq!(matcher.rank(&p("linux/arm/v6")), Some(1));
        assert_eq!(matcher.rank(&p("linux/arm/v5")), Some(2));
        assert_eq!(matcher.rank(&p("linux/arm/v8")), None);
        assert_eq!(matcher.rank(&p("linux/amd64")), None);
    }

    #[test]
    fn arm64_runs_arm_and_amd64_runs_386() {
        assert!(p("linux/arm64").matcher().matches(&p("linux/arm/v7")));
        assert!(p("linux/amd64").matcher().matches(&p("linux/386")));
        assert!(!p("linux/386").matcher().matches(&p("linux/amd64")));
        let matcher = p("linux/amd64/v3").matcher();
        assert_eq!(
            matcher.compare(&p("linux/amd64/v2"), &p("linux/amd64")),
            Ordering::Less
        );
        assert!(!p("linux/amd64").matcher().matches(&p("linux/amd64/v3")));
    }

    #[test]
    fn attestations_are_unknown() {
        let unknown = Platform {
            os: "unknown".into(),
            architecture: "unknown".into(),
            ..Platform::default()
        };
        assert!(unknown.is_unknown());
        assert!(!Platform::host().matcher().matches(&unknown));
    }
}

//! What is fetched, and where from.

use std::collections::BTreeMap;

use url::Url;

/// Where each kind of source is published. Those of OSV and Alpine are folders of several files.
pub const DEFAULT_URLS: &[(&str, &str)] = &[
    ("osv", "https://osv-vulnerabilities.storage.googleapis.com"),
    ("alpine", "https://secdb.alpinelinux.org"),
    ("wolfi", "https://packages.wolfi.dev/os/security.json"),
    (
        "chainguard",
        "https://packages.cgr.dev/chainguard/security.json",
    ),
    (
        "debian",
        "https://security-tracker.debian.org/tracker/data/json",
    ),
    (
        "epss",
        "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",
    ),
    (
        "kev",
        "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
    ),
];

/// The ecosystems that are fetched of OSV: those of packages that scans find.
pub const DEFAULT_ECOSYSTEMS: &[&str] = &[
    "AlmaLinux",
    "Alpine",
    "Chainguard",
    "Debian",
    "Go",
    "Mageia",
    "Maven",
    "MinimOS",
    "NuGet",
    "Packagist",
    "PyPI",
    "Red Hat",
    "Rocky Linux",
    "RubyGems",
    "SUSE",
    "Ubuntu",
    "Wolfi",
    "crates.io",
    "npm",
    "openEuler",
    "openSUSE",
];

/// The releases that are fetched of Alpine's own database. OSV has all of them too.
pub const DEFAULT_RELEASES: &[&str] = &[
    "v3.10", "v3.11", "v3.12", "v3.13", "v3.14", "v3.15", "v3.16", "v3.17", "v3.18", "v3.19",
    "v3.20", "v3.21", "v3.22", "v3.23", "edge",
];

/// One file to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedSource {
    /// What it is called: `osv/PyPI`.
    pub name: String,
    /// Where it is.
    pub url: Url,
}

/// What is to be fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourcesWanted {
    /// Kinds of sources by their names; all there are if `None`.
    pub sources: Option<Vec<String>>,
    /// Ecosystems of OSV; [`DEFAULT_ECOSYSTEMS`] if `None`.
    pub ecosystems: Option<Vec<String>>,
    /// Releases of Alpine; [`DEFAULT_RELEASES`] if `None`.
    pub releases: Option<Vec<String>>,
    /// Where kinds of sources are, if not where [`DEFAULT_URLS`] says. Other names are sources of the
    /// user's own, of one file in any form that is known.
    pub urls: BTreeMap<String, String>,
}

impl SourcesWanted {
    /// The files.
    ///
    /// # Errors
    /// Which setting makes no sense (`urls.NAME`), and a clause about it.
    pub fn files(&self) -> Result<Vec<FeedSource>, (String, String)> {
        let mut files = Vec::new();
        for kind in self.kinds()? {
            let url = self.url(&kind)?;
            match kind.as_str() {
                "osv" => {
                    for ecosystem in or(self.ecosystems.as_deref(), DEFAULT_ECOSYSTEMS) {
                        let url = below(&url, &[&ecosystem, "all.zip"]);
                        files.push(named(format!("osv/{ecosystem}"), url));
                    }
                }
                "alpine" => {
                    for release in or(self.releases.as_deref(), DEFAULT_RELEASES) {
                        for part in ["main", "community"] {
                            let url = below(&url, &[&release, &format!("{part}.json")]);
                            files.push(named(format!("alpine/{release}/{part}"), url));
                        }
                    }
                }
                _ => files.push(named(kind, url)),
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        files.retain(|file| seen.insert(file.name.clone()));
        Ok(files)
    }

    fn kinds(&self) -> Result<Vec<String>, (String, String)> {
        let known = DEFAULT_URLS.iter().map(|(name, _)| (*name).to_owned());
        let own = self.urls.keys().filter(|name| default_url(name).is_none());
        let all: Vec<String> = known.chain(own.cloned()).collect();
        let Some(wanted) = &self.sources else {
            return Ok(all);
        };
        match wanted.iter().find(|name| !all.contains(name)) {
            Some(unknown) => {
                let all = all.join(", ");
                let why = format!("there is no source {unknown:?}; there are {all}");
                Err(("sources".to_owned(), why))
            }
            None => Ok(wanted.clone()),
        }
    }

    fn url(&self, kind: &str) -> Result<Url, (String, String)> {
        let text = self.urls.get(kind).map(String::as_str);
        let text = text.or_else(|| default_url(kind)).unwrap_or_default();
        let fault = |why: String| (format!("urls.{kind}"), format!("{text:?} {why}"));
        let url = Url::parse(text).map_err(|error| fault(format!("is no address: {error}")))?;
        match url.scheme() {
            "http" | "https" => Ok(url),
            _ => Err(fault("is neither http nor https".to_owned())),
        }
    }
}

fn default_url(kind: &str) -> Option<&'static str> {
    let found = DEFAULT_URLS.iter().find(|(name, _)| *name == kind);
    found.map(|(_, url)| *url)
}

fn or(said: Option<&[String]>, default: &[&str]) -> Vec<String> {
    match said {
        Some(said) => said.to_vec(),
        None => default.iter().map(|&text| text.to_owned()).collect(),
    }
}

fn named(name: String, url: Url) -> FeedSource {
    FeedSource { name, url }
}

/// A file below a folder.
fn below(folder: &Url, path: &[&str]) -> Url {
    let mut url = folder.clone();
    // An address of http has a path.
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(list: &[&str]) -> Option<Vec<String>> {
        Some(list.iter().map(|&text| text.to_owned()).collect())
    }

    #[test]
    fn everything_by_default() {
        let files = SourcesWanted::default().files().expect("files");
        let url = |name: &str| {
            let found = files.iter().find(|file| file.name == name);
            found.expect(name).url.to_string()
        };
        assert_eq!(
            url("osv/Red Hat"),
            "https://osv-vulnerabilities.storage.googleapis.com/Red%20Hat/all.zip"
        );
        assert_eq!(
            url("alpine/v3.20/main"),
            "https://secdb.alpinelinux.org/v3.20/main.json"
        );
        let count = DEFAULT_ECOSYSTEMS.len() + 2 * DEFAULT_RELEASES.len() + 5;
        assert_eq!(files.len(), count);
    }

    #[test]
    fn a_mirror_and_a_source_of_ones_own() {
        let urls = [
            ("osv", "http://mirror.example/osv/"),
            ("ours", "https://x.example/our.zip"),
        ];
        let wanted = SourcesWanted {
            sources: texts(&["osv", "ours"]),
            ecosystems: texts(&["PyPI", "npm", "PyPI"]),
            urls: urls.map(|(name, url)| (name.into(), url.into())).into(),
            ..SourcesWanted::default()
        };
        let files: Vec<String> = wanted
            .files()
            .expect("files")
            .iter()
            .map(|file| format!("{} {}", file.name, file.url))
            .collect();
        assert_eq!(
            files,
            [
                "osv/PyPI http://mirror.example/osv/PyPI/all.zip",
                "osv/npm http://mirror.example/osv/npm/all.zip",
                "ours https://x.example/our.zip",
            ]
        );
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let unknown = SourcesWanted {
            sources: texts(&["nvd"]),
            ..SourcesWanted::default()
        };
        let (key, why) = unknown.files().expect_err("no such source");
        assert_eq!(key, "sources");
        assert!(why.contains("\"nvd\""), "{why}");
        for url in ["ftp://x/", "nowhere"] {
            let wanted = SourcesWanted {
                urls: [("kev".to_owned(), url.to_owned())].into(),
                ..SourcesWanted::default()
            };
            assert_eq!(wanted.files().expect_err(url).0, "urls.kev");
        }
    }
}

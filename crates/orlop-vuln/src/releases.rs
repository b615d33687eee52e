//! Releases of distributions: what advisories call them, and when they end.

use jiff::civil::Date;
use orlop_sbom::Release;

/// `ID` and `VERSION_ID` of os-release(5), the code name, and the day after which there are no more
/// security updates that are open to all; empty where it isn't set yet. Debian's includes its LTS.
///
/// Debian and Ubuntu: their package `distro-info-data`, 2026. Alpine: two years after a release, as the
/// project announces them. Red Hat and its children: the announced end of maintenance. No file of
/// theirs has the last two: compare them with the projects' own pages before relying on a day.
#[rustfmt::skip]
const RELEASES: &[(&str, &str, &str, &str)] = &[
    ("alpine", "3.3", "", "2017-11-01"),
    ("alpine", "3.4", "", "2018-05-01"),
    ("alpine", "3.5", "", "2018-11-01"),
    ("alpine", "3.6", "", "2019-05-01"),
    ("alpine", "3.7", "", "2019-11-01"),
    ("alpine", "3.8", "", "2020-05-01"),
    ("alpine", "3.9", "", "2020-11-01"),
    ("alpine", "3.10", "", "2021-05-01"),
    ("alpine", "3.11", "", "2021-11-01"),
    ("alpine", "3.12", "", "2022-05-01"),
    ("alpine", "3.13", "", "2022-11-01"),
    ("alpine", "3.14", "", "2023-05-01"),
    ("alpine", "3.15", "", "2023-11-01"),
    ("alpine", "3.16", "", "2024-05-23"),
    ("alpine", "3.17", "", "2024-11-22"),
    ("alpine", "3.18", "", "2025-05-09"),
    ("alpine", "3.19", "", "2025-11-01"),
    ("alpine", "3.20", "", "2026-04-01"),
    ("alpine", "3.21", "", "2026-11-01"),
    ("alpine", "3.22", "", "2027-05-01"),
    ("alpine", "3.23", "", "2027-11-01"),
    ("debian", "7", "wheezy", "2018-05-31"),
    ("debian", "8", "jessie", "2020-06-30"),
    ("debian", "9", "stretch", "2022-06-30"),
    ("debian", "10", "buster", "2024-06-30"),
    ("debian", "11", "bullseye", "2026-08-31"),
    ("debian", "12", "bookworm", "2028-06-30"),
    ("debian", "13", "trixie", "2030-06-30"),
    ("debian", "14", "forky", ""),
    ("debian", "15", "duke", ""),
    ("ubuntu", "14.04", "trusty", "2019-04-25"),
    ("ubuntu", "14.10", "utopic", "2015-07-23"),
    ("ubuntu", "15.04", "vivid", "2016-02-04"),
    ("ubuntu", "15.10", "wily", "2016-07-28"),
    ("ubuntu", "16.04", "xenial", "2021-04-30"),
    ("ubuntu", "16.10", "yakkety", "2017-07-20"),
    ("ubuntu", "17.04", "zesty", "2018-01-13"),
    ("ubuntu", "17.10", "artful", "2018-07-19"),
    ("ubuntu", "18.04", "bionic", "2023-05-31"),
    ("ubuntu", "18.10", "cosmic", "2019-07-18"),
    ("ubuntu", "19.04", "disco", "2020-01-23"),
    ("ubuntu", "19.10", "eoan", "2020-07-17"),
    ("ubuntu", "20.04", "focal", "2025-05-29"),
    ("ubuntu", "20.10", "groovy", "2021-07-22"),
    ("ubuntu", "21.04", "hirsute", "2022-01-20"),
    ("ubuntu", "21.10", "impish", "2022-07-14"),
    ("ubuntu", "22.04", "jammy", "2027-06-01"),
    ("ubuntu", "22.10", "kinetic", "2023-07-20"),
    ("ubuntu", "23.04", "lunar", "2024-01-25"),
    ("ubuntu", "23.10", "mantic", "2024-07-11"),
    ("ubuntu", "24.04", "noble", "2029-05-31"),
    ("ubuntu", "24.10", "oracular", "2025-07-10"),
    ("ubuntu", "25.04", "plucky", "2026-01-15"),
    ("ubuntu", "25.10", "questing", "2026-07-09"),
    ("ubuntu", "26.04", "resolute", "2031-05-29"),
    ("rhel", "7", "", "2024-06-30"),
    ("rhel", "8", "", "2029-05-31"),
    ("rhel", "9", "", "2032-05-31"),
    ("rhel", "10", "", "2035-05-31"),
    ("centos", "6", "", "2020-11-30"),
    ("centos", "7", "", "2024-06-30"),
    ("centos", "8", "", "2021-12-31"),
    ("rocky", "8", "", "2029-05-31"),
    ("rocky", "9", "", "2032-05-31"),
    ("almalinux", "8", "", "2029-03-01"),
    ("almalinux", "9", "", "2032-05-31"),
];

/// The number of a Debian release by its code name; `unstable` for `sid`.
pub(crate) fn debian_release(codename: &str) -> Option<&'static str> {
    if codename == "sid" {
        return Some("unstable");
    }
    let mut rows = RELEASES.iter().filter(|row| row.0 == "debian");
    rows.find(|row| row.2 == codename).map(|row| row.1)
}

/// The minor release of RHEL that a package was made for: `9_2` of `7.76.1-23.el9_2.4`. Most don't say.
pub(crate) fn rhel_minor(version: &str) -> Option<&str> {
    let (_, tail) = version.rsplit_once(".el")?;
    let (major, rest) = tail.split_once('_')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let tag = &tail[..major.len() + 1 + digits];
    (is_number(major) && digits > 0).then_some(tag)
}

/// The day after which a release gets no more security updates, where that is known.
pub fn end_of_life(release: &Release) -> Option<Date> {
    let wanted = match release.id.as_str() {
        "alpine" => first_parts(&release.version, 2),
        "ubuntu" => release.version.as_str(),
        _ => first_parts(&release.version, 1),
    };
    let row = RELEASES
        .iter()
        .find(|row| row.0 == release.id && row.1 == wanted)?;
    row.3.parse().ok()
}

/// Which ecosystems of OSV have a distribution's advisories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ecosystems {
    /// This one alone.
    One(String),
    /// This one, and those whose name goes on with `:` or `.` after it: Red Hat's repositories.
    Below(String),
}

impl Ecosystems {
    /// The name to tell people.
    pub(crate) fn name(&self) -> &str {
        let (Self::One(name) | Self::Below(name)) = self;
        name
    }

    /// Whether an ecosystem is meant.
    pub(crate) fn has(&self, ecosystem: &str) -> bool {
        match self {
            Self::One(name) => ecosystem == name,
            Self::Below(name) => ecosystem
                .strip_prefix(name.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '.'])),
        }
    }
}

/// The ecosystem of a release, as advisories write it. A distribution that isn't known gets the name of
/// its own with its version, for which there is no data.
pub(crate) fn of_release(release: &Release) -> Ecosystems {
    let version = release.version.as_str();
    let major = first_parts(version, 1);
    let one = |name: String| Ecosystems::One(name);
    match release.id.as_str() {
        "alpine" if version.is_empty() || version.contains('_') => one("Alpine:edge".into()),
        "alpine" => one(format!("Alpine:v{}", first_parts(version, 2))),
        "wolfi" => one("Wolfi".into()),
        "chainguard" => one("Chainguard".into()),
        "debian" if version.is_empty() => one(format!("Debian:{}", debian_without(release))),
        "debian" => one(format!("Debian:{major}")),
        "ubuntu" => one(ubuntu(version)),
        "rhel" | "centos" => Ecosystems::Below(format!("Red Hat:enterprise_linux:{major}")),
        "rocky" => one(format!("Rocky Linux:{major}")),
        "almalinux" => one(format!("AlmaLinux:{major}")),
        "opensuse-leap" => one(format!("openSUSE:Leap {version}")),
        "opensuse-tumbleweed" => one("openSUSE:Tumbleweed".into()),
        "sles" => one(suse(version)),
        "photon" => one(format!("Photon OS:{version}")),
        "azurelinux" | "mariner" => one(format!("Azure Linux:{major}")),
        "mageia" => one(format!("Mageia:{major}")),
        other if version.is_empty() => one(other.to_owned()),
        other => one(format!("{other}:{version}")),
    }
}

/// Testing and unstable have a code name alone.
fn debian_without(release: &Release) -> &str {
    let codename = release.codename.as_str();
    match debian_release(codename) {
        Some(number) => number,
        None if release.pretty_name.contains("sid") || codename.is_empty() => "unstable",
        None => codename,
    }
}

/// Releases of April in even years have long-term support, which is part of the name.
fn ubuntu(version: &str) -> String {
    let version = first_parts(version, 2);
    let year = version
        .strip_suffix(".04")
        .and_then(|year| year.parse::<u32>().ok());
    match year.is_some_and(|year| year % 2 == 0) {
        true => format!("Ubuntu:{version}:LTS"),
        false => format!("Ubuntu:{version}"),
    }
}

/// `SUSE:Linux Enterprise Server 15 SP4` of `15.4`.
fn suse(version: &str) -> String {
    match version.split_once('.') {
        Some((major, pack)) => format!("SUSE:Linux Enterprise Server {major} SP{pack}"),
        None => format!("SUSE:Linux Enterprise Server {version}"),
    }
}

/// The first parts of a version with dots between them.
fn first_parts(version: &str, count: usize) -> &str {
    match version.match_indices('.').nth(count - 1) {
        Some((end, _)) => &version[..end],
        None => version,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(id: &str, version: &str) -> Release {
        Release {
            id: id.into(),
            version: version.into(),
            ..Release::default()
        }
    }

    #[test]
    fn a_release_has_the_name_that_advisories_give_it() {
        for (id, version, name) in [
            ("alpine", "3.9.0", "Alpine:v3.9"),
            ("alpine", "3.22", "Alpine:v3.22"),
            ("alpine", "3.21_alpha20240923", "Alpine:edge"),
            ("wolfi", "20230201", "Wolfi"),
            ("debian", "12", "Debian:12"),
            ("debian", "10.9", "Debian:10"),
            ("debian", "", "Debian:unstable"),
            ("ubuntu", "22.04", "Ubuntu:22.04:LTS"),
            ("ubuntu", "23.04", "Ubuntu:23.04"),
            ("ubuntu", "22.10", "Ubuntu:22.10"),
            ("rhel", "9.2", "Red Hat:enterprise_linux:9"),
            ("rocky", "9.3", "Rocky Linux:9"),
            ("opensuse-leap", "15.5", "openSUSE:Leap 15.5"),
            ("sles", "15.4", "SUSE:Linux Enterprise Server 15 SP4"),
            ("void", "", "void"),
            ("fedora", "40", "fedora:40"),
        ] {
            assert_eq!(of_release(&release(id, version)).name(), name);
        }
    }

    #[test]
    fn the_repositories_of_red_hat_are_below_its_release() {
        let nine = of_release(&release("rhel", "9.2"));
        assert!(nine.has("Red Hat:enterprise_linux:9::baseos"));
        assert!(nine.has("Red Hat:enterprise_linux:9"));
        assert!(!nine.has("Red Hat:enterprise_linux:90"));
        assert!(!nine.has("Red Hat:rhel_eus:9.2::baseos"));
    }

    #[test]
    fn every_end_is_a_date_or_open() {
        for (id, version, _, end) in RELEASES {
            let known = end_of_life(&release(id, version));
            assert_eq!(known.map(|date| date.to_string()).unwrap_or_default(), *end);
        }
        assert!(
            end_of_life(&release("alpine", "3.9.0")) < end_of_life(&release("alpine", "3.10.9"))
        );
        assert_eq!(end_of_life(&release("debian", "14")), None);
    }

    #[test]
    fn code_names_are_those_of_debian() {
        assert_eq!(debian_release("bookworm"), Some("12"));
        assert_eq!(debian_release("sid"), Some("unstable"));
        assert_eq!(debian_release("jammy"), None);
    }
}

//! Which order an ecosystem has, by the names of OSV.

use super::Order;

/// Ecosystems of OSV (schema 1.7, "Defined ecosystems") by their orders. A release after a colon
/// (`Debian:12`) isn't part of the name. What has no order here (CRAN, Hackage) has none that is
/// known for sure.
const ECOSYSTEMS: &[(Order, &[&str])] = &[
    (
        Order::Apk,
        &[
            "Alpaquita",
            "Alpine",
            "BellSoft Hardened Containers",
            "Chainguard",
            "MinimOS",
            "Wolfi",
        ],
    ),
    (Order::Dpkg, &["Debian", "Echo", "Ubuntu"]),
    (
        Order::Rpm,
        &[
            "AlmaLinux",
            "Azure Linux",
            "Mageia",
            "Photon OS",
            "Red Hat",
            "Rocky Linux",
            "SUSE",
            "openEuler",
            "openSUSE",
        ],
    ),
    (
        Order::Semver,
        &[
            "Bitnami",
            "GitHub Actions",
            "Hex",
            "Julia",
            "Pub",
            "SwiftURL",
            "VSCode",
            "crates.io",
        ],
    ),
    (Order::Npm, &["npm"]),
    (Order::Pep440, &["PyPI"]),
    (Order::Maven, &["Maven"]),
    (Order::Go, &["Go"]),
    (Order::Gem, &["RubyGems"]),
    (Order::Composer, &["Packagist"]),
    (Order::Nuget, &["NuGet"]),
    (Order::Conda, &["Conda"]),
];

impl Order {
    /// The order of an ecosystem as OSV names it, with a release or without: `Alpine:v3.20`, `PyPI`.
    /// `None` for one whose order isn't known.
    pub fn of_ecosystem(ecosystem: &str) -> Option<Self> {
        let name = ecosystem.split(':').next().unwrap_or_default();
        let found = ECOSYSTEMS.iter().find(|(_, names)| names.contains(&name));
        found.map(|(order, _)| *order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_no_part_of_the_name() {
        for (ecosystem, order) in [
            ("Alpine:v3.20", Some(Order::Apk)),
            ("Ubuntu:Pro:22.04:LTS", Some(Order::Dpkg)),
            ("Red Hat:enterprise_linux:9::baseos", Some(Order::Rpm)),
            ("Maven:https://repo1.maven.org/maven2", Some(Order::Maven)),
            ("crates.io", Some(Order::Semver)),
            ("debian", None),
            ("", None),
        ] {
            assert_eq!(Order::of_ecosystem(ecosystem), order, "{ecosystem}");
        }
    }

    #[test]
    fn every_order_has_an_ecosystem() {
        let mut orders: Vec<Order> = ECOSYSTEMS.iter().map(|(order, _)| *order).collect();
        orders.sort_unstable();
        assert_eq!(orders, Order::ALL);
    }
}

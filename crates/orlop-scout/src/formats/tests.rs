//! What stands in documents for names and texts that aren't meant well.

use orlop_vuln::{CoverageState, EcosystemCoverage, Severity};

use super::gaps::no_data;
use super::gitlab::{kind, uuid};
use super::markdown::escaped;
use super::sarif::{uri, word};
use super::texts::{bounded, is_web, one_line};

#[test]
fn text_in_markdown_is_nothing_but_text() {
    assert_eq!(
        escaped("libssl3 3.0.11-1~deb12u2"),
        "libssl3 3.0.11-1&#126;deb12u2"
    );
    assert_eq!(
        escaped("https://a.example/b?c=d"),
        "https://a.example/b?c=d"
    );
    assert_eq!(
        escaped("<b a=\"'\">|`](x)*_&@#"),
        "&#60;b a=&#34;&#39;&#34;&#62;&#124;&#96;&#93;&#40;x&#41;&#42;&#95;&#38;&#64;&#35;"
    );
    assert_eq!(escaped("a\nb\u{1b}"), "a&#92;nb&#92;u&#123;1b&#125;");
    // What was no UTF-8 came here as U+FFFD, which is a letter as any other.
    assert_eq!(escaped("caf\u{e9} \u{fffd}"), "caf\u{e9} \u{fffd}");
}

#[test]
fn a_line_stays_one() {
    assert_eq!(one_line("a\r\nb\t\u{202e}c"), "a\\r\\nb\\t\\u{202e}c");
    assert_eq!(one_line("naïve 名"), "naïve 名");
}

#[test]
fn a_text_is_cut_between_letters() {
    assert_eq!(bounded("abcdef", 6), "abcdef");
    assert_eq!(bounded("abcdefg", 6), "abc…");
    for bytes in 3..12 {
        let cut = bounded("ééééééé", bytes);
        assert!(cut.len() <= bytes && cut.ends_with('…'), "{bytes}: {cut}");
    }
}

#[test]
fn a_path_is_an_address_without_a_scheme() {
    assert_eq!(uri("usr/lib/a b.jar"), "usr/lib/a%20b.jar");
    assert_eq!(uri("javascript:alert(1)"), "javascript%3Aalert%281%29");
    assert_eq!(uri("a%2e\n\u{e9}"), "a%252e%0A%C3%A9");
}

#[test]
fn only_addresses_with_a_host_are_linked() {
    for good in ["https://a.example/x", "http://[::1]/"] {
        assert!(is_web(good), "{good}");
    }
    for bad in [
        "https://",
        "http:///x",
        "https://\n",
        "javascript:alert(1)",
        "ftp://a",
        "",
    ] {
        assert!(!is_web(bad), "{bad}");
    }
}

#[test]
fn gitlab_gets_kinds_of_ids_and_uuids() {
    let kinds = ["CVE-2021-44906", "GHSA-a-b-c", "nothing", "-x"].map(kind);
    assert_eq!(kinds, ["cve", "ghsa", "nothing", "other"]);
    let digits = "0123456789abcdef".repeat(4);
    assert_eq!(uuid(&digits), "01234567-89ab-8def-8123-456789abcdef");
}

#[test]
fn numbers_have_the_words_of_code_scanning() {
    let words = [100, 90, 89, 70, 69, 40, 39, 1, 0].map(word);
    let [critical, high, medium, low] = [
        Severity::Critical,
        Severity::High,
        Severity::Medium,
        Severity::Low,
    ];
    let none = Severity::Unspecified;
    assert_eq!(
        words,
        [
            critical, critical, high, high, medium, medium, low, low, none
        ]
    );
}

#[test]
fn it_is_told_how_many_packages_were_not_checked() {
    let said = [0, 1, 2].map(|packages| {
        no_data(&EcosystemCoverage {
            name: "Alpine:v3.20".to_owned(),
            packages,
            state: CoverageState::None,
            date: None,
            end_of_life: None,
        })
    });
    assert_eq!(
        said,
        [
            "no data for Alpine:v3.20",
            "no data for Alpine:v3.20: 1 package wasn't checked",
            "no data for Alpine:v3.20: 2 packages weren't checked",
        ]
    );
}

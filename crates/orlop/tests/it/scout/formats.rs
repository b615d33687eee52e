//! `scout cves --format` and `scout sbom --format`: documents for other programs, as their schemas want them.

use std::path::Path;

use jiff::Timestamp;
use orlop_testing::peer::Validators;
use orlop_testing::{Compression, Image, Layer, Orlop, PlatformName, Program, Tarball};
use serde_json::{Value, json};

use super::{advisories, app, in_layout, record, with_advisories};

/// Every form of a report that is a document.
const REPORTS: [&str; 6] = ["sarif", "spdx", "gitlab", "markdown", "sbom", "json"];

/// A name that is anything but a name to whoever doesn't look after it.
const NAME: &str = "a|b`c<img src=x onerror=alert(1)>](http://x.example) @somebody\"'&amp;";
/// A text of the same kind, with what no name may have.
const HOSTILE: &str = "a|b`c<img src=x onerror=alert(1)>](http://x.example) @somebody\u{1b}[31m\n## b\u{202e}\"'&amp;";

fn cves(orlop: &Orlop, format: &str, more: &[&str]) -> String {
    let all = ["scout", "cves", "--format", format];
    let all = all.iter().chain(more);
    orlop.ok(all).stdout
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).expect("it is JSON")
}

/// An image with a package of a hostile name, in a file of a hostile name.
fn hostile() -> Image {
    let manifest = |name: &str| json!({"name": name, "version": "1.0.0", "license": HOSTILE});
    let tar = Tarball::new()
        .file(
            "srv/<b>|`x`/node_modules/a/package.json",
            0o644,
            manifest(NAME).to_string(),
        )
        .file(
            "srv/\u{1b}[31m\n|`<i>/node_modules/b/package.json",
            0o644,
            manifest(HOSTILE).to_string(),
        )
        .file(
            "lib/apk/db/installed",
            0o644,
            "P:musl\nV:1.2.5-r0\nA:x86_64\n\n",
        )
        .file("etc/os-release", 0o644, "ID=alpine\nVERSION_ID=3.20.3\n")
        .finish();
    Image::new(
        &PlatformName::new("linux/amd64"),
        &[Layer::new(&tar, Compression::Gzip)],
    )
}

/// With an advisory about it whose text is hostile, and long.
fn with_hostile_advisory() -> Orlop {
    let orlop = crate::orlop();
    let details = format!("{HOSTILE}\n\n{}", "long ".repeat(300_000));
    let more = json!({"summary": HOSTILE.repeat(9), "details": details,
        "references": [{"type": "WEB", "url": "javascript:alert(1)"}, {"type": "WEB", "url": "https://"},
        {"type": "WEB", "url": "https://x.example/a b|c"}]});
    let hostile = record("GHSA-aaaa-bbbb-cccc", "npm", NAME, Some("2.0.0"), more);
    advisories(&orlop, &[hostile], Timestamp::now());
    orlop
}

#[test]
fn documents_are_what_they_claim_to_be() {
    let Some(validators) = Validators::new() else {
        return;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/scout/validate.py");
    let validate = |kind: &str, file: &Path| -> Program {
        validators.python().arg(&script).arg(kind).arg(file)
    };
    let (plain, strange) = (with_advisories(), with_hostile_advisory());
    for (orlop, image) in [(&plain, app()), (&strange, hostile())] {
        let layout = in_layout(orlop, &image);
        for (command, format, kind) in [
            ("cves", "sarif", "sarif"),
            ("cves", "spdx", "spdx"),
            ("sbom", "spdx", "spdx"),
            ("sbom", "cyclonedx", "cyclonedx"),
        ] {
            let file = orlop.folder().join(format!("{command}.{format}"));
            let path = file.to_str().unwrap();
            orlop.ok(["scout", command, "--format", format, "-o", path, &layout]);
            validate(kind, &file).run().expect_success();
        }
        // syft reads its own form, and the others, and finds the same packages in each.
        let expected = cves(orlop, "only-packages", &[&layout]).lines().count() - 1;
        for format in ["spdx", "cyclonedx", "syft-json"] {
            let file = orlop.folder().join(format);
            let path = file.to_str().unwrap();
            orlop.ok(["scout", "sbom", "--format", format, "-o", path, &layout]);
            let syft = validators.syft().args(["convert", path, "-o", "syft-json"]);
            let read = json_of(&syft.run().expect_success().stdout);
            assert_eq!(
                read["artifacts"].as_array().unwrap().len(),
                expected,
                "{format}"
            );
        }
    }
    // What is wrong is told.
    let file = plain.folder().join("wrong");
    for (kind, text) in [
        ("sarif", r#"{"version": "9", "runs": []}"#),
        (
            "cyclonedx",
            r#"{"bomFormat": "CycloneDX", "specVersion": 6}"#,
        ),
    ] {
        std::fs::write(&file, text).unwrap();
        validate(kind, &file).run().expect_code(1);
    }
}

#[test]
fn a_report_has_its_findings_in_each_form() {
    let orlop = with_advisories();
    let layout = in_layout(&orlop, &app());
    let sarif = json_of(&cves(&orlop, "sarif", &[&layout]));
    let run = &sarif["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 3);
    assert_eq!(rules[0]["id"], "CVE-2021-44906");
    assert_eq!(rules[0]["properties"]["security-severity"], "9.8");
    assert_eq!(
        rules[0]["helpUri"],
        "https://www.cve.org/CVERecord?id=CVE-2021-44906"
    );
    let result = &run["results"][0];
    assert_eq!(
        (&result["ruleIndex"], &result["level"]),
        (&0.into(), &"error".into())
    );
    let place = &result["locations"][0];
    assert_eq!(
        place["physicalLocation"]["artifactLocation"],
        json!({"uri": "srv/node_modules/minimist/package.json", "uriBaseId": "ROOTPATH"})
    );
    assert_eq!(place["properties"]["instruction"], "layer 1");

    let gitlab = json_of(&cves(&orlop, "gitlab", &[&layout]));
    let first = &gitlab["vulnerabilities"][0];
    assert_eq!(
        (&first["severity"], &first["identifiers"][0]["value"]),
        (&"Critical".into(), &"CVE-2021-44906".into())
    );
    assert_eq!(first["location"]["operating_system"], "debian 12");
    assert_eq!(
        gitlab["vulnerabilities"][1]["solution"],
        "Upgrade jinja2 from 2.10 to 2.10.1"
    );

    let spdx = json_of(&cves(&orlop, "spdx", &[&layout]));
    let packages = spdx["packages"].as_array().unwrap();
    let minimist = packages.iter().find(|it| it["name"] == "minimist").unwrap();
    let security = minimist["externalRefs"].as_array().unwrap().iter();
    let mut security = security.filter(|it| it["referenceCategory"] == "SECURITY");
    let advisory = security
        .find(|it| it["referenceType"] == "advisory")
        .unwrap();
    assert_eq!(
        advisory["referenceLocator"],
        "https://www.cve.org/CVERecord?id=CVE-2021-44906"
    );

    let markdown = cves(&orlop, "markdown", &[&layout]);
    for part in [
        "<h2>:mag: Vulnerabilities of <code>",
        "<tr><td>vulnerabilities</td><td>critical: 1 high: 1 medium: 0 low: 0 unspecified: 1</td></tr>\n",
        "<details><summary>1C 0H 0M 0L <code>minimist</code> <code>1.2.0</code> (npm)</summary>\n",
        "\">CRITICAL <code>CVE-2021-44906</code></a>\n",
        "<tr><td>Fixed version</td><td><code>2.10.1</code></td></tr>\n",
    ] {
        assert!(markdown.contains(part), "{part}\n{markdown}");
    }

    // The SBOM with its findings is an SBOM.
    let file = orlop.folder().join("sbom.json");
    let path = file.to_str().unwrap();
    let run = orlop.ok(["scout", "cves", "--format", "sbom", "-o", path, &layout]);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    let sbom = json_of(&std::fs::read_to_string(&file).unwrap());
    assert_eq!(sbom["vulnerabilities"].as_array().unwrap().len(), 3);
    let again = cves(&orlop, "json", &[&format!("sbom://{path}")]);
    assert_eq!(json_of(&again)["findings"].as_array().unwrap().len(), 3);
}

#[test]
fn filters_and_exit_codes_are_the_same_in_each_form() {
    let orlop = with_advisories();
    let layout = in_layout(&orlop, &app());
    for format in REPORTS {
        let high = ["--only-severity", "high", &layout];
        let text = cves(&orlop, format, &high);
        assert!(text.contains("CVE-2019-10906"), "{format}: {text}");
        assert!(!text.contains("CVE-2021-44906"), "{format}: {text}");
        let run = orlop.run(["scout", "cves", "-e", "--format", format, &layout]);
        assert!(!run.expect_code(2).stdout.is_empty(), "{format}");
        // But for the time, the same report is the same text.
        let without_time = |text: String| -> String {
            let lines = text.lines().filter(|line| {
                let times = ["endTimeUtc", "start_time", "end_time", "\"created\""];
                !times.iter().any(|time| line.contains(time))
            });
            lines.collect::<Vec<_>>().join("\n")
        };
        let twice = [(); 2].map(|()| without_time(cves(&orlop, format, &[&layout])));
        assert!(twice[0] == twice[1], "{format}");
    }
}

#[test]
fn an_sbom_is_the_same_text_but_for_its_time() {
    let orlop = crate::orlop();
    let layout = in_layout(&orlop, &hostile());
    for format in ["list", "json", "spdx", "cyclonedx", "syft-json"] {
        let write = || -> String {
            let run = orlop.ok(["scout", "sbom", "--format", format, &layout]);
            let times = ["\"created\"", "\"timestamp\""];
            let lines = run.stdout.lines();
            let lines = lines.filter(|line| !times.iter().any(|time| line.contains(time)));
            lines.collect::<Vec<_>>().join("\n")
        };
        let first = write();
        assert!(first.contains("musl"), "{format}: {first}");
        // And what was kept of the layers says the same as the layers.
        assert!(first == write(), "{format}");
        orlop.ok(["scout", "cache", "prune", "--sboms", "--force"]);
        assert!(first == write(), "{format}");
    }
}

#[test]
fn what_was_not_checked_is_no_clean_report() {
    let orlop = with_hostile_advisory();
    let layout = in_layout(&orlop, &hostile());
    let gap = "no data for Alpine:v3.20: 1 package wasn't checked";
    let none = ["--only-severity", "critical", layout.as_str()];
    let sarif = json_of(&cves(&orlop, "sarif", &none));
    let run = &sarif["runs"][0];
    assert_eq!(run["results"], json!([]));
    assert_eq!(run["properties"]["advisories"], "partial");
    let told = &run["invocations"][0]["toolExecutionNotifications"][0];
    assert_eq!(told["message"]["text"], gap);
    let gitlab = json_of(&cves(&orlop, "gitlab", &none));
    assert_eq!(gitlab["vulnerabilities"], json!([]));
    assert_eq!(
        gitlab["scan"]["messages"][0],
        json!({"level": "warn", "value": gap})
    );
    let markdown = cves(&orlop, "markdown", &none);
    assert!(markdown.contains("<summary>:warning: Not everything was checked</summary>"));
    assert!(markdown.contains("no data for Alpine:v3.20"), "{markdown}");
    let sbom = json_of(&cves(&orlop, "sbom", &none));
    assert_eq!(sbom["advisories"]["advisories"], "partial");
    let report = json_of(&cves(&orlop, "json", &none));
    assert_eq!(report["coverage"]["advisories"], "partial");
    let spdx = json_of(&cves(&orlop, "spdx", &none));
    assert_eq!(
        spdx["comment"].as_str().unwrap().lines().nth(1),
        Some(format!("- {gap}").as_str())
    );
    for format in ["packages", "only-packages"] {
        let arguments = ["scout", "cves", "--format", format];
        let run = orlop.ok(arguments.iter().chain(&none));
        assert!(run.stderr.contains(gap), "{format}: {run}");
    }
    // Where everything was checked, nothing is said of it.
    let orlop = with_advisories();
    let layout = in_layout(&orlop, &app());
    let spdx = json_of(&cves(&orlop, "spdx", &[&layout]));
    assert_eq!(spdx.get("comment"), None);
}

#[test]
fn no_name_and_no_text_is_more_than_text() {
    let orlop = with_hostile_advisory();
    let layout = in_layout(&orlop, &hostile());
    for format in REPORTS.iter().chain(&["packages", "only-packages"]) {
        let more: &[&str] = match *format {
            "packages" => &["--details", "--locations", &layout],
            _ => &[&layout],
        };
        let text = cves(&orlop, format, more);
        let line_break = |character: char| character == '\n';
        let control = text.chars().find(|it| it.is_control() && !line_break(*it));
        assert_eq!(control, None, "{format}");
        assert!(
            !text.contains('\u{202e}') || text.starts_with('{'),
            "{format}"
        );
    }
    let markdown = cves(&orlop, "markdown", &[&layout]);
    for wrong in [
        "<img",
        "](",
        "|",
        "`",
        "@somebody",
        "\n## b",
        "onerror=alert(1)>",
    ] {
        assert!(!markdown.contains(wrong), "{wrong}");
    }
    assert!(markdown.len() < 64 << 10, "{}", markdown.len());

    let sarif = json_of(&cves(&orlop, "sarif", &[&layout]));
    let result = &sarif["runs"][0]["results"][0];
    let message = result["message"]["text"].as_str().unwrap();
    assert_eq!(message.lines().count(), 6, "{message}");
    let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(uri, "srv/%3Cb%3E%7C%60x%60/node_modules/a/package.json");
    let help = &sarif["runs"][0]["tool"]["driver"]["rules"][0]["help"]["markdown"];
    let rows = help.as_str().unwrap().lines().rev().take(3);
    assert!(
        rows.clone()
            .all(|row| row.starts_with("| ") && row.matches('|').count() == 3)
    );

    // What code scanning takes of a rule.
    let rule = &sarif["runs"][0]["tool"]["driver"]["rules"][0];
    let said = |key: &str| rule[key]["text"].as_str().unwrap().to_owned();
    assert!(said("shortDescription").chars().count() <= 1024);
    let full = said("fullDescription");
    assert!(
        full.chars().count() <= 1024 && full.ends_with('…'),
        "{full}"
    );
    assert!(rule.to_string().len() < 256 << 10);

    let gitlab = json_of(&cves(&orlop, "gitlab", &[&layout]));
    let found = &gitlab["vulnerabilities"][0];
    let length = |key: &str| found[key].as_str().unwrap().chars().count();
    assert!(
        length("name") <= 255 && length("description") <= 1_048_576 && length("solution") <= 7_000
    );
    let links = found["links"].as_array().unwrap();
    assert!(
        links
            .iter()
            .all(|link| link["url"].as_str().unwrap().len() > "https://".len())
    );
    assert_eq!(links.len(), 2, "{links:?}");
}

/// What GitLab's schema 15.0.7 demands of a report (security-report-schemas, container-scanning).
#[test]
fn gitlab_gets_what_it_demands() {
    let orlop = with_advisories();
    let layout = in_layout(&orlop, &app());
    let report = json_of(&cves(&orlop, "gitlab", &[&layout]));
    assert_eq!(report["version"], "15.0.7");
    let scan = &report["scan"];
    assert_eq!(
        (&scan["type"], &scan["status"]),
        (&"container_scanning".into(), &"success".into())
    );
    for time in ["start_time", "end_time"] {
        let text = scan[time].as_str().unwrap();
        text.parse::<jiff::civil::DateTime>().unwrap();
        assert_eq!(text.len(), "2026-01-31T12:00:00".len(), "{text}");
    }
    for tool in ["analyzer", "scanner"] {
        for key in ["id", "name", "version"] {
            assert_ne!(scan[tool][key].as_str().unwrap(), "", "{tool}.{key}");
        }
        assert_ne!(scan[tool]["vendor"]["name"].as_str().unwrap(), "");
    }
    let mut ids = Vec::new();
    for found in report["vulnerabilities"].as_array().unwrap() {
        let id = found["id"].as_str().unwrap();
        let groups: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12], "{id}");
        ids.push(id);
        let severities = ["Info", "Unknown", "Low", "Medium", "High", "Critical"];
        assert!(severities.contains(&found["severity"].as_str().unwrap()));
        let identifiers = found["identifiers"].as_array().unwrap();
        assert!(!identifiers.is_empty());
        for identifier in identifiers {
            for key in ["type", "name", "value"] {
                assert_ne!(identifier[key].as_str().unwrap(), "");
            }
        }
        let location = &found["location"];
        for key in ["operating_system", "image"] {
            assert_ne!(location[key].as_str().unwrap(), "");
        }
        let dependency = &location["dependency"];
        assert!(dependency["package"]["name"].is_string() && dependency["version"].is_string());
    }
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

//! `scout cves`: what it finds, how that is told, and what is asked for of it.

use jiff::{SignedDuration, Timestamp};
use orlop_testing::{Compression, Image, Layer, PlatformName, Registry, Tarball};

use super::{advisories, app, findings, in_layout, records, report, with_advisories};

const ALL: [&str; 3] = [
    "libssl3 CVE-2023-5363 unspecified 3.0.11-1~deb12u2",
    "jinja2 CVE-2019-10906 high 2.10.1",
    "minimist CVE-2021-44906 critical -",
];

#[test]
fn each_fault_is_found_once_with_all_that_is_known() {
    let orlop = with_advisories();
    let layout = in_layout(&orlop, &app());
    let report = report(&orlop, &[&layout]);
    assert_eq!(findings(&report), ALL);
    assert_eq!(report["packages"], 4);
    assert_eq!(report["platform"], "linux/amd64");
    assert_eq!(report["coverage"]["advisories"], "complete", "{report:#}");
    let ecosystems = report["coverage"]["ecosystems"].as_array().unwrap();
    let names: Vec<&str> = ecosystems
        .iter()
        .map(|it| it["ecosystem"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Debian:12", "PyPI", "npm"]);
    // A script that no package explains.
    let programs = &report["coverage"]["executables"];
    assert_eq!(
        (&programs["bytes"], &programs["unexplained_share"]),
        (&17.into(), &1.0.into())
    );

    let jinja = &report["findings"][1];
    assert_eq!(
        jinja["aliases"],
        serde_json::json!(["GHSA-462w-v97r-4m45", "PYSEC-2019-217"])
    );
    assert_eq!(jinja["purl"], "pkg:pypi/jinja2@2.10");
    assert_eq!(jinja["affected_range"], "<2.10.1");
    assert_eq!(jinja["state"], "fixed");
    assert_eq!(jinja["cvss"]["score"], 8.6);
    assert_eq!(
        jinja["epss"],
        serde_json::json!({"score": 0.001, "percentile": 0.2})
    );
    assert!(jinja["kev"].is_null());
    let place = &jinja["locations"][0];
    assert_eq!(
        place["path"],
        "usr/local/lib/python3.11/site-packages/Jinja2-2.10.dist-info/METADATA"
    );
    assert_eq!(
        (&place["layer"], &place["instruction"]),
        (&1.into(), &"layer 1".into())
    );
    assert!(place["diff_id"].as_str().unwrap().starts_with("sha256:"));

    let ssl = &report["findings"][0];
    assert_eq!(
        (&ssl["source_package"], &ssl["layer"]),
        (&"openssl".into(), &0.into())
    );
    assert_eq!(report["findings"][2]["kev"]["added"], "2022-04-01");
    assert_eq!(report["findings"][2]["state"], "not-fixed");
}

#[test]
fn an_image_is_the_same_wherever_it_is() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let orlop = with_advisories();
    let image = app();
    let name = image.push(&registry.host(), "app", "v1");
    for source in [
        name.clone(),
        format!("registry://{name}"),
        format!("image://{name}"),
    ] {
        assert_eq!(findings(&report(&orlop, &[&source])), ALL, "{source}");
    }
    let missing = orlop.fails(["scout", "cves", &format!("local://{name}")]);
    assert!(
        missing.contains(&format!("No such image: {name}")),
        "{missing}"
    );
    orlop.ok(["pull", "-q", "--platform", "linux/amd64", &name]);
    assert_eq!(
        findings(&report(&orlop, &[&format!("local://{name}")])),
        ALL
    );
    // What was pulled last is meant where nothing is named.
    let last = report(&orlop, &[]);
    assert_eq!(last["target"], name.as_str());
    let archive = orlop.folder().join("app.tar");
    orlop.ok([
        "save",
        "--platform",
        "linux/amd64",
        "-o",
        archive.to_str().unwrap(),
        &name,
    ]);
    let archive = format!("archive://{}", archive.display());
    assert_eq!(findings(&report(&orlop, &[&archive])), ALL);
    // Its SBOM says as much as it does.
    for format in ["json", "spdx", "cyclonedx", "syft-json"] {
        let file = orlop.folder().join("sbom");
        orlop.ok([
            "scout",
            "sbom",
            "--format",
            format,
            "-o",
            file.to_str().unwrap(),
            &name,
        ]);
        let sbom = format!("sbom://{}", file.display());
        assert_eq!(findings(&report(&orlop, &[&sbom])), ALL, "{format}");
    }
}

#[test]
fn a_file_and_standard_input() {
    let orlop = with_advisories();
    let lock = orlop.folder().join("package-lock.json");
    let text = r#"{"name": "app", "version": "1.0.0", "lockfileVersion": 3, "packages": {
        "": {"name": "app", "version": "1.0.0"},
        "node_modules/minimist": {"version": "1.2.0"}}}"#;
    std::fs::write(&lock, text).unwrap();
    let link = orlop.folder().join("link");
    std::os::unix::fs::symlink(&lock, &link).unwrap();
    let minimist = ["minimist CVE-2021-44906 critical -"];
    for file in [&lock, &link] {
        let file = format!("fs://{}", file.display());
        assert_eq!(findings(&report(&orlop, &[&file])), minimist, "{file}");
    }
    // The folder's own packages are those that are there, unless they are asked for.
    let folder = format!("fs://{}", orlop.folder().display());
    assert_eq!(findings(&report(&orlop, &[&folder])), [""; 0]);
    let declared = report(&orlop, &["--declared", &folder]);
    assert_eq!(findings(&declared), minimist);
    let file = format!("fs://{}", lock.display());
    let sbom = orlop
        .ok(["scout", "sbom", "--format", "spdx", &file])
        .stdout;
    for source in ["sbom://", "sbom://-"] {
        let run = orlop
            .program()
            .args(["scout", "cves", "--format", "json", source])
            .input(sbom.clone())
            .run();
        let answer = serde_json::from_str(&run.expect_code(0).stdout).unwrap();
        assert_eq!(findings(&answer), minimist, "{source}");
    }
    let missing = orlop.fails(["scout", "cves", "fs:///no/such/file"]);
    assert!(
        missing.contains("/no/such/file: No such file or directory"),
        "{missing}"
    );
}

#[test]
fn what_was_scanned_is_known() {
    let orlop = with_advisories();
    let layout = in_layout(&orlop, &app());
    let first = orlop.ok(["scout", "cves", &layout]);
    assert!(
        first.stderr.contains("    ✓ Indexed 4 packages\n"),
        "{}",
        first.stderr
    );
    let again = orlop.ok(["scout", "cves", &layout]);
    let told = "    ✓ SBOM of image already cached, 4 packages indexed\n";
    assert!(again.stderr.contains(told), "{}", again.stderr);
    assert_eq!(first.stdout, again.stdout);
}

#[test]
fn people_see_docker_scouts_layout() {
    let orlop = with_advisories();
    let layout = in_layout(&orlop, &app());
    let run = orlop.ok(["scout", "cves", &layout]);
    let told = "    ✗ Detected 3 vulnerable packages with a total of 3 vulnerabilities\n";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    for part in [
        "\n## Overview\n\n",
        " Analyzed Image ",
        "\n────────────────────┼──",
        "    platform        │ linux/amd64 ",
        "    vulnerabilities │    1C     1H     0M     0L     1? ",
        "    packages        │ 4 ",
        "    distribution    │ Debian GNU/Linux 12 (bookworm) ",
        "    advisories      │ complete ",
        "\n## Packages and Vulnerabilities\n\n   1C     0H     0M     0L  minimist 1.2.0\npkg:npm/minimist@1.2.0\n\n    ✗ CRITICAL CVE-2021-44906\n      https://www.cve.org/CVERecord?id=CVE-2021-44906\n      Affected range : >=0\n      Fixed version  : not fixed\n      CISA KEV       : exploited, listed since 2022-04-01\n",
        "\n    ✗ HIGH CVE-2019-10906\n      https://www.cve.org/CVERecord?id=CVE-2019-10906\n      Affected range : <2.10.1\n      Fixed version  : 2.10.1\n",
        "\n   0C     0H     0M     0L     1?  libssl3 3.0.9-1\n",
        "\n3 vulnerabilities found in 3 packages\n  CRITICAL    1\n  HIGH        1\n  MEDIUM      0\n  LOW         0\n  UNSPECIFIED 1\n",
    ] {
        assert!(run.stdout.contains(part), "{part}\n{}", run.stdout);
    }
    let details = orlop
        .ok([
            "scout",
            "cves",
            "--details",
            "--epss",
            "--locations",
            &layout,
        ])
        .stdout;
    for part in [
        "      EPSS Score      : 0.50000\n      EPSS Percentile : 0.97000\n",
        "      CVSS Score      : 9.8\n      CVSS Vector     : CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\n",
        "      Aliases         : GHSA-462w-v97r-4m45, PYSEC-2019-217\n",
        "\n      Jinja2 sandbox escape\n",
        "    /srv/node_modules/minimist/package.json\n      layer 1 sha256:",
        "\n      layer 1\n",
    ] {
        assert!(details.contains(part), "{part}\n{details}");
    }
    let packages = orlop
        .ok(["scout", "cves", "--format", "only-packages", &layout])
        .stdout;
    assert_eq!(packages.lines().count(), 5, "{packages}");
    let vulnerable = [
        "scout",
        "cves",
        "--format",
        "only-packages",
        "--only-vuln-packages",
        &layout,
    ];
    assert_eq!(orlop.ok(vulnerable).stdout.lines().count(), 4);
    let file = orlop.folder().join("report.txt");
    let quiet = orlop.ok(["scout", "cves", "-o", file.to_str().unwrap(), &layout]);
    assert_eq!(quiet.stdout, "");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), run.stdout);
}

#[test]
fn every_filter_takes_away_what_it_says() {
    let orlop = with_advisories();
    let layout = in_layout(&orlop, &app());
    let [ssl, jinja, minimist] = ALL;
    let table: &[(&[&str], &[&str])] = &[
        (&["--only-severity", "critical,high"], &[jinja, minimist]),
        (&["--only-severity", "unspecified"], &[ssl]),
        (&["--only-fixed"], &[ssl, jinja]),
        (&["--only-unfixed"], &[minimist]),
        (&["--only-cisa-kev"], &[minimist]),
        (&["--only-cve-id", "cve-2019-10906"], &[jinja]),
        (
            &["--only-cve-id", "GHSA-462w-v97r-4m45,CVE-2023-5363"],
            &[ssl, jinja],
        ),
        (&["--only-package", "^mini,ssl"], &[ssl, minimist]),
        (
            &["--only-package-type", "deb", "--only-package-type", "npm"],
            &[ssl, minimist],
        ),
        (&["--only-metric", "AV:N,C:H"], &[jinja, minimist]),
        (&["--only-metric", "S:C"], &[jinja]),
        (&["--epss-score", "0.01"], &[minimist]),
        (&["--epss-percentile", "0.2"], &[jinja, minimist]),
        (
            &["--epss-date", "2024-04-01", "--epss-score", "0.01"],
            &[minimist],
        ),
        (&["--only-severity", "low"], &[]),
    ];
    for (flags, expected) in table {
        let all: Vec<&str> = flags.iter().copied().chain([layout.as_str()]).collect();
        assert_eq!(findings(&report(&orlop, &all)), *expected, "{flags:?}");
    }
    for (flags, told) in [
        (
            ["--only-severity", "grave"],
            "there are critical, high, medium, low and unspecified",
        ),
        (
            ["--only-package-type", "brew"],
            "there is no such type of packages; there are apk, deb",
        ),
        (["--epss-score", "7"], "it isn't between 0 and 1"),
        (["--only-package", "("], "unclosed group"),
        (["--epss-date", "April"], "invalid value 'April'"),
        (["--as-of", "yesterday"], "is no date"),
        (["--only-metric", "network"], "no metric of CVSS"),
        (["--only-metric", "AV:N,AW:N"], "'AW:N'"),
        (["--only-metric", "AV:"], "AV has the values N, A, L, P"),
        (["--only-metric", "PR:ZZ"], "PR has the values N, L, H"),
        (["--only-metric", "E:"], "no metric of CVSS"),
    ] {
        let run = orlop
            .run(["scout", "cves", flags[0], flags[1], &layout])
            .expect_code(125);
        assert!(run.stderr.contains(told), "{}", run.stderr);
    }
}

#[test]
fn scores_of_another_day_are_not_taken() {
    let orlop = with_advisories();
    let layout = in_layout(&orlop, &app());
    let said = orlop.fails(["scout", "cves", "--epss-date", "2024-03-31", &layout]);
    let told =
        "there are no EPSS scores of 2024-03-31: the database has the EPSS scores of 2024-04-01\n";
    assert!(said.contains(told), "{said}");
}

#[test]
fn what_was_known_then() {
    let orlop = with_advisories();
    let layout = in_layout(&orlop, &app());
    let as_of = |date: &str| findings(&report(&orlop, &["--as-of", date, &layout]));
    assert_eq!(as_of("2021-12-31"), [""; 0]);
    // It was taken back on the second of February.
    let between = ["minimist CVE-2021-44906 critical -"];
    assert_eq!(as_of("2022-03-18"), between);
    let mut all = ALL.map(str::to_owned).to_vec();
    assert_eq!(as_of("2024-02-02T00:00:00Z"), all);
    all.insert(3, "minimist GHSA-aaaa-bbbb-cccc unspecified -".to_owned());
    assert_eq!(as_of("2024-02-01"), all);
}

#[test]
fn exit_codes_tell_what_there_is() {
    let orlop = with_advisories();
    let layout = in_layout(&orlop, &app());
    orlop.ok(["scout", "cves", &layout]);
    let found = orlop
        .run(["scout", "cves", "--exit-code", &layout])
        .expect_code(2);
    assert!(
        found.stdout.contains("3 vulnerabilities found"),
        "{}",
        found.stdout
    );
    orlop.ok(["scout", "cves", "-e", "--only-severity", "low", &layout]);
    // No data is no success.
    let alpine = Tarball::new()
        .file("etc/os-release", 0o644, "ID=alpine\nVERSION_ID=3.20.3\n")
        .file(
            "lib/apk/db/installed",
            0o644,
            "P:musl\nV:1.2.5-r0\nA:x86_64\no:musl\n\n",
        )
        .finish();
    let alpine = Image::new(
        &PlatformName::new("linux/amd64"),
        &[Layer::new(&alpine, Compression::Gzip)],
    );
    let other = crate::orlop();
    advisories(&other, &records(), Timestamp::now());
    let layout = in_layout(&other, &alpine);
    let shown = other.ok(["scout", "cves", &layout]);
    assert!(
        shown
            .stderr
            .contains("WARNING: no data for Alpine:v3.20: 1 package wasn't checked\n"),
        "{}",
        shown.stderr
    );
    assert!(
        shown
            .stdout
            .contains("advisories      │ none: no data for Alpine:v3.20"),
        "{}",
        shown.stdout
    );
    assert!(
        !shown.stderr.contains('✗') && !shown.stderr.contains("No vulnerable"),
        "{}",
        shown.stderr
    );
    let said = other.fails(["scout", "cves", "-e", &layout]);
    assert!(
        said.contains("can't be told: there are no advisories for what is in it"),
        "{said}"
    );
}

#[test]
fn a_program_that_no_package_explains_is_not_clean() {
    let orlop = with_advisories();
    let of = |name: &str, mode: u32| {
        let tar = Tarball::new()
            .file(name, mode, "\u{7f}ELF, somehow")
            .finish();
        let layers = [Layer::new(&tar, Compression::Gzip)];
        Image::new(&PlatformName::new("linux/amd64"), &layers)
    };
    let layout = in_layout(&orlop, &of("server", 0o755));
    let shown = orlop.ok(["scout", "cves", &layout]);
    let warned = "WARNING: no package was found: nothing was checked\n";
    assert!(shown.stderr.contains(warned), "{}", shown.stderr);
    assert!(!shown.stderr.contains("No vulnerable"), "{}", shown.stderr);
    let said = orlop.fails(["scout", "cves", "-e", &layout]);
    assert!(said.contains("can't be told"), "{said}");
    // Where there is nothing that runs there is nothing to be found.
    let layout = in_layout(&orlop, &of("data", 0o644));
    orlop.ok(["scout", "cves", "-e", &layout]);
}

#[test]
fn a_database_that_is_old_or_missing_is_told() {
    let orlop = crate::orlop();
    let layout = in_layout(&orlop, &app());
    let missing = orlop.fails(["scout", "cves", &layout]);
    assert!(
        missing.contains("Error: there is no advisory database in "),
        "{missing}"
    );
    assert!(
        missing.contains("hint: `orlop scout db update`"),
        "{missing}"
    );
    let old = Timestamp::now() - SignedDuration::from_hours(24 * 30);
    let file = advisories(&orlop, &records(), old);
    let run = orlop.ok(["scout", "cves", &layout]);
    assert!(
        run.stderr
            .contains("WARNING: stale data for Debian:12: as of "),
        "{}",
        run.stderr
    );
    assert!(
        run.stdout
            .contains("│ partial: stale data for Debian:12, PyPI, npm "),
        "{}",
        run.stdout
    );
    std::fs::write(&file, "not a database").unwrap();
    let foreign = orlop.fails(["scout", "cves", &layout]);
    assert!(
        foreign.contains("this is no advisory database"),
        "{foreign}"
    );
}

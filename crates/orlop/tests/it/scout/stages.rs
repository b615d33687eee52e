//! `scout cves --multi-stage` and `--only-stage`: what was in stages of the build.

use orlop_testing::{Image, PlatformName};
use serde_json::{Value, json};

use super::{above, base, findings, in_layout, report, with_advisories};

const SPDX: &str = "https://spdx.dev/Document";

/// An SBOM as BuildKit's scanner writes it.
fn sbom(name: &str, purl: &str) -> Value {
    json!({
        "spdxVersion": "SPDX-2.3",
        "SPDXID": "SPDXRef-DOCUMENT",
        "dataLicense": "CC0-1.0",
        "name": name,
        "documentNamespace": format!("https://example.org/{name}"),
        "creationInfo": {"created": "2024-01-02T03:04:05Z", "creators": ["Tool: syft-1.0"]},
        "packages": [{
            "SPDXID": "SPDXRef-Package-1",
            "name": "x",
            "downloadLocation": "NOASSERTION",
            "externalRefs": [{
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": purl,
            }],
        }],
    })
}

/// An image of one layer whose build had two more stages.
fn built() -> Image {
    let image = Image::new(&PlatformName::new("linux/amd64"), &[above()]);
    let libssl = "pkg:deb/debian/libssl3@3.0.9-1?arch=amd64&distro=debian-12&upstream=openssl";
    let statements = [
        (SPDX, sbom("sbom", "pkg:npm/minimist@1.2.0")),
        (SPDX, sbom("sbom-build", libssl)),
        (
            SPDX,
            sbom("/run/src/extras/sbom-tools", "pkg:npm/minimist@1.1.0"),
        ),
        (SPDX, sbom("sbom-twin", "pkg:npm/minimist@1.1.0")),
        ("https://slsa.dev/provenance/v0.2", json!({})),
    ];
    Image::with_statements(&image, &statements)
}

#[test]
fn stages_are_judged_beside_the_image_or_alone() {
    let orlop = with_advisories();
    let layout = in_layout(&orlop, &built());
    let image = [
        "jinja2 CVE-2019-10906 high 2.10.1",
        "minimist CVE-2021-44906 critical -",
    ];
    assert_eq!(findings(&report(&orlop, &[&layout])), image);
    let all = report(&orlop, &["--multi-stage", &layout]);
    let build = "libssl3 CVE-2023-5363 unspecified 3.0.11-1~deb12u2";
    let minimist = "minimist CVE-2021-44906 critical -";
    assert_eq!(
        findings(&all),
        [image[0], image[1], build, minimist, minimist]
    );
    let stages: Vec<&Value> = (0..5).map(|at| &all["findings"][at]["stage"]).collect();
    assert_eq!(
        stages,
        [
            &Value::Null,
            &Value::Null,
            &"build".into(),
            &"tools".into(),
            &"twin".into()
        ]
    );
    assert_eq!(all["findings"][3]["version"], "1.1.0");
    // A stage has a release of its own.
    let names = all["coverage"]["ecosystems"].as_array().unwrap().iter();
    let names: Vec<&Value> = names.map(|it| &it["ecosystem"]).collect();
    assert!(names.contains(&&"Debian:12".into()), "{names:?}");
    let only = |stages: &str| findings(&report(&orlop, &["--only-stage", stages, &layout]));
    assert_eq!(only("build"), [build]);
    assert_eq!(only("tools,build"), [build, minimist]);
    let run = orlop.ok(["scout", "cves", "--only-stage", "tools", &layout]);
    assert!(
        run.stdout
            .contains("  minimist 1.1.0 (build stage tools)\n"),
        "{}",
        run.stdout
    );
    assert!(
        run.stderr.contains("✓ SBOMs of 1 build stage: tools\n"),
        "{}",
        run.stderr
    );
    // What two stages have is two things in a document.
    let arguments = [
        "scout",
        "cves",
        "--format",
        "spdx",
        "--multi-stage",
        &layout,
    ];
    let spdx: Value = serde_json::from_str(&orlop.ok(arguments).stdout).unwrap();
    let packages = spdx["packages"].as_array().unwrap();
    let ids = packages.iter().map(|it| it["SPDXID"].as_str().unwrap());
    let ids: std::collections::BTreeSet<&str> = ids.collect();
    assert_eq!(ids.len(), packages.len());
    // In documents too.
    for format in [
        "sarif",
        "gitlab",
        "markdown",
        "spdx",
        "sbom",
        "only-packages",
    ] {
        let arguments = [
            "scout",
            "cves",
            "--format",
            format,
            "--multi-stage",
            &layout,
        ];
        assert!(orlop.ok(arguments).stdout.contains("libssl3"), "{format}");
    }
}

#[test]
fn stages_that_are_not_told_of_are_not_clean() {
    let orlop = with_advisories();
    let layout = in_layout(&orlop, &built());
    let unknown = orlop.fails(["scout", "cves", "--only-stage", "nosuch", &layout]);
    let told = "no SBOM of the build stage \"nosuch\" is attached to the image; there are build, tools, twin";
    assert!(unknown.contains(told), "{unknown}");
    let plain = Image::new(&PlatformName::new("linux/amd64"), &[base()]);
    let layout = in_layout(&orlop, &plain);
    let none = orlop.fails(["scout", "cves", "--multi-stage", &layout]);
    assert!(
        none.contains("no SBOM of a build stage is attached to the image"),
        "{none}"
    );
    let image = Image::new(&PlatformName::new("linux/amd64"), &[base()]);
    let broken = Image::with_statement(&image, SPDX, &json!({"name": "sbom-x", "spdxVersion": 7}));
    let layout = in_layout(&orlop, &broken);
    let said = orlop.fails(["scout", "cves", "--multi-stage", &layout]);
    assert!(said.contains("the SBOM of the build stage x: "), "{said}");
}

//! Published vulnerabilities of programs that do what we do, each with the tests that would fail if we
//! had it. Those of engines, runtimes and builders aren't here, as long as nothing of the kind is.

use std::path::Path;

/// Vulnerabilities, and the file of `crates/` and the test in it that each is kept out by.
const TESTS: &[(&str, &str, &str)] = &[
    // Unpacking.
    (
        "CVE-2014-6407 moby, CVE-2014-9356 moby, CVE-2024-24579 stereoscope, CVE-2026-50162 oras-go",
        "orlop-fs/tests/it/escapes.rs",
        "cve_2014_6407_files_through_symlinks_stay_inside",
    ),
    (
        "CVE-2014-9358 moby, CVE-2026-50163 oras-go",
        "orlop-fs/tests/it/escapes.rs",
        "cve_2026_50163_hard_links_stay_inside",
    ),
    (
        "CVE-2021-29136 umoci",
        "orlop-fs/tests/it/escapes.rs",
        "cve_2021_29136_the_root_stays_a_directory",
    ),
    (
        "CVE-2021-29136 umoci",
        "orlop-layer/tests/it/hostile.rs",
        "cve_2021_29136_the_root_must_be_a_directory",
    ),
    (
        "CVE-2021-32760 containerd",
        "orlop-fs/tests/it/escapes.rs",
        "cve_2021_32760_attributes_are_not_set_through_links",
    ),
    (
        "CVE-2025-47290 containerd",
        "orlop-fs/tests/it/escapes.rs",
        "cve_2025_47290_cached_parents_do_not_outlive_their_path",
    ),
    (
        "CVE-2025-47290 containerd",
        "orlop-fs/tests/it/racing.rs",
        "unpacking_stays_inside",
    ),
    (
        "CVE-2025-47290 containerd",
        "orlop/tests/it/hostile/racing.rs",
        "root_whoever_exchanges_directories_for_links_leads_nothing_out",
    ),
    (
        "CVE-2020-10696 buildah",
        "orlop/tests/it/hostile.rs",
        "links_of_a_lower_layer_do_not_lead_out_either",
    ),
    // Archives, and files out of images.
    (
        "CVE-2014-9357 moby, CVE-2019-14271 moby, CVE-2026-41567 moby",
        "orlop/tests/it/hostile/cves.rs",
        "cve_2019_14271_and_2026_41567_nothing_of_an_image_is_run",
    ),
    (
        "CVE-2021-41089 moby, CVE-2026-41568 moby, CVE-2026-42306 moby",
        "orlop-layer/tests/it/flatten.rs",
        "links_on_the_way_are_followed_inside_the_root",
    ),
    (
        "CVE-2023-25153 containerd",
        "orlop/tests/it/hostile/cves.rs",
        "cve_2023_25153_documents_are_not_read_whole",
    ),
    (
        "CVE-2021-20291 containers/storage",
        "orlop/tests/it/hostile/cves.rs",
        "cve_2021_20291_a_broken_layer_blocks_nobody",
    ),
    (
        "CVE-2026-54448 trivy",
        "orlop/tests/it/hostile/bombs.rs",
        "layers_that_bomb_by_default",
    ),
    // Documents.
    (
        "CVE-2021-41190 OCI",
        "orlop/tests/it/hostile/cves.rs",
        "cve_2021_41190_what_is_two_things_is_neither",
    ),
    (
        "CVE-2024-3727 containers/image",
        "orlop/tests/it/hostile/cves.rs",
        "cve_2024_3727_what_is_no_digest_is_no_path",
    ),
    (
        "GO-2024-3038 regclient",
        "orlop/tests/it/hostile/cves.rs",
        "go_2024_3038_a_pinned_digest_counts",
    ),
    (
        "CVE-2024-40635 containerd, CVE-2026-46680 containerd",
        "orlop-layer/tests/it/hostile.rs",
        "owners_must_fit",
    ),
    (
        "CVE-2026-53488 containerd",
        "orlop/tests/it/hostile/cves.rs",
        "cve_2026_53488_labels_configure_nothing",
    ),
    // Registries and credentials.
    (
        "CVE-2020-15157 containerd, CVE-2026-49349 regclient",
        "orlop/tests/it/hostile/cves.rs",
        "cve_2020_15157_other_addresses_of_a_layer_are_not_asked",
    ),
    (
        "CVE-2026-33540 distribution, CVE-2026-48978 oras-go, CVE-2019-10214 containers/image",
        "orlop-distribution/tests/it/hostile.rs",
        "token_realms",
    ),
    (
        "CVE-2026-33540 distribution, CVE-2026-48978 oras-go, CVE-2019-10214 containers/image",
        "orlop/tests/it/hostile/cves.rs",
        "cve_2026_33540_realms_that_lead_astray",
    ),
    (
        "CVE-2026-50151 oras-go",
        "orlop-distribution/tests/it/upload.rs",
        "a_location_elsewhere_gets_no_authorization",
    ),
    (
        "GO-2026-5884",
        "orlop/tests/it/faults.rs",
        "redirects_are_followed_without_the_password",
    ),
    (
        "CVE-2021-41092 docker/cli",
        "orlop/tests/it/hostile/cves.rs",
        "cve_2021_41092_a_broken_helper_sends_nothing_elsewhere",
    ),
    (
        "CVE-2023-24827 syft, CVE-2024-35192 trivy",
        "orlop-distribution/tests/it/hostile.rs",
        "secrets_show_nowhere",
    ),
    // Files of the store, and descriptors.
    (
        "CVE-2021-41091 moby, CVE-2024-25621 containerd",
        "orlop/tests/it/hostile/cves.rs",
        "cve_2021_41091_nobody_else_enters_the_store",
    ),
    (
        "CVE-2024-21626 runc",
        "orlop/tests/it/hostile/cves.rs",
        "cve_2024_21626_helpers_inherit_no_descriptors",
    ),
    // The registry server.
    (
        "CVE-2024-39897 zot",
        "orlop-registry-store/tests/it/blobs.rs",
        "membership_decides_and_not_the_file",
    ),
    (
        "CVE-2026-31801 zot",
        "orlop-registry-store/tests/it/retention.rs",
        "immutable_tags_are_kept",
    ),
    (
        "CVE-2025-24976 distribution",
        "orlop-access/tests/it/hostile.rs",
        "cve_2025_24976_and_cve_2018_0114_a_token_brings_its_own_key",
    ),
    (
        "CVE-2023-2253 distribution, CVE-2017-11468 distribution",
        "orlop-registry/tests/it/lists.rs",
        "pages_have_a_bound",
    ),
    (
        "CVE-2020-29662 Harbor",
        "orlop-registry/tests/it/access.rs",
        "the_catalog_shows_what_one_may_pull",
    ),
];

/// A table that points nowhere would be a promise that nobody keeps.
#[test]
fn each_vulnerability_has_its_test() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (vulnerabilities, file, test) in TESTS {
        let source = std::fs::read_to_string(crates.join(file)).expect("a file of tests");
        let is_there = source.contains(&format!("fn {test}("));
        assert!(is_there, "{vulnerabilities}: no {test} in {file}");
    }
}

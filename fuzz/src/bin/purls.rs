#![no_main]

#[path = "../../../crates/orlop-sbom/tests/it/fuzz_purls.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|data: &[u8]| property::check(data));

#![no_main]

#[path = "../../../crates/orlop-oci/tests/it/fuzz_digests.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|data: &[u8]| property::check(data));

#![no_main]

#[path = "../../../crates/orlop-registry-store/tests/it/fuzz_names.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|data: &[u8]| property::check(data));

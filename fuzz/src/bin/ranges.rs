#![no_main]

#[path = "../../../crates/orlop-registry/tests/it/fuzz_ranges.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|data: &[u8]| property::check(data));

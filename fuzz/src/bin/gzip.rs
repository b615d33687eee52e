#![no_main]

#[path = "../../../crates/orlop-inflate/tests/it/fuzz_gzip.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|data: &[u8]| property::check(data));

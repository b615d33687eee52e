#![no_main]

#[path = "../../../crates/orlop-layer/tests/it/fuzz_compression.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|data: &[u8]| property::check(data));

#![no_main]

#[path = "../../../crates/orlop-access/tests/it/fuzz_keys.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|data: &[u8]| property::check(data));

#![no_main]

#[path = "../../../crates/orlop-access/tests/it/fuzz_tokens.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|data: &[u8]| property::check(data));

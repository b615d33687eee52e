#![no_main]

#[path = "../../../crates/orlop-archive/tests/it/fuzz_archives.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|data: &[u8]| property::check(data));

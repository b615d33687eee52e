#![no_main]

#[path = "../../../crates/orlop-vuln/tests/it/fuzz_feeds.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|data: &[u8]| property::check(data));

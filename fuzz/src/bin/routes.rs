#![no_main]

#[path = "../../../crates/orlop-registry/tests/it/fuzz_routes.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|data: &[u8]| property::check(data));

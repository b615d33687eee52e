#![no_main]

#[path = "../../../crates/orlop-layer/tests/it/fuzz_layers.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|data: &[u8]| property::check(data));

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| orlop_distribution::fuzzing::answers(data));

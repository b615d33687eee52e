#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| orlop_sbom::fuzzing::records(data));

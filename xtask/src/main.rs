//! Setup, tests, benchmarks, generated documents.
fn main() {}

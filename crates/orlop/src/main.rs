//! The program `orlop`. All of it is in the library of the same name, so that tests and the
//! generators of man pages and completions reach it.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Codes: 0 done, 1 failed, 64 a template is malformed, 125 a flag is wrong, 130 interrupted,
    // 141 the reader of our output went away. See `orlop::error::ErrorKind`.
    orlop::run(std::env::args_os())
}

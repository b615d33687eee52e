//! Who may do what.
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop where something isn't as it should be"
)]

mod certificates;
mod challenges;
mod external;
mod first_admin;
mod fuzz_keys;
mod fuzz_tokens;
mod hostile;
mod keys;
mod logins;
mod properties;
mod robots;
mod rules;
mod scene;
#[path = "../../../../fuzz/seeds.rs"]
mod seeds;
mod tokens;
mod users;

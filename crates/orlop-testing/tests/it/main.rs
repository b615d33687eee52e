//! The helpers of tests, tested on each other: what is built here is pushed, pulled and run by the
//! other tools of the field.

mod faults;
mod logins;
mod peers;

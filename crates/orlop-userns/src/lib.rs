//! A user namespace of one's own, in which a user is root: for unpacking and mounting images without
//! being root of the machine (user_namespaces(7)).
//!
//! In it the user is 0, and the ids that `/etc/subuid` and `/etc/subgid` give them are 1 and so on. The
//! kernel lets a process write such a map only with the help of the setuid programs `newuidmap` and
//! `newgidmap`, and only from outside. Where there are none, or no ids, the namespace has one id, and all
//! that is made in it belongs to the user.
//!
//! [`enter`] takes the process itself along, before it has a second thread: there is no process in between
//! that would have to pass on signals, the terminal and the exit code, as there is with a program that
//! starts itself again. Podman keeps one namespace for all its processes, held by one that sleeps; here
//! each has its own, and nothing is left when it ends.

mod enter;
mod error;
mod ids;

pub use enter::{Entered, enter};
pub use error::{Error, Result};
pub use ids::{IdMap, IdRange, Subordinate};

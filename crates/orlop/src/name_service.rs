//! Where the static program looks up host names.

#![expect(
    unsafe_code,
    reason = "glibc has this under no other name, and no crate wraps it"
)]

use std::ffi::{c_char, c_int};

unsafe extern "C" {
    /// glibc: "Overwrite service selection for database DBNAME using specification in `SERVICE_LINE`",
    /// for programs "which have to work around non-existing services" (`nss.h`).
    fn __nss_configure_lookup(database: *const c_char, services: *const c_char) -> c_int;
}

/// Looks up hosts in `/etc/hosts` and by DNS, whatever `/etc/nsswitch.conf` says.
///
/// These two are in glibc itself. Others (`mdns4_minimal`, `resolve`, `myhostname`) are libraries of
/// the machine, made for the machine's own glibc; a static program that loaded one would at best
/// not find it, and at worst crash in it.
pub(crate) fn only_files_and_dns() {
    // SAFETY: both are strings that end in NUL and live for ever; glibc copies what it needs and
    // takes a lock for the change. An error, which would be a fault in our line, changes nothing.
    let _ = unsafe { __nss_configure_lookup(c"hosts".as_ptr(), c"files dns".as_ptr()) };
}

#[cfg(test)]
mod tests {
    use std::net::ToSocketAddrs;

    #[test]
    fn names_of_the_hosts_file_are_found() {
        super::only_files_and_dns();
        let found: Vec<_> = ("localhost", 80).to_socket_addrs().unwrap().collect();
        assert!(found.iter().all(|address| address.ip().is_loopback()));
    }
}

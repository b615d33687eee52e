//! What the process may give to the files that it makes.

use orlop_userns::IdMap;

/// What the process that unpacks may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Privilege {
    /// It is root: owners, devices and all extended attributes are kept.
    Full,
    /// It is root of a user namespace. Owners are kept, and who has an id that the namespace hasn't is
    /// refused: who else should have the file? Devices are left out, and extended attributes that only
    /// root of the machine may set.
    Namespace {
        /// The users that there are.
        users: IdMap,
        /// The groups that there are.
        groups: IdMap,
    },
    /// It is nobody in particular, or alone in its namespace. Everything belongs to the caller, devices are
    /// left out, and only `user.` attributes are set.
    None,
}

impl Privilege {
    /// That of this process. What can't be found out counts as none.
    pub fn of_process() -> Self {
        if !rustix::process::geteuid().is_root() {
            return Self::None;
        }
        let map = |name: &str| {
            let text = std::fs::read_to_string(format!("/proc/self/{name}"));
            IdMap::parse(&text.unwrap_or_default())
        };
        Self::of_root(map("uid_map"), map("gid_map"))
    }

    fn of_root(users: IdMap, groups: IdMap) -> Self {
        if users.is_initial() && groups.is_initial() {
            return Self::Full;
        }
        match users.len() > 1 && groups.len() > 1 {
            true => Self::Namespace { users, groups },
            false => Self::None,
        }
    }

    /// Files get the owners that the archive names.
    pub fn keeps_owners(&self) -> bool {
        *self != Self::None
    }

    /// Devices are made.
    pub(crate) fn makes_devices(&self) -> bool {
        *self == Self::Full
    }

    /// Whether there is such an owner here.
    pub(crate) fn knows(&self, uid: u32, gid: u32) -> bool {
        match self {
            Self::Namespace { users, groups } => users.contains(uid) && groups.contains(gid),
            Self::Full | Self::None => true,
        }
    }

    /// Whether an extended attribute may be set.
    pub(crate) fn sets(&self, attribute: &[u8]) -> bool {
        match self {
            Self::Full => true,
            Self::Namespace { .. } => {
                attribute == b"security.capability"
                    || attribute.starts_with(b"user.")
                    || attribute.starts_with(b"system.posix_acl_")
            }
            Self::None => attribute.starts_with(b"user."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_the_ids_that_there_are() {
        let of = |text: &str| Privilege::of_root(IdMap::parse(text), IdMap::parse(text));
        assert_eq!(of("0 0 4294967295"), Privilege::Full);
        assert_eq!(of("0 1000 1"), Privilege::None);
        assert_eq!(of(""), Privilege::None);
        let namespace = of("0 1000 1\n1 100000 65536");
        assert!(namespace.keeps_owners() && !namespace.makes_devices());
        assert!(namespace.knows(0, 65536) && !namespace.knows(65537, 0));
        assert!(namespace.sets(b"security.capability") && !namespace.sets(b"trusted.x"));
        assert!(!Privilege::None.sets(b"security.capability") && Privilege::None.sets(b"user.x"));
    }
}

//! Ids of users and groups: those that somebody may use beside their own (subuid(5), subgid(5)), and the
//! map of a namespace (user_namespaces(7)).

/// A range of ids in a namespace, and what they are outside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdRange {
    /// The first in the namespace.
    pub inside: u32,
    /// What that one is outside.
    pub outside: u32,
    /// How many.
    pub count: u32,
}

/// All ids of a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdMap {
    /// Ranges that don't overlap.
    pub ranges: Vec<IdRange>,
}

/// What `/etc/subuid` or `/etc/subgid` gives to somebody: first ids and counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subordinate(pub Vec<(u32, u32)>);

impl IdMap {
    /// Oneself as 0, and nobody else.
    pub fn single(id: u32) -> Self {
        Self {
            ranges: vec![IdRange {
                inside: 0,
                outside: id,
                count: 1,
            }],
        }
    }

    /// Oneself as 0, and others from 1 on, as many as there are ids for.
    pub fn with(id: u32, others: &Subordinate) -> Self {
        let mut map = Self::single(id);
        let mut inside: u32 = 1;
        for &(outside, count) in &others.0 {
            // 4294967295 is no id.
            let count = count
                .min(u32::MAX - inside)
                .min(u32::MAX.saturating_sub(outside));
            // The kernel takes no id twice, nor one's own.
            let end = u64::from(outside) + u64::from(count);
            let is_taken = map.ranges.iter().any(|range| {
                let taken = u64::from(range.outside);
                taken < end && u64::from(outside) < taken + u64::from(range.count)
            });
            if count > 0 && !is_taken {
                map.ranges.push(IdRange {
                    inside,
                    outside,
                    count,
                });
                inside += count;
            }
        }
        map
    }

    /// Reads what `/proc/PID/uid_map` or `gid_map` holds.
    pub fn parse(text: &str) -> Self {
        let range = |line: &str| {
            let mut numbers = line.split_whitespace().map(str::parse);
            let mut next = || numbers.next()?.ok();
            Some(IdRange {
                inside: next()?,
                outside: next()?,
                count: next()?,
            })
        };
        Self {
            ranges: text.lines().filter_map(range).collect(),
        }
    }

    /// Whether an id is one of the namespace.
    pub fn contains(&self, id: u32) -> bool {
        self.ranges
            .iter()
            .any(|range| id >= range.inside && id - range.inside < range.count)
    }

    /// How many ids there are.
    pub fn len(&self) -> u64 {
        self.ranges.iter().map(|range| u64::from(range.count)).sum()
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// That of the machine itself: every id is itself.
    pub fn is_initial(&self) -> bool {
        let all = IdRange {
            inside: 0,
            outside: 0,
            count: u32::MAX,
        };
        self.ranges == [all]
    }

    /// As the kernel and `newuidmap` want it.
    pub(crate) fn numbers(&self) -> Vec<String> {
        let all = self.ranges.iter();
        all.flat_map(|range| [range.inside, range.outside, range.count])
            .map(|number| number.to_string())
            .collect()
    }
}

impl Subordinate {
    /// Reads `NAME:FIRST:COUNT` lines; the name may be the id itself. What isn't understood is passed
    /// over, as the programs that give the ids do.
    pub fn parse(text: &str, name: Option<&str>, id: u32) -> Self {
        let id = id.to_string();
        let range = |line: &str| {
            let mut fields = line.trim().split(':');
            let owner = fields.next()?;
            let ours = Some(owner) == name || owner == id;
            let first = fields.next()?.parse().ok()?;
            let count = fields.next()?.parse().ok()?;
            (ours && fields.next().is_none()).then_some((first, count))
        };
        Self(text.lines().filter_map(range).collect())
    }
}

/// The name of a user in the text of `/etc/passwd`.
pub(crate) fn name_of(passwd: &str, id: u32) -> Option<&str> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(id)).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_subordinate_ids() {
        let text = "ann:100000:65536\n# bob:1:1\nbob:165536:65536\n1000:300000:10\nann:x:1\nann:1\n\
                    ann:500000:5\nann:1:2:3\n";
        let parse = |name, id| Subordinate::parse(text, name, id).0;
        assert_eq!(parse(Some("ann"), 7), [(100_000, 65536), (500_000, 5)]);
        assert_eq!(parse(Some("bob"), 1000), [(165_536, 65536), (300_000, 10)]);
        assert_eq!(parse(None, 7), []);
    }

    #[test]
    fn maps() {
        let map = IdMap::with(1000, &Subordinate(vec![(100_000, 10), (999, 5), (7, 2)]));
        assert_eq!(
            map.numbers().join(" "),
            "0 1000 1 1 100000 10 11 7 2",
            "one's own id isn't given twice"
        );
        assert_eq!(map.len(), 13);
        assert!(map.contains(0) && map.contains(12) && !map.contains(13));
        assert!(!map.is_initial() && !map.is_empty());
        assert_eq!(
            IdMap::parse("         0       1000          1\n"),
            IdMap::single(1000)
        );
        assert!(IdMap::parse("0 0 4294967295\n").is_initial());
        assert!(IdMap::parse("").is_empty());
        let huge = IdMap::with(0, &Subordinate(vec![(5, u32::MAX), (9, 9)]));
        assert_eq!(huge.len(), 1 + u64::from(u32::MAX - 5));
    }

    #[test]
    fn names() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\nbroken\n";
        assert_eq!(name_of(passwd, 1000), Some("ann"));
        assert_eq!(name_of(passwd, 1), None);
    }
}

//! Versions that are hard to order: real ones, and what a few changed characters make of them.

use orlop_vuln::Order;

/// A small generator of numbers (xorshift64*), so that each run makes the same versions.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap_or(0) % end
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

/// Pairs of versions, most of them near each other. `real` are further versions to begin with.
pub(crate) fn pairs(
    order: Order,
    seed: u64,
    count: usize,
    real: &[String],
) -> Vec<(String, String)> {
    let (seeds, parts) = words(order);
    let mut dice = Dice::new(seed);
    let mut pairs = Vec::with_capacity(count);
    while pairs.len() < count {
        let left = match dice.below(if real.is_empty() { 2 } else { 3 }) {
            0 => dice.of(seeds).to_owned(),
            1 => assemble(parts, &mut dice),
            _ => real[dice.below(real.len())].clone(),
        };
        let right = match dice.below(8) {
            0 => dice.of(seeds).to_owned(),
            1 if !real.is_empty() => real[dice.below(real.len())].clone(),
            _ => change(&left, parts, &mut dice),
        };
        let left = match dice.below(4) {
            0 => change(&left, parts, &mut dice),
            _ => left,
        };
        // To a tool, nothing is a missing argument, and a hyphen an option.
        if [&left, &right]
            .iter()
            .all(|version| !version.is_empty() && !version.starts_with('-'))
        {
            pairs.push((left, right));
        }
    }
    pairs
}

/// A few parts in a row, after a number.
fn assemble(parts: &[&str], dice: &mut Dice) -> String {
    let mut version = ["0", "1", "2", "01", "10"][dice.below(5)].to_owned();
    for _ in 0..dice.below(6) {
        version.push_str(dice.of(parts));
    }
    version
}

/// One to three small changes.
fn change(version: &str, parts: &[&str], dice: &mut Dice) -> String {
    let mut text: Vec<char> = version.chars().collect();
    for _ in 0..=dice.below(3) {
        let at = dice.below(text.len() + 1);
        let part: Vec<char> = dice.of(parts).chars().collect();
        match dice.below(8) {
            // Whole parts are put in more often than at random places only: at the end.
            0 | 1 => text.extend(part),
            2 => drop(text.splice(at..at, part)),
            3 if at < text.len() => drop(text.remove(at)),
            4 => text.truncate(at.max(1)),
            5 if at < text.len() => text.insert(at, text[at]),
            6 if at + 1 < text.len() => text.swap(at, at + 1),
            _ => {
                if let Some(digit) = text.iter_mut().rev().find(|c| c.is_ascii_digit()) {
                    *digit = ['0', '1', '2', '9'][dice.below(4)];
                }
            }
        }
    }
    text.truncate(60);
    text.into_iter().collect()
}

/// Versions to begin with, and parts to put into them.
fn words(order: Order) -> (&'static [&'static str], &'static [&'static str]) {
    match order {
        Order::Apk => (
            &[
                "1.2.3-r0",
                "2.6.0-r0",
                "1.1.1k-r0",
                "1.34.1-r5",
                "0.9.10_rc1-r2",
                "1.2_p20210101-r0",
                "2.0_alpha3_p1",
                "1.0.01-r3",
                "3.0a",
                "0",
                "5.4_pre2-r10",
                "20230506-r0",
                "1.00.1",
                "1_git20200101-r1",
            ],
            &[
                ".0", ".1", ".01", ".10", ".00", "a", "z", "_rc", "_rc1", "_alpha", "_beta2",
                "_pre", "_p", "_p1", "_cvs", "_svn1", "_git2020", "_hg", "-r0", "-r1", "-r10", "0",
                "9", "-", "_", ".", "r",
            ],
        ),
        Order::Dpkg => (
            &[
                "1:2.36-9+deb12u4",
                "2.36-9",
                "1.0~rc1-1",
                "1.0-1~bpo11+1",
                "0",
                "1.1.1n-0+deb11u5",
                "2:8.2-1",
                "5.10.0-1ubuntu1.2",
                "20230311",
                "1.2.3+dfsg-4+b1",
                "7.88.1-10+deb12u1",
                "1.0.0-1-2",
                "1.0a",
                "0:1",
            ],
            &[
                "~", "~~", "~rc1", "+dfsg", "-1", "-0", "+b1", "+deb12u1", ".", ".0", ".1", ".01",
                "a", "Z", "z", "-", "1:", "0:", "00", "10", "ubuntu", "+", "~bpo", "alpha",
            ],
        ),
        Order::Rpm => (
            &[
                "1.2.3-4.el8",
                "0:1.2.3-4.el8_6.1",
                "1:1.1.1k-7.el8_6",
                "2.28-236.el8.7",
                "1.0~rc1-1.fc38",
                "1.0^20230101git-1",
                "5.14.0-362.8.1.el9_3",
                "0",
                "1.0.1e-1",
                "4.18.0-1.el8",
                "1.0^",
                "1.0~",
            ],
            &[
                "~", "^", "~rc1", "^git1", ".", "..", "_", "+", ".0", ".1", ".01", "a", "Z", "z",
                "-1", "-0", "1:", "0:", ".el8", ".fc38", "10", "001", "el", "~^", "^~",
            ],
        ),
        Order::Semver | Order::Npm => (
            &[
                "1.2.3",
                "0.0.0",
                "1.0.0-alpha",
                "1.0.0-alpha.1",
                "1.0.0-beta.11",
                "1.0.0-rc.1+build.5",
                "0",
                "1",
                "1.2",
                "10.2.3-DEV-SNAPSHOT",
                "1.2.3-0",
                "1.0.0-0.3.7",
                "4.17.21",
                "1.0.0--",
                "1.2.3-x.7.z.92",
                "1.0.0+20130313144700",
            ],
            &[
                ".0",
                ".1",
                ".2",
                ".10",
                ".01",
                "-",
                "-0",
                "-1",
                "-alpha",
                "-alpha.1",
                "-rc.2",
                "-a",
                "-A",
                "--",
                "+b",
                "+",
                ".x",
                "v",
                "-9007199254740993",
                "-9007199254740992",
                "0",
                "beta",
                "-rc1",
                "-0a",
                "-beta.01",
                "=",
            ],
        ),
        Order::Pep440 => (
            &[
                "1.0",
                "1.0.0",
                "1!1.0",
                "1.0a1",
                "1.0.dev1",
                "1.0rc1.post2.dev3",
                "1.0+local.1",
                "2024.1.1",
                "0",
                "1.0-1",
                "1.0.post1",
                "1.0b2.dev456",
                "3.0.0a4",
                "v1.0",
                "1.0.0+ubuntu-1",
                "1.0c1",
                "1.0.PREVIEW3",
            ],
            &[
                ".0", ".1", ".00", "a", "b1", "rc1", "c2", ".dev", ".dev0", ".dev1", "dev",
                ".post", ".post0", "-1", "-", "_", ".", "+a", "+1", "+a.1", ".r4", "rev", "alpha",
                "-beta-2", "pre", "1!", "0!", "0", "10", "+1.a", "RC",
            ],
        ),
        Order::Maven => (
            &[
                "1.0",
                "1.0.0",
                "1.0-SNAPSHOT",
                "1.0-alpha-1",
                "1.0-beta2",
                "2.13.4.2",
                "1.0.Final",
                "5.3.18.RELEASE",
                "1.0-rc1",
                "31.1-jre",
                "31.1-android",
                "1.0-m3",
                "1.0.0.RC1",
                "9.4.48.v20220622",
                "1-ga",
                "1.0.1b",
                "2.0-cr1",
                "1.0-sp",
                "1-xyz",
                "1.0.0-20200101.120000-1",
            ],
            &[
                ".0",
                ".1",
                "-1",
                "-0",
                ".",
                "-",
                "a",
                "a1",
                "b2",
                "m3",
                "-alpha",
                ".alpha",
                "-rc",
                "-cr1",
                ".RC1",
                "-SNAPSHOT",
                ".Final",
                "-ga",
                "-sp",
                "-sp1",
                "-jre",
                ".v2022",
                "x",
                "x1",
                "10",
                "01",
                "-x-1",
                ".RELEASE",
                "-milestone-2",
            ],
        ),
        Order::Go => (
            &[
                "v1.2.3",
                "1.2.3",
                "v0.0.0-20200101120000-abcdef123456",
                "v2.0.0+incompatible",
                "v1.2.4-0.20210101000000-abcdefabcdef",
                "v1.2.3-pre.0.20210101000000-abcdefabcdef",
                "go1.21rc2",
                "go1.21.5",
                "go1.20",
                "go1.21",
                "go1.20rc1",
                "1.21.0-0",
                "1.21.0-rc.3",
                "0",
                "v1",
                "v1.2",
                "go1.21.3-bigcorp.1",
                "go1.9.2",
                "go1",
                "v1.2.3-beta.2",
                "go1.21.0",
            ],
            &[
                ".0",
                ".1",
                ".2",
                ".10",
                "-0",
                "-1",
                "-alpha",
                "-rc.1",
                "-a",
                "rc1",
                "beta1",
                "rc",
                ".01",
                "+meta",
                "+",
                "-",
                "0",
                "-bigcorp",
                "-20200101000000-abcdefabcdef",
                "v",
                "9",
            ],
        ),
        Order::Gem => (
            &[
                "1.0",
                "1.0.0",
                "1.0.a",
                "1.0.0.pre1",
                "2.0.0.rc2",
                "1.2.3-alpha",
                "5.2.4.3",
                "0",
                "1.0.0.beta.2",
                "1.a.0",
                "1.0-x86_64-linux",
                "3.0.0.pre.1",
                "1",
                "7.0.4.1",
                "1.0.b1",
                "1.0-1",
            ],
            &[
                ".0", ".1", ".00", ".a", ".b", ".rc1", ".pre", "-1", "-a", "-", ".", "a", "B",
                "10", "01", ".z.0", "-0", ".beta.1", "..", ".0.0",
            ],
        ),
        Order::Composer => (
            &[
                "1.0",
                "v1.0.0",
                "1.0.0-beta2",
                "1.0.0-RC1",
                "2.0.x-dev",
                "1.0.0-alpha.1",
                "5.4.21",
                "1.0.0-p1",
                "20240101",
                "2024.01.01",
                "1.0.0-patch2",
                "1.0-dev",
                "1.0.0-stable",
                "2010-01-02",
                "1.x-dev",
                "2010-01-02-10-20-30.5",
                "v4.4.50",
            ],
            &[
                ".0",
                ".1",
                ".01",
                "-beta",
                "-b2",
                "-RC",
                "rc1",
                "-alpha3",
                "a",
                "-p1",
                "pl2",
                "-dev",
                ".dev",
                "-",
                ".",
                "_",
                "+b",
                "-stable",
                "-Stable",
                "dev",
                ".x",
                ".*",
                "10",
                "123456",
                "-beta.1.2",
                "-1",
                ":",
                "-patch",
            ],
        ),
        Order::Nuget => (
            &[
                "1.0",
                "1.0.0",
                "1.0.0.0",
                "1.0.0-beta",
                "1.0.0-Beta.2",
                "2.1.3.4-rc1",
                "6.0.0-preview.7.21377.19",
                "13.0.1",
                "1",
                "1.0.0+abc",
                "1.0.0-alpha.10",
                "4.3.0",
                "1.01.1",
                "0",
                "1.0.0-2147483648",
            ],
            &[
                ".0",
                ".1",
                ".01",
                ".10",
                "-a",
                "-A",
                "-beta",
                "-beta.1",
                "-1",
                "-0",
                "--5",
                "-01",
                "+x",
                "+",
                "-",
                ".",
                "10",
                "-RC",
                "-rc",
                ".a",
                "-2147483647",
                "-2147483648",
                ".2147483648",
            ],
        ),
        Order::Conda => (
            &[
                "1.0",
                "1.0.0",
                "1.0.1a",
                "1.0.1_",
                "1.0.1post1",
                "1.0.1.dev1",
                "1!1.0",
                "2.0b1pr0",
                "1.1.1k",
                "0.4.1.rc",
                "1.0+local.1",
                "2020.01",
                "0",
                "1.0rc1",
                "0.960923",
                "1.0-1",
            ],
            &[
                ".0", ".1", "a", "b1", "rc", "dev", "post", "_", "-", ".", "*", "1!", "+a", "+1",
                "10", "01", ".dev1", ".post2", "A", "alpha", "_1", ".a",
            ],
        ),
        _ => unreachable!("every order has words"),
    }
}

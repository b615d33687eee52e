//! Random stacks of layers, mounted, against what umoci unpacks from them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use orlop_fs::{Difference, TreeListing};
use orlop_testing::peer::Umoci;
use orlop_testing::{
    Compression, FaultProxy, Image, Layer, Orlop, PlatformName, Program, Tarball, access_list,
    is_root,
};

use crate::{mounted, orlop};

/// Stacks for each driver: a few seconds' worth. `ORLOP_TEST_STACKS` asks for more, and
/// `ORLOP_TEST_SEED` for others.
const STACKS: u64 = 25;

/// Random numbers (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) % sides
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.roll(list.len() as u64) as usize]
    }

    /// A directory, seldom through a link.
    fn dir(&mut self) -> String {
        let depth = 1 + self.roll(3);
        let names: Vec<_> = (0..depth)
            .map(|_| self.pick(&["a", "b", "c", "a", "b", "c", "a-b", "l"]))
            .collect();
        names.join("/")
    }

    /// Something in a directory; seldom where directories usually are.
    fn path(&mut self) -> String {
        let dir = self.dir();
        match self.roll(10) {
            0 => dir,
            1 => self.pick(&["x", "y"]).to_owned(),
            _ => format!("{dir}/{}", self.pick(&["x", "y", "z"])),
        }
    }

    fn mode(&mut self) -> u32 {
        [0o644, 0o755, 0o700, 0o2775, 0o1777, 0o4711][self.roll(6) as usize]
    }

    /// The text of a symbolic link.
    fn text(&mut self) -> String {
        let path = self.dir();
        match self.roll(5) {
            0 => format!("/{path}"),
            1 => format!("../{path}"),
            2 => format!("{path}/../{}", self.dir()),
            3 => "..".to_owned(),
            _ => path,
        }
    }
}

/// A layer, and how to say it.
fn layer(dice: &mut Dice, number: u64, files: &mut Vec<String>) -> (Tarball, Vec<String>) {
    let mut said = Vec::new();
    let mut tar = root(dice, number, &mut said);
    // Some layers have nothing, or nothing but their root.
    let entries = match dice.roll(6) {
        0 => 0,
        _ => 1 + dice.roll(7) + if number == 0 { 4 } else { 0 },
    };
    for entry in 0..entries {
        let path = dice.path();
        let stamp = 1_600_000_000 + 1_000_000 * number + entry;
        tar = tar.mtime(stamp, u32::try_from(entry).unwrap_or(0));
        tar = tar.owner(number * 10, entry);
        if dice.roll(4) == 0 {
            tar = tar.xattr("user.note", format!("{number} {entry}").as_bytes());
            said.push("xattr".to_owned());
        }
        let mode = dice.mode();
        // Base layers have more to lose.
        match dice.roll(if number == 0 { 12 } else { 18 }) {
            0..4 => {
                tar = own_list(tar, dice, &mut said);
                tar = tar.file(&path, mode, vec![b'x'; dice.roll(5) as usize]);
                said.push(format!("file {path} {mode:o}"));
                files.push(path);
            }
            4..8 => {
                let path = dice.dir();
                tar = lists(tar, dice, &mut said).dir(&path, mode);
                said.push(format!("dir {path} {mode:o}"));
            }
            8..10 => {
                let path = match dice.roll(2) {
                    0 => format!("{}/l", dice.dir()),
                    _ => "l".to_owned(),
                };
                let text = dice.text();
                tar = tar.symlink(&path, &text);
                said.push(format!("symlink {path} -> {text}"));
            }
            10 => {
                let Some(target) =
                    (!files.is_empty()).then(|| &files[dice.roll(files.len() as u64) as usize])
                else {
                    continue;
                };
                tar = tar.hard_link(&path, target);
                said.push(format!("link {path} = {target}"));
            }
            11 => {
                tar = tar.fifo(&path, mode);
                said.push(format!("fifo {path} {mode:o}"));
            }
            _ => tar = hide(tar, dice, path, &mut said),
        }
    }
    (tar, said)
}

/// The beginning of a layer, which may have the root in it.
fn root(dice: &mut Dice, number: u64, said: &mut Vec<String>) -> Tarball {
    let tar = Tarball::new();
    if dice.roll(if number == 0 { 2 } else { 6 }) != 0 {
        return tar;
    }
    let tar = lists(tar.mtime(1_500_000_000 + number, 0), dice, said);
    said.push("dir . 711".to_owned());
    tar.dir(".", 0o711)
}

/// An access control list.
fn list(dice: &mut Dice) -> Vec<u8> {
    match dice.roll(3) {
        0 => access_list(7, None, 1, 1),
        1 => access_list(5, Some((1000, 2)), 5, 0),
        _ => access_list(7, Some((1000, 7)), 5, 5),
    }
}

/// Adds lists to the directory that comes next, seldom: one that it hands on, one of its own.
fn lists(mut tar: Tarball, dice: &mut Dice, said: &mut Vec<String>) -> Tarball {
    if dice.roll(4) == 0 {
        tar = tar.xattr("system.posix_acl_default", &list(dice));
        said.push("default list".to_owned());
    }
    own_list(tar, dice, said)
}

/// Adds one to what comes next, seldom.
fn own_list(tar: Tarball, dice: &mut Dice, said: &mut Vec<String>) -> Tarball {
    if dice.roll(8) != 0 {
        return tar;
    }
    said.push("access list".to_owned());
    tar.xattr("system.posix_acl_access", &list(dice))
}

/// Adds a whiteout, opaque or not.
fn hide(tar: Tarball, dice: &mut Dice, path: String, said: &mut Vec<String>) -> Tarball {
    match dice.roll(6) {
        0..2 => {
            said.push(format!("hide {path}"));
            tar.whiteout(&path)
        }
        2..4 => {
            let path = dice.dir();
            said.push(format!("hide {path}"));
            tar.whiteout(&path)
        }
        kind => {
            let path = match kind {
                4 if dice.roll(2) == 0 => ".".to_owned(),
                _ => dice.dir(),
            };
            said.push(format!("opaque {path}"));
            tar.opaque(&path)
        }
    }
}

/// A random image, and how to say it.
pub(crate) fn random(seed: u64, stack: u64) -> (Image, String) {
    let mut files = Vec::new();
    let mut dice = Dice(seed * 1_000_000 + stack);
    let layers: Vec<_> = (0..2 + dice.roll(2))
        .map(|number| layer(&mut dice, number, &mut files))
        .collect();
    let said: Vec<_> = layers.iter().map(|(_, said)| said.join(", ")).collect();
    let layers: Vec<_> = layers
        .into_iter()
        .map(|(tar, _)| Layer::new(&tar.finish(), Compression::None))
        .collect();
    (
        Image::new(&PlatformName::host(), &layers),
        said.join("\n  "),
    )
}

/// What umoci unpacks; `None` when it refuses.
pub(crate) fn unpacked(orlop: &Orlop, image: &Image, name: &str) -> Option<TreeListing> {
    let layout = orlop.folder().join(format!("layout-{name}"));
    image.write_layout(&layout, name);
    let bundle = orlop.folder().join(format!("bundle-{name}"));
    let done = Program::new("umoci")
        .args(["unpack", "--image", &format!("{}:{name}", layout.display())])
        .arg(&bundle)
        .run();
    let tree = (done.code() == 0)
        .then(|| TreeListing::read(&bundle.join("rootfs")).expect("an unpacked tree can be read"));
    for folder in [layout, bundle] {
        std::fs::remove_dir_all(folder).expect("it was made here");
    }
    tree
}

/// The ways in which two trees differ, except in times that umoci left to the clock: those of
/// directories that no layer describes, and of directories in which it made or deleted some.
pub(crate) fn differences(
    ours: &TreeListing,
    umocis: &TreeListing,
    started: Duration,
) -> Vec<String> {
    let mut ours = ours.clone();
    for (path, node) in &umocis.nodes {
        if node.mtime.seconds >= started.as_secs().cast_signed()
            && let Some(own) = ours.nodes.get_mut(path)
        {
            own.mtime = node.mtime;
        }
    }
    ours.diff(umocis)
        .iter()
        .map(Difference::to_string)
        .collect()
}

/// A number from the environment.
pub(crate) fn asked_for(name: &str, usual: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn compare(driver: &str) {
    let (true, Some(_)) = (is_root(), Umoci::new()) else {
        return;
    };
    let (stacks, seed) = (
        asked_for("ORLOP_TEST_STACKS", STACKS),
        asked_for("ORLOP_TEST_SEED", 1),
    );
    let registry = FaultProxy::alone();
    let orlop = orlop().driver(driver);
    let started = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    let (mut compared, mut wrong) = (0, Vec::new());
    for stack in 0..stacks {
        let (image, said) = random(seed, stack);
        // Of one length, as the registry takes what begins alike for the same.
        let name = format!("s{stack:06}");
        let Some(expected) = unpacked(&orlop, &image, &name) else {
            continue;
        };
        registry.serve("stacks", &name, &image);
        let name = format!("{}/stacks:{name}", registry.host());
        compared += 1;
        let done = orlop.run(["pull", "-q", &name]);
        let differ = match done.code() {
            0 => differences(&mounted(&orlop, &name), &expected, started),
            _ => vec![done.stderr.clone()],
        };
        if !differ.is_empty() {
            wrong.push(format!("stack {stack}:\n  {}\n{}", said, differ.join("\n")));
        }
    }
    let shown = wrong.join("\n\n");
    assert!(
        wrong.is_empty(),
        "{driver}: {} differ\n{shown}",
        wrong.len()
    );
    assert!(
        compared * 3 > stacks,
        "only {compared} of {stacks} could be compared"
    );
}

#[test]
fn root_random_stacks_are_what_umoci_unpacks() {
    compare("overlay2");
}

#[test]
fn root_with_vfs_random_stacks_are_the_same() {
    compare("vfs");
}

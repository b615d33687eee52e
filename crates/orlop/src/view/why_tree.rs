//! What holds a thing, as a tree and as JSON.

use std::collections::HashSet;

use jiff::Timestamp;
use orlop_image::why::{About, Kind, Why};
use orlop_store::{Holder, Partial, Thing};
use serde_json::{Value, json};

use crate::units;

/// So many holders of one thing are shown, unless all are asked for.
const FEW: usize = 10;

/// From each thing up to what holds it.
pub fn tree(why: &Why, all: bool, now: Timestamp) -> String {
    let mut tree = Tree {
        why,
        all,
        now,
        seen: HashSet::new(),
        text: String::new(),
    };
    for thing in &why.things {
        tree.line(&["", &tree.thing(thing)]);
        tree.holders(thing, "");
    }
    for partial in &why.partials {
        tree.line(&["", &self::partial(partial)]);
        let why = if partial.is_arriving {
            "somebody brings it right now".to_owned()
        } else {
            format!(
                "nothing holds it: it waits for another pull until {}, and the next prune removes it",
                partial.kept_until.strftime("%Y-%m-%d")
            )
        };
        tree.line(&["└─ ", &why]);
    }
    tree.text
}

struct Tree<'a> {
    why: &'a Why,
    all: bool,
    now: Timestamp,
    /// What was shown with its holders already.
    seen: HashSet<&'a Thing>,
    text: String,
}

impl<'a> Tree<'a> {
    fn line(&mut self, parts: &[&str]) {
        // A name from a registry or a path may not draw lines of its own.
        let clean = |part: &&str| part.replace(|ch: char| ch.is_control(), " ");
        self.text.extend(parts.iter().map(clean));
        self.text.push('\n');
    }

    fn holders(&mut self, thing: &'a Thing, indent: &str) {
        if !self.seen.insert(thing) {
            self.line(&[indent, "└─ as above"]);
            return;
        }
        let holders = self.why.holders.of(thing);
        if holders.is_empty() {
            self.line(&[indent, "└─ nothing holds it: the next prune removes it"]);
        }
        let shown = if self.all || holders.len() <= FEW + 1 {
            holders.len()
        } else {
            FEW
        };
        for (number, holder) in holders.iter().take(shown).enumerate() {
            let is_last = number + 1 == holders.len();
            let (branch, below) = if is_last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            self.line(&[indent, branch, &self.holder(holder)]);
            if let Holder::Thing(above) = holder {
                self.holders(above, &format!("{indent}{below}"));
            }
        }
        if shown < holders.len() {
            let more = format!("… and {} more: --all shows them", holders.len() - shown);
            self.line(&[indent, "└─ ", &more]);
        }
    }

    fn thing(&self, thing: &Thing) -> String {
        match self.why.about.get(thing) {
            Some(about) => describe(thing, about),
            None => identity(thing).to_owned(),
        }
    }

    fn holder(&self, holder: &Holder) -> String {
        match holder {
            Holder::Thing(thing) => self.thing(thing),
            Holder::Image { names } if names.is_empty() => {
                "image without a name: the next prune removes it".to_owned()
            }
            Holder::Image { names } => {
                let names: Vec<String> = names.iter().map(|name| name.familiar()).collect();
                format!("image {}", names.join(", "))
            }
            Holder::Lease(lease) => match lease.process() {
                Some(process) => format!("running: {} (process {process})", lease.purpose),
                None => format!("running: {}", lease.purpose),
            },
            Holder::Mount(mount) => {
                let how = if mount.writable {
                    "writable"
                } else {
                    "read-only"
                };
                format!("mounted on {} ({how})", mount.target.display())
            }
            Holder::Container(container) => {
                let state = if container.running {
                    "running"
                } else {
                    "stopped"
                };
                let id = container.id.get(..12).unwrap_or(&container.id);
                format!("container {} ({id}, {state})", container.name)
            }
            Holder::Removal { command, until } => {
                let left = until.as_second() - self.now.as_second();
                let left = units::short_duration(u64::try_from(left).unwrap_or_default());
                format!("held for `orlop undo` of `{command}`, for {left}")
            }
        }
    }
}

fn identity(thing: &Thing) -> &str {
    match thing {
        Thing::Blob(digest) => digest.as_str(),
        Thing::Chain(chain) => chain.as_str(),
    }
}

fn kind(kind: &Kind) -> &'static str {
    match kind {
        Kind::Index => "index",
        Kind::Manifest(_) => "manifest",
        Kind::Config => "config",
        Kind::Layer => "layer",
        Kind::Blob => "blob",
        Kind::Snapshot(_) => "unpacked layer",
    }
}

/// `manifest sha256:… (linux/amd64, 1.02kB)`
fn describe(thing: &Thing, about: &About) -> String {
    let mut notes = Vec::new();
    match &about.kind {
        Kind::Manifest(Some(platform)) if !platform.is_unknown() => {
            notes.push(platform.to_string());
        }
        Kind::Snapshot(drivers) => notes.extend(drivers.iter().cloned()),
        _ => {}
    }
    notes.push(match about.size {
        Some(size) => units::size(size),
        None => "not here".to_owned(),
    });
    format!(
        "{} {} ({})",
        kind(&about.kind),
        identity(thing),
        notes.join(", ")
    )
}

fn partial(partial: &Partial) -> String {
    format!(
        "unfinished download {} ({})",
        partial.digest,
        units::size(partial.size)
    )
}

/// The same as an object: each thing with its holders, and theirs within them. What was told before
/// is told without its holders.
pub fn json(why: &Why) -> Value {
    let mut seen = HashSet::new();
    let things: Vec<Value> = why
        .things
        .iter()
        .map(|thing| {
            let mut object = object(why, thing, &mut seen);
            object["held"] = why.holders.is_held(thing).into();
            object
        })
        .collect();
    let partials = why.partials.iter().map(|partial| {
        json!({
            "kind": "unfinished download",
            "digest": partial.digest,
            "size": partial.size,
            "held": partial.is_arriving,
            "kept_until": partial.kept_until,
        })
    });
    let things: Vec<Value> = things.into_iter().chain(partials).collect();
    json!({ "things": things })
}

fn object<'a>(why: &'a Why, thing: &'a Thing, seen: &mut HashSet<&'a Thing>) -> Value {
    let mut object = json!({ "kind": "blob", "digest": identity(thing) });
    if let Some(about) = why.about.get(thing) {
        object["kind"] = kind(&about.kind).into();
        object["size"] = about.size.into();
        let paths = about.paths.iter().map(|path| path.display().to_string());
        object["paths"] = paths.collect::<Vec<_>>().into();
        match &about.kind {
            Kind::Manifest(Some(platform)) => object["platform"] = platform.to_string().into(),
            Kind::Snapshot(drivers) => object["drivers"] = drivers.clone().into(),
            _ => {}
        }
    }
    if seen.insert(thing) {
        let holders = why.holders.of(thing).iter();
        let holders: Vec<Value> = holders
            .map(|holder| holder_object(why, holder, seen))
            .collect();
        object["held_by"] = holders.into();
    }
    object
}

fn holder_object<'a>(why: &'a Why, holder: &'a Holder, seen: &mut HashSet<&'a Thing>) -> Value {
    match holder {
        Holder::Thing(thing) => object(why, thing, seen),
        Holder::Image { names } => {
            let names: Vec<String> = names.iter().map(|name| name.familiar()).collect();
            json!({ "kind": "image", "names": names })
        }
        Holder::Lease(lease) => json!({
            "kind": "lease",
            "purpose": lease.purpose,
            "process": lease.process(),
        }),
        Holder::Mount(mount) => json!({
            "kind": "mount",
            "target": mount.target.display().to_string(),
            "writable": mount.writable,
        }),
        Holder::Container(container) => json!({
            "kind": "container",
            "id": container.id,
            "name": container.name,
            "running": container.running,
        }),
        Holder::Removal { command, until } => json!({
            "kind": "removal",
            "command": command,
            "until": until,
        }),
    }
}

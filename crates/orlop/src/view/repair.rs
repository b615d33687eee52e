//! What `system repair` says.

use orlop_image::repair::{Damage, Finding, LayerFault, Outcome, RepairReport};
use orlop_store::Rebuilt;

use crate::units;

/// One line for each finding: what, how, who needs it, and what became of it.
pub fn finding(finding: &Finding) -> String {
    let (outcome, mark) = match &finding.outcome {
        Outcome::Repaired(how) => (how, "repaired"),
        Outcome::Harmless(why) => (why, "harmless"),
        Outcome::Remains(what) => (what, "damaged"),
    };
    let text = format!("{mark}: {}: {outcome}", damage(&finding.damage));
    // Names of files may have anything in them.
    text.replace(|ch: char| ch.is_control(), "?")
}

fn damage(damage: &Damage) -> String {
    match damage {
        Damage::Database(words) => format!("database: {words}"),
        Damage::Blob {
            digest,
            fault,
            images,
        } => format!("blob {digest}: {fault}{}", needed_by(images)),
        Damage::Incomplete { image, lacks } => {
            let lacks: Vec<&str> = lacks.iter().map(|digest| digest.as_str()).collect();
            format!("image {image}: lacks {}", lacks.join(", "))
        }
        Damage::Orphans { count: 1, bytes } => {
            format!("1 file that a crash left ({})", units::size(*bytes))
        }
        Damage::Orphans { count, bytes } => {
            format!("{count} files that crashes left ({})", units::size(*bytes))
        }
        Damage::Layout => "index.json or oci-layout: not what the store has".to_owned(),
        Damage::Derived { document, what } => format!("document {document}: {what} was not known"),
        Damage::Layer {
            driver,
            chain,
            fault,
            images,
        } => format!(
            "unpacked layer {} ({driver}): {}{}",
            chain.as_str(),
            layer_fault(fault),
            needed_by(images)
        ),
    }
}

fn layer_fault(fault: &LayerFault) -> String {
    match fault {
        LayerFault::Missing => "its folder is missing".to_owned(),
        LayerFault::Different { some, count } => {
            let more = if some.len() < *count { ", …" } else { "" };
            let what = if *count == 1 {
                "path differs"
            } else {
                "paths differ"
            };
            format!("{count} {what} from its blob's: {}{more}", some.join(", "))
        }
        LayerFault::Unrecorded => "the database doesn't know it".to_owned(),
        LayerFault::Unreadable(why) => format!("it can't be compared: {why}"),
    }
}

fn needed_by(images: &[String]) -> String {
    match images {
        [] => " (no image needs it)".to_owned(),
        [one] => format!(" (needed by {one})"),
        [one, more @ ..] => format!(" (needed by {one} and {} more)", more.len()),
    }
}

/// What was looked at, in one line.
pub fn summary(report: &RepairReport) -> String {
    let read = match report.bytes {
        0 => String::new(),
        bytes => format!(" ({})", units::size(bytes)),
    };
    let found = match report.findings.len() {
        0 => "nothing is damaged".to_owned(),
        count => format!(
            "{count} found, {} of them damaged still",
            report.remaining()
        ),
    };
    format!(
        "Checked {} blobs{read} and {} unpacked layers: {found}",
        report.blobs, report.layers
    )
}

/// What a new database was made of.
pub fn rebuilt(rebuilt: &Rebuilt) -> String {
    let old = match &rebuilt.old {
        Some(path) => format!("the old one is {}", path.display()),
        None => "there was none".to_owned(),
    };
    let index = if rebuilt.without_index {
        "; index.json was damaged too, so images have no names"
    } else {
        ""
    };
    format!(
        "repaired: database: made anew of {} blobs, {} images and {} names; {old}{index}",
        rebuilt.blobs, rebuilt.images, rebuilt.names
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use orlop_oci::Digest;
    use orlop_store::BlobFault;

    #[test]
    fn findings_in_words() {
        let digest = Digest::of(b"x");
        let line = finding(&Finding {
            damage: Damage::Blob {
                digest: digest.clone(),
                fault: BlobFault::Size(3),
                images: vec!["a:1".into(), "b:1".into()],
            },
            outcome: Outcome::Repaired("put aside in quarantine".into()),
        });
        assert_eq!(
            line,
            format!(
                "repaired: blob {digest}: its file has 3 bytes (needed by a:1 and 1 more): \
                 put aside in quarantine"
            )
        );
        let line = finding(&Finding {
            damage: Damage::Layer {
                driver: "vfs".into(),
                chain: orlop_oci::ChainId(digest.clone()),
                fault: LayerFault::Different {
                    some: vec!["/a\n".into()],
                    count: 2,
                },
                images: Vec::new(),
            },
            outcome: Outcome::Remains("unmount it".into()),
        });
        assert_eq!(
            line,
            format!(
                "damaged: unpacked layer {digest} (vfs): 2 paths differ from its blob's: /a?, … \
                 (no image needs it): unmount it"
            )
        );
        assert_eq!(
            summary(&RepairReport::default()),
            "Checked 0 blobs and 0 unpacked layers: nothing is damaged"
        );
    }
}

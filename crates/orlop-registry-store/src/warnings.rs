//! What somebody who pushed should hear, though all went well (distribution-spec, "Warnings").
//!
//! Each is something that the same person would otherwise be surprised by later: a push that is
//! refused, a tag that is gone or can't be moved, an image that can't be pulled whole. Nothing but
//! retention's rules that count over all tags costs a look of its own.

use crate::meta_store::PutNotes;
use crate::storage::Inner;
use crate::{PutManifest, RepositoryName};

/// Tags of one push that are looked at.
const TAGS: usize = 4;

/// What was seen of a manifest on its way in.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) foreign_layers: usize,
    pub(crate) notes: PutNotes,
}

impl Inner {
    /// About a manifest that was put, what matters most first.
    pub(crate) async fn warnings(
        &self,
        repository: &RepositoryName,
        put: &PutManifest,
        seen: Seen,
    ) -> Vec<String> {
        let Seen {
            foreign_layers,
            notes,
        } = seen;
        let rules = self.rules.get();
        let mut warnings: Vec<String> = notes
            .nearly_used
            .iter()
            .map(|quota| format!("the quota is nearly used up: {quota}"))
            .collect();
        let tags = &put.tags[..put.tags.len().min(TAGS)];
        // What can't be looked up now is no reason to fail what is done.
        let gone = self.would_remove(&rules, repository, tags).await;
        for (tag, why) in gone.unwrap_or_default() {
            warnings.push(format!("retention will remove tag {tag}: {why}"));
        }
        let held = notes.new_tags.iter().take(TAGS);
        for tag in held.filter(|tag| rules.is_immutable(repository, tag)) {
            warnings.push(format!(
                "tag {tag} is immutable from now on: it can't be moved or deleted"
            ));
        }
        if notes.without_subject
            && let Some(subject) = &put.subject
        {
            warnings.push(format!("its subject {subject} isn't here yet"));
        }
        match notes.missing {
            0 => {}
            1 => warnings.push("1 manifest that it lists isn't here".to_owned()),
            missing => warnings.push(format!("{missing} manifests that it lists aren't here")),
        }
        if foreign_layers > 0 {
            warnings.push(format!(
                "{foreign_layers} of its layers are of a type that is deprecated: non-distributable \
                 layers aren't kept here, and clients may fail to find them"
            ));
        }
        warnings
    }
}

//! The words for each event, as docker says them.

use orlop_image::event::{BlobState, Event};

/// The first line of an operation, which belongs to its result: docker's scripts read it.
pub(super) fn heading(event: &Event) -> Option<String> {
    match event {
        Event::PullStarted { reference } => {
            // docker prints the tag alone, or the whole name when it is pulled by digest.
            let what = match (reference.digest(), reference.tag()) {
                (None, Some(tag)) => tag.to_owned(),
                _ => reference.to_string(),
            };
            Some(format!(
                "{what}: Pulling from {}",
                reference.repository().path()
            ))
        }
        Event::PushStarted { reference } => Some(format!(
            "The push refers to repository [{}]",
            reference.repository()
        )),
        _ => None,
    }
}

/// What a state is called.
pub(super) fn status(state: &BlobState, layer: bool) -> String {
    match state {
        BlobState::Pending => "Pulling fs layer".to_owned(),
        BlobState::Waiting => "Waiting".to_owned(),
        BlobState::Downloading { .. } => "Downloading".to_owned(),
        BlobState::Downloaded => "Download complete".to_owned(),
        BlobState::Extracting { .. } => "Extracting".to_owned(),
        BlobState::Pulled => "Pull complete".to_owned(),
        BlobState::Exists => "Already exists".to_owned(),
        BlobState::Loading { .. } => "Loading layer".to_owned(),
        BlobState::Loaded => "Loaded layer".to_owned(),
        BlobState::Saving { .. } => "Saving".to_owned(),
        BlobState::Saved => "Saved".to_owned(),
        BlobState::Preparing => "Preparing".to_owned(),
        BlobState::Pushing { .. } => "Pushing".to_owned(),
        BlobState::Pushed => "Pushed".to_owned(),
        BlobState::LayerExists if layer => "Layer already exists".to_owned(),
        BlobState::LayerExists => "Already exists".to_owned(),
        BlobState::Mounted { from } => format!("Mounted from {from}"),
        BlobState::SkippedForeign => "Skipped foreign layer".to_owned(),
    }
}

/// Bytes so far and in all, of a state that moves.
pub(super) fn moving(state: &BlobState) -> Option<(u64, u64)> {
    match *state {
        BlobState::Downloading { current, total }
        | BlobState::Extracting { current, total }
        | BlobState::Loading { current, total }
        | BlobState::Saving { current, total }
        | BlobState::Pushing { current, total } => Some((current, total)),
        _ => None,
    }
}

/// Nothing more will happen to the blob.
pub(super) fn is_done(state: &BlobState) -> bool {
    matches!(
        state,
        BlobState::Pulled
            | BlobState::Exists
            | BlobState::Loaded
            | BlobState::Saved
            | BlobState::Pushed
            | BlobState::LayerExists
            | BlobState::Mounted { .. }
            | BlobState::SkippedForeign
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pulling(name: &str) -> String {
        let reference = name.parse().expect("a name");
        heading(&Event::PullStarted { reference }).expect("a heading")
    }

    #[test]
    fn headings() {
        assert_eq!(
            pulling("redis:latest"),
            "latest: Pulling from library/redis"
        );
        let digest = format!("sha256:{}", "1".repeat(64));
        assert_eq!(
            pulling(&format!("redis@{digest}")),
            format!("docker.io/library/redis@{digest}: Pulling from library/redis")
        );
        let reference = "localhost:5000/a/b:v1".parse().expect("a name");
        assert_eq!(
            heading(&Event::PushStarted { reference }).as_deref(),
            Some("The push refers to repository [localhost:5000/a/b]")
        );
    }
}

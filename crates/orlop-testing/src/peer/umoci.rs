//! umoci: unpacks an image of an OCI layout, the reference for what a tree must look like.

use std::path::{Path, PathBuf};

use crate::process::Program;
use crate::skip::need_programs;

/// umoci.
#[derive(Debug)]
pub struct Umoci(());

impl Umoci {
    /// Debian's umoci.
    #[must_use]
    pub fn new() -> Option<Self> {
        need_programs(&[("umoci", "umoci")]).then_some(Umoci(()))
    }

    /// Unpacks `tag` of a layout into `bundle`, which must not exist, and returns the root file
    /// system's folder. The tag must name one manifest, no index.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn unpack(&self, layout: &Path, tag: &str, bundle: &Path) -> PathBuf {
        let image = format!("{}:{tag}", layout.display());
        Program::new("umoci")
            .args(["unpack", "--image", &image])
            .arg(bundle)
            .ok();
        bundle.join("rootfs")
    }
}

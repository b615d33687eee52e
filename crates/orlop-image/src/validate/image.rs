//! One manifest and its configuration: what each says of the other.

use orlop_oci::{
    Descriptor, ImageConfig, ImageManifest, MAX_CONFIG_SIZE, MediaType, Platform, Raw,
};

use super::Validator;
use super::blobs::Blob;
use crate::error::{Error, Result};

impl Validator<'_> {
    /// Looks at an image's configuration, and notes its blobs.
    pub(super) async fn image(
        &mut self,
        descriptor: &Descriptor,
        manifest: &ImageManifest,
    ) -> Result<()> {
        let digest = &descriptor.digest;
        if descriptor.media_type == MediaType::DockerManifest && manifest.media_type.is_none() {
            self.find(digest, "manifest", "it has no mediaType");
        }
        if !is_of_layers(manifest) {
            let all = std::iter::once(&manifest.config).chain(&manifest.layers);
            for blob in all {
                self.note(Blob::plain(blob));
            }
            return Ok(());
        }
        let config = match self.config(&manifest.config).await {
            Ok(config) => config,
            Err(error) => {
                self.fault(&manifest.config.digest, "config", error)?;
                None
            }
        };
        if let Some(config) = &config {
            self.report.configs += 1;
            self.report.bytes += manifest.config.size;
            for problem in problems(manifest, config) {
                self.find(&manifest.config.digest, "config", problem);
            }
            if let Some(said) = &descriptor.platform
                && !said.is_unknown()
                && let Some(problem) = platform_problem(said, &config.platform)
            {
                self.find(digest, "manifest", problem);
            }
        }
        let diff_ids = config.map(|config| config.rootfs.diff_ids);
        let diff_ids = diff_ids.filter(|ids| ids.len() == manifest.layers.len());
        for (number, layer) in manifest.layers.iter().enumerate() {
            let diff_id = diff_ids.as_ref().map(|ids| ids[number].clone());
            self.note(match layer.media_type.is_layer() {
                true => Blob::layer(layer, diff_id),
                false => Blob::plain(layer),
            });
        }
        Ok(())
    }

    /// The configuration; none when its bytes are all right but it isn't one that tells of layers.
    async fn config(&self, descriptor: &Descriptor) -> Result<Option<ImageConfig>> {
        let digest = &descriptor.digest;
        if descriptor.size > MAX_CONFIG_SIZE {
            let size = descriptor.size;
            return Err(Error::invalid(
                digest,
                format!("{size} bytes are more than a configuration may have ({MAX_CONFIG_SIZE})"),
            ));
        }
        let bytes = self.origin.small_blob(descriptor).await?;
        let raw = Raw::described(descriptor, bytes).map_err(Error::document("config", digest))?;
        let config = ImageConfig::parse(raw.bytes());
        Ok(Some(config.map_err(Error::document("config", digest))?))
    }

    /// Notes a blob that is to be read, once.
    fn note(&mut self, blob: Blob) {
        if self.noted.insert(blob.key()) {
            self.blobs.push(blob);
        }
    }
}

/// It has a file system. Attestations and cosign's signatures look like images, but none of what they
/// have is an archive.
fn is_of_layers(manifest: &ImageManifest) -> bool {
    let layers = &manifest.layers;
    let is_layer = |layer: &Descriptor| layer.media_type.is_layer();
    manifest.is_image() && (layers.is_empty() || layers.iter().any(is_layer))
}

/// Where a configuration contradicts itself or its manifest (image-spec, config.md).
fn problems(manifest: &ImageManifest, config: &ImageConfig) -> Vec<String> {
    let mut problems = Vec::new();
    let mut say = |text: String| problems.push(text);
    let (layers, diff_ids) = (manifest.layers.len(), config.rootfs.diff_ids.len());
    if config.rootfs.kind != "layers" {
        say(format!(
            "its rootfs has the type {} and not layers",
            config.rootfs.kind
        ));
    }
    if layers != diff_ids {
        say(format!(
            "the manifest has {layers} layers, the configuration {diff_ids} diff IDs"
        ));
    }
    let steps = config.history.iter().filter(|step| !step.empty_layer);
    let steps = steps.count();
    // The history may be missing as a whole.
    if !config.history.is_empty() && steps != diff_ids {
        say(format!(
            "the history has {steps} steps that made a layer, but there are {diff_ids} diff IDs"
        ));
    }
    if config.platform.os.is_empty() {
        say("it names no os".to_owned());
    }
    if config.platform.architecture.is_empty() {
        say("it names no architecture".to_owned());
    }
    for layer in &manifest.layers {
        if !layer.media_type.is_layer() {
            say(format!(
                "the layer {} has a type that is no layer's: {}",
                layer.digest, layer.media_type
            ));
        }
    }
    problems
}

/// What an index says of a manifest's platform and the configuration doesn't.
fn platform_problem(said: &Platform, config: &Platform) -> Option<String> {
    let (index, own) = (said.clone().normalized(), config.clone().normalized());
    // Many configurations leave the variant out, and every index says it.
    let same = index.os == own.os
        && index.architecture == own.architecture
        && (own.variant.is_none() || index.variant.is_none() || index.variant == own.variant);
    (!same).then(|| format!("the index says that it is for {said}, its configuration {config}"))
}

#[cfg(test)]
mod tests {
    use orlop_oci::Digest;

    use super::*;

    #[test]
    fn platforms_of_an_index_and_of_a_configuration() {
        for (said, config, is_right) in [
            ("linux/amd64", "linux/amd64", true),
            ("linux/arm64/v8", "linux/arm64", true),
            ("linux/arm/v7", "linux/arm/v6", false),
            ("linux/amd64", "linux/arm64", false),
            ("linux/amd64", "windows/amd64", false),
        ] {
            let problem = platform_problem(&said.parse().unwrap(), &config.parse().unwrap());
            assert_eq!(problem.is_none(), is_right, "{said} {config}: {problem:?}");
        }
    }

    #[test]
    fn a_configuration_and_its_manifest() {
        let digest = Digest::of(b"x");
        let of = |media_type| Descriptor::new(media_type, digest.clone(), 1);
        let manifest = ImageManifest {
            schema_version: 2,
            media_type: None,
            artifact_type: None,
            config: of(MediaType::OciConfig),
            layers: vec![of(MediaType::OciLayer), of(MediaType::OciConfig)],
            subject: None,
            annotations: Default::default(),
        };
        let config = r#"{"architecture":"","os":"linux","rootfs":{"type":"x","diff_ids":[]},
            "history":[{"created_by":"a"},{"empty_layer":true}]}"#;
        let config = ImageConfig::parse(config.as_bytes()).unwrap();
        let said = problems(&manifest, &config).join("\n");
        for words in [
            "the type x and not layers",
            "2 layers, the configuration 0 diff IDs",
            "1 steps that made a layer",
            "no architecture",
            "no layer's: application/vnd.oci.image.config",
        ] {
            assert!(said.contains(words), "{words}: {said}");
        }
    }
}

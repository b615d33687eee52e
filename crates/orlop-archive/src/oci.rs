//! The images of an OCI layout (image-spec, image-layout.md), as a directory or in an archive.

use orlop_oci::json::Object;
use orlop_oci::{Descriptor, Index, MAX_MANIFEST_SIZE, Manifest, MediaType, Raw, annotation};
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::image::{ImageList, Name};
use crate::place::Place;

pub(crate) const OCI_LAYOUT: &str = "oci-layout";
pub(crate) const INDEX_JSON: &str = "index.json";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layout {
    image_layout_version: String,
}

/// The images of a layout; `None` when it is none.
pub(crate) fn images(place: &Place) -> Result<Option<ImageList>> {
    let (Some(Object::<Layout>(layout)), Some(index)) = (place.json(OCI_LAYOUT)?, index(place)?)
    else {
        return Ok(None);
    };
    let version = layout.image_layout_version;
    if !version.starts_with("1.") {
        let version = version.escape_debug();
        return Err(place.invalid(format!("image layout version {version} is not supported")));
    }
    let mut images = ImageList::default();
    for descriptor in index.manifests {
        if is_image(&descriptor) {
            let name = name_of(&descriptor);
            images.add(bare(descriptor), name);
        }
    }
    Ok(Some(images))
}

/// `index.json`, when there is one.
pub(crate) fn index(place: &Place) -> Result<Option<Index>> {
    let Some(bytes) = place.read(INDEX_JSON, MAX_MANIFEST_SIZE)? else {
        return Ok(None);
    };
    let raw = Raw::new(MediaType::OciIndex, bytes);
    match raw
        .manifest()
        .map_err(Error::document(place.label(), INDEX_JSON))?
    {
        Manifest::Index(index) => Ok(Some(index)),
        Manifest::Image(_) => Err(place.invalid("index.json is no index")),
    }
}

/// Something that can be an image: an index may name anything else beside.
fn is_image(descriptor: &Descriptor) -> bool {
    let media_type = &descriptor.media_type;
    media_type.is_index()
        || media_type.is_manifest()
        || media_type.is_schema1()
        || media_type.as_str().is_empty()
}

/// The name that an entry of `index.json` gives: containerd's, which is whole, before OCI's.
fn name_of(descriptor: &Descriptor) -> Option<Name> {
    let annotations = &descriptor.annotations;
    annotations
        .get(annotation::CONTAINERD_IMAGE_NAME)
        .and_then(|text| Name::full(text))
        .or_else(|| Name::of_annotation(annotations.get(annotation::REF_NAME)?))
}

/// The descriptor without the names in it, which belong to the layout and not to the image.
fn bare(mut descriptor: Descriptor) -> Descriptor {
    descriptor
        .annotations
        .remove(annotation::CONTAINERD_IMAGE_NAME);
    descriptor.annotations.remove(annotation::REF_NAME);
    descriptor
}

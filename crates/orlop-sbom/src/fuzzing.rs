//! What must hold for the records of layers, which this crate alone reads, for the fuzz target in `fuzz/`.
//! Not part of the library: there only for its tests and with the feature `fuzzing`.

use orlop_oci::{DiffId, Digest};

use crate::{Layer, LayerSbom, Sbom};

/// The first byte says what the rest is: `l` and `s`, the bodies of a layer's record and of an image's,
/// which are packed as they should be; `L` and `S`, either as it is kept. What is read is written and read
/// again as it was; and records of any layers can be stacked.
pub fn records(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else {
        return;
    };
    let packed = |empty: Vec<u8>, head: usize| {
        let mut bytes = empty;
        bytes.truncate(head);
        let length = u32::try_from(rest.len()).unwrap_or_default();
        bytes[head - 4..].copy_from_slice(&length.to_be_bytes());
        bytes.extend(zstd::bulk::compress(rest, 1).unwrap_or_default());
        bytes
    };
    let layer = DiffId(Digest::of(b"a layer"));
    let layers = [layer.clone()];
    match kind {
        b'l' => layer_record(&packed(LayerSbom::default().to_bytes(), 15), &layer),
        b'L' => layer_record(rest, &layer),
        b's' => {
            let empty = Sbom::default().to_bytes(&layers).unwrap_or_default();
            image_record(&packed(empty, 14), &layers);
        }
        _ => image_record(rest, &layers),
    }
}

fn layer_record(bytes: &[u8], layer: &DiffId) {
    let Some(record) = LayerSbom::from_bytes(bytes) else {
        return;
    };
    let again = LayerSbom::from_bytes(&record.to_bytes());
    assert_eq!(again.as_ref(), Some(&record));
    let layer = Layer {
        diff_id: layer,
        record: &record,
    };
    let layers = [layer, layer];
    assert_eq!(Sbom::of(&layers), Sbom::of(&layers));
}

fn image_record(bytes: &[u8], layers: &[DiffId]) {
    if let Some(sbom) = Sbom::from_bytes(bytes, layers) {
        let written = sbom
            .to_bytes(layers)
            .expect("it was read with these layers");
        assert_eq!(Sbom::from_bytes(&written, layers), Some(sbom));
    }
}

#[cfg(test)]
#[path = "../../../fuzz/seeds.rs"]
mod seeds;

#[test]
fn records_near_the_seeds() {
    seeds::replay("layer_records", 5, records);
}

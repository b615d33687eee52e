//! The record of a layer from its entries while it is unpacked.

use std::fs::File;
use std::sync::Arc;

use orlop_image::ObserverFactory;
use orlop_layer::{Entry, Observer};
use orlop_oci::DiffId;
use orlop_sbom::{FileInfo, LayerScan, ScanOptions, Wanted, path_text};
use orlop_store::Store;

use crate::archive_scan::has_content;
use crate::file_content::FileContent;
use crate::index::variant;

/// Observers for pulls: each catalogues a layer and keeps its record in the store, as a scan would. What goes
/// wrong with that is no fault of the pull: there is no record then, and the first scan makes it.
pub fn observers(store: &Store, scan: ScanOptions) -> ObserverFactory {
    let store = store.clone();
    Arc::new(move || {
        let cataloguer = Cataloguer {
            store: store.clone(),
            options: scan,
            scan: Some(LayerScan::new(scan)),
        };
        vec![Box::new(cataloguer)]
    })
}

struct Cataloguer {
    store: Store,
    options: ScanOptions,
    /// Nothing once the layer turned out to be one that can't be catalogued.
    scan: Option<LayerScan>,
}

impl Observer for Cataloguer {
    fn entry(&mut self, entry: &Entry, file: Option<&File>) {
        let Some(scan) = &mut self.scan else { return };
        match has_content(entry, scan) {
            Ok(true) => regular(scan, entry, file),
            Ok(false) => {}
            Err(_) => self.scan = None,
        }
    }

    fn finish(&mut self, diff_id: &DiffId) {
        if let Some(scan) = self.scan.take() {
            let record = scan.finish().to_bytes();
            let variant = variant(self.options);
            let _ = self.store.set_layer_record(variant, diff_id, &record);
        }
    }
}

fn regular(scan: &mut LayerScan, entry: &Entry, file: Option<&File>) {
    let path = path_text(&entry.path);
    let info = FileInfo {
        path: &path,
        size: entry.size,
        is_executable: entry.mode & 0o111 != 0,
    };
    let file = file.filter(|_| scan.wants(&info) != Wanted::Nothing);
    match file.map(|file| FileContent::new(file, entry.size)) {
        Some(content) => scan.file(&info, Some(&content)),
        None => scan.file(&info, None),
    }
}

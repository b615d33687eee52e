//! A store in a temporary folder, and images to look into.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use orlop_archive::Local;
use orlop_distribution::{Client, ClientConfig};
use orlop_image::event::{BlobState, Event, EventSink, NoEvents};
use orlop_image::{Cancel, Images, PullOptions};
use orlop_layer::Bounds;
use orlop_sbom::{Sbom, ScanOptions};
use orlop_scout::{Indexed, Indexer, Result, observers};
use orlop_store::Store;
use orlop_testing::{Compression, Image, Layer, PlatformName, Tarball};

pub(crate) struct World {
    folder: tempfile::TempDir,
    pub(crate) images: Images,
    recorder: Arc<Recorder>,
}

#[derive(Default)]
struct Recorder(Mutex<Vec<BlobState>>);

impl EventSink for Recorder {
    fn emit(&self, event: Event) {
        if let Event::Blob { state, .. } = event {
            self.0.lock().unwrap().push(state);
        }
    }
}

impl World {
    pub(crate) fn with_driver(driver: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("root")).unwrap();
        let driver = orlop_snapshot::driver_of(store.root(), driver).unwrap();
        Self {
            images: Images::new(store, driver),
            folder,
            recorder: Arc::default(),
        }
    }

    pub(crate) fn new() -> Self {
        Self::with_driver("vfs")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn indexer(&self) -> Indexer {
        Indexer {
            images: Some(self.images.clone()),
            client: Client::new(ClientConfig::default()).unwrap(),
            platform: None,
            reference: None,
            scan: ScanOptions::default(),
            bounds: Bounds::default(),
            scratch: self.folder().to_owned(),
        }
    }

    /// Writes a layout, and gives what `oci-dir://` wants.
    pub(crate) fn layout(&self, image: &Image, name: &str) -> PathBuf {
        let folder = self.folder().join(name);
        image.write_layout(&folder, "example.com/app:v1");
        folder
    }

    pub(crate) fn index(&self, source: &str) -> Result<Indexed> {
        index(&self.indexer(), source, &self.recorder, &Cancel::new())
    }

    /// The same without a store.
    pub(crate) fn index_alone(&self, source: &str) -> Sbom {
        let indexer = Indexer {
            images: None,
            ..self.indexer()
        };
        let quiet = Arc::new(NoEvents);
        index(&indexer, source, &quiet, &Cancel::new())
            .unwrap()
            .sbom
    }

    pub(crate) fn index_cancelled(&self, source: &str) -> Result<Indexed> {
        let cancel = Cancel::new();
        cancel.cancel();
        index(&self.indexer(), source, &self.recorder, &cancel)
    }

    /// What was told of layers since the last time this was asked.
    pub(crate) fn told(&self, wanted: impl Fn(&BlobState) -> bool) -> usize {
        let told = std::mem::take(&mut *self.recorder.0.lock().unwrap());
        told.iter().filter(|state| wanted(state)).count()
    }

    /// Brings all images of a layout into the store.
    pub(crate) fn load(&self, layout: &Path) {
        self.load_with(layout, &PullOptions::default());
    }

    /// The same, with its layers catalogued on their way.
    pub(crate) fn load_observed(&self, layout: &Path) {
        let options = PullOptions {
            observers: observers(self.images.store(), ScanOptions::default()),
            ..PullOptions::default()
        };
        self.load_with(layout, &options);
    }

    fn load_with(&self, layout: &Path, options: &PullOptions) {
        let local = Local::open(layout, self.folder(), &Bounds::default()).unwrap();
        let events: Arc<dyn EventSink> = Arc::new(NoEvents);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        for image in local.images() {
            let cancel = Cancel::new();
            let loading = self
                .images
                .load_image(&local, image, options, &events, &cancel);
            runtime.block_on(loading).unwrap();
        }
    }
}

fn index<E: EventSink + 'static>(
    indexer: &Indexer,
    source: &str,
    events: &Arc<E>,
    cancel: &Cancel,
) -> Result<Indexed> {
    let events: Arc<dyn EventSink> = Arc::clone(events) as _;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(indexer.index(&source.parse().unwrap(), &events, cancel))
}

/// An image of layers that are compressed in different ways.
pub(crate) fn image(layers: impl IntoIterator<Item = Tarball>) -> Image {
    let ways = [Compression::Gzip, Compression::Zstd, Compression::None];
    let layers = layers.into_iter().zip(ways.into_iter().cycle());
    let layers: Vec<Layer> = layers
        .map(|(tar, way)| Layer::new(&tar.finish(), way))
        .collect();
    Image::new(&PlatformName::host(), &layers)
}

/// Names with versions, and for each the paths with the number of their layer.
pub(crate) fn packages(indexed: &Indexed) -> Vec<String> {
    let number = |location: &orlop_sbom::Location| {
        let diff_id = location.diff_id.as_ref().unwrap();
        let layers = &indexed.subject.layers;
        layers.iter().position(|layer| layer == diff_id).unwrap()
    };
    let packages = indexed.sbom.packages.iter().map(|installed| {
        let places = installed.locations.iter();
        let places: Vec<String> = places
            .map(|l| format!("{}@{}", l.path, number(l)))
            .collect();
        let package = &installed.package;
        format!("{} {} {}", package.name, package.version, places.join(" "))
    });
    packages.collect()
}

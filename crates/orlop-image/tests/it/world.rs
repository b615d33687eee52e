//! A store in a temporary folder, and layouts to pull from.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use orlop_archive::Local;
use orlop_image::event::{BlobState, Event, EventSink};
use orlop_image::model::Pulled;
use orlop_image::{Cancel, Images, Origin, Platforms, PullOptions, Result};
use orlop_layer::Bounds;
use orlop_oci::Reference;
use orlop_store::Store;
use orlop_testing::Image;

/// Remembers all events.
#[derive(Default)]
pub(crate) struct Recorder(Mutex<Vec<Event>>);

impl EventSink for Recorder {
    fn emit(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

pub(crate) struct World {
    folder: tempfile::TempDir,
    pub(crate) images: Images,
    pub(crate) recorder: Arc<Recorder>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_driver("vfs")
    }

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

    /// The layout that [`World::publish`] writes to.
    pub(crate) fn layout(&self) -> PathBuf {
        self.folder.path().join("layout")
    }

    pub(crate) fn publish(&self, image: &Image, tag: &str) {
        image.write_layout(&self.layout(), tag);
    }

    pub(crate) fn pull(&self, name: &str) -> Result<Pulled> {
        self.pull_platforms(name, Platforms::Host)
    }

    pub(crate) fn pull_platforms(&self, name: &str, platforms: Platforms) -> Result<Pulled> {
        let options = PullOptions {
            platforms,
            ..PullOptions::default()
        };
        let events: Arc<dyn EventSink> = Arc::clone(&self.recorder) as _;
        let reference: Reference = name.parse().unwrap();
        let layout = self.layout();
        let local = Local::open(&layout, self.folder.path(), &Bounds::default()).unwrap();
        let origin = Origin::Local(local);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(
            self.images
                .pull(&origin, &reference, &options, &events, &Cancel::new()),
        )
    }

    /// How often an event of this kind came.
    pub(crate) fn count(&self, wanted: impl Fn(&BlobState) -> bool) -> usize {
        let events = self.recorder.0.lock().unwrap();
        events
            .iter()
            .filter(
                |event| matches!(event, Event::Blob { state, layer: true, .. } if wanted(state)),
            )
            .count()
    }

    /// The files of a layer of an image, by the driver's directory of its top.
    pub(crate) fn top(&self, name: &str) -> PathBuf {
        self.images
            .inspect(name, None)
            .unwrap()
            .graph_driver
            .directories[0]
            .clone()
    }

    pub(crate) fn blob_files(&self) -> usize {
        std::fs::read_dir(self.images.store().root().join("oci/blobs/sha256"))
            .unwrap()
            .count()
    }
}

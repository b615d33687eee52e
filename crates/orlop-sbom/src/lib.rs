//! What packages an image holds.
//!
//! ```text
//! files of a layer ─▶ catalogers ─▶ findings, by the file that shows them ─▶ one record a layer
//! records of all layers, bottom first ─▶ stacked (whiteouts, replaced files) ─▶ joined ─▶ Sbom
//! ```
//!
//! A layer is catalogued once, without the layers below it: a [`Finding`] says what *one file* shows,
//! and stands in the record of its layer under the path of that file. So a record can be kept by diff
//! ID and serves every image that has the layer. What only several files tell together (the package of
//! dpkg's `status`, its files in `info/NAME.list`, its licence in `copyright`) is joined after
//! stacking, because each of these files may come from another layer. The rejected alternative, a
//! scan of the image's whole tree, pays for every layer again in every image.
//!
//! Parsers are pure: bytes in, findings out. Nothing here opens a file or a socket, and no input makes
//! a parser panic: what it can't read it tells as a [`Fault`], which names the file, and the scan goes
//! on.

mod cataloger;
mod catalogers;
mod codec;
mod content;
mod documents;
mod finding;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod join;
mod package;
mod purl;
mod record;
mod sbom;
mod sbom_codec;
mod scan;
mod stack;

pub use cataloger::{Cataloger, Fault, Found};
pub use catalogers::{CATALOGERS_VERSION, catalogers};
pub use content::{Content, FileInfo, read_whole};
pub use documents::{
    AdvisoryReference, DocumentError, DocumentFormat, MAX_DOCUMENT_SIZE, Subject, own_document,
    read_document, spdx_with_advisories, write_document,
};
pub use finding::{Finding, PackageRef, Release};
pub use package::{Package, PackageKind, SourcePackage};
pub use purl::{purl, read_purl};
pub use record::{EntryKind, Layer, LayerEntry, LayerSbom, Shown, path_text};
pub use sbom::{Coverage, FileFault, Installed, Location, Owner, Sbom};
pub use scan::{HEAD, LayerScan, ScanOptions, Wanted};

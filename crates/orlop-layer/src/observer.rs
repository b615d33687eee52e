//! A hook for those who want to see a layer pass, such as the cataloguers of packages.

use std::fs::File;

use orlop_oci::DiffId;

use crate::Entry;

/// Sees the entries of one layer in order, while it is unpacked.
///
/// An observer works on the thread that unpacks: it should do little. That is why it isn't handed the
/// content of files: most files are of no interest, and of large ones a few bytes are.
pub trait Observer: Send {
    /// An entry is unpacked; whiteouts are entries too. `file` is a regular file as it was written, to be
    /// read at offsets.
    fn entry(&mut self, entry: &Entry, file: Option<&File>);
    /// The layer is complete and is what its image says it is.
    fn finish(&mut self, diff_id: &DiffId);
}

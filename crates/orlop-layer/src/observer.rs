//! A hook for those who want to see a layer pass, such as the cataloguers of packages.

use orlop_oci::DiffId;

use crate::Entry;

/// Sees the entries of one layer in order, while it is unpacked.
///
/// For each entry (whiteouts are entries too) [`wants`](Self::wants) is asked once. If it says
/// yes, the content of a file follows in pieces (of a sparse file the data without the holes), and
/// then [`end_entry`](Self::end_entry). An observer works on the thread that unpacks: it should do
/// little.
pub trait Observer: Send {
    /// Whether the entry's content is wanted.
    fn wants(&mut self, entry: &Entry) -> bool;
    /// A piece of the content of the entry last wanted.
    fn content(&mut self, bytes: &[u8]);
    /// The entry last wanted is complete.
    fn end_entry(&mut self);
    /// The layer is complete and is what its image says it is.
    fn finish(&mut self, diff_id: &DiffId);
}

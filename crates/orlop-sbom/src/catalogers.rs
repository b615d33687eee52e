//! Every cataloger, in one table; each in a file of its own below.

use crate::Cataloger;

const CATALOGERS: &[&dyn Cataloger] = &[];

/// The version of this set. It counts up whenever a cataloger is added, or finds something else in the
/// same bytes: what an older set found in a layer is then not used any more.
pub const CATALOGERS_VERSION: u32 = 1;

/// All catalogers, those of what is declared too. What is found doesn't depend on their order.
pub fn catalogers() -> &'static [&'static dyn Cataloger] {
    CATALOGERS
}

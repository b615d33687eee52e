//! Every cataloger, in one table; each in a file of its own below.

use crate::Cataloger;

mod apk;
mod bounds;
mod conda;
mod dotnet;
mod dpkg;
mod fields;
mod json;
mod npm;
mod os_release;
mod path;
mod php;
mod python;
mod rpm;
mod ruby;

const CATALOGERS: &[&dyn Cataloger] = &[
    &os_release::OsRelease,
    &apk::Apk,
    &dpkg::Dpkg,
    &rpm::Rpm,
    &python::Python,
    &npm::Npm,
    &ruby::Ruby,
    &php::Php,
    &dotnet::Dotnet,
    &conda::Conda,
];

/// The version of this set. It counts up whenever a cataloger is added, or finds something else in the
/// same bytes: what an older set found in a layer is then not used any more.
pub const CATALOGERS_VERSION: u32 = 1;

/// All catalogers, those of what is declared too. What is found doesn't depend on their order.
pub fn catalogers() -> &'static [&'static dyn Cataloger] {
    CATALOGERS
}

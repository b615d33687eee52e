//! Every cataloger, in one table; each in a file of its own below.

use crate::Cataloger;

mod apk;
mod binary;
mod bounds;
mod conda;
mod dotnet;
mod dpkg;
mod fields;
mod go;
mod go_build_info;
mod json;
mod npm;
mod os_release;
mod path;
mod php;
mod program;
mod python;
mod rpm;
mod ruby;
mod rust;
mod windows;

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
    &go::GoBinaries,
    &rust::RustBinaries,
    &binary::Binaries,
];

/// The version of this set. It counts up whenever a cataloger is added, or finds something else in the
/// same bytes: what an older set found in a layer is then not used any more.
pub const CATALOGERS_VERSION: u32 = 2;

/// All catalogers, those of what is declared too. What is found doesn't depend on their order.
pub fn catalogers() -> &'static [&'static dyn Cataloger] {
    CATALOGERS
}

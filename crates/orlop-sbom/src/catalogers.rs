//! Every cataloger, in one table; each in a file of its own below.

use crate::Cataloger;

mod apk;
mod binary;
mod bounds;
mod cargo_lock;
mod composer_lock;
mod conda;
mod dotnet;
mod dpkg;
mod fields;
mod gemfile_lock;
mod go;
mod go_build_info;
mod go_mod;
mod java;
mod json;
mod npm;
mod npm_lock;
mod nuget_lock;
mod os_release;
mod path;
mod php;
mod program;
mod python;
mod python_lock;
mod rpm;
mod ruby;
mod rust;
mod toml_packages;
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
    &java::JavaArchives,
    &java::JavaRuntimes,
    &binary::Binaries,
    &python_lock::PythonLock,
    &npm_lock::NpmLock,
    &gemfile_lock::GemfileLock,
    &composer_lock::ComposerLock,
    &nuget_lock::NugetLock,
    &cargo_lock::CargoLock,
    &go_mod::GoMod,
];

/// The version of this set. It counts up whenever a cataloger is added, or finds something else in the
/// same bytes: what an older set found in a layer is then not used any more.
pub const CATALOGERS_VERSION: u32 = 7;

/// All catalogers, those of what is declared too. What is found doesn't depend on their order.
pub fn catalogers() -> &'static [&'static dyn Cataloger] {
    CATALOGERS
}

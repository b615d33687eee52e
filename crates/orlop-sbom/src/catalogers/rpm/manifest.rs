//! What images without rpm have in its database's place: `container-manifest-2` of Azure Linux (CBL
//! Mariner) distroless images, one package a line, as `rpm -qa --qf` writes it:
//!
//! ```text
//! NAME │ VERSION-RELEASE │ installed at │ built at │ VENDOR │ EPOCH │ size │ ARCH │ EPOCHNUM │ SOURCERPM
//! ```
//!
//! with tabs between.

use super::super::bounds::Listing;
use super::{NAME, header};
use crate::{Fault, Package, PackageKind, SourcePackage};

/// Where it is.
pub(super) const PATH: &str = "var/lib/rpmmanifest/container-manifest-2";

/// Bytes that are read.
pub(super) const BOUND: u64 = 16 << 20;

/// Every package of the list.
pub(super) fn packages(text: &str, listing: &mut Listing<'_>) -> Result<(), Fault> {
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let columns: Vec<&str> = line.splitn(11, '\t').collect();
        let [
            name,
            version,
            _,
            _,
            vendor,
            _,
            _,
            architecture,
            epoch,
            source,
            ..,
        ] = columns[..]
        else {
            listing.fault(Fault::new("a line of it has too few columns"));
            continue;
        };
        if name == header::KEY {
            continue;
        }
        let with_epoch = |version: &str| match epoch.trim() {
            "" | "0" | "(none)" => version.to_owned(),
            epoch => format!("{epoch}:{version}"),
        };
        let mut package = Package::new(PackageKind::Rpm, name, with_epoch(version), NAME);
        package.architecture = is_said(architecture);
        package.maintainer = is_said(vendor);
        package.source = header::source(source.trim()).map(|(name, of_source)| SourcePackage {
            name: name.to_owned(),
            version: match of_source == version {
                true => with_epoch(of_source),
                false => of_source.to_owned(),
            },
        });
        listing.package(package)?;
    }
    Ok(())
}

fn is_said(text: &str) -> Option<String> {
    (text != "(none)").then(|| text.to_owned())
}

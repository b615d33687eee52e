//! How what an image holds is kept, so that the records of its layers needn't be read and stacked again.
//!
//! ```text
//! "OLST"  format u16  catalogers u32  length of the body u32   (all big endian)
//! zstd( packages, faults and the rest, as postcard writes them ), with its checksum
//! ```
//!
//! It is a form of its own and not that of [`Sbom`] in documents: it is read by every scan of an image that
//! was scanned before, and names layers by their place, because whoever asks for it knows them.

use orlop_oci::DiffId;
use serde::{Deserialize, Serialize};

use crate::{
    CATALOGERS_VERSION, Coverage, FileFault, Installed, Location, Owner, Package, PackageKind,
    Release, Sbom, SourcePackage,
};

const MAGIC: &[u8] = b"OLST";
/// Counts up with each change of the form, and of what is made of records by stacking and joining them.
const FORMAT: u16 = 1;
const HEAD: usize = 14;
/// Bytes that a record may inflate to.
const MAX_BODY: u32 = 1 << 28;
/// zstd's own: fast, and as small as matters here.
const LEVEL: i32 = 3;

impl Sbom {
    /// The packages of these layers, bottom first, as bytes. `None` if there is no room for them, or if
    /// they are of other layers.
    pub fn to_bytes(&self, layers: &[DiffId]) -> Option<Vec<u8>> {
        let body = postcard::to_stdvec(&Body::of(self, layers)?).ok()?;
        let length = u32::try_from(body.len()).ok();
        let length = length.filter(|length| *length <= MAX_BODY)?;
        let mut compressor = zstd::bulk::Compressor::new(LEVEL).ok()?;
        let checksum = zstd::zstd_safe::CParameter::ChecksumFlag(true);
        compressor.set_parameter(checksum).ok()?;
        let mut bytes = head(length).to_vec();
        bytes.extend(compressor.compress(&body).ok()?);
        Some(bytes)
    }

    /// Reads what was written of the same layers. `None` if another version of the format, or of the set of
    /// catalogers, wrote it, or if it is damaged: then it is to be made anew.
    pub fn from_bytes(bytes: &[u8], layers: &[DiffId]) -> Option<Self> {
        let (start, packed) = bytes.split_at_checked(HEAD)?;
        let length = u32::from_be_bytes(start[10..].try_into().ok()?);
        if length > MAX_BODY || *start != head(length) {
            return None;
        }
        let body = zstd::bulk::decompress(packed, length as usize).ok()?;
        let (body, rest) = postcard::take_from_bytes::<Body<'_>>(&body).ok()?;
        rest.is_empty().then(|| body.sbom(layers))?
    }

    /// Whether bytes begin as those do that [`from_bytes`](Self::from_bytes) reads.
    pub fn is_of_this_version(bytes: &[u8]) -> bool {
        bytes.starts_with(&head(0)[..10])
    }
}

fn head(length: u32) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[..4].copy_from_slice(MAGIC);
    head[4..6].copy_from_slice(&FORMAT.to_be_bytes());
    head[6..10].copy_from_slice(&CATALOGERS_VERSION.to_be_bytes());
    head[10..].copy_from_slice(&length.to_be_bytes());
    head
}

#[derive(Serialize, Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    release: Option<KeptRelease<'a>>,
    packages: Vec<KeptPackage<'a>>,
    faults: Vec<KeptFault<'a>>,
    explained_bytes: u64,
    program_bytes: u64,
}

#[derive(Serialize, Deserialize)]
struct KeptRelease<'a> {
    id: &'a str,
    like: Vec<&'a str>,
    version: &'a str,
    codename: &'a str,
    pretty_name: &'a str,
}

#[derive(Serialize, Deserialize)]
struct KeptPackage<'a> {
    kind: PackageKind,
    name: &'a str,
    version: &'a str,
    architecture: Option<&'a str>,
    source: Option<(&'a str, &'a str)>,
    module: Option<&'a str>,
    licences: Vec<&'a str>,
    maintainer: Option<&'a str>,
    found_by: &'a str,
    purl: &'a str,
    locations: Vec<KeptLocation<'a>>,
    owned_by: Option<(PackageKind, &'a str, &'a str)>,
}

#[derive(Serialize, Deserialize)]
struct KeptLocation<'a> {
    path: &'a str,
    inside: Vec<&'a str>,
    layer: Option<u32>,
}

#[derive(Serialize, Deserialize)]
struct KeptFault<'a> {
    path: Option<&'a str>,
    layer: Option<u32>,
    what: &'a str,
}

impl<'a> Body<'a> {
    fn of(sbom: &'a Sbom, layers: &[DiffId]) -> Option<Self> {
        let faults = sbom.faults.iter().map(|fault| {
            Some(KeptFault {
                path: fault.path.as_deref(),
                layer: place(fault.diff_id.as_ref(), layers)?,
                what: &fault.what,
            })
        });
        let packages = sbom.packages.iter().map(|it| KeptPackage::of(it, layers));
        Some(Self {
            release: sbom.release.as_ref().map(KeptRelease::of),
            packages: packages.collect::<Option<_>>()?,
            faults: faults.collect::<Option<_>>()?,
            explained_bytes: sbom.coverage.explained_bytes,
            program_bytes: sbom.coverage.program_bytes,
        })
    }

    fn sbom(self, layers: &[DiffId]) -> Option<Sbom> {
        let faults = self.faults.into_iter().map(|fault| {
            Some(FileFault {
                path: fault.path.map(str::to_owned),
                diff_id: layer(fault.layer, layers)?,
                what: fault.what.to_owned(),
            })
        });
        let packages = self.packages.into_iter();
        let packages = packages.map(|package| package.installed(layers));
        Some(Sbom {
            release: self.release.map(KeptRelease::release),
            packages: packages.collect::<Option<_>>()?,
            faults: faults.collect::<Option<_>>()?,
            coverage: Coverage {
                explained_bytes: self.explained_bytes,
                program_bytes: self.program_bytes,
            },
        })
    }
}

impl<'a> KeptRelease<'a> {
    fn of(release: &'a Release) -> Self {
        Self {
            id: &release.id,
            like: borrowed(&release.like),
            version: &release.version,
            codename: &release.codename,
            pretty_name: &release.pretty_name,
        }
    }

    fn release(self) -> Release {
        Release {
            id: self.id.to_owned(),
            like: owned(self.like),
            version: self.version.to_owned(),
            codename: self.codename.to_owned(),
            pretty_name: self.pretty_name.to_owned(),
        }
    }
}

impl<'a> KeptPackage<'a> {
    /// What [`Installed`] keeps of a package: neither its files nor where it is inside of one.
    fn of(installed: &'a Installed, layers: &[DiffId]) -> Option<Self> {
        let package = &installed.package;
        let source = package.source.as_ref();
        let owner = installed.owned_by.as_ref();
        let locations = installed.locations.iter().map(|location| {
            Some(KeptLocation {
                path: &location.path,
                inside: borrowed(&location.inside),
                layer: place(location.diff_id.as_ref(), layers)?,
            })
        });
        Some(Self {
            kind: package.kind,
            name: &package.name,
            version: &package.version,
            architecture: package.architecture.as_deref(),
            source: source.map(|source| (source.name.as_str(), source.version.as_str())),
            module: package.module.as_deref(),
            licences: borrowed(&package.licences),
            maintainer: package.maintainer.as_deref(),
            found_by: &package.found_by,
            purl: &installed.purl,
            locations: locations.collect::<Option<_>>()?,
            owned_by: owner.map(|owner| (owner.kind, owner.name.as_str(), owner.version.as_str())),
        })
    }

    fn installed(self, layers: &[DiffId]) -> Option<Installed> {
        let locations = self.locations.into_iter().map(|location| {
            Some(Location {
                path: location.path.to_owned(),
                inside: owned(location.inside),
                diff_id: layer(location.layer, layers)?,
            })
        });
        let mut package = Package::new(self.kind, self.name, self.version, self.found_by);
        package.architecture = self.architecture.map(str::to_owned);
        package.source = self.source.map(|(name, version)| SourcePackage {
            name: name.to_owned(),
            version: version.to_owned(),
        });
        package.module = self.module.map(str::to_owned);
        package.licences = owned(self.licences);
        package.maintainer = self.maintainer.map(str::to_owned);
        Some(Installed {
            package,
            purl: self.purl.to_owned(),
            locations: locations.collect::<Option<_>>()?,
            stage: None,
            owned_by: self.owned_by.map(|(kind, name, version)| Owner {
                kind,
                name: name.to_owned(),
                version: version.to_owned(),
            }),
        })
    }
}

fn borrowed(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

fn owned(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

/// The place of a layer; `None` if it is none of them.
fn place(diff_id: Option<&DiffId>, layers: &[DiffId]) -> Option<Option<u32>> {
    let Some(diff_id) = diff_id else {
        return Some(None);
    };
    let place = layers.iter().position(|layer| layer == diff_id)?;
    u32::try_from(place).ok().map(Some)
}

/// The layer at a place; `None` if there is no such place.
fn layer(place: Option<u32>, layers: &[DiffId]) -> Option<Option<DiffId>> {
    match place {
        None => Some(None),
        Some(place) => layers.get(place as usize).cloned().map(Some),
    }
}

#[cfg(test)]
mod tests {
    use orlop_oci::Digest;
    use proptest::prelude::*;

    use super::*;

    fn layers() -> Vec<DiffId> {
        let layer = |name: &[u8]| DiffId(Digest::of(name));
        vec![layer(b"base"), layer(b"own")]
    }

    fn text() -> impl Strategy<Value = String> {
        "[a-cé/]{0,5}"
    }

    fn maybe() -> impl Strategy<Value = Option<String>> {
        prop::option::of(text())
    }

    fn diff_ids() -> impl Strategy<Value = Option<DiffId>> {
        prop::option::of((0..2usize).prop_map(|place| layers()[place].clone()))
    }

    fn locations() -> impl Strategy<Value = Location> {
        let inside = prop::collection::vec(text(), 0..3);
        (text(), inside, diff_ids()).prop_map(|(path, inside, diff_id)| Location {
            path,
            inside,
            diff_id,
        })
    }

    fn packages() -> impl Strategy<Value = Installed> {
        let kinds = || prop::sample::select(PackageKind::ALL);
        let named = (kinds(), text(), text(), maybe(), maybe(), maybe());
        let source = prop::option::of((text(), text()));
        let owner = prop::option::of((kinds(), text(), text()));
        let licences = prop::collection::vec(text(), 0..3);
        let locations = prop::collection::vec(locations(), 0..3);
        (named, source, owner, licences, locations).prop_map(
            |(
                (kind, name, version, architecture, module, maintainer),
                source,
                owner,
                licences,
                locations,
            )| {
                let mut package = Package::new(kind, name, version, "a-cataloger");
                package.architecture = architecture;
                package.module = module;
                package.maintainer = maintainer;
                package.licences = licences;
                package.source = source.map(|(name, version)| SourcePackage { name, version });
                Installed {
                    purl: format!("pkg:{}", package.name),
                    package,
                    locations,
                    stage: None,
                    owned_by: owner.map(|(kind, name, version)| Owner {
                        kind,
                        name,
                        version,
                    }),
                }
            },
        )
    }

    fn sboms() -> impl Strategy<Value = Sbom> {
        let release = prop::option::of((text(), prop::collection::vec(text(), 0..2), text()));
        let fault = (maybe(), diff_ids(), text()).prop_map(|(path, diff_id, what)| FileFault {
            path,
            diff_id,
            what,
        });
        let faults = prop::collection::vec(fault, 0..3);
        let packages = prop::collection::vec(packages(), 0..4);
        (release, packages, faults, any::<(u64, u64)>()).prop_map(
            |(release, packages, faults, (explained_bytes, program_bytes))| Sbom {
                release: release.map(|(id, like, version)| Release {
                    id,
                    like,
                    version,
                    ..Release::default()
                }),
                packages,
                faults,
                coverage: Coverage {
                    explained_bytes,
                    program_bytes,
                },
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_kept_comes_back_as_it_was(sbom in sboms()) {
            let bytes = sbom.to_bytes(&layers()).unwrap();
            prop_assert!(Sbom::is_of_this_version(&bytes));
            prop_assert_eq!(&Sbom::from_bytes(&bytes, &layers()), &Some(sbom));
        }

        #[test]
        fn damage_is_no_record(sbom in sboms(), at in any::<prop::sample::Index>(), bit in 0u8..8) {
            let mut bytes = sbom.to_bytes(&layers()).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1u8 << bit;
            // Some bits of a frame's head say nothing; a record that is read is the one that was kept.
            prop_assert!(Sbom::from_bytes(&bytes, &layers()).is_none_or(|read| read == sbom));
            prop_assert_eq!(Sbom::from_bytes(&bytes[..at], &layers()), None);
        }
    }

    #[test]
    fn another_version_wrote_it() {
        let bytes = Sbom::default().to_bytes(&layers()).unwrap();
        for at in [0, 5, 9] {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert_eq!(Sbom::from_bytes(&other, &layers()), None, "byte {at}");
            assert!(!Sbom::is_of_this_version(&other), "byte {at}");
        }
        assert!(!Sbom::is_of_this_version(b""));
    }

    #[test]
    fn other_layers_are_refused() {
        let fault = |layer: usize| FileFault {
            path: None,
            diff_id: Some(layers()[layer].clone()),
            what: "it is broken".to_owned(),
        };
        let sbom = Sbom {
            faults: vec![fault(0), fault(1)],
            ..Sbom::default()
        };
        let bytes = sbom.to_bytes(&layers()).unwrap();
        assert_eq!(Sbom::from_bytes(&bytes, &layers()[..1]), None);
        assert_eq!(sbom.to_bytes(&layers()[..1]), None);
    }

    #[test]
    fn hostile_bodies_are_refused() {
        let packed = |body: &[u8], length: u32| {
            let mut bytes = head(length).to_vec();
            bytes.extend(zstd::bulk::compress(body, LEVEL).unwrap());
            bytes
        };
        let table: &[(&[u8], &str)] = &[
            (&[0, 0xff, 0xff, 0xff, 0xff, 0x0f], "packages without end"),
            (&[0, 0, 0, 0, 0, 0], "more than it should have"),
            (&[0, 0, 1, 0, 0, 1, 0xff, 0, 0], "no UTF-8"),
            (&[], "nothing"),
        ];
        for (body, what) in table {
            let bytes = packed(body, body.len() as u32);
            assert_eq!(Sbom::from_bytes(&bytes, &layers()), None, "{what}");
        }
        let bytes = packed(&[0; 8], MAX_BODY + 1);
        assert_eq!(Sbom::from_bytes(&bytes, &layers()), None, "too long");
    }
}

//! What the files of an image tell together: a package once, with all files that show it, the files that
//! it owns, its licences.

use std::collections::{BTreeSet, HashMap, HashSet};

use orlop_oci::DiffId;

use crate::purl::purl;
use crate::sbom::{Coverage, FileFault, Installed, Location, Owner, Sbom};
use crate::stack::{NodeId, Source, Stack, Visible};
use crate::{EntryKind, Finding, Layer, Package, PackageKind, PackageRef, Release, Shown};

/// Where the release is looked for first (os-release(5)); a file of another path comes after these.
const RELEASE_FILES: [&str; 2] = ["etc/os-release", "usr/lib/os-release"];

/// Layers that are being joined.
pub(crate) struct Joining<'r> {
    layers: &'r [Layer<'r>],
    stack: Stack<'r>,
    visible: Vec<Visible>,
    shown: HashMap<Source, &'r Shown>,
    drafts: Vec<Draft<'r>>,
    drafts_by_key: HashMap<Key<'r>, usize>,
    drafts_by_name: HashMap<(PackageKind, &'r str), Vec<usize>>,
    releases: Vec<(usize, &'r Release)>,
    faults: Vec<FileFault>,
}

/// A package that is once in an image.
type Key<'r> = (PackageKind, &'r str, &'r str, Option<&'r str>);

/// A package in the making.
struct Draft<'r> {
    package: &'r Package,
    /// Of all files that show it.
    licences: BTreeSet<&'r str>,
    /// The file that shows it, an index of [`Joining::visible`], where in it, and the layer that brought it.
    places: Vec<(usize, &'r [String], u32)>,
    /// Lists of its files.
    files: Vec<&'r [String]>,
}

impl<'r> Joining<'r> {
    pub(crate) fn new(layers: &'r [Layer<'r>]) -> Self {
        let mut shown = HashMap::new();
        for (layer, Layer { record, .. }) in (0..).zip(layers) {
            for one in &record.shown {
                let entry = one.entry;
                shown.insert(Source { layer, entry }, one);
            }
        }
        let stack = Stack::of(layers);
        let is_program = |source: Source| matches!(kind(layers, source), EntryKind::Program(_));
        let visible = stack.visible(|source| shown.contains_key(&source) || is_program(source));
        Self {
            layers,
            stack,
            visible,
            shown,
            drafts: Vec::new(),
            drafts_by_key: HashMap::new(),
            drafts_by_name: HashMap::new(),
            releases: Vec::new(),
            faults: Vec::new(),
        }
    }

    pub(crate) fn finish(mut self) -> Sbom {
        self.note_layer_faults();
        self.add_packages();
        self.add_details();
        let owners = self.owners();
        let release = self.release();
        let coverage = self.coverage(&owners);
        let drafts = std::mem::take(&mut self.drafts);
        let installed = drafts
            .iter()
            .filter_map(|draft| self.installed(draft, &drafts, &owners, release));
        let mut sbom = Sbom {
            packages: installed.collect(),
            release: release.cloned(),
            faults: std::mem::take(&mut self.faults),
            coverage,
        };
        sbom.sort();
        sbom
    }

    fn note_layer_faults(&mut self) {
        for layer in self.layers {
            self.faults
                .extend(layer.record.faults.iter().map(|what| FileFault {
                    path: None,
                    diff_id: Some(layer.diff_id.clone()),
                    what: what.clone(),
                }));
        }
        if self.stack.is_too_large() {
            self.faults.push(FileFault {
                path: None,
                diff_id: None,
                what: "the image has too many files, or too many directories in each other; some are left out"
                    .to_owned(),
            });
        }
    }

    fn add_packages(&mut self) {
        let databases = databases(self.layers);
        for at in 0..self.visible.len() {
            let file = &self.visible[at];
            let Some(shown) = self.shown.get(&file.content).copied() else {
                continue;
            };
            let (content, layer) = (file.content, file.layer);
            let diff_id = self.diff_id(layer);
            self.faults
                .extend(shown.faults.iter().map(|what| FileFault {
                    path: Some(file.path.clone()),
                    diff_id: Some(diff_id.clone()),
                    what: what.clone(),
                }));
            for finding in &shown.findings {
                match finding {
                    Finding::Package(package) => {
                        let from = match package.kind.is_of_distribution() {
                            true => first_layer(&databases, self.layers, content, layer, package),
                            false => layer,
                        };
                        self.add_package(package, at, from);
                    }
                    Finding::Release(release) => self.releases.push((at, release)),
                    Finding::Files { .. } | Finding::Licences { .. } => {}
                }
            }
        }
    }

    fn add_package(&mut self, package: &'r Package, at: usize, layer: u32) {
        let key = key(package);
        let draft = *self.drafts_by_key.entry(key).or_insert_with(|| {
            let new = self.drafts.len();
            self.drafts.push(Draft {
                package,
                licences: BTreeSet::new(),
                places: Vec::new(),
                files: Vec::new(),
            });
            let name = (package.kind, package.name.as_str());
            self.drafts_by_name.entry(name).or_default().push(new);
            new
        });
        let draft = &mut self.drafts[draft];
        draft
            .licences
            .extend(package.licences.iter().map(String::as_str));
        draft.places.push((at, &package.inside, layer));
        if !package.files.is_empty() {
            draft.files.push(&package.files);
        }
    }

    /// Files and licences that stand in other files than the package does.
    fn add_details(&mut self) {
        for at in 0..self.visible.len() {
            let Some(shown) = self.shown.get(&self.visible[at].content).copied() else {
                continue;
            };
            for finding in &shown.findings {
                match finding {
                    Finding::Files { of, paths } => {
                        for draft in self.meant(of) {
                            self.drafts[draft].files.push(paths);
                        }
                    }
                    Finding::Licences { of, licences } => {
                        for draft in self.meant(of) {
                            let licences = licences.iter().map(String::as_str);
                            self.drafts[draft].licences.extend(licences);
                        }
                    }
                    Finding::Package(_) | Finding::Release(_) => {}
                }
            }
        }
    }

    /// The packages that a reference means.
    fn meant(&self, of: &PackageRef) -> Vec<usize> {
        let named = self.drafts_by_name.get(&(of.kind, of.name.as_str()));
        let is_meant = |draft: &&usize| {
            let draft = &self.drafts[**draft];
            let architecture = draft.package.architecture.as_deref();
            let is_of_architecture =
                of.architecture.is_none() || of.architecture.as_deref() == architecture;
            let is_in = |folder: &String| {
                let mut places = draft.places.iter();
                places.any(|(at, ..)| folder_of(&self.visible[*at].path) == folder)
            };
            is_of_architecture && of.shown_in.as_ref().is_none_or(is_in)
        };
        let meant = named.into_iter().flatten().filter(is_meant);
        meant.copied().collect()
    }

    /// Which package, an index of the drafts, owns which of the files that matter. What a distribution's
    /// package says counts more.
    fn owners(&self) -> HashMap<NodeId, usize> {
        let of_interest: HashSet<NodeId> = self.visible.iter().map(|file| file.node).collect();
        let mut owners: HashMap<NodeId, usize> = HashMap::new();
        let mut finder = Finder::new(&self.stack);
        let is_of_distribution = |draft: &Draft<'_>| draft.package.kind.is_of_distribution();
        for (number, draft) in self.drafts.iter().enumerate() {
            for path in draft.files.iter().copied().flatten() {
                let Some(node) = finder.find(path).filter(|node| of_interest.contains(node)) else {
                    continue;
                };
                let owner = owners.entry(node).or_insert(number);
                if is_of_distribution(draft) && !is_of_distribution(&self.drafts[*owner]) {
                    *owner = number;
                }
            }
        }
        owners
    }

    fn release(&self) -> Option<&'r Release> {
        let rank = |at: usize| {
            let path = &self.visible[at].path;
            let known = RELEASE_FILES.iter().position(|file| file == path);
            known.unwrap_or(RELEASE_FILES.len())
        };
        let said = self.releases.iter().filter(|(_, r)| !r.id.is_empty());
        said.min_by_key(|(at, _)| rank(*at)).map(|(_, r)| *r)
    }

    fn coverage(&self, owners: &HashMap<NodeId, usize>) -> Coverage {
        let folders = self.package_folders();
        // A content by several names is one; any of them may be the one that is owned.
        let mut programs: HashMap<Source, (u64, bool)> = HashMap::new();
        for file in &self.visible {
            let EntryKind::Program(size) = kind(self.layers, file.content) else {
                continue;
            };
            let shows_package = || {
                let shown = self.shown.get(&file.content);
                let mut findings = shown.into_iter().flat_map(|shown| &shown.findings);
                findings.any(|finding| matches!(finding, Finding::Package(_)))
            };
            let is_explained = owners.contains_key(&file.node)
                || shows_package()
                || self
                    .stack
                    .ancestors(file.node)
                    .any(|folder| folders.contains(&folder));
            programs.entry(file.content).or_insert((*size, false)).1 |= is_explained;
        }
        let mut coverage = Coverage::default();
        for (size, is_explained) in programs.into_values() {
            coverage.program_bytes = coverage.program_bytes.saturating_add(size);
            if is_explained {
                coverage.explained_bytes = coverage.explained_bytes.saturating_add(size);
            }
        }
        coverage
    }

    /// Folders that are a package's own, of those that list no files.
    fn package_folders(&self) -> HashSet<NodeId> {
        let mut folders = HashSet::new();
        for draft in &self.drafts {
            for (at, inside, _) in &draft.places {
                let file = &self.visible[*at];
                let folder = match draft.package.kind {
                    // node_modules/NAME/package.json
                    PackageKind::Npm if file.path.contains("node_modules/") => {
                        self.stack.ancestors(file.node).next()
                    }
                    // specifications/NAME-VERSION.gemspec, beside gems/NAME-VERSION
                    PackageKind::Gem => self.gem_folder(file),
                    _ => None,
                };
                folders.extend(folder.filter(|_| inside.is_empty()));
            }
        }
        folders
    }

    fn gem_folder(&self, specification: &Visible) -> Option<NodeId> {
        let name = specification
            .path
            .rsplit('/')
            .next()?
            .strip_suffix(".gemspec")?;
        let mut folders = self.stack.ancestors(specification.node);
        let gems = folders.find_map(|folder| self.stack.child(folder, "gems"))?;
        self.stack.child(gems, name)
    }

    fn installed(
        &self,
        draft: &Draft<'r>,
        drafts: &[Draft<'r>],
        owners: &HashMap<NodeId, usize>,
        release: Option<&Release>,
    ) -> Option<Installed> {
        let kind = draft.package.kind;
        let owner_of = |at: usize| {
            let owner = owners.get(&self.visible[at].node)?;
            let owner = drafts[*owner].package;
            owner.kind.is_of_distribution().then_some(owner)
        };
        let mut places = draft.places.clone();
        if kind == PackageKind::Binary {
            // A program that a distribution's package brought is that package.
            places.retain(|(at, ..)| owner_of(*at).is_none());
        }
        let mut owned = None;
        if !kind.is_of_distribution() && places.iter().all(|(at, ..)| owner_of(*at).is_some()) {
            owned = places.first().and_then(|(at, ..)| owner_of(*at));
        }
        let locations: BTreeSet<Location> = places
            .iter()
            .map(|(at, inside, layer)| Location {
                path: self.visible[*at].path.clone(),
                inside: inside.to_vec(),
                diff_id: Some(self.diff_id(*layer).clone()),
            })
            .collect();
        if locations.is_empty() {
            return None;
        }
        let mut package = draft.package.without_files();
        package.inside = Vec::new();
        package.licences = draft.licences.iter().map(ToString::to_string).collect();
        Some(Installed {
            purl: purl(&package, release),
            package,
            locations: locations.into_iter().collect(),
            stage: None,
            owned_by: owned.map(|owner| Owner {
                kind: owner.kind,
                name: owner.name.clone(),
                version: owner.version.clone(),
            }),
        })
    }

    fn diff_id(&self, layer: u32) -> &'r DiffId {
        self.layers[layer as usize].diff_id
    }
}

fn key(package: &Package) -> Key<'_> {
    let architecture = package.architecture.as_deref();
    (package.kind, &package.name, &package.version, architecture)
}

fn kind<'r>(layers: &'r [Layer<'r>], source: Source) -> &'r EntryKind {
    let record = layers[source.layer as usize].record;
    &record.entries[source.entry as usize].kind
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The packages of distributions, for each layer by the path of their database.
type Databases<'r> = Vec<HashMap<&'r str, HashSet<Key<'r>>>>;

fn databases<'r>(layers: &'r [Layer<'r>]) -> Databases<'r> {
    let of_layer = |layer: &Layer<'r>| {
        let record = layer.record;
        let mut databases: HashMap<&str, HashSet<Key<'_>>> = HashMap::new();
        for shown in &record.shown {
            let path: &str = &record.entries[shown.entry as usize].path;
            for finding in &shown.findings {
                if let Finding::Package(package) = finding
                    && package.kind.is_of_distribution()
                {
                    databases.entry(path).or_default().insert(key(package));
                }
            }
        }
        databases
    };
    layers.iter().map(of_layer).collect()
}

/// The layer that brought a package of a database that later layers wrote anew, with this package in it.
fn first_layer<'r>(
    databases: &Databases<'r>,
    layers: &'r [Layer<'r>],
    content: Source,
    layer: u32,
    package: &'r Package,
) -> u32 {
    let record = layers[content.layer as usize].record;
    let path: &str = &record.entries[content.entry as usize].path;
    let mut first = layer;
    for below in (0..layer).rev() {
        match databases[below as usize].get(path) {
            Some(packages) if packages.contains(&key(package)) => first = below,
            Some(_) => break,
            None => {}
        }
    }
    first
}

/// Finds paths of lists, which name many files of one directory after the other.
struct Finder<'s, 'r> {
    stack: &'s Stack<'r>,
    last: Option<(&'r str, Option<NodeId>)>,
}

impl<'s, 'r> Finder<'s, 'r> {
    fn new(stack: &'s Stack<'r>) -> Self {
        Self { stack, last: None }
    }

    fn find(&mut self, path: &'r str) -> Option<NodeId> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let folder = match self.last {
            Some((last, node)) if last == folder => node,
            _ => {
                let node = self.stack.find_directory(folder);
                self.last = Some((folder, node));
                node
            }
        };
        self.stack.child(folder?, name)
    }
}

#[cfg(test)]
mod tests;

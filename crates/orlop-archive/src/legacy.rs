//! Archives of Docker before 1.10: `repositories` names layers, and each layer is a directory
//! `ID/{VERSION,json,layer.tar}` whose `json` names its parent.
//!
//! The configuration of an image is put together from the `json` of its top layer, as Docker itself
//! migrated them (moby, image/v1/imagev1.go), so that an archive gets the same configuration, to
//! the byte, that the engine gave it.

use std::collections::{BTreeMap, HashMap, HashSet};

use orlop_oci::json::{self, Object};
use orlop_oci::{Descriptor, Digest, MAX_CONFIG_SIZE, MediaType, Raw};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::docker::{MAX_LAYERS, Synthesis};
use crate::error::{Error, Result};
use crate::image::{ImageList, Name};
use crate::place::Place;

const REPOSITORIES: &str = "repositories";

/// What of a layer's `json` matters for its image.
#[derive(Clone, Deserialize)]
struct Layer {
    #[serde(default)]
    parent: Option<String>,
    #[serde(default)]
    created: Option<String>,
    #[serde(default)]
    author: Option<String>,
    #[serde(default)]
    comment: Option<String>,
    #[serde(default)]
    container_config: Option<Object<Command>>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Command {
    #[serde(default)]
    cmd: Option<Vec<String>>,
}

/// A step, in the order of Docker's own fields.
#[derive(Serialize)]
struct Step {
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    author: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    created_by: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    comment: String,
}

#[derive(Serialize)]
struct RootFs {
    #[serde(rename = "type")]
    kind: &'static str,
    diff_ids: Vec<Digest>,
}

/// The images of such an archive; `None` when it is none.
pub(crate) fn images(place: &Place, made: &mut Synthesis) -> Result<Option<ImageList>> {
    let mut reader = Reader {
        place,
        made,
        layers: HashMap::new(),
        blobs: HashMap::new(),
    };
    let mut images = ImageList::default();
    let named = place.json::<BTreeMap<String, BTreeMap<String, String>>>(REPOSITORIES)?;
    if let Some(repositories) = named {
        for (repository, tags) in repositories {
            for (tag, id) in tags {
                let target = reader.image(&id)?;
                images.add(target, Name::full(&format!("{repository}:{tag}")));
            }
        }
        return Ok(Some(images));
    }
    let heads = reader.heads()?;
    for id in &heads {
        let target = reader.image(id)?;
        images.add(target, None);
    }
    Ok((!heads.is_empty()).then_some(images))
}

struct Reader<'a> {
    place: &'a Place,
    made: &'a mut Synthesis,
    layers: HashMap<String, (Layer, Vec<u8>)>,
    blobs: HashMap<String, Descriptor>,
}

impl Reader<'_> {
    /// Layers that no other one stands on, where nothing has a name.
    fn heads(&mut self) -> Result<Vec<String>> {
        let Some(contents) = self.place.archive() else {
            return Ok(Vec::new());
        };
        let mut ids: Vec<String> = contents
            .names()
            .filter_map(|name| name.strip_suffix("/layer.tar"))
            .filter(|id| !id.contains('/'))
            .map(str::to_owned)
            .collect();
        ids.retain(|id| contents.find(&format!("{id}/json")).is_some());
        ids.sort();
        let mut parents = HashSet::new();
        for id in &ids {
            parents.extend(self.layer(id)?.0.parent.clone());
        }
        ids.retain(|id| !parents.contains(id));
        Ok(ids)
    }

    fn layer(&mut self, id: &str) -> Result<&(Layer, Vec<u8>)> {
        if !self.layers.contains_key(id) {
            let name = format!("{id}/json");
            let Some(bytes) = self.place.read(&name, MAX_CONFIG_SIZE)? else {
                let id = id.escape_debug();
                return Err(self.place.invalid(format!("layer {id} is not in it")));
            };
            let layer: Layer = json::from_slice(&bytes).map_err(|e| self.malformed(id, &e))?;
            self.layers.insert(id.to_owned(), (layer, bytes));
        }
        Ok(&self.layers[id])
    }

    fn malformed(&self, id: &str, error: &serde_json::Error) -> Error {
        let id = id.escape_debug();
        self.place
            .invalid(format!("{id}/json: malformed document: {error}"))
    }

    /// The image whose top layer is `id`.
    fn image(&mut self, id: &str) -> Result<Descriptor> {
        let mut chain = vec![id.to_owned()];
        while let Some(parent) = self.layer(&chain[chain.len() - 1])?.0.parent.clone() {
            if parent.is_empty() {
                break;
            }
            if chain.len() == MAX_LAYERS || chain.contains(&parent) {
                let id = id.escape_debug();
                return Err(self
                    .place
                    .invalid(format!("layer {id} has no end of parents")));
            }
            chain.push(parent);
        }
        chain.reverse();
        let (mut layers, mut steps) = (Vec::new(), Vec::new());
        for id in &chain {
            steps.push(step(&self.layer(id)?.0));
            layers.push(self.blob(id)?);
        }
        let config = self.config(id, &layers, steps)?;
        let descriptor = config.descriptor();
        self.made.keep(self.place, config)?;
        self.made.manifest(self.place, descriptor, layers)
    }

    fn blob(&mut self, id: &str) -> Result<Descriptor> {
        if let Some(known) = self.blobs.get(id) {
            return Ok(known.clone());
        }
        let name = format!("{id}/layer.tar");
        let blob = self.place.find(&name)?.ok_or_else(|| {
            let name = name.escape_debug();
            self.place.invalid(format!("layer {name} is not in it"))
        })?;
        let layer = self.made.layer(self.place, &blob, &name, None)?;
        if layer.media_type != MediaType::DockerLayer {
            // What it unpacks to would have to be known, and Docker never wrote such a one.
            let name = name.escape_debug();
            return Err(self.place.invalid(format!("layer {name} is compressed")));
        }
        self.blobs.insert(id.to_owned(), layer.clone());
        Ok(layer)
    }

    fn config(&mut self, id: &str, layers: &[Descriptor], history: Vec<Step>) -> Result<Raw> {
        let bytes = &self.layer(id)?.1;
        let parsed: Result<BTreeMap<String, Value>, _> = serde_json::from_slice(bytes);
        let mut fields = parsed.map_err(|e| self.malformed(id, &e))?;
        for field in ["id", "parent", "Size", "parent_id", "layer_id", "throwaway"] {
            fields.remove(field);
        }
        let rootfs = RootFs {
            kind: "layers",
            diff_ids: layers.iter().map(|layer| layer.digest.clone()).collect(),
        };
        let value = |result: serde_json::Result<Value>| result.expect("it has only texts for keys");
        fields.insert("rootfs".to_owned(), value(serde_json::to_value(rootfs)));
        fields.insert("history".to_owned(), value(serde_json::to_value(history)));
        let text = serde_json::to_string(&fields).expect("it has only texts for keys");
        Ok(Raw::new(
            MediaType::DockerConfig,
            escape(&text).into_bytes(),
        ))
    }
}

fn step(layer: &Layer) -> Step {
    let command = layer
        .container_config
        .as_ref()
        .and_then(|Object(c)| c.cmd.as_ref());
    Step {
        created: layer.created.clone(),
        author: layer.author.clone().unwrap_or_default(),
        created_by: command.map(|words| words.join(" ")).unwrap_or_default(),
        comment: layer.comment.clone().unwrap_or_default(),
    }
}

/// Escapes what Go's JSON escapes: these characters stand only in texts.
fn escape(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                text.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => text.push(c),
        }
    }
    text
}

//! What says how a thing may be handled and what it belongs to: tags, galaxies, distribution.

use super::BORNE_MAX;
use super::Scope;
use crate::fields::Fields;
use crate::left::Reason;
use crate::marking::{self, SharingGroup};
use crate::{galaxy, id, label};
use comity_import::writer::Writer;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Tags, marks and clusters of one event or attribute.
#[derive(Default)]
pub(super) struct Handling {
    pub(super) marks: Vec<String>,
    pub(super) tags: Vec<String>,
    clusters: Vec<Cluster>,
}

/// A cluster that is borne, and whether a tag, a galaxy or both say so.
struct Cluster {
    galaxy: String,
    value: String,
    stix_type: &'static str,
    tagged: bool,
    detail: Option<Detail>,
}

/// What a galaxy says beside the tag.
struct Detail {
    uuid: Option<String>,
    galaxy_name: Option<String>,
    galaxy_uuid: Option<String>,
    description: Option<String>,
    aliases: Vec<Value>,
    references: Vec<Value>,
    phases: Vec<Value>,
}

pub(super) fn read(fields: &mut Fields, writer: &mut Writer) -> Handling {
    let mut found = Handling::default();
    if let Some(level) = fields.text("distribution")
        && let Some(object) = marking::of_distribution(&level)
    {
        found.marks.push(writer.put(object));
    }
    if let Some(group) = fields.fields("SharingGroup") {
        found.marks.extend(sharing_group(group, writer));
    }
    for tag in fields.list("Tag") {
        found.add_tag(tag, writer);
    }
    for galaxy in fields.list("Galaxy") {
        found.add_galaxy(galaxy, writer);
    }
    writer.overrun |= found.is_full();
    found
}

fn sharing_group(mut fields: Fields, writer: &mut Writer) -> Option<String> {
    let uuid = fields.uuid("uuid");
    let mut group = SharingGroup {
        name: fields.text("name").unwrap_or_default(),
        releasability: fields.text("releasability"),
        organisations: Vec::new(),
    };
    for mut member in fields.list("SharingGroupOrg") {
        if let Some(mut organisation) = member.fields("Organisation") {
            let uuid = organisation.uuid("uuid").unwrap_or_default();
            let name = organisation.text("name").unwrap_or_default();
            if !(uuid.is_empty() && name.is_empty()) {
                group.organisations.push((uuid, name));
            }
            organisation.end(&mut writer.left);
        }
        member.end(&mut writer.left);
    }
    let Some(uuid) = uuid else {
        writer.left.add(&fields.path, Reason::Unreadable);
        return None;
    };
    fields.end(&mut writer.left);
    Some(writer.put(marking::of_sharing_group(&uuid, &group)))
}

impl Handling {
    fn add_tag(&mut self, mut tag: Fields, writer: &mut Writer) {
        if self.is_full() {
            return;
        }
        let Some(name) = tag.text("name") else {
            writer.left.add(&tag.path, Reason::Unreadable);
            return;
        };
        if tag.flag("local") == Some(true) {
            writer.left.add(&tag.path, Reason::LocalTag);
            return;
        }
        if let Some(object) = marking::of_tag(&name) {
            self.marks.push(writer.put(object));
        } else if let Some((galaxy, value)) = galaxy::from_tag(&name)
            && let Some(stix_type) = galaxy::stix_type(galaxy)
        {
            self.clusters.push(Cluster {
                galaxy: galaxy.to_owned(),
                value: value.to_owned(),
                stix_type,
                tagged: true,
                detail: None,
            });
        } else {
            self.add_name(name);
        }
        tag.end(&mut writer.left);
    }

    fn is_full(&self) -> bool {
        self.marks.len() + self.tags.len() + self.clusters.len() > BORNE_MAX
    }

    fn add_name(&mut self, name: String) {
        if !self.tags.contains(&name) {
            self.tags.push(name);
        }
    }

    fn add_galaxy(&mut self, mut fields: Fields, writer: &mut Writer) {
        let galaxy = fields.text("type").unwrap_or_default();
        let galaxy_name = fields.text("name");
        let galaxy_uuid = fields.uuid("uuid");
        for mut cluster in fields.list("GalaxyCluster") {
            if self.is_full() {
                return;
            }
            let value = cluster.text("value").unwrap_or_default();
            let Some(stix_type) = galaxy::stix_type(&galaxy) else {
                // The tag still says which cluster it is; its text is the library's.
                writer.left.add(&cluster.path, Reason::Library);
                self.add_name(galaxy::tag(&galaxy, &value));
                continue;
            };
            let mut detail = Detail {
                uuid: cluster.uuid("uuid"),
                galaxy_name: galaxy_name.clone(),
                galaxy_uuid: galaxy_uuid.clone(),
                description: cluster.text("description"),
                aliases: Vec::new(),
                references: Vec::new(),
                phases: Vec::new(),
            };
            cluster.text("type");
            cluster.text("tag_name");
            if let Some(meta) = cluster.fields("meta") {
                detail.read(meta, &galaxy, stix_type, writer);
            }
            for name in ["source", "authors", "version", "collection_uuid", "relationship_type"] {
                if cluster.has(name) && cluster.remove(name).is_some() {
                    writer.left.add(&cluster.at(name), Reason::Library);
                }
            }
            cluster.end(&mut writer.left);
            let said = self.clusters.iter_mut().find(|it| it.galaxy == galaxy && it.value == value);
            match said {
                Some(said) => said.detail = Some(detail),
                None => self.clusters.push(Cluster {
                    galaxy: galaxy.clone(),
                    value,
                    stix_type,
                    tagged: false,
                    detail: Some(detail),
                }),
            }
        }
        for name in ["description", "version", "icon", "namespace", "kill_chain_order"] {
            if fields.has(name) && fields.remove(name).is_some() {
                writer.left.add(&fields.at(name), Reason::Library);
            }
        }
        fields.end(&mut writer.left);
    }

    /// Writes the clusters, and who bears them.
    pub(super) fn attach(&self, bearer: &str, at: Timestamp, scope: &mut Scope, writer: &mut Writer) {
        for cluster in &self.clusters {
            let object = cluster.object(scope);
            let target = scope.put(object, writer);
            let verb = match (id::kind(bearer), id::kind(&target)) {
                ("indicator", "attack-pattern" | "campaign" | "infrastructure" | "intrusion-set")
                | ("indicator", "malware" | "threat-actor" | "tool") => "indicates",
                _ => "related-to",
            };
            let id = format!("relationship--{}", id::derived(&["galaxy", bearer, &target]));
            let mut link = scope.new_object(&id, at);
            link.insert("relationship_type".to_owned(), json!(verb));
            link.insert("source_ref".to_owned(), json!(bearer));
            link.insert("target_ref".to_owned(), json!(target));
            let mut labels = Vec::new();
            if cluster.tagged {
                labels.push(label::written("galaxy", "tag"));
            }
            if cluster.detail.is_some() {
                labels.push(label::written("galaxy", "cluster"));
            }
            link.insert("labels".to_owned(), json!(labels));
            let marks = super::marks(&self.marks, &[&scope.marks]).0;
            if !marks.is_empty() {
                link.insert("object_marking_refs".to_owned(), json!(marks));
            }
            scope.put(link, writer);
        }
    }
}

impl Detail {
    fn read(&mut self, mut meta: Fields, galaxy: &str, stix_type: &str, writer: &mut Writer) {
        let mut texts = |name: &str| match meta.remove(name) {
            Some(Value::Array(items)) => items.iter().filter_map(crate::observe::scalar).collect(),
            Some(one) => crate::observe::scalar(&one).into_iter().collect::<Vec<_>>(),
            None => Vec::new(),
        };
        if galaxy::has_aliases(stix_type) {
            self.aliases = texts("synonyms").into_iter().map(Value::String).collect();
        }
        for external_id in texts("external_id") {
            self.references.push(json!({ "source_name": galaxy, "external_id": external_id }));
        }
        for url in texts("refs") {
            self.references.push(json!({ "source_name": "misp:refs", "url": url }));
        }
        if galaxy::has_phases(stix_type) {
            for phase in texts("kill_chain") {
                match phase.split_once(':') {
                    Some((chain, phase)) if !chain.is_empty() && !phase.is_empty() => {
                        self.phases.push(json!({ "kill_chain_name": chain, "phase_name": phase }));
                    }
                    _ => writer.left.add(&format!("{}.kill_chain", meta.path), Reason::Unreadable),
                }
            }
        }
        let names: Vec<String> = meta.names();
        for name in names {
            meta.remove(&name);
            writer.left.add(&meta.at(&name), Reason::Library);
        }
    }
}

impl Cluster {
    /// The domain object of a cluster. What it says is the library's, so nobody is its author here; that it is in the
    /// event is the event's, so it bears the event's marks.
    fn object(&self, scope: &Scope) -> Map<String, Value> {
        let detail = self.detail.as_ref();
        let tag = galaxy::tag(&self.galaxy, &self.value);
        let uuid = detail.and_then(|detail| detail.uuid.clone()).unwrap_or_else(|| id::derived(&[&tag]));
        let mut object = scope.new_object(&format!("{}--{uuid}", self.stix_type), scope.at);
        object.remove("created_by_ref");
        object.insert("name".to_owned(), json!(self.value));
        let mut labels = vec![label::written("galaxy-type", &self.galaxy)];
        match self.stix_type {
            "malware" => {
                object.insert("is_family".to_owned(), json!(true));
            }
            "identity" => {
                object.insert("identity_class".to_owned(), json!("class"));
            }
            _ => {}
        }
        if let Some(detail) = detail {
            labels.extend(detail.galaxy_name.iter().map(|name| label::written("galaxy-name", name)));
            labels.extend(detail.galaxy_uuid.iter().map(|uuid| label::written("galaxy-uuid", uuid)));
            if let Some(description) = &detail.description {
                object.insert("description".to_owned(), json!(description));
            }
            let lists = [
                ("aliases", &detail.aliases),
                ("external_references", &detail.references),
                ("kill_chain_phases", &detail.phases),
            ];
            for (name, list) in lists {
                if !list.is_empty() {
                    object.insert(name.to_owned(), json!(list));
                }
            }
        }
        object.insert("labels".to_owned(), json!(labels));
        if !scope.marks.is_empty() {
            object.insert("object_marking_refs".to_owned(), json!(scope.marks));
        }
        object
    }
}

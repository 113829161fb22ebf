//! What the graph says: which objects are on the attacker's side, and whom an object concerns.
//!
//! An observable is on the attacker's side when a pattern cites its value, when a relationship ties it to an
//! attacker's object (infrastructure, malware, …) other than as its victim, or when such an observable leads
//! to it (a cited domain resolves to it). A victim is never on the attacker's side; neither is a recipient
//! that a pattern names. Whom nothing speaks of is unrelated: the strictest status.

use crate::bundle::{Bundle, Ident, Object};
use crate::json::Node;
use crate::method::Token;
use crate::pattern::Operator;
use crate::table::{Kind, PathTable};
use std::collections::HashSet;

/// The graph's answer, by id.
pub(crate) struct Subjects {
    attacker: Vec<bool>,
    status: Vec<Option<String>>,
    cited: HashSet<String>,
}

impl Subjects {
    /// Reads the graph of the objects that `counts` lets in: only what travels can justify what travels.
    pub(crate) fn read(bundle: &Bundle<'_>, table: &PathTable, counts: &dyn Fn(usize) -> bool) -> Self {
        let idents = bundle.ident_count();
        let mut subjects =
            Self { attacker: vec![false; idents], status: vec![None; idents], cited: HashSet::new() };
        let objects: Vec<&Object<'_>> = bundle
            .objects()
            .iter()
            .enumerate()
            .filter_map(|(index, object)| counts(index).then_some(object))
            .collect();
        let links: Vec<Link<'_>> = relationships(bundle, &objects).collect();
        subjects.read_status(bundle, table, &objects, &links);
        subjects.read_citations(table, &objects);
        subjects.read_attackers(bundle, table, &objects, &links);
        subjects
    }

    /// Whether both say the same of whom an attack comes from: all that treating an object asks.
    pub(crate) fn agrees_with(&self, other: &Self) -> bool {
        self.attacker == other.attacker && self.cited == other.cited
    }

    /// Whether the object with this id is on the attacker's side.
    pub(crate) fn is_attacker(&self, ident: Ident) -> bool {
        self.attacker[ident]
    }

    /// The status of the person whom the object with this id concerns.
    pub(crate) fn status<'s>(&'s self, ident: Ident, table: &'s PathTable) -> &'s str {
        self.status[ident].as_deref().unwrap_or(&table.subject.otherwise)
    }

    /// Whether a pattern cites this value.
    pub(crate) fn is_cited(&self, value: &str) -> bool {
        self.cited.contains(&value.to_lowercase())
    }

    fn read_status(
        &mut self,
        bundle: &Bundle<'_>,
        table: &PathTable,
        objects: &[&Object<'_>],
        links: &[Link<'_>],
    ) {
        let rules = &table.subject;
        for (_, verb, target) in links.iter().copied() {
            if let Some(status) = rules.target_of.get(verb) {
                self.give(target, status, rules.otherwise.as_str());
            }
        }
        for (path, status) in &rules.reference {
            let Some((stix_type, property)) = path.split_once('.') else { continue };
            for object in objects.iter().filter(|object| object.stix_type() == stix_type) {
                for target in references(bundle, object, property) {
                    self.give(target, status, &rules.otherwise);
                }
            }
        }
        // An observable tied to a person shares the person's status.
        for (source, _, target) in links.iter().copied() {
            for (one, other) in [(source, target), (target, source)] {
                if self.status[one].is_none() {
                    self.status[one] = self.status[other].clone();
                }
            }
        }
        // Whoever wrote an object is its author, unless more is known.
        for object in objects {
            for author in references(bundle, object, "created_by_ref") {
                self.status[author].get_or_insert_with(|| rules.author.clone());
            }
        }
    }

    /// Two different statuses contradict each other: the strictest is left.
    fn give(&mut self, ident: Ident, status: &str, strictest: &str) {
        match &self.status[ident] {
            Some(held) if held != status => self.status[ident] = Some(strictest.to_owned()),
            _ => self.status[ident] = Some(status.to_owned()),
        }
    }

    fn read_citations(&mut self, table: &PathTable, objects: &[&Object<'_>]) {
        // On any other type a `pattern` is one more property that nobody knows, and what stays home cites nothing.
        let patterned = |object: &&&Object<'_>| {
            let stix_type = table.types.get(object.stix_type());
            let row = stix_type.and_then(|stix_type| stix_type.root.child("pattern")?.row.as_ref());
            row.is_some_and(|row| row.pseudonymise == Some(Token::Pattern))
        };
        for object in objects.iter().filter(patterned) {
            for literal in object.literals() {
                let recipient = literal.steps().any(|step| table.subject.recipients.paths.contains(&*step));
                if literal.operator == Operator::Is && !recipient {
                    self.cited.insert(literal.value.to_lowercase());
                }
            }
        }
    }

    fn read_attackers(
        &mut self,
        bundle: &Bundle<'_>,
        table: &PathTable,
        objects: &[&Object<'_>],
        links: &[Link<'_>],
    ) {
        let rules = &table.subject;
        let idents = bundle.ident_count();
        let mut observable = vec![false; idents];
        let mut attacking = vec![false; idents];
        let mut seeds = Vec::new();
        let mut leads = vec![Vec::new(); idents];
        let mut victim = vec![false; idents];
        for (_, verb, target) in links.iter().copied() {
            if rules.target_of.get(verb).is_some_and(|status| status == "victim") {
                victim[target] = true;
            }
        }
        for object in objects {
            let ident = object.ident();
            let Some(stix_type) = table.types.get(object.stix_type()) else { continue };
            attacking[ident] |= rules.attackers.contains(object.stix_type()) && !victim[ident];
            observable[ident] |= stix_type.kind == Kind::Observable;
            if stix_type.cited_by.iter().any(|path| self.cites(object.tree(), path)) {
                seeds.push(ident);
            }
            for property in ["resolves_to_refs", "belongs_to_ref"] {
                leads[ident].extend(references(bundle, object, property));
            }
        }
        for (source, verb, target) in links.iter().copied() {
            if rules.target_of.contains_key(verb) {
                continue;
            }
            if attacking[source] {
                seeds.push(target);
            }
            if attacking[target] {
                seeds.push(source);
            }
            if verb == "resolves-to" || verb == "belongs-to" {
                leads[source].push(target);
            }
        }
        while let Some(ident) = seeds.pop() {
            if observable[ident] && !victim[ident] && !self.attacker[ident] {
                self.attacker[ident] = true;
                seeds.extend(&leads[ident]);
            }
        }
    }

    fn cites(&self, tree: &Node<'_>, path: &str) -> bool {
        let (name, inside) = path.split_once('.').map_or((path, false), |(name, _)| (name, true));
        match tree.get(name) {
            Some(Node::Object(entries)) if inside => {
                entries.iter().any(|(_, value)| value.as_text().is_some_and(|text| self.is_cited(text)))
            }
            Some(value) => value.items().iter().filter_map(Node::as_text).any(|text| self.is_cited(text)),
            None => false,
        }
    }
}

/// The ids that a property of an object names, where the bundle has them.
fn references<'b>(
    bundle: &'b Bundle<'_>,
    object: &'b Object<'_>,
    property: &str,
) -> impl Iterator<Item = Ident> + use<'b> {
    let refs = object.tree().get(property);
    refs.into_iter().flat_map(|refs| refs.items()).filter_map(|id| bundle.ident(id.as_text()?))
}

/// Source, verb and target of a relationship.
type Link<'b> = (Ident, &'b str, Ident);

/// Every relationship whose ends are in the bundle.
fn relationships<'b>(
    bundle: &'b Bundle<'_>,
    objects: &'b [&'b Object<'_>],
) -> impl Iterator<Item = Link<'b>> {
    objects.iter().filter(|object| object.stix_type() == "relationship").filter_map(|object| {
        let source = bundle.ident(object.text("source_ref"))?;
        let target = bundle.ident(object.text("target_ref"))?;
        Some((source, object.text("relationship_type"), target))
    })
}

#[cfg(test)]
mod tests;

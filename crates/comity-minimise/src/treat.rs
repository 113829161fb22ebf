//! One object under the path table: every property at its place kept, made coarser, tokenised or left out.
//!
//! The same walk runs twice. As a *survey* it finds which objects stay home by themselves, what refers to
//! what, and which personal values are treated. With the *fates* of all objects known it runs again for the
//! objects that change: it drops and rewrites references, replaces the treated values in texts, and reports.
//!
//! Invariants: a property without a place is lost; an object, at any depth, that loses what it must have is
//! lost; nothing is reported by the survey.

use crate::bundle::{Bundle, Ident, split_id};
use crate::graph::Subjects;
use crate::json::Node;
use crate::method::{Parts, Token, tokenise};
use crate::pattern::{Operator, escape, literals};
use crate::profile::Profile;
use crate::scrub::Scrubber;
use crate::table::{ClassIndex, PathTable, Place, Row, StixType};
use crate::token::Tokens;
use crate::withholding::{Ground, Withholding};
use comity_terms::Treatment;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

mod selectors;

/// What became of a value.
pub(crate) enum Outcome<'a> {
    /// It is as it was.
    Same,
    /// This stands in its place.
    Changed(Node<'a>),
    /// It stays home.
    Lost,
}

/// What became of every id of the bundle.
#[derive(Default)]
pub(crate) struct Fates {
    /// By ident: whether an object with this id travels.
    pub alive: Vec<bool>,
    /// New ids.
    pub renamed: HashMap<Ident, String>,
}

/// A reference that the survey found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reference {
    pub target: Ident,
    /// Which top-level property it stands in, by its position in the object.
    pub property: usize,
    /// Whether the object stays home when the target does.
    pub binding: bool,
}

/// What all objects of one minimising share.
#[derive(Clone, Copy)]
pub(crate) struct Treating<'t, 'b> {
    pub bundle: &'t Bundle<'b>,
    pub table: &'t PathTable,
    pub profile: &'t Profile,
    pub subjects: &'t Subjects,
    pub tokens: &'t Tokens<'t>,
    /// Treated values of persons, with what stands for each.
    pub recurring: &'t RefCell<HashMap<String, String>>,
}

/// What one walk has.
pub(crate) struct Walk<'w, 't, 'b> {
    pub shared: Treating<'t, 'b>,
    /// `None` in the survey.
    pub fates: Option<(&'w Fates, Option<&'w Scrubber>)>,
    pub object: &'w Node<'b>,
    pub id: &'w str,
    pub attacker: bool,
    pub path: String,
    pub property: usize,
    /// Whether a treatment asked for the whole object to stay.
    pub object_lost: bool,
    pub references: Vec<Reference>,
    pub report: Vec<Withholding>,
    gone: HashSet<String>,
    moved: HashMap<String, Vec<Option<usize>>>,
}

impl<'w, 't, 'b> Walk<'w, 't, 'b> {
    pub(crate) fn new(
        shared: Treating<'t, 'b>,
        fates: Option<(&'w Fates, Option<&'w Scrubber>)>,
        object: &'w Node<'b>,
        id: &'w str,
        ident: Ident,
    ) -> Self {
        let attacker = shared.subjects.is_attacker(ident);
        Self {
            shared,
            fates,
            object,
            id,
            attacker,
            path: String::new(),
            property: 0,
            object_lost: false,
            references: Vec::new(),
            report: Vec::new(),
            gone: HashSet::new(),
            moved: HashMap::new(),
        }
    }

    /// Treats a whole object of this type.
    pub(crate) fn run(&mut self, stix_type: &'t StixType) -> Outcome<'b> {
        let object = self.object;
        let Node::Object(properties) = object else { return Outcome::Lost };
        let outcome = self.properties(properties, &stix_type.root);
        if self.object_lost { Outcome::Lost } else { outcome }
    }

    fn value(&mut self, node: &Node<'b>, place: Option<&'t Place>) -> Outcome<'b> {
        let Some(place) = place else { return self.unknown() };
        if let Some(row) = &place.row {
            let (class, treatment) = self.decide(row);
            if treatment >= Treatment::WithholdProperty {
                return self.withhold(node, class, treatment);
            }
        }
        match node {
            Node::List(items) => self.list(items, place),
            Node::Object(properties) if place.row.is_none() => self.properties(properties, place),
            Node::Object(_) => self.unknown(),
            leaf => match &place.row {
                Some(row) => self.leaf(leaf, row),
                None => self.unknown(),
            },
        }
    }

    fn properties(&mut self, properties: &[(Cow<'b, str>, Node<'b>)], place: &'t Place) -> Outcome<'b> {
        let top = self.path.is_empty();
        let mut outcomes = Vec::with_capacity(properties.len());
        let mut same = true;
        let mut granular = None;
        for (position, (name, value)) in properties.iter().enumerate() {
            if top {
                self.property = position;
            }
            let outcome = if top && name == "granular_markings" {
                granular = Some(position);
                Outcome::Same
            } else {
                self.within(name, |walk| walk.value(value, place.child(name)))
            };
            same &= matches!(outcome, Outcome::Same);
            outcomes.push(outcome);
        }
        if let Some(position) = granular {
            // Last: its selectors follow what became of the other properties.
            self.property = position;
            let (name, value) = &properties[position];
            outcomes[position] = self.within(name, |walk| walk.granular_markings(value, place.child(name)));
            same &= matches!(outcomes[position], Outcome::Same);
        }
        if same {
            return Outcome::Same;
        }
        let lost = |name: &str| {
            properties
                .iter()
                .zip(&outcomes)
                .any(|((n, _), outcome)| n == name && matches!(outcome, Outcome::Lost))
        };
        let had = |name: &str| properties.iter().any(|(n, _)| n == name);
        let none_left = |group: &Vec<String>| {
            group.iter().any(|name| had(name)) && !group.iter().any(|name| had(name) && !lost(name))
        };
        if place.require.iter().any(|name| lost(name)) || place.one_of.iter().any(none_left) {
            return self.lose("unknown", Treatment::WithholdProperty, Ground::Incomplete);
        }
        let kept: Vec<_> = properties
            .iter()
            .zip(outcomes)
            .filter_map(|((name, value), outcome)| match outcome {
                Outcome::Same => Some((name.clone(), value.clone())),
                Outcome::Changed(value) => Some((name.clone(), value)),
                Outcome::Lost => None,
            })
            .collect();
        if kept.is_empty() {
            self.gone.insert(self.path.clone());
            return Outcome::Lost;
        }
        Outcome::Changed(Node::Object(kept))
    }

    fn list(&mut self, items: &[Node<'b>], place: &'t Place) -> Outcome<'b> {
        let mut outcomes = Vec::with_capacity(items.len());
        let mut same = true;
        for (index, item) in items.iter().enumerate() {
            let outcome = self.within(&format!("[{index}]"), |walk| walk.value(item, Some(place)));
            same &= matches!(outcome, Outcome::Same);
            outcomes.push(outcome);
        }
        if same {
            return Outcome::Same;
        }
        let is_reference = place.row.as_ref().is_some_and(|row| {
            row.class == self.shared.table.reference || row.class == self.shared.table.marking
        });
        let mut kept = Vec::with_capacity(items.len());
        let mut seen = HashSet::new();
        let mut places = Vec::with_capacity(items.len());
        for (index, (item, outcome)) in items.iter().zip(outcomes).enumerate() {
            let value = match outcome {
                Outcome::Same => item.clone(),
                Outcome::Changed(value) => value,
                Outcome::Lost => {
                    places.push(None);
                    continue;
                }
            };
            // Objects that were merged are named once.
            if is_reference && !seen.insert(value.as_text().unwrap_or_default().to_owned()) {
                self.within(&format!("[{index}]"), |walk| {
                    walk.lose("reference", Treatment::WithholdProperty, Ground::Merged)
                });
                places.push(None);
                continue;
            }
            places.push(Some(kept.len()));
            kept.push(value);
        }
        if kept.is_empty() {
            self.gone.insert(self.path.clone());
            return Outcome::Lost;
        }
        if places.iter().any(Option::is_none) {
            self.moved.insert(self.path.clone(), places);
        }
        Outcome::Changed(Node::List(kept))
    }

    fn leaf(&mut self, leaf: &Node<'b>, row: &'t Row) -> Outcome<'b> {
        let table = self.shared.table;
        if row.class == table.reference || row.class == table.marking {
            return match leaf.as_text() {
                Some(id) => self.reference(id, row),
                None if row.class == table.marking => Outcome::Same,
                None => self.unknown(),
            };
        }
        if self.path == "id" {
            return self.own_id(leaf);
        }
        let (class, treatment) = self.decide(row);
        let treated = match treatment {
            Treatment::Keep => None,
            Treatment::Generalise => match row.generalise.and_then(|method| method.apply(leaf)) {
                Some(coarse) => Some(coarse),
                None if row.pseudonymise.is_some() => return self.pseudonymise(leaf, row, class),
                None => return self.withhold(leaf, class, Treatment::WithholdProperty),
            },
            _ => return self.pseudonymise(leaf, row, class),
        };
        self.finish(leaf, class, Treatment::Generalise, treated.filter(|coarse| coarse != leaf))
    }

    fn pseudonymise(&mut self, leaf: &Node<'b>, row: &Row, class: ClassIndex) -> Outcome<'b> {
        let (Some(method), Some(text)) = (row.pseudonymise, leaf.as_text()) else {
            return self.withhold(leaf, class, Treatment::WithholdProperty);
        };
        let mut parts = Parts::new();
        let treated = if method == Token::Pattern {
            self.pattern(text, &mut parts)
        } else {
            let subjects = self.shared.subjects;
            tokenise(method, text, self.shared.tokens, &|value| subjects.is_cited(value), &mut parts)
        };
        for (value, replacement) in parts {
            let token = if replacement.is_empty() { self.shared.tokens.of(&value) } else { replacement };
            self.remember(&value, token);
        }
        let changed = (treated != text).then_some(Node::Text(Cow::Owned(treated)));
        self.finish(leaf, class, Treatment::Pseudonymise, changed)
    }

    /// Reports a treated value, remembers it, and looks for other treated values in what is left.
    fn finish(
        &mut self,
        leaf: &Node<'b>,
        class: ClassIndex,
        treatment: Treatment,
        treated: Option<Node<'b>>,
    ) -> Outcome<'b> {
        let table = self.shared.table;
        if let (Some(Node::Text(coarse)), Some(value)) = (&treated, leaf.as_text())
            && table.class(class).recurs
            && treatment == Treatment::Generalise
        {
            let coarse = coarse.to_string();
            self.remember(value, coarse);
        }
        let name = &table.class(class).name;
        let scrubber = self.fates.and_then(|(_, scrubber)| scrubber);
        let scan = table.class(class).scan;
        let text = treated.as_ref().unwrap_or(leaf).as_text();
        if let Some(clean) = text.and_then(|text| scrubber?.clean(text, scan)) {
            self.note(name.as_str(), Treatment::Pseudonymise, Ground::Recurs);
            return Outcome::Changed(Node::Text(Cow::Owned(clean)));
        }
        match treated {
            Some(value) => {
                let ground = Ground::Treated(self.shared.profile.ground(name));
                self.note(name.as_str(), treatment, ground);
                Outcome::Changed(value)
            }
            None => Outcome::Same,
        }
    }

    /// Treats each literal of a STIX pattern as the property that it is compared with.
    fn pattern(&mut self, text: &str, parts: &mut Parts) -> String {
        if !crate::graph::is_stix_pattern(self.object) {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for literal in literals(text) {
            out.push_str(&text[at..literal.span.start]);
            at = literal.span.end;
            let subjects = self.shared.subjects;
            let table = self.shared.table;
            let recipient = literal.steps.iter().any(|step| table.subject.recipients.paths.contains(step));
            let row = place_of(table, &literal.stix_type, &literal.steps, &literal.value);
            let treated = row.and_then(|row| {
                let theirs = !recipient && literal.operator != Operator::IsNot;
                let class = table.class_of(row, &Node::Literal(Cow::Borrowed("null")), theirs);
                let treatment = row_treatment(table, row, class).max(self.profile_treatment(class));
                match (treatment, row.generalise, row.pseudonymise) {
                    (Treatment::Keep, ..) => None,
                    (Treatment::Generalise, Some(method), _) => {
                        let coarse = method.apply(&Node::Text(Cow::Borrowed(&literal.value)))?;
                        let coarse = coarse.as_text()?.to_owned();
                        if coarse != literal.value && table.class(class).recurs {
                            parts.push((literal.value.clone(), coarse.clone()));
                        }
                        Some(coarse)
                    }
                    (Treatment::Generalise, None, _) => None,
                    // In a regular expression a part cannot be told from its syntax.
                    (_, _, Some(method)) if method.is_partial() && literal.operator == Operator::Matches => {
                        None
                    }
                    (Treatment::Pseudonymise, _, Some(method)) => {
                        let cited = |value: &str| subjects.is_cited(value);
                        Some(tokenise(method, &literal.value, self.shared.tokens, &cited, parts))
                    }
                    _ => {
                        let token = self.shared.tokens.of(&literal.value);
                        if token != literal.value {
                            parts.push((literal.value.clone(), token.clone()));
                        }
                        Some(token)
                    }
                }
            });
            match treated {
                Some(treated) if treated != literal.value => out.push_str(&escape(&treated)),
                _ => out.push_str(&text[literal.span]),
            }
        }
        out.push_str(&text[at..]);
        out
    }

    fn profile_treatment(&self, class: ClassIndex) -> Treatment {
        self.shared.profile.treatment(&self.shared.table.class(class).name)
    }

    fn reference(&mut self, id: &str, row: &Row) -> Outcome<'b> {
        let table = self.shared.table;
        let binding = row.class == table.marking;
        let class = table.class(row.class).name.as_str();
        if split_id(id).is_none() {
            // Not an id: selectors and words of markings pass, anything else where an id belongs does not.
            return if binding { Outcome::Same } else { self.unknown() };
        }
        if binding && table.handling(id).is_some() {
            return Outcome::Same;
        }
        let Some(target) = self.shared.bundle.ident(id) else {
            if table.guessable(id) {
                return self.lose(class, Treatment::WithholdProperty, Ground::GuessableReference);
            }
            return Outcome::Same;
        };
        self.references.push(Reference { target, property: self.property, binding });
        let Some((fates, _)) = self.fates else { return Outcome::Same };
        if !fates.alive[target] {
            self.object_lost |= binding;
            return self.lose(class, Treatment::WithholdProperty, Ground::RefersToWithheld);
        }
        let Some(renamed) = fates.renamed.get(&target) else { return Outcome::Same };
        let fits =
            |to: &[String]| to.is_empty() || to.iter().any(|kind| renamed.split("--").next() == Some(kind));
        if !fits(&row.to) {
            return self.lose(class, Treatment::WithholdProperty, Ground::RefersToWithheld);
        }
        self.note(class, Treatment::Pseudonymise, Ground::Follows);
        Outcome::Changed(Node::Text(Cow::Owned(renamed.clone())))
    }

    fn own_id(&mut self, leaf: &Node<'b>) -> Outcome<'b> {
        let renamed = self.fates.and_then(|(fates, _)| {
            let ident = self.shared.bundle.ident(leaf.as_text()?)?;
            fates.renamed.get(&ident)
        });
        let Some(renamed) = renamed.cloned() else { return Outcome::Same };
        self.note("reference", Treatment::Pseudonymise, Ground::Follows);
        Outcome::Changed(Node::Text(Cow::Owned(renamed)))
    }

    fn decide(&self, row: &Row) -> (ClassIndex, Treatment) {
        let table = self.shared.table;
        let class = table.class_of(row, self.object, self.attacker);
        (class, row_treatment(table, row, class).max(self.profile_treatment(class)))
    }

    fn unknown(&mut self) -> Outcome<'b> {
        self.lose("unknown", Treatment::WithholdProperty, Ground::NotListed)
    }

    fn withhold(&mut self, node: &Node<'b>, class: ClassIndex, treatment: Treatment) -> Outcome<'b> {
        let class = self.shared.table.class(class);
        if class.recurs
            && let Some(value) = node.as_text()
        {
            let token = self.shared.tokens.of(value);
            self.remember(value, token);
        }
        self.object_lost |= treatment == Treatment::WithholdObject;
        let ground = Ground::Treated(self.shared.profile.ground(&class.name));
        self.lose(class.name.as_str(), treatment, ground)
    }

    fn lose(&mut self, class: &str, treatment: Treatment, ground: Ground) -> Outcome<'b> {
        self.gone.insert(self.path.clone());
        let treatment = if self.path.is_empty() { Treatment::WithholdObject } else { treatment };
        self.note(class, treatment, ground);
        Outcome::Lost
    }

    fn note(&mut self, class: &str, treatment: Treatment, ground: Ground) {
        if self.fates.is_some() {
            self.report.push(Withholding {
                object: self.id.to_owned(),
                path: self.path.clone(),
                data_class: class.to_owned(),
                treatment,
                ground,
            });
        }
    }

    /// Remembers a treated value, so that it is replaced wherever else it occurs.
    fn remember(&mut self, value: &str, replacement: String) {
        if self.fates.is_none()
            && value.len() >= Scrubber::LENGTH_MIN
            && value != replacement
            && !self.shared.subjects.is_cited(value)
        {
            self.shared.recurring.borrow_mut().entry(value.to_owned()).or_insert(replacement);
        }
    }

    fn within<T>(&mut self, step: &str, f: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(step);
        let result = f(self);
        self.path.truncate(length);
        result
    }
}

/// The treatment that the table asks at a row, when the property has this class.
fn row_treatment(table: &PathTable, row: &Row, class: ClassIndex) -> Treatment {
    // A row's own treatment speaks of its own class, not of the class that a condition gives.
    match row.treatment {
        Some(treatment) if class == row.class => treatment,
        _ => table.class(class).treatment,
    }
}

/// The row of the property that a pattern's path leads to.
fn place_of<'t>(table: &'t PathTable, stix_type: &str, steps: &[String], value: &str) -> Option<&'t Row> {
    // A path through a reference goes on in another object, whose type the pattern does not say.
    let through = steps.iter().position(|step| step.ends_with("_ref") || step.ends_with("_refs"));
    if let Some(at) = through.filter(|at| at + 1 < steps.len()) {
        let leads_to = if value.contains('@') { "email-addr" } else { "ipv4-addr" };
        return place_of(table, leads_to, &steps[at + 1..], value);
    }
    let root = &table.types.get(stix_type)?.root;
    steps.iter().try_fold(root, |place, step| place.child(step))?.row.as_ref()
}

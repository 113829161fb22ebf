//! One object under the path table: every property at its place kept, made coarser, tokenised or left out.
//!
//! The same walk runs twice. As a *survey* it finds which objects stay home by themselves, what refers to
//! what, and which personal values are treated. With the *fates* of all objects known it runs again for the
//! objects that change: it drops and rewrites references, replaces the treated values in texts, and reports.
//!
//! Invariants: a property without a place is lost; an object, at any depth, that loses what it must have is
//! lost; nothing is reported by the survey.

use crate::bundle::{Bundle, Ident, Object};
use crate::graph::Subjects;
use crate::json::Node;
use crate::method::{Parts, Token, tokenise};
use crate::profile::Tightened;
use crate::scrub::people::{self, Scrubbed};
use crate::scrub::{Scrubber, StandIn};
use crate::table::{ClassIndex, PathTable, Place, Row, Scan, StixType};
use crate::text::Known;
use crate::token::Tokens;
use crate::withholding::{Ground, Withholding};
use comity_terms::Treatment;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

pub(crate) mod literals;
mod outcome;
mod references;
mod selectors;

pub(crate) use outcome::Outcome;
use outcome::Outcomes;

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
    pub subjects: &'t Subjects,
    pub tokens: &'t Tokens<'t>,
    /// What the detector made of texts, by where they lie.
    pub people: &'t Mutex<HashMap<(usize, usize), Option<Scrubbed>>>,
}

/// What one walk has.
pub(crate) struct Walk<'w, 't, 'b> {
    pub shared: Treating<'t, 'b>,
    /// `None` in the survey.
    pub fates: Option<(&'w Fates, Option<&'w Scrubber>)>,
    pub profile: &'t Tightened<'t>,
    /// The object as it was read.
    pub source: &'w Object<'b>,
    /// What of it is treated: its tree, or what that becomes.
    pub object: &'w Node<'b>,
    pub attacker: bool,
    pub path: String,
    pub property: usize,
    /// Whether a treatment asked for the whole object to stay.
    pub object_lost: bool,
    pub references: Vec<Reference>,
    /// Treated values of persons, with what stands for each, as they were met in a survey.
    pub recurring: Vec<(String, StandIn)>,
    pub report: Vec<Withholding>,
    gone: HashSet<String>,
    moved: HashMap<String, Vec<Option<usize>>>,
}

impl<'w, 't, 'b> Walk<'w, 't, 'b> {
    pub(crate) fn new(
        shared: Treating<'t, 'b>,
        fates: Option<(&'w Fates, Option<&'w Scrubber>)>,
        profile: &'t Tightened<'t>,
        source: &'w Object<'b>,
        object: &'w Node<'b>,
    ) -> Self {
        let attacker = shared.subjects.is_attacker(source.ident());
        Self {
            shared,
            fates,
            profile,
            source,
            object,
            attacker,
            path: String::new(),
            property: 0,
            object_lost: false,
            references: Vec::new(),
            recurring: Vec::new(),
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
        let mut outcomes = Outcomes::default();
        let mut granular = None;
        for (position, (name, value)) in properties.iter().enumerate() {
            if top {
                self.property = position;
                if name == "granular_markings" {
                    granular = Some(position);
                    continue;
                }
            }
            outcomes.put(position, self.within(name, |walk| walk.value(value, place.child(name))));
        }
        if let Some(position) = granular {
            // Last: its selectors follow what became of the other properties.
            self.property = position;
            let (name, value) = &properties[position];
            let outcome = self.within(name, |walk| walk.granular_markings(value, place.child(name)));
            outcomes.put(position, outcome);
        }
        if outcomes.all_same() {
            return Outcome::Same;
        }
        let kept = |name: &str| {
            let position = properties.iter().position(|(n, _)| n == name);
            position.map(|position| !outcomes.is_lost(position))
        };
        let none_left = |group: &Vec<String>| {
            let mut of_group = group.iter().filter_map(|name| kept(name)).peekable();
            of_group.peek().is_some() && !of_group.any(|kept| kept)
        };
        if place.require.iter().any(|name| kept(name) == Some(false)) || place.one_of.iter().any(none_left) {
            return self.lose("unknown", Treatment::WithholdProperty, Ground::Incomplete);
        }
        let kept: Vec<_> = properties
            .iter()
            .zip(outcomes.each())
            .filter_map(|((name, value), outcome)| Some((name.clone(), outcome.of(value)?)))
            .collect();
        if kept.is_empty() {
            self.gone.insert(self.path.clone());
            return Outcome::Lost;
        }
        Outcome::Changed(Node::Object(kept))
    }

    fn list(&mut self, items: &[Node<'b>], place: &'t Place) -> Outcome<'b> {
        let mut outcomes = Outcomes::default();
        for (index, item) in items.iter().enumerate() {
            outcomes.put(index, self.within_item(index, |walk| walk.value(item, Some(place))));
        }
        if outcomes.all_same() {
            return Outcome::Same;
        }
        let is_reference = place.row.as_ref().is_some_and(|row| {
            row.class == self.shared.table.reference || row.class == self.shared.table.marking
        });
        let mut kept = Vec::with_capacity(items.len());
        let mut seen = HashSet::new();
        let mut places = Vec::with_capacity(items.len());
        for (index, (item, outcome)) in items.iter().zip(outcomes.each()).enumerate() {
            let Some(value) = outcome.of(item) else {
                places.push(None);
                continue;
            };
            // Objects that were merged are named once.
            if is_reference && !seen.insert(value.as_text().unwrap_or_default().to_owned()) {
                self.within_item(index, |walk| {
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
            let gone = replacement.is_empty();
            self.remember(&value, if gone { StandIn::Token } else { StandIn::Text(replacement) });
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
            self.remember(value, StandIn::Text(coarse));
        }
        let name = &table.class(class).name;
        let scrubber = self.fates.and_then(|(_, scrubber)| scrubber);
        let scan = table.class(class).scan;
        let text = treated.as_ref().unwrap_or(leaf).as_text();
        let clean = text.and_then(|text| scrubber?.clean(text, scan, self.shared.tokens));
        if clean.is_some() {
            self.note(name.as_str(), Treatment::Pseudonymise, || Ground::Recurs);
        }
        let profile = self.profile;
        let of_bundle = std::ptr::eq(self.object, self.source.tree());
        let lasting = clean.is_none() && treated.is_none() && of_bundle;
        if scan == Scan::People
            && let Some(scrubbed) = clean.as_deref().or(text).and_then(|found| self.people(found, lasting))
        {
            // Who is named in a text may be named in a label beside it.
            for (value, stand_in) in &scrubbed.named {
                self.remember(value, stand_in.clone());
            }
            for (class, treatment) in &scrubbed.treated {
                let found = table.class_named(class).map_or(name, |class| &table.class(class).name);
                self.note(class, *treatment, || Ground::Treated(profile.ground(found)));
            }
            return match scrubbed.text {
                Some(text) => Outcome::Changed(Node::Text(Cow::Owned(text))),
                None => {
                    self.object_lost |=
                        scrubbed.treated.iter().any(|(_, done)| *done == Treatment::WithholdObject);
                    let ground = || Ground::Treated(profile.ground(name));
                    self.lose_for(name.as_str(), Treatment::WithholdProperty, ground)
                }
            };
        }
        if let Some(clean) = clean {
            return Outcome::Changed(Node::Text(Cow::Owned(clean)));
        }
        match treated {
            Some(value) => {
                self.note(name.as_str(), treatment, || Ground::Treated(profile.ground(name)));
                Outcome::Changed(value)
            }
            None => Outcome::Same,
        }
    }

    fn knows_nobody(&self) -> bool {
        self.fates.and_then(|(_, scrubber)| scrubber).is_none_or(|scrubber| scrubber.known.is_empty())
    }

    /// What the detector makes of a text. One that is `lasting`, because it lies in the bundle, is looked at once
    /// as long as nobody is known by name.
    fn people(&self, text: &str, lasting: bool) -> Option<Scrubbed> {
        let shared = self.shared;
        // Who is known by name is found where nobody else is.
        if lasting && self.knows_nobody() && self.source.texts(shared.table).are_clear() {
            return None;
        }
        let known = self.fates.and_then(|(_, scrubber)| scrubber).map(|scrubber| &scrubber.known);
        let nobody = Known::default();
        let known = known.unwrap_or(&nobody);
        let place = (text.as_ptr() as usize, text.len());
        let lasting = lasting && self.knows_nobody();
        let remembered = || shared.people.lock().unwrap_or_else(PoisonError::into_inner);
        if lasting && let Some(made) = remembered().get(&place) {
            return made.clone();
        }
        let treatment = |class: &str| match shared.table.class_named(class) {
            Some(class) => shared.table.class(class).treatment.max(self.profile.treatment(class)),
            None => Treatment::Pseudonymise,
        };
        let cited = |value: &str| shared.subjects.is_cited(value);
        let made = people::scrub(text, known, shared.tokens, &treatment, &cited);
        if lasting {
            remembered().insert(place, made.clone());
        }
        made
    }

    fn decide(&self, row: &Row) -> (ClassIndex, Treatment) {
        let table = self.shared.table;
        let class = table.class_of(row, self.object, self.attacker);
        (class, row_treatment(table, row, class).max(self.profile.treatment(class)))
    }

    fn unknown(&mut self) -> Outcome<'b> {
        self.lose("unknown", Treatment::WithholdProperty, Ground::NotListed)
    }

    fn withhold(&mut self, node: &Node<'b>, class: ClassIndex, treatment: Treatment) -> Outcome<'b> {
        let class = self.shared.table.class(class);
        if class.recurs
            && let Some(value) = node.as_text()
        {
            self.remember(value, StandIn::Token);
        }
        self.object_lost |= treatment == Treatment::WithholdObject;
        let profile = self.profile;
        self.lose_for(class.name.as_str(), treatment, || Ground::Treated(profile.ground(&class.name)))
    }

    fn lose(&mut self, class: &str, treatment: Treatment, ground: Ground) -> Outcome<'b> {
        self.lose_for(class, treatment, || ground)
    }

    fn lose_for(
        &mut self,
        class: &str,
        treatment: Treatment,
        ground: impl FnOnce() -> Ground,
    ) -> Outcome<'b> {
        self.gone.insert(self.path.clone());
        let treatment = if self.path.is_empty() { Treatment::WithholdObject } else { treatment };
        self.note(class, treatment, ground);
        Outcome::Lost
    }

    fn note(&mut self, class: &str, treatment: Treatment, ground: impl FnOnce() -> Ground) {
        if self.fates.is_some() {
            self.report.push(Withholding {
                object: self.source.id().to_owned(),
                path: self.path.clone(),
                data_class: class.to_owned(),
                treatment,
                ground: ground(),
            });
        }
    }

    /// Remembers a treated value, so that it is replaced wherever else it occurs.
    fn remember(&mut self, value: &str, stand_in: StandIn) {
        // What stands for itself is no value of a person any more.
        let itself = match &stand_in {
            StandIn::Text(text) => text == value,
            StandIn::Token => self.shared.tokens.verifies(value),
        };
        if self.fates.is_none()
            && value.len() >= Scrubber::LENGTH_MIN
            && !itself
            && !self.shared.subjects.is_cited(value)
        {
            self.recurring.push((value.to_owned(), stand_in));
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

    fn within_item<T>(&mut self, index: usize, f: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        // Writing to a string does not fail.
        let _ = write!(self.path, "{}[{index}]", if length > 0 { "." } else { "" });
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

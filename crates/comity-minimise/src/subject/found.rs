//! Whom a record names: every identifier in one object, by the path table.
//!
//! The walk asks nothing of the graph: an address that an indicator cites is somebody's too, and its owner may ask.

use super::normal::is_pseudonym;
use super::{Identifier, IdentifierKind};
use crate::bundle::{Bundle, Limits, Object};
use crate::json::Node;
use crate::method::{Parts, Token};
use crate::scrub::people::class_of;
use crate::table::{PathTable, Place, Row, Scan};
use crate::text::detect;
use crate::treat::literals::place_of;
use regex::{Regex, bytes};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Whether the bytes of an object hold what may identify anybody, where its class is not about people: an `@`, or a
/// pseudonym. Reads no JSON: most records of most bundles are about machines.
#[must_use]
pub fn may_identify(object: &[u8]) -> bool {
    static SIGN: LazyLock<Option<bytes::Regex>> =
        LazyLock::new(|| bytes::Regex::new(r"(?-u)@|%40|p-[a-z2-7]{32}").ok());
    SIGN.as_ref().is_none_or(|sign| sign.is_match(object))
}

/// Every identifier in the JSON text of one STIX object. None where it does not read: it names nobody to anyone.
#[must_use]
pub fn identifiers(object: &[u8], table: &PathTable) -> BTreeSet<Identifier> {
    let limits = Limits { objects_max: 1, ..Limits::default() };
    let Ok(bundle) = Bundle::parse(object, &limits) else { return BTreeSet::new() };
    let mut found = Finding { table, found: BTreeSet::new() };
    for object in bundle.objects() {
        if let Some(stix_type) = table.types.get(object.stix_type()) {
            found.within(object, object.tree(), &stix_type.root);
        }
    }
    found.found
}

/// An e-mail address in a text; `None` where the expression does not compile, which a test would show.
pub(super) fn address() -> Option<&'static Regex> {
    static ADDRESS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"[\p{L}\p{N}._+'-]+(?:@|%40)[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+").ok());
    ADDRESS.as_ref()
}

struct Finding<'t> {
    table: &'t PathTable,
    found: BTreeSet<Identifier>,
}

impl Finding<'_> {
    fn within(&mut self, object: &Object<'_>, node: &Node<'_>, place: &Place) {
        match node {
            Node::List(items) => items.iter().for_each(|item| self.within(object, item, place)),
            Node::Object(properties) => {
                for (name, value) in properties {
                    if let Some(place) = place.child(name) {
                        self.within(object, value, place);
                    }
                }
            }
            leaf => {
                if let (Some(row), Some(text)) = (&place.row, leaf.as_text()) {
                    self.text(object, row, text);
                }
            }
        }
    }

    fn text(&mut self, object: &Object<'_>, row: &Row, text: &str) {
        if row.class == self.table.reference || row.class == self.table.marking {
            return;
        }
        if row.pseudonymise == Some(Token::Pattern) {
            for literal in object.literals() {
                let steps: Vec<_> = literal.steps().collect();
                match place_of(self.table, literal.stix_type(), &steps, &literal.value) {
                    Some(row) if row.pseudonymise != Some(Token::Pattern) => {
                        self.value(object, row, &literal.value);
                    }
                    _ => self.anywhere(&literal.value),
                }
            }
            return;
        }
        self.value(object, row, text);
    }

    fn value(&mut self, object: &Object<'_>, row: &Row, text: &str) {
        self.anywhere(text);
        let class = self.table.class(self.table.class_of(row, object.tree(), false));
        if let Some(kind) = class.identifies {
            let mut parts = Parts::new();
            match row.pseudonymise {
                Some(method) if method.is_partial() => {
                    method.apply(text, &mut |_| String::new(), &|_| false, &mut parts);
                    parts.iter().for_each(|(value, _)| self.put(kind, value));
                }
                // What is looked for elsewhere is a value as a whole.
                _ if class.recurs => self.put(kind, text),
                _ => {}
            }
        }
        // How somebody is reached may be said in a sentence.
        let sentence = class.identifies == Some(IdentifierKind::Phone) && text.trim().contains(' ');
        if class.scan == Scan::People || sentence {
            for span in detect(text).spans {
                let class = self.table.class_named(class_of(span.label));
                if let Some(kind) = class.and_then(|class| self.table.class(class).identifies) {
                    self.put(kind, &text[span.start..span.end]);
                }
            }
        }
    }

    /// What is one wherever it stands: e-mail addresses and pseudonyms.
    fn anywhere(&mut self, text: &str) {
        static PSEUDONYM: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\bp-[a-z2-7]{32}\b").ok());
        if text.contains('@') || text.contains("%40") {
            for found in address().into_iter().flat_map(|address| address.find_iter(text)) {
                self.put(IdentifierKind::Email, &found.as_str().replace("%40", "@"));
            }
        }
        if text.contains("p-") {
            for found in PSEUDONYM.iter().flat_map(|pseudonym| pseudonym.find_iter(text)) {
                self.put(IdentifierKind::Pseudonym, found.as_str());
            }
        }
    }

    fn put(&mut self, kind: IdentifierKind, value: &str) {
        let kind = match kind {
            _ if is_pseudonym(value) => IdentifierKind::Pseudonym,
            // An address is found wherever it stands, and is no name or number beside.
            _ if kind != IdentifierKind::Email && value.contains('@') => return,
            kind => kind,
        };
        self.found.extend(Identifier::new(kind, value));
    }
}

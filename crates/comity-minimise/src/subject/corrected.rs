//! A record put right: what a person is wrongly known by in it is written as they say it is, in every place where it would
//! be found, and nothing else changes.
//!
//! The id stays as it was, also where STIX would derive another from the new value: what refers to the record goes on to.

use super::{Identifier, IdentifierKind};
use crate::TokenKey;
use crate::bundle::{Bundle, Limits, Object};
use crate::json::Node;
use crate::method::{Parts, Token};
use crate::pattern::escape;
use crate::scrub::people::class_of;
use crate::table::{PathTable, Place, Row, Scan};
use crate::text::detect;
use crate::treat::literals::place_of;
use std::borrow::Cow;
use std::collections::BTreeSet;
use zeroize::Zeroize as _;

/// What a person is wrongly known by, and what is right: of one kind. Wiped when it is dropped; `Debug` prints lengths.
#[derive(Clone, PartialEq, Eq)]
pub struct Correction {
    was: Identifier,
    /// The wrong one as it was stated: a pseudonym is made of a value as it was written.
    written: String,
    is: String,
    /// Of a pseudonym that stands before a domain: the wrong domain and the right one.
    domain: Option<(String, String)>,
}

impl Correction {
    /// That `was` is wrong, and is to be written as `is`; `None` where these are none of the kind. A pseudonym is no one's to
    /// put right but that of whoever wrote it.
    #[must_use]
    pub fn new(kind: IdentifierKind, was: &str, is: &str) -> Option<Self> {
        if kind == IdentifierKind::Pseudonym || Identifier::new(kind, is).is_none() {
            return None;
        }
        let (written, is) = (was.trim().to_owned(), is.trim().to_owned());
        Some(Self { was: Identifier::new(kind, was)?, written, is, domain: None })
    }

    /// The same where a gateway wrote pseudonyms under this key: the right one's in the place of the wrong one's.
    #[must_use]
    pub fn pseudonymous(&self, key: &TokenKey) -> Vec<Self> {
        self.of_pseudonyms(key, key.token(&self.is))
    }

    /// What is right itself in the place of the pseudonym of what is wrong under this key.
    #[must_use]
    pub fn revealed(&self, key: &TokenKey) -> Vec<Self> {
        let local = self.domains().and_then(|_| self.is.rsplit_once('@'));
        self.of_pseudonyms(key, local.map_or(self.is.as_str(), |(local, _)| local).to_owned())
    }

    fn of_pseudonyms(&self, key: &TokenKey, is: String) -> Vec<Self> {
        let written: BTreeSet<&str> = [self.written.as_str(), self.was.value()].into();
        let pseudonyms = written.into_iter().map(|value| key.token(value));
        let all = pseudonyms.filter_map(|token| {
            let was = Identifier::new(IdentifierKind::Pseudonym, &token)?;
            Some(Self { was, written: token, is: is.clone(), domain: self.domains() })
        });
        all.collect()
    }

    fn domains(&self) -> Option<(String, String)> {
        let of = |address: &str| address.rsplit_once('@').map(|(_, domain)| domain.to_owned());
        let is_address = self.was.kind() == IdentifierKind::Email;
        is_address.then(|| of(&self.written).zip(of(&self.is))).flatten()
    }

    /// `text` with the pseudonym that is wrong put right, where this is about one.
    fn in_place(&self, text: String) -> String {
        if self.was.kind() != IdentifierKind::Pseudonym || !text.contains(self.was.value()) {
            return text;
        }
        let (mut out, mut rest) = (String::with_capacity(text.len()), text.as_str());
        while let Some((before, after)) = rest.split_once(self.was.value()) {
            out.push_str(before);
            out.push_str(&self.is);
            rest = after;
            let domain = self.domain.as_ref().and_then(|(wrong, right)| {
                let tail = rest.strip_prefix('@')?;
                let head = tail.get(..wrong.len())?;
                head.eq_ignore_ascii_case(wrong).then(|| (&tail[wrong.len()..], right))
            });
            if let Some((tail, right)) = domain {
                out.push('@');
                out.push_str(right);
                rest = tail;
            }
        }
        out.push_str(rest);
        out
    }
}

impl Drop for Correction {
    fn drop(&mut self) {
        self.is.zeroize();
        self.written.zeroize();
    }
}

impl std::fmt::Debug for Correction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Correction of {:?}", self.was)
    }
}

/// The JSON text of one STIX object with these corrections; `None` where none of what is wrong is found in it, or it does
/// not read.
#[must_use]
pub fn corrected(object: &[u8], table: &PathTable, corrections: &[Correction]) -> Option<Vec<u8>> {
    let limits = Limits { objects_max: 1, ..Limits::default() };
    let bundle = Bundle::parse(object, &limits).ok()?;
    let object = bundle.objects().first()?;
    let root = &table.types.get(object.stix_type())?.root;
    let mut tree = object.tree().clone();
    let mut correcting = Correcting { table, corrections, changed: false };
    correcting.within(object, &mut tree, root);
    correcting.changed.then(|| {
        let mut out = Vec::new();
        tree.write(&mut out);
        out
    })
}

struct Correcting<'t> {
    table: &'t PathTable,
    corrections: &'t [Correction],
    changed: bool,
}

impl Correcting<'_> {
    fn within(&mut self, object: &Object<'_>, node: &mut Node<'_>, place: &Place) {
        match node {
            Node::List(items) => items.iter_mut().for_each(|item| self.within(object, item, place)),
            Node::Object(properties) => {
                for (name, value) in properties {
                    if let Some(place) = place.child(name) {
                        self.within(object, value, place);
                    }
                }
            }
            Node::Text(text) => {
                let Some(row) = &place.row else { return };
                let right = self.text(object, row, text);
                if right != **text {
                    self.changed = true;
                    *text = Cow::Owned(right);
                }
            }
            Node::Literal(_) => {}
        }
    }

    fn text(&self, object: &Object<'_>, row: &Row, text: &str) -> String {
        if row.class == self.table.reference || row.class == self.table.marking {
            return text.to_owned();
        }
        if row.pseudonymise != Some(Token::Pattern) {
            return self.value(object, row, text);
        }
        let (mut out, mut at) = (String::with_capacity(text.len()), 0);
        for literal in object.literals() {
            let steps: Vec<_> = literal.steps().collect();
            let right = match place_of(self.table, literal.stix_type(), &steps, &literal.value) {
                Some(row) if row.pseudonymise != Some(Token::Pattern) => {
                    self.value(object, row, &literal.value)
                }
                _ => self.anywhere(&literal.value),
            };
            if right != *literal.value {
                out.push_str(&text[at..literal.span.start]);
                out.push_str(&escape(&right));
                at = literal.span.end;
            }
        }
        out.push_str(&text[at..]);
        out
    }

    /// As what names somebody is found.
    fn value(&self, object: &Object<'_>, row: &Row, text: &str) -> String {
        let mut text = self.anywhere(text);
        let class = self.table.class(self.table.class_of(row, object.tree(), false));
        if let Some(kind) = class.identifies {
            match row.pseudonymise {
                Some(method) if method.is_partial() => {
                    let mut parts = Parts::new();
                    let mut right = |value: &str| self.right(kind, value).unwrap_or(value).to_owned();
                    text = method.apply(&text, &mut right, &|_| false, &mut parts);
                }
                _ if class.recurs => text = self.right(kind, &text).map_or(text.clone(), ToOwned::to_owned),
                _ => {}
            }
        }
        let sentence = class.identifies == Some(IdentifierKind::Phone) && text.trim().contains(' ');
        if class.scan == Scan::People || sentence {
            // From the end, so that what lies before keeps its place.
            for span in detect(&text).spans.into_iter().rev() {
                let class = self.table.class_named(class_of(span.label));
                let kind = class.and_then(|class| self.table.class(class).identifies);
                let range = span.start..span.end;
                if let Some(right) = kind.and_then(|kind| self.right(kind, &text[range.clone()])) {
                    text.replace_range(range, right);
                }
            }
        }
        text
    }

    /// What is one wherever it stands: pseudonyms and e-mail addresses.
    fn anywhere(&self, text: &str) -> String {
        let text =
            self.corrections.iter().fold(text.to_owned(), |text, correction| correction.in_place(text));
        if !text.contains('@') && !text.contains("%40") {
            return text;
        }
        let Some(address) = super::found::address() else { return text };
        let right = |found: &regex::Captures<'_>| {
            let value = found[0].replace("%40", "@");
            self.right(IdentifierKind::Email, &value).unwrap_or(&found[0]).to_owned()
        };
        address.replace_all(&text, right).into_owned()
    }

    /// What is right where `value` is what is wrong.
    fn right(&self, kind: IdentifierKind, value: &str) -> Option<&str> {
        let found = Identifier::new(kind, value)?;
        self.corrections.iter().find(|correction| correction.was == found).map(|c| c.is.as_str())
    }
}

//! Declarations and reservations: how one treaty is another for each pair of parties.
//!
//! A pack names what its text lets a party declare or reserve, and which parties did, from when. Rules see the
//! names of both ends (`sending_declared`, `receiving_declared` of the vocabulary), so a pack is a matrix of
//! party by party. What nobody declared is named all the same: a partner may do so tomorrow.

use super::Pack;
use super::manifest::Read;
use crate::document::Table;
use crate::finding::did_you_mean;
use crate::vocabulary::{DECLARATIONS, Vocabulary, one_of};
use comity_terms::calendar::Calendar;
use comity_terms::{Article, JurisdictionCode, Timestamp, Value};
use jiff::civil::Date;
use std::collections::BTreeSet;

/// Whether a party asks for more, or stands outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeclarationKind {
    /// It asks for what the text lets it ask for.
    Declaration,
    /// It is not bound by what the text lets it leave out.
    Reservation,
}

/// Something that the text lets a party declare or reserve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// How rules, cases and parties name it: `7(2)(b)`.
    pub name: String,
    /// What it is.
    pub kind: DeclarationKind,
    /// The article that allows it.
    pub article: Article,
    /// What it says, in one sentence.
    pub summary: String,
    /// Who made it, and when.
    pub made: Vec<Made>,
}

/// Parties that made a declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Who.
    pub by: BTreeSet<JurisdictionCode>,
    /// The first day on which it holds; `None`: from the beginning.
    pub from: Option<Date>,
    /// The last day, when it was withdrawn.
    pub until: Option<Date>,
    /// How well it was checked.
    pub certainty: String,
}

impl Pack {
    /// The names of what `party` declared or reserved, as they hold on the day that its calendar shows at `at`: a list of
    /// texts.
    pub(crate) fn declared(&self, party: &JurisdictionCode, at: Timestamp, calendar: &Calendar) -> Value {
        let day = calendar.date(at);
        let holds = |made: &Made| {
            made.by.contains(party)
                && made.from.is_none_or(|from| from <= day)
                && made.until.is_none_or(|until| day <= until)
        };
        let held = self.declarations.iter().filter(|declaration| declaration.made.iter().any(holds));
        held.map(|declaration| Value::Text(declaration.name.clone())).collect()
    }
}

/// A row `[[declaration]]`.
pub(super) fn read(mut row: Table, vocabulary: &Vocabulary) -> Read<Declaration> {
    let name_node = row.need("name")?;
    let name = name_node.as_text()?.to_owned();
    let known = vocabulary.list(DECLARATIONS).unwrap_or_default();
    if !known.contains(&name) {
        let hint = did_you_mean(&name, known.iter().map(String::as_str));
        return Err(name_node.wrong(format!("`{name}` is not in the list `{DECLARATIONS}`{hint}")));
    }
    let kinds =
        [("declaration", DeclarationKind::Declaration), ("reservation", DeclarationKind::Reservation)];
    let kind = one_of(&row.need("kind")?, &kinds)?;
    let (article, summary) = (row.name("article")?, row.text("summary")?);
    let made = row
        .tables("made")?
        .into_iter()
        .map(|mut made| {
            let by = made.need("by")?;
            let parties: BTreeSet<JurisdictionCode> = by.names()?.into_iter().collect();
            if let Some(unknown) = parties.iter().find(|code| !vocabulary.places.contains_key(*code)) {
                return Err(by.wrong(format!("`{unknown}` has no file in vocabulary/calendars")));
            }
            let from = made.take("from").map(|node| node.as_date()).transpose()?;
            let until = made.take("until").map(|node| node.as_date()).transpose()?;
            if from.zip(until).is_some_and(|(from, until)| until < from) {
                return Err(made.wrong("`until` lies before `from`"));
            }
            let certainty = made.text("certainty")?;
            made.done()?;
            Ok(Made { by: parties, from, until, certainty })
        })
        .collect::<Read<Vec<_>>>()?;
    row.done()?;
    Ok(Declaration { name, kind, article, summary, made })
}

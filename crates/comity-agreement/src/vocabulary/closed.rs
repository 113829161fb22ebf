//! Facts as a log may keep them: words of the closed vocabulary, numbers, instants and parties; of a text its length.
//!
//! Invariant: a question asked with closed facts is answered as with the facts themselves, but for the texts that its
//! duties carry along. No rule sees a text; of a record, derivations see words that the vocabulary names, parties and
//! days, and these stay.

use super::{Derivation, FactType, Vocabulary};
use comity_terms::{FactKey, Facts, Timestamp, Value};

impl Vocabulary {
    /// The facts that messages may tell a partner.
    #[must_use]
    pub fn told(&self, facts: &Facts) -> Facts {
        let mut told = facts.clone();
        for (key, _) in facts.iter() {
            if self.facts.get(key).is_some_and(|term| !term.told) {
                told.remove(key.as_str());
            }
        }
        told
    }

    /// The facts without any text that is no word of the vocabulary: each such text is one that tells its length.
    #[must_use]
    pub fn closed(&self, facts: &Facts) -> Facts {
        let mut closed = Facts::new();
        for (key, fact) in facts.iter() {
            closed.state(key.clone(), self.closed_value(key, &fact.value), fact.asserter);
        }
        closed
    }

    fn closed_value(&self, key: &FactKey, value: &Value) -> Value {
        let term = self.fact(key.as_str());
        // By whichever name it was stated: derivations name the fact itself.
        let key = term.and_then(|term| term.alias_of.as_ref()).unwrap_or(key);
        match (term.map(|term| &term.kind), value) {
            (Some(FactType::Record), Value::Record(fields)) => {
                let field = |(name, value): (&String, &Value)| {
                    let closed = if self.stays(key, name, value) { value.clone() } else { length(value) };
                    (name.clone(), closed)
                };
                Value::Record(fields.iter().map(field).collect())
            }
            (Some(FactType::Texts), Value::List(items)) => Value::List(items.iter().map(length).collect()),
            (Some(FactType::Text | FactType::Texts | FactType::Record) | None, value) => length(value),
            (Some(_), value) => value.clone(),
        }
    }

    /// Whether a field of a record may be kept: it is no text, or one that some derivation can tell from others.
    fn stays(&self, key: &FactKey, field: &str, value: &Value) -> bool {
        match value {
            Value::Null | Value::Bool(_) | Value::Long(_) | Value::Instant(_) => true,
            Value::Text(text) => {
                let named = self.facts.values().filter_map(|term| term.derived.as_ref()).any(|derivation| {
                    matches!(derivation, Derivation::FieldIs(of, name, word)
                        if of == key && name == field && word.as_text() == Some(text))
                });
                named || text.parse::<Timestamp>().is_ok() || text.parse::<jiff::civil::Date>().is_ok()
            }
            Value::List(items) => {
                items.iter().all(|item| item.as_text().is_some_and(|code| self.names_state(code)))
            }
            Value::Record(_) => false,
        }
    }
}

/// A text that tells how long another value is.
fn length(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Text(text) => Value::Text(format!("{} bytes", text.len())),
        other => Value::Text(format!("{} bytes", crate::question::value_json(other).to_string().len())),
    }
}

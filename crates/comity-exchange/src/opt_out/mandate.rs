//! Mandates: recorded with the digest of their text, ended by their date or by an officer.

use super::Register;
use crate::ExchangeError;
use crate::act::enter;
use crate::ports::{Mandate, MandateRow, OptOuts as _, Record};
use comity_agreement::Vocabulary;
use comity_terms::ids::MandateId;
use comity_terms::{Act, Timestamp};
use serde_json::{Value as Json, json};

/// Why something is no mandate: what and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MandateError(String);

impl Mandate {
    /// That it names a body, a text and everything that a flow is asked by, in words of `vocabulary`.
    ///
    /// # Errors
    /// [`MandateError`]; callers record nothing.
    pub fn checked(self, vocabulary: &Vocabulary) -> Result<Self, MandateError> {
        let missing =
            |key: &str| MandateError(format!("`{key}`: name at least one; what is not named is not covered"));
        for (key, text) in [("body", &self.body), ("citation", &self.citation)] {
            if text.trim().is_empty() || text.len() > TEXT_BYTES_MAX {
                return Err(MandateError(format!("`{key}`: expected 1 to {TEXT_BYTES_MAX} bytes")));
            }
        }
        let named = [
            ("agreements", self.agreements.is_empty()),
            ("receivers", self.receivers.is_empty()),
            ("activities", self.activities.is_empty()),
            ("purposes", self.purposes.is_empty()),
            ("data_categories", self.data_categories.is_empty()),
        ];
        if let Some((key, _)) = named.iter().find(|(_, empty)| *empty) {
            return Err(missing(key));
        }
        let words = |key: &str, fact: &str, words: Vec<&str>| {
            let term = vocabulary
                .fact(fact)
                .ok_or_else(|| MandateError(format!("`{key}`: no such words are known")))?;
            for word in words {
                let said = if key == "sensitive" { json!([word]) } else { json!(word) };
                term.from_json(vocabulary, &said)
                    .map_err(|error| MandateError(format!("`{key}`: `{word}`: {error}")))?;
            }
            Ok(())
        };
        words("data_categories", "data_category", self.data_categories.iter().map(String::as_str).collect())?;
        words("sensitive", "sensitive", self.sensitive.iter().map(String::as_str).collect())?;
        words("activities", "activity", self.activities.iter().map(|word| word.0.as_str()).collect())?;
        words("purposes", "purpose", self.purposes.iter().map(|word| word.0.as_str()).collect())?;
        Ok(self)
    }
}

/// A title is a line or two.
const TEXT_BYTES_MAX: usize = 1_024;

/// Records a mandate that holds from `from` until `until`.
///
/// # Errors
/// [`ExchangeError::Question`] when it has no time; nothing was recorded.
pub async fn record_mandate<W: Register>(
    world: &W,
    mandate: Mandate,
    (from, until): (Timestamp, Timestamp),
    by: Json,
) -> Result<MandateRow, ExchangeError> {
    let now = world.now();
    if until <= from || until <= now {
        return Err(ExchangeError::Question(format!("a mandate that ends at {until} covers nothing")));
    }
    let id = MandateId::draw(&mut world.entropy());
    // No text: of who gave it the entry has the digest of what they gave.
    let facts = json!({
        "mandate": id.to_string(),
        "document": mandate.document,
        "agreements": mandate.agreements,
        "receivers": mandate.receivers,
        "activities": mandate.activities,
        "purposes": mandate.purposes,
        "data_categories": mandate.data_categories,
        "sensitive": mandate.sensitive,
        "from": from.to_string(),
        "until": until.to_string(),
        "recorded": by,
    });
    let row = MandateRow { id, from, until, ended: None, version: 1, mandate };
    kept(world, Act::MandateRecorded, facts, row, now).await
}

/// Ends a mandate now. One that has ended stays as it is.
///
/// # Errors
/// [`ExchangeError::Question`] when there is none of that id.
pub async fn end_mandate<W: Register>(
    world: &W,
    id: MandateId,
    by: Json,
) -> Result<MandateRow, ExchangeError> {
    let rows = world.store().mandates().await?;
    let row = rows.into_iter().find(|row| row.id == id);
    let row = row.ok_or_else(|| ExchangeError::Question(format!("no mandate {id} is recorded here")))?;
    if row.ended.is_some() {
        return Ok(row);
    }
    let now = world.now();
    let facts = json!({ "mandate": id.to_string(), "ended": by });
    let row = MandateRow { ended: Some(now), version: row.version + 1, ..row };
    kept(world, Act::MandateEnded, facts, row, now).await
}

async fn kept<W: Register>(
    world: &W,
    act: Act,
    facts: Json,
    row: MandateRow,
    now: Timestamp,
) -> Result<MandateRow, ExchangeError> {
    enter(world, act, (facts, None), now, |_| Record { mandates: vec![row.clone()], ..Record::default() })
        .await?;
    Ok(row)
}

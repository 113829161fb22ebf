//! The records that name whoever asks: by the tags of what they state, and by the pseudonyms that this gateway wrote in its
//! place.
//!
//! Deliberately absent: a search through records. What no tag leads to is not found by opening what is sealed.

use super::{Claim, Desk};
use crate::ExchangeError;
use crate::ports::{FoundRecord, RecordName, Subjects as _};
use comity_minimise::{Identifier, IdentifierKind};
use std::collections::BTreeSet;

/// What names somebody.
#[derive(Debug, Default)]
pub struct Found {
    /// The records here, in the order in which they were sealed; openings for what was sent.
    pub records: Vec<FoundRecord>,
    /// The records that were sent, by exchange and place.
    pub sent: Vec<RecordName>,
}

/// Everything here that names whoever is known by what `claim` states.
///
/// # Errors
/// [`ExchangeError`].
pub async fn found<W: Desk>(world: &W, claim: &Claim) -> Result<Found, ExchangeError> {
    let known = identifiers(world, claim)?;
    let mut tags = Vec::new();
    for month in world.subject_months()? {
        if let Some(key) = world.subject_key(month)? {
            tags.extend(known.iter().map(|identifier| (month, key.tag(identifier))));
        }
    }
    let sent = world.store().tagged_sent(tags.clone()).await?;
    Ok(Found { records: world.store().tagged(tags).await?, sent })
}

/// What a person is known by in records: as they state it, and as this gateway wrote it.
fn identifiers<W: Desk>(world: &W, claim: &Claim) -> Result<BTreeSet<Identifier>, ExchangeError> {
    let mut known: BTreeSet<Identifier> =
        claim.stated().filter_map(|(kind, value)| Identifier::new(kind, value)).collect();
    let keys = world.token_keys()?;
    for (kind, value) in claim.stated().filter(|(kind, _)| *kind != IdentifierKind::Pseudonym) {
        // A pseudonym is made of a value as it was written: of what is stated, and of its one form.
        let plain = Identifier::new(kind, value);
        let written: BTreeSet<&str> =
            [Some(value), plain.as_ref().map(Identifier::value)].into_iter().flatten().collect();
        for key in &keys {
            let pseudonyms = written.iter().map(|value| key.token(value));
            known.extend(pseudonyms.filter_map(|token| Identifier::new(IdentifierKind::Pseudonym, &token)));
        }
    }
    Ok(known)
}

//! How often a partner used what was given to it: asked by whoever gave it, answered by counts that the holder signs.
//!
//! ```text
//! question   {"exchanges":["…"]}                                         over mutual TLS: who asks is known by that
//! answer     header, signed by the holder: who asks, when, and of each exchange that came from there the counts
//! ```
//! Counts alone: not by whom, not what for, not which record. An exchange that did not come from whoever asks is left out,
//! as one is that nobody used.

use super::frame::{Frame, FrameError, SignedHeader, read_json};
use crate::ExchangeError;
use crate::ports::{ExchangeRow, Store, UseCount, Uses};
use crate::report::Side;
use crate::shell::Shell;
use crate::signature::{Domain, PartyKey, PartyVerifier};
use crate::wire::Text;
use comity_terms::{ExchangeId, Party, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The most exchanges that are asked about at once.
pub const EXCHANGES_MAX: usize = 256;

/// The longest question: 256 ids of 39 bytes, and the braces.
pub const QUESTION_BYTES_MAX: usize = 16 << 10;

/// The longest answer: 256 rows of at most 160 bytes, in a frame.
pub const ANSWER_BYTES_MAX: usize = 64 << 10;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsesQuestion {
    /// The exchanges.
    pub exchanges: Vec<Text<ExchangeId>>,
}

/// What a holder signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsesAnswer {
    /// The version of this format: 1.
    pub version: u8,
    /// Who answers.
    pub holder: Text<Party>,
    /// Who asked.
    pub asker: Text<Party>,
    /// When, UTC.
    pub at: Text<Timestamp>,
    /// Of each exchange that was used.
    pub uses: Vec<ExchangeUses>,
}

/// How often records of one exchange were used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExchangeUses {
    /// The exchange.
    pub exchange_id: Text<ExchangeId>,
    /// Uses that were decided on.
    pub uses: u64,
    /// Records given by them, those given twice counted twice.
    pub given: u64,
    /// Records that the holder's laws did not let be given.
    pub refused: u64,
    /// Uses by which an officer was let see who is behind a mask.
    pub unmasked: u64,
}

impl UsesQuestion {
    /// What `bytes` ask.
    ///
    /// # Errors
    /// [`FrameError::Content`]; callers answer the peer with it.
    pub fn read(bytes: &[u8]) -> Result<Self, FrameError> {
        let question: Self = read_json(bytes, "question")?;
        if question.exchanges.len() > EXCHANGES_MAX {
            let reason = format!("more than {EXCHANGES_MAX} exchanges are asked about");
            return Err(FrameError::Content { part: "question", reason });
        }
        Ok(question)
    }
}

impl UsesAnswer {
    /// The frame, signed by the holder.
    #[must_use]
    pub fn frame(&self, key: &PartyKey) -> Vec<u8> {
        // Unwrap safety: text, numbers and lists of them always serialise.
        let header = serde_json::to_vec(self).expect("a header is plain data");
        SignedHeader::sign(header, Domain::Uses, key).frame(b"{}", &[])
    }

    /// The answer of `holder` to what `asker` asked, if these bytes are one.
    ///
    /// # Errors
    /// [`FrameError`] when it is signed by somebody else, speaks to or of another, or of what was not asked.
    pub fn read(
        bytes: &[u8],
        (holder, key): (&Party, &PartyVerifier),
        asker: &Party,
        asked: &BTreeSet<ExchangeId>,
    ) -> Result<Self, FrameError> {
        let frame = Frame::parse(bytes)?;
        let answer: Self = read_json(frame.verified(Domain::Uses, key)?, "header")?;
        let wrong = |reason: &str| FrameError::Content { part: "header", reason: reason.to_owned() };
        if answer.version != 1 || answer.holder.0 != *holder || answer.asker.0 != *asker {
            return Err(wrong("it is of another version, or between others"));
        }
        let mut spoken = BTreeSet::new();
        let each_once = answer.uses.iter().all(|uses| spoken.insert(uses.exchange_id.0));
        if !each_once || !spoken.is_subset(asked) {
            return Err(wrong("it speaks of an exchange that was not asked about, or twice of one"));
        }
        Ok(answer)
    }
}

/// Answers a partner's question.
///
/// # Errors
/// [`ExchangeError`] when the store fails.
pub async fn answer<W: Shell>(
    world: &W,
    asker: &Party,
    question: &UsesQuestion,
    now: Timestamp,
) -> Result<Vec<u8>, ExchangeError> {
    let mut theirs = Vec::new();
    for exchange in question.exchanges.iter().map(|exchange| exchange.0).collect::<BTreeSet<_>>() {
        let row = world.store().exchange(exchange).await?;
        let came = |row: &ExchangeRow| row.side == Side::Receiver && row.peer == *asker;
        theirs.extend(row.filter(came).map(|row| row.id));
    }
    let counts = world.store().use_counts(theirs).await?;
    let answer = UsesAnswer {
        version: 1,
        holder: Text(world.signatory().party.clone()),
        asker: Text(asker.clone()),
        at: Text(now),
        uses: counts.into_iter().map(|(exchange, count)| ExchangeUses::of(exchange, count)).collect(),
    };
    Ok(answer.frame(&world.signatory().key))
}

impl ExchangeUses {
    fn of(exchange: ExchangeId, count: UseCount) -> Self {
        let UseCount { uses, given, refused, unmasked } = count;
        Self { exchange_id: Text(exchange), uses, given, refused, unmasked }
    }
}

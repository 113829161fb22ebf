//! Questions and answers as they come in: nothing of them is believed before signature, receipt and form hold.

use super::{
    EpochStatement, MatchAnswerAttachments, MatchAnswerHeader, MatchAttachments, MatchHeader, MatchResult,
    MatchStep, NUMBER_MAX, QUESTION_HEADER_BYTES_MAX, question_digest,
};
use crate::ExchangeError;
use crate::federation::frame::{Frame, FrameError, SignedHeader, read_json, wrong};
use crate::federation::recall::Known;
use crate::ports::MatchScope;
use crate::proofs::verify_receipt;
use crate::signature::{Domain, Signature};
use comity_minimise::matching::{ELEMENT_LENGTH, Elements, Filter, PROOF_LENGTH};
use comity_terms::{Digest, Family, Party};

/// A question whose signature, receipt and form hold.
#[derive(Debug)]
pub struct MatchQuestion {
    /// What it is known by.
    pub message: Digest,
    /// What its asker signed.
    pub header: MatchHeader,
    /// The batch, where the step has one.
    pub elements: Option<Elements>,
}

impl MatchQuestion {
    /// Reads a question that `asker` sent to `holder`.
    ///
    /// # Errors
    /// [`ExchangeError::Frame`], naming the part, or [`ExchangeError::Proof`] when the receipt does not hold; callers
    /// refuse the message and record the misbehaviour.
    pub fn read(
        bytes: &[u8],
        (asker, holder): (&Party, &Party),
        keys: &Known,
    ) -> Result<Self, ExchangeError> {
        let frame = Frame::parse(bytes)?;
        let header = frame.verified(Domain::Match, &keys.party)?;
        if header.len() > QUESTION_HEADER_BYTES_MAX {
            let (part, length, most) = ("header", header.len(), QUESTION_HEADER_BYTES_MAX);
            return Err(FrameError::TooLong { part, length, most }.into());
        }
        let header: MatchHeader = read_json(header, "header")?;
        if header.version != 1 {
            return Err(wrong("header", format!("version {} is not known here", header.version)));
        }
        if header.asker.0 != *asker || header.holder.0 != *holder {
            return Err(wrong("header", "the parties are not those of this connection"));
        }
        let entry = crate::entry::PublicEntry::from_bytes(&header.entry.0);
        let entry = entry.filter(|entry| entry.family() == Family::Exchange);
        let entry = entry.ok_or_else(|| wrong("header", "its entry is none of a question"))?;
        let attachments: MatchAttachments = read_json(frame.attachments, "attachments")?;
        verify_receipt(&attachments.receipt, entry, &keys.log)?;
        let elements = match &header.step {
            MatchStep::Open { .. } if frame.bodies.is_empty() => None,
            MatchStep::Open { .. } => return Err(wrong("bodies", "there is nothing to evaluate yet")),
            MatchStep::Evaluate { batch, elements, .. } => {
                if *batch == 0 || *batch > NUMBER_MAX {
                    let reason = format!("batch {batch}; 1 to {NUMBER_MAX} are possible");
                    return Err(wrong("header", reason));
                }
                if elements.0 != Digest::of(frame.bodies) {
                    return Err(wrong("bodies", "their digest is not the one in the header"));
                }
                Some(Elements::parse(frame.bodies).map_err(|error| wrong("bodies", error.to_string()))?)
            }
        };
        Ok(Self { message: frame.digest(), header, elements })
    }

    /// What its key and filter are for.
    #[must_use]
    pub fn scope(&self) -> MatchScope {
        self.header.scope(&self.header.asker.0)
    }
}

impl MatchHeader {
    /// What its key and filter are for, as whoever is beside `peer` knows it.
    #[must_use]
    pub fn scope(&self, peer: &Party) -> MatchScope {
        MatchScope {
            peer: peer.clone(),
            agreement: self.agreement.0.clone(),
            activity: self.activity.0.clone(),
            purpose: self.purpose.0.clone(),
            question: question_digest(&self.facts, &self.laws),
        }
    }
}

/// An answer whose signature, receipt and form hold.
#[derive(Debug)]
pub struct MatchAnswered {
    /// What it says.
    pub header: MatchAnswerHeader,
    /// The statement of the day, where it was asked for.
    pub opened: Option<Opened>,
    /// The evaluated elements, where there are any.
    pub elements: Vec<u8>,
    /// The proof of them.
    pub proof: Option<[u8; PROOF_LENGTH]>,
}

/// A statement whose signature and receipt hold, with its filter.
pub struct Opened {
    /// What the holder says.
    pub statement: EpochStatement,
    /// As it was signed.
    pub signed: SignedHeader,
    /// The holder's receipt, as it came.
    pub receipt: String,
    /// The public key of the day.
    pub key: [u8; ELEMENT_LENGTH],
    /// The filter's bytes; `None` where the asker had said that it has them.
    pub filter: Option<Vec<u8>>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let filter = self.filter.as_ref().map(Vec::len);
        write!(f, "Opened {}, filter of {filter:?} bytes", self.statement.day.0)
    }
}

impl MatchAnswered {
    /// Reads the answer of `holder` to the question known by `message`.
    ///
    /// # Errors
    /// [`ExchangeError::Frame`] or [`ExchangeError::Proof`], naming the part; callers believe nothing of it.
    pub fn read(
        bytes: &[u8],
        (asked, message): (&MatchHeader, Digest),
        keys: &Known,
    ) -> Result<Self, ExchangeError> {
        let frame = Frame::parse(bytes)?;
        let verified = frame.verified(Domain::MatchAnswer, &keys.party)?;
        let header: MatchAnswerHeader = read_json(verified, "header")?;
        if header.version != 1 {
            return Err(wrong("header", "its version is not known here"));
        }
        let same =
            header.message.0 == message && header.match_id == asked.match_id && header.holder == asked.holder;
        let fits = match header.result {
            MatchResult::Opened => matches!(asked.step, MatchStep::Open { .. }),
            MatchResult::Evaluated => matches!(asked.step, MatchStep::Evaluate { .. }),
            _ => true,
        };
        if !(same && fits) {
            return Err(wrong("header", "it answers another question"));
        }
        let attachments: MatchAnswerAttachments = read_json(frame.attachments, "attachments")?;
        if header.result.is_act() {
            let entry = header.public_entry().filter(|entry| entry.family() == Family::Exchange);
            let entry =
                entry.ok_or_else(|| wrong("header", "an answer without the entry that records it"))?;
            verify_receipt(attachments.receipt.as_deref().unwrap_or_default(), entry, &keys.log)?;
        }
        match header.result {
            MatchResult::Opened => {
                let opened = opened(&frame, attachments, asked, keys)?;
                Ok(Self { header, opened: Some(opened), elements: Vec::new(), proof: None })
            }
            MatchResult::Evaluated => {
                if header.elements.map(|digest| digest.0) != Some(Digest::of(frame.bodies)) {
                    return Err(wrong("bodies", "their digest is not the one in the header"));
                }
                let proof = header.proof.as_ref().and_then(|proof| proof.0.as_slice().try_into().ok());
                let proof = Some(proof.ok_or_else(|| wrong("header", "its proof is none"))?);
                Ok(Self { elements: frame.bodies.to_vec(), header, opened: None, proof })
            }
            _ if frame.bodies.is_empty() => {
                Ok(Self { header, opened: None, elements: Vec::new(), proof: None })
            }
            _ => Err(wrong("bodies", "there is nothing to follow")),
        }
    }
}

fn opened(
    frame: &Frame<'_>,
    attachments: MatchAnswerAttachments,
    asked: &MatchHeader,
    keys: &Known,
) -> Result<Opened, ExchangeError> {
    let attached = attachments.opened.ok_or_else(|| wrong("attachments", "no statement is in them"))?;
    let signature = attached.signature.0.as_slice().try_into();
    let signature = Signature(signature.map_err(|_| wrong("statement", "its signature is none"))?);
    keys.party.verify(Domain::MatchEpoch, &attached.statement.0, &signature).map_err(FrameError::from)?;
    let statement: EpochStatement = read_json(&attached.statement.0, "statement")?;
    let scope = asked.scope(&asked.holder.0);
    let for_this = statement.version == 1
        && statement.holder == asked.holder
        && statement.asker == asked.asker
        && statement.agreement.0 == scope.agreement
        && statement.activity.0 == scope.activity
        && statement.purpose.0 == scope.purpose
        && statement.question.0 == scope.question;
    if !for_this {
        return Err(wrong("statement", "it is for another question"));
    }
    let entry = statement.public_entry().filter(|entry| entry.family() == Family::Exchange);
    let entry = entry.ok_or_else(|| wrong("statement", "no entry records it"))?;
    verify_receipt(&attached.receipt, entry, &keys.log)?;
    let key = statement.key.0.as_slice().try_into().map_err(|_| wrong("statement", "its key is none"))?;
    let had = match &asked.step {
        MatchStep::Open { have: Some(have) } => have.0 == statement.filter.0,
        _ => false,
    };
    let filter = match (had, frame.bodies) {
        (true, []) => None,
        (_, bodies) if Digest::of(bodies) == statement.filter.0 => {
            Filter::from_bytes(bodies).map_err(|error| wrong("bodies", error.to_string()))?;
            Some(bodies.to_vec())
        }
        _ => return Err(wrong("bodies", "they are not the filter of the statement")),
    };
    let signed = SignedHeader { header: attached.statement.0, signature };
    Ok(Opened { statement, signed, receipt: attached.receipt, key, filter })
}

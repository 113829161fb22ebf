//! The answer to one offer as it is sent: one that was recorded, the same bytes every time; or one that asks the sender to
//! come back otherwise.

use crate::ExchangeError;
use crate::federation::answer::{AnswerAttachments, AnswerHeader, AnswerResult};
use crate::federation::frame::SignedHeader;
use crate::federation::offer::Offer;
use crate::ports::FoundAnswer;
use crate::proofs::receipt;
use crate::shell::Shell;
use crate::signature::Signature;
use crate::wire::Text;
use comity_terms::{Digest, LawName, Timestamp};
use std::collections::BTreeMap;

/// An answer, ready to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// What it says.
    pub header: AnswerHeader,
    /// Its frame: these bytes are sent.
    pub frame: Vec<u8>,
}

/// A stored answer: the same every time, for entry, proof and checkpoint are fixed by then.
pub(super) async fn stored<R: Shell>(world: &R, found: FoundAnswer) -> Result<Answered, ExchangeError> {
    let FoundAnswer { answer, integrated } = found;
    let signed = SignedHeader { header: answer.header, signature: Signature(answer.signature) };
    let header: AnswerHeader = serde_json::from_slice(&signed.header)
        .map_err(|_| ExchangeError::proof("a stored answer does not read"))?;
    let entry = header.public_entry().ok_or_else(|| ExchangeError::proof("a stored answer without entry"))?;
    let receipt = receipt(world.store(), entry, &integrated).await?;
    let attachments = AnswerAttachments {
        receipt: Some(receipt.to_string()),
        cosignature: answer.cosignature,
        witnessed: answer.witnessed.map(|size| size.0),
    };
    let attachments = serde_json::to_vec(&attachments).map_err(ExchangeError::proof)?;
    Ok(Answered { frame: signed.frame(&attachments, &[]), header })
}

/// An answer that asks the sender to come back otherwise: signed, not stored, not recorded.
pub(super) fn unstored<R: Shell>(
    world: &R,
    offer: &Offer<'_>,
    result: AnswerResult,
    laws: BTreeMap<Text<LawName>, Text<Digest>>,
    now: Timestamp,
) -> Answered {
    let header = AnswerHeader {
        version: 1,
        exchange_id: offer.header.exchange_id,
        offer: Text(offer.digest),
        receiver: Text(world.signatory().party.clone()),
        at: Text(now),
        result,
        decisions: Vec::new(),
        safeguards: None,
        laws,
        accepted_before: None,
        entry: None,
    };
    Answered { frame: header.sign(&world.signatory().key).frame(b"{}", &[]), header }
}

//! The answer to a message that was taken: the same signed header every time, and what those further on have answered so far.

use crate::ExchangeError;
use crate::federation::frame::SignedHeader;
use crate::federation::recall::{OnwardAnswer, RecallAnswerAttachments, RecallAnswerHeader};
use crate::ports::{RecallRow, Recalls, Store};
use crate::proofs::receipt;
use crate::shell::Shell;
use crate::signature::Signature;
use crate::wire::{Base64, Text};

/// The frame of an answer that was recorded, once its entry is found in the log again.
///
/// # Errors
/// [`ExchangeError`] when the store fails, or what it holds is not what was written.
pub(super) async fn answered<W: Shell>(world: &W, row: RecallRow) -> Result<Vec<u8>, ExchangeError> {
    let store = world.store();
    let lost = || ExchangeError::proof("a stored answer to an order does not read");
    let kept = row.answer.as_deref().ok_or_else(lost)?;
    let (signature, header) = kept.split_first_chunk().ok_or_else(lost)?;
    let signed = SignedHeader { header: header.to_vec(), signature: Signature(*signature) };
    let (entry, integrated) = store.recall_integrated(row.message).await?.ok_or_else(lost)?;
    let said: RecallAnswerHeader = serde_json::from_slice(header).map_err(|_| lost())?;
    if said.public_entry() != Some(entry) {
        return Err(ExchangeError::proof("a stored answer names another entry than the log holds"));
    }
    let attachments =
        RecallAnswerAttachments { receipt: receipt(store, entry, &integrated).await?.to_string() };
    let attachments = serde_json::to_vec(&attachments).map_err(ExchangeError::proof)?;
    let mut onward = Vec::new();
    for given in store.recalls_under(row.message).await? {
        let peer = store.peer(&given.peer).await?;
        let Some(peer) = peer else { continue };
        onward.push(OnwardAnswer {
            party: Text(given.peer),
            party_key: peer.identity.party_key.clone(),
            log: peer.identity.log.clone(),
            due: given.due.map(Text),
            answer: given.answer.map(Base64),
        });
    }
    let bodies = match onward.as_slice() {
        [] => Vec::new(),
        onward => serde_json::to_vec(onward).map_err(ExchangeError::proof)?,
    };
    Ok(signed.frame(&attachments, &bodies))
}

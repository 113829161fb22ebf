//! Receipts and cosignatures between partners: what a gateway shows of its log and checks of another's.

use crate::ExchangeError;
use crate::entry::PublicEntry;
use crate::misbehaviour::Misbehaviour;
use crate::ports::{Integrated, Store, WitnessStep};
use crate::signatory::Signatory;
use comity_terms::Timestamp;
use comity_tlog::{
    AddCheckpoint, Cosigned, Outcome, Receipt, Refusal, SignedCheckpoint, TreeSize, VerifierKey,
    add_checkpoint,
};

/// The receipt of an entry under the checkpoint that integrated it.
///
/// The same bytes every time: entry, proof and checkpoint are all fixed by then.
///
/// # Errors
/// [`ExchangeError::Store`] or [`ExchangeError::Proof`] when the log cannot be read.
pub async fn receipt<S: Store>(
    store: &S,
    entry: PublicEntry,
    integrated: &Integrated,
) -> Result<Receipt, ExchangeError> {
    let proof = store.inclusion(integrated.index, integrated.size).await?;
    let checkpoint =
        SignedCheckpoint::parse(integrated.checkpoint.as_bytes()).map_err(ExchangeError::proof)?;
    Receipt::new(&entry.to_bytes(), integrated.index, proof, checkpoint).map_err(ExchangeError::proof)
}

/// Checks a receipt of `entry` in a partner's log; gives its checkpoint's receipt parsed.
///
/// # Errors
/// [`ExchangeError::Proof`]; callers record the partner's misbehaviour.
pub fn verify_receipt(text: &str, entry: PublicEntry, log: &VerifierKey) -> Result<Receipt, ExchangeError> {
    let receipt = Receipt::parse(text.as_bytes()).map_err(ExchangeError::proof)?;
    receipt.verify(&entry.to_bytes(), log, None).map_err(ExchangeError::proof)?;
    Ok(receipt)
}

/// The request to a partner to cosign our checkpoint, from the size that it is thought to know.
///
/// # Errors
/// As [`receipt`].
pub async fn request_to_cosign<S: Store>(
    store: &S,
    checkpoint: &str,
    known: TreeSize,
) -> Result<Option<String>, ExchangeError> {
    let checkpoint = SignedCheckpoint::parse(checkpoint.as_bytes()).map_err(ExchangeError::proof)?;
    let size = checkpoint.checkpoint().size();
    if known > size {
        // The partner has seen more of our log since this checkpoint: there is nothing new to cosign.
        return Ok(None);
    }
    let proof = store.consistency(known, size).await?;
    Ok(Some(AddCheckpoint { old: known, proof, checkpoint }.to_string()))
}

/// What a witness says to a request to cosign a partner's log.
pub struct Cosigning {
    /// The step to persist before the line is let out.
    pub step: Option<WitnessStep>,
    /// The cosignature line.
    pub line: Option<String>,
    /// The size of the log that this witness knows afterwards.
    pub known: TreeSize,
    /// Why not, when it did not cosign.
    pub refusal: Option<Refusal>,
    /// What the log's operator did wrong, where it is more than not knowing what is known here.
    pub misbehaviour: Option<Misbehaviour>,
}

/// Decides on a request to cosign. Pure but for reading what is known of the log.
///
/// A refusal is no failure: the exchange goes on without a cosignature, and the answer tells the size that is
/// known here, so that the next request fits.
///
/// # Errors
/// [`ExchangeError::Proof`] when the request does not read, [`ExchangeError::Store`].
pub async fn cosign<S: Store>(
    store: &S,
    request: &str,
    log: &VerifierKey,
    signatory: &Signatory,
    now: Timestamp,
) -> Result<Cosigning, ExchangeError> {
    let request = AddCheckpoint::parse(request.as_bytes()).map_err(ExchangeError::proof)?;
    let known = store.witnessed(log.name()).await?;
    let state =
        known.map_or(Cosigned { size: TreeSize(0), root: comity_tlog::empty_root() }, |(size, root)| {
            Cosigned { size, root }
        });
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    let keys = std::slice::from_ref(log);
    Ok(match add_checkpoint(&state, &request, keys, &signatory.cosigner, seconds) {
        Outcome::Cosign { state: new, line } => Cosigning {
            step: Some(WitnessStep {
                origin: log.name().to_owned(),
                old: known.map(|(size, _)| size),
                size: new.size,
                root: new.root,
                checkpoint: request.checkpoint.to_string(),
            }),
            line: Some(line.to_string()),
            known: new.size,
            refusal: None,
            misbehaviour: None,
        },
        Outcome::Refuse(refusal) => {
            let told = request.checkpoint.checkpoint();
            let misbehaviour = match refusal {
                // Signed by the log's key, both of them: that was checked before.
                Refusal::Conflict { .. } if told.size() == state.size && told.root() != state.root => {
                    Some(Misbehaviour::LogForked)
                }
                Refusal::Unproven => Some(Misbehaviour::LogUnproven),
                _ => None,
            };
            Cosigning { step: None, line: None, known: state.size, refusal: Some(refusal), misbehaviour }
        }
    })
}

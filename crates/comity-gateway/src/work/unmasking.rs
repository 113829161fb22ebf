//! Who approves that another officer sees behind a mask: an act of their own, signed before it is used.
//!
//! ```text
//! approve   M signs whose query for which objects may see them, for which use, until when ─> a file
//! unmask    N brings the file: the laws are told that somebody approved, and whether that is N
//! ```
//! An approval holds for one officer, the same objects and the same use, until its end. Each time it is used is decided,
//! recorded and counted anew; a key that has ended or a training that has run out approves nothing.

use super::uses::{Asked, unmasked};
use super::{officers, offices};
use crate::gateway::{Gateway, GatewayError};
use comity_exchange::collect::{Found, Selector};
use comity_exchange::ports::Store as _;
use comity_exchange::shell::Shell as _;
use comity_exchange::signature::{Domain, PartyVerifier, Signature};
use comity_exchange::wire::Text;
use comity_terms::{Digest, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

/// The longest approval.
pub const APPROVAL_BYTES_MAX: usize = 4_096;

/// An approval, as it is handed from one officer to the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The public half of the approver's key.
    pub key: String,
    /// Until when it may be used, UTC.
    pub until: Text<Timestamp>,
    /// Over what is approved, for whom and until when.
    pub signature: String,
}

impl Approval {
    /// An approval from its file.
    ///
    /// # Errors
    /// [`GatewayError::Input`], telling what was expected.
    pub fn read(bytes: &[u8]) -> Result<Self, GatewayError> {
        serde_json::from_slice(bytes).map_err(|error| {
            GatewayError::Input(format!("the approval: {error}; expected what `comity vault approve` gave"))
        })
    }

    /// As an entry may hold it.
    fn recorded(&self) -> Json {
        json!({ "key": self.key, "until": self.until, "signature": self.signature })
    }
}

/// Approves what another officer asks to see.
///
/// # Errors
/// [`GatewayError::Input`] when no such officer may approve, nobody is known who asks, or it would end before it began.
pub async fn approve(
    gateway: &Gateway,
    asked: &Asked,
    approver: &str,
    until: Timestamp,
) -> Result<Approval, GatewayError> {
    let approving = officers::deciding(gateway, approver).await?;
    if gateway.store().officer(&asked.officer).await?.is_none() {
        return Err(GatewayError::Input(format!("no officer `{}` is known", asked.officer)));
    }
    if until <= gateway.now() {
        return Err(GatewayError::Input(format!("an approval that ends at {until} can never be used")));
    }
    let signature = approving.sign(text(asked, until)?.as_bytes()).to_string();
    Ok(Approval { key: approving.key(), until: Text(until), signature })
}

/// Sees who is behind a mask: the act needs a purpose, and what another officer has approved.
///
/// # Errors
/// As [`read`](super::uses::read); also when the approval is of something else, has ended, or its officer may not approve.
pub async fn unmask(
    gateway: &Gateway,
    asked: &Asked,
    approval: Option<&Approval>,
) -> Result<Found, GatewayError> {
    let Some(approval) = approval else { return unmasked(gateway, asked, None).await };
    let approver = approver(gateway, asked, approval).await?;
    unmasked(gateway, asked, Some((approver == asked.officer, approval.recorded()))).await
}

/// Who approved this.
async fn approver(gateway: &Gateway, asked: &Asked, approval: &Approval) -> Result<String, GatewayError> {
    let wrong = |why: &str| GatewayError::Input(format!("the approval: {why}"));
    if approval.until.0 < gateway.now() {
        return Err(wrong(&format!("it ended at {}", approval.until.0)));
    }
    let keys = gateway.store().officer_keys().await?;
    let known = keys.into_iter().find(|known| known.key == approval.key);
    let known = known.ok_or_else(|| wrong("no officer here has that key"))?;
    if let Some(ended) = known.ended {
        return Err(wrong(&format!("the key of its officer ended at {ended}")));
    }
    let verifier = PartyVerifier::parse(&approval.key).map_err(|error| wrong(&error.to_string()))?;
    let signature = Signature::parse(&approval.signature).map_err(|error| wrong(&error.to_string()))?;
    let text = text(asked, approval.until.0)?;
    verifier
        .verify(Domain::Order, text.as_bytes(), &signature)
        .map_err(|_| wrong("it is of other objects, another use or another officer"))?;
    offices::trained(gateway, &known.officer).await?;
    Ok(known.officer)
}

/// What an approver signs: for whom, of what, for what, until when; lines that each end.
fn text(asked: &Asked, until: Timestamp) -> Result<String, GatewayError> {
    let Selector::Objects(objects) = &asked.selector else {
        return Err(GatewayError::Input("a mask is lifted from objects, each by its id".to_owned()));
    };
    let ids: Vec<&[u8]> = objects.iter().map(|id| id.as_bytes()).collect();
    let (of, officer) = (Digest::of_parts("comity/unmask/v1", &ids), Digest::of(asked.officer.as_bytes()));
    let Asked { agreement, partner, use_for: (activity, purpose), came_for: (came_in, came_for), .. } = asked;
    Ok(format!(
        "approve unmask\n{officer}\n{of}\n{agreement}\n{partner}\n{activity}\n{purpose}\n{came_in}\n{came_for}\n{until}\n"
    ))
}

//! Orders and answers as they come in: nothing of them is believed before its signature and its receipt hold.

use super::{
    DEPTH_MAX, EXCHANGES_MAX, HopAttachments, HopHeader, OnwardAnswer, OrderHeader, RECORDS_MAX,
    RecallAction, RecallAnswerAttachments, RecallAnswerHeader,
};
use crate::ExchangeError;
use crate::federation::frame::{Frame, FrameError, read_json, wrong};
use crate::proofs::verify_receipt;
use crate::signature::{Domain, PartyVerifier, Signature};
use comity_terms::ids::OrderId;
use comity_terms::{Digest, Family, Party};
use comity_tlog::{Receipt, VerifierKey};

/// The keys of a party.
#[derive(Debug, Clone)]
pub struct Known {
    /// Verifies what it signs.
    pub party: PartyVerifier,
    /// Verifies its log.
    pub log: VerifierKey,
}

/// A hop whose signatures and form hold.
#[derive(Debug, Clone)]
pub struct TakenHop {
    /// What it is known by.
    pub message: Digest,
    /// What its sender signed.
    pub hop: HopHeader,
    /// The sender's signature.
    pub signature: Signature,
    /// The header's bytes.
    pub header: Vec<u8>,
    /// What its origin signed.
    pub order: OrderHeader,
    /// The origin's receipt, as it came.
    pub receipt: String,
}

impl TakenHop {
    /// Reads a hop that `sender` sent to `receiver`. `known` gives the keys of parties that are known here.
    ///
    /// # Errors
    /// [`ExchangeError::Frame`], naming the part, or [`ExchangeError::Proof`] when the origin's receipt does not hold;
    /// callers refuse the message and record the misbehaviour.
    pub fn read(
        bytes: &[u8],
        (sender, receiver): (&Party, &Party),
        known: impl Fn(&Party) -> Option<Known>,
    ) -> Result<Self, ExchangeError> {
        let frame = Frame::parse(bytes)?;
        let keys = known(sender).ok_or_else(|| wrong("header", "its sender is no partner"))?;
        let header = frame.verified(Domain::RecallHop, &keys.party)?;
        let hop: HopHeader = read_json(header, "header")?;
        if hop.version != 1 {
            return Err(wrong("header", format!("version {} is not known here", hop.version)));
        }
        if hop.sender.0 != *sender || hop.receiver.0 != *receiver {
            return Err(wrong("header", "the parties are not those of this connection"));
        }
        bounded(&hop)?;
        let order: OrderHeader = read_json(&hop.order.0, "order")?;
        let origin = order.origin.0.clone();
        let pinned = known(&origin);
        let verifier = match &pinned {
            Some(pinned) => pinned.party,
            None => PartyVerifier::parse(&hop.origin_key).map_err(FrameError::from)?,
        };
        let signature = hop.order_signature.0.as_slice().try_into();
        let signature = Signature(signature.map_err(|_| wrong("order", "its signature is none"))?);
        verifier.verify(Domain::Recall, &hop.order.0, &signature).map_err(FrameError::from)?;
        if order.version != 1 {
            return Err(wrong("order", format!("version {} is not known here", order.version)));
        }
        if (order.action == RecallAction::Correct) != order.replaced_by.is_some() {
            return Err(wrong("order", "a correction names what is right, and nothing else does"));
        }
        let names = order.party.is_some();
        if names != (order.action == RecallAction::Bar || (names && order.action == RecallAction::Lift)) {
            return Err(wrong("order", "a bar names a party, and but for what lifts it nothing else does"));
        }
        if names && (order.lifts.is_some() || order.party == Some(order.origin.clone())) {
            return Err(wrong("order", "what it says of a party does not hold together"));
        }
        let entry = order.public_entry().filter(|entry| entry.family() == Family::Remedy);
        let entry = entry.ok_or_else(|| wrong("order", "its entry is none of an order"))?;
        let attachments: HopAttachments = read_json(frame.attachments, "attachments")?;
        if let Some(pinned) = &pinned {
            verify_receipt(&attachments.receipt, entry, &pinned.log)?;
        }
        Ok(Self {
            message: frame.digest(),
            signature: frame.signature(),
            header: header.to_vec(),
            hop,
            order,
            receipt: attachments.receipt,
        })
    }

    /// The hop and its order in a header that was read here before.
    ///
    /// # Errors
    /// [`ExchangeError::Proof`] when it does not read: what is stored is not what was read.
    pub fn stored(header: &[u8]) -> Result<(HopHeader, OrderHeader), ExchangeError> {
        let unread = |_| ExchangeError::proof("a stored order does not read");
        let hop: HopHeader = serde_json::from_slice(header).map_err(unread)?;
        let order = serde_json::from_slice(&hop.order.0).map_err(unread)?;
        Ok((hop, order))
    }
}

fn bounded(hop: &HopHeader) -> Result<(), ExchangeError> {
    let count = hop.exchanges.len();
    if count == 0 || count > EXCHANGES_MAX {
        return Err(wrong("header", format!("{count} exchanges; 1 to {EXCHANGES_MAX} are possible")));
    }
    let mut named: Vec<_> = hop.exchanges.iter().map(|exchange| exchange.exchange_id.0).collect();
    named.sort_unstable();
    named.dedup();
    if named.len() != count {
        return Err(wrong("header", "an exchange stands twice"));
    }
    let records = hop.exchanges.iter().flat_map(|exchange| exchange.records.iter().flatten());
    let records: usize = records.map(|of| of.ordinals.len()).sum();
    if records > RECORDS_MAX {
        return Err(wrong("header", format!("{records} records; {RECORDS_MAX} are possible")));
    }
    Ok(())
}

/// A holder's answer whose signature and receipt hold, with those of the holders after it.
#[derive(Debug, Clone)]
pub struct Answered {
    /// What it says.
    pub header: RecallAnswerHeader,
    /// The holder's receipt, verified.
    pub receipt: Receipt,
    /// What it tells of those to whom it passed the order on.
    pub onward: Vec<Onward>,
}

/// A holder after another one.
#[derive(Debug, Clone)]
pub struct Onward {
    /// Who.
    pub party: Party,
    /// By when its answer is owed to the one before.
    pub due: Option<comity_terms::Timestamp>,
    /// Its answer; `None` while there is none.
    pub answer: Option<Box<Answered>>,
}

impl Answered {
    /// Reads the answer of `holder` to the message known by `message` (of a holder further on, any) of `order`. `known`
    /// gives the keys of parties that are known here; of others those count that the answer around names.
    ///
    /// # Errors
    /// [`ExchangeError::Frame`] or [`ExchangeError::Proof`], naming the part: a claim without a log entry is no answer.
    pub fn read(
        bytes: &[u8],
        (order, message): (OrderId, Option<Digest>),
        holder: &Party,
        keys: &Known,
        known: &dyn Fn(&Party) -> Option<Known>,
    ) -> Result<Self, ExchangeError> {
        Self::at_depth(bytes, (order, message), holder, keys, known, 0)
    }

    fn at_depth(
        bytes: &[u8],
        (order, message): (OrderId, Option<Digest>),
        holder: &Party,
        keys: &Known,
        known: &dyn Fn(&Party) -> Option<Known>,
        depth: usize,
    ) -> Result<Self, ExchangeError> {
        if depth > DEPTH_MAX {
            return Err(wrong("bodies", format!("more than {DEPTH_MAX} holders one after the other")));
        }
        let frame = Frame::parse(bytes)?;
        let verified = frame.verified(Domain::RecallAnswer, &keys.party)?;
        let header: RecallAnswerHeader = read_json(verified, "header")?;
        if header.version != 1 {
            return Err(wrong("header", "its version is not known here"));
        }
        let other = message.is_some_and(|message| header.message.0 != message);
        if other || header.order_id.0 != order || header.holder.0 != *holder {
            return Err(wrong("header", "it answers another order"));
        }
        let entry = header.public_entry().filter(|entry| entry.family() == Family::Remedy);
        let entry = entry.ok_or_else(|| wrong("header", "an answer without the entry that records it"))?;
        let attachments: RecallAnswerAttachments = read_json(frame.attachments, "attachments")?;
        let receipt = verify_receipt(&attachments.receipt, entry, &keys.log)?;
        let told: Vec<OnwardAnswer> = match frame.bodies {
            [] => Vec::new(),
            bodies => read_json(bodies, "bodies")?,
        };
        let onward = told.into_iter().map(|told| {
            let party = told.party.0;
            let answer = told.answer.map(|answer| {
                let keys = match known(&party) {
                    Some(keys) => keys,
                    None => Known {
                        party: PartyVerifier::parse(&told.party_key).map_err(FrameError::from)?,
                        log: told.log.parse().map_err(ExchangeError::proof)?,
                    },
                };
                Self::at_depth(&answer.0, (order, None), &party, &keys, known, depth + 1).map(Box::new)
            });
            Ok(Onward { answer: answer.transpose()?, due: told.due.map(|due| due.0), party })
        });
        Ok(Self { onward: onward.collect::<Result<_, ExchangeError>>()?, header, receipt })
    }

    /// Whether nobody owes any further answer.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.onward.iter().all(|onward| onward.answer.as_ref().is_some_and(|answer| answer.is_complete()))
    }
}

//! What one act changes: handed over whole, and done whole or not at all.

use super::{
    AdoptedLaw, ApprovalRow, Bar, CollectedSegment, DelegationRow, Derived, Destruction, Erasure,
    EscalationRow, ExchangeRow, HoldRow, LookUp, MandateRow, MatchChange, NoticeRow, Officer, OfficerKey,
    OptOutRow, OptOutTag, OutboxItem, Peer, PeerRemoval, RecallRow, RecordName, Removal, RequestRow,
    Restriction, Rewrapped, StoredAnswer, SubjectRow, Tagged, TokenRow, UseRow, WebhookRow, WitnessStep,
};
use crate::collect::StandingRequest;
use crate::entry::PublicEntry;
use crate::federation::identity::SignedLaw;
use comity_terms::ids::{ClassId, SegmentId};
use comity_terms::{Digest, ExchangeId, Month, PackSlug, Party, Timestamp};
use comity_tlog::TreeSize;
use comity_vault::KeyRow;
use std::collections::BTreeSet;

/// Everything that one act changes. What is empty changes nothing.
#[derive(Debug, Default)]
pub struct Record {
    /// The entries to append, each with the segment that holds its sealed opening.
    pub entries: Vec<Draft>,
    /// Exchanges that begin or move on: a row is replaced by its id. One that begins here as received after an order about it
    /// came is a conflict.
    pub exchanges: Vec<ExchangeRow>,
    /// Offers to deliver. One to a partner that is removed is a conflict.
    pub outbox: Vec<OutboxItem>,
    /// Offers that need no more delivering. One that waits no longer is a conflict: another try was faster.
    pub settled: Vec<ExchangeId>,
    /// Sealed records with their key rows.
    pub segments: Vec<SealedSegment>,
    /// The final answer to a partner's offer.
    pub answer: Option<StoredAnswer>,
    /// A step of a partner's log that this gateway cosigns. Where the log stands elsewhere by now, that is a conflict;
    /// but an answer is kept all the same then, without the cosignature that came with the step.
    pub witness: Option<WitnessStep>,
    /// What a partner says it knows of this gateway's log. Only a hint, for the partner refuses a wrong one; a size that
    /// the log does not have with this record is none, and is not kept.
    pub witnessed_by: Option<(Party, TreeSize)>,
    /// A receipt of the other side.
    pub partner_receipt: Option<(ExchangeId, Vec<u8>)>,
    /// A partner, made known or changed.
    pub peer: Option<Peer>,
    /// A partner that is removed, or is one again. What waits for it in the outbox is due then, so that it ends.
    pub peer_removal: Option<PeerRemoval>,
    /// To whom what came by an exchange, or went, is not passed on; or may be again.
    pub bars: Vec<Bar>,
    /// An officer, made known or changed.
    pub officer: Option<Officer>,
    /// Keys of officers, begun or ended.
    pub officer_keys: Vec<OfficerKey>,
    /// Tokens that stand for officers, begun or ended. An end that was set stays.
    pub tokens: Vec<TokenRow>,
    /// Officers as an OpenID provider knows them. A subject that is another officer, or an officer who is another
    /// subject, is a conflict.
    pub subjects: Vec<SubjectRow>,
    /// Packs that this gateway adopts, with their files' digests signed.
    pub adopted: Option<AdoptedLaw>,
    /// Signatures of partners under packs.
    pub law_signatures: Vec<(Party, SignedLaw)>,
    /// Exchanges that wait for offices, or no longer do.
    pub escalations: Vec<EscalationRow>,
    /// What offices said. One that was said before is a conflict.
    pub approvals: Vec<ApprovalRow>,
    /// Approvals that are used, each with the exchange that it is used for. One that was used is a conflict.
    pub used: Vec<(Digest, ExchangeId)>,
    /// Offices that are lent.
    pub delegations: Vec<DelegationRow>,
    /// Records that end here.
    pub erased: Option<Erasure>,
    /// Key rows wrapped anew, because the key that wrapped them is to be destroyed.
    pub rewrapped: Vec<Rewrapped>,
    /// Epoch keys that were destroyed.
    pub destroyed: Option<Destruction>,
    /// Segments whose records readers may ask for from now on.
    pub collected: Vec<CollectedSegment>,
    /// Objects that are taken out of a stream, beside the erasure of their records.
    pub removed: Vec<Removal>,
    /// Collections, made or changed: a row is replaced by its id.
    pub standing: Vec<StandingRequest>,
    /// Endpoints that are told of acts: a row is replaced by the one of the next version, and any other is a conflict.
    pub webhooks: Vec<WebhookRow>,
    /// Messages of orders that data be erased or restricted: a row is replaced by the one of the next version, and any
    /// other is a conflict.
    pub recalls: Vec<RecallRow>,
    /// Records given that had been received from others.
    pub derived: Vec<Derived>,
    /// Records that this act passes on: one that was erased or restricted meanwhile is a conflict.
    pub usable: BTreeSet<RecordName>,
    /// Exchanges that an order speaks of and that are not here: one that came meanwhile is a conflict. What comes of them after
    /// this is one, where the order left a row of them.
    pub absent: Vec<ExchangeId>,
    /// Exchanges whose records nobody may use, or may again.
    pub restrictions: Vec<Restriction>,
    /// What finds records by the persons whom they name. Of its segments alone.
    pub tagged: Vec<Tagged>,
    /// The tags of every month before this one go, but for those of records that are held past their time: their keys are
    /// gone.
    pub untagged: Option<Month>,
    /// What persons asked for: a row is replaced by the one of the next version, and any other is a conflict.
    pub requests: Vec<RequestRow>,
    /// What is kept of questions whether values are held.
    pub matching: MatchChange,
    /// Opt-outs: a row is replaced by the one of the next version, and any other is a conflict. The tags of one that ends go.
    pub opt_outs: Vec<OptOutRow>,
    /// What finds opt-outs by the persons who filed them. Of opt-outs that are there, or come with it.
    pub opt_out_tags: Vec<OptOutTag>,
    /// The opt-outs of every period before this one go, with their tags: the keys are gone.
    pub opt_outs_over: Option<Month>,
    /// Mandates: a row is replaced by the one of the next version, and any other is a conflict.
    pub mandates: Vec<MandateRow>,
    /// Notices to persons: a row is replaced by the one of the next version, and any other is a conflict; but that which
    /// an exchange gives rise to stays as it is where its number is known already.
    pub notices: Vec<NoticeRow>,
    /// Holds that begin, or change: a row is replaced by the one of the next version, and any other is a conflict.
    pub holds: Vec<HoldRow>,
    /// Uses of what was received: of the first entry of this record.
    pub uses: Vec<UseRow>,
    /// Look-ups of persons that count from now on. Where more have been counted than was thought, that is a conflict.
    pub looked_up: Vec<LookUp>,
    /// The look-ups that count no more at this instant go.
    pub uncounted: Option<Timestamp>,
}

/// One entry on its way into the log.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The public part.
    pub entry: PublicEntry,
    /// The segment of the vault that holds its opening.
    pub opening: SegmentId,
    /// The exchange that it is about; the first that comes with the skeleton of an exchange is what its receipt is for.
    pub exchange: Option<ExchangeId>,
}

/// A sealed blob and the keys of its records.
#[derive(Debug, Clone)]
pub struct SealedSegment {
    /// Its id.
    pub id: SegmentId,
    /// The exchange that it belongs to; openings of other acts have none.
    pub exchange: Option<ExchangeId>,
    /// The class of objects that it holds; openings have none.
    pub class: Option<ClassId>,
    /// The agreement that its records are held under: part of what binds them.
    pub agreement: PackSlug,
    /// What it holds.
    pub kind: SegmentKind,
    /// The ciphertext.
    pub blob: Vec<u8>,
    /// One key row per record.
    pub rows: Vec<KeyRow>,
}

/// What a segment holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SegmentKind {
    /// The opening of a log entry.
    Opening,
    /// Records received from a partner.
    Records,
    /// Records that did not read as their offer said: kept without a reader until they are settled or erased.
    Quarantined,
}

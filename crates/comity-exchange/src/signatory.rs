//! What a gateway is when it signs: its party, its keys and the name of its log.

use crate::ExchangeError;
use crate::entry::Opening;
use crate::ports::{SealedSegment, SegmentKind};
use crate::signature::PartyKey;
use comity_terms::ids::{ClassId, SegmentId};
use comity_terms::{Entropy, ExchangeId, Month, PackSlug, Party, Timestamp};
use comity_tlog::{CosigningKey, VerifierKey};
use comity_vault::{
    Bucket, EpochKey, EpochKeys, OpeningContext, Pool, SealedOpening, SegmentBuilder, SegmentContext,
    open_opening, seal_opening,
};

/// Until when a record is kept, and the epoch key that its secret is wrapped by.
pub type KeptUnder<'k> = (Timestamp, &'k Bucket, &'k EpochKey);

/// A gateway as its messages show it.
#[derive(Debug)]
pub struct Signatory {
    /// The party that it speaks for.
    pub party: Party,
    /// Signs laws, offers and answers.
    pub key: PartyKey,
    /// Verifies its log.
    pub log: VerifierKey,
    /// Cosigns partners' logs.
    pub cosigner: CosigningKey,
    /// The law of its own party: acts that are under no agreement are kept under it.
    pub home: PackSlug,
    /// The name of its store: sealed rows open under no other.
    pub store: String,
}

impl Signatory {
    /// The pack that acts without an agreement are kept under: the law of this gateway's own party.
    #[must_use]
    pub fn home(&self) -> PackSlug {
        self.home.clone()
    }

    /// The opening in a segment; `None` when the key of its bucket is gone.
    ///
    /// # Errors
    /// [`ExchangeError::Vault`] when it does not open: it is not what was sealed. [`ExchangeError::Keys`].
    pub fn open_opening<K: EpochKeys<Error: std::fmt::Display>>(
        &self,
        segment: &SealedSegment,
        keys: &mut K,
    ) -> Result<Option<Opening>, ExchangeError> {
        let row = segment.rows.first().ok_or_else(|| ExchangeError::proof("an opening without its key"))?;
        let bucket = row.bucket(&segment.agreement);
        let Some(key) = keys.get(&bucket).map_err(ExchangeError::keys)? else { return Ok(None) };
        let context = OpeningContext {
            store: self.store.clone(),
            agreement: segment.agreement.clone(),
            opening: segment.id,
        };
        let sealed = SealedOpening { sealed: segment.blob.clone(), row: row.clone() };
        let clear = open_opening(&sealed, &key, &context)?;
        let opening = Opening::from_bytes(clear.as_bytes());
        opening.map(Some).ok_or_else(|| ExchangeError::proof("an opening is cut off"))
    }

    /// Seals records of one class into a segment, each under a secret of its own, until `erase_by`.
    ///
    /// # Errors
    /// [`ExchangeError::Vault`] when a record or the segment is too long; callers keep nothing.
    pub fn seal_records<'r>(
        &self,
        (agreement, exchange, class): (&PackSlug, ExchangeId, ClassId),
        records: impl IntoIterator<Item = (&'r [u8], KeptUnder<'r>)>,
        kind: SegmentKind,
        entropy: &mut dyn Entropy,
    ) -> Result<SealedSegment, ExchangeError> {
        let segment = SegmentId::draw(entropy);
        self.seal_records_as(segment, (agreement, exchange, class), records, kind, entropy)
    }

    /// As [`seal_records`](Self::seal_records), into the segment `segment`: recorded a second time it is a conflict.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn seal_records_as<'r>(
        &self,
        segment: SegmentId,
        (agreement, exchange, class): (&PackSlug, ExchangeId, ClassId),
        records: impl IntoIterator<Item = (&'r [u8], KeptUnder<'r>)>,
        kind: SegmentKind,
        entropy: &mut dyn Entropy,
    ) -> Result<SealedSegment, ExchangeError> {
        let context = SegmentContext {
            store: self.store.clone(),
            agreement: agreement.clone(),
            exchange,
            class,
            segment,
        };
        let mut segment = SegmentBuilder::new(&context);
        let mut pool = Pool::new(entropy);
        for (record, (erase_by, bucket, key)) in records {
            segment.push(record, erase_by, (bucket, key), &mut pool)?;
        }
        let sealed = segment.finish();
        Ok(SealedSegment {
            id: context.segment,
            exchange: Some(exchange),
            class: Some(class),
            agreement: context.agreement,
            kind,
            blob: sealed.blob,
            rows: sealed.rows,
        })
    }

    /// What the records of a segment are bound to; `None` for one that holds none of an exchange.
    #[must_use]
    pub fn binds(&self, segment: &SealedSegment) -> Option<SegmentContext> {
        let (exchange, class) = segment.exchange.zip(segment.class)?;
        Some(SegmentContext {
            store: self.store.clone(),
            agreement: segment.agreement.clone(),
            exchange,
            class,
            segment: segment.id,
        })
    }

    /// Seals an opening in a segment of its own, until `erase_by`.
    ///
    /// # Errors
    /// [`ExchangeError::Vault`] or [`ExchangeError::Keys`]; callers record nothing and deliver nothing.
    pub fn seal_opening<K: EpochKeys<Error: std::fmt::Display>>(
        &self,
        opening: &Opening,
        (agreement, exchange): (&PackSlug, Option<ExchangeId>),
        erase_by: Timestamp,
        keys: &mut K,
        entropy: &mut dyn Entropy,
    ) -> Result<SealedSegment, ExchangeError> {
        let segment = SegmentId::draw(entropy);
        self.seal_opening_as(segment, opening, (agreement, exchange), erase_by, keys, entropy)
    }

    /// As [`seal_opening`](Self::seal_opening), into the segment `segment`: an act that may be recorded once has its opening
    /// there, and a second one is a conflict.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn seal_opening_as<K: EpochKeys<Error: std::fmt::Display>>(
        &self,
        segment: SegmentId,
        opening: &Opening,
        (agreement, exchange): (&PackSlug, Option<ExchangeId>),
        erase_by: Timestamp,
        keys: &mut K,
        entropy: &mut dyn Entropy,
    ) -> Result<SealedSegment, ExchangeError> {
        let context =
            OpeningContext { store: self.store.clone(), agreement: agreement.clone(), opening: segment };
        let (bucket, key) = keys.current(agreement, Month::of(erase_by)).map_err(ExchangeError::keys)?;
        let sealed = seal_opening(&opening.to_bytes(), &context, erase_by, (&bucket, &key), entropy)?;
        Ok(SealedSegment {
            id: context.opening,
            exchange,
            class: None,
            agreement: agreement.clone(),
            kind: SegmentKind::Opening,
            blob: sealed.sealed,
            rows: vec![sealed.row],
        })
    }
}

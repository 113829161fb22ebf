//! Opening what this gateway's own laws permitted, and checking that it is what the header said.

use super::stages::{Permitted, Ruling};
use crate::ExchangeError;
use crate::federation::offer::{Offer, OfferHeader, split_objects};
use crate::wire::facts_from_wire;
use comity_minimise::{Bundle, Limits, PathTable, bundle_bytes, classify};
use comity_terms::{Digest, Facts, Safeguards};
use comity_vault::{Cleartext, TransportSecret, open_offer};

/// The id of a bundle that exists only to be read: it goes nowhere.
const READING_ID: &str = "bundle--00000000-0000-4000-8000-000000000000";

/// An opened offer: cleartext that nobody has looked into yet.
pub(super) struct Opened<'a> {
    pub(super) offer: Offer<'a>,
    pub(super) rulings: Vec<Ruling>,
    pub(super) safeguards: Safeguards,
    texts: Vec<Cleartext>,
}

/// What checking comes to.
pub(super) enum Found<'a> {
    /// Digests and facts are those of the header.
    AsSaid(Checked<'a>),
    /// They are not; the cleartext is wiped.
    Otherwise(Mismatched<'a>),
}

/// An opened offer that is what its header said.
pub(super) struct Checked<'a>(pub(super) Opened<'a>);

/// An opened offer that is not.
pub(super) struct Mismatched<'a> {
    pub(super) offer: Offer<'a>,
    pub(super) rulings: Vec<Ruling>,
    /// Which class, and what differs: `digest`, `form`, `count` or `facts`.
    pub(super) class: usize,
    pub(super) what: &'static str,
}

impl<'a> Permitted<'a> {
    /// Opens every body with the transport key that the header names.
    ///
    /// # Errors
    /// [`ExchangeError::Vault`] when a body does not open: callers answer `mismatch`, as for any other content.
    #[expect(clippy::result_large_err, reason = "the error is the next stage, and carries the offer on")]
    pub(super) fn open(
        self,
        secret: &TransportSecret,
    ) -> Result<Opened<'a>, (Mismatched<'a>, ExchangeError)> {
        let Self { offer, rulings, safeguards } = self;
        let header = &offer.header;
        let info = OfferHeader::seal_info(header.exchange_id.0, &header.sender.0, &header.receiver.0);
        let opened =
            open_offer(secret, &header.encapsulated.0, &info).map_err(|e| (0, e)).and_then(|agreed| {
                header
                    .classes
                    .iter()
                    .zip(&offer.bodies)
                    .enumerate()
                    .map(|(number, (class, body))| {
                        let context = OfferHeader::body_context(
                            header.exchange_id.0,
                            class.class.0,
                            &header.agreement.0,
                        );
                        agreed.open(number, &context, body).map_err(|e| (number, e))
                    })
                    .collect::<Result<Vec<_>, _>>()
            });
        match opened {
            Ok(texts) => Ok(Opened { offer, rulings, safeguards, texts }),
            Err((class, error)) => Err((Mismatched { offer, rulings, class, what: "seal" }, error.into())),
        }
    }
}

impl<'a> Opened<'a> {
    /// The objects of each class.
    pub(super) fn objects(&self) -> impl Iterator<Item = Option<Vec<&[u8]>>> {
        self.texts.iter().map(|text| split_objects(text.as_bytes()))
    }

    /// Classifies what was opened again, as a whole, and compares it with what the header said was sent.
    pub(super) fn check(self, table: &PathTable, limits: &Limits) -> Found<'a> {
        match self.difference(table, limits) {
            None => Found::AsSaid(Checked(self)),
            Some((class, what)) => {
                let Self { offer, rulings, .. } = self;
                Found::Otherwise(Mismatched { offer, rulings, class, what })
            }
        }
    }

    fn difference(&self, table: &PathTable, limits: &Limits) -> Option<(usize, &'static str)> {
        let classes = &self.offer.header.classes;
        let mut objects: Vec<(usize, &[u8])> = Vec::new();
        for (number, (class, text)) in classes.iter().zip(&self.texts).enumerate() {
            if Digest::of(text.as_bytes()) != class.digest.0 {
                return Some((number, "digest"));
            }
            let Some(parts) = split_objects(text.as_bytes()) else { return Some((number, "form")) };
            if parts.len() as u64 != class.objects {
                return Some((number, "count"));
            }
            objects.extend(parts.into_iter().map(|object| (number, object)));
        }
        let bytes = bundle_bytes(READING_ID, objects.iter().map(|(_, object)| *object));
        let Ok(bundle) = Bundle::parse(&bytes, limits) else { return Some((0, "form")) };
        if let Some(rejected) = bundle.rejected().first() {
            return Some((objects.get(rejected.index).map_or(0, |(class, _)| *class), "form"));
        }
        let said: Vec<Option<Facts>> = classes.iter().map(|class| facts_from_wire(&class.sent)).collect();
        classify(&bundle, table).into_iter().find_map(|found| {
            let (class, _) = objects.get(found.index)?;
            (said[*class].as_ref() != Some(&found.facts)).then_some((*class, "facts"))
        })
    }
}

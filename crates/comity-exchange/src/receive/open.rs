//! Opening what this gateway's own laws permitted, and checking that it is what the header said.

use super::stages::{Permitted, Ruling, ask};
use crate::ExchangeError;
use crate::federation::asking::Asking;
use crate::federation::offer::{Offer, OfferHeader, split_objects};
use crate::wire::facts_from_wire;
use comity_agreement::{LawSet, Memo, Outcome};
use comity_minimise::{Bundle, Limits, PathTable, classify, classify_properties};
use comity_terms::{Digest, Facts, Safeguards, Timestamp};
use comity_vault::{Cleartext, TransportSecret, open_offer};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An opened offer: cleartext that nobody has looked into yet.
pub(super) struct Opened<'a> {
    pub(super) offer: Offer<'a>,
    pub(super) rulings: Vec<Ruling>,
    pub(super) safeguards: Safeguards,
    pub(super) texts: Vec<Cleartext>,
}

/// What checking comes to.
pub(super) enum Found<'a> {
    /// Digests and facts are those of the header.
    AsSaid(Checked<'a>),
    /// They are not.
    Otherwise(Mismatched<'a>),
}

/// An opened offer that is what its header said.
pub(super) struct Checked<'a>(pub(super) Opened<'a>);

/// An opened offer that is not, and what it was found to be where it reads at all.
pub(super) struct Mismatched<'a> {
    pub(super) offer: Offer<'a>,
    pub(super) rulings: Vec<Ruling>,
    pub(super) difference: Difference,
    found: Option<Reading>,
}

/// Which class, and what differs: `seal`, `digest`, `form`, `count` or `facts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) class: usize,
    pub(super) what: &'static str,
}

/// An extract that reads, with the facts that were found in it: class of the offer, facts, how many objects.
struct Reading {
    texts: Vec<Cleartext>,
    safeguards: Safeguards,
    classes: Vec<(usize, Facts, u64)>,
    /// Whether the header says all that a release could find which does not look into free texts.
    looked_less: bool,
}

/// A mismatched extract once it was decided on as what it is.
pub(super) struct Judged<'a> {
    pub(super) offer: Offer<'a>,
    /// What the laws said of the header, then of what was found.
    pub(super) rulings: Vec<Ruling>,
    pub(super) difference: Difference,
    /// What may be kept, in quarantine, and under which limits; what may not is wiped by now.
    pub(super) kept: Option<(Vec<Cleartext>, Safeguards)>,
    /// Whether its sender only looked into fewer places: what is permitted as it was found is then kept like any other.
    pub(super) looked_less: bool,
}

/// What differs, what was found instead, and whether its sender only looked into fewer places; `Err` where it does not read
/// as records at all.
pub(super) type Compared = Result<Option<(Difference, Vec<(usize, Facts, u64)>, bool)>, Difference>;

impl<'a> Permitted<'a> {
    /// Opens every body with the transport key that the header names.
    ///
    /// # Errors
    /// The mismatch that it is when a body does not open: callers answer it as for any other content.
    #[expect(clippy::result_large_err, reason = "the error is the next stage, and carries the offer on")]
    pub(super) fn open(self, secret: &TransportSecret) -> Result<Opened<'a>, Mismatched<'a>> {
        let Self { offer, rulings, safeguards } = self;
        let header = &offer.header;
        let sealed_as = header.sealed_as();
        let info = OfferHeader::seal_info(sealed_as, &header.sender.0, &header.receiver.0);
        let opened = open_offer(secret, &header.encapsulated.0, &info).map_err(|_| 0).and_then(|agreed| {
            header
                .classes
                .iter()
                .zip(&offer.bodies)
                .enumerate()
                .map(|(number, (class, body))| {
                    let context = OfferHeader::body_context(sealed_as, class.class.0, &header.agreement.0);
                    agreed.open(number, &context, body).map_err(|_| number)
                })
                .collect::<Result<Vec<_>, _>>()
        });
        match opened {
            Ok(texts) => Ok(Opened { offer, rulings, safeguards, texts }),
            Err(class) => {
                let difference = Difference { class, what: "seal" };
                Err(Mismatched { offer, rulings, difference, found: None })
            }
        }
    }
}

impl<'a> Opened<'a> {
    /// What was opened, once it was [compared](Self::compared).
    pub(super) fn checked(self, compared: Compared) -> Found<'a> {
        let (difference, found) = match compared {
            Ok(None) => return Found::AsSaid(Checked(self)),
            Ok(Some((difference, classes, looked_less))) => (difference, Some((classes, looked_less))),
            Err(difference) => (difference, None),
        };
        let Self { offer, rulings, safeguards, texts } = self;
        // What does not even read can be decided by no law: it is wiped here.
        let found = found.map(|(classes, looked_less)| Reading { texts, safeguards, classes, looked_less });
        Found::Otherwise(Mismatched { offer, rulings, difference, found })
    }

    /// Classifies what was opened again, as a whole, and compares it with what the header said was sent.
    pub(super) fn compared(&self, table: &PathTable, limits: &Limits) -> Compared {
        let classes = &self.offer.header.classes;
        let (mut difference, mut only_facts) = (None, true);
        let mut note = |class, what| {
            only_facts &= what == "facts";
            difference.get_or_insert(Difference { class, what });
        };
        let mut objects: Vec<(usize, &[u8])> = Vec::new();
        for (number, (class, text)) in classes.iter().zip(&self.texts).enumerate() {
            if Digest::of(text.as_bytes()) != class.digest.0 {
                note(number, "digest");
            }
            let parts = split_objects(text.as_bytes()).ok_or(Difference { class: number, what: "form" })?;
            if parts.len() as u64 != class.objects {
                note(number, "count");
            }
            objects.extend(parts.into_iter().map(|object| (number, object)));
        }
        let bundle = Bundle::of_objects(objects.iter().map(|(_, object)| *object), limits);
        let bundle = bundle.map_err(|_| Difference { class: 0, what: "form" })?;
        if let Some(rejected) = bundle.rejected().first() {
            let class = objects.get(rejected.index).map_or(0, |(class, _)| *class);
            return Err(Difference { class, what: "form" });
        }
        // A partner sends STIX 2.1: what would have to be upgraded is not what its header speaks of.
        if let Some(old) = bundle.objects().iter().find(|object| object.is_upgraded()) {
            let class = objects.get(old.position()).map_or(0, |(class, _)| *class);
            return Err(Difference { class, what: "form" });
        }
        let said: Vec<Option<Facts>> = classes.iter().map(|class| facts_from_wire(&class.sent)).collect();
        let mut found: BTreeMap<(usize, Arc<Facts>), u64> = BTreeMap::new();
        for object in classify(&bundle, table) {
            let Some((class, _)) = objects.get(object.index) else { continue };
            if said[*class].as_ref() != Some(&*object.facts) {
                note(*class, "facts");
            }
            *found.entry((*class, object.facts)).or_default() += 1;
        }
        let found = || {
            let found = found.into_iter();
            found.map(|((class, facts), objects)| (class, Arc::unwrap_or_clone(facts), objects)).collect()
        };
        Ok(difference.map(|difference| {
            let looked_less = only_facts
                && classify_properties(&bundle, table).into_iter().all(|object| {
                    objects
                        .get(object.index)
                        .is_some_and(|(class, _)| said[*class].as_ref() == Some(&*object.facts))
                });
            (difference, found(), looked_less)
        }))
    }
}

impl<'a> Mismatched<'a> {
    /// Decides on what was found, with the facts that it has: what any law here does not permit is wiped, the rest
    /// may be kept without a reader.
    ///
    /// # Errors
    /// [`ExchangeError::Question`] when the facts found cannot be asked about.
    pub(super) fn judge(
        self,
        laws: &LawSet,
        memo: &mut Memo,
        binding: bool,
        now: Timestamp,
    ) -> Result<Judged<'a>, ExchangeError> {
        let Self { offer, mut rulings, difference, found } = self;
        let Some(Reading { texts, mut safeguards, classes, looked_less }) = found else {
            return Ok(Judged { offer, rulings, difference, kept: None, looked_less: false });
        };
        let asking = Asking { header: &offer.header, laws, binding, at: offer.header.at.0, now };
        let mut permitted = true;
        for (class, facts, objects) in classes {
            let approvals = offer.header.classes.get(class).into_iter().flat_map(|class| &class.approvals);
            let approvals = approvals.map(|office| office.0.clone()).collect();
            let ruling = ask(&asking, class, objects, (facts, approvals), memo)?;
            permitted &= ruling.decision.outcome == Outcome::Permitted;
            safeguards = safeguards.join(&ruling.decision.safeguards);
            rulings.push(ruling);
        }
        let kept = permitted.then_some((texts, safeguards));
        Ok(Judged { offer, rulings, difference, kept, looked_less })
    }
}

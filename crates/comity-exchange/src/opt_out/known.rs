//! What the gateway's registers, and what it was ordered to restrict, say of a bundle's objects; found before law is asked.

use super::Register;
use crate::ExchangeError;
use crate::ports::{Mandate, MandateRow, OptOuts as _, SubjectTag};
use crate::recall::RESTRICTED;
use crate::wire::Text;
use comity_agreement::Decision;
use comity_minimise::{Bundle, ObjectFacts, PathTable, SubjectKey, identifiers};
use comity_terms::{
    Activity, Asserter, Facts, Month, Obligation, PackSlug, Party, Purpose, Timestamp, Value,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// What this gateway's registers say of the objects of one bundle, by their place in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The categories that people whom an object names have opted out of.
    opt_outs: BTreeMap<usize, BTreeSet<String>>,
    /// The data categories that a mandate covers, where the request claims consent.
    mandated: Option<BTreeSet<String>>,
    /// The ids of the objects whose use is restricted.
    restricted: BTreeSet<String>,
}

pub(crate) const OPT_OUT: &str = "opt_out";
const MANDATE_COVERS: &str = "mandate_covers";

impl Known {
    /// The same, where these objects were received by records that nobody may use now.
    #[must_use]
    pub fn with_restricted(self, ids: BTreeSet<String>) -> Self {
        Self { restricted: ids, ..self }
    }

    /// States what is known among the facts of these objects, whatever ids they have by now.
    pub(crate) fn state(&self, bundle: &Bundle<'_>, objects: &mut [ObjectFacts]) {
        if *self == Self::default() {
            return;
        }
        for object in objects {
            let came = bundle.objects().get(object.index);
            if came.is_some_and(|came| self.restricted.contains(came.id())) {
                Arc::make_mut(&mut object.facts).know(RESTRICTED, true, Asserter::Gateway);
            }
            if let Some(categories) = self.opt_outs.get(&object.index) {
                let words = categories.iter().map(|word| Value::from(word.as_str())).collect();
                let facts = Arc::make_mut(&mut object.facts);
                facts.know(OPT_OUT, Value::List(words), Asserter::Gateway);
            }
            if let Some(covered) = &self.mandated {
                let category = object.facts.value("data_category").and_then(Value::as_text);
                let covers = category.is_some_and(|category| covered.contains(category));
                Arc::make_mut(&mut object.facts).know(MANDATE_COVERS, covers, Asserter::Gateway);
            }
        }
    }
}

/// The duty type that is carried out by leaving an object at home.
const REDACT: &str = "redact";

/// The duty of a decision to take out what people whom its objects name have opted out of. Nothing in an object tells which
/// of its properties is of such a category, so it is carried out by leaving the object at home whole.
#[must_use]
pub fn redacts<'d>(decision: &'d Decision, detected: &Facts) -> Option<&'d Obligation> {
    let words = |value: Option<&Value>| match value {
        Some(Value::List(items)) => items.iter().filter_map(Value::as_text).map(str::to_owned).collect(),
        _ => BTreeSet::new(),
    };
    let out_of: BTreeSet<String> = words(detected.value(OPT_OUT));
    decision
        .obligations
        .iter()
        .find(|duty| duty.kind.as_str() == REDACT && !words(duty.terms.get("fields")).is_disjoint(&out_of))
}

/// What is asked about a flow, whatever the objects are.
#[derive(Debug, Clone, Copy)]
pub struct Flow<'a> {
    /// The agreement.
    pub agreement: &'a PackSlug,
    /// Who gets it.
    pub receiver: &'a Party,
    /// The agreed category of cooperation.
    pub activity: &'a Activity,
    /// What it is for.
    pub purpose: &'a Purpose,
    /// What is stated of the whole bundle.
    pub facts: &'a Facts,
    /// The instant of the act, UTC.
    pub at: Timestamp,
}

/// Whom objects name, by their places.
#[derive(Debug, Default)]
pub struct Naming(HashMap<(Month, SubjectTag), BTreeSet<usize>>);

/// Whom the objects of `bundle` name, as opt-outs of these periods would have it: takes as long as they are many. Nobody
/// where it does not read, which is told elsewhere.
///
/// # Errors
/// [`ExchangeError::Keys`]; callers share nothing.
pub fn naming<W: Register>(world: &W, bundle: &[u8], periods: &[Month]) -> Result<Naming, ExchangeError> {
    let mut naming = Naming::default();
    let mut keys: Vec<(Month, Arc<SubjectKey>)> = Vec::new();
    for period in periods {
        keys.extend(world.opt_out_key(*period)?.map(|key| (*period, key)));
    }
    let read = Bundle::parse(bundle, world.limits());
    let (Ok(read), false) = (read, keys.is_empty()) else { return Ok(naming) };
    for (place, object) in read.objects().iter().enumerate() {
        naming.add(place, object.raw().as_bytes(), world.table(), &keys);
    }
    Ok(naming)
}

/// Of these objects the categories that people whom they name have opted out of, by their places; one look-up for all of
/// them. Nothing is read of them while nobody has opted out.
///
/// # Errors
/// [`ExchangeError`]; callers take none of them for one that nobody opted out of.
pub(crate) async fn opted_out<W: Register>(
    world: &W,
    objects: &[&[u8]],
    at: Timestamp,
) -> Result<BTreeMap<usize, BTreeSet<String>>, ExchangeError> {
    let mut keys: Vec<(Month, Arc<SubjectKey>)> = Vec::new();
    for period in world.store().opt_out_periods(at).await? {
        keys.extend(world.opt_out_key(period)?.map(|key| (period, key)));
    }
    let mut found = BTreeMap::new();
    if keys.is_empty() {
        return Ok(found);
    }
    let mut naming = Naming::default();
    for (place, object) in objects.iter().enumerate() {
        naming.add(place, object, world.table(), &keys);
    }
    for (place, categories) in naming.opted_out(world, at).await? {
        found.entry(place).or_insert_with(BTreeSet::new).extend(categories);
    }
    Ok(found)
}

impl Naming {
    /// Adds whom the object at `place` names.
    fn add(&mut self, place: usize, object: &[u8], table: &PathTable, keys: &[(Month, Arc<SubjectKey>)]) {
        for identifier in identifiers(object, table) {
            for (period, key) in keys {
                self.0.entry((*period, key.tag(&identifier))).or_default().insert(place);
            }
        }
    }

    /// The places whose people have opted out, each with the categories: as often as there are opt-outs.
    async fn opted_out<W: Register>(
        &self,
        world: &W,
        at: Timestamp,
    ) -> Result<Vec<(usize, BTreeSet<String>)>, ExchangeError> {
        if self.0.is_empty() {
            return Ok(Vec::new());
        }
        let tags: Vec<(Month, SubjectTag)> = self.0.keys().copied().collect();
        let mut found = Vec::new();
        for (period, tag, categories) in world.store().opted_out(tags, at).await? {
            let places = self.0.get(&(period, tag)).into_iter().flatten();
            found.extend(places.map(|place| (*place, categories.clone())));
        }
        Ok(found)
    }
}

/// What the registers say of objects that name these people, in `flow`: one look-up, whatever the act is aimed at.
///
/// # Errors
/// [`ExchangeError`] when the store fails; callers share nothing.
pub async fn known<W: Register>(world: &W, naming: Naming, flow: Flow<'_>) -> Result<Known, ExchangeError> {
    let mut known = Known::default();
    for (place, categories) in naming.opted_out(world, flow.at).await? {
        known.opt_outs.entry(place).or_default().extend(categories);
    }
    if flow.facts.value("legal_basis") == Some(&Value::from("consent")) {
        let mandates = world.store().mandates().await?;
        let covering = mandates.iter().filter(|row| in_force(row, flow.at) && covers(&row.mandate, flow));
        known.mandated = Some(covering.flat_map(|row| row.mandate.data_categories.iter().cloned()).collect());
    }
    Ok(known)
}

fn in_force(row: &MandateRow, at: Timestamp) -> bool {
    row.from <= at && at < row.until && row.ended.is_none_or(|ended| at < ended)
}

/// Whether a mandate covers all that is said of a flow. Where nobody said which special categories are in it, none does:
/// what is not said opens no door.
fn covers(mandate: &Mandate, flow: Flow<'_>) -> bool {
    let special = match flow.facts.value("sensitive") {
        Some(Value::List(words)) => {
            words.iter().all(|word| word.as_text().is_some_and(|word| mandate.sensitive.contains(word)))
        }
        _ => false,
    };
    special
        && mandate.agreements.contains(&Text(flow.agreement.clone()))
        && mandate.receivers.contains(&Text(flow.receiver.clone()))
        && mandate.activities.contains(&Text(flow.activity.clone()))
        && mandate.purposes.contains(&Text(flow.purpose.clone()))
}

//! Asking Cedar: one request, put to the rules of every pack of every law.

use super::*;
use crate::pack::{Rule, Seen, Sieve};
use crate::vocabulary::Slot;
use cedar_policy::{EvalResult, eval_expression};

/// The rules that matched in one law, as (pack, rule) indices: undated, so that it can be memoised.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LawMatches {
    /// A permit of the law's own pack matched.
    pub(crate) permitted: bool,
    /// A rule could not be evaluated.
    pub(crate) error: bool,
    pub(crate) rules: Vec<(usize, usize)>,
}

/// The rules that matched, law by law.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Matches {
    pub(crate) laws: Vec<LawMatches>,
}

/// A checked question on its way to the rules.
#[derive(Debug)]
pub(crate) struct Asked<'q> {
    pub(crate) laws: &'q [(LawName, &'q Arc<Law>)],
    pub(crate) vocabulary: &'q Vocabulary,
    pub(crate) question: &'q Question,
    pub(crate) setting: &'q Setting,
    pub(crate) checked: &'q Checked<'q>,
}

/// The laws that an action asks, each once, and those that are not loaded.
pub(crate) fn laws_asked<'l>(
    laws: &'l LawSet,
    term: &crate::vocabulary::ActionTerm,
    question: &Question,
    setting: &Setting,
) -> (Vec<(LawName, &'l Arc<Law>)>, Vec<LawName>) {
    let (mut asked, mut missing): (Vec<(LawName, &Arc<Law>)>, Vec<LawName>) = (Vec::new(), Vec::new());
    let national = setting.national || setting.mode == Mode::Live;
    for place in &term.laws {
        let code = match place {
            LawPlace::Agreement => {
                asked.push((LawName::Agreement, &laws.agreement));
                continue;
            }
            _ if !national => continue,
            LawPlace::Data => &question.sending,
            LawPlace::Asker => &question.receiving,
        };
        let name = LawName::Jurisdiction(code.clone());
        if asked.iter().any(|(held, _)| *held == name) || missing.contains(&name) {
            continue;
        }
        match laws.national.get(code) {
            // A law of a jurisdiction that is itself the pack asked is asked once, as the agreement.
            Some(law) if Arc::ptr_eq(&law.own, &laws.agreement.own) => {}
            Some(law) => asked.push((name, law)),
            None => missing.push(name),
        }
    }
    (asked, missing)
}

/// Asks every law. A pack that several laws include is asked once, for the first of them.
pub(crate) fn ask(asked: &Asked<'_>) -> Result<Arc<Matches>, QuestionError> {
    ask_where(asked, |sieve, seen| sieve.holds(seen) != Some(false))
}

/// [`ask`] of the rules that `could` match, by their sieves.
pub(super) fn ask_where(
    asked: &Asked<'_>,
    could: impl Fn(&Sieve, &Seen<'_>) -> bool,
) -> Result<Arc<Matches>, QuestionError> {
    let seen = seen(asked);
    let mut packs: Vec<&PackSlug> = Vec::new();
    let mut candidates: Vec<(usize, usize, usize, &Rule)> = Vec::new();
    let mut named = vec![false; seen.slots.len()];
    let displaced: BTreeSet<&RuleId> = asked.laws.iter().flat_map(|(_, law)| &law.pack().displaces).collect();
    for (law_index, (_, law)) in asked.laws.iter().enumerate() {
        for (index, compiled) in law.compiled().enumerate() {
            if packs.contains(&&compiled.pack.slug) {
                continue;
            }
            packs.push(&compiled.pack.slug);
            for place in compiled.covering(&asked.question.action) {
                let rule = compiled.rule(*place);
                // What an included pack permits grants nothing: it has no parties of its own.
                let silent = index > 0 && rule.effect == RuleEffect::Permit;
                if silent || displaced.contains(&rule.id) || !could(&rule.sieve, &seen) {
                    continue;
                }
                rule.slots.iter().for_each(|slot| named[*slot] = true);
                candidates.push((law_index, index, *place, rule));
            }
        }
    }
    // Only what these rules name is put to Cedar: a rule sees nothing else.
    let request = request(asked, &seen, |slot| named[slot])?;
    let mut out = Matches { laws: vec![LawMatches::default(); asked.laws.len()] };
    for (law_index, index, place, rule) in candidates {
        let found = &mut out.laws[law_index];
        match rule.matcher().and_then(|matcher| eval_expression(&request, entities(), matcher).ok()) {
            Some(EvalResult::Bool(true)) => {
                found.permitted |= rule.effect == RuleEffect::Permit;
                found.rules.push((index, place));
            }
            Some(EvalResult::Bool(false)) => {}
            // A condition that errs, or comes to no truth at all: never as if it were not there.
            _ => found.error = true,
        }
    }
    Ok(Arc::new(out))
}

/// No entity has attributes or parents: everything is context.
pub(super) fn entities() -> &'static Entities {
    static ENTITIES: LazyLock<Entities> = LazyLock::new(Entities::empty);
    &ENTITIES
}

/// What rules can see of the question: a value for every slot of the vocabulary that is stated.
pub(super) fn seen<'q>(asked: &'q Asked<'q>) -> Seen<'q> {
    static NONE: LazyLock<Value> = LazyLock::new(|| crate::vocabulary::NONE.into());
    let question = asked.question;
    let mut slots = vec![None; asked.vocabulary.keys.len() + 1];
    for (slot, value) in
        asked.checked.given.values.iter().filter(|(slot, _)| asked.checked.bearing.seen[*slot])
    {
        slots[slot] = match value {
            Value::Null if asked.vocabulary.words[slot] => Some(&*NONE),
            // Null of a party, a set, a number or a bool has no value that a rule could compare.
            Value::Null => None,
            value => Some(value),
        };
    }
    Seen { slots, principal: question.receiving.as_str(), resource: question.sending.as_str() }
}

/// The request, with the facts whose places are `wanted`. It is not validated again: every fact was checked
/// against the vocabulary that the schema is generated from.
pub(super) fn request(
    asked: &Asked<'_>,
    seen: &Seen<'_>,
    wanted: impl Fn(Slot) -> bool,
) -> Result<Request, QuestionError> {
    let question = asked.question;
    let types = &asked.vocabulary.entity_types;
    let entity =
        |kind: &EntityTypeName, id: &str| EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id));
    let member = |kind: &EntityTypeName, value: &Value| {
        Some(RestrictedExpression::new_entity_uid(entity(kind, value.as_text()?)))
    };
    let offices = question
        .approvals
        .iter()
        .map(|office| RestrictedExpression::new_entity_uid(entity(&types.office, office.as_str())));
    let mut pairs = vec![(crate::pack::APPROVALS.to_owned(), RestrictedExpression::new_set(offices))];
    for (slot, key) in asked.vocabulary.keys.iter().enumerate().filter(|(slot, _)| wanted(*slot)) {
        let Some(value) = seen.slots[slot] else { continue };
        let expression = match (value, &types.of_fact[slot]) {
            (Value::Bool(truth), None) => Some(RestrictedExpression::new_bool(*truth)),
            (Value::Long(number), None) => Some(RestrictedExpression::new_long(*number)),
            (Value::List(items), Some(kind)) => {
                Some(RestrictedExpression::new_set(items.iter().filter_map(|item| member(kind, item))))
            }
            (value, Some(kind)) => member(kind, value),
            _ => None,
        };
        if let Some(expression) = expression {
            pairs.push((key.as_str().to_owned(), expression));
        }
    }
    let context = Context::from_pairs(pairs).map_err(|error| QuestionError::Engine(error.to_string()))?;
    Request::new(
        entity(&types.party, question.receiving.as_str()),
        entity(&types.action, question.action.as_str()),
        entity(&types.party, question.sending.as_str()),
        context,
        None,
    )
    .map_err(|error| QuestionError::Engine(error.to_string()))
}

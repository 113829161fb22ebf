//! Asking Cedar: one request, put to the rules of every pack of every law.

use super::*;

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
    ask_where(asked, |guards, present| guards.iter().all(|guard| present.contains(guard)))
}

/// [`ask`] of the groups of rules that `could` match, given what is present in the context.
pub(super) fn ask_where(
    asked: &Asked<'_>,
    could: impl Fn(&BTreeSet<String>, &BTreeSet<String>) -> bool,
) -> Result<Arc<Matches>, QuestionError> {
    let (request, present) = request(asked)?;
    let authorizer = Authorizer::new();
    let mut seen: Vec<&PackSlug> = Vec::new();
    let mut out = Matches::default();
    let displaced: BTreeSet<&RuleId> = asked.laws.iter().flat_map(|(_, law)| &law.pack().displaces).collect();
    for (_, law) in asked.laws {
        let mut found = LawMatches::default();
        for (index, compiled) in law.compiled().enumerate() {
            if seen.contains(&&compiled.pack.slug) {
                continue;
            }
            seen.push(&compiled.pack.slug);
            let before = found.rules.len();
            for group in compiled.groups(&asked.question.action) {
                // What an included pack permits grants nothing: it has no parties of its own.
                let silent = index > 0 && group.permits;
                if silent || !could(&group.guards, &present) {
                    continue;
                }
                let response = authorizer.is_authorized(&request, &group.policies, entities());
                found.error |= response.diagnostics().errors().next().is_some();
                for id in response.diagnostics().reason() {
                    let Some(rule) = compiled.index(id) else { continue };
                    if !displaced.contains(&compiled.rule(rule).id) {
                        found.permitted |= group.permits;
                        found.rules.push((index, rule));
                    }
                }
            }
            // In the order of the files, whatever the order of asking.
            found.rules[before..].sort_unstable();
        }
        out.laws.push(found);
    }
    Ok(Arc::new(out))
}

/// No entity has attributes or parents: everything is context.
pub(super) fn entities() -> &'static Entities {
    static ENTITIES: LazyLock<Entities> = LazyLock::new(Entities::empty);
    &ENTITIES
}

/// The request, and which attributes its context has. It is not validated again: every fact was checked against the vocabulary that the schema is
/// generated from.
pub(super) fn request(asked: &Asked<'_>) -> Result<(Request, BTreeSet<String>), QuestionError> {
    let question = asked.question;
    let types = &asked.vocabulary.entity_types;
    let entity =
        |kind: &EntityTypeName, id: &str| EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id));
    let member = |kind: &EntityTypeName, value: &Value| match value {
        Value::Text(id) => Some(RestrictedExpression::new_entity_uid(entity(kind, id))),
        Value::Null => Some(RestrictedExpression::new_entity_uid(entity(kind, crate::vocabulary::NONE))),
        _ => None,
    };
    let offices = question
        .approvals
        .iter()
        .map(|office| RestrictedExpression::new_entity_uid(entity(&types.office, office.as_str())));
    let mut pairs = vec![(crate::pack::APPROVALS.to_owned(), RestrictedExpression::new_set(offices))];
    for (key, value) in &asked.checked.given.values {
        let Some(term) = asked.vocabulary.facts.get(*key).filter(|term| term.covers(&question.action)) else {
            continue;
        };
        let expression = match (value, types.of_fact.get(*key)) {
            (Value::Bool(truth), None) => Some(RestrictedExpression::new_bool(*truth)),
            (Value::Long(number), None) => Some(RestrictedExpression::new_long(*number)),
            (Value::List(items), Some(kind)) => {
                Some(RestrictedExpression::new_set(items.iter().filter_map(|item| member(kind, item))))
            }
            // Null of a party, a set, a number or a bool has no value that a rule could compare.
            (Value::Null, Some(_)) if !matches!(term.kind, crate::vocabulary::FactType::Enum(_)) => None,
            (value, Some(kind)) => member(kind, value),
            _ => None,
        };
        if let (true, Some(expression)) = (term.kind.reaches_rules(), expression) {
            pairs.push((key.as_str().to_owned(), expression));
        }
    }
    for (key, truth) in &asked.checked.derived {
        if asked.vocabulary.facts.get(*key).is_some_and(|term| term.covers(&question.action)) {
            pairs.push((key.as_str().to_owned(), RestrictedExpression::new_bool(*truth)));
        }
    }
    let present = pairs.iter().map(|(key, _)| key.clone()).collect();
    let context = Context::from_pairs(pairs).map_err(|error| QuestionError::Engine(error.to_string()))?;
    let request = Request::new(
        entity(&types.party, question.receiving.as_str()),
        entity(&types.action, question.action.as_str()),
        entity(&types.party, question.sending.as_str()),
        context,
        None,
    )
    .map_err(|error| QuestionError::Engine(error.to_string()))?;
    Ok((request, present))
}

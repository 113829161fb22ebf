use super::ask::{ask_where, entities, request, seen};
use super::*;
use crate::{LawSource as _, Library, shipped, try_case};
use cedar_policy::{Authorizer, PolicySet};

#[test]
fn engine_reasons_are_reasons() {
    for reason in ENGINE_REASONS {
        assert_eq!(engine_reason(reason).as_str(), reason);
    }
}

/// The rules that match when every policy is asked as its lawyers wrote it, alone; what another pack displaces is not asked.
fn as_written(asked: &Asked<'_>) -> BTreeSet<String> {
    let displaced: BTreeSet<_> = asked.laws.iter().flat_map(|(_, law)| &law.pack().displaces).collect();
    let request = request(asked, &seen(asked), |_| true).unwrap();
    let packs = asked
        .laws
        .iter()
        .flat_map(|(_, law)| law.compiled().enumerate().map(|(index, compiled)| (index > 0, &compiled.pack)));
    packs
        .flat_map(|(included, pack)| pack.rules().iter().map(move |rule| (included, rule)))
        .filter(|(included, rule)| !(*included && rule.effect == RuleEffect::Permit))
        .filter(|(_, rule)| !displaced.contains(&rule.id))
        .filter(|(_, rule)| {
            let set = PolicySet::from_policies([rule.policy()]).unwrap();
            let response = Authorizer::new().is_authorized(&request, &set, entities());
            assert!(response.diagnostics().errors().next().is_none());
            response.diagnostics().reason().next().is_some()
        })
        .map(|(_, rule)| rule.id.to_string())
        .collect()
}

fn as_asked(asked: &Asked<'_>, matches: &Matches) -> BTreeSet<String> {
    let found = asked.laws.iter().zip(&matches.laws);
    found
        .flat_map(|((_, law), found)| found.rules.iter().map(move |(pack, rule)| (law, *pack, *rule)))
        .map(|(law, pack, rule)| law.compiled().nth(pack).unwrap().rule(rule).id.to_string())
        .collect()
}

/// Rules that the sieve takes out would not have matched, and what is asked matches as its lawyers wrote it.
#[test]
fn asking_fast_matches_what_the_policies_as_written_match() {
    let mut library = Library::open(shipped()).unwrap();
    let mut compared = 0;
    for path in shipped().list("").into_iter().filter(|path| path.ends_with("/scenarios.jsonl")) {
        let text = String::from_utf8(shipped().read(&path).unwrap().into_owned()).unwrap();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let case = serde_json::from_str(line).unwrap();
            let (laws, question, mut setting) = try_case::read_case(&mut library, &case).unwrap();
            setting.national = true;
            decide_with(&laws, &question, &setting, |asked| {
                let few = ask(asked)?;
                assert_eq!(few, ask_where(asked, |_, _| true)?, "{line}");
                // Asking each rule alone takes a hundred times as long: of every fourth case.
                if compared % 4 == 0 {
                    assert_eq!(as_asked(asked, &few), as_written(asked), "{line}");
                }
                compared += 1;
                Ok(few)
            })
            .unwrap();
        }
    }
    assert!(compared > 0, "no worked case was compared");
}

/// A rule that cannot be evaluated refuses, be it a forbid beside a permit that matches, or a duty.
#[test]
fn a_rule_that_errs_refuses() {
    let mut library = Library::open(shipped()).unwrap();
    let (path, line) = shipped()
        .list("agreements/eu-nis2")
        .into_iter()
        .filter(|path| path.ends_with("/scenarios.jsonl"))
        .map(|path| {
            let bytes = shipped().read(&path).unwrap().into_owned();
            (path, String::from_utf8(bytes).unwrap())
        })
        .find_map(|(path, text)| {
            let permits = |line: &&str| try_case::try_line(&mut library, line)["outcome"] == "permit";
            let line = text.lines().filter(|line| !line.is_empty()).find(permits)?.to_owned();
            Some((path, line))
        })
        .unwrap();
    let (laws, question, setting) =
        try_case::read_case(&mut library, &serde_json::from_str(&line).unwrap()).unwrap();
    assert_eq!(decide(&laws, &question, &setting).unwrap().outcome, Outcome::Permitted, "{path}");
    let covering = laws.agreement.own.covering(&question.action).to_vec();
    assert!(!covering.is_empty());
    for place in covering {
        let mut own = Compiled::clone(&laws.agreement.own);
        let rule = own.rule_mut(place);
        // Adding overflows: the one way in which a validated condition can err, and the loader refuses it.
        rule.ask_instead("9223372036854775807 + 1 == 1".parse().unwrap());
        rule.sieve = crate::pack::Sieve::Untold;
        let agreement = Arc::new(Law { own: Arc::new(own), includes: laws.agreement.includes.clone() });
        let broken = LawSet { agreement, ..laws.clone() };
        let decision = decide(&broken, &question, &setting).unwrap();
        assert_eq!(decision.outcome, Outcome::Refused, "rule {place}");
        assert!(decision.reasons().iter().any(|reason| reason.as_str() == "policy_error"), "rule {place}");
    }
}

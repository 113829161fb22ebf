//! The rules of deciding, one test each, asked under the law of two invented states.

use crate::common::{COMPLETE, edit, fixtures, grove, instant, law_set, question};
use comity_agreement::{Decision, LawSet, Mode, Outcome, Question, QuestionError, Setting, decide};
use comity_terms::{Asserter, Effect, FactKey, Office, Treatment, Value};

fn live(laws: &LawSet, question: &Question) -> Decision {
    decide(laws, question, &Setting::live(true)).unwrap()
}

fn with(more: &[&'static str]) -> Vec<&'static str> {
    let key = |word: &str| word.split('=').next().unwrap().to_owned();
    let kept = COMPLETE.iter().filter(|word| !more.iter().any(|other| key(other) == key(word)));
    kept.chain(more).copied().collect()
}

fn reasons(decision: &Decision) -> Vec<String> {
    decision.reasons().into_iter().map(ToString::to_string).collect()
}

fn kinds(decision: &Decision) -> Vec<&str> {
    decision.obligations.iter().map(|owed| owed.kind.as_str()).collect()
}

#[test]
fn permitted_only_if_every_law_permits() {
    let laws = grove();
    let decision = live(&laws, &question(&laws, &with(&[])));
    assert_eq!(decision.outcome, Outcome::Permitted, "{:?}", decision.grounds);
    let names: Vec<String> = decision.laws.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["agreement", "XA", "XB"]);

    let refused = live(
        &laws,
        &question(&laws, &with(&["data_category=content_data", "personal_data=true", "court_order=true"])),
    );
    assert_eq!(refused.outcome, Outcome::Refused);
    assert_eq!(reasons(&refused), ["content_abroad", "remark"]);
    // The laws that permitted are cited too (C20).
    let permits: Vec<&str> =
        refused.citations.iter().filter(|c| c.effect == Effect::Permit).map(|c| c.rule.as_str()).collect();
    assert_eq!(permits, ["grove.share", "xa.all", "xb.all"]);
}

#[test]
fn a_refusal_for_listed_reasons_names_what_to_strip() {
    let laws = law_set(&fixtures(), "grove", &["XA", "XB"]);
    let asked = question(&laws, &with(&["data_category=content_data", "personal_data=true", "warrant=true"]));
    let decision = live(&laws, &asked);
    let alternative = decision.alternative.unwrap();
    assert_eq!(alternative.reason.as_str(), "content_abroad");
    assert_eq!(alternative.strip.iter().map(|class| class.as_str()).collect::<Vec<_>>(), ["content"]);
}

#[test]
fn a_party_without_law_is_refused() {
    let laws = law_set(&fixtures(), "grove", &["XA"]);
    let decision = live(&laws, &question(&laws, &with(&[])));
    assert_eq!(decision.outcome, Outcome::Refused);
    assert_eq!(reasons(&decision), ["law_not_loaded"]);
}

#[test]
fn no_matching_permit_is_a_refusal() {
    let laws = grove();
    let decision = live(&laws, &question(&laws, &with(&["activity=criminal_investigation"])));
    assert_eq!(reasons(&decision), ["no_governing_rule"]);
    assert_eq!(decision.outcome, Outcome::Refused);
}

#[test]
fn an_included_pack_permits_nothing_but_forbids_and_obliges() {
    let laws = grove();
    let outside = live(&laws, &question(&laws, &with(&["activity=criminal_investigation"])));
    assert!(outside.citations.iter().all(|citation| citation.rule.as_str() != "seal.any"));
    let red = live(&laws, &question(&laws, &with(&["seal=TLP:RED"])));
    assert_eq!(reasons(&red), ["sealed_red"]);
    assert!(kinds(&red).contains(&"keep_marking"), "a refusal carries obligations: {:?}", kinds(&red));
    let alone = law_set(&fixtures(), "seal", &["XA", "XB"]);
    assert_eq!(live(&alone, &question(&alone, &with(&[]))).outcome, Outcome::Permitted);
}

#[test]
fn every_missing_fact_is_named_at_once_and_no_rule_is_asked() {
    let laws = grove();
    let decision = live(&laws, &question(&laws, &["personal_data=true", "data_category=content_data"]));
    assert_eq!(
        reasons(&decision),
        ["fact_missing:activity", "fact_missing:seal", "fact_missing:training_valid"]
    );
    assert!(decision.citations.is_empty());
    let closed = Setting { mode: Mode::ClosedWorld, assume_in_force: false, binding: true, national: false };
    let tried = decide(&laws, &question(&laws, &["activity=threat_intel"]), &closed).unwrap();
    assert_eq!((tried.outcome, tried.mode), (Outcome::Permitted, Mode::ClosedWorld));
}

#[test]
fn a_fact_may_be_required_beside_another_and_be_told_to_nobody() {
    let mut files = fixtures();
    let court = "[court_order]\nsummary     = \"A court ordered it\"\ntype        = \"bool\"\n";
    let required = "told        = false\n[[court_order.required]]\nactions = [\"share\"]\nbeside  = \"vulnerable\"\nunless  = \"personal_data\"\n\
                    [[court_order.required]]\nactions = [\"share\"]\nbeside  = \"data_category\"\nis      = \"content_data\"\n";
    let asserted = "asserted_by = [\"office\"]\n";
    edit(
        &mut files,
        "vocabulary/facts.toml",
        &format!("{court}{asserted}"),
        &format!("{court}{asserted}{required}"),
    );
    let laws = law_set(&files, "grove", &["XA", "XB"]);
    let missing = |more: &[&'static str]| {
        let reasons = reasons(&live(&laws, &question(&laws, &with(more))));
        reasons.contains(&"fact_missing:court_order".to_owned())
    };
    assert!(!missing(&[]), "beside nothing");
    assert!(missing(&["vulnerable=child"]));
    assert!(!missing(&["vulnerable=[]"]), "of nobody");
    assert!(!missing(&["vulnerable=child", "personal_data=true"]), "lifted");
    assert!(missing(&["vulnerable=child", "personal_data=false"]));
    assert!(missing(&["data_category=content_data"]), "of that value alone");
    assert!(!missing(&["data_category=content_data", "warrant=false"]), "stated, by another name");
    let told = laws.vocabulary.told(&question(&laws, &with(&["court_order=true"])).facts);
    assert!(told.get("court_order").is_none() && told.get("seal").is_some());
}

#[test]
fn null_is_an_answer_and_absence_is_none() {
    let laws = grove();
    let decision = live(&laws, &question(&laws, &with(&["seal=null"])));
    assert_eq!(decision.outcome, Outcome::Permitted, "{:?}", decision.grounds);
    assert!(!kinds(&decision).contains(&"keep_marking"), "there is no seal to keep");
}

#[test]
fn nobody_says_what_is_not_theirs_to_say() {
    let laws = grove();
    let mut asked = question(&laws, &with(&[]));
    asked.facts.state(FactKey::new("training_valid").unwrap(), true, Asserter::Officer);
    let decision = live(&laws, &asked);
    assert_eq!(decision.outcome, Outcome::Refused);
    assert!(reasons(&decision).contains(&"fact_not_assertable:training_valid".to_owned()));
}

#[test]
fn what_cannot_be_asked_is_an_error_that_names_the_key() {
    let laws = grove();
    let setting = Setting::live(true);
    let mut unknown = question(&laws, &[]);
    unknown.facts.state(FactKey::new("trainng_valid").unwrap(), true, Asserter::Gateway);
    let error = decide(&laws, &unknown, &setting).unwrap_err();
    assert_eq!(error.to_string(), "no fact `trainng_valid` (did you mean `training_valid`?)");

    let mut mistyped = question(&laws, &[]);
    mistyped.facts.state(FactKey::new("activity").unwrap(), "gardening", Asserter::Officer);
    let error = decide(&laws, &mistyped, &setting).unwrap_err().to_string();
    assert!(error.starts_with("fact `activity`: expected one of threat_intel"), "{error}");
    assert!(!error.contains("gardening"), "an error never repeats a value");

    let mut derived = question(&laws, &[]);
    derived.facts.state(FactKey::new("grant_over").unwrap(), false, Asserter::Gateway);
    assert!(matches!(decide(&laws, &derived, &setting), Err(QuestionError::DerivedFact(_))));

    let both = question(&laws, &["court_order=true", "warrant=false"]);
    assert!(matches!(decide(&laws, &both, &setting), Err(QuestionError::Contradiction(..))));
}

#[test]
fn in_force_and_binding_are_collected_with_everything_else() {
    let laws = grove();
    let mut late = question(&laws, &with(&["seal=TLP:RED"]));
    late.at = instant("2027-01-15T00:00:00Z");
    late.knowledge_time = late.at;
    let decision = decide(&laws, &late, &Setting::live(false)).unwrap();
    assert_eq!(reasons(&decision), ["agreement_not_binding", "instrument_lapsed", "remark", "sealed_red"]);
    // The last day counts.
    // In Helsinki, two hours ahead.
    late.at = instant("2026-12-31T21:59:59Z");
    late.knowledge_time = late.at;
    assert_eq!(reasons(&live(&laws, &late)), ["sealed_red"]);
}

#[test]
fn a_renewal_counts_from_when_it_was_known() {
    let laws = grove();
    let mut asked = question(&laws, &with(&[]));
    asked.at = instant("2027-01-15T00:00:00Z");
    asked.knowledge_time = asked.at;
    assert_eq!(reasons(&live(&laws, &asked)), ["instrument_lapsed", "remark"]);
    asked.knowledge_time = instant("2027-02-01T00:00:00Z");
    assert_eq!(live(&laws, &asked).outcome, Outcome::Permitted);
}

#[test]
fn rules_know_what_a_renewal_covers_and_what_has_run_out() {
    let laws = grove();
    let cited = |knowledge_time: &str| {
        let mut asked = question(&laws, &with(&[]));
        asked.at = instant("2027-01-15T00:00:00Z");
        asked.knowledge_time = instant(knowledge_time);
        let decision = live(&laws, &asked);
        let rules: Vec<String> = decision.citations.iter().map(|c| c.rule.to_string()).collect();
        ["grove.over", "grove.renewed"].map(|rule| rules.iter().any(|cited| cited == rule))
    };
    assert_eq!(cited("2027-01-15T00:00:00Z"), [true, false], "run out, as it was known then");
    assert_eq!(cited("2027-02-01T00:00:00Z"), [false, true], "covered, as it is known now");
}

#[test]
fn a_lapse_that_forbids_nothing_goes_to_the_office_that_the_pack_names() {
    let mut files = fixtures();
    let path = "agreements/grove/pack.toml";
    let text = String::from_utf8(files.0[path].clone()).unwrap();
    let lapse = "[lapse]\nescalate_to = \"reviewer\"\narticle = \"Art. 9\"\n";
    files.0.insert(path.into(), format!("{text}{lapse}").into_bytes());
    let laws = law_set(&files, "grove", &["XA", "XB"]);
    let mut asked = question(&laws, &with(&[]));
    asked.at = instant("2027-01-15T00:00:00Z");
    asked.knowledge_time = asked.at;
    let decision = live(&laws, &asked);
    assert_eq!(decision.outcome, Outcome::Escalated);
    assert_eq!(reasons(&decision), ["instrument_lapsed", "remark"]);
    assert_eq!(decision.escalate_to.iter().map(Office::as_str).collect::<Vec<_>>(), ["reviewer"]);
    asked.approvals.insert("reviewer".parse().unwrap());
    assert_eq!(live(&laws, &asked).outcome, Outcome::Permitted);
}

#[test]
fn what_was_obtained_under_an_instrument_may_outlive_it() {
    let mut files = fixtures();
    let path = "agreements/grove/pack.toml";
    let text = String::from_utf8(files.0[path].clone()).unwrap();
    let end = "[[status]]\nparties = [\"XA\", \"XB\"]\nstate = \"expired\"\nfrom = \"2027-03-01\"\nknown_from = \"2027-02-02\"\n";
    let after = |actions: &str| format!("[after_end]\nactions = [{actions}]\narticle = \"Art. 9\"\n");
    let mut asked_after = |after: &str| {
        files.0.insert(path.into(), format!("{text}{end}{after}").into_bytes());
        let laws = law_set(&files, "grove", &["XA", "XB"]);
        let mut asked = question(&laws, &with(&[]));
        asked.at = instant("2027-03-02T12:00:00Z");
        asked.knowledge_time = asked.at;
        live(&laws, &asked)
    };
    let share = question(&grove(), &with(&[])).action;
    assert!(reasons(&asked_after("")).contains(&"instrument_expired".to_owned()));
    let lasting = asked_after(&after(&format!("{:?}", share.as_str())));
    assert!(!reasons(&lasting).contains(&"instrument_expired".to_owned()));
    assert_eq!(lasting.outcome, Outcome::Permitted);
}

#[test]
fn a_declaration_binds_from_its_day_whoever_deals_with_its_party() {
    let laws = grove();
    let asked = |at: &str, sending: &str, receiving: &str, more: &[&'static str]| {
        let mut asked = question(&laws, &with(more));
        (asked.at, asked.knowledge_time) = (instant(at), instant(at));
        (asked.sending, asked.receiving) = (sending.parse().unwrap(), receiving.parse().unwrap());
        reasons(&live(&laws, &asked))
    };
    assert_eq!(asked("2027-05-31T20:59:59Z", "XA", "XB", &[]), [""; 0]);
    assert_eq!(asked("2027-05-31T21:00:00Z", "XA", "XB", &[]), ["content_abroad"]);
    assert_eq!(asked("2027-05-31T21:00:00Z", "XA", "XB", &["court_order=true"]), ["remark"]);
    assert_eq!(asked("2027-06-01T00:00:00Z", "XB", "XA", &[]), [""; 0], "XA declared nothing");
}

#[test]
fn a_transfer_needs_only_the_sender_as_party() {
    let laws = law_set(&fixtures(), "grove", &["XA"]);
    let mut asked = question(&laws, &with(&[]));
    asked.receiving = "XC".parse().unwrap();
    asked.action = "transfer".parse().unwrap();
    assert_eq!(live(&laws, &asked).outcome, Outcome::Permitted);
    asked.action = "share".parse().unwrap();
    assert_eq!(reasons(&live(&laws, &asked)), ["instrument_not_in_force", "law_not_loaded", "remark"]);
}

#[test]
fn derived_facts_come_from_instants_and_parties() {
    let laws = grove();
    let over = live(&laws, &question(&laws, &with(&["grant_ends_at=2026-11-01T00:00:00Z"])));
    assert_eq!(reasons(&over), ["grant_expired"]);
    let on = live(&laws, &question(&laws, &with(&["grant_ends_at=2026-11-02T09:20:00Z"])));
    assert_eq!(on.outcome, Outcome::Permitted, "the end itself is not after the end");
}

#[test]
fn escalated_only_when_nothing_else_refuses_and_every_office_must_approve() {
    let laws = grove();
    let child = with(&["vulnerable=[\"child\"]"]);
    let decision = live(&laws, &question(&laws, &child));
    assert_eq!((decision.outcome, reasons(&decision)), (Outcome::Escalated, vec!["child_check".to_owned()]));
    assert_eq!(decision.escalate_to.iter().map(Office::as_str).collect::<Vec<_>>(), ["reviewer"]);

    let both = with(&["vulnerable=[\"child\"]", "data_category=content_data"]);
    let mut asked = question(&laws, &both);
    let decision = live(&laws, &asked);
    assert_eq!(decision.escalate_to.iter().map(Office::as_str).collect::<Vec<_>>(), ["judge", "reviewer"]);
    asked.approvals.insert("judge".parse().unwrap());
    assert_eq!(live(&laws, &asked).outcome, Outcome::Escalated);
    asked.approvals.insert("reviewer".parse().unwrap());
    assert_eq!(live(&laws, &asked).outcome, Outcome::Permitted);

    let red = live(&laws, &question(&laws, &with(&["vulnerable=[\"child\"]", "seal=TLP:RED"])));
    assert_eq!(red.outcome, Outcome::Refused);
    assert!(red.escalate_to.is_empty());
    assert_eq!(reasons(&red), ["child_check", "sealed_red"], "every reason is collected");
}

#[test]
fn duties_have_both_ends_of_their_period() {
    let laws = grove();
    let words = with(&["activity=incident_response", "aware_at=2026-11-02T09:20:00Z", "affected=[\"XB\"]"]);
    let decision = live(&laws, &question(&laws, &words));
    let warning = decision.obligations.iter().find(|owed| owed.kind.as_str() == "early_warning").unwrap();
    let due = warning.due.as_ref().unwrap();
    assert_eq!(due.operational, instant("2026-11-03T09:20:00Z"));
    assert_eq!(due.legal_latest, instant("2026-11-03T10:00:00Z"));
    assert_eq!(due.time_rule, "Reg.1182/71 Art.3");
    assert_eq!(warning.terms["to"], ["XB", "XC"].into_iter().collect::<Value>());
    // Without its start the duty stands, without a date.
    let undated = live(&laws, &question(&laws, &with(&["activity=incident_response"])));
    assert!(
        undated.obligations.iter().any(|owed| owed.kind.as_str() == "early_warning" && owed.due.is_none())
    );
}

#[test]
fn the_earliest_erasure_wins_and_a_copy_never_restarts_the_clock() {
    let laws = grove();
    let erase = |more: &[&'static str]| live(&laws, &question(&laws, &with(more))).safeguards.erase_by;
    assert_eq!(erase(&["personal_data=true"]), Some(instant("2026-12-02T09:20:00Z")));
    assert_eq!(erase(&["personal_data=true", "days=10"]), Some(instant("2026-11-12T09:20:00Z")));
    assert_eq!(erase(&["personal_data=true", "days=90"]), Some(instant("2026-12-02T09:20:00Z")));
    let first = "first_delete_by=2026-11-05T00:00:00Z";
    assert_eq!(erase(&["personal_data=true", "days=10", first]), Some(instant("2026-11-05T00:00:00Z")));
    assert_eq!(erase(&["personal_data=true", "days=0"]), Some(instant("2026-11-02T09:20:00Z")));
}

#[test]
fn what_says_that_nothing_is_owed_takes_the_duty_out() {
    let laws = grove();
    let told = live(&laws, &question(&laws, &with(&["personal_data=true"])));
    assert!(kinds(&told).contains(&"notify_subject"));
    assert!(told.safeguards.notify_by.is_some());
    let quiet = live(&laws, &question(&laws, &with(&["personal_data=true", "seal=TLP:AMBER"])));
    assert!(kinds(&quiet).contains(&"no_notification_needed"));
    assert!(!kinds(&quiet).contains(&"notify_subject"));
    assert_eq!(quiet.safeguards.notify_by, None);
}

#[test]
fn a_preservation_that_outlives_erasure_goes_to_people() {
    let laws = grove();
    let words = ["personal_data=true", "court_order=true", "keep_for_court_until=2027-06-01T00:00:00Z"];
    let decision = live(&laws, &question(&laws, &with(&words)));
    assert_eq!(decision.outcome, Outcome::Escalated);
    assert!(reasons(&decision).contains(&"conflict_review".to_owned()));
    assert_eq!(decision.escalate_to.iter().map(Office::as_str).collect::<Vec<_>>(), ["reviewer"]);
}

#[test]
fn treatments_of_packs_join_and_name_their_article() {
    let laws = grove();
    let decision = live(&laws, &question(&laws, &with(&[])));
    let class = "contact".parse().unwrap();
    assert_eq!(decision.safeguards.treatment(&class), Treatment::Pseudonymise);
    assert_eq!(decision.treatment_grounds[&class].article.as_str(), "Art. 4");
    assert_eq!(decision.safeguards.onward.to_string(), "organisation");
}

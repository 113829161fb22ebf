//! What an approval binds, who may give it, whose turn it is, and an act judged again.

use crate::common::{COMPLETE, facts, fixtures, grove, instant, law_set, question};
use comity_agreement::approval::{Approval, Circumstances, Delegation, Person, Void, admit, laws_of};
use comity_agreement::escalation::turn;
use comity_agreement::pack::EscalationStep;
use comity_agreement::reappraisal::reappraise;
use comity_agreement::{LawSet, Outcome, Question, Setting};
use comity_terms::calendar::{Calendar, Count};
use comity_terms::{Digest, Office};
use std::collections::BTreeSet;

fn person(name: &str, unit: Option<&str>) -> Person {
    Person { name: name.into(), unit: unit.map(str::to_owned) }
}

fn child(laws: &LawSet) -> Question {
    let words: Vec<&str> = COMPLETE.iter().copied().chain(["vulnerable=[\"child\"]"]).collect();
    question(laws, &words)
}

fn good(laws: &LawSet, asked: &Question) -> Approval {
    Approval {
        question: asked.digest(),
        rules: ["grove.children".parse().unwrap()].into(),
        packs: laws_of(laws, asked).map(|law| law.digest()).collect(),
        office: "reviewer".parse().unwrap(),
        stands_in: None,
        approver: person("ada", Some("legal")),
        delegation: None,
        expires: instant("2026-11-03T00:00:00Z"),
    }
}

fn admitted(
    laws: &LawSet,
    asked: &Question,
    approvals: &[Approval],
    used: &BTreeSet<Digest>,
) -> (BTreeSet<Office>, Vec<Void>) {
    let escalated = [("grove.children".parse().unwrap(), "reviewer".parse().unwrap())];
    let requester = person("bo", Some("cyber"));
    let circumstances = Circumstances { escalated: &escalated, requester: &requester, used, now: asked.at };
    admit(approvals, laws, asked, circumstances)
}

#[test]
fn approvals_bind_question_laws_rules_and_expiry_and_are_used_once() {
    let laws = grove();
    let asked = child(&laws);
    let good = good(&laws, &asked);
    let none = BTreeSet::new();
    assert_eq!(
        admitted(&laws, &asked, std::slice::from_ref(&good), &none),
        (["reviewer".parse().unwrap()].into(), vec![])
    );
    let void = |approval: Approval| admitted(&laws, &asked, &[approval], &none).1;
    let mut other = asked.clone();
    other.facts = facts(&laws, &["vulnerable=[\"child\",\"patient\"]"]);
    assert_eq!(void(Approval { question: other.digest(), ..good.clone() }), [Void::OtherQuestion]);
    assert_eq!(void(Approval { packs: Default::default(), ..good.clone() }), [Void::OtherLaw]);
    assert_eq!(void(Approval { rules: Default::default(), ..good.clone() }), [Void::OtherRules]);
    assert_eq!(void(Approval { expires: instant("2026-11-01T00:00:00Z"), ..good.clone() }), [Void::Expired]);
    // To the instant: its last one counts.
    assert_eq!(void(Approval { expires: asked.at, ..good.clone() }), []);
    assert_eq!(admitted(&laws, &asked, std::slice::from_ref(&good), &[good.digest()].into()).1, [Void::Used]);
}

#[test]
fn nobody_approves_what_they_asked_nor_through_a_delegate_nor_after_their_term() {
    let laws = grove();
    let asked = child(&laws);
    let good = good(&laws, &asked);
    let lent = |by: &str, until| {
        let delegation = Some(Delegation { by: by.into(), until });
        admitted(&laws, &asked, &[Approval { delegation, ..good.clone() }], &BTreeSet::new()).1
    };
    let own = Approval { approver: person("bo", Some("legal")), ..good.clone() };
    assert_eq!(admitted(&laws, &asked, &[own], &BTreeSet::new()).1, [Void::OwnQuestion]);
    assert_eq!(lent("bo", instant("2026-12-01T00:00:00Z")), [Void::OwnQuestion]);
    assert_eq!(lent("cy", instant("2026-12-01T00:00:00Z")), []);
    assert_eq!(lent("cy", asked.at), [], "the last instant of a term is in it");
    assert_eq!(lent("cy", instant("2026-11-02T09:19:59Z")), [Void::DelegationOver]);
    let judge = Approval { office: "judge".parse().unwrap(), ..good.clone() };
    let (offices, void) = admitted(&laws, &asked, &[good, judge], &BTreeSet::new());
    assert_eq!((offices.len(), void), (1, vec![Void::OtherOffice]), "one person, one office");
}

#[test]
fn four_eyes_and_another_unit_where_the_pack_says_so() {
    let mut files = fixtures();
    let path = "agreements/grove/pack.toml";
    let rights = "[decision_rights]\nfour_eyes = [\"reviewer\"]\nother_unit = [\"reviewer\"]\n";
    files.0.get_mut(path).unwrap().extend(rights.bytes());
    let laws = law_set(&files, "grove", &["XA", "XB"]);
    let asked = child(&laws);
    let by =
        |name: &str, unit: Option<&str>| Approval { approver: person(name, unit), ..good(&laws, &asked) };
    let void = |approvals: &[Approval]| admitted(&laws, &asked, approvals, &BTreeSet::new()).1;
    assert_eq!(void(&[by("ada", Some("legal"))]), [Void::OneOfTwo]);
    assert_eq!(void(&[by("ada", Some("legal")), by("ada", Some("audit"))]), [Void::OneOfTwo]);
    assert_eq!(void(&[by("ada", Some("cyber")), by("cy", Some("cyber"))]), [Void::SameUnit]);
    assert_eq!(
        void(&[by("ada", Some("cyber")), by("cy", None)]),
        [Void::SameUnit],
        "not known to be another"
    );
    assert_eq!(void(&[by("ada", Some("cyber")), by("cy", Some("legal"))]), []);
}

#[test]
fn a_timer_that_runs_out_moves_on_and_never_approves() {
    let step = |office: &str, within: &str| EscalationStep {
        office: office.parse().unwrap(),
        within: within.parse().unwrap(),
    };
    let path = [step("reviewer", "24 hours"), step("judge", "2 hours")];
    let calendar = Calendar::plain();
    let began = instant("2026-11-02T08:00:00Z");
    let at = |now: &str| {
        let turn = turn(&path, began, instant(now), Count::Plain, &calendar).unwrap().unwrap();
        (turn.office.to_string(), turn.until.to_string(), turn.late.len())
    };
    let (first, second) = ("2026-11-03T08:00:00Z".to_owned(), "2026-11-03T10:00:00Z".to_owned());
    assert_eq!(at("2026-11-02T08:00:00Z"), ("reviewer".into(), first.clone(), 0));
    assert_eq!(at("2026-11-03T08:00:00Z"), ("reviewer".into(), first, 0), "the last instant is in time");
    assert_eq!(at("2026-11-03T08:00:01Z"), ("judge".into(), second.clone(), 1));
    assert_eq!(at("2027-11-03T08:00:01Z"), ("judge".into(), second, 2), "the last office keeps it, late");
    assert_eq!(turn(&[], began, began, Count::Plain, &calendar).unwrap(), None);
}

#[test]
fn judging_again_says_both_and_rewrites_nothing() {
    let laws = grove();
    let mut asked = question(&laws, &COMPLETE);
    asked.at = instant("2027-01-15T00:00:00Z");
    let judged = |knowledge_time: &str| {
        let found = reappraise(&laws, &asked, &Setting::live(true), instant(knowledge_time)).unwrap();
        (found.then.outcome, found.now.outcome, found.differs())
    };
    let (refused, permitted) = (Outcome::Refused, Outcome::Permitted);
    assert_eq!(judged("2027-01-31T22:59:59Z"), (refused, refused, false), "not yet known to be renewed");
    assert_eq!(
        judged("2027-01-31T23:00:00Z"),
        (refused, permitted, true),
        "covered from the day it was known, by the clocks of both"
    );
}

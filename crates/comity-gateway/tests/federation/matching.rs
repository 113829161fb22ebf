//! Whether a partner holds values, without either showing its own: decided at both ends, within a budget, logged by counts.

use crate::house::{House, PHISHING, pair};
use crate::questions::{self, AGREEMENT, houses, misbehaved, proved, refused};
use crate::recall::told;
use crate::{MOST, client, entries, files, holds};
use comity_exchange::federation::frame::{Frame, SignedHeader};
use comity_exchange::federation::matching::{
    MatchAnswerHeader, MatchAttachments, MatchHeader, MatchResult, MatchStep,
};
use comity_exchange::matching::{Asked, End};
use comity_exchange::misbehaviour::Misbehaviour;
use comity_exchange::ports::{MatchChange, Matches as _, OptOutState, Record, Store as _};
use comity_exchange::shell::Shell as _;
use comity_exchange::signature::{Domain, PartyKey};
use comity_exchange::subject::Claim;
use comity_exchange::wire::{Base64, Text, facts_to_wire, law_digests};
use comity_gateway::gateway::GatewayError;
use comity_gateway::work::audit::replay;
use comity_gateway::work::matching::{Order, order, read_values};
use comity_gateway::work::opt_outs;
use comity_gateway::work::subjects::SeenByOfficer;
use comity_minimise::Limits;
use comity_minimise::matching::{BATCH, Blinded, MatchValue};
use comity_terms::ids::MatchId;
use comity_terms::{Asserter, Day, Digest, Facts, Month, PackSlug, Purpose, Timestamp};
use serde_json::Value as Json;
use std::collections::BTreeSet;

const MATCHES: &str = "/federation/v1/matches";

fn values(text: &str) -> BTreeSet<MatchValue> {
    read_values(text.as_bytes(), &Limits::default()).unwrap()
}

fn asked_for(holder: &House, text: &str) -> Order {
    Order {
        values: values(text),
        officer: "trained".to_owned(),
        under: AGREEMENT.parse().unwrap(),
        with: holder.party(),
        activity: "threat_intel".parse().unwrap(),
        purpose: "cyber_defence".parse().unwrap(),
        facts: Vec::new(),
    }
}

/// Asks, and gives the values that matched.
async fn ask(asker: &House, order_: Order) -> (Vec<String>, Asked) {
    let (_, values, asked) = order(&asker.gateway, order_).await.unwrap();
    let matched = values.iter().zip(&asked.matched).filter(|(_, matched)| **matched == Some(true));
    (matched.map(|(value, _)| value.value().to_owned()).collect(), asked)
}

async fn spent(holder: &House, asker: &House) -> u64 {
    let gateway = &holder.gateway;
    let (agreement, purpose): (PackSlug, Purpose) =
        (AGREEMENT.parse().unwrap(), "cyber_defence".parse().unwrap());
    let month = Month::of(gateway.now());
    gateway.store().match_spent(&asker.party(), &agreement, &purpose, month).await.unwrap()
}

/// A value of the bundle that stays as it is: what an indicator of it looks for.
fn held() -> String {
    let all = comity_minimise::matching::match_values(PHISHING, &Limits::default());
    let one = all.iter().find(|value| value.kind() == "domain").expect("the example names a domain");
    one.value().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_learns_which_of_its_own_values_are_held_and_no_log_tells_a_value() {
    let (holder, asker) = houses().await;
    let held = held();
    let text = format!("# indicators\n{}\nnowhere.example\n198.51.100.77\n", held.to_uppercase());
    let (matched, asked) = ask(&asker, asked_for(&holder, &text)).await;
    assert_eq!(asked.end, End::Complete);
    assert_eq!(matched, [held.as_str()]);
    assert_eq!((asked.matched.len(), asked.evaluations), (3, BATCH as u64), "one batch, whatever is in it");
    assert_eq!(asked.left, Some(12_800 - BATCH as u64));
    assert!(asked.traffic.filter > 0);
    assert!(asked.decision.citations.iter().any(|citation| citation.rule.to_string() == "nis2.29-1.share"));

    // Both logs tell it by counts; how much matched, the asker's alone.
    let at_asker = told(&asker, "match.asked").await.pop().unwrap();
    assert_eq!((&at_asker["values"], &at_asker["to"]), (&3.into(), &"EE".into()));
    assert_eq!(at_asker["rulings"][0]["outcome"], "permit");
    let done = told(&asker, "match.done").await.pop().unwrap();
    assert_eq!(
        (&done["matched"], &done["answered"], &done["result"]),
        (&1.into(), &3.into(), &"complete".into())
    );
    let opened = told(&holder, "match.opened").await.pop().unwrap();
    assert!(opened["records"].as_u64() > Some(0) && opened["matched"].as_u64() > Some(0), "{opened}");
    assert!(opened["key"].is_string() && opened["filter"].is_string());
    let answered = told(&holder, "match.answered").await.pop().unwrap();
    assert_eq!((&answered["evaluations"], &answered["used"]), (&128.into(), &128.into()));
    assert!(answered.get("matched").is_none(), "the holder does not know");
    for house in [&holder, &asker] {
        house.gateway.finish().await;
        for (path, bytes) in files(house.gateway.directory().data()) {
            let law = path.components().any(|part| part.as_os_str() == "law");
            assert!(law || !holds(&bytes, &held), "{} holds a value", path.display());
        }
        let replayed = replay(&house.gateway, true, |_| {}).await.unwrap();
        assert_eq!((replayed.identical, replayed.different.len()), (replayed.decisions, 0), "{replayed:?}");
    }

    // The filter of a day is sent once.
    let (matched, again) = ask(&asker, asked_for(&holder, &held)).await;
    assert_eq!((matched, again.traffic.filter), (vec![held], 0));
    assert_eq!(spent(&holder, &asker).await, 2 * BATCH as u64);
    assert_eq!(told(&holder, "match.opened").await.len(), 1, "made ready once");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_values_than_a_batch_has_are_asked_batch_by_batch() {
    let (holder, asker) = houses().await;
    let held = held();
    let many: Vec<String> = (0..150).map(|number| format!("host{number}.nowhere.example")).collect();
    let (matched, asked) = ask(&asker, asked_for(&holder, &format!("{}\n{held}", many.join("\n")))).await;
    assert_eq!((asked.end, matched), (End::Complete, vec![held]));
    assert_eq!(asked.evaluations, 2 * BATCH as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_laws_do_not_let_be_asked_is_not_asked() {
    let (holder, asker) = houses().await;
    let before = entries(&holder).await;
    let mut criminal = asked_for(&holder, "nowhere.example");
    criminal.purpose = "criminal_investigation".parse().unwrap();
    let untrained = Order { officer: "untrained".to_owned(), ..asked_for(&holder, "nowhere.example") };
    for (order, reason) in [(criminal, "incompatible_purpose"), (untrained, "training_not_valid")] {
        let (matched, asked) = ask(&asker, order).await;
        assert_eq!((asked.end.clone(), matched), (End::RefusedHere, vec![]));
        let reasons: Vec<String> = asked.decision.reasons().iter().map(ToString::to_string).collect();
        assert!(reasons.contains(&reason.to_owned()), "{reasons:?}");
        assert_eq!(asked.matched, [None]);
    }
    assert_eq!(entries(&holder).await, before, "nothing reached the holder");
    assert_eq!(told(&asker, "match.asked").await.len(), 2, "the refusals are recorded");

    // For another purpose there is another set: what is kept for cyber defence is not matched for research.
    let mut research = asked_for(&holder, &held());
    research.purpose = "research".parse().unwrap();
    let (matched, asked) = ask(&asker, research).await;
    assert_eq!((asked.end, matched), (End::Complete, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_has_not_signed_the_agreement_is_asked_nothing() {
    let (holder, asker) = pair(&["EE", "FI"], false).await;
    holder.officers().await;
    let gone = order(&asker.gateway, asked_for(&holder, "nowhere.example")).await;
    assert!(matches!(gone, Err(GatewayError::Input(_))), "it is not adopted here: {gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_that_is_down_leaves_values_without_an_answer() {
    let (holder, asker) = houses().await;
    let at = holder.unplug(&asker).await;
    let (matched, asked) = ask(&asker, asked_for(&holder, "nowhere.example")).await;
    assert!(matches!(&asked.end, End::Broken { misbehaved: None, .. }), "{:?}", asked.end);
    assert_eq!((matched, asked.matched), (vec![], vec![None]));
    assert_eq!(told(&asker, "match.done").await[0]["result"], "broken");
    holder.plug(&asker, at).await;
    assert_eq!(ask(&asker, asked_for(&holder, "nowhere.example")).await.1.end, End::Complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_for_the_same_day_is_misbehaviour() {
    let (holder, asker) = houses().await;
    assert_eq!(ask(&asker, asked_for(&holder, "nowhere.example")).await.1.end, End::Complete);
    // The holder forgets the day and draws another key.
    let gateway = &holder.gateway;
    let matching = MatchChange { ended: Some("9999-12-31".parse().unwrap()), ..MatchChange::default() };
    gateway.store().record(Record { matching, ..Record::default() }).await.unwrap();
    gateway.match_secrets().destroy(&[Day::of(gateway.now())]).unwrap();
    let (_, asked) = ask(&asker, asked_for(&holder, "nowhere.example")).await;
    let End::Broken { misbehaved, why } = asked.end else { panic!("{:?}", asked.end) };
    assert_eq!(misbehaved, Some(Misbehaviour::MatchKeyChanged), "{why}");
    let recorded = told(&asker, "peer.misbehaved").await.pop().unwrap();
    assert_eq!(recorded, serde_json::json!({ "peer": "EE", "kind": "match_key_changed" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_is_used_up_refuses_until_the_next_month() {
    let (holder, asker) = houses().await;
    // What is set counts from the next start.
    let directory = holder.gateway.directory().clone();
    std::fs::write(
        directory.settings(),
        "[matching]\nbudgets = [{ partner = \"FI\", purpose = \"cyber_defence\", evaluations_per_month = 300 }]\n",
    )
    .unwrap();
    let address = holder.address();
    let holder = House::reopen(holder.close().await, directory, address).await;
    let many: Vec<String> = (0..300).map(|number| format!("host{number}.nowhere.example")).collect();
    let (_, asked) = ask(&asker, asked_for(&holder, &many.join("\n"))).await;
    let next = Month::of(holder.gateway.now()).bounds().unwrap().1;
    assert_eq!(asked.end, End::OverBudget { again_at: Some(next) });
    assert_eq!(asked.matched.iter().flatten().count(), 2 * BATCH, "what was answered stays answered");
    assert_eq!((asked.evaluations, asked.left), (2 * BATCH as u64, Some(300 - 2 * BATCH as u64)));
    assert_eq!(spent(&holder, &asker).await, 2 * BATCH as u64, "a refusal uses nothing");
    let refused = told(&holder, "match.answered").await.pop().unwrap();
    assert_eq!((&refused["result"], &refused["evaluations"]), (&"over_budget".into(), &0.into()));
    // It is durable, and of this partner and purpose alone.
    let directory = holder.gateway.directory().clone();
    let holder = House::reopen(holder.close().await, directory, address).await;
    let (_, asked) = ask(&asker, asked_for(&holder, "nowhere.example")).await;
    assert!(matches!(asked.end, End::OverBudget { .. }));
    let mut response = asked_for(&holder, "nowhere.example");
    response.purpose = "incident_response".parse().unwrap();
    assert_eq!(ask(&asker, response).await.1.end, End::Complete);
}

/// A question as FI's gateway signs it, with a receipt of its log; bent as `bend` does.
async fn question(
    asker: &House,
    holder: &House,
    id: MatchId,
    (step, bodies): (MatchStep, &[u8]),
    bend: impl Fn(&mut MatchHeader),
    key: Option<&PartyKey>,
) -> Vec<u8> {
    let gateway = &asker.gateway;
    let (entry, receipt) = proved(asker).await;
    let agreement: PackSlug = AGREEMENT.parse().unwrap();
    let lent = gateway.laws(&agreement, &holder.party()).unwrap();
    let mut facts = Facts::new();
    facts.state("specific_identifier".parse().unwrap(), true, Asserter::Detected);
    let mut header = MatchHeader {
        version: 1,
        match_id: Text(id),
        asker: Text(asker.party()),
        holder: Text(holder.party()),
        agreement: Text(agreement),
        laws: law_digests(&lent.laws),
        activity: Text("threat_intel".parse().unwrap()),
        purpose: Text("cyber_defence".parse().unwrap()),
        facts: facts_to_wire(&facts),
        at: Text(gateway.now()),
        step,
        entry: Base64(entry.to_bytes().to_vec()),
    };
    bend(&mut header);
    let key = key.unwrap_or(&gateway.signatory().key);
    let signed = SignedHeader::sign(serde_json::to_vec(&header).unwrap(), Domain::Match, key);
    signed.frame(&serde_json::to_vec(&MatchAttachments { receipt }).unwrap(), bodies)
}

fn evaluate(day: Day, batch: u32, elements: &[u8]) -> MatchStep {
    MatchStep::Evaluate { day: Text(day), batch, elements: Text(Digest::of(elements)) }
}

fn batch(text: &str) -> Vec<u8> {
    let value = MatchValue::new(text).unwrap();
    let mut entropy = comity_gateway::clock::OsEntropy;
    Blinded::draw(&[&value], &mut entropy).unwrap().bytes().to_vec()
}

fn answer(bytes: &[u8]) -> MatchAnswerHeader {
    questions::answer(bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_batch_gets_the_same_answer_and_another_one_a_conflict() {
    let (holder, asker) = houses().await;
    ask(&asker, asked_for(&holder, "nowhere.example")).await;
    let road = client(&asker, &holder);
    let id = MatchId::draw(&mut comity_gateway::clock::OsEntropy);
    let day = Day::of(holder.gateway.now());
    let open = question(&asker, &holder, id, (MatchStep::Open { have: None }, &[]), |_| {}, None).await;
    assert_eq!(answer(&road.post(MATCHES, open, MOST).await.unwrap()).result, MatchResult::Opened);
    let used = spent(&holder, &asker).await;
    let elements = batch("nowhere.example");
    let frame = question(&asker, &holder, id, (evaluate(day, 1, &elements), &elements), |_| {}, None).await;
    let first = road.post(MATCHES, frame.clone(), MOST).await.unwrap();
    assert_eq!(answer(&first).result, MatchResult::Evaluated);
    let before = entries(&holder).await;
    let header = |bytes: &[u8]| Frame::parse(bytes).unwrap().dangerous_unverified_header().to_vec();
    let again = road.post(MATCHES, frame, MOST).await.unwrap();
    assert_eq!(
        (header(&again), Frame::parse(&again).unwrap().bodies),
        (header(&first), Frame::parse(&first).unwrap().bodies)
    );
    assert_eq!(entries(&holder).await, before, "a replay is no act");
    assert_eq!(spent(&holder, &asker).await, used + BATCH as u64, "and uses nothing");

    let other = batch("elsewhere.example");
    let frame = question(&asker, &holder, id, (evaluate(day, 1, &other), &other), |_| {}, None).await;
    refused(road.post(MATCHES, frame, MOST).await, 409, "another batch under the number");
    assert_eq!(misbehaved(&holder).await, "match_conflict");
    assert_eq!(spent(&holder, &asker).await, used + BATCH as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_question_is_refused_by_its_name_and_recorded() {
    let (holder, asker) = houses().await;
    ask(&asker, asked_for(&holder, "nowhere.example")).await;
    let road = client(&asker, &holder);
    let id = MatchId::draw(&mut comity_gateway::clock::OsEntropy);
    let day = Day::of(holder.gateway.now());
    let whole = batch("nowhere.example");
    let with = |element: [u8; 32]| [&element[..], &whole[32..]].concat();
    let mut other_encoding = [0xff; 32];
    (other_encoding[0], other_encoding[31]) = (0xed, 0x7f);
    let used = spent(&holder, &asker).await;
    for (what, elements) in [
        ("a batch of another size", whole[32..].to_vec()),
        ("the identity", with([0; 32])),
        ("an element in another encoding", with(other_encoding)),
        ("no batch", Vec::new()),
    ] {
        let step = (evaluate(day, 1, &elements), &elements[..]);
        let frame = question(&asker, &holder, id, step, |_| {}, None).await;
        let before = entries(&holder).await;
        refused(road.post(MATCHES, frame, MOST).await, 400, what);
        assert_eq!(entries(&holder).await, before + 1, "{what}: recorded");
        assert_eq!(misbehaved(&holder).await, "match_unreadable", "{what}");
    }
    let stranger = PartyKey::from_seed(&[9; 32]);
    let forged =
        question(&asker, &holder, id, (evaluate(day, 1, &whole), &whole), |_| {}, Some(&stranger)).await;
    refused(road.post(MATCHES, forged, MOST).await, 400, "signed by a stranger");
    assert_eq!(misbehaved(&holder).await, "match_forged");
    let swapped = question(&asker, &holder, id, (evaluate(day, 1, &[]), &whole), |_| {}, None).await;
    refused(road.post(MATCHES, swapped, MOST).await, 400, "another digest");
    let unproven = |header: &mut MatchHeader| header.entry.0[20] ^= 1;
    let unproven = question(&asker, &holder, id, (evaluate(day, 1, &whole), &whole), unproven, None).await;
    refused(road.post(MATCHES, unproven, MOST).await, 400, "an entry that is not logged");
    assert_eq!(misbehaved(&holder).await, "match_unproven");
    assert_eq!(spent(&holder, &asker).await, used, "nothing was evaluated");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_holder_cannot_or_may_not_answer_says_why() {
    let (holder, asker) = houses().await;
    ask(&asker, asked_for(&holder, "nowhere.example")).await;
    let road = client(&asker, &holder);
    let id = MatchId::draw(&mut comity_gateway::clock::OsEntropy);
    let (today, gone): (Day, Day) = (Day::of(holder.gateway.now()), "2026-01-01".parse().unwrap());
    let whole = batch("nowhere.example");
    type Bend = fn(&mut MatchHeader);
    let cases: [(&str, Day, Bend, MatchResult); 4] = [
        ("a day that has passed", gone, |_| {}, MatchResult::DayOver),
        (
            "a scope that nobody opened",
            today,
            |header| header.purpose = Text("research".parse().unwrap()),
            MatchResult::DayOver,
        ),
        ("other laws", today, |header| _ = header.laws.pop_last(), MatchResult::LawVersion),
        (
            "what the holder's laws refuse",
            today,
            |header| header.purpose = Text("criminal_investigation".parse().unwrap()),
            MatchResult::Refused,
        ),
    ];
    for (number, (what, day, bend, result)) in cases.into_iter().enumerate() {
        let step = (evaluate(day, number as u32 + 1, &whole), &whole[..]);
        let frame = question(&asker, &holder, id, step, bend, None).await;
        let before = entries(&holder).await;
        let said = answer(&road.post(MATCHES, frame, MOST).await.unwrap());
        assert_eq!(said.result, result, "{what}");
        assert_eq!(entries(&holder).await - before, u64::from(result.is_act()), "{what}");
        if result == MatchResult::Refused {
            assert!(said.reasons.iter().any(|reason| reason.0.to_string() == "incompatible_purpose"));
            assert!(said.citations.iter().any(|rule| rule.rule == "nis2.29-1.purpose"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_that_asks_for_ever_other_sets_gets_sixteen_a_day() {
    let (holder, asker) = houses().await;
    ask(&asker, asked_for(&holder, "nowhere.example")).await;
    let road = client(&asker, &holder);
    let id = MatchId::draw(&mut comity_gateway::clock::OsEntropy);
    let mut results = Vec::new();
    // One was opened by the question before.
    for number in 0_i64..16 {
        let other = |header: &mut MatchHeader| {
            let mut facts = Facts::new();
            facts.state("specific_identifier".parse().unwrap(), true, Asserter::Detected);
            facts.state("lookups_done".parse().unwrap(), number, Asserter::Gateway);
            header.facts = facts_to_wire(&facts);
        };
        let frame = question(&asker, &holder, id, (MatchStep::Open { have: None }, &[]), other, None).await;
        results.push(answer(&road.post(MATCHES, frame, MOST).await.unwrap()));
    }
    let last = results.pop().unwrap();
    assert!(results.iter().all(|said| said.result == MatchResult::Opened), "{results:?}");
    assert_eq!(
        (last.result, last.again_at),
        (MatchResult::OverBudget, Some(Text(Day::of(holder.gateway.now()).end())))
    );
    // What is there is given still.
    assert_eq!(ask(&asker, asked_for(&holder, "nowhere.example")).await.1.end, End::Complete);
}

#[test]
fn a_file_that_looks_for_nothing_says_so() {
    let read =
        |bytes: &[u8]| read_values(bytes, &Limits::default()).map(|_| ()).map_err(|error| error.to_string());
    assert_eq!(read(b"# a remark\n\n"), Err("nothing to look for is in it".to_owned()));
    let long = format!("one.example\n{}\n", "a".repeat(5_000));
    assert_eq!(read(long.as_bytes()), Err("line 2: too long for a value".to_owned()));
    assert_eq!(read(b"one.example\n\xff\n"), Err("neither STIX nor text: byte 12 is no UTF-8".to_owned()));
    assert!(read(b"{\"type\":").is_err());
}

/// Somebody is known by this address, and what is held names them.
const CROOK: &str = "billing@invoice.example.com";

/// Opts whoever has this address out of the preventive sharing of data about health, before an officer.
async fn opted_out(house: &House, email: &str) {
    let claim = serde_json::json!({ "identifiers": [{ "kind": "email", "value": email }] });
    let claim = Claim::read(claim.to_string().as_bytes()).unwrap();
    let until = Timestamp::from_second(house.gateway.now().as_second() + 90 * 86_400).unwrap();
    let filed = opt_outs::file(&house.gateway, &claim, &["health".to_owned()], until).await.unwrap();
    let seen = SeenByOfficer(true);
    let decided = opt_outs::decide(&house.gateway, filed.row.id, &claim, "trained", &seen).await.unwrap();
    assert_eq!(decided.state, OptOutState::InForce);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_opted_out_is_matched_as_little_as_shared_and_nobody_is_told() {
    let (holder, asker) = houses().await;
    let text = format!("{CROOK}\n{}\n", held());
    // Without an opt-out both are found: in a house of its own, for a day's set is made once.
    let (other, friend) = houses().await;
    let (matched, before) = ask(&friend, asked_for(&other, &text)).await;
    assert_eq!((matched.len(), before.end), (2, End::Complete), "{matched:?}");

    opted_out(&holder, CROOK).await;
    let (matched, asked) = ask(&asker, asked_for(&holder, &text)).await;
    assert_eq!((matched, asked.end.clone()), (vec![held()], End::Complete), "what names nobody stays");
    let opened = told(&holder, "match.opened").await.pop().unwrap();
    assert!(opened["opted_out"].as_u64() > Some(0), "an overseer sees how many: {opened}");
    // What the asker gets is as long, and its log tells of it nothing else.
    assert_eq!(asked.traffic.filter, before.traffic.filter);
    let done = told(&asker, "match.done").await.pop().unwrap();
    let known = told(&friend, "match.done").await.pop().unwrap();
    let keys = |told: &Json| told.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&done), keys(&known));

    // A partner's word that it is not of such a category does not count: it does not see what is held.
    let says =
        Order { facts: vec![("sensitive".parse().unwrap(), "[]".to_owned())], ..asked_for(&holder, &text) };
    assert_eq!(ask(&asker, says).await.0, [held()]);
    // A lawful targeted act is not touched, as of a share.
    let targeted =
        Order { facts: vec![("targeted".parse().unwrap(), "true".to_owned())], ..asked_for(&holder, &text) };
    assert_eq!(ask(&asker, targeted).await.0.len(), 2);
    let replayed = replay(&holder.gateway, true, |_| {}).await.unwrap();
    assert_eq!((replayed.identical, replayed.different.len()), (replayed.decisions, 0), "{replayed:?}");
}

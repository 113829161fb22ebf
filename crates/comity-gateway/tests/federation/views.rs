//! Remote view: a partner's officer looks at what stays where it is, decided at both ends, counted, logged, seen once.

use crate::house::{House, pair};
use crate::questions::{self, AGREEMENT, houses, misbehaved, proved, refused};
use crate::recall::told;
use crate::uses::CREDENTIAL_PAGE;
use crate::{MOST, client, entries, files, holds};
use comity_exchange::collect::Selector;
use comity_exchange::federation::frame::{Frame, SignedHeader};
use comity_exchange::federation::referral::padded;
use comity_exchange::federation::view::{
    ViewAnswerHeader, ViewAttachments, ViewHeader, ViewResult, looked_for,
};
use comity_exchange::ports::Uses as _;
use comity_exchange::report::ExchangeOutcome;
use comity_exchange::shell::Shell as _;
use comity_exchange::signature::{Domain, PartyKey};
use comity_exchange::subject::Claim;
use comity_exchange::view::{End, Viewed};
use comity_exchange::wire::{Base64, Text, facts_to_wire, law_digests};
use comity_gateway::clock::OsEntropy;
use comity_gateway::gateway::{Gateway, GatewayError};
use comity_gateway::work::audit::replay;
use comity_gateway::work::dry;
use comity_gateway::work::views::{Order, order};
use comity_gateway::work::{manage, share};
use comity_store::DryUntil;
use comity_terms::ids::ViewId;
use comity_terms::{Asserter, Digest, Facts, Month, PackSlug, Timestamp};
use comity_vault::{TransportSecret, seal_offer};
use serde_json::Value as Json;
use std::path::Path;
use std::sync::Arc;

const VIEWS: &str = "/federation/v1/views";

/// The person whom the campaign of the example targets.
const VICTIM: &str = "identity--cbf27734-ac10-4525-8b66-402800e03d2c";

fn at(holder: &House, id: &str) -> Order {
    Order {
        officer: "trained".to_owned(),
        under: AGREEMENT.parse().unwrap(),
        with: holder.party(),
        activity: "threat_intel".parse().unwrap(),
        purpose: "cyber_defence".parse().unwrap(),
        selector: Selector::Objects(vec![id.to_owned()]),
        facts: Vec::new(),
        attestations: Vec::new(),
    }
}

async fn look(asker: &House, order_: Order) -> Viewed {
    order(&asker.gateway, order_).await.unwrap().1
}

fn records(viewed: &Viewed) -> Vec<Json> {
    viewed.records.iter().map(|record| serde_json::from_str(record).unwrap()).collect()
}

fn reasons(viewed: &Viewed) -> Vec<String> {
    viewed.reasons.iter().map(ToString::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_with_a_partner_is_seen_once_counted_there_and_kept_nowhere_else() {
    let (holder, asker) = houses().await;
    let viewed = look(&asker, at(&holder, CREDENTIAL_PAGE)).await;
    assert_eq!((&viewed.end, viewed.masked, reasons(&viewed)), (&End::Viewed, 0, vec![]));
    let seen = records(&viewed);
    assert_eq!((seen.len(), seen[0]["id"].as_str()), (1, Some(CREDENTIAL_PAGE)));
    let pattern = seen[0]["pattern"].as_str().unwrap().to_owned();

    // At the holder: a use, decided with articles before it was opened, then the answer. Nothing of what was looked for.
    let used = told(&holder, "records.viewed").await.pop().unwrap();
    assert_eq!((&used["given"], &used["reader"]), (&1.into(), &"FI".into()));
    assert_eq!(used["rulings"][0]["outcome"], "permit");
    let answered = told(&holder, "view.answered").await.pop().unwrap();
    assert_eq!((&answered["result"], &answered["given"]), (&"viewed".into(), &1.into()));
    let exchange = used["of"][0].as_str().unwrap().parse().unwrap();
    let uses = holder.gateway.store().used(exchange, 10).await.unwrap();
    assert_eq!((uses.len(), uses[0].action.as_str(), uses[0].given), (1, "remote_view", 1));
    // At the asker: that it asked and looked, by counts.
    let asked = told(&asker, "view.asked").await.pop().unwrap();
    assert_eq!((&asked["to"], &asked["rulings"][0]["outcome"]), (&"EE".into(), &"permit".into()));
    let done = told(&asker, "view.done").await.pop().unwrap();
    assert_eq!((&done["result"], &done["given"], &done["masked"]), (&"viewed".into(), &1.into(), &0.into()));
    for told in [used, answered, asked, done] {
        assert!(!told.to_string().contains(CREDENTIAL_PAGE), "an entry tells no id: {told}");
    }
    for house in [&holder, &asker] {
        house.gateway.finish().await;
        for (path, bytes) in files(house.gateway.directory().data()) {
            let law = path.components().any(|part| part.as_os_str() == "law");
            assert!(law || !holds(&bytes, &pattern), "{} holds what was seen", path.display());
        }
        let replayed = replay(&house.gateway, true, |_| {}).await.unwrap();
        assert_eq!((replayed.identical, replayed.different.len()), (replayed.decisions, 0), "{replayed:?}");
    }

    // Who is not targeted is masked, as for an officer there (C27); what is not there is nothing.
    let viewed = look(&asker, at(&holder, VICTIM)).await;
    assert_eq!((&viewed.end, viewed.masked, reasons(&viewed)), (&End::Viewed, 1, vec![]));
    assert_eq!(records(&viewed)[0]["name"], "masked-cbf27734", "{:?}", records(&viewed));
    let viewed = look(&asker, at(&holder, "indicator--0c7e22ad-b099-4dc3-b0df-2ea3f49ae2e6")).await;
    assert_eq!((&viewed.end, viewed.records.len()), (&End::Viewed, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_askers_law_does_not_let_its_officer_use_is_not_asked() {
    let (holder, asker) = houses().await;
    let before = entries(&holder).await;
    let criminal = Order { purpose: "employment_decision".parse().unwrap(), ..at(&holder, CREDENTIAL_PAGE) };
    let untrained = Order { officer: "untrained".to_owned(), ..at(&holder, CREDENTIAL_PAGE) };
    let mine = entries(&asker).await;
    let untried = Order { officer: "untrained".to_owned(), ..at(&holder, CREDENTIAL_PAGE) };
    let act = async |dry: &Arc<Gateway>| order(dry, untried).await;
    let would = dry::run(&asker.gateway, DryUntil::FirstRecord, act).await.unwrap();
    let said = &would.entries[0].decisions[0];
    assert_eq!((would.outcome, would.entries[0].act.as_str()), ("deny", "view.asked"));
    assert!(said.reasons.contains(&"training_not_valid".to_owned()), "{said:?}");
    assert!(
        said.citations.iter().any(|rule| rule.effect == "forbid" && !rule.article.is_empty()),
        "{said:?}"
    );
    assert_eq!(entries(&asker).await, mine, "a dry run is no act, and draws no officer's first key");
    for (order, reason) in [(criminal, "incompatible_purpose"), (untrained, "training_not_valid")] {
        let viewed = look(&asker, order).await;
        assert_eq!((viewed.end.clone(), viewed.records.len()), (End::RefusedHere, 0));
        let reasons: Vec<String> = viewed.decision.reasons().iter().map(ToString::to_string).collect();
        assert!(reasons.contains(&reason.to_owned()), "{reasons:?}");
        let mut rules = viewed.decision.citations.iter().map(|rule| rule.article.to_string());
        assert!(rules.any(|article| !article.is_empty()), "with the article");
    }
    assert_eq!(entries(&holder).await, before, "nothing reached the holder");
    assert_eq!(told(&asker, "view.asked").await.len(), 2, "the refusals are recorded");
    let all = Order { selector: Selector::Types(vec!["identity".to_owned()]), ..at(&holder, "") };
    let unspecific = order(&asker.gateway, all).await;
    assert!(matches!(unspecific, Err(GatewayError::Input(_))), "{unspecific:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_looked_at_as_often_as_the_law_lets_and_then_refused_with_its_article() {
    let (holder, asker) = houses().await;
    // The baseline: twenty look-ups of one person in thirty days, whoever looks.
    for _ in 0..20 {
        assert_eq!(look(&asker, at(&holder, VICTIM)).await.records.len(), 1);
    }
    let viewed = look(&asker, at(&holder, VICTIM)).await;
    assert_eq!((&viewed.end, viewed.records.len()), (&End::RefusedThere, 0));
    assert_eq!(reasons(&viewed), ["breadth_cap_reached"]);
    let rule = viewed.citations.iter().find(|rule| rule.effect == "forbid").unwrap();
    assert!(rule.article.contains("C15"), "{rule:?}");
    // Of what is about nobody nothing is counted.
    assert_eq!(look(&asker, at(&holder, CREDENTIAL_PAGE)).await.records.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_is_used_up_shows_nothing_until_the_next_month() {
    let (holder, asker) = houses().await;
    let directory = holder.gateway.directory().clone();
    std::fs::write(directory.settings(), "[matching]\nevaluations_per_month = 200\n").unwrap();
    let address = holder.address();
    let holder = House::reopen(holder.close().await, directory, address).await;
    let viewed = look(&asker, at(&holder, CREDENTIAL_PAGE)).await;
    assert_eq!((viewed.records.len(), viewed.left), (1, Some(72)));
    let viewed = look(&asker, at(&holder, CREDENTIAL_PAGE)).await;
    assert_eq!((&viewed.end, viewed.records.len(), viewed.left), (&End::OverBudget, 0, Some(72)));
    assert_eq!(viewed.again_at, Some(Month::of(holder.gateway.now()).bounds().unwrap().1));
    assert_eq!(told(&holder, "records.viewed").await.len(), 1, "nothing was looked for");
    assert_eq!(told(&holder, "view.answered").await.pop().unwrap()["result"], "over_budget");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_under_another_agreement_is_not_there_to_be_seen() {
    let (holder, asker) = houses().await;
    for house in [&holder, &asker] {
        manage::adopt(&house.gateway, "comity-open", Path::new("/")).await.unwrap();
    }
    holder.meet(&asker, asker.address()).await;
    asker.meet(&holder, holder.address()).await;
    let open = Order { under: "comity-open".parse().unwrap(), ..at(&holder, CREDENTIAL_PAGE) };
    let viewed = look(&asker, open).await;
    assert_eq!((&viewed.end, viewed.records.len(), reasons(&viewed)), (&End::Viewed, 0, vec![]));
    // Nor is what it keeps for another purpose.
    let research = Order { purpose: "research".parse().unwrap(), ..at(&holder, CREDENTIAL_PAGE) };
    assert_eq!(look(&asker, research).await.records.len(), 0);
}

/// A question as FI's gateway signs it, with a receipt of its log; bent as `bend` does.
async fn question(
    asker: &House,
    holder: &House,
    (id, looked_at): (ViewId, &[u8]),
    bend: impl Fn(&mut ViewHeader),
    key: Option<&PartyKey>,
) -> Vec<u8> {
    let gateway = &asker.gateway;
    let (entry, receipt) = proved(asker).await;
    let agreement: PackSlug = AGREEMENT.parse().unwrap();
    let lent = gateway.laws(&agreement, &holder.party()).unwrap();
    let mut facts = Facts::new();
    facts.know("specific_identifier", true, Asserter::Detected);
    facts.know("training_valid", true, Asserter::Gateway);
    let to = gateway.known_peer(&holder.party()).unwrap().identity.transport.unwrap();
    let to = to.seal_to(gateway.now()).unwrap();
    let info = ViewHeader::seal_info(id, &asker.party(), &holder.party());
    let clear = padded(looked_at.to_vec());
    let sealed = seal_offer(&to.public, &info, &[(b"looked for", &clear)], &mut OsEntropy).unwrap();
    let mut header = ViewHeader {
        version: 1,
        view_id: Text(id),
        asker: Text(asker.party()),
        holder: Text(holder.party()),
        agreement: Text(agreement),
        laws: law_digests(&lent.laws),
        activity: Text("threat_intel".parse().unwrap()),
        purpose: Text("cyber_defence".parse().unwrap()),
        facts: facts_to_wire(&facts),
        at: Text(gateway.now()),
        transport_key: Text(to.id),
        encapsulated: Base64(sealed.encapsulated),
        sealed: Text(Digest::of(&sealed.ciphertexts[0])),
        answer_to: Base64(TransportSecret::draw(&mut OsEntropy).public().to_bytes().to_vec()),
        entry: Base64(entry.to_bytes().to_vec()),
    };
    bend(&mut header);
    let key = key.unwrap_or(&gateway.signatory().key);
    let signed = SignedHeader::sign(serde_json::to_vec(&header).unwrap(), Domain::View, key);
    let attachments = ViewAttachments { receipt: Some(receipt) };
    signed.frame(&serde_json::to_vec(&attachments).unwrap(), &sealed.ciphertexts[0])
}

fn looks_for(id: &str) -> Vec<u8> {
    looked_for(&Selector::Objects(vec![id.to_owned()])).unwrap()
}

fn answer(bytes: &[u8]) -> ViewAnswerHeader {
    questions::answer(bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_question_gets_the_same_answer_and_another_one_a_conflict() {
    let (holder, asker) = houses().await;
    look(&asker, at(&holder, CREDENTIAL_PAGE)).await;
    let road = client(&asker, &holder);
    let id = ViewId::draw(&mut OsEntropy);
    let frame = question(&asker, &holder, (id, &looks_for(CREDENTIAL_PAGE)), |_| {}, None).await;
    let first = road.post(VIEWS, frame.clone(), MOST).await.unwrap();
    assert_eq!((answer(&first).result, answer(&first).given), (ViewResult::Viewed, 1));
    let before = entries(&holder).await;
    let again = road.post(VIEWS, frame, MOST).await.unwrap();
    let part = |bytes: &[u8]| {
        let frame = Frame::parse(bytes).unwrap();
        (frame.dangerous_unverified_header().to_vec(), frame.bodies.to_vec())
    };
    assert_eq!(part(&again), part(&first), "byte for byte, to the key that opened it once");
    assert_eq!(entries(&holder).await, before, "a replay is no act, and nothing is opened again");
    let other = question(&asker, &holder, (id, &looks_for(VICTIM)), |_| {}, None).await;
    refused(road.post(VIEWS, other, MOST).await, 409, "another question under the id");
    assert_eq!(misbehaved(&holder).await, "view_conflict");
    // One that is replayed after its answer is forgotten is too old by then.
    let hours = |hours: i64| Timestamp::from_second(asker.gateway.now().as_second() - hours * 3_600).unwrap();
    for then in [hours(2), hours(-2)] {
        let id = ViewId::draw(&mut OsEntropy);
        let bend = |header: &mut ViewHeader| header.at = Text(then);
        let frame = question(&asker, &holder, (id, &looks_for(CREDENTIAL_PAGE)), bend, None).await;
        assert_eq!(answer(&road.post(VIEWS, frame, MOST).await.unwrap()).result, ViewResult::Stale);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_question_is_refused_by_its_name_and_nothing_is_opened() {
    let (holder, asker) = houses().await;
    look(&asker, at(&holder, CREDENTIAL_PAGE)).await;
    let road = client(&asker, &holder);
    let good = looks_for(CREDENTIAL_PAGE);
    let fresh = || ViewId::draw(&mut OsEntropy);
    let ask = async |looked_at: &[u8], bend: &dyn Fn(&mut ViewHeader), key: Option<&PartyKey>| {
        question(&asker, &holder, (fresh(), looked_at), bend, key).await
    };
    let same: &dyn Fn(&mut ViewHeader) = &|_| {};
    let forged = PartyKey::from_seed(&[7; 32]);
    let tampered = {
        let mut frame = ask(&good, same, None).await;
        *frame.last_mut().unwrap() ^= 1;
        frame
    };
    let cases = [
        (ask(&good, same, Some(&forged)).await, "view_forged"),
        (tampered, "view_unreadable"),
        (ask(&good, &|header| header.asker = Text("EE".parse().unwrap()), None).await, "view_unreadable"),
        (ask(&good, &|header| header.answer_to = Base64(vec![1; 31]), None).await, "view_unreadable"),
        (ask(&good, &|header| header.entry.0[37] ^= 1, None).await, "view_unproven"),
        (ask(&good, &|header| header.encapsulated.0[0] ^= 1, None).await, "view_unreadable"),
        (ask(br#"{"types":["identity"]}"#, same, None).await, "view_unreadable"),
        (ask(br#"{"objects":[]}"#, same, None).await, "view_unreadable"),
    ];
    for (frame, kind) in cases {
        refused(road.post(VIEWS, frame, MOST).await, 400, kind);
        assert_eq!(misbehaved(&holder).await, kind);
    }
    refused(road.post(VIEWS, b"not a frame".to_vec(), MOST).await, 400, "no frame");
    assert_eq!(told(&holder, "records.viewed").await.len(), 1, "nothing was looked for");
    // What this gateway alone knows nobody states for it.
    let mut facts = Facts::new();
    facts.know("specific_identifier", true, Asserter::Detected);
    facts.know("training_valid", false, Asserter::Gateway);
    facts.know("lookups_cap", 1_000_000, Asserter::Gateway);
    let wire = facts_to_wire(&facts);
    let frame = ask(&good, &|header| header.facts.clone_from(&wire), None).await;
    let said = answer(&road.post(VIEWS, frame, MOST).await.unwrap());
    assert_eq!((said.result, said.given), (ViewResult::Refused, 0));
    assert!(said.reasons.iter().any(|reason| reason.0.to_string() == "training_not_valid"), "{said:?}");
    assert!(said.citations.iter().any(|rule| rule.effect == "forbid" && !rule.article.is_empty()));
}

/// Who lives in Arcadia, of whom its law tells other states nothing.
const RESIDENT: &str = "identity--6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10";
const RESIDENTS: &str = r#"{"type":"bundle","id":"bundle--0c7e22ad-b099-4dc3-b0df-2ea3f49ae2e6","objects":[
 {"type":"identity","spec_version":"2.1","id":"identity--6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10","created":"2026-01-01T00:00:00Z",
  "modified":"2026-01-01T00:00:00Z","name":"Ilmar Varga","identity_class":"individual"}]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_leave_is_looked_at_where_it_is() {
    let (holder, asker) = pair(&["XA", "FI"], false).await;
    asker.officers().await;
    for house in [&holder, &asker] {
        manage::adopt(&house.gateway, "comity-open", Path::new("/")).await.unwrap();
    }
    holder.meet(&asker, asker.address()).await;
    asker.meet(&holder, holder.address()).await;
    let give = async |to: &House| {
        let order = share::Order {
            bundle: Arc::new(RESIDENTS.as_bytes().to_vec()),
            officer: "trained".to_owned(),
            under: "comity-open".parse().unwrap(),
            to: to.party(),
            activity: "threat_intel".parse().unwrap(),
            purpose: "cyber_defence".parse().unwrap(),
            facts: vec![("target_location".parse().unwrap(), "XA".to_owned())],
            attestations: Vec::new(),
            assume_in_force: false,
            added: None,
            once: None,
        };
        share::share(&holder.gateway, order).await.unwrap()
    };
    assert_eq!(give(&holder).await.outcome, ExchangeOutcome::Delivered, "it is kept at home");
    let refused = give(&asker).await;
    assert_eq!(refused.outcome, ExchangeOutcome::Refused, "it does not leave");
    let cited = |rule: &str| {
        let mut all = refused.decisions.iter().flat_map(|decision| &decision.citations);
        all.any(|citation| citation.rule == rule)
    };
    assert!(cited("xa.nda-5.residents"), "{refused:?}");
    let offered = serde_json::to_string(&refused.decisions).unwrap();
    assert!(offered.contains("remote_view") && offered.contains("answer_only"), "{offered}");
    let seen = Order {
        under: "comity-open".parse().unwrap(),
        facts: vec![("target_location".parse().unwrap(), "XA".to_owned())],
        ..at(&holder, RESIDENT)
    };
    let viewed = look(&asker, seen).await;
    assert_eq!((&viewed.end, viewed.records.len()), (&End::Viewed, 1), "{:?}", reasons(&viewed));
    assert_eq!(records(&viewed)[0]["id"], RESIDENT);
    // Finland's law treats more than was treated when it was kept: it sees what a mask leaves.
    assert_eq!(viewed.masked, 1);
    let name = records(&viewed)[0]["name"].clone();
    assert!(name.as_str().unwrap().starts_with("masked-"), "{name}");
    // By whom it is about.
    let claim = br#"{"identifiers":[{"kind":"name","value":"Ilmar Varga"}]}"#;
    let person = Order {
        under: "comity-open".parse().unwrap(),
        selector: Selector::Person(Claim::read(claim).unwrap()),
        ..at(&holder, "")
    };
    assert_eq!(look(&asker, person).await.records.len(), 1);
}

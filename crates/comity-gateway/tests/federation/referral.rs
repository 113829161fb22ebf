//! One door: what a person asks at one gateway goes to whoever may hold their data, each of which decides by its own law, and
//! comes back to where they asked.

use crate::crossing::{about, many};
use crate::house::{House, PHISHING};
use crate::recall::told;
use crate::recall_chain::{held, line, share, stricter};
use crate::{MOST, client, entries};
use comity_exchange::federation::frame::{Frame, SignedHeader};
use comity_exchange::federation::referral::{
    ReferralAnswerHeader, ReferralAttachments, ReferralHeader, ReferralResult,
};
use comity_exchange::ports::{ReferralSent, RequestRow, Subjects as _};
use comity_exchange::proofs::receipt;
use comity_exchange::shell::Shell as _;
use comity_exchange::signature::Signature;
use comity_exchange::subject::{Claim, Filed, Kind};
use comity_exchange::wire::{Base64, Text};
use comity_gateway::net::client::ClientError;
use comity_gateway::work::subjects::{self, Closed, SeenByOfficer};
use comity_gateway::work::{audit, doctor, manage, referrals};
use comity_terms::Timestamp;
use serde_json::{Value as Json, json};
use std::path::Path;
use std::time::Duration;

const CROOK: &str = "billing@invoice.example.com";
const REFERRALS: &str = "/federation/v1/referrals";

async fn filed(house: &House, kind: Kind, email: &str) -> Filed {
    let claim = json!({ "identifiers": [{ "kind": "email", "value": email }], "text": "What do you have?" });
    let claim = Claim::read(claim.to_string().as_bytes()).unwrap();
    subjects::file(&house.gateway, kind, &claim).await.unwrap()
}

async fn decided(house: &House, filed: &Filed, facts: &[(&str, &str)]) -> Closed {
    let facts: Vec<_> =
        facts.iter().map(|(key, value)| (key.parse().unwrap(), (*value).to_owned())).collect();
    subjects::decide(&house.gateway, filed.number, "trained", &SeenByOfficer(true), &facts).await.unwrap()
}

/// The one request that waits at a gateway, decided by its officer, who has seen nobody: the partner vouches.
async fn decided_there(house: &House, facts: &[(&str, &str)]) -> Closed {
    let waiting = house.gateway.store().requests(false).await.unwrap();
    assert_eq!(waiting.len(), 1, "a task, with a date of its own law");
    assert!(waiting[0].due_legal_latest > waiting[0].filed_at);
    let seen = subjects::show(&house.gateway, waiting[0].id, "trained").await.unwrap();
    assert_eq!(seen.text(), Some("What do you have?"), "what was stated came whole");
    let facts: Vec<_> =
        facts.iter().map(|(key, value)| (key.parse().unwrap(), (*value).to_owned())).collect();
    let check = SeenByOfficer(false);
    subjects::decide(&house.gateway, waiting[0].id, "trained", &check, &facts).await.unwrap()
}

async fn row(house: &House, filed: &Filed) -> RequestRow {
    house.gateway.store().request(filed.number).await.unwrap().unwrap()
}

/// Asks again until the first partner has said this.
async fn until(house: &House, filed: &Filed, done: impl Fn(&RequestRow) -> bool) -> RequestRow {
    for _ in 0..600 {
        let row = row(house, filed).await;
        if done(&row) {
            return row;
        }
        referrals::once(&house.gateway).await.unwrap();
        // Its next try is due by the clock, not by this loop.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{:?}", row(house, filed).await)
}

async fn status(house: &House, filed: &Filed) -> Json {
    let text = subjects::status(&house.gateway, filed.number, &filed.code).await.unwrap().unwrap();
    serde_json::from_str(&text).unwrap()
}

fn result(row: &RequestRow) -> Option<ReferralResult> {
    row.detail.referrals.first().and_then(|one| one.result)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_asks_goes_to_whoever_holds_their_data_and_comes_back() {
    let houses = line(&["EE", "FI", "BE"]).await;
    let [first, second, third] = houses.as_slice() else { unreachable!() };
    let given = share(first, second, PHISHING).await;
    share(second, third, &held(second, given).await).await;

    let asked = filed(first, Kind::Access, CROOK).await;
    let closed = decided(first, &asked, &[]).await;
    assert_eq!(closed.decided.record["referred"][0]["to"], "FI", "{}", closed.decided.record);
    let taken = row(first, &asked).await;
    assert_eq!((taken.detail.referrals.len(), result(&taken)), (1, Some(ReferralResult::Taken)));
    let before = status(first, &asked).await;
    assert_eq!(
        (&before["state"], &before["elsewhere"]),
        (&json!("answered"), &json!([])),
        "here it is answered"
    );
    assert_eq!(before["partners"][0]["party"], "FI", "where to turn, whatever went there");

    let there = decided_there(second, &[]).await;
    assert!(there.decided.record["granted"].as_u64().unwrap() > 0, "{}", there.decided.record);
    assert_eq!(there.decided.record["vouched"], true);
    let onward: Vec<_> =
        there.decided.record["referred"].as_array().unwrap().iter().map(|one| &one["to"]).collect();
    assert_eq!(onward, [&json!("BE")], "not back to where it came from");
    let halfway = until(first, &asked, |row| result(row) == Some(ReferralResult::Answered)).await;
    assert!(!halfway.detail.referrals[0].complete, "the third owes an answer still");

    decided_there(third, &[]).await;
    let theirs = second.gateway.store().requests(true).await.unwrap().remove(0).id;
    for _ in 0..600 {
        let row = second.gateway.store().request(theirs).await.unwrap().unwrap();
        if row.detail.referrals[0].complete {
            break;
        }
        referrals::once(&second.gateway).await.unwrap();
        // Its next try is due by the clock, not by this loop.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    until(first, &asked, |row| row.detail.referrals[0].complete).await;
    let told_back = status(first, &asked).await;
    let parties: Vec<&Json> =
        told_back["elsewhere"].as_array().unwrap().iter().map(|one| &one["party"]).collect();
    assert_eq!(parties, [&json!("FI"), &json!("BE")]);
    for one in told_back["elsewhere"].as_array().unwrap() {
        assert!(!one["answer"]["records"].as_array().unwrap().is_empty(), "{one}");
        assert_eq!(one["answer"]["party"], one["party"], "decided by its own law");
    }
    // Nothing of who asked stands in any log, and each tells the case.
    for house in &houses {
        let overseen = subjects::overseen(&house.gateway).await.unwrap();
        assert!(!json!(overseen).to_string().contains("invoice.example.com"));
        assert!(overseen.iter().any(|told| told["act"] == "request.decided"));
    }
    assert_eq!(referrals::standing(&first.gateway, Timestamp::MAX).await.unwrap(), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn however_much_a_partner_holds_of_a_person_it_comes_back() {
    let many = many();
    let houses = line(&["EE", "FI"]).await;
    let [first, second] = houses.as_slice() else { unreachable!() };
    for part in 0..2 {
        share(first, second, &about(CROOK, part * many / 2, (part + 1) * many / 2)).await;
    }
    let asked = filed(first, Kind::Access, CROOK).await;
    decided(first, &asked, &[]).await;
    let there = decided_there(second, &[]).await;
    assert_eq!(
        there.decided.record["granted"].as_u64(),
        Some(many as u64),
        "{}",
        there.decided.record["held"]
    );
    until(first, &asked, |row| row.detail.referrals[0].complete).await;
    let told_back = status(first, &asked).await;
    let records = told_back["elsewhere"][0]["answer"]["records"].as_array().map(Vec::len);
    assert_eq!(records, Some(many), "every record, though each had its way through two gateways");
}

/// What somebody reads from outside, without what is of each request alone.
fn without_ids(mut status: Json) -> Json {
    for key in ["number", "filed_at", "decided_at", "due", "due_operational", "due_legal_latest"] {
        for part in ["", "answer"] {
            let part = if part.is_empty() { &mut status } else { &mut status[part] };
            if part.get(key).is_some() {
                part[key] = json!(part[key].as_str().map(str::len));
            }
        }
    }
    for way in status["answer"]["remedies"].as_array_mut().into_iter().flatten() {
        way["until"] = json!(null);
    }
    status
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_a_request_went_on_is_not_told_where_nothing_may_be_said() {
    let houses = line(&["EE", "FI"]).await;
    let [first, second] = houses.as_slice() else { unreachable!() };
    share(first, second, PHISHING).await;
    let against = [("restriction_ground", "obstruct_investigation")];
    let (crook, nobody) =
        (filed(first, Kind::Access, CROOK).await, filed(first, Kind::Access, "nobody@example.org").await);
    decided(first, &crook, &against).await;
    let gone = decided(first, &nobody, &against).await;
    assert_eq!(gone.decided.record["referred"], json!([]), "nobody was named to anybody");
    decided_there(second, &against).await;
    let heard = until(first, &crook, |row| row.detail.referrals[0].complete).await;
    assert_eq!(result(&heard), Some(ReferralResult::Answered));
    let (one, other) = (status(first, &crook).await, status(first, &nobody).await);
    assert_eq!(without_ids(one.clone()), without_ids(other.clone()));
    assert_eq!(one.to_string().len(), other.to_string().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_law_refuses_nothing_goes_and_the_person_is_told_where_to_turn() {
    let houses = line(&["EE", "FI"]).await;
    let [first, second] = houses.as_slice() else { unreachable!() };
    share(first, second, PHISHING).await;
    let rule = r#"
@id("ee.person.here")
@article("Regulation (EU) 2016/679 Art. 12, 15 to 21")
@summary("What a person states goes to nobody else.")
@reason("ground_not_available")
@enforce("suppress")
forbid (principal, action == Action::"refer_request", resource)
when { context has identity_verified };
"#;
    let room = tempfile::tempdir().unwrap();
    let folder = stricter(room.path(), "EE", &[("forbids.cedar", rule)]);
    manage::adopt(&first.gateway, folder.to_str().unwrap(), Path::new("/")).await.unwrap();
    let asked = filed(first, Kind::Access, CROOK).await;
    let closed = decided(first, &asked, &[]).await;
    let referred = &closed.decided.record["referred"][0];
    assert_eq!((&referred["to"], &referred["not_sent"]), (&json!("FI"), &json!("refused")), "{referred}");
    assert!(referred["ruling"]["rules"].to_string().contains("ee.person.here"));
    referrals::once(&first.gateway).await.unwrap();
    assert!(second.gateway.store().requests(true).await.unwrap().is_empty(), "nothing went");
    assert_eq!(status(first, &asked).await["partners"][0]["party"], "FI");
}

/// The frame of a referral as its gateway sends it.
async fn framed(house: &House, row: &RequestRow, sent: &ReferralSent) -> Vec<u8> {
    let (entry, integrated) = house.gateway.store().request_integrated(row.id).await.unwrap().unwrap();
    let receipt = receipt(house.gateway.store(), entry, &integrated).await.unwrap().to_string();
    let attachments = serde_json::to_vec(&ReferralAttachments { receipt }).unwrap();
    let signature = Signature(sent.signature.0.as_slice().try_into().unwrap());
    SignedHeader { header: sent.header.0.clone(), signature }.frame(&attachments, &sent.body.0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_that_is_down_is_asked_until_it_answers_and_a_forged_or_repeated_referral_does_nothing() {
    let houses = line(&["EE", "FI"]).await;
    let [first, second] = houses.as_slice() else { unreachable!() };
    share(first, second, PHISHING).await;
    // The way to it, as it was before its partner lost it.
    let to = client(first, second);
    let at = second.unplug(first).await;
    let asked = filed(first, Kind::Complain, CROOK).await;
    decided(first, &asked, &[]).await;
    let waits = row(first, &asked).await;
    assert_eq!((waits.detail.referrals.len(), result(&waits)), (1, None));
    // Nobody answers: overdue in figures, ledger and doctor.
    let due = waits.detail.referrals[0].due.0;
    let late = due.checked_add(Duration::from_secs(1)).unwrap();
    assert_eq!(referrals::standing(&first.gateway, due).await.unwrap(), (1, 0));
    assert_eq!(referrals::standing(&first.gateway, late).await.unwrap(), (1, 1));
    let owed = audit::ledger(&first.gateway).await.unwrap();
    assert!(
        owed.iter().any(|duty| duty["owner"] == "FI" && duty["state"] == "open" && duty["type"] == "answer")
    );
    let looked = doctor::examine(&first.gateway).await.unwrap();
    assert!(looked.iter().any(|looked| looked.what == "referrals"));

    let frame = framed(first, &waits, waits.detail.referrals[0].sent.as_ref().unwrap()).await;
    let parsed = Frame::parse(&frame).unwrap();
    let bent = |bend: &dyn Fn(&mut ReferralHeader)| {
        let mut header: ReferralHeader =
            serde_json::from_slice(parsed.dangerous_unverified_header()).unwrap();
        bend(&mut header);
        header.sign(&first.gateway.signatory().key).frame(parsed.attachments, parsed.bodies)
    };
    let mut flipped = frame.clone();
    flipped[60] ^= 1;
    let mut body = frame.clone();
    *body.last_mut().unwrap() ^= 1;
    let cases = [
        ("noise", b"hello".to_vec(), "referral_unreadable"),
        ("a bit is flipped", flipped, "referral_forged"),
        ("another body", body, "referral_unreadable"),
        ("an entry of its own making", bent(&|header| header.entry.0[20] ^= 1), "referral_unproven"),
        ("passed on for ever", bent(&|header| header.depth = 8), "referral_unreadable"),
        (
            "sealed for another case",
            bent(&|header| header.case_id = Text(asked.number)),
            "referral_unreadable",
        ),
        ("no entry", bent(&|header| header.entry = Base64(Vec::new())), "referral_unreadable"),
    ];
    for (what, bytes, kind) in cases {
        let refused = to.post(REFERRALS, bytes, MOST).await.unwrap_err();
        assert!(matches!(refused, ClientError::Refused { status: 400, .. }), "{what}: {refused:?}");
        assert_eq!(told(second, "peer.misbehaved").await.last().unwrap()["kind"], kind, "{what}");
        assert!(second.gateway.store().requests(true).await.unwrap().is_empty(), "{what}: nothing is filed");
    }
    second.plug(first, at).await;
    until(first, &asked, |row| result(row) == Some(ReferralResult::Taken)).await;
    let entered = entries(second).await;
    let again = to.post(REFERRALS, frame.clone(), MOST).await.unwrap();
    assert_eq!(to.post(REFERRALS, frame, MOST).await.unwrap(), again, "byte for byte");
    assert_eq!(entries(second).await, entered, "nothing happens twice");
    let header: ReferralAnswerHeader =
        serde_json::from_slice(Frame::parse(&again).unwrap().dangerous_unverified_header()).unwrap();
    assert_eq!((header.result, header.complete), (ReferralResult::Taken, false));
    assert_eq!(
        second.gateway.store().requests(false).await.unwrap().len(),
        1,
        "a complaint is a task there too"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_that_comes_by_two_ways_is_taken_once() {
    let houses = line(&["EE", "FI", "BE"]).await;
    let [first, second, third] = houses.as_slice() else { unreachable!() };
    first.meet(third, third.address()).await;
    third.meet(first, first.address()).await;
    let given = share(first, second, PHISHING).await;
    share(first, third, PHISHING).await;
    share(second, third, &held(second, given).await).await;
    let asked = filed(first, Kind::Access, CROOK).await;
    decided(first, &asked, &[]).await;
    let there = decided_there(second, &[]).await;
    let row = second.gateway.store().request(there.decided.row.id).await.unwrap().unwrap();
    assert_eq!(row.detail.referrals[0].to.0, third.party());
    assert_eq!((result(&row), row.detail.referrals[0].complete), (Some(ReferralResult::Known), true));
    assert_eq!(third.gateway.store().requests(true).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_nobody_answers_in_time_is_overdue_for_whoever_looks() {
    let house = House::open("EE").await;
    let asked = filed(&house, Kind::Access, CROOK).await;
    let row = row(&house, &asked).await;
    let due = row.due_legal_latest;
    let late = due.checked_add(Duration::from_secs(1)).unwrap();
    for (now, overdue) in [(due, 0), (late, 1)] {
        assert_eq!(subjects::waiting(&house.gateway, now).await.unwrap(), (1, overdue));
        assert_eq!(subjects::status_json(&row, now)["overdue"], overdue == 1, "on the person's own page too");
    }
    let all = doctor::examine(&house.gateway).await.unwrap();
    let looked = all.iter().find(|looked| looked.what == "requests").unwrap();
    assert!(looked.found.contains("1 requests of persons wait, none is overdue"), "{looked:?}");
}

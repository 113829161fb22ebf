//! Escalated exchanges: who may approve what, when, how often, and what comes of it.

use crate::entries;
use crate::house::{House, pair};
use comity_agreement::approval::{Approval, Person};
use comity_exchange::ports::{ApprovalRow, EscalationRow, Officer, Record, Store as _, Turn};
use comity_exchange::report::{ExchangeOutcome, ExchangeReport};
use comity_exchange::shell::Shell as _;
use comity_exchange::wire::Text;
use comity_gateway::gateway::GatewayError;
use comity_gateway::watch::metrics;
use comity_gateway::work::approve::{self, Came, Word};
use comity_gateway::work::{audit, manage, offices};
use comity_terms::{Act, ExchangeId, Office, Timestamp};
use serde_json::json;

/// A bundle of which no class is refused.
const BUNDLE: &[u8] = include_bytes!("../../../../examples/bundles/ransomware-c2.json");

/// What the shipped packs leave to a reviewer.
const CHILD: [(&str, &str); 1] = [("vulnerable", "[\"child\"]")];
const REVIEWER: &str = "designated_reviewer";
/// Who comes after the reviewer.
const NEXT: &str = "national_security_authority";

async fn employ(house: &House, name: &str, role: &str, unit: Option<&str>, days: i64) {
    let until = house.gateway.now().as_second() + days * 86_400;
    let officer = Officer {
        name: name.to_owned(),
        role: role.to_owned(),
        unit: unit.map(str::to_owned),
        training_until: Timestamp::from_second(until).unwrap(),
        password_hash: String::new(),
    };
    manage::add_officer(&house.gateway, officer).await.unwrap();
}

/// An escalated exchange of a sender whose reviewer is `mari`.
async fn escalated() -> (House, House, ExchangeId) {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    employ(&sender, "mari", REVIEWER, None, 365).await;
    let told = sender.share_with("trained", BUNDLE, &CHILD).await;
    assert_eq!(told.outcome, ExchangeOutcome::Escalated);
    assert!(told.waiting.unwrap().contains(REVIEWER));
    (sender, receiver, told.exchange_id.0)
}

async fn says(
    house: &House,
    officer: &str,
    office: &str,
    exchange: ExchangeId,
) -> Result<Came, GatewayError> {
    let office: Office = office.parse().unwrap();
    let word = Word { exchange, officer, office: &office };
    approve::approve(&house.gateway, &word, None).await
}

fn why(came: Result<Came, GatewayError>) -> String {
    match came {
        Err(GatewayError::Input(why)) => why,
        other => panic!("not said to be wrong: {other:?}"),
    }
}

fn went_on(came: Result<Came, GatewayError>) -> ExchangeReport {
    match came {
        Ok(Came::WentOn(report)) => *report,
        other => panic!("did not go on: {other:?}"),
    }
}

async fn identical(house: &House) -> u64 {
    let replayed = audit::replay(&house.gateway, false, |_| {}).await.unwrap();
    assert_eq!(replayed.different, []);
    assert_eq!(replayed.identical, replayed.decisions);
    replayed.decisions
}

/// Puts other times on what waits, as if it had begun so long ago.
async fn times(house: &House, exchange: ExchangeId, seconds: &[i64]) {
    let store = house.gateway.store();
    let mut row = store.escalation(exchange).await.unwrap().unwrap();
    for turns in row.detail.turns.values_mut() {
        let offices: Vec<_> = turns.iter().map(|turn| turn.office.clone()).collect();
        let now = house.gateway.now().as_second();
        *turns = offices
            .into_iter()
            .zip(seconds)
            .map(|(office, after)| Turn { office, until: Text(Timestamp::from_second(now + after).unwrap()) })
            .collect();
    }
    let change = Record { escalations: vec![row], ..Record::default() };
    manage::record(&house.gateway, Act::EscalationMoved, json!({}), change).await.unwrap();
}

async fn row(house: &House, exchange: ExchangeId) -> EscalationRow {
    house.gateway.store().escalation(exchange).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_every_office_approved_goes_on_as_another_exchange_of_its_chain() {
    let (sender, receiver, exchange) = escalated().await;
    let store = sender.gateway.store();
    let waiting = approve::waiting(&sender.gateway).await.unwrap();
    assert_eq!(waiting.len(), 1);
    let reason = waiting[0].row.detail.questions[0].reasons.first().unwrap().clone();
    let figures = async || metrics::text(&sender.gateway).await.unwrap();
    assert!(figures().await.contains(&format!("comity_approvals{{reason=\"{reason}\"}} 1\n")));
    assert!(waiting[0].standing.offices.iter().all(|(office, done)| office.as_str() == REVIEWER && !done));
    let order = row(&sender, exchange).await.detail.order.0;
    assert!(store.segment(order).await.unwrap().is_some(), "the order waits, sealed");

    let report = went_on(says(&sender, "mari", REVIEWER, exchange).await);
    assert_eq!(report.outcome, ExchangeOutcome::Delivered);
    assert_eq!(report.supersedes, Some(Text(exchange)));
    let new = store.exchange(report.exchange_id.0).await.unwrap().unwrap();
    assert_eq!((new.supersedes, new.chain), (Some(exchange), exchange));
    assert!(!row(&sender, exchange).await.open);
    assert_eq!(store.segment(order).await.unwrap().map(|segment| segment.id), None, "its bytes are gone");
    let used = store.approvals(exchange).await.unwrap();
    assert!(used.iter().all(|row| row.used_by == Some(report.exchange_id.0)), "{used:?}");

    // The receiver's own decision counted the approval, and both come out the same again.
    let kept = receiver.gateway.store().exchange(report.exchange_id.0).await.unwrap().unwrap();
    assert_eq!(kept.outcome, ExchangeOutcome::Delivered);
    assert_eq!((identical(&sender).await, identical(&receiver).await), (2, 1));

    // Nothing waits any more, and nobody approves it again.
    assert!(!figures().await.contains("comity_approvals{"));
    assert!(approve::waiting(&sender.gateway).await.unwrap().is_empty());
    assert!(why(says(&sender, "mari", REVIEWER, exchange).await).contains("waits for nobody"));
    // The next one needs an approval of its own.
    let again = sender.share_with("trained", BUNDLE, &CHILD).await;
    assert_eq!(again.outcome, ExchangeOutcome::Escalated);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_whoever_acts_for_the_office_approves_and_never_what_they_asked() {
    let (sender, _receiver, exchange) = escalated().await;
    let before = entries(&sender).await;
    employ(&sender, "jaan", "legal_officer", None, 365).await;
    employ(&sender, "late", REVIEWER, None, -1).await;
    let approve = async |officer, office| why(says(&sender, officer, office, exchange).await);
    assert!(approve("trained", REVIEWER).await.contains("does not act for"));
    assert!(approve("jaan", REVIEWER).await.contains("does not act for"));
    assert!(approve("jaan", "legal_officer").await.contains("it waits for designated_reviewer until"));
    assert!(approve("late", REVIEWER).await.contains("training"));
    assert!(approve("nobody", REVIEWER).await.contains("no officer"));
    // Whoever asked may have the office: they do not approve their own, nor does one to whom they lent it.
    employ(&sender, "trained", REVIEWER, None, 365).await;
    assert!(approve("trained", REVIEWER).await.contains("what they asked for"));
    let until = Timestamp::from_second(sender.gateway.now().as_second() + 3_600).unwrap();
    offices::delegate(&sender.gateway, "trained", "jaan", until).await.unwrap();
    assert!(approve("jaan", REVIEWER).await.contains("lends out"));
    assert!(entries(&sender).await > before, "officers and what was lent are entries");
    assert!(sender.gateway.store().approvals(exchange).await.unwrap().is_empty(), "none was recorded");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_that_is_lent_is_lent_for_a_time() {
    let (sender, _receiver, exchange) = escalated().await;
    employ(&sender, "jaan", "legal_officer", None, 365).await;
    let seconds = |after: i64| Timestamp::from_second(sender.gateway.now().as_second() + after).unwrap();
    let lent = offices::delegate(&sender.gateway, "mari", "jaan", seconds(-1)).await;
    assert!(lent.is_err(), "a term that is over is none");
    // One that has ended by now: recorded when it had not.
    let over = comity_exchange::ports::DelegationRow {
        holder: "mari".to_owned(),
        delegate: "jaan".to_owned(),
        from: Text(seconds(-7_200)),
        until: Text(seconds(-3_600)),
    };
    let change = Record { delegations: vec![over], ..Record::default() };
    manage::record(&sender.gateway, Act::OfficeDelegated, json!({}), change).await.unwrap();
    assert!(why(says(&sender, "jaan", REVIEWER, exchange).await).contains("might act for"));
    offices::delegate(&sender.gateway, "mari", "jaan", seconds(3_600)).await.unwrap();
    let report = went_on(says(&sender, "jaan", REVIEWER, exchange).await);
    assert_eq!(report.outcome, ExchangeOutcome::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_ends_it_with_its_reason() {
    let (sender, receiver, exchange) = escalated().await;
    let office: Office = REVIEWER.parse().unwrap();
    let word = Word { exchange, officer: "mari", office: &office };
    let unknown = approve::refuse(&sender.gateway, &word, &"no_such_reason".parse().unwrap()).await;
    assert!(why(unknown).contains("no reason"));
    let order = row(&sender, exchange).await.detail.order.0;
    let came = approve::refuse(&sender.gateway, &word, &"retention_over".parse().unwrap()).await;
    assert!(matches!(came, Ok(Came::Refused)));
    let store = sender.gateway.store();
    assert_eq!(store.exchange(exchange).await.unwrap().unwrap().outcome, ExchangeOutcome::Refused);
    assert!(store.segment(order).await.unwrap().is_none());
    assert!(why(says(&sender, "mari", REVIEWER, exchange).await).contains("waits for nobody"));
    assert_eq!(
        entries(&receiver).await,
        3,
        "its law, the agreement, the partner: the receiver heard of nothing"
    );
    assert_eq!(identical(&sender).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn time_that_runs_out_gives_way_to_the_next_office_and_never_approves() {
    let (sender, _receiver, exchange) = escalated().await;
    employ(&sender, "kai", NEXT, None, 365).await;
    let take_up = async || approve::take_up(&sender.gateway).await.unwrap();
    assert_eq!(take_up().await, (0, 0, 0), "the reviewer has time");
    assert!(why(says(&sender, "kai", NEXT, exchange).await).contains(REVIEWER));
    times(&sender, exchange, &[-60, 3_600, 7_200]).await;
    let before = entries(&sender).await;
    assert_eq!(take_up().await, (0, 1, 0));
    assert_eq!(entries(&sender).await, before + 1, "it is an entry");
    assert_eq!(take_up().await, (0, 0, 0), "told once");
    assert!(why(says(&sender, "mari", REVIEWER, exchange).await).contains(NEXT), "hers is over");
    let report = went_on(says(&sender, "kai", NEXT, exchange).await);
    assert_eq!(report.outcome, ExchangeOutcome::Delivered);
    let approvals = sender.gateway.store().approvals(exchange).await.unwrap();
    let (first, acting) = (&approvals[0].approval, approvals[0].approval.stands_in.as_ref());
    assert_eq!((first.office.as_str(), acting.unwrap().as_str()), (REVIEWER, NEXT));
    assert_eq!(identical(&sender).await, 2);

    // When the time of the last has run out, it is refused.
    let told = sender.share_with("trained", BUNDLE, &CHILD).await;
    times(&sender, told.exchange_id.0, &[-180, -120, -60]).await;
    assert_eq!(take_up().await, (0, 0, 1));
    let ended = sender.gateway.store().exchange(told.exchange_id.0).await.unwrap().unwrap();
    assert_eq!(ended.outcome, ExchangeOutcome::Refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_question_is_not_the_one_that_was_approved() {
    let (sender, _receiver, exchange) = escalated().await;
    // The training of whoever asked ends while it waits: the facts are other ones.
    employ(&sender, "trained", "analyst", None, -1).await;
    let report = went_on(says(&sender, "mari", REVIEWER, exchange).await);
    assert_eq!(report.outcome, ExchangeOutcome::Refused);
    let approvals = sender.gateway.store().approvals(exchange).await.unwrap();
    assert!(approvals.iter().all(|row| row.used_by.is_none()), "it was not used for another question");
    assert_eq!(identical(&sender).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_was_recorded_is_gone_by_after_a_crash() {
    let (sender, _receiver, exchange) = escalated().await;
    let detail = row(&sender, exchange).await.detail;
    // The process died after the approval's own record.
    let given = detail.questions.iter().map(|put| ApprovalRow {
        exchange,
        approval: Approval {
            question: put.question.0,
            rules: put.rules.values().flatten().map(|rule| rule.0.clone()).collect(),
            packs: detail.packs.iter().map(|digest| digest.0).collect(),
            office: REVIEWER.parse().unwrap(),
            stands_in: None,
            approver: Person { name: "mari".to_owned(), unit: None },
            delegation: None,
            expires: Timestamp::from_second(sender.gateway.now().as_second() + 60).unwrap(),
        },
        used_by: None,
    });
    let change = Record { approvals: given.collect(), ..Record::default() };
    manage::record(&sender.gateway, Act::ApprovalGiven, json!({}), change).await.unwrap();
    assert_eq!(approve::take_up(&sender.gateway).await.unwrap(), (1, 0, 0));
    assert!(!row(&sender, exchange).await.open);
    assert_eq!(identical(&sender).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_pack_asks_for_four_eyes_two_persons_approve() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let room = tempfile::tempdir().unwrap();
    let own = room.path().join("eu-nis2-2022-2555");
    std::fs::create_dir(&own).unwrap();
    let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../agreements/eu-nis2-2022-2555");
    for file in std::fs::read_dir(shipped).unwrap() {
        let file = file.unwrap();
        let mut text = std::fs::read(file.path()).unwrap();
        if file.file_name() == "pack.toml" {
            text.extend(b"\n[decision_rights]\nfour_eyes = [\"designated_reviewer\"]\n");
        }
        std::fs::write(own.join(file.file_name()), text).unwrap();
    }
    for house in [&sender, &receiver] {
        manage::adopt(&house.gateway, own.to_str().unwrap(), room.path()).await.unwrap();
    }
    let peer = sender.gateway.peer(&receiver.party()).unwrap();
    manage::hear_from(&sender.gateway, &peer).await.unwrap();
    let back = receiver.gateway.peer(&sender.party()).unwrap();
    manage::hear_from(&receiver.gateway, &back).await.unwrap();
    for name in ["mari", "kai"] {
        employ(&sender, name, REVIEWER, None, 365).await;
    }
    let told = sender.share_with("trained", BUNDLE, &CHILD).await;
    assert_eq!(told.outcome, ExchangeOutcome::Escalated);
    let exchange = told.exchange_id.0;
    let Ok(Came::Waits(waiting)) = says(&sender, "mari", REVIEWER, exchange).await else {
        panic!("one pair of eyes is not enough")
    };
    assert!(!waiting.standing.complete());
    let report = went_on(says(&sender, "kai", REVIEWER, exchange).await);
    assert_eq!(report.outcome, ExchangeOutcome::Delivered);
}

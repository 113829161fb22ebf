//! What is recorded is found again, as it was, also after the store was opened anew.

use super::{Harness, ORIGIN, Seeded, at, party, record, segment, wait};
use comity_exchange::federation::frame::SignedHeader;
use comity_exchange::federation::identity::{Identity, SignedLaw};
use comity_exchange::ports::{
    AdoptedLaw, ApprovalRow, DelegationRow, EscalationDetail, EscalationRow, ExchangeRow, Officer,
    OfficerKey, OutboxItem, Peer, Record, SegmentKind, Store, StoreError, StoredAnswer, SubjectRow, TokenRow,
    WitnessStep,
};
use comity_exchange::report::{ExchangeOutcome, Side};
use comity_exchange::signature::{PartyKey, Signature};
use comity_exchange::wire::Text;
use comity_terms::{Digest, Entropy, ExchangeId};
use comity_tlog::{Hash, LeafIndex, TreeSize};

pub(crate) fn exchange_row(id: ExchangeId) -> ExchangeRow {
    ExchangeRow {
        id,
        side: Side::Sender,
        peer: party("XB"),
        agreement: "pact-2026".parse().unwrap(),
        agreement_digest: Digest::of(b"pact"),
        supersedes: None,
        chain: id,
        offer: None,
        outcome: ExchangeOutcome::Queued,
        whole: true,
        objects: 3,
        at: at("2026-11-24T04:30:00.000000001Z"),
        changed_at: at("2026-11-24T04:30:00Z"),
    }
}

pub(crate) fn answer(peer: &str, exchange: ExchangeId, header: &[u8]) -> StoredAnswer {
    StoredAnswer {
        peer: party(peer),
        exchange,
        offer: Digest::of(b"offer"),
        header: header.to_vec(),
        signature: [9; 64],
        cosignature: Some("— witness AAAA".into()),
        witnessed: Some(TreeSize(12)),
    }
}

pub(crate) fn offer(entropy: &mut Seeded, exchange: ExchangeId, next_at: &str) -> OutboxItem {
    OutboxItem {
        exchange,
        peer: party("XB"),
        offer: SignedHeader { header: b"header".to_vec(), signature: Signature(entropy.bytes()) },
        bodies: entropy.bytes::<100>().to_vec(),
        attempts: 0,
        next_at: at(next_at),
        horizon: at("2026-12-08T00:00:00Z"),
    }
}

pub(crate) fn witness(old: Option<u64>, size: u64) -> WitnessStep {
    let origin = "partner.example/log".into();
    let checkpoint = format!("checkpoint of {size}");
    WitnessStep {
        origin,
        old: old.map(TreeSize),
        size: TreeSize(size),
        root: Hash([size as u8; 32]),
        checkpoint,
    }
}

fn law(digest: &[u8]) -> SignedLaw {
    SignedLaw::sign(&"pact-2026".parse().unwrap(), Digest::of(digest), &PartyKey::from_seed(&[1; 32]))
}

pub(crate) fn peer(code: &str) -> Peer {
    let key = PartyKey::from_seed(&[1; 32]);
    let identity = Identity {
        version: 1,
        jurisdiction: Text(party(code)),
        authority: "Cyber Centre".into(),
        party_key: key.verifier().to_string(),
        log: ORIGIN.into(),
        witness: ORIGIN.into(),
        certificate: Text(Digest::of(b"certificate")),
        laws: vec![law(b"pact")],
        transport: None,
        sequence: 0,
        next_certificate: None,
        party_keys: Vec::new(),
        succeeds: None,
    };
    Peer { party: party(code), url: "https://127.0.0.1:1".into(), identity }
}

pub(crate) fn exchanges_and_receipts(harness: &impl Harness) {
    let mut entropy = Seeded(20);
    let id = ExchangeId::draw(&mut entropy);
    let mut row = exchange_row(id);
    wait(async {
        let store = harness.open();
        let mut begun = record(&mut entropy, 2, Some(id));
        let first = begun.entries[0].entry;
        begun.exchanges.push(row.clone());
        // What was said about it before it was recorded is not what records it.
        store.record(record(&mut entropy, 1, Some(id))).await.unwrap();
        assert_eq!(store.exchange_integrated(id).await.unwrap(), None);
        let integrated = store.record(begun).await.unwrap();
        assert_eq!(store.exchange(id).await.unwrap(), Some(row.clone()));
        row.outcome = ExchangeOutcome::Delivered;
        row.supersedes = Some(ExchangeId::draw(&mut entropy));
        row.offer = Some(Digest::of(b"offer"));
        row.whole = false;
        let mut settled = record(&mut entropy, 1, Some(id));
        settled.exchanges.push(row.clone());
        settled.partner_receipt = Some((id, b"receipt".to_vec()));
        store.record(settled).await.unwrap();
        drop(store);

        let store = harness.open();
        assert_eq!(store.exchange(id).await.unwrap(), Some(row));
        assert_eq!(store.partner_receipt(id).await.unwrap(), Some(b"receipt".to_vec()));
        assert_eq!(store.exchange_integrated(id).await.unwrap(), Some((first, integrated)));
        let unknown = ExchangeId::draw(&mut entropy);
        assert_eq!(store.exchange_integrated(unknown).await.unwrap(), None);
    });
}

pub(crate) fn an_answer_is_given_again_byte_for_byte(harness: &impl Harness) {
    let mut entropy = Seeded(21);
    let id = ExchangeId::draw(&mut entropy);
    wait(async {
        let store = harness.open();
        store.record(record(&mut entropy, 3, None)).await.unwrap();
        let mut answered = record(&mut entropy, 1, Some(id));
        answered.answer = Some(answer("XA", id, b"header"));
        let integrated = store.record(answered).await.unwrap();
        store.record(record(&mut entropy, 5, None)).await.unwrap();
        drop(store);
        let found = harness.open().answer(&party("XA"), id).await.unwrap().unwrap();
        assert_eq!(found.answer, answer("XA", id, b"header"));
        assert_eq!(found.integrated, integrated, "under the checkpoint of then, not the newest");
        assert_eq!(harness.open().answer(&party("XB"), id).await.unwrap(), None, "of another peer");
    });
}

pub(crate) fn segments_with_their_key_rows(harness: &impl Harness) {
    let mut entropy = Seeded(22);
    let id = ExchangeId::draw(&mut entropy);
    wait(async {
        let store = harness.open();
        let mut kept = record(&mut entropy, 1, Some(id));
        for length in [10, 1000] {
            kept.segments.push(segment(&mut entropy, Some(id), SegmentKind::Records, 17, length));
        }
        kept.segments.push(segment(&mut entropy, None, SegmentKind::Opening, 1, 5));
        let (order, kept_again): (Vec<_>, Vec<_>) = kept
            .segments
            .iter()
            .map(|s| {
                (s.id, (s.exchange, s.class, s.agreement.clone(), s.kind, s.blob.clone(), s.rows.clone()))
            })
            .unzip();
        store.record(kept).await.unwrap();
        drop(store);
        let store = harness.open();
        assert_eq!(store.segments(id).await.unwrap(), order[..3]);
        for (id, expected) in order.into_iter().zip(kept_again) {
            let s = store.segment(id).await.unwrap().unwrap();
            assert_eq!((s.exchange, s.class, s.agreement, s.kind, s.blob, s.rows), expected);
        }
    });
}

pub(crate) fn peers_officers_and_laws(harness: &impl Harness) {
    let mut entropy = Seeded(23);
    let officer = |role: &str| Officer {
        name: "kask".into(),
        role: role.into(),
        unit: (role == "lead").then(|| "incident response".into()),
        training_until: at("9999-12-30T22:00:00Z"),
        password_hash: "$argon2id$".into(),
    };
    let adopted = |digest: &[u8], day: &str| AdoptedLaw { law: law(digest), at: at(day) };
    wait(async {
        let store = harness.open();
        for (code, role, digest, day) in [
            ("XB", "analyst", &b"one"[..], "2026-11-01T00:00:00Z"),
            ("XA", "officer", b"two", "2026-11-02T00:00:00Z"),
            ("XA", "lead", b"one", "2026-11-03T00:00:00Z"),
        ] {
            let mut known = record(&mut entropy, 1, None);
            known.peer = Some(peer(code));
            known.officer = Some(officer(role));
            known.adopted = Some(adopted(digest, day));
            known.law_signatures = vec![(party(code), law(digest))];
            store.record(known).await.unwrap();
        }
        for size in [3, 5, 6] {
            // There are five entries with the second of these, and with the third: one more than that is no hint.
            let told = Record {
                witnessed_by: Some((party("XA"), TreeSize(size))),
                ..record(&mut entropy, usize::from(size == 3) * 2, None)
            };
            store.record(told).await.unwrap();
        }
        drop(store);
        let store = harness.open();
        assert_eq!(store.peers().await.unwrap(), [peer("XA"), peer("XB")]);
        assert_eq!(store.peer(&party("XB")).await.unwrap(), Some(peer("XB")));
        assert_eq!(store.peer(&party("XC")).await.unwrap(), None);
        assert_eq!(store.officer("kask").await.unwrap(), Some(officer("lead")));
        assert_eq!(store.officer("tamm").await.unwrap(), None);
        let newest_last = [adopted(b"two", "2026-11-02T00:00:00Z"), adopted(b"one", "2026-11-03T00:00:00Z")];
        assert_eq!(store.adopted_laws().await.unwrap(), newest_last);
        assert_eq!(store.law_signatures(&party("XA")).await.unwrap().len(), 2);
        assert_eq!(store.law_signatures(&party("XB")).await.unwrap(), [law(b"one")]);
        assert_eq!(store.witnessed_by(&party("XA")).await.unwrap(), TreeSize(5));
        assert_eq!(store.witnessed_by(&party("XB")).await.unwrap(), TreeSize(0));
    });
}

pub(crate) fn the_log_is_read_with_its_openings(harness: &impl Harness) {
    let mut entropy = Seeded(24);
    let id = ExchangeId::draw(&mut entropy);
    wait(async {
        let store = harness.open();
        let (about, other) = (record(&mut entropy, 2, Some(id)), record(&mut entropy, 3, None));
        let expected: Vec<_> = [&about, &other]
            .into_iter()
            .flat_map(|record| record.entries.iter().zip(&record.segments))
            .map(|(draft, segment)| (draft.entry, draft.exchange, segment.id, segment.blob.clone()))
            .collect();
        store.record(about).await.unwrap();
        store.record(other).await.unwrap();
        let read = async |from: u64, limit| {
            let found = store.logged(LeafIndex(from), limit).await.unwrap();
            found
                .into_iter()
                .map(|logged| {
                    let opening = logged.opening.unwrap();
                    assert_eq!(opening.rows.len(), 1, "with its key row");
                    (logged.index.0, (logged.entry, logged.exchange, opening.id, opening.blob))
                })
                .collect::<Vec<_>>()
        };
        let all: Vec<_> = (0..).zip(expected.clone()).collect();
        assert_eq!(read(0, 100).await, all);
        assert_eq!(read(1, 2).await, all[1..3]);
        assert_eq!(read(5, 2).await, []);
        // An opening that was erased leaves its entry.
        let mut erased = record(&mut entropy, 1, None);
        let place = comity_exchange::ports::RecordPlace { segment: expected[1].2, ordinal: 0 };
        erased.erased = Some(comity_exchange::ports::Erasure {
            records: vec![place],
            at: at("2026-11-25T00:00:00Z"),
            whatever_holds: false,
        });
        store.record(erased).await.unwrap();
        let left = store.logged(LeafIndex(0), 100).await.unwrap();
        assert_eq!(left.len(), 6);
        let gone: Vec<u64> =
            left.iter().filter(|logged| logged.opening.is_none()).map(|logged| logged.index.0).collect();
        assert_eq!(gone, [1]);
    });
}

pub(crate) fn offices_answer_once(harness: &impl Harness) {
    let mut entropy = Seeded(25);
    let ids = [ExchangeId::draw(&mut entropy), ExchangeId::draw(&mut entropy)];
    let waits = |exchange: ExchangeId, late: usize| {
        let office: Text<comity_terms::Office> = Text("reviewer".parse().unwrap());
        let detail = EscalationDetail {
            requester: "bo".into(),
            unit: Some("cyber".into()),
            peer: Text(party("XB")),
            agreement: Text("pact-2026".parse().unwrap()),
            activity: Text("threat_intel".parse().unwrap()),
            purpose: Text("cyber_defence".parse().unwrap()),
            began: Text(at("2026-11-24T00:00:00Z")),
            order: Text(comity_terms::ids::SegmentId::draw(&mut Seeded(1))),
            packs: [Text(Digest::of(b"pact"))].into(),
            questions: Vec::new(),
            turns: [(office.clone(), Vec::new())].into(),
            late: [(office, late)].into(),
        };
        EscalationRow { exchange, open: true, detail }
    };
    let approval = |exchange, name: &str| {
        let binds = serde_json::json!({
            "question": Digest::of(b"question").to_string(),
            "rules": ["pact.children"],
            "packs": [Digest::of(b"pact").to_string()],
            "office": "reviewer",
            "stands_in": "judge",
            "approver": name,
            "unit": null,
            "delegated_by": "cy",
            "delegated_until": "2026-12-24T00:00:00Z",
            "expires": "2026-11-27T00:00:00Z",
        });
        ApprovalRow::read(exchange, &binds.to_string(), None).unwrap()
    };
    let lent = |until: &str| DelegationRow {
        holder: "cy".into(),
        delegate: "ada".into(),
        from: Text(at("2026-11-24T00:00:00Z")),
        until: Text(at(until)),
    };
    let conflict =
        |made: Result<_, StoreError>| assert!(matches!(made, Err(StoreError::Conflict(_))), "{made:?}");
    wait(async {
        let store = harness.open();
        let mut begun = record(&mut entropy, 1, None);
        begun.escalations = ids.iter().map(|id| waits(*id, 0)).collect();
        begun.delegations = vec![lent("2026-12-24T00:00:00Z")];
        store.record(begun).await.unwrap();
        let mut said = record(&mut entropy, 1, None);
        said.escalations = vec![waits(ids[0], 1)];
        said.approvals = vec![approval(ids[0], "ada"), approval(ids[0], "eva")];
        store.record(said).await.unwrap();
        drop(store);

        let store = harness.open();
        assert_eq!(
            store.escalation(ids[0]).await.unwrap(),
            Some(waits(ids[0], 1)),
            "replaced by its exchange"
        );
        let both = store.escalations(None, 10).await.unwrap();
        assert!(both.len() == 2 && both[0].exchange < both[1].exchange, "by their ids");
        assert_eq!(store.escalations(None, 1).await.unwrap(), both[..1]);
        assert_eq!(store.escalations(Some(both[0].exchange), 10).await.unwrap(), both[1..]);
        assert_eq!(store.escalations(Some(both[1].exchange), 10).await.unwrap(), []);
        assert_eq!(store.delegations().await.unwrap(), [lent("2026-12-24T00:00:00Z")]);
        let found = store.approvals(ids[0]).await.unwrap();
        assert_eq!(found.len(), 2);
        assert!(found.contains(&approval(ids[0], "ada")) && found.contains(&approval(ids[0], "eva")));
        assert_eq!(store.approvals(ids[1]).await.unwrap(), []);

        // Said twice, or used twice, or used and never said: nothing of the record happens.
        let size = store.logged(LeafIndex(0), 100).await.unwrap().len();
        let digest = approval(ids[0], "ada").approval.digest();
        let mut again = record(&mut entropy, 1, None);
        again.approvals = vec![approval(ids[1], "ada")];
        conflict(store.record(again).await);
        let mut used = record(&mut entropy, 1, None);
        used.used = vec![(digest, ids[1])];
        used.escalations = vec![EscalationRow { open: false, ..waits(ids[0], 1) }];
        store.record(used).await.unwrap();
        let mut twice = record(&mut entropy, 1, None);
        twice.escalations = vec![EscalationRow { open: false, ..waits(ids[1], 0) }];
        twice.used = vec![(digest, ids[1])];
        conflict(store.record(twice).await);
        let mut never = record(&mut entropy, 1, None);
        never.used = vec![(Digest::of(b"never said"), ids[1])];
        conflict(store.record(never).await);
        // What no longer waits never waits again.
        let mut reopened = record(&mut entropy, 1, None);
        reopened.escalations = vec![waits(ids[0], 2)];
        conflict(store.record(reopened).await);
        assert_eq!(store.logged(LeafIndex(0), 100).await.unwrap().len(), size + 1);
        let open: Vec<_> =
            store.escalations(None, 10).await.unwrap().into_iter().map(|row| row.exchange).collect();
        assert_eq!(open, [ids[1]]);
        let used_by: Vec<_> =
            store.approvals(ids[0]).await.unwrap().iter().filter_map(|row| row.used_by).collect();
        assert_eq!(used_by, [ids[1]]);
    });
}

pub(crate) fn credentials_of_officers(harness: &impl Harness) {
    let mut entropy = Seeded(26);
    let token = |text: &str, officer: &str, until: Option<&str>| TokenRow {
        digest: Digest::of(text.as_bytes()),
        officer: officer.into(),
        title: "for MISP".into(),
        from: at("2026-11-24T00:00:00Z"),
        until: until.map(at),
        ended: None,
    };
    let known = |text: &str, officer: &str| SubjectRow {
        subject: Digest::of(text.as_bytes()),
        officer: officer.into(),
    };
    let key = |key: &str, from: &str, ended: Option<&str>| OfficerKey {
        officer: "kask".into(),
        key: key.into(),
        from: at(from),
        ended: ended.map(at),
    };
    let officer = Officer {
        name: "kask".into(),
        role: "analyst".into(),
        unit: None,
        training_until: at("2027-06-30T23:59:59.999999999Z"),
        password_hash: "$argon2id$".into(),
    };
    wait(async {
        let store = harness.open();
        let one = token("one", "kask", Some("2026-12-24T00:00:00Z"));
        let two = TokenRow { from: at("2026-11-25T00:00:00Z"), ..token("two", "tamm", None) };
        let mut given = record(&mut entropy, 1, None);
        given.tokens = vec![two.clone(), one.clone()];
        given.subjects = vec![known("issuer and subject", "kask")];
        given.officer = Some(officer.clone());
        store.record(given).await.unwrap();
        drop(store);

        let store = harness.open();
        assert_eq!(store.tokens().await.unwrap(), [one.clone(), two.clone()], "oldest first");
        assert_eq!(store.token(one.digest).await.unwrap(), Some(one.clone()));
        assert_eq!(store.token(Digest::of(b"none")).await.unwrap(), None);
        assert_eq!(store.subject(Digest::of(b"issuer and subject")).await.unwrap(), Some("kask".to_owned()));
        assert_eq!(store.subject(Digest::of(b"another")).await.unwrap(), None);
        // An end that was set stays, and nothing else of a token ever changes.
        for (day, title) in [("2026-11-26T00:00:00Z", "for MISP"), ("2026-11-27T00:00:00Z", "for another")] {
            let mut ended = record(&mut entropy, 1, None);
            ended.tokens = vec![TokenRow { ended: Some(at(day)), title: title.into(), ..one.clone() }];
            store.record(ended).await.unwrap();
        }
        let ended = TokenRow { ended: Some(at("2026-11-26T00:00:00Z")), ..one };
        assert_eq!(store.token(ended.digest).await.unwrap(), Some(ended));
        // A subject is one officer, an officer is one subject; a record that says otherwise does not happen.
        for other in [known("issuer and subject", "tamm"), known("another", "kask")] {
            let size = store.logged(LeafIndex(0), 100).await.unwrap().len();
            let mut told = record(&mut entropy, 1, None);
            told.subjects = vec![other];
            let made = store.record(told).await;
            assert!(matches!(made, Err(StoreError::Conflict(_))), "{made:?}");
            assert_eq!(store.logged(LeafIndex(0), 100).await.unwrap().len(), size);
        }
        // An officer stands by their newest key, and without one until it is drawn.
        assert_eq!(store.standing("tamm").await.unwrap(), None);
        let (first, second) = ("2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z");
        for (keys, revoked) in [
            (vec![], false),
            (vec![key("z", first, None)], false),
            (vec![key("z", first, Some(second))], true),
            (vec![key("a", second, None)], false),
            (vec![key("a", second, Some("2026-11-26T00:00:00Z"))], true),
        ] {
            let newest = keys.last().map(|key: &OfficerKey| key.key.clone());
            let mut changed = record(&mut entropy, 1, None);
            changed.officer_keys = keys;
            store.record(changed).await.unwrap();
            let standing = store.standing("kask").await.unwrap().unwrap();
            assert_eq!(
                (standing.officer, standing.key, standing.revoked),
                (officer.clone(), newest, revoked)
            );
        }
    });
}

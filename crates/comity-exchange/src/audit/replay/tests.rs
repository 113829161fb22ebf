use super::*;
use crate::audit::recorded::owed;
use crate::audit::unread::Duties;
use crate::disclose::Received;
use crate::question::Request;
use comity_agreement::{Library, shipped};
use comity_minimise::{Limits, PathTable};
use comity_terms::{Asserter, Facts, Timestamp};
use std::sync::LazyLock;
use std::time::Duration;

const BUNDLE: &[u8] = include_bytes!("../../../../../examples/bundles/phishing-campaign.json");

struct Shipped(LawSet);

impl Archive for Shipped {
    fn law(&self, pack: &PackSlug, digest: Digest) -> Result<Option<ArchivedLaw>, String> {
        let all = std::iter::once(&self.0.agreement).chain(self.0.national.values());
        let law = all.into_iter().find(|law| law.pack().slug == *pack && law.digest() == digest);
        Ok(law.map(|law| (Arc::clone(law), Arc::clone(&self.0.vocabulary))))
    }
}

static SHIPPED: LazyLock<Shipped> = LazyLock::new(|| {
    let mut library = Library::open(shipped()).unwrap();
    let agreement = library.law(&"eu-nis2-2022-2555".parse().unwrap()).unwrap();
    let vocabulary = Arc::clone(library.vocabulary());
    let mut laws = LawSet { agreement, national: BTreeMap::new(), vocabulary };
    for code in ["EE", "FI"] {
        laws.national.insert(code.parse().unwrap(), library.law(&code.parse().unwrap()).unwrap());
    }
    Shipped(laws)
});

/// What openings hold of one decision on every class of the bundle, at some instants.
fn recorded() -> Vec<Json> {
    let laws = &SHIPPED.0;
    let begin: Timestamp = "2026-03-02T08:00:00Z".parse().unwrap();
    let mut facts = Facts::new();
    facts.state("training_valid".parse().unwrap(), true, Asserter::Gateway);
    let mut request = Request {
        facts,
        binding: true,
        ..Request::bare(
            ("EE".parse().unwrap(), "FI".parse().unwrap()),
            laws.agreement.pack().slug.clone(),
            ("share".parse().unwrap(), "threat_intel".parse().unwrap(), "cyber_defence".parse().unwrap()),
            begin,
        )
    };
    let table = PathTable::shipped().unwrap();
    let classified = Received::read(BUNDLE, &Limits::default(), request.clone()).unwrap().classify(&table);
    let mut memo = Memo::new(100);
    let mut out = Vec::new();
    for number in 0..3 {
        request.at = begin.checked_add(Duration::from_secs(100_003 * number)).unwrap();
        let rulings = classified.classes().iter().map(|class| {
            let (question, setting) = (request.question(&class.facts, laws), request.setting());
            let decision = memo.decide(laws, &question, &setting, &Digest::of(b"")).unwrap();
            let owed = owed(&decision, laws, &question, &setting, &mut memo).unwrap();
            let of = (&class.facts, &BTreeSet::new());
            RecordedRuling::of(&decision, &owed, 1, of, &BTreeSet::new(), &laws.vocabulary)
        });
        let rulings: Vec<_> = rulings.collect();
        out.push(json!({
            "act": Act::ExchangeDecided.as_str(),
            "facts": {
                "exchange": "00000000-0000-4000-8000-000000000007",
                "asked": request.recorded(laws),
                "rulings": rulings,
            },
        }));
    }
    out
}

/// The same decision with something changed in it, each by its name.
fn changed(decision: &Json) -> Vec<(&'static str, Json)> {
    let mut out: Vec<(&'static str, Json)> = vec![("nothing", decision.clone())];
    let mut with = |what: &'static str, change: &dyn Fn(&mut Json)| {
        let mut other = decision.clone();
        change(&mut other["facts"]);
        out.push((what, other));
    };
    with("the outcome", &|facts| facts["rulings"][0]["outcome"] = "deny".into());
    with("a reason", &|facts| facts["rulings"][0]["reasons"] = json!(["no_governing_rule"]));
    with("an office", &|facts| facts["rulings"][0]["escalate_to"] = json!(["head"]));
    with("a rule gone", &|facts| _ = facts["rulings"][0]["rules"].as_array_mut().unwrap().pop());
    with("a duty gone", &|facts| _ = facts["rulings"][0]["obligations"].as_array_mut().unwrap().pop());
    with("a date", &|facts| {
        let duties = facts["rulings"][0]["obligations"].as_array_mut().unwrap();
        let dated = duties.iter_mut().find(|duty| duty.get("due_operational").is_some()).unwrap();
        dated["due_operational"] = "2026-03-02T08:00:01Z".into();
    });
    with("a duty in another order", &|facts| {
        let duty = &mut facts["rulings"][0]["obligations"][0];
        let turned: Vec<_> = duty.as_object().unwrap().clone().into_iter().rev().collect();
        *duty = turned.into_iter().collect();
    });
    with("the instant", &|facts| facts["asked"]["at"] = "2026-03-02T08:00:01Z".into());
    with("the instant of the judging", &|facts| {
        facts["asked"]["knowledge_time"] = "2031-03-02T08:00:01Z".into();
    });
    with("whether it binds", &|facts| facts["asked"]["binding"] = false.into());
    with("a common fact", &|facts| facts["asked"]["facts"]["training_valid"]["value"] = false.into());
    with("a fact of the class", &|facts| {
        facts["rulings"][0]["facts"]["personal_data"] = json!({ "by": "detected", "value": "yes" });
    });
    with("an approval", &|facts| facts["rulings"][0]["approvals"] = json!(["head_of_unit"]));
    with("a law that is not here", &|facts| {
        facts["asked"]["laws"]["FI"] = Digest::of(b"").to_string().into();
    });
    with("no rulings", &|facts| facts["rulings"] = json!([]));
    with("no question", &|facts| facts["asked"] = Json::Null);
    with("an earlier acceptance", &|facts| facts["accepted_before"] = "x".into());
    with("no form", &|facts| *facts = json!([1]));
    out
}

#[test]
fn what_its_text_tells_of_a_decision_is_what_reading_it_tells() {
    let mut memoised = Replayer::new(&*SHIPPED, Some(Memo::new(100)));
    let mut fresh = Replayer::new(&*SHIPPED, None);
    let (mut same, mut told) = (0, 0);
    for decision in recorded() {
        for (what, changed) in changed(&decision) {
            let content = changed.to_string().into_bytes();
            let read = match read(&content) {
                Ok(Some(decision)) => fresh.again(&decision),
                Ok(None) => Verdict::NoDecision,
                Err(error) => Verdict::Different(vec![Difference::whole("opening", error, Json::Null)]),
            };
            for replayer in [&mut memoised, &mut fresh] {
                assert_eq!(replayer.verdict(&content), read, "{what}");
            }
            same += usize::from(matches!(read, Verdict::Identical(_)));
            let facts = changed["facts"].to_string();
            told += usize::from(memoised.unread(&facts).is_some());
            if what == "nothing" {
                let classes = changed["facts"]["rulings"].as_array().unwrap().len();
                assert_eq!(read, Verdict::Identical(classes));
                assert_eq!((memoised.unread(&facts), fresh.unread(&facts)), (Some(classes), Some(classes)));
            }
        }
    }
    assert!(told >= 3 && same > told, "of {same} the same, {told} were told by their text");
}

#[test]
fn duties_are_written_as_they_are_recorded() {
    let laws = &SHIPPED.0;
    for decision in recorded() {
        let asked: RecordedQuestion = serde_json::from_value(decision["facts"]["asked"].clone()).unwrap();
        let rulings: Vec<RecordedRuling> =
            serde_json::from_value(decision["facts"]["rulings"].clone()).unwrap();
        for ruling in rulings {
            let (question, setting) = question(laws, &asked, &ruling).unwrap();
            let again = decide(laws, &question, &setting).unwrap();
            assert!(!again.obligations.is_empty());
            let recorded: Vec<Json> = again.obligations.iter().map(recorded_obligation).collect();
            let written = serde_json::to_string(&Duties(&again.obligations)).unwrap();
            assert_eq!(written, serde_json::to_string(&recorded).unwrap());
        }
    }
}

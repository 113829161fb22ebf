//! An exchange in words: what each law said, what was taken out and why, what holds on the other side.

use super::out::{Exit, Out};
use comity_exchange::report::{ExchangeOutcome, ExchangeReport, Side};
use std::collections::BTreeMap;

/// What a command that shared exits with.
#[must_use]
pub fn exit(outcome: ExchangeOutcome) -> Exit {
    match outcome {
        ExchangeOutcome::Delivered | ExchangeOutcome::Queued => Exit::Done,
        _ => Exit::Refused,
    }
}

/// Prints an exchange for people.
pub fn exchange(report: &ExchangeReport, out: &mut Out<'_>) {
    let objects = report.objects;
    out.line(&format!(
        "exchange {}\n  {} to {} under {}, {} for {}{}\n  {}{}: {} objects in, {} went as they were, {} changed, {} stayed",
        report.exchange_id.0,
        report.sender.0,
        report.receiver.0,
        report.pack.0,
        report.activity.0,
        report.purpose.0,
        if report.assumed_in_force { " (assumed in force)" } else { "" },
        report.outcome.as_str(),
        report.refused_by.as_ref().map_or(String::new(), |law| format!(" by {law}")),
        objects.input,
        objects.kept,
        objects.changed,
        objects.withheld,
    ));
    for decision in &report.decisions {
        let side = match decision.side {
            Side::Sender => "sender",
            Side::Receiver => "receiver",
        };
        let reasons = if decision.reasons.is_empty() {
            String::new()
        } else {
            format!(": {}", decision.reasons.join(", "))
        };
        let stripped = if decision.stripped.is_empty() {
            String::new()
        } else {
            format!(", asked again without {}", decision.stripped.join(", "))
        };
        out.line(&format!("  {side}, {} objects: {}{reasons}{stripped}", decision.objects, decision.outcome));
        for citation in &decision.citations {
            out.line(&format!(
                "    {:<9} {:<10} {} {}  {}",
                citation.law.0, citation.effect, citation.pack.0, citation.article, citation.summary
            ));
        }
        if decision.obligations.iter().any(offers_an_answer) {
            let (sender, receiver) = (&report.sender.0, &report.receiver.0);
            let asked = (&report.pack.0, &report.activity.0, &report.purpose.0);
            let (pack, activity, purpose) = asked;
            out.line(&format!(
                "    it stays at {sender}, which answers whether it has a value: {receiver} may ask\n      comity match FILE --with {sender} \
                 --under {pack} --activity {activity} --purpose {purpose} --officer N"
            ));
        }
        if decision.obligations.iter().any(offers_a_view) {
            let (sender, receiver) = (&report.sender.0, &report.receiver.0);
            let (pack, activity, purpose) = (&report.pack.0, &report.activity.0, &report.purpose.0);
            out.line(&format!(
                "    it stays at {sender}, where officers of {receiver} may look at it\n      comity vault view --with {sender} \
                 --under {pack} --activity {activity} --purpose {purpose} --object ID --officer N"
            ));
        }
    }
    // The same thing done to many objects is one line.
    let mut taken: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for withholding in &report.withholdings {
        *taken.entry((&withholding.treatment, &withholding.data_class, &withholding.ground)).or_default() +=
            1;
    }
    if !taken.is_empty() {
        out.line("  taken out or changed");
    }
    for ((treatment, class, ground), count) in taken {
        out.line(&format!("    {count:>4} x {treatment} {class}  ({ground})"));
    }
    for reason in &report.reasons {
        out.line(&format!("  stays home: {reason}"));
    }
    for rejected in &report.rejected {
        out.line(&format!("  not read: {}", rejected.reason));
    }
    let safeguards = &report.safeguards;
    let date = |at: &Option<comity_exchange::wire::Text<comity_terms::Timestamp>>| {
        at.as_ref().map_or("no date".to_owned(), |at| at.0.to_string())
    };
    out.line(&format!(
        "  safeguards: erase by {}, pass on to {}, {}",
        date(&safeguards.erase_by),
        safeguards.onward,
        safeguards.handling
    ));
    for (side, receipt) in [("sender", &report.receipts.sender), ("receiver", &report.receipts.receiver)] {
        if let Some(receipt) = receipt {
            out.line(&format!(
                "  receipt of the {side}: entry {} of {} in {}, {}",
                receipt.index, receipt.tree_size, receipt.origin, receipt.grade
            ));
        }
    }
    if let Some(waiting) = &report.waiting {
        out.line(&format!("  waiting: {waiting}"));
    }
}

/// Whether a law that refuses says that the data may be asked about in its place: `answer_only` among the ways that remain.
fn offers_an_answer(obligation: &serde_json::Value) -> bool {
    offers(obligation, "answer_only")
}

/// Whether it says that the partner's officers may look at it where it is: `remote_view`.
fn offers_a_view(obligation: &serde_json::Value) -> bool {
    offers(obligation, "remote_view")
}

fn offers(obligation: &serde_json::Value, way: &str) -> bool {
    let options = obligation["options"].as_array().into_iter().flatten();
    obligation["type"] == "suggest_alternative" && options.into_iter().any(|option| option == way)
}

#[cfg(test)]
mod tests {
    use super::offers_an_answer;
    use serde_json::json;

    #[test]
    fn only_a_law_that_names_the_answer_offers_it() {
        let way =
            |options: &[&str]| json!({ "type": "suggest_alternative", "value": null, "options": options });
        assert!(offers_an_answer(&way(&["redacted_copy", "answer_only"])));
        assert!(!offers_an_answer(&way(&["redacted_copy"])));
        assert!(!offers_an_answer(&json!({ "type": "suggest_alternative", "value": "MLA" })));
        assert!(!offers_an_answer(&json!({ "type": "seek_authorisation", "options": ["answer_only"] })));
    }
}

//! An exchange in words: what each law said, what was taken out and why, what holds on the other side.

use super::out::{Exit, Out};
use crate::work::preview::Preview;
use comity_exchange::report::{
    DecisionReport, ExchangeOutcome, ExchangeReport, RejectedReport, Side, WithholdingReport,
};
use std::collections::{BTreeMap, BTreeSet};

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
    let between = Between {
        sender: report.sender.0.as_str(),
        receiver: report.receiver.0.as_str(),
        asked: (report.pack.0.as_str(), report.activity.0.as_str(), report.purpose.0.as_str()),
    };
    decided(&report.decisions, between, out);
    taken(&report.withholdings, &report.reasons, &report.rejected, out);
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

/// A list behind what leads to it; nothing where it is empty.
pub(super) fn after(lead: &str, list: &[String]) -> String {
    if list.is_empty() { String::new() } else { format!("{lead}{}", list.join(", ")) }
}

/// Prints what would come of an order, for people.
pub fn preview(preview: &Preview, between: Between<'_>, out: &mut Out<'_>) {
    let objects = preview.objects;
    out.line(&format!(
        "dry run: nothing was recorded or sent\n  {} to {}: {} by the laws asked here, {} objects in, {} would go as they are, {} changed, {} stay",
        between.sender,
        between.receiver,
        preview.outcome.as_str(),
        objects.input,
        objects.kept,
        objects.changed,
        objects.withheld,
    ));
    decided(&preview.decisions, between, out);
    taken(&preview.withholdings, &preview.reasons, &preview.rejected, out);
}

/// Between whom something goes, and what as: agreement, activity, purpose.
#[derive(Debug, Clone, Copy)]
pub struct Between<'a> {
    /// Where the data is.
    pub sender: &'a str,
    /// Who gets it.
    pub receiver: &'a str,
    /// Agreement, activity and purpose.
    pub asked: (&'a str, &'a str, &'a str),
}

/// What each law said, class by class.
fn decided(decisions: &[DecisionReport], between: Between<'_>, out: &mut Out<'_>) {
    for decision in decisions {
        let side = match decision.side {
            Side::Sender => "sender",
            Side::Receiver => "receiver",
        };
        let reasons = after(": ", &decision.reasons);
        let stripped = after(", asked again without ", &decision.stripped);
        out.line(&format!("  {side}, {} objects: {}{reasons}{stripped}", decision.objects, decision.outcome));
        for citation in &decision.citations {
            out.line(&format!(
                "    {:<9} {:<10} {} {}  {}",
                citation.law.0, citation.effect, citation.pack.0, citation.article, citation.summary
            ));
        }
        if decision.obligations.iter().any(offers_an_answer) {
            let Between { sender, receiver, asked: (pack, activity, purpose) } = between;
            out.line(&format!(
                "    it stays at {sender}, which answers whether it has a value: {receiver} may ask\n      comity match FILE --with {sender} \
                 --under {pack} --activity {activity} --purpose {purpose} --officer N"
            ));
        }
        if decision.obligations.iter().any(offers_a_view) {
            let Between { sender, receiver, asked: (pack, activity, purpose) } = between;
            out.line(&format!(
                "    it stays at {sender}, where officers of {receiver} may look at it\n      comity vault view --with {sender} \
                 --under {pack} --activity {activity} --purpose {purpose} --object ID --officer N"
            ));
        }
    }
}

/// What was taken out or changed, what stays home, and what did not read.
fn taken(
    withholdings: &[WithholdingReport],
    reasons: &BTreeSet<String>,
    rejected: &[RejectedReport],
    out: &mut Out<'_>,
) {
    // The same thing done to many objects is one line.
    let mut taken: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for withholding in withholdings {
        *taken.entry((&withholding.treatment, &withholding.data_class, &withholding.ground)).or_default() +=
            1;
    }
    if !taken.is_empty() {
        out.line("  taken out or changed");
    }
    for ((treatment, class, ground), count) in taken {
        out.line(&format!("    {count:>4} x {treatment} {class}  ({ground})"));
    }
    for reason in reasons {
        out.line(&format!("  stays home: {reason}"));
    }
    for rejected in rejected {
        out.line(&format!("  not read: {}", rejected.reason));
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

//! The literals of a STIX pattern: each is treated as the property that it is compared with.

use super::*;
use crate::pattern::{Operator, escape};

impl<'b, 't> Walk<'_, 't, 'b> {
    /// Treats each literal of a STIX pattern as the property that it is compared with.
    ///
    /// In another language (YARA, Snort) what a literal speaks of cannot be told: only people who are treated elsewhere
    /// in the bundle are taken out, by name and in the paths of their folders.
    pub(super) fn pattern(&mut self, text: &str, parts: &mut Parts) -> String {
        let scrubber = self.fates.and_then(|(_, scrubber)| scrubber);
        let tokens = self.shared.tokens;
        if !self.source.speaks_stix() {
            let treated = |user: &str| scrubber.and_then(|scrubber| scrubber.stand_in(user, tokens));
            let mut stand_in = |user: &str| treated(user).unwrap_or_else(|| user.to_owned());
            return Token::UserSegment.apply(text, &mut stand_in, &|_| false, parts);
        }
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for literal in self.source.literals() {
            out.push_str(&text[at..literal.span.start]);
            at = literal.span.end;
            let subjects = self.shared.subjects;
            let table = self.shared.table;
            let steps: Vec<Cow<'_, str>> = literal.steps().collect();
            let recipient = steps.iter().any(|step| table.subject.recipients.paths.contains(&**step));
            let row = place_of(table, literal.stix_type(), &steps, &literal.value);
            let treated = row.and_then(|row| {
                let theirs = !recipient && literal.operator != Operator::IsNot;
                let class = table.class_of(row, &Node::Literal(Cow::Borrowed("null")), theirs);
                let treatment = row_treatment(table, row, class).max(self.profile.treatment(class));
                match (treatment, row.generalise, row.pseudonymise) {
                    (Treatment::Keep, ..) => None,
                    (Treatment::Generalise, Some(method), _) => {
                        let coarse = method.apply(&Node::Text(Cow::Borrowed(&literal.value)))?;
                        let coarse = coarse.as_text()?.to_owned();
                        if coarse != *literal.value && table.class(class).recurs {
                            parts.push((literal.value.to_string(), coarse.clone()));
                        }
                        Some(coarse)
                    }
                    (Treatment::Generalise, None, _) => None,
                    // In a regular expression a part cannot be told from its syntax.
                    (_, _, Some(method)) if method.is_partial() && literal.operator == Operator::Matches => {
                        None
                    }
                    (Treatment::Pseudonymise, _, Some(method)) => {
                        let cited = |value: &str| subjects.is_cited(value);
                        Some(tokenise(method, &literal.value, self.shared.tokens, &cited, parts))
                    }
                    _ => {
                        let token = self.shared.tokens.of(&literal.value);
                        if token != *literal.value {
                            parts.push((literal.value.to_string(), token.clone()));
                        }
                        Some(token)
                    }
                }
            });
            let treated = treated.filter(|treated| **treated != *literal.value);
            let value = treated.as_deref().unwrap_or(&literal.value);
            let clean = scrubber.and_then(|scrubber| scrubber.clean(value, Scan::Names, tokens));
            match clean.or(treated) {
                Some(treated) => out.push_str(&escape(&treated)),
                None => out.push_str(&text[literal.span.clone()]),
            }
        }
        out.push_str(&text[at..]);
        out
    }
}

/// The row of the property that a pattern's path leads to.
pub(crate) fn place_of<'t>(
    table: &'t PathTable,
    stix_type: &str,
    steps: &[Cow<'_, str>],
    value: &str,
) -> Option<&'t Row> {
    // A path through a reference goes on in another object, whose type the pattern does not say.
    let through = steps.iter().position(|step| step.ends_with("_ref") || step.ends_with("_refs"));
    if let Some(at) = through.filter(|at| at + 1 < steps.len()) {
        let leads_to = if value.contains('@') { "email-addr" } else { "ipv4-addr" };
        return place_of(table, leads_to, &steps[at + 1..], value);
    }
    let root = &table.types.get(stix_type)?.root;
    steps.iter().try_fold(root, |place, step| place.child(step))?.row.as_ref()
}

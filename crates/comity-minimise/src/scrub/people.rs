//! Takes people out of a text: what the detector finds in it is treated as a property of its class would be.
//!
//! | found | class | pseudonymise | generalise | withhold |
//! |---|---|---|---|---|
//! | name | `name` | token | token | `[name]` |
//! | e-mail address, telephone | `contact` | token (domain stays) | token | `[contact]` |
//! | account, user in a path | `username` | token | token | `[username]` |
//! | number of a state, bank account, card | `identifier` | token | token | `[identifier]` |
//! | machine | `device` | token | network, maker | `[device]` |
//! | what reads like a name | `likely_name` | token | token | `[likely_name]` |
//!
//! Invariant: a text that came out of here goes through unchanged. What was put in may explain words beside it, so
//! the detector looks again until it finds nothing to change.

use crate::json::Node;
use crate::method::{Coarsening, Parts, Token, tokenise};
use crate::scrub::StandIn;
use crate::text::{Found, Known, Label, detect_knowing};
use crate::token::Tokens;
use comity_terms::Treatment;
use std::borrow::Cow;

/// How often a text is looked at again. One that still changes then is withheld whole.
const ROUNDS_MAX: usize = 6;

/// What became of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scrubbed {
    /// The text as it travels; `None`: it must stay home.
    pub text: Option<String>,
    /// The classes of what was in it, with what was done, each once.
    pub treated: Vec<(&'static str, Treatment)>,
    /// Who was in it, by name in full or by address, with what stands there now: they may be named elsewhere, too.
    pub named: Vec<(String, StandIn)>,
}

/// The class that a property with such a value would have.
pub(crate) fn class_of(label: Label) -> &'static str {
    match label {
        Label::Person => "name",
        Label::Email | Label::Phone => "contact",
        Label::Username | Label::PathUser => "username",
        Label::NationalId | Label::Iban | Label::CreditCard => "identifier",
        Label::Ip | Label::Mac => "device",
    }
}

/// The class of what reads like a name and is none that is known.
pub(crate) const LIKELY_NAME: &str = "likely_name";

/// `text` without people; `None` when nobody is in it. `treatment` says what is asked for a class; what is `cited`
/// as the attacker's stays.
pub(crate) fn scrub(
    text: &str,
    known: &Known,
    tokens: &Tokens<'_>,
    treatment: &dyn Fn(&str) -> Treatment,
    cited: &dyn Fn(&str) -> bool,
) -> Option<Scrubbed> {
    let mut done = Done::default();
    let mut current = Cow::Borrowed(text);
    for _ in 0..ROUNDS_MAX {
        let found = detect_knowing(&current, known);
        let Some(next) = round(&current, &found, tokens, treatment, cited, &mut done) else {
            return match current {
                Cow::Borrowed(_) => None,
                Cow::Owned(text) => {
                    let stays = done.treated.iter().any(|(_, done)| *done == Treatment::WithholdObject);
                    Some(Scrubbed {
                        text: (!stays).then_some(text),
                        treated: done.treated,
                        named: done.named,
                    })
                }
            };
        };
        current = Cow::Owned(next);
    }
    Some(Scrubbed { text: None, treated: done.treated, named: done.named })
}

/// What the rounds did.
#[derive(Default)]
struct Done {
    treated: Vec<(&'static str, Treatment)>,
    named: Vec<(String, StandIn)>,
}

/// The text with everything found replaced; `None` when that changes nothing.
fn round(
    text: &str,
    found: &Found,
    tokens: &Tokens<'_>,
    treatment: &dyn Fn(&str) -> Treatment,
    cited: &dyn Fn(&str) -> bool,
    done: &mut Done,
) -> Option<String> {
    let spans = found.spans.iter().map(|span| (span.start..span.end, class_of(span.label), Some(span.label)));
    let likely = found.likely_names.iter().map(|range| (range.clone(), LIKELY_NAME, None));
    let mut parts: Vec<_> = spans.chain(likely).collect();
    parts.sort_by_key(|(range, ..)| range.start);
    let mut out = String::new();
    let mut at = 0;
    for (range, class, label) in parts {
        let value = &text[range.clone()];
        let asked = treatment(class);
        if asked == Treatment::Keep || cited(value) || tokens.verifies(value) {
            continue;
        }
        let instead = match asked {
            Treatment::Generalise => coarse(label, value).unwrap_or_else(|| token(label, value, tokens)),
            Treatment::Pseudonymise => token(label, value, tokens),
            _ => format!("[{class}]"),
        };
        if instead == value {
            continue;
        }
        out.push_str(&text[at..range.start]);
        out.push_str(&instead);
        at = range.end;
        if !done.treated.contains(&(class, asked)) {
            done.treated.push((class, asked));
        }
        let in_full = label == Some(Label::Person) && value.contains(' ');
        if in_full || label == Some(Label::Email) {
            let stand_in = match asked {
                Treatment::Pseudonymise | Treatment::Generalise if in_full => StandIn::Token,
                _ => StandIn::Text(instead),
            };
            done.named.push((value.to_owned(), stand_in));
        }
    }
    if at == 0 {
        return None;
    }
    out.push_str(&text[at..]);
    Some(out)
}

fn coarse(label: Option<Label>, value: &str) -> Option<String> {
    let method = match label? {
        Label::Ip if value.contains(':') => Coarsening::Net48,
        Label::Ip => Coarsening::Net24,
        Label::Mac => Coarsening::Oui,
        _ => return None,
    };
    let node = method.apply(&Node::Text(Cow::Borrowed(value)))?;
    node.as_text().map(str::to_owned)
}

fn token(label: Option<Label>, value: &str, tokens: &Tokens<'_>) -> String {
    match label {
        Some(Label::Email) => tokenise(Token::Email, value, tokens, &|_| false, &mut Parts::new()),
        _ => tokens.of(value),
    }
}

#[cfg(test)]
mod tests;

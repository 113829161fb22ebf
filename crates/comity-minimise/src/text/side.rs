//! Whose an address is: a person's, or the attacker's and nobody's. What stands beside it decides, the nearer the
//! more, and all its mentions in one text together.

use super::items::{Item, Kind};
use super::lexicon::{
    ASKS, Cues, HONORIFIC, HOSTILE, INFRASTRUCTURE, Known, LURE, Lexicon, NAMES_NEXT, OFFICE_MAILBOX, PHONE,
    ROLE, SENDER, THEIRS, THING, THING_AFTER, TITLE,
};
use super::span::{Label, Span};
use super::tokens::{Form, Token, What};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// How many tokens before and after an address are looked at.
const BEFORE: usize = 16;
const AFTER: usize = 9;

/// What speaks for a person (positive) and against.
struct Weights {
    theirs: Cues,
    hostile: Cues,
}

/// Pushes the addresses of persons.
pub(super) fn find(text: &str, items: &[Item], tokens: &[Token], lexicon: &Lexicon, spans: &mut Vec<Span>) {
    let addresses = |item: &Item| matches!(item.kind, Kind::Address { .. } | Kind::Mail { .. });
    let Some(last) = items.iter().rposition(addresses) else { return };
    let last = items[last].range.start;
    let mut sums: Vec<f32> = Vec::new();
    let mut places: BTreeMap<Cow<'_, str>, usize> = BTreeMap::new();
    let mut mentions = Vec::new();
    let mut header = 0.0_f32;
    let mut line_start = 0;
    for (at, token) in tokens.iter().enumerate() {
        if token.what == What::Line {
            header = heading(&tokens[line_start..at], header);
            line_start = at + 1;
            continue;
        }
        if token.start > last {
            break;
        }
        let What::Item(index) = token.what else { continue };
        let item = &items[index as usize];
        let (weights, start) = match item.kind {
            // Where a port stands behind it, it is a service that many reach.
            Kind::Address { private: true } => {
                let start = if has_port(text, item) { -0.05 } else { 0.45 };
                (Weights { theirs: THEIRS | ROLE, hostile: INFRASTRUCTURE }, start)
            }
            Kind::Address { private: false } => (Weights { theirs: THEIRS, hostile: HOSTILE }, -0.12),
            Kind::Mail { .. } => {
                (Weights { theirs: ROLE | TITLE | HONORIFIC | PHONE | NAMES_NEXT, hostile: LURE }, 0.35)
            }
            _ => continue,
        };
        let mut score = beside(items, tokens, at, &weights);
        if let Kind::Mail { local } = item.kind
            && score < 0.0
            && is_named(text, item, local, lexicon)
        {
            score += 0.5;
        }
        if matches!(item.kind, Kind::Address { private: false } | Kind::Mail { .. })
            && header < 0.0
            && score <= 0.0
        {
            score += header;
        }
        if matches!(item.kind, Kind::Mail { .. }) && is_signed_by_thing(tokens, at) {
            score -= 0.8;
        }
        let place = *places.entry(folded(&text[item.range.clone()])).or_insert_with(|| {
            sums.push(start);
            sums.len() - 1
        });
        sums[place] += score;
        mentions.push((index, place));
    }
    for (index, place) in mentions {
        let item = &items[index as usize];
        let label = match item.kind {
            Kind::Mail { local } if is_office(text, item, local, tokens, lexicon) => continue,
            Kind::Mail { .. } => Label::Email,
            _ => Label::Ip,
        };
        if sums[place] > 0.0 {
            spans.push(Span { start: item.range.start, end: item.range.end, label });
        }
    }
}

fn folded(address: &str) -> Cow<'_, str> {
    match address.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        true => Cow::Borrowed(address),
        false => Cow::Owned(address.to_lowercase()),
    }
}

fn has_port(text: &str, item: &Item) -> bool {
    let mut after = text[item.range.end..].bytes();
    after.next() == Some(b':') && after.next().is_some_and(|b| b.is_ascii_digit())
}

/// Whether what stands before the `@` of an address is built as the names of people are: `anna.tamm`.
fn is_named(text: &str, item: &Item, local: usize, lexicon: &Lexicon) -> bool {
    let name = text[item.range.start..item.range.start + local].to_lowercase();
    let mut parts = name.split(['.', '_', '-']);
    let (Some(first), Some(last), None) = (parts.next(), parts.next(), parts.next()) else { return false };
    [first, last].iter().all(|part| part.len() > 2 && part.chars().all(char::is_alphabetic))
        && (lexicon.given(first) == Known::Well || lexicon.given(last) == Known::Well)
}

/// `中村 太郎 <taro@…>`, `Anna Tamm <anna@…>`: somebody signs with a name.
fn is_signed_by_person(text: &str, item: &Item, tokens: &[Token], lexicon: &Lexicon) -> bool {
    let at = tokens.partition_point(|token| token.start < item.range.start);
    let mut before = tokens[..at].iter().rev();
    before.next().is_some_and(|token| token.is_mark('<'))
        && before.take(2).any(|token| match token.what {
            What::Unspaced => true,
            What::Word(Form::Title) => {
                let names = lexicon.names(&text[token.range()].to_lowercase());
                names.given == Known::Well && !names.plain
            }
            _ => false,
        })
}

/// Whether an address is that of an office: what stands before its `@` are ordinary words and no names.
fn is_office(text: &str, item: &Item, local: usize, tokens: &[Token], lexicon: &Lexicon) -> bool {
    let name = text[item.range.start..item.range.start + local].to_lowercase();
    if lexicon.cues(&name) & OFFICE_MAILBOX != 0 {
        return true;
    }
    let mut parts = name.split(|c: char| !c.is_alphabetic()).filter(|part| !part.is_empty()).peekable();
    parts.peek().is_some()
        && parts.all(|part| {
            lexicon.cues(part) & OFFICE_MAILBOX != 0
                || part.len() > 3
                    && lexicon.is_plain(part)
                    && lexicon.given(part) == Known::No
                    && !lexicon.is_surname(part)
        })
        && !is_signed_by_person(text, item, tokens, lexicon)
}

/// `"DHL Express" <track@…>`: a company that writes from where it pleases is nobody.
fn is_signed_by_thing(tokens: &[Token], at: usize) -> bool {
    let mut before = tokens[..at].iter().rev();
    before.next().is_some_and(|token| token.is_mark('<') || token.is_mark('('))
        && before
            .take(6)
            .take_while(|token| matches!(token.what, What::Word(_) | What::Mark('"' | '\'' | '.' | '”')))
            .any(|token| token.cues & (THING | THING_AFTER) != 0)
}

/// What the words beside the token at `at` say, each by its distance.
fn beside(items: &[Item], tokens: &[Token], at: usize, weights: &Weights) -> f32 {
    let (mut theirs, mut hostile) = (0.0, 0.0);
    let mut side = |cues: Cues, distance: usize, factor: f32| {
        #[expect(clippy::cast_precision_loss, reason = "a distance below 32")]
        let weight = factor / (1.0 + distance as f32);
        if cues & weights.theirs != 0 {
            theirs += weight;
        }
        if cues & weights.hostile != 0 {
            hostile += weight;
        }
    };
    // `the attacker logged in from …`, `ransom note: contact …`: who acts in the sentence decides what its other
    // words mean.
    let (mut same_sentence, mut lured, mut sent, mut received) = (true, false, false, false);
    let (mut distance, mut factor) = (0, 1.0);
    for (back, token) in tokens[..at].iter().rev().take(BEFORE).enumerate() {
        match token.what {
            What::Word(_) | What::Unspaced => {
                side(token.cues, distance, factor);
                lured |= same_sentence && token.cues & LURE != 0;
                sent |= back == 0 && token.cues & SENDER != 0;
                received |= back == 0 && token.cues & (NAMES_NEXT | ASKS | ROLE) != 0;
                distance += 1;
            }
            What::Line => break,
            // The sentence before counts less.
            What::Mark('.' | '!' | '?' | '。') if back > 0 => {
                factor *= 0.3;
                same_sentence = false;
            }
            What::Mark(';') => {
                factor *= 0.5;
                same_sentence = false;
            }
            // What was said of another address was not said of this one.
            What::Item(index) => match items[index as usize].kind {
                Kind::Address { .. } | Kind::Mail { .. } => factor *= 0.4,
                Kind::Defanged => side(weights.hostile, distance, 0.8),
                _ => distance += 1,
            },
            _ => {}
        }
    }
    let (mut distance, mut factor) = (0, 0.7);
    for token in tokens[at + 1..].iter().take(AFTER) {
        match token.what {
            What::Word(_) | What::Unspaced => {
                side(token.cues, distance, factor);
                distance += 1;
            }
            What::Line | What::Mark('.' | '!' | '?' | '。') => break,
            What::Mark(',' | ';') => factor *= 0.5,
            What::Item(index) => match items[index as usize].kind {
                Kind::Address { .. } | Kind::Mail { .. } => break,
                Kind::Defanged => side(weights.hostile, distance, 0.8),
                _ => distance += 1,
            },
            _ => {}
        }
    }
    if lured && weights.hostile != INFRASTRUCTURE {
        theirs *= 0.35;
        hostile += match (sent, weights.hostile == LURE && !received) {
            (true, _) => 0.6,
            (false, true) => 0.3,
            (false, false) => 0.0,
        };
    }
    theirs - hostile
}

/// What a line says of the lines below it: a heading of a list of indicators counts against all of them.
fn heading(line: &[Token], before: f32) -> f32 {
    let Some(last) = line.last() else { return before * 0.5 };
    let (mut words, mut items, mut cues) = (0_usize, false, 0);
    for token in line {
        words += usize::from(matches!(token.what, What::Word(_) | What::Unspaced));
        items |= matches!(token.what, What::Item(_));
        cues |= token.cues;
    }
    let ends = last.is_mark(':') || last.is_mark('：');
    let (hostile, theirs) = (cues & (HOSTILE | LURE) != 0, cues & (THEIRS | ROLE) != 0);
    match (words, ends || words <= 5 && !items) {
        (0, _) => before,
        (1..=8, true) if hostile && !theirs => -0.6,
        (1..=8, true) if theirs && !hostile => 0.3,
        (1..=8, true) => 0.0,
        _ => before * 0.6,
    }
}

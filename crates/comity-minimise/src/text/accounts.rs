//! Accounts that a word announces: `user jdoe`, `username: a.tamm`, `net user`, a prompt read elsewhere in the text.
//!
//! After a word alone, only what is written as accounts are is taken: a figure, a dot or an underscore in it, or a
//! name behind an initial. After `:`, `=` or a quote the word may be any but an ordinary one.

use super::items::{Item, Kind};
use super::letters;
use super::lexicon::{
    ACCOUNT, COMMAND, DOTTED_END, Known, LURE, Lexicon, NAMES_NEXT, SYSTEM_ACCOUNT, THING, is_cue,
};
use super::names::unmarked;
use super::span::{Label, Span};
use super::tokens::{Form, Token, Tokens, What, lower};
use std::cell::LazyCell;

/// The shortest and longest account that is taken.
const LENGTH: std::ops::RangeInclusive<usize> = 3..=40;

/// Pushes the accounts of `text`; `spans` holds those that paths and domains gave.
pub(super) fn find(text: &str, items: &[Item], tokens: &Tokens, lexicon: &Lexicon, spans: &mut Vec<Span>) {
    let english = LazyCell::new(|| is_english(tokens, text));
    let mut people: Option<Vec<String>> = None;
    let mut known: Vec<String> = spans
        .iter()
        .filter(|span| matches!(span.label, Label::Username | Label::PathUser))
        .map(|span| letters::lower(&text[span.start..span.end]).into_owned())
        .collect();
    let mut taken = Taken::default();
    let announcing = tokens.places().cues & (ACCOUNT | COMMAND) != 0;
    for at in 0..if announcing { tokens.len() } else { 0 } {
        if tokens[at].cues & (ACCOUNT | COMMAND) == 0
            || tokens[at].cues & ACCOUNT == 0 && !is_command(text, tokens, at)
        {
            continue;
        }
        // The last word of a phrase announces, not its first.
        if tokens.get(at + 1).is_some_and(|next| next.cues & ACCOUNT != 0 && next.form() == Some(Form::Lower))
        {
            continue;
        }
        let Some((start, strong)) = announced(text, items, tokens, at) else { continue };
        let end = account_end(text, start);
        let account = &text[start..end];
        if (is_account(account, strong || is_command(text, tokens, at), &|| *english, lexicon)
            || may_be_of(account) && is_of(account, people.get_or_insert_with(|| names_of(text, spans))))
            && taken.announce(start)
            && !lured(tokens, at)
        {
            spans.push(Span { start, end, label: Label::Username });
            if account.len() > 3 {
                known.push(account.to_lowercase());
            }
        }
    }
    speakers(text, tokens, lexicon, &mut taken, &mut known, spans);
    // Who was named once is known wherever the name stands alone.
    known.retain(|name| {
        name.len() > 3
            && !lexicon.is_plain(name)
            && lexicon.cues(name) & SYSTEM_ACCOUNT == 0
            && !name.contains(' ')
    });
    if known.is_empty() {
        return;
    }
    known.sort_unstable();
    known.dedup();
    let mut begins = [false; 256];
    for name in &known {
        begins[usize::from(name.as_bytes()[0])] = true;
    }
    for token in tokens.iter() {
        let first = text.as_bytes()[token.start];
        if !matches!(token.what, What::Word(Form::Lower | Form::Mixed))
            || first.is_ascii() && !begins[usize::from(first.to_ascii_lowercase())]
            || taken.contains(token.start)
        {
            continue;
        }
        let free = text[..token.start]
            .chars()
            .next_back()
            .is_none_or(|c| !matches!(c, '.' | '-' | '_' | '/' | '\\' | '@'));
        let end = account_end(text, token.start);
        if free
            && known
                .binary_search_by(|name| name.as_str().cmp(&letters::lower(&text[token.start..end])))
                .is_ok()
        {
            spans.push(Span { start: token.start, end, label: Label::Username });
        }
    }
}

/// Where accounts begin that were taken: by what announced them, and as speakers; each in the order of the text.
#[derive(Default)]
struct Taken {
    announced: Vec<usize>,
    speakers: Vec<usize>,
}

impl Taken {
    fn contains(&self, start: usize) -> bool {
        self.announced.binary_search(&start).is_ok() || self.speakers.binary_search(&start).is_ok()
    }

    /// Adds the next that is announced; tells whether it is new.
    fn announce(&mut self, start: usize) -> bool {
        let new = self.announced.last() != Some(&start);
        if new {
            self.announced.push(start);
        }
        new
    }
}

/// The parts of the names that were found, as they stand in accounts.
fn names_of(text: &str, spans: &[Span]) -> Vec<String> {
    let names = spans.iter().filter(|span| span.label == Label::Person);
    let parts = names.flat_map(|span| text[span.start..span.end].split(|c: char| !c.is_alphabetic()));
    let mut parts: Vec<String> = parts
        .filter(|part| part.chars().count() > 3)
        .map(|part| unmarked(&lower(part)).into_owned())
        .take(512)
        .collect();
    parts.sort();
    parts.dedup();
    parts
}

/// Whether `account` can be made of a name at all.
fn may_be_of(account: &str) -> bool {
    account.len() >= 4 && account.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// Whether `account` is made of the name of somebody whom the text names: `skettun` of Kettunen.
fn is_of(account: &str, people: &[String]) -> bool {
    let account = account.to_ascii_lowercase();
    let tail = account[1..].trim_start_matches(['.', '_', '-']);
    people.iter().any(|part| {
        let short = part.get(..4).unwrap_or(part);
        account.len() > part.len() && account.contains(part.as_str())
            || tail.len() > 3
                && tail.starts_with(short)
                && part.starts_with(&tail[..tail.len().min(part.len())])
    })
}

/// Who speaks in a log of a chat: `<jdoe> …` at the beginning of a line or after a time.
fn speakers(
    text: &str,
    tokens: &Tokens,
    lexicon: &Lexicon,
    taken: &mut Taken,
    known: &mut Vec<String>,
    spans: &mut Vec<Span>,
) {
    for at in tokens.places().opening.iter().copied() {
        let opens = at == 0 || matches!(tokens[at - 1].what, What::Line | What::Mark(']'));
        let Some(next) = tokens
            .get(at + 1)
            .filter(|next| opens && matches!(next.what, What::Word(Form::Lower | Form::Mixed)))
        else {
            continue;
        };
        let end = account_end(text, next.start);
        let name = &text[next.start..end];
        let closed = text[end..].starts_with("> ") || text[end..].starts_with(">:");
        if closed
            && LENGTH.contains(&name.len())
            && !lexicon.is_plain(&name.to_lowercase())
            && !taken.contains(next.start)
        {
            taken.speakers.push(next.start);
            spans.push(Span { start: next.start, end, label: Label::Username });
            known.push(name.to_lowercase());
        }
    }
}

/// The words of [`is_command`].
pub(super) const COMMANDS: [&str; 11] =
    ["user", "su", "u", "l", "useradd", "userdel", "usermod", "adduser", "passwd", "chage", "whoami"];

/// `net user jdoe`, `su - jdoe`, `chown jdoe`, `sudo -u jdoe`: commands that take an account.
fn is_command(text: &str, tokens: &[Token], at: usize) -> bool {
    let word = &text[tokens[at].range()];
    let before = at.checked_sub(1).map(|at| &text[tokens[at].range()]);
    match word {
        "user" => before == Some("net") || before == Some("Net"),
        "su" => {
            tokens.get(at + 1).is_some_and(|next| next.is_mark('-') || next.form() == Some(Form::Lower))
                && before != Some("sudo")
        }
        "u" => before == Some("-") && at > 1 && &text[tokens[at - 2].range()] == "sudo",
        "l" => before == Some("-") && at > 1 && matches!(&text[tokens[at - 2].range()], "ssh" | "rlogin"),
        "useradd" | "userdel" | "usermod" | "adduser" | "passwd" | "chage" | "whoami" => true,
        _ => false,
    }
}

/// Where the account begins that the cue at `at` announces, and whether a mark says that it is one.
fn announced(text: &str, items: &[Item], tokens: &Tokens, at: usize) -> Option<(usize, bool)> {
    let mut strong = false;
    let mut fillers = 0;
    let mut look = at + 1;
    while look < tokens.len() && look < at + 8 {
        let token = &tokens[look];
        match token.what {
            What::Mark(
                ':' | '=' | '：' | '\'' | '"' | '`' | '‘' | '“' | '„' | '«' | '「' | '『' | '<' | '[' | '»'
                | '”' | '’',
            ) => strong = true,
            What::Mark('(' | '-' | '#' | '@' | '.') => {}
            What::Word(form) => {
                let word = tokens.lower(token);
                let filler = [
                    "is", "was", "name", "names", "account", "id", "of", "the", "named", "called", "as",
                    "for", "von", "de", "du", "mit", "est", "ist", "on", "oli", "es", "adlı", "o", "nazwie",
                    "nimega", "nimi", "user", "name:", "kennung", "namens", "domain", "local", "admin",
                    "invalid",
                ]
                .contains(&word);
                if filler && (form == Form::Lower || word == "id") && fillers < 3 && !strong_word(text, token)
                {
                    fillers += 1;
                    // What came before the filler does not make the word after it an account.
                    look += 1;
                    continue;
                }
                return Some((token.start, strong));
            }
            // `uid=1001(jdoe)`
            What::Number if strong && tokens.get(look + 1).is_some_and(|next| next.is_mark('(')) => {}
            What::Number => return None,
            What::Item(index) => {
                // `user CORP\jdoe` was read by its form.
                return match items[index as usize].kind {
                    Kind::Thing if !strong => {
                        Some((token.start, false)).filter(|_| is_dotted_name(text, token))
                    }
                    Kind::Thing => is_dotted_name(text, token).then_some((token.start, true)),
                    _ => None,
                };
            }
            What::Line if strong && look == at + 2 => {}
            _ => return None,
        }
        look += 1;
    }
    None
}

fn strong_word(text: &str, token: &Token) -> bool {
    text[token.range()].contains(['_', '.']) || text[token.range()].bytes().any(|b| b.is_ascii_digit())
}

/// `mari.lee`: read as a domain, since `lee` could be one; a name all the same.
fn is_dotted_name(text: &str, token: &Token) -> bool {
    let name = &text[token.range()];
    let lexicon = Lexicon::shipped();
    name.split('.').count() == 2
        && name.split('.').all(|part| part.len() > 1 && part.chars().all(char::is_lowercase))
        && name.split('.').any(|part| lexicon.given(part) == Known::Well)
}

fn account_end(text: &str, start: usize) -> usize {
    let inside = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(c, '.' | '_' | '-')
            || (c.is_alphabetic() && !super::items::is_unspaced(c))
    };
    let length = text[start..]
        .char_indices()
        .take_while(|(at, c)| inside(*c) && *at <= 64)
        .last()
        .map_or(0, |(at, c)| at + c.len_utf8());
    start + text[start..start + length].trim_end_matches(['.', '-']).len()
}

fn is_account(account: &str, strong: bool, english: &dyn Fn() -> bool, lexicon: &Lexicon) -> bool {
    let lower = letters::lower(account);
    // `e.g`
    if account.split(['.', '-', '_']).all(|part| part.len() < 2) {
        return false;
    }
    let letters = account.chars().any(char::is_alphabetic);
    if !LENGTH.contains(&account.chars().count())
        || !letters
        || lexicon.cues(&lower) & (SYSTEM_ACCOUNT | THING) != 0
        || lower.starts_with("svc")
        || account.ends_with('$')
    {
        return false;
    }
    if lexicon.cues(&lower) & (ACCOUNT | NAMES_NEXT) != 0 {
        return false;
    }
    let first = account.chars().next().unwrap_or(' ');
    let rest = &account[first.len_utf8()..];
    let signed = account.bytes().any(|b| b.is_ascii_digit()) && !account.contains('-')
        || rest.contains('_')
        || rest.contains('.') && !is_sentence(account);
    if signed && first.is_alphanumeric() {
        return account.rsplit_once('.').is_none_or(|(_, end)| {
            lexicon.cues(end) & DOTTED_END == 0
                || lexicon.given(account.split('.').next().unwrap_or("")) != Known::No
                || end.len() > 3
        });
    }
    if account.chars().any(char::is_uppercase)
        && !(strong && account.chars().skip(1).all(|c| !c.is_uppercase()))
    {
        // `JDoe`, `JDOE`
        return strong
            && account.is_ascii()
            && !lexicon.is_plain(&lower)
            && !first.is_lowercase()
            && is_built(&lower, lexicon);
    }
    if first.is_uppercase() {
        return false;
    }
    if is_built(&lower, lexicon) && !lexicon.is_plain(&lower) {
        return true;
    }
    // Words that the lists lack end as words do.
    let formed =
        ["tion", "ing", "ed", "ity", "ment", "ness", "able", "ally", "ers", "ive", "tud", "nud", "ttu"];
    let ordinary = lexicon.is_plain(&lower)
        || is_cue(lexicon.cues(&lower))
        || lower.len() > 5 && formed.iter().any(|end| lower.ends_with(end));
    account.is_ascii() && !ordinary && (strong || english() && lower.len() > 3 || is_initial_and_name(&lower))
        || strong && account.is_ascii() && !lexicon.is_english(&lower) && lexicon.given(&lower) != Known::No
}

/// `lgarnaud`: two consonants that begin no word, since an initial was put before a name.
fn is_initial_and_name(account: &str) -> bool {
    const BEGINNINGS: [&str; 63] = [
        "bh", "bl", "br", "ch", "cl", "cr", "cz", "dh", "dl", "dn", "dr", "dw", "dz", "fl", "fr", "gh", "gl",
        "gn", "gr", "hl", "hr", "kh", "kl", "kn", "kr", "kw", "lj", "ll", "ml", "mn", "nj", "ng", "ph", "pl",
        "pn", "pr", "ps", "pt", "rh", "rz", "sc", "sf", "sh", "sk", "sl", "sm", "sn", "sp", "sr", "st", "sv",
        "sw", "sz", "th", "tl", "tr", "ts", "tw", "tz", "vl", "wh", "wr", "zw",
    ];
    let is_consonant = |b: &u8| b.is_ascii_lowercase() && !b"aeiouy".contains(b);
    let bytes = account.as_bytes();
    (6..=16).contains(&account.len())
        && bytes.iter().all(u8::is_ascii_lowercase)
        && bytes[..2].iter().all(is_consonant)
        && bytes[0] != bytes[1]
        && !bytes[2..].iter().all(is_consonant)
        && !BEGINNINGS.contains(&&account[..2])
}

/// `Word.Next`: the end of a sentence.
fn is_sentence(account: &str) -> bool {
    account.split('.').skip(1).any(|part| part.chars().next().is_some_and(char::is_uppercase))
        && !account.chars().next().is_some_and(char::is_uppercase)
}

/// Whether an account is built from a name: `jtamm`, `tammj`, `annat`, `annatamm`.
fn is_built(account: &str, lexicon: &Lexicon) -> bool {
    if !account.is_ascii() || account.len() < 4 {
        return false;
    }
    let surname = |part: &str| part.len() > 2 && lexicon.is_listed_surname(part);
    let given = |part: &str| part.len() > 2 && lexicon.given(part) == Known::Well;
    let (front, back) = (&account[1..], &account[..account.len() - 1]);
    surname(front)
        || surname(back)
        || given(back) && account.len() > 4
        || (3..account.len() - 2).any(|at| given(&account[..at]) && surname(&account[at..]))
}

/// Whether the words before say that the account is the attacker's.
fn lured(tokens: &[Token], at: usize) -> bool {
    tokens[at.saturating_sub(5)..at]
        .iter()
        .rev()
        .take_while(|token| token.what != What::Line && !token.is_mark('.'))
        .any(|token| token.cues & LURE != 0)
}

/// Whether the text is English: its commonest words are.
fn is_english(tokens: &[Token], text: &str) -> bool {
    const COMMON: [&str; 14] =
        ["the", "of", "and", "to", "was", "is", "from", "for", "on", "with", "that", "has", "by", "at"];
    let words = tokens.iter().filter(|token| token.form() == Some(Form::Lower)).take(400);
    let (mut all, mut english) = (0, 0);
    for word in words {
        all += 1;
        english += usize::from(COMMON.contains(&&text[word.range()]));
    }
    english * 12 >= all
}

//! Names in a script that is written without spaces: a surname of the list with a given name after it, or whatever
//! stands between a cue and an honorific.

use crate::text::lexicon::{Unspaced, lines};
use crate::text::tokens::{Tokens, What};
use aho_corasick::{AhoCorasick, MatchKind};
use std::ops::Range;
use std::sync::LazyLock;

/// The longest surname and given name of the lists, in characters.
const SURNAME_MAX: usize = 4;
const GIVEN_MAX: usize = 3;

struct Cues {
    before: Option<AhoCorasick>,
    /// With its first character, of three bytes each: most places are told apart by these.
    after: Vec<([u8; 3], &'static str)>,
}

/// Whether an honorific begins here.
fn is_honorific(rest: &str) -> bool {
    let Some(head) = rest.as_bytes().first_chunk::<3>() else { return false };
    CUES.after.iter().any(|(first, cue)| first == head && rest.starts_with(cue))
}

static CUES: LazyLock<Cues> = LazyLock::new(|| {
    let all: Vec<(&str, &str)> = lines(include_str!("../../../data/japanese-cues.txt"))
        .filter_map(|line| line.split_once(' '))
        .collect();
    let of = |place: &str| all.iter().filter(|(p, _)| *p == place).map(|(_, cue)| *cue).collect::<Vec<_>>();
    // Building fails only beyond 2^31 patterns.
    let before = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(of("before")).ok();
    let after =
        of("after").into_iter().filter_map(|cue| Some((*cue.as_bytes().first_chunk::<3>()?, cue))).collect();
    Cues { before, after }
});

/// Pushes the names in the runs of `tokens`.
pub(super) fn find(text: &str, tokens: &Tokens, found: &mut Vec<Range<usize>>) {
    if tokens.places().unspaced.is_empty() {
        return;
    }
    let (mut starts, mut places): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
    let mut reached = 0;
    for at in tokens.places().unspaced.iter().copied() {
        let token = &tokens[at];
        let run = &text[token.range()];
        // A surname and a given name may stand apart: `田中 太郎`.
        let next = tokens.get(at + 1).filter(|next| {
            next.what == What::Unspaced && matches!(&text[token.end..next.start], " " | "\u{3000}" | "・")
        });
        starts.clear();
        if let Some(before) = &CUES.before {
            starts.extend(before.find_iter(run).take(64).map(|cue| cue.end()));
        }
        // A cue may stand right before this run, or end the one before it.
        let announced = at > 0
            && match tokens[at - 1].what {
                What::Mark(mark) => matches!(mark, ':' | '：' | '「' | '（' | '('),
                What::Unspaced => ends_in_cue(&text[tokens[at - 1].range()]),
                _ => false,
            };
        let led = tokens
            .get(at + 2)
            .is_some_and(|after| after.what == What::Unspaced && is_honorific(&text[after.range()]));
        places.clear();
        places.extend(run.char_indices().map(|(place, _)| place).chain([run.len()]));
        let mut place = 0;
        while place + 1 < places.len() {
            let from = places[place];
            if token.start + from < reached {
                place += 1;
                continue;
            }
            let cued = starts.contains(&from) || announced && from == 0;
            let boundary = from == 0 || cued || !is_han(run[..from].chars().next_back());
            match boundary
                .then(|| name(run, &places[place..], cued, led, next.map(|next| &text[next.range()])))
                .flatten()
            {
                Some(Name::Within(end)) => {
                    found.push(token.start + from..token.start + end);
                    reached = token.start + end;
                    while places[place] < end {
                        place += 1;
                    }
                }
                Some(Name::Across(length)) => {
                    if let Some(next) = next {
                        reached = next.start + length;
                        found.push(token.start + from..reached);
                    }
                    break;
                }
                None => place += 1,
            }
        }
    }
    found.sort_by_key(|range| range.start);
}

enum Name {
    /// It ends in its run.
    Within(usize),
    /// It goes on for so many bytes in the next run.
    Across(usize),
}

/// Whether a field, a post or a role ends `run`.
fn ends_in_cue(run: &str) -> bool {
    let tail: String = run.chars().rev().take(8).collect::<Vec<_>>().into_iter().rev().collect();
    CUES.before.as_ref().is_some_and(|before| before.find_iter(&tail).any(|cue| cue.end() == tail.len()))
}

fn is_han(c: Option<char>) -> bool {
    c.is_some_and(|c| matches!(c, '\u{3400}'..='\u{9fff}' | '々' | '\u{f900}'..='\u{faff}'))
}

fn is_kana(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{30ff}')
}

/// The name that begins at the first of `places` in `run`.
fn name(run: &str, places: &[usize], cued: bool, led: bool, next: Option<&str>) -> Option<Name> {
    let from = places[0];
    let honorific = |end: usize| is_honorific(&run[end..]);
    for length in (1..=SURNAME_MAX.min(places.len() - 1)).rev() {
        let end = places[length];
        let surname = &run[from..end];
        let listed = Unspaced::shipped().is_surname(surname);
        if !listed {
            continue;
        }
        // With a given name: listed, or bounded by a honorific.
        for more in (1..=GIVEN_MAX.min(places.len() - 1 - length)).rev() {
            let to = places[length + more];
            let given = &run[end..to];
            let bounded = to == run.len() || !is_han(run[to..].chars().next()) || honorific(to);
            let known = Unspaced::shipped().is_given(given);
            if bounded
                && (known && (more > 1 || length > 1)
                    || given.chars().all(|c| is_han(Some(c)))
                        && (honorific(to) && !honorific(end) || cued && more > 1))
            {
                return Some(Name::Within(to));
            }
        }
        if honorific(end) {
            return Some(Name::Within(end));
        }
        if end == run.len()
            && let Some(next) = next
        {
            let given: String =
                next.chars().take_while(|c| is_han(Some(*c)) || is_kana(*c)).take(GIVEN_MAX + 1).collect();
            let cut = CUES.after.iter().find_map(|(_, cue)| given.find(cue)).unwrap_or(given.len());
            let mut given = &given[..cut];
            // A particle is no part of a name.
            if given.chars().next().is_some_and(|c| is_han(Some(c))) {
                given = &given[..given.find(is_kana).unwrap_or(given.len())];
            }
            let count = given.chars().count();
            if (1..=GIVEN_MAX).contains(&count)
                && (Unspaced::shipped().is_given(given) || cued || led || cut < next.len())
            {
                return Some(Name::Across(given.len()));
            }
        }
        if cued && end == run.len() {
            return Some(Name::Within(end));
        }
    }
    // Not listed, but between a boundary and an honorific: `ジョンさん`, `蓮見さん`.
    let script = |c: char| matches!(c, '\u{30a1}'..='\u{30ff}');
    for (length, &end) in places.iter().enumerate().take(7).skip(2) {
        let part = &run[from..end];
        let person = ["さん", "様", "氏", "くん", "ちゃん"].iter().any(|cue| run[end..].starts_with(cue));
        if person
            && (part.chars().all(script) || length <= 4 && cued && part.chars().all(|c| is_han(Some(c))))
        {
            return Some(Name::Within(end));
        }
    }
    None
}

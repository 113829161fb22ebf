//! The closed words of VERIS, by place: `words.txt`.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

static WORDS: LazyLock<HashMap<&str, HashSet<&str>>> = LazyLock::new(|| read(include_str!("words.txt")));

/// Whether VERIS has that word at that place.
pub(super) fn is(place: &str, word: &str) -> bool {
    WORDS.get(place).is_some_and(|words| words.contains(word))
}

fn read(text: &'static str) -> HashMap<&'static str, HashSet<&'static str>> {
    let mut found: HashMap<&str, HashSet<&str>> = HashMap::new();
    let mut place = "";
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let words = match line.split_once(" = ") {
            Some((name, words)) if !line.starts_with(' ') => {
                place = name;
                words
            }
            _ => line,
        };
        let words = words.split('|').map(str::trim).filter(|word| !word.is_empty());
        found.entry(place).or_default().extend(words);
    }
    found
}

//! What was meant by a command or an option that is none: names one letter away, which for short ones (`add`, `--to`) the
//! measure that clap compares by does not find, and where it finds others.

use super::Cli;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, Parser as _};
use std::collections::BTreeSet;
use std::ffi::OsString;

/// The command that these words are, the program's own name first.
///
/// # Errors
/// As clap's, with a suggestion where a letter would make a name of what was typed.
pub fn read(words: Vec<OsString>) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(&words).map_err(|error| suggest(error, &words))
}

fn suggest(mut error: clap::Error, words: &[OsString]) -> clap::Error {
    let (typed, suggestion) = match error.kind() {
        ErrorKind::InvalidSubcommand => (ContextKind::InvalidSubcommand, ContextKind::SuggestedSubcommand),
        ErrorKind::UnknownArgument => (ContextKind::InvalidArg, ContextKind::SuggestedArg),
        _ => return error,
    };
    let Some(ContextValue::String(typed)) = error.get(typed) else { return error };
    let typed = typed.clone();
    let root = Cli::command();
    let command = of(&root, words);
    let names: Vec<String> = match typed.strip_prefix("--") {
        Some(_) => {
            let everywhere = root.get_arguments().filter(|arg| arg.is_global_set());
            let shown = command.get_arguments().chain(everywhere).filter(|arg| !arg.is_hide_set());
            let longs: BTreeSet<&str> = shown.filter_map(|arg| arg.get_long()).chain(["help"]).collect();
            longs.into_iter().map(|long| format!("--{long}")).collect()
        }
        None => command.get_subcommands().map(|one| one.get_name().to_owned()).collect(),
    };
    let near: Vec<String> = names.into_iter().filter(|name| is_a_letter_away(&typed, name)).collect();
    let is_known = match error.get(suggestion) {
        Some(ContextValue::String(one)) => near == [one.as_str()],
        Some(ContextValue::Strings(all)) => near.iter().all(|one| all.contains(one)),
        _ => false,
    };
    if !near.is_empty() && !is_known {
        error.insert(suggestion, ContextValue::Strings(near));
    }
    error
}

/// The command that these words come to, as far as they name one.
fn of<'c>(root: &'c clap::Command, words: &[OsString]) -> &'c clap::Command {
    words.iter().skip(1).fold(root, |command, word| command.find_subcommand(word).unwrap_or(command))
}

/// Whether one letter that is missing, too much, another, or in its neighbour's place makes the one word of the other.
fn is_a_letter_away(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let same = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    match (&one[same..], &other[same..]) {
        ([_, a @ ..], [_, b @ ..]) if a == b => true,
        ([_, a @ ..], b) | (b, [_, a @ ..]) if a == b => true,
        ([x, y, a @ ..], [v, w, b @ ..]) => (x, y, a) == (w, v, b),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_a_letter_away;

    #[test]
    fn a_letter_is_missing_too_much_another_or_in_its_neighbours_place() {
        for typed in ["ad", "dd", "addd", "aadd", "qdd", "aqd", "adq", "dad", "addq", "qadd"] {
            assert!(is_a_letter_away(typed, "add") && is_a_letter_away("add", typed), "{typed}");
        }
        for typed in ["add", "a", "dda", "list", "", "qqd", "adqq"] {
            assert!(!is_a_letter_away(typed, "add") && !is_a_letter_away("add", typed), "{typed}");
        }
    }
}

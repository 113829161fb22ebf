//! What holds of every command, walked over the whole tree: a name that is mistyped by a letter is suggested as it should be
//! typed, and shells and `man` know all of it.

use super::*;
use clap::error::{ContextKind, ContextValue};
use std::collections::BTreeSet;

/// Every command with its name from the root on, subcommands after what they belong to.
fn commands() -> Vec<(Vec<String>, clap::Command)> {
    fn walk(command: &clap::Command, path: &[String], all: &mut Vec<(Vec<String>, clap::Command)>) {
        all.push((path.to_vec(), command.clone()));
        for one in command.get_subcommands() {
            walk(one, &[path, &[one.get_name().to_owned()]].concat(), all);
        }
    }
    let mut all = Vec::new();
    // As it is when it runs: with `help` everywhere, and what is global.
    let mut built = Cli::command();
    built.build();
    walk(&built, &["comity".to_owned()], &mut all);
    all.retain(|(path, _)| !path.iter().any(|name| name == "help"));
    all
}

/// A word with one letter missing, twice, another, or in its neighbour's place.
fn mistyped(word: &str) -> BTreeSet<String> {
    let letters: Vec<char> = word.chars().collect();
    let mut all = BTreeSet::new();
    for place in 0..letters.len() {
        let (before, after) = (&letters[..place], &letters[place + 1..]);
        all.insert(before.iter().chain(after).collect());
        all.insert(before.iter().chain([&letters[place]; 2]).chain(after).collect());
        all.insert(before.iter().chain([&'q']).chain(after).collect());
        if let Some((next, rest)) = after.split_first() {
            all.insert(before.iter().chain([next, &letters[place]]).chain(rest).collect());
        }
    }
    all.remove(word);
    all.remove("");
    all
}

fn suggested(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(one)) => vec![one.clone()],
        Some(ContextValue::Strings(all)) => all.clone(),
        _ => Vec::new(),
    }
}

#[test]
fn a_command_that_is_mistyped_is_suggested() {
    let (mut tried, mut wrong) = (0, Vec::new());
    for (path, command) in commands() {
        let names: BTreeSet<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        for name in names.iter().filter(|name| **name != "help") {
            for typed in mistyped(name).into_iter().filter(|typed| !names.contains(typed.as_str())) {
                tried += 1;
                let error = typo::read(path.iter().chain([&typed]).map(Into::into).collect())
                    .expect_err("no such command");
                let suggested = suggested(&error, ContextKind::SuggestedSubcommand);
                let is_told = error.to_string().contains(&format!("'{name}'"));
                if error.exit_code() != 2 || !suggested.iter().any(|one| one == name) || !is_told {
                    wrong.push(format!("{} {typed}: {suggested:?}", path.join(" ")));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(tried > 1_000, "{tried} mistyped");
}

#[test]
fn an_option_that_is_mistyped_is_suggested() {
    let (mut tried, mut wrong, mut known) = (0, Vec::new(), BTreeSet::new());
    for (path, command) in commands() {
        let visible = |arg: &&clap::Arg| !arg.is_hide_set();
        let longs: BTreeSet<&str> =
            command.get_arguments().filter(visible).filter_map(clap::Arg::get_long).collect();
        for long in &longs {
            // In every way once; where it stands elsewhere too, in some.
            let some = if known.insert((*long).to_owned()) { 1 } else { 9 };
            for typed in
                mistyped(long).into_iter().step_by(some).filter(|typed| !longs.contains(typed.as_str()))
            {
                // A letter that begins a word is a name of its own: `---dir` is none.
                if typed.starts_with('-') {
                    continue;
                }
                tried += 1;
                let words = path.iter().cloned().chain([format!("--{typed}")]);
                let error = typo::read(words.map(Into::into).collect()).expect_err("no such option");
                let suggested = suggested(&error, ContextKind::SuggestedArg);
                if error.exit_code() != 2 || !suggested.contains(&format!("--{long}")) {
                    wrong.push(format!("{} --{typed}: {suggested:?}", path.join(" ")));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(tried > 3_000, "{tried} mistyped");
}

#[test]
fn shells_complete_every_command_and_option() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let Command::Completions(args) = command(&format!("completions {shell}")) else { panic!() };
        let mut said = Vec::new();
        manual::completions(&args, &mut out::Out::to(&mut said, Vec::new()));
        let script = String::from_utf8(said).unwrap();
        for (path, command) in commands() {
            let name = path.last().unwrap();
            assert!(script.contains(name.as_str()), "{shell}: {path:?}");
            for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
                let long = arg.get_long().unwrap_or_default();
                assert!(script.contains(long), "{shell}: {path:?} --{long}");
            }
        }
    }
}

#[test]
fn man_has_a_page_of_every_command_with_its_options_and_examples() {
    let room = tempfile::tempdir().unwrap();
    let Command::Man(args) = command("man pages") else { panic!() };
    assert_eq!(
        manual::manual(&args, room.path(), &mut out::Out::to(Vec::new(), Vec::new())),
        out::Exit::Done
    );
    let mut pages = 0;
    for (path, command) in commands() {
        let page = room.path().join(format!("pages/{}.1", path.join("-")));
        let page =
            std::fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        let page = page.replace("\\-", "-");
        for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
            let long = arg.get_long().unwrap_or_default();
            assert!(page.contains(long), "{path:?} --{long}");
        }
        if !command.has_subcommands() {
            assert!(page.contains(&path.join(" ")), "{path:?}: no example");
        }
        pages += 1;
    }
    assert!(pages > 80, "{pages} pages");
}

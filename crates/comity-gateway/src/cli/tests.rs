mod tree;

use super::*;
use clap::CommandFactory as _;
use clap::error::ErrorKind;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(std::iter::once("comity").chain(line.split(' ')))
}

fn command(line: &str) -> Command {
    parse(line).unwrap_or_else(|error| panic!("{line}: {error}")).command
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn the_demo_needs_no_argument_and_has_the_documented_defaults() {
    let Command::Demo(demo) = command("demo") else { panic!() };
    assert_eq!((&*demo.under, demo.from.as_str(), demo.to.as_str()), ("eu-nis2-2022-2555", "EE", "FI"));
    assert_eq!((demo.activity.as_str(), demo.purpose.as_str()), ("threat_intel", "cyber_defence"));
    assert!(demo.bundles.is_empty() && !demo.assume_in_force && !demo.serve && demo.dir.is_none());
}

#[test]
fn every_command_of_the_contract_reads() {
    for line in [
        "demo --bundle a.json --bundle b.json --under p --from XA --to XB --assume-in-force --dir d --serve --json",
        "init --dir d --jurisdiction XA --authority Centre",
        "serve --dir d --listen 127.0.0.1:1 --federation 127.0.0.1:2 --metrics 127.0.0.1:3 --database postgres://h/d --keys k",
        "officer add --dir d --name n --role r --training-until 2027-06-30 --password-stdin",
        "identity --dir d",
        "peer add --dir d --jurisdiction XB --url https://h:1 --identity f",
        "peer add --dir d --jurisdiction XB --url https://h:1 --identity f --officer n",
        "peer remove XB --reason instrument_suspended --officer n --dir d --json",
        "peer list --dir d --json",
        "notice close 6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10 --reason sent_in_error --officer n --dir d",
        "law adopt p --dir d",
        "vault show --dir d --json",
        "subject access --dir d --identifiers f --officer n --identity-seen --fact k=v --json",
        "subject erase --dir d --identifiers - --json",
        "subject decide 6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10 --dir d --officer n --identity-seen",
        "subject status 6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10 --dir d",
        "subject list --dir d --all --json",
        "audit requests --dir d --json",
        "key list --dir d --json",
        "key rotate party --dir d --compromised",
        "key rotate certificate --dir d --at-once",
        "key rotate officer --name n --dir d",
        "officer revoke --dir d --name n",
        "log succeed --dir d --json",
        "backup --dir d --to b",
        "restore --from b --dir d",
        "vault sweep --dir d --at-once",
        "vault erase 6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10 --dir d --officer n --ground erasure_ordered --with-openings",
        "law try c.jsonl --agreements a --jurisdictions j --json",
        "law check",
        "law check p ./q --json",
        "law show p --audience expert",
        "law diff p ./q --json",
        "law diff p ./q --prove --cache d",
        "law check --prove --no-cache",
        "law prove p --implies q --json",
        "law compare p ./q --json",
        "law recognise XA XB --activity threat_intel --json",
        "law exchange --under p --from XA --to XB --action share --activity threat_intel --json",
        "law explain --fact tlp=red --under p --from XA --to XB --action share",
        "share f --dir d --officer n --under p --to XB --activity a --purpose u --fact k=v=w --attest k=f --json",
        "recall 6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10 --dir d --officer n --ground sent_in_error --json",
        "recall 6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10 --dir d --officer n --ground g --action correct --by 8c6f8a4e-6f0e-4c0e-9d8e-0a1b2c3d4e5f",
        "recalls --dir d --order 6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10 --json",
        "match f --dir d --with XB --officer n --under p --activity a --purpose u --fact k=v --json",
        "match - --with XB --officer n --under p --activity a --purpose u",
        "log key --dir d",
        "doctor --dir d --json",
        "completions zsh",
        "man d",
        "taxii collections --dir d --json",
        "taxii add --dir d --title t --under p --partner XB --activity a --purpose u --officer n --fact k=v --until 2027-06-30 --read-only",
        "taxii end 6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10 --dir d --officer n",
        "taxii import f --dir d --collection 6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10 --officer n --added-from 2026-01-01T00:00:00Z",
        "log receipt 8c6f8a4e-6f0e-4c0e-9d8e-0a1b2c3d4e5f --dir d",
        "import kev f --output b --json",
        "import veris f g --output b",
        "minimise f --under p --from XA --to XB --activity a --purpose u --report r --fact k=v --assume-in-force",
        "audit verify log --key k --quorum q --json",
        "--json audit receipt f --key k --entry e",
    ] {
        command(line);
    }
}

#[test]
fn values_that_do_not_read_are_bad_usage_and_named() {
    for (line, says) in [
        ("init --jurisdiction xa --authority A", "a capital letter"),
        ("law explain --under p --from XA --to XB --action share --fact tlp", "expected KEY=VALUE"),
        ("law explain --under p --from XA --to XB --action share --fact TLP=x", "not a fact key"),
        ("law explain --under p --from XA --to XB --action share --fact tlp=", "nothing stands after"),
        ("officer add --name n --role r --training-until soon --password-stdin", "2027-06-30"),
        ("log receipt 17", "v4"),
        ("serve --listen nowhere", "nowhere"),
    ] {
        let error = parse(line).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{line}");
        assert!(error.to_string().contains(says), "{line}: {error}");
    }
}

#[test]
fn what_is_missing_or_unknown_is_bad_usage() {
    for line in [
        "init --jurisdiction XA",
        "share f",
        "unknown",
        "officer add --name n --role r --training-until 2027-06-30",
    ] {
        assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
    }
    assert_eq!(parse("--help").unwrap_err().kind(), ErrorKind::DisplayHelp);
}

#[test]
fn facts_keep_what_follows_the_first_equals_sign() {
    let fact: GivenFact = "subject=a=b".parse().unwrap();
    assert_eq!((fact.key.as_str(), &*fact.value), ("subject", "a=b"));
}

/// What `law` prints and its status, of a command line run in `cwd`.
fn told(line: &str, cwd: &std::path::Path) -> (i32, serde_json::Value) {
    told_of(command(line), cwd)
}

fn told_of(command: Command, cwd: &std::path::Path) -> (i32, serde_json::Value) {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let exit = match command {
        Command::Law(Law::Check(args)) => {
            super::law::check(&args, true, cwd, &mut super::out::Out::to(&mut stdout, &mut stderr))
        }
        Command::Law(Law::Diff(args)) => {
            super::law::differ(&args, true, cwd, &mut super::out::Out::to(&mut stdout, &mut stderr))
        }
        other => panic!("{other:?}"),
    };
    (i32::from(exit.status()), serde_json::from_slice(&stdout).unwrap_or_default())
}

#[test]
fn a_figure_is_tried_before_anybody_writes_it_and_written_once_it_loads() {
    let room = tempfile::tempdir().unwrap();
    let diff = |set: &str, into: &[&str]| {
        let words = [&["comity", "law", "diff", "eu-nis2-2022-2555", "--set", set], into].concat();
        told_of(Cli::try_parse_from(words).unwrap().command, room.path())
    };
    let into = &["--into", "draft"];
    let (status, tried) = diff("retention=a while", into);
    assert_eq!((status, tried, room.path().join("draft").exists()), (2, serde_json::Value::Null, false));
    let (status, tried) = diff("retention=90 days", into);
    assert_eq!(status, 0, "{tried}");
    assert_eq!(tried["figures"][0]["new"], "\"90 days\"");
    assert!(!tried["cases"].as_array().unwrap().is_empty(), "{tried}");
    assert_eq!(tried["treaty"], serde_json::json!([]), "the parties set it");
    assert_eq!(diff("retention=91 days", into).0, 2, "nothing that lies there is written over");
    let (status, of_draft) = told("law diff eu-nis2-2022-2555 draft", room.path());
    assert_eq!((status, &of_draft["figures"], &of_draft["cases"]), (0, &tried["figures"], &tried["cases"]));
    assert_eq!(diff("early_warning=12 hours", &[]).1["treaty"], serde_json::json!(["early_warning"]));
}

/// A copy of a shipped pack under `folder`, with `old` written `new` in one of its files.
fn copied(root: &std::path::Path, folder: &str, slug: &str, file: &str, old: &str, new: &str) {
    let to = root.join(folder);
    std::fs::create_dir_all(&to).unwrap();
    let own = format!("agreements/{slug}/");
    for (path, bytes) in &comity_agreement::shipped().0 {
        let Some(name) = path.strip_prefix(&own) else { continue };
        let text = String::from_utf8(bytes.clone()).unwrap();
        let text = if name == file { text.replacen(old, new, 1) } else { text };
        std::fs::write(to.join(name), text).unwrap();
    }
}

#[test]
fn a_copy_is_the_pack_that_its_manifest_says_wherever_it_lies() {
    let room = tempfile::tempdir().unwrap();
    let misspelt = ("forbids.cedar", "context has marking", "context has markng");
    copied(room.path(), "packs/bad", "first-tlp-2.0", misspelt.0, misspelt.1, misspelt.2);
    copied(room.path(), "packs/good", "first-iep-2.0", "pack.toml", "", "");
    for (line, packs) in [("law check packs/bad", 1), ("law check packs", 2)] {
        let (status, json) = told(line, room.path());
        assert_eq!((status, json["packs"].as_array().map(Vec::len)), (1, Some(packs)), "{json}");
        let bad = &json["packs"][0];
        assert_eq!(bad["pack"], "first-tlp-2.0");
        let found = bad["findings"].as_array().unwrap();
        // The real fault, and by the path that was given.
        assert!(
            found.iter().any(|found| found["file"] == "packs/bad/forbids.cedar"
                && found["text"].as_str().unwrap().contains("did you mean `marking`?")),
            "{json}"
        );
    }
    std::fs::create_dir(room.path().join("empty")).unwrap();
    assert_eq!(told("law check empty", room.path()).0, 2);
}

#[test]
fn packs_that_are_named_together_are_held_against_each_other() {
    let room = tempfile::tempdir().unwrap();
    let displaces = |rule: &str| format!("displaces = [\"{rule}\"]");
    let none = |slug: &str| {
        let text = comity_agreement::shipped().0[&format!("agreements/{slug}/pack.toml")].clone();
        let text = String::from_utf8(text).unwrap();
        text.lines().find(|line| line.starts_with("displaces")).unwrap().to_owned()
    };
    let (un, uk) = ("un-cybercrime-2024", "uk-us-daa");
    copied(room.path(), "a", un, "pack.toml", &none(un), &displaces("daa.8-4.death-penalty"));
    copied(room.path(), "b", uk, "pack.toml", &none(uk), &displaces("un.36-1.law"));
    let (status, json) = told("law check a b", room.path());
    let circular =
        json["packs"].as_array().unwrap().iter().flat_map(|pack| pack["findings"].as_array().unwrap());
    let circular = circular.filter(|found| found["text"].as_str().unwrap().contains("circular"));
    assert_eq!((status, circular.count()), (1, 2), "{json}");
}

/// The words of a line as a shell has them, up to where it sends output elsewhere.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut quote) = (vec![String::new()], None);
    for c in line.trim().chars() {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (' ', None) => words.push(String::new()),
            (c, _) => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    let end = words.iter().position(|word| ["<", ">", "|", ";", "&&"].contains(&word.as_str()));
    words.truncate(end.unwrap_or(words.len()));
    words
}

/// What a command's help shows can be typed: every command that does something has an example, and each one reads.
#[test]
fn every_command_has_examples_and_each_of_them_reads() {
    fn walk(command: &clap::Command, name: &str, told: &mut (usize, Vec<String>)) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default().replace("\\\n", " ");
        let typed =
            |line: &str| line.starts_with("  ").then(|| line.find("comity ").map(|at| words(&line[at..])));
        let lines: Vec<Vec<String>> = help.lines().filter_map(typed).flatten().collect();
        if lines.is_empty() && !command.has_subcommands() {
            told.1.push(format!("{name}: no example"));
        }
        // The first page says beside each of its lines what it is for.
        for line in lines.iter().filter(|_| !name.is_empty()) {
            match Cli::try_parse_from(line) {
                Ok(_) => told.0 += 1,
                Err(error) => told.1.push(format!("{name}: {line:?}: {error}")),
            }
        }
        for one in command.get_subcommands() {
            walk(one, format!("{name} {}", one.get_name()).trim(), told);
        }
    }
    let mut told = (0, Vec::new());
    walk(&Cli::command(), "", &mut told);
    assert_eq!(told.1, Vec::<String>::new());
    assert!(told.0 > 90, "{} examples", told.0);
}

/// Acts of officers that no law decides on: what would come of them is what they say.
const NO_DRY_RUN: [(&str, &str); 4] = [
    ("peer add", "a partner's identity is taken, or is not: by what it is"),
    ("token add", "draws a secret and tells it: nothing is decided"),
    ("vault approve", "prints a signature, and records nothing"),
    ("webhook add", "draws a secret and tells it: nothing is decided"),
];

/// Whatever an officer does by a command can be asked for before it is done (C35), and whoever asks is not surprised by the act.
#[test]
fn every_act_of_an_officer_has_a_dry_run_that_is_one() {
    fn walk(command: &clap::Command, name: &str, told: &mut (usize, Vec<String>)) {
        let has = |long: &str| command.get_arguments().any(|arg| arg.get_long() == Some(long));
        let none = NO_DRY_RUN.iter().any(|(of, _)| *of == name);
        if has("officer") && has("dry-run") == none {
            told.1.push(format!("{name}: --dry-run"));
        }
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default().replace("\\\n", " ");
        let typed =
            |line: &str| line.starts_with("  ").then(|| line.find("comity ").map(|at| words(&line[at..])));
        let lines = help.lines().filter_map(typed).flatten();
        for line in lines.filter(|_| has("dry-run")) {
            let cli = Cli::try_parse_from(line.iter().map(String::as_str).chain(["--dry-run"]));
            let command = cli.map(|cli| cli.command);
            // A share tells more: what it would leave out.
            let is_dry = matches!(&command, Ok(Command::Share(args)) if args.dry.dry_run)
                || command.as_ref().is_ok_and(|command| command.dry_run().is_some());
            let read = Cli::try_parse_from(&line).unwrap().command;
            if is_dry && read.dry_run().is_none() {
                told.0 += 1
            } else {
                told.1.push(format!("{name}: {line:?}"))
            }
        }
        for one in command.get_subcommands() {
            walk(one, format!("{name} {}", one.get_name()).trim(), told);
        }
    }
    let mut told = (0, Vec::new());
    walk(&Cli::command(), "", &mut told);
    assert_eq!(told.1, Vec::<String>::new());
    assert!(told.0 >= 30, "{} dry runs", told.0);
}

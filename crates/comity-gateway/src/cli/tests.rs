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
        "law adopt p --dir d",
        "vault show --dir d --json",
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

#[test]
fn shells_and_man_are_told_of_every_command() {
    let room = tempfile::tempdir().unwrap();
    let (mut said, mut told) = (Vec::new(), Vec::new());
    let exit = {
        let mut out = out::Out::to(&mut said, &mut told);
        let Command::Completions(args) = command("completions bash") else { panic!() };
        manual::completions(&args, &mut out);
        let Command::Man(args) = command("man pages") else { panic!() };
        manual::manual(&args, room.path(), &mut out)
    };
    assert_eq!(exit, out::Exit::Done);
    let script = String::from_utf8(said).unwrap();
    for name in Cli::command().get_subcommands().map(|command| command.get_name().to_owned()) {
        assert!(script.contains(&name), "{name}");
        assert!(room.path().join(format!("pages/comity-{name}.1")).is_file(), "{name}");
    }
}

//! `comity demo` as its user runs it, and its logs judged by Go's `golang.org/x/mod/sumdb`, which shares no code
//! with them. Go and its package absent: says so and passes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const GOPATH: &str = "/usr/share/gocode";

fn comity(arguments: &[&str]) -> Output {
    Command::new("timeout").arg("120").arg(env!("CARGO_BIN_EXE_comity")).args(arguments).output().unwrap()
}

fn go_verifier(room: &Path) -> Option<PathBuf> {
    let package = Path::new(GOPATH).join("src/golang.org/x/mod/sumdb/tlog");
    if !package.is_dir() || Command::new("go").arg("version").output().is_err() {
        eprintln!("skipped: Go with Debian's golang-golang-x-mod-dev is not here");
        return None;
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/foreign/go-tlog/main.go");
    let program = room.join("go-tlog");
    let built = Command::new("timeout")
        .args(["300", "go", "build", "-o"])
        .args([&program, &source])
        .envs([("GO111MODULE", "off"), ("GOPATH", GOPATH), ("GOFLAGS", "")])
        .env("GOCACHE", room.join("cache"))
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    Some(program)
}

#[test]
fn a_demo_is_verified_by_itself_and_by_a_stranger() {
    let room = tempfile::tempdir().unwrap();
    let dir = room.path().join("demo");
    let shown = comity(&["demo", "--json", "--dir", dir.to_str().unwrap()]);
    assert_eq!(shown.status.code(), Some(0), "{}", String::from_utf8_lossy(&shown.stderr));
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["verified"], true);
    let exchanges = shown["exchanges"].as_array().unwrap();
    assert_eq!(exchanges.len(), 3);
    replayed_alike(&shown, &dir);
    for exchange in exchanges {
        assert_eq!(exchange["outcome"], "delivered", "{exchange}");
        let laws = &exchange["decisions"][0]["laws"];
        assert_eq!(laws, &serde_json::json!(["agreement", "EE", "FI"]), "three laws were asked");
    }
    // A law refused one class as it stood, and permitted it stripped: both are shown.
    let decisions = exchanges[0]["decisions"].as_array().unwrap();
    assert!(decisions.iter().any(|d| d["outcome"] == "deny" && d["side"] == "sender"));
    assert!(
        decisions.iter().any(|d| d["outcome"] == "permit" && d["stripped"] == serde_json::json!(["content"]))
    );

    let Some(program) = go_verifier(room.path()) else { return };
    for log in shown["logs"].as_array().unwrap() {
        let (vkey, size) = (log["vkey"].as_str().unwrap(), log["size"].as_u64().unwrap());
        let folder = Path::new(log["dir"].as_str().unwrap()).join("log");
        // The receipt of the first exchange is under an older checkpoint: consistency is proved from there.
        let side = if folder.to_string_lossy().contains("/EE/") { "sender" } else { "receiver" };
        let receipt =
            std::fs::read_to_string(exchanges[0]["receipts"][side]["file"].as_str().unwrap()).unwrap();
        let mut checkpoint = receipt.split_once("\n\n").unwrap().1.lines().skip(1);
        let (old, root) = (checkpoint.next().unwrap(), checkpoint.next().unwrap());
        let judge = || {
            Command::new("timeout")
                .arg("60")
                .arg(&program)
                .arg(&folder)
                .args([vkey, old, root])
                .output()
                .unwrap()
        };
        let accepted = judge();
        assert!(accepted.status.success(), "{}", String::from_utf8_lossy(&accepted.stderr));
        assert_eq!(accepted.stdout, format!("ok {size}\n").as_bytes());
        for path in
            ["checkpoint".to_owned(), format!("tile/0/000.p/{size}"), format!("tile/entries/000.p/{size}")]
        {
            let file = folder.join(path);
            let honest = std::fs::read(&file).unwrap();
            let mut bent = honest.clone();
            let middle = bent.len() / 2;
            bent[middle] ^= 1;
            std::fs::write(&file, bent).unwrap();
            assert_eq!(judge().status.code(), Some(1), "{} flipped", file.display());
            std::fs::write(&file, honest).unwrap();
        }
    }
}

/// What both sides decided comes out the same again: in the demo's own end, and by the command on what it left.
fn replayed_alike(shown: &serde_json::Value, dir: &Path) {
    let exchanges = shown["exchanges"].as_array().unwrap().len();
    for (replay, code) in shown["replays"].as_array().unwrap().iter().zip(["EE", "FI"]) {
        for memo in [None, Some("--memo")] {
            let dir = dir.join(code);
            let mut arguments = vec!["audit", "replay", "--json", "--dir", dir.to_str().unwrap()];
            arguments.extend(memo);
            let again = comity(&arguments);
            assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stderr));
            let again: serde_json::Value = serde_json::from_slice(&again.stdout).unwrap();
            for key in ["decisions", "identical"] {
                assert_eq!((&again[key], &replay[key]), (&exchanges.into(), &exchanges.into()), "{again}");
            }
            for key in ["erased", "different", "not_available", "earlier"] {
                assert_eq!((&again[key], &replay[key]), (&serde_json::json!([]), &serde_json::json!([])));
            }
        }
    }
}

#[test]
fn a_demo_under_a_protocol_cites_its_articles() {
    let room = tempfile::tempdir().unwrap();
    let mut arguments = vec!["demo", "--json", "--assume-in-force", "--dir", room.path().to_str().unwrap()];
    arguments.extend(PROTOCOL);
    let shown = comity(&arguments);
    assert_eq!(shown.status.code(), Some(0), "{}", String::from_utf8_lossy(&shown.stderr));
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["verified"], true);
    let exchanges = shown["exchanges"].as_array().unwrap();
    assert_eq!(exchanges.len(), 3);
    for exchange in exchanges {
        let cited = |law: &str, article: &str| {
            let here =
                |citation: &serde_json::Value| citation["law"] == law && citation["article"] == article;
            let decisions = exchange["decisions"].as_array().unwrap();
            decisions.iter().any(|d| d["citations"].as_array().unwrap().iter().any(here))
        };
        assert!(cited("agreement", "Art. 14(8)"), "{exchange}");
        assert!(cited("RS", "Law on Personal Data Protection (87/2018) Art. 48"), "{exchange}");
    }
}

#[test]
fn a_protocol_that_is_not_in_force_carries_nothing() {
    let room = tempfile::tempdir().unwrap();
    let report = room.path().join("report.json");
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/bundles/ransomware-c2.json");
    let mut arguments = vec!["minimise", bundle.to_str().unwrap(), "--report", report.to_str().unwrap()];
    arguments.extend(PROTOCOL);
    let refused = comity(&arguments);
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stdout.is_empty());
    let told: serde_json::Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    assert!(told["reasons"].as_array().unwrap().contains(&"instrument_not_in_force".into()), "{told}");
}

/// Evidence of a crime from Serbia to Japan.
const PROTOCOL: [&str; 10] = [
    "--under",
    "coe-cets224",
    "--from",
    "RS",
    "--to",
    "JP",
    "--activity",
    "criminal_investigation",
    "--purpose",
    "criminal_investigation",
];

#[test]
fn minimise_prints_a_bundle_that_minimising_again_does_not_change() {
    let room = tempfile::tempdir().unwrap();
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/bundles/phishing-campaign.json");
    let (report, first) = (room.path().join("report.json"), room.path().join("first.json"));
    let minimise = |file: &Path| {
        let scope =
            ["--under", "eu-nis2-2022-2555", "--from", "EE", "--to", "FI", "--activity", "threat_intel"];
        let mut arguments = vec!["minimise", file.to_str().unwrap()];
        arguments.extend(scope);
        arguments.extend(["--purpose", "cyber_defence", "--report", report.to_str().unwrap()]);
        let printed = comity(&arguments);
        assert_eq!(printed.status.code(), Some(0), "{}", String::from_utf8_lossy(&printed.stderr));
        printed.stdout
    };
    std::fs::write(&first, minimise(&bundle)).unwrap();
    let told: serde_json::Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    let count = |key: &str| told["objects"][key].as_u64().unwrap();
    assert_eq!(count("in"), count("kept") + count("changed") + count("withheld"));
    assert_eq!(told["outcome"], "permit");
    let objects = |bytes: &[u8]| {
        let bundle: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        let mut objects: Vec<String> =
            bundle["objects"].as_array().unwrap().iter().map(ToString::to_string).collect();
        objects.sort();
        objects
    };
    assert_eq!(objects(&minimise(&first)), objects(&std::fs::read(&first).unwrap()));
}

#[test]
fn a_refusal_prints_no_bundle_and_reports_its_reasons() {
    let room = tempfile::tempdir().unwrap();
    let report = room.path().join("report.json");
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/bundles/ransomware-c2.json");
    let refused = comity(&[
        "minimise",
        bundle.to_str().unwrap(),
        "--under",
        "eu-nis2-2022-2555",
        "--from",
        "EE",
        "--to",
        "FI",
        "--activity",
        "joint_investigation",
        "--purpose",
        "criminal_investigation",
        "--report",
        report.to_str().unwrap(),
    ]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stdout.is_empty());
    let told: serde_json::Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    assert_eq!(told["outcome"], "deny");
    assert!(told["reasons"].as_array().unwrap().contains(&"no_governing_rule".into()), "{told}");
}

/// What a command prints as JSON, and its exit status.
fn told(arguments: &[&str], stdin: &str) -> (serde_json::Value, Option<i32>) {
    use std::io::Write as _;
    let mut process = Command::new("timeout")
        .arg("600")
        .arg(env!("CARGO_BIN_EXE_comity"))
        .args(arguments)
        .arg("--json")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    process.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    let json = serde_json::from_slice(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    (json.unwrap_or_else(|error| panic!("{arguments:?}: {error}: {said}")), output.status.code())
}

#[test]
fn what_is_escalated_is_listed_approved_and_judged_by_commands() {
    let room = tempfile::tempdir().unwrap();
    let root = room.path().join("demo");
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/bundles/ransomware-c2.json");
    let demo = ["demo", "--dir", root.to_str().unwrap(), "--bundle", bundle.to_str().unwrap()];
    assert_eq!(told(&demo, "").1, Some(0));
    let dir = root.join("EE");
    let dir = dir.to_str().unwrap();
    let mut share = vec!["share", bundle.to_str().unwrap(), "--dir", dir, "--officer", "demo-officer"];
    share.extend(["--under", "eu-nis2-2022-2555", "--to", "FI", "--activity", "threat_intel"]);
    share.extend(["--purpose", "cyber_defence", "--fact", "vulnerable=[\"child\"]"]);
    let (exchange, status) = told(&share, "");
    assert_eq!((exchange["outcome"].as_str(), status), (Some("escalated"), Some(1)));
    let id = exchange["exchange_id"].as_str().unwrap();

    let (waiting, status) = told(&["approvals", "--dir", dir], "");
    assert_eq!(status, Some(0));
    assert_eq!(
        (&waiting[0]["exchange_id"], &waiting[0]["requested_by"]),
        (&id.into(), &"demo-officer".into())
    );
    let office = &waiting[0]["offices"][0];
    assert_eq!((&office["office"], &office["approved"]), (&"designated_reviewer".into(), &false.into()));
    assert_eq!(office["acting"], office["office"]);

    let mut add = vec!["officer", "add", "--dir", dir, "--name", "mari", "--role", "designated_reviewer"];
    add.extend(["--unit", "review", "--training-until", "2099-12-31", "--password-stdin"]);
    assert_eq!(told(&add, "a password that is long enough").1, Some(0));
    let approve = ["approve", id, "--dir", dir, "--officer", "mari", "--office", "designated_reviewer"];
    let (gone_on, status) = told(&approve, "");
    // Nobody listens any more at the partner: it is queued, under another exchange.
    assert_eq!((gone_on["outcome"].as_str(), status), (Some("queued"), Some(0)), "{gone_on}");
    assert_eq!(gone_on["supersedes"], id);
    assert_eq!(told(&["approvals", "--dir", dir], "").0, serde_json::json!([]));

    let (replayed, status) = told(&["audit", "replay", "--dir", dir], "");
    assert_eq!((status, &replayed["different"]), (Some(0), &serde_json::json!([])));
    assert_eq!((&replayed["decisions"], &replayed["identical"]), (&3.into(), &3.into()));
    let (duties, status) = told(&["audit", "obligations", "--dir", dir], "");
    assert_eq!(status, Some(0));
    let delete = duties.as_array().unwrap().iter().find(|duty| duty["type"] == "delete_by").unwrap();
    assert_eq!((&delete["owner"], &delete["state"]), (&"FI".into(), &"open".into()));
    let diff = ["law", "diff", "eu-nis2-2022-2555", "eu-nis2-2022-2555", "--dir", dir];
    let (diff, status) = told(&diff, "");
    assert_eq!(
        (status, &diff["decisions"], &diff["exchanges"]),
        (Some(0), &3.into(), &serde_json::json!([]))
    );
}

//! `comity share --dry-run`, as an officer runs it at a gateway that serves (C35).

use crate::place::{AGREEMENT, verified};
use crate::world::{Side, World};
use serde_json::Value as Json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_says_what_the_share_does_and_leaves_nothing() {
    let world = World::new();
    let home = world.node(Side::Sender).place.clone();
    let bundle = include_bytes!("../../../../examples/bundles/phishing-campaign.json");
    let words = ["share", "-", "--officer", "tamm", "--under", AGREEMENT, "--to", "FI"];
    let words = [&words[..], &["--activity", "threat_intel", "--purpose", "cyber_defence"]].concat();
    let told = async |more: &[&str]| {
        let reply = home.tell(&[&words[..], more].concat(), Some(bundle)).await.expect("an answer");
        assert_eq!(reply.exit, 0, "{}", String::from_utf8_lossy(&reply.stderr.0));
        String::from_utf8(reply.stdout.0).unwrap()
    };
    let real: Json = serde_json::from_str(&told(&["--json"]).await).unwrap();
    let key = home.run(&["log", "key"], "");
    let log = home.dir.join("log");
    let before = verified(log.to_str().unwrap(), key.trim());
    let dry: Json = serde_json::from_str(&told(&["--json", "--dry-run"]).await).unwrap();
    assert_eq!((&dry["dry_run"], &dry["outcome"]), (&true.into(), &real["outcome"]));
    assert_eq!((&dry["objects"], &dry["withholdings"]), (&real["objects"], &real["withholdings"]));
    let words = told(&["--dry-run"]).await;
    assert!(words.starts_with("dry run: nothing was recorded or sent"), "{words}");
    assert!(words.contains("nis2.") || words.contains("Art. 29(1)"), "the articles: {words}");
    assert_eq!(verified(log.to_str().unwrap(), key.trim()), before, "nothing is recorded");
    let _ = world.stop();
}

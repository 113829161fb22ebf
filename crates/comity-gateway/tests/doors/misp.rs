//! MISP servers push to a collection and pull from it: what is pushed is shared as its standing request says.

use crate::{fresh, indicator};
use comity_gateway::work::tokens;
use serde_json::json;
use std::path::Path;
use std::process::Command;

#[tokio::test(flavor = "multi_thread")]
async fn what_misp_pushes_to_a_collection_is_governed_and_pulled_again() {
    let Some(python) = comity_beside::python("pymisp") else { return };
    let (house, tool, path) = fresh().await;
    let (key, _) = tokens::give(&house.gateway, "ana", "our MISP", None).await.unwrap();
    let id = path.trim_end_matches('/').rsplit('/').next().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let url = format!("http://{}/misp/{id}/", house.plain());
    let run = move || {
        Command::new(python).arg(root.join("tests/doors/misp.py")).args([&url, key.as_str()]).output()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    // What MISP pushed is what other tools read, and the other way round.
    let seen = tool.get(&format!("{path}objects/?match[type]=indicator")).await.taxii(200).to_string();
    assert!(seen.contains("c2.example") && !seen.contains("for-few.example"), "{seen}");
    let added =
        tool.post(&format!("{path}objects/"), &json!({ "objects": [indicator(7, 1)] })).await.taxii(202);
    assert_eq!(added["success_count"], 1);
}

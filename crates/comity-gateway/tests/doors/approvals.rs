//! What waits for offices, as an officer's programme lists it.

use crate::opt_outs::{house, shared};
use std::collections::BTreeSet;

const APPROVALS: &str = "/api/v1/approvals";

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_offices_comes_in_parts() {
    let (ee, _fi, tool) = house().await;
    assert_eq!(tool.get(APPROVALS).await.json(), serde_json::json!([]));
    let mut all = BTreeSet::new();
    for _ in 0..3 {
        let waits = shared(&ee, &[("vulnerable", "[\"child\"]")]).await;
        assert_eq!(waits.outcome.as_str(), "escalated");
        all.insert(waits.exchange_id.0.to_string());
    }
    for (limit, parts) in [(1, 3), (2, 2), (3, 1), (1_000, 1)] {
        let (mut seen, mut came, mut path) = (Vec::new(), 0, format!("{APPROVALS}?limit={limit}"));
        loop {
            let answer = tool.get(&path).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            for waits in answer.json().as_array().unwrap() {
                assert!(waits["offices"][0]["until"].is_string(), "{waits}");
                seen.push(waits["exchange_id"].as_str().unwrap().to_owned());
            }
            came += 1;
            let Some(link) = answer.header("link") else { break };
            path = link.trim_start_matches('<').split_once('>').unwrap().0.to_owned();
        }
        assert_eq!((came, seen.len()), (parts, 3), "each once, {limit} at a time");
        assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), all);
    }
    let last = all.last().unwrap();
    assert_eq!(tool.get(&format!("{APPROVALS}?after={last}")).await.json(), serde_json::json!([]));
    for query in ["after=7", "limit=0", "limit=1001", "limit=x"] {
        assert_eq!(tool.get(&format!("{APPROVALS}?{query}")).await.status, 400, "{query}");
    }
}

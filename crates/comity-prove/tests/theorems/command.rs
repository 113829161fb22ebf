//! The command, as `comity law prove` runs it: the JSON of the contract and the status.

use serde_json::Value as Json;
use std::process::Command;

/// Runs it without a cache; nothing where there is no solver.
fn prove(words: &str) -> Option<(i32, Json)> {
    let output = Command::new(env!("CARGO_BIN_EXE_comity-prove"))
        .args(["--json", "--no-cache"])
        .args(words.split(' '))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("cvc5 cannot be run") {
        eprintln!("skipped: {said}");
        return None;
    }
    Some((output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap_or(Json::Null)))
}

#[test]
fn a_verdict_is_printed_as_the_contract_has_it() {
    let Some((status, json)) = prove("prove uk-us-daa --implies comity-baseline") else { return };
    assert_eq!((status, &json["verdict"]), (0, &"holds".into()));
    assert!(
        json["seconds"].is_f64()
            && json["environments"].as_u64() > Some(40)
            && json["counterexample"].is_null()
    );

    let Some((status, json)) = prove("compare first-tlp-2.0 comity-baseline") else { return };
    assert_eq!((status, &json["equivalent"]), (1, &false.into()));
    let case = &json["a_implies_b"]["counterexample"];
    assert_eq!((&case["a"]["outcome"], &json["a_implies_b"]["verdict"]), (&"permit".into(), &"fails".into()));
    assert!(case["action"].is_string() && case["facts"].is_object() && case["b"]["citations"].is_array());
}

#[test]
fn what_two_laws_permit_together_is_shown() {
    let Some((status, json)) = prove("exchange --under eu-nis2-2022-2555 --from EE --to FI --action share")
    else {
        return;
    };
    assert_eq!((status, &json["exists"]), (0, &true.into()));
    assert_eq!(json["asked"], serde_json::json!(["eu-nis2-2022-2555", "EE", "FI"]));
    assert_eq!(json["exchange"]["a"]["outcome"], "permit");
    // Where no act is named, one by which data is handed over: that a person may ask what is held is no exchange.
    let Some((_, json)) = prove("exchange --under eu-nis2-2022-2555 --from EE --to FI") else { return };
    let handed = ["share", "transfer", "onward_share", "onward_transfer"];
    assert!(handed.iter().any(|act| json["exchange"]["action"] == *act), "{}", json["exchange"]["action"]);
    let Some((status, json)) =
        prove("exchange --under eu-nis2-2022-2555 --from EE --to FI --action order_direct")
    else {
        return;
    };
    assert_eq!((status, &json["exists"]), (1, &false.into()));
}

#[test]
fn bad_input_is_told_apart() {
    let Some((status, _)) = prove("prove no-such-pack --implies comity-baseline") else { return };
    assert_eq!(status, 2);
    for wrong in ["--to ZZ", "--to FI --action shre", "--to FI --activity threats"] {
        let Some((status, _)) = prove(&format!("exchange --under eu-nis2-2022-2555 --from EE {wrong}"))
        else {
            return;
        };
        assert_eq!(status, 2, "{wrong}");
    }
    // Before anything is scored: a file stands where the folder of cases would be made.
    let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml/cases");
    let words = ["mutants", "comity-open", "--per-pack", "1", "--cases", cases];
    let output = Command::new(env!("CARGO_BIN_EXE_comity-prove")).args(words).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains(cases) && output.stdout.is_empty(), "{said}");
}

//! MISP to STIX and back: every event, attribute, object, reference, sighting and deletion of every file comes back.

use crate::support;

use comity_misp::{Limits, MispError, to_misp, to_stix};
use serde_json::Value;

#[test]
fn every_file_comes_back() {
    let Some(files) = support::shared("misp") else { return };
    let mut lost = Vec::new();
    let (mut events, mut facts) = (0, 0);
    let mut refused = Vec::new();
    for file in &files {
        let bytes = std::fs::read(file).expect("a readable file");
        let stix = match to_stix(&bytes, &Limits::default()) {
            Ok(stix) => stix,
            Err(MispError::NotMisp(why)) => {
                refused.push(format!("{}: {why}", file.file_name().unwrap_or_default().display()));
                continue;
            }
            Err(other) => panic!("{}: {other}", file.display()),
        };
        events += stix.events;
        let bundle = stix.document.to_string();
        let misp = to_misp(bundle.as_bytes(), &Limits::default()).expect("our STIX reads");
        lost.extend(misp.left.iter().map(|left| format!("{}: {left:?}", file.display())));
        let out = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
        let name = file.file_name().unwrap_or_default().display();
        std::fs::write(out.join(format!("stix-{name}")), &bundle).expect("a written file");
        std::fs::write(out.join(format!("misp-{name}")), misp.document.to_string()).expect("a written file");
        let before: Value = serde_json::from_slice(&bytes).expect("JSON");
        facts += support::said(&before).len();
        lost.extend(
            support::lost(&before, &misp.document)
                .into_iter()
                .map(|line| format!("{}: {line}", file.file_name().unwrap_or_default().display())),
        );
    }
    eprintln!(
        "{} files, {events} events, {facts} facts, {} refused: {refused:#?}",
        files.len(),
        refused.len()
    );
    assert!(lost.is_empty(), "{} lost:\n{}", lost.len(), lost.join("\n"));
}

use super::*;
use crate::bundle::{Bundle, Limits};

const FIRST: &str = r#"{"type":"email-message","id":"email-message--00000000-0000-4000-8000-000000000001","is_multipart":false,"to_refs":["email-addr--a"],"object_marking_refs":["marking-definition--a"]}"#;
const SECOND: &str = r#"{"type":"email-message","id":"email-message--00000000-0000-4000-8000-000000000002","is_multipart":true,"to_refs":["email-addr--b","email-addr--a"],"granular_markings":[{"marking_ref":"marking-definition--b","selectors":["to_refs.[0]","is_multipart"]},{"marking_ref":"marking-definition--c","selectors":["is_multipart"]}]}"#;

fn merged(objects: &[&str]) -> (String, Vec<Withholding>) {
    let text = format!("[{}]", objects.join(","));
    let bundle = Bundle::parse(text.as_bytes(), &Limits::default()).expect("a bundle");
    let mut report = Vec::new();
    let (first, later) = bundle.objects().split_first().expect("objects");
    let mut merging = Merging::new(first.tree().clone());
    for object in later {
        merging.add(object, object.tree().clone(), &mut report);
    }
    (String::from_utf8(text_of(&merging.into_node())).expect("UTF-8"), report)
}

#[test]
fn what_the_later_adds_is_put_in_and_its_markings_follow() {
    let (text, report) = merged(&[FIRST, SECOND]);
    assert!(text.contains(r#""to_refs":["email-addr--a","email-addr--b"]"#), "{text}");
    assert!(
        text.contains(r#"[{"marking_ref":"marking-definition--b","selectors":["to_refs.[1]"]}]"#),
        "{text}"
    );
    let told: Vec<_> = report.iter().map(|entry| (entry.path.as_str(), entry.treatment)).collect();
    assert_eq!(
        told,
        [
            ("id", Treatment::Pseudonymise),
            // Here their ids still differ.
            ("id", Treatment::WithholdProperty),
            ("is_multipart", Treatment::WithholdProperty),
            ("granular_markings.[0].selectors.[0]", Treatment::Generalise),
            ("granular_markings.[0].selectors.[1]", Treatment::WithholdProperty),
            ("granular_markings.[1].selectors.[0]", Treatment::WithholdProperty),
            ("granular_markings.[1]", Treatment::WithholdProperty),
        ]
    );
}

#[test]
fn an_equal_object_adds_nothing() {
    let again = FIRST.replace("000001\"", "000003\"").replace("to_refs\":[", "cc_refs\":[");
    let (text, _) = merged(&[FIRST, &again]);
    assert_eq!(text.matches("cc_refs").count(), 1);
    let bundle = Bundle::parse(FIRST.as_bytes(), &Limits::default()).expect("a bundle");
    let object = &bundle.objects()[0];
    let mut merging = Merging::new(object.tree().clone());
    merging.add(object, object.tree().clone(), &mut Vec::new());
    assert!(!merging.changed);
}

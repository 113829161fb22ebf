use super::*;
use crate::bundle::{Bundle, Limits};

const OBSERVED: &str = r#"{"type":"observed-data","id":"observed-data--00000000-0000-4000-8000-000000000001","created":"2017-01-01T00:00:00.000Z","modified":"2017-01-01T00:00:00.000Z","first_observed":"2017-01-01T00:00:00Z","last_observed":"2017-01-01T00:00:00Z","number_observed":1,"objects":OBJECTS}"#;

fn parse(objects: &str) -> (Vec<String>, Option<RejectionReason>) {
    let text = OBSERVED.replace("OBJECTS", objects);
    let bundle = Bundle::parse(text.as_bytes(), &Limits::default()).expect("a bundle");
    let read = bundle.objects().iter().map(|object| object.raw().to_owned()).collect();
    (read, bundle.rejected().first().map(|rejected| rejected.reason.clone()))
}

#[test]
fn observables_leave_their_observed_data_and_are_referred_to() {
    let (objects, rejected) = parse(
        r#"{"0":{"type":"file","name":"a.exe","created":"2016-01-01T00:00:00Z","hashes":{"ssdeep":"3:x"},"parent_directory_ref":"1"},"1":{"type":"directory","path":"C:\\x","contains_refs":["0"]}}"#,
    );
    assert_eq!(rejected, None);
    let [file, directory, observed] = &objects[..] else { panic!("{} objects", objects.len()) };
    let id = |text: &str| {
        text.split(r#""id":""#).nth(1).expect("an id")[..].split('"').next().expect("it").to_owned()
    };
    assert!(
        directory.starts_with(r#"{"type":"directory","spec_version":"2.1","id":"directory--"#),
        "{directory}"
    );
    assert!(file.contains(&format!(r#""parent_directory_ref":"{}""#, id(directory))), "{file}");
    assert!(file.contains(r#""ctime":"2016-01-01T00:00:00Z","hashes":{"SSDEEP":"3:x"}"#), "{file}");
    assert!(directory.contains(&format!(r#""contains_refs":["{}"]"#, id(file))), "in a circle: {directory}");
    let refs = format!(r#""object_refs":["{}","{}"]"#, id(file), id(directory));
    assert!(observed.contains(&refs) && observed.contains(r#""spec_version":"2.1""#), "{observed}");
}

#[test]
fn equal_observables_are_one() {
    let (objects, rejected) = parse(r#"{"0":{"type":"url","value":"a"},"1":{"type":"url","value":"a"}}"#);
    assert_eq!((objects.len(), rejected), (2, None));
    assert_eq!(objects[1].matches("url--").count(), 1);
}

#[test]
fn what_does_not_map_is_named() {
    for (objects, why) in [
        (r#"{}"#, "`objects` is empty"),
        (r#"[]"#, "`objects` is no object"),
        (r#"{"0":7}"#, "an embedded observable is no object"),
        (r#"{"0":{"value":"a"}}"#, "an embedded observable has no type"),
        (
            r#"{"0":{"type":"file","parent_directory_ref":"9"}}"#,
            "an embedded observable refers to one that is not there",
        ),
    ] {
        let (read, rejected) = parse(objects);
        assert_eq!((read.len(), rejected), (0, Some(RejectionReason::NotUpgraded(why))), "{objects}");
    }
    let text = OBSERVED.replace("OBJECTS", r#"{"0":{"type":"url","value":"a"}},"granular_markings":[{"marking_ref":"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9","selectors":["objects.0.value"]}]"#);
    let bundle = Bundle::parse(text.as_bytes(), &Limits::default()).expect("a bundle");
    assert_eq!(
        bundle.rejected()[0].to_string(),
        "object 0 (observed-data--00000000-0000-4000-8000-000000000001) at `objects`: STIX 2.0 that does not map to 2.1: a granular marking speaks of an embedded observable"
    );
}

#[test]
fn labels_become_types_and_their_markings_follow() {
    let text = r#"{"type":"indicator","id":"indicator--00000000-0000-4000-8000-000000000001","created":"2017-01-01T00:00:00.000Z","modified":"2017-01-01T00:00:00.000Z","labels":["malicious-activity"],"pattern":"[file:created = 'x']","valid_from":"2017-01-01T00:00:00Z","granular_markings":[{"marking_ref":"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9","selectors":["labels.[0]","labelsx"]}]}"#;
    let bundle = Bundle::parse(text.as_bytes(), &Limits::default()).expect("a bundle");
    let raw = bundle.objects()[0].raw();
    for part in [
        r#""indicator_types":["malicious-activity"]"#,
        r#""pattern":"[file:ctime = 'x']""#,
        r#""pattern_type":"stix""#,
        r#""selectors":["indicator_types.[0]","labelsx"]"#,
    ] {
        assert!(raw.contains(part), "{part} in {raw}");
    }
}

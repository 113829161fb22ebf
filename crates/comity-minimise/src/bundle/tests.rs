use super::*;

const MALWARE: &str = r#"{"type":"malware","spec_version":"2.1","id":"malware--00000000-0000-4000-8000-000000000001","created":"2026-01-01T00:00:00Z","modified":"2026-01-01T00:00:00Z","is_family":false}"#;

fn parse(text: &str) -> Result<Bundle<'_>, BundleError> {
    Bundle::parse(text.as_bytes(), &Limits::default())
}

fn bundle_of(objects: &[&str]) -> String {
    format!(
        r#"{{"type":"bundle","id":"bundle--00000000-0000-4000-8000-000000000002","objects":[{}]}}"#,
        objects.join(",")
    )
}

#[test]
fn a_lone_object_and_a_list_are_wrapped() {
    for text in [MALWARE.to_owned(), format!("[{MALWARE}]"), bundle_of(&[MALWARE])] {
        let bundle = parse(&text).expect("a bundle");
        assert_eq!(bundle.objects().len(), 1, "{text}");
        assert_eq!(bundle.objects()[0].raw(), MALWARE, "its text as it was");
    }
}

/// Found by fuzzing: the unknown `modified` stayed home, and two objects of one id went out.
#[test]
fn what_has_no_versions_comes_once_whatever_its_modified_says() {
    let file = |modified: &str| {
        format!(
            r#"{{"type":"file","spec_version":"2.1","id":"file--00000000-0000-4000-8000-000000000003","name":"a"{modified}}}"#
        )
    };
    let text = bundle_of(&[&file(""), &file(r#","modified":"2026-01-01T00:00:00Z""#)]);
    let bundle = parse(&text).expect("a bundle");
    assert_eq!(bundle.objects().len(), 1);
    assert_eq!(bundle.rejected()[0].reason, RejectionReason::Duplicate(0));
}

#[test]
fn one_bad_object_leaves_the_others() {
    let text =
        bundle_of(&["7", MALWARE, r#"{"type":"malware"}"#, MALWARE, r#"{"id":"x","type":"y","type":"z"}"#]);
    let bundle = parse(&text).expect("a bundle");
    assert_eq!(bundle.objects().len(), 1);
    let reasons: Vec<_> = bundle.rejected().iter().map(|r| (r.index, &*r.path, r.reason.clone())).collect();
    assert_eq!(
        reasons,
        [
            (0, "", RejectionReason::NotAnObject),
            (2, "id", RejectionReason::NoId),
            (3, "id", RejectionReason::Duplicate(1)),
            (4, "", RejectionReason::Tree(TreeError::NamedTwice)),
        ]
    );
    assert_eq!(bundle.rejected()[1].to_string(), "object 2 (no id) at `id`: no id of the form type--uuid");
}

#[test]
fn an_id_of_another_type_is_no_id() {
    let text = MALWARE.replace("\"malware--", "\"tool--");
    assert_eq!(parse(&text).expect("a bundle").rejected()[0].reason, RejectionReason::NoId);
}

#[test]
fn stix_2_0_is_read_as_2_1_beside_it() {
    let old = MALWARE.replace(r#""spec_version":"2.1","#, "");
    let named = bundle_of(&[&old]).replace(r#""objects""#, r#""spec_version":"2.0","objects""#);
    for text in [bundle_of(&[&old]), named, bundle_of(&[&old, &MALWARE.replace("0001\"", "0003\"")])] {
        let bundle = parse(&text).expect("a bundle");
        assert!(bundle.rejected().is_empty() && bundle.unknown().is_empty());
        assert!(bundle.objects()[0].is_upgraded());
        assert_eq!(bundle.objects()[0].raw(), MALWARE);
    }
    let odd = bundle_of(&[&MALWARE.replace("2.1", "1.2")]);
    assert_eq!(parse(&odd).expect("a bundle").rejected()[0].reason, RejectionReason::Version);
}

#[test]
fn what_comes_after_a_bad_object_is_read() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let deep = format!(r#"{{"type":"malware","x":{deep}}}"#);
    let text = bundle_of(&[&deep, r#"{"type":"tool","name":"\ud800"}"#, MALWARE]);
    let bundle = parse(&text).expect("a bundle");
    assert_eq!(bundle.objects()[0].raw(), MALWARE);
    let reasons: Vec<_> = bundle.rejected().iter().map(|rejected| rejected.reason.clone()).collect();
    assert_eq!(reasons, [TreeError::TooDeep, TreeError::NotUnicode].map(RejectionReason::Tree));
    assert_eq!(
        parse(&deep[..deep.len() - 1]).map(|_| ()),
        Err(BundleError::NotJson { line: 1, column: 20_023 })
    );
}

#[test]
fn limits_are_kept() {
    let limits = Limits { bytes_max: 10_000, objects_max: 1, string_length_max: 100 };
    let text = bundle_of(&[MALWARE, MALWARE]);
    let error = Bundle::parse(text.as_bytes(), &limits).expect_err("too many");
    assert_eq!(error, BundleError::TooManyObjects { objects: 2, objects_max: 1 });
    let list = format!("[{}]", "7,".repeat(999) + "7");
    let error = Bundle::parse(list.as_bytes(), &limits).expect_err("too many");
    assert_eq!(error, BundleError::TooManyObjects { objects: 1_000, objects_max: 1 });
    let error = Bundle::parse(&[b' '; 10_001], &limits).expect_err("too long");
    assert_eq!(error, BundleError::TooLong { bytes: 10_001, bytes_max: 10_000 });
}

#[test]
fn what_is_not_json_is_an_error_with_its_place() {
    assert_eq!(parse("{\n  nope").expect_err("not JSON"), BundleError::NotJson { line: 2, column: 3 });
    assert_eq!(parse("7").expect_err("no bundle"), BundleError::NotABundle);
    assert!(matches!(Bundle::parse(b"\"\xff", &Limits::default()), Err(BundleError::NotUtf8(1))));
}

#[test]
fn objects_by_themselves_are_read_as_they_are_in_one_text() {
    let old = MALWARE.replace(r#""spec_version":"2.1","#, "");
    let objects = [MALWARE, r#"{"type":"tool"}"#, &old, "7", MALWARE];
    let (text, limits) = (bundle_of(&objects), Limits::default());
    let together = parse(&text).expect("a bundle");
    let apart = Bundle::of_objects(objects.map(str::as_bytes), &limits).expect("a bundle");
    assert_eq!(apart.rejected(), together.rejected());
    let raw = |bundle: &Bundle<'_>| bundle.objects().iter().map(|o| o.raw().to_owned()).collect::<Vec<_>>();
    assert_eq!(raw(&apart), raw(&together));

    let limits = Limits { bytes_max: 1_000, objects_max: 2, ..limits };
    let of = |objects: &[&[u8]]| Bundle::of_objects(objects.iter().copied(), &limits).map(|_| ());
    assert_eq!(of(&[b"7", b"7"]), Ok(()));
    assert_eq!(of(&[b"7", b"7", b"7"]), Err(BundleError::TooManyObjects { objects: 3, objects_max: 2 }));
    assert_eq!(of(&[&[b' '; 600]]), Err(BundleError::NotJson { line: 1, column: 601 }));
    let too_long = BundleError::TooLong { bytes: 1_202, bytes_max: 1_000 };
    assert_eq!(of(&[&[b' '; 600], &[b' '; 600]]), Err(too_long), "bounds before anything is read");
    assert_eq!(of(&[&[b' '; 1_000]]), Err(BundleError::TooLong { bytes: 1_001, bytes_max: 1_000 }));
    assert_eq!(of(&[b"7 8"]), Err(BundleError::NotJson { line: 1, column: 3 }));
    assert_eq!(of(&[b"\"\xff"]), Err(BundleError::NotUtf8(1)));
}

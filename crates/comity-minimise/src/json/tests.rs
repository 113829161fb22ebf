use super::*;

fn read(text: &str) -> Result<Node<'_>, TreeError> {
    Node::read(text, 1000)
}

fn canonical(text: &str) -> String {
    let mut out = Vec::new();
    read(text).expect("JSON").write_canonical(&mut out);
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn what_is_written_is_what_was_read() {
    let text = r#"{"a":[1.50,-0,1e2,true,null,{}],"b":"é\"\\\n","c":[]}"#;
    let mut out = Vec::new();
    read(text).expect("JSON").write(&mut out);
    assert_eq!(String::from_utf8(out).expect("UTF-8"), text, "numbers keep their digits");
}

#[test]
fn two_readings_of_one_text_are_refused() {
    assert_eq!(read(r#"{"a":1,"a":2}"#), Err(TreeError::NamedTwice));
    assert_eq!(read(r#"{"a":1,"\u0061":2}"#), Err(TreeError::NamedTwice));
    assert_eq!(read(r#"["\ud800"]"#), Err(TreeError::NotUnicode));
    let many: Vec<String> = (0..40).map(|i| format!("\"k{}\":0", i % 39)).collect();
    assert_eq!(read(&format!("{{{}}}", many.join(","))), Err(TreeError::NamedTwice));
}

#[test]
fn depth_and_length_are_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(read(&nested(DEPTH_MAX + 1)).is_ok());
    assert_eq!(read(&nested(DEPTH_MAX + 2)), Err(TreeError::TooDeep));
    assert_eq!(Node::read("\"12345\"", 4), Err(TreeError::StringTooLong(4)));
}

#[test]
fn the_canonical_form_is_that_of_rfc_8785() {
    // The example of RFC 8785 section 3.2.3.
    let input = r#"{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"#;
    let expected = "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\"string\":\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}";
    assert_eq!(canonical(input), expected);
    assert_eq!(
        canonical("[-0,443,8.0,1e21,123456789012345680000,-1.5]"),
        "[0,443,8,1e+21,123456789012345680000,-1.5]"
    );
    // Sorted by UTF-16 code units: the surrogate pair of U+1F600 comes before U+FB33.
    assert_eq!(canonical("{\"\u{fb33}\":1,\"\u{1f600}\":2}"), "{\"\u{1f600}\":2,\"\u{fb33}\":1}");
}

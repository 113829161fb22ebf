use super::*;

fn read(pattern: &str) -> Vec<(String, String, Operator)> {
    let path = |l: &Literal| format!("{}:{}", l.stix_type(), l.steps().collect::<Vec<_>>().join("."));
    literals(pattern).into_iter().map(|l| (path(&l), l.value.into_string(), l.operator)).collect()
}

fn found(path: &str, value: &str, operator: Operator) -> (String, String, Operator) {
    (path.to_owned(), value.to_owned(), operator)
}

#[test]
fn each_literal_has_its_property() {
    assert_eq!(
        read(
            r"[file:hashes.'SHA-256' = 'aa' AND email-message:to_refs[*].value IN ('a@b', 'c\'d')] FOLLOWEDBY [url:value NOT MATCHES '^x\\.'] START t'2026-01-01T00:00:00Z' STOP t'2026-01-02T00:00:00Z'"
        ),
        [
            found("file:hashes.SHA-256", "aa", Operator::Is),
            found("email-message:to_refs.value", "a@b", Operator::Is),
            found("email-message:to_refs.value", "c'd", Operator::Is),
            found("url:value", r"^x\.", Operator::IsNot),
            found("url:value", "2026-01-01T00:00:00Z", Operator::IsNot),
            found("url:value", "2026-01-02T00:00:00Z", Operator::IsNot),
        ]
    );
    assert_eq!(
        read("[ipv4-addr:value != '192.0.2.1']"),
        [found("ipv4-addr:value", "192.0.2.1", Operator::IsNot)]
    );
    assert_eq!(read("[url:value MATCHES 'x']"), [found("url:value", "x", Operator::Matches)]);
}

#[test]
fn a_span_is_the_inside_of_the_quotes() {
    let pattern = r"[mutex:name = 'it\'s']";
    let literal = &literals(pattern)[0];
    assert_eq!(&pattern[literal.span.clone()], r"it\'s");
    assert_eq!(escape(&literal.value), r"it\'s");
}

#[test]
fn broken_patterns_do_no_harm() {
    for pattern in ["[a:b = 'open", "'", "[:", "a:'", "[é:ü = 'x\\", "[a:b['c", ""] {
        for literal in literals(pattern) {
            assert!(pattern.get(literal.span).is_some(), "{pattern}");
        }
    }
}

#[test]
fn a_pattern_of_stix_2_0_gets_the_names_and_instants_of_2_1() {
    let renamed = |kind: &str, name: &str| (kind == "process" && name == "binary_ref").then_some("image_ref");
    let old = r"[process:binary_ref.name = 'START \'process:binary_ref' AND file:hashes.'SHA-256' = 'a'] START '2016-01-01T00:00:00Z' STOP t'2016-01-02T00:00:00Z'";
    let new = r"[process:image_ref.name = 'START \'process:binary_ref' AND file:hashes.'SHA-256' = 'a'] START t'2016-01-01T00:00:00Z' STOP t'2016-01-02T00:00:00Z'";
    assert_eq!(upgraded(old, &renamed), new);
    assert_eq!(upgraded(new, &renamed), new, "a pattern of 2.1 stays as it is");
    for cut in ["'", "[a:b = '", "é'é", "START ''", "process:binary_ref"] {
        let _ = upgraded(cut, &renamed);
    }
}

/// Found by fuzzing: one quote too many, and what stood between two names was taken for a name.
#[test]
fn literals_end_where_they_can() {
    for whole in [
        "[a:b = 'c']",
        "[a:b = 'it\\'s' AND a:hashes.'SHA-256' = 'x']",
        "[a:b IN ('c','d')] START t'2026-01-01T00:00:00Z' STOP t'2026-01-02T00:00:00Z'",
        "[a:b = h'ffff']",
        "",
    ] {
        assert!(has_whole_literals(whole), "{whole}");
    }
    for broken in ["[a:b = 'c'd' AND a:e = 'f']", "[a:b = 'c", "[a:b = 'c\\']"] {
        assert!(!has_whole_literals(broken), "{broken}");
    }
}

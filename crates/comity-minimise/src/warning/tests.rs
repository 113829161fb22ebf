//! What each type of list holds, and what it leaves alone.

use super::*;

fn list(kind: &str, entries: &str, attributes: &str) -> WarningLists {
    let mut lists = WarningLists::default();
    let text = format!(
        r#"{{"name":"L","description":"d","version":1,"type":"{kind}","list":{entries},"matching_attributes":{attributes}}}"#
    );
    lists.add("l.json", text.as_bytes()).unwrap();
    lists
}

#[test]
fn shipped_lists_know_what_everybody_uses_and_not_what_an_attacker_does() {
    let lists = WarningLists::shipped().unwrap();
    assert_eq!(lists.len(), 4);
    for (what, value) in [
        (Listed::Address, "8.8.8.8"),
        (Listed::Address, "10.1.2.3"),
        (Listed::Address, "fe80::1"),
        (Listed::Host, "drive.google.com"),
        (Listed::Url, "https://user@mail.gmail.com:443/x?y"),
        (Listed::Url, "https://8.8.4.4/dns-query"),
        (Listed::Mail, "someone@Gmail.com"),
    ] {
        assert!(lists.hit(what, value).is_some(), "{value}");
    }
    for (what, value) in [
        (Listed::Address, "198.51.100.7"),
        (Listed::Address, "8.8.8.0/24"),
        (Listed::Host, "notgmail.com"),
        (Listed::Host, "gmail.com.evil.example"),
        (Listed::Url, "https://evil.example/?u=gmail.com"),
        (Listed::Mail, "gmail.com@evil.example"),
        (Listed::Digest, "d41d8cd98f00b204e9800998ecf8427e"),
    ] {
        assert_eq!(lists.hit(what, value), None, "{value}");
    }
}

#[test]
fn each_type_of_list_is_read_as_its_format_says() {
    assert!(
        list("string", r#"["d41d8cd98f00b204e9800998ecf8427e"]"#, r#"["md5"]"#)
            .hit(Listed::Digest, "D41D8CD98F00B204E9800998ECF8427E")
            .is_some()
    );
    assert!(
        list("substring", r#"["any.run"]"#, r#"["url"]"#)
            .hit(Listed::Url, "https://app.any.run/tasks")
            .is_some()
    );
    assert!(list("hostname", r#"[".example.net"]"#, "[]").hit(Listed::Host, "a.example.net").is_some());
    assert!(list("cidr", r#"["2001:db8::/32"]"#, "[]").hit(Listed::Address, "2001:db8::5").is_some());
    assert!(
        list("regex", r#"["/^(soc|abuse)\\@.*\\..*$/i"]"#, r#"["email-src"]"#)
            .hit(Listed::Mail, "SOC@x.example")
            .is_some()
    );
    assert!(
        list("string", r#"["x"]"#, r#"["md5"]"#).hit(Listed::Host, "x").is_none(),
        "a list of digests says nothing of hosts"
    );
}

#[test]
fn a_list_that_does_not_read_is_named() {
    let mut lists = WarningLists::default();
    for (text, why) in [
        ("{", "warning list l.json: "),
        (
            r#"{"name":"L","type":"cidr","list":["10.0.0.0/40"]}"#,
            "warning list l.json: `10.0.0.0/40` is no range of addresses",
        ),
        (r#"{"name":"L","type":"regex","list":["/(/"]}"#, "warning list l.json: `/(/` is no pattern"),
        (r#"{"name":"L","type":"fuzzy","list":[]}"#, "warning list l.json: unknown type `fuzzy`"),
    ] {
        let error = lists.add("l.json", text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with(why), "{error}");
    }
    assert!(lists.is_empty());
}

/// The lists that MISP publishes, where they lie beside the repository.
#[test]
fn published_lists_are_read() {
    let Some(files) = comity_beside::shared_files("data/reference/misp-warninglists") else { return };
    let mut lists = WarningLists::default();
    for path in files {
        lists.add(&path.display().to_string(), &std::fs::read(&path).unwrap()).unwrap();
    }
    assert!(lists.len() > 20);
    assert!(lists.hit(Listed::Host, "app.any.run").is_some());
    assert!(lists.hit(Listed::Digest, "d41d8cd98f00b204e9800998ecf8427e").is_some());
}

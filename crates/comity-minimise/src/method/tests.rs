use super::*;

fn coarse(method: Coarsening, value: &str) -> Option<String> {
    let node = method.apply(&Node::Text(Cow::Borrowed(value)))?;
    let text = node.as_text()?.to_owned();
    let again = method.apply(&node)?;
    assert_eq!(again.as_text(), Some(text.as_str()), "{method:?} twice");
    Some(text)
}

/// Every token is the value in angle brackets, and stays when it is met again.
fn apply(method: Token, text: &str) -> String {
    let mut stand_in = |value: &str| match value.starts_with('<') {
        true => value.to_owned(),
        false => format!("<{value}>"),
    };
    let cited = |value: &str| value == "evil@example.com";
    method.apply(text, &mut stand_in, &cited, &mut Parts::new())
}

#[test]
fn values_get_coarser_and_what_cannot_be_read_is_not_guessed() {
    let cases = [
        (Coarsening::Net24, "192.0.2.77", Some("192.0.2.0/24")),
        (Coarsening::Net24, "192.0.2.77/32", Some("192.0.2.0/24")),
        (Coarsening::Net24, "198.51.0.0/16", Some("198.51.0.0/16")),
        (Coarsening::Net24, "192.0.2.77/33", None),
        (Coarsening::Net24, "192.0.2", None),
        (Coarsening::Net48, "2001:db8:51:7::2d", Some("2001:db8:51::/48")),
        (Coarsening::Net48, "2001:db8::/32", Some("2001:db8::/32")),
        (Coarsening::Net48, "192.0.2.1", None),
        (Coarsening::Day, "2026-05-18T23:14:09.123Z", Some("2026-05-18T00:00:00Z")),
        (Coarsening::Day, "2026-05-18", None),
        (Coarsening::Oui, "00:00:5e:00:53:af", Some("00:00:5e:00:00:00")),
        (Coarsening::Oui, "00-00-5e-00-53-af", None),
        (Coarsening::Role, "Piret Saar", Some("author")),
    ];
    for (method, value, expected) in cases {
        assert_eq!(coarse(method, value).as_deref(), expected, "{method:?} of {value}");
    }
    let count = |text| Coarsening::Magnitude.apply(&Node::Literal(Cow::Borrowed(text)));
    assert_eq!(count("184211"), Some(Node::Literal(Cow::Borrowed("100000"))));
    assert_eq!(count("0"), Some(Node::Literal(Cow::Borrowed("0"))));
    assert_eq!(count("-5"), None);
}

#[test]
fn an_address_keeps_its_domain() {
    assert_eq!(apply(Token::Email, "mari@example.org"), "<mari@example.org>@example.org");
    assert_eq!(apply(Token::Email, "no address"), "<no address>");
}

#[test]
fn paths_lose_the_users_name_only() {
    let cases = [
        (r"C:\Users\mari\AppData\a.exe", r"C:\Users\<mari>\AppData\a.exe"),
        (r"c:\users\Mari Kask\a.exe", r"c:\users\<Mari Kask>\a.exe"),
        ("/home/mari", "/home/<mari>"),
        ("cat /home/mari -n /home/jaan/x", "cat /home/<mari> -n /home/<jaan>/x"),
        (r"C:\Users\Public\a.exe", r"C:\Users\Public\a.exe"),
        (r"C:\Users\%USERNAME%\a.exe", r"C:\Users\%USERNAME%\a.exe"),
        (r"HKEY_USERS\S-1-5-21-1-2-3-1109\Software", r"HKEY_USERS\<S-1-5-21-1-2-3-1109>\Software"),
        ("S-1-5-18", "S-1-5-18"),
        ("report.doc", "report.doc"),
    ];
    for (path, expected) in cases {
        assert_eq!(apply(Token::UserSegment, path), expected);
        assert_eq!(finds(Token::UserSegment, path, &|_| false), path != expected, "{path}");
    }
}

#[test]
fn urls_lose_credentials_and_addresses() {
    let cases = [
        ("https://mari:secret@example.org/a", "https://example.org/a"),
        (
            "https://example.com/?u=mari@example.org&x=1",
            "https://example.com/?u=<mari@example.org>@example.org&x=1",
        ),
        (
            "https://example.com/?u=mari%40example.org",
            "https://example.com/?u=<mari%40example.org>%40example.org",
        ),
        ("mailto:evil@example.com", "mailto:evil@example.com"),
        ("https://example.com/@handle/a", "https://example.com/@handle/a"),
    ];
    for (url, expected) in cases {
        assert_eq!(apply(Token::Url, url), expected);
    }
}

#[test]
fn certificates_keep_domains() {
    let cases = [
        ("CN=mail.example.org, O=Example", "CN=mail.example.org, O=Example"),
        ("CN=Mari Kask, O=Example, C=EE", "CN=<Mari Kask>, O=Example, C=EE"),
        (
            "O=Example/CN=Mari Kask/emailAddress=mari@example.org",
            "O=Example/CN=<Mari Kask>/emailAddress=<mari@example.org>@example.org",
        ),
        ("*.example.org", "*.example.org"),
        ("Mari Kask", "<Mari Kask>"),
    ];
    for (name, expected) in cases {
        assert_eq!(apply(Token::CertificateName, name), expected);
    }
}

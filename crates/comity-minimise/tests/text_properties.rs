//! What holds of every text: spans lie in it, on character boundaries, apart and in order; counting in code points
//! agrees with counting characters; long lines of anything take no longer than their length asks.

use comity_minimise::text::{Known, detect, detect_knowing, in_code_points};
use proptest::prelude::*;

fn holds(text: &str, known: &Known) {
    let found = detect_knowing(text, known);
    let mut end = 0;
    for span in &found.spans {
        assert!(span.start >= end && span.end > span.start && span.end <= text.len(), "{span:?} in {text:?}");
        assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "{span:?} in {text:?}");
        end = span.end;
    }
    let mut end = 0;
    for range in &found.likely_names {
        assert!(range.start >= end && range.end <= text.len(), "{range:?} in {text:?}");
        assert!(text.is_char_boundary(range.start) && text.is_char_boundary(range.end));
        assert!(found.spans.iter().all(|span| span.end <= range.start || span.start >= range.end));
        end = range.end;
    }
    let letters: Vec<char> = text.chars().collect();
    for (bytes, points) in found.spans.iter().zip(in_code_points(text, &found.spans)) {
        let cut: String = letters[points.start..points.end].iter().collect();
        assert_eq!(cut, text[bytes.start..bytes.end]);
    }
}

/// Pieces that texts about incidents are made of, and what breaks parsers.
fn piece() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "Anna Tamm",
        "TAMM, Anna",
        "Mr.",
        "user",
        "user=",
        "C:\\Users\\",
        "/home/",
        "@",
        "jdoe",
        "CORP\\jdoe",
        "10.0.0.1",
        "::1",
        "fe80::1%eth0",
        "EE38",
        "2200 2210 2014 5685",
        "38001085718",
        "131052-308T",
        "+372 5123 4567",
        "(555) 201-7788",
        "hxxp://a[.]b",
        "https://",
        "://",
        "[.]",
        "00:1A:2B:3C:4D:5E",
        "田中太郎",
        "様",
        "担当：",
        "さん",
        "\n",
        " ",
        ",",
        ".",
        ":",
        "<",
        ">",
        "'",
        "’s",
        "İstanbul",
        "ß",
        "e\u{301}",
        "\u{202e}",
        "\u{0}",
        "\u{feff}",
        "van der",
        "J.",
        "O'Brien",
        "Anne-Marie",
        "2026-11-25",
        "\\\\",
        "\\",
        "ssh",
        "a@b.c",
        "x@y:~$",
        "Dear",
        "Regards,",
        "CVE-2024-1234",
        "p-",
        "=",
        "\"",
        "🙂",
        "ﬁ",
        "１２３",
        "\u{a0}",
        "\u{2028}",
        "x12",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => any::<String>(), 1 => "[A-Za-z0-9@.:/\\\\-]{0,24}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, fork: false, ..ProptestConfig::default() })]

    #[test]
    fn spans_lie_apart_in_any_text(text in any::<String>()) {
        holds(&text, &Known::default());
    }

    #[test]
    fn spans_lie_apart_in_texts_of_familiar_pieces(pieces in prop::collection::vec(piece(), 0..40), glue in prop::sample::select(vec!["", " "])) {
        holds(&pieces.join(glue), &Known::of(["Mari Tamm", "x", "Ängström O'Brien"].into_iter()));
    }
}

/// Each unit by itself, over and over: what is quadratic takes minutes here, and a lost bound more.
#[test]
fn long_lines_of_one_thing_are_read_once() {
    for unit in [
        "@",
        "\\",
        ")",
        "1 ",
        "1",
        "Aa ",
        "Anna ",
        "a\\b;",
        "http://a ",
        "//:",
        "担当",
        "田中",
        "e\u{301}",
        "\u{5d0}\u{202e} ",
        "user ",
        "/home/",
        "a:b:",
        "van de ",
        "Anna, ",
        "x@y.zz,",
        "CORP\\a ",
    ] {
        let text = unit.repeat(30_000 / unit.len());
        assert!(detect(&text).spans.iter().all(|span| span.end <= text.len()), "{unit:?}");
    }
}

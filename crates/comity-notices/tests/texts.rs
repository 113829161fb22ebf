//! Every notice in every language to every audience: the same facts, in words that its readers know.

use comity_notices::{
    AnswerFacts, Audience, DeclinedRecords, Delay, Event, Facts, GivenRecords, Language, Message, Part,
    Remedy, render, render_answer,
};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn facts() -> Facts {
    Facts {
        number: "6f1c0a5e-3b52-4b0e-9d0a-0c6a3f1c2b7d".into(),
        at: "2027-02-01T08:00:00Z".parse().unwrap(),
        party: "EE".into(),
        authority: "National Cyber Centre".into(),
        event: Some(Event {
            received: false,
            partner: "FI".into(),
            at: "2026-11-02T09:20:00Z".parse().unwrap(),
        }),
        agreement: "Network security law".into(),
        owed_by: vec![("Estonia".into(), "Code of Criminal Procedure § 126¹³".into())],
        activity: Some("criminal_investigation".into()),
        purpose: Some("criminal_investigation".into()),
        categories: vec!["traffic_data".into(), "content_data".into()],
        kept_until: Some("2027-05-02T09:20:00Z".parse().unwrap()),
        delays: vec![Delay {
            ground: "obstruct_investigation".into(),
            article: "Art. 13(3)".into(),
            from: "2026-11-02T10:00:00Z".parse().unwrap(),
            to: "2027-02-01T00:00:00Z".parse().unwrap(),
        }],
        remedies: vec![Remedy {
            options: vec!["Andmekaitse Inspektsioon".into(), "halduskohus".into()],
            until: Some("2027-03-03T21:59:59Z".parse().unwrap()),
        }],
    }
}

fn answered() -> AnswerFacts {
    AnswerFacts {
        number: "6f1c0a5e-3b52-4b0e-9d0a-0c6a3f1c2b7d".into(),
        filed_at: "2026-11-02T09:20:00Z".parse().unwrap(),
        at: "2026-11-20T09:20:00Z".parse().unwrap(),
        party: "EE".into(),
        authority: Some("National Cyber Centre".into()),
        request: "erase".into(),
        refused: false,
        reasons: Vec::new(),
        rules: vec![("EE".into(), "Personal Data Protection Act § 25".into())],
        given: vec![
            GivenRecords {
                from: Some("FI".into()),
                purpose: Some("cyber_defence".into()),
                kept_until: "2027-05-02T09:20:00Z".parse().unwrap(),
                records: 2,
            },
            GivenRecords {
                from: None,
                purpose: None,
                kept_until: "2027-06-02T09:20:00Z".parse().unwrap(),
                records: 1,
            },
        ],
        sent: vec![("BE".into(), "2026-10-02T09:20:00Z".parse().unwrap())],
        done: vec![("erased".into(), 2)],
        declined: vec![DeclinedRecords {
            records: 1,
            reasons: vec!["restrict_instead_of_erase".into()],
            rules: vec![("EE".into(), "§ 25(3)".into())],
        }],
        remedies: facts().remedies,
    }
}

/// Nothing is told: the request is answered, and no record is in it.
fn nothing() -> AnswerFacts {
    let (given, sent, done, declined) = Default::default();
    AnswerFacts { given, sent, done, declined, ..answered() }
}

fn refused() -> AnswerFacts {
    AnswerFacts { refused: true, reasons: vec!["identity_not_verified".into()], ..nothing() }
}

fn every() -> impl Iterator<Item = (Language, Audience)> {
    Language::ALL.into_iter().flat_map(|language| Audience::ALL.map(|audience| (language, audience)))
}

/// Every text as it is, in one file that a translator reads. `COMITY_GOLDEN=write` writes it anew.
#[test]
fn every_text_reads_as_it_was_agreed() {
    let mut all = String::new();
    for (language, audience) in every() {
        let message = render(&facts(), audience, language, Some("Mari Kask")).unwrap();
        all.push_str(&format!("== {language} {audience}\n{}\n\n{}\n", message.subject, message.text()));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/texts.golden");
    if std::env::var("COMITY_GOLDEN").is_ok_and(|how| how == "write") {
        std::fs::write(&path, &all).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), all, "COMITY_GOLDEN=write, and read the difference");
}

/// The same of answers.
#[test]
fn every_answer_reads_as_it_was_agreed() {
    let mut all = String::new();
    for (language, audience) in every() {
        for (what, facts) in [("told", answered()), ("nothing", nothing()), ("refused", refused())] {
            let message = render_answer(&facts, audience, language, None).unwrap();
            all.push_str(&format!(
                "== {language} {audience} {what}\n{}\n\n{}\n",
                message.subject,
                message.text()
            ));
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/answers.golden");
    if std::env::var("COMITY_GOLDEN").is_ok_and(|how| how == "write") {
        std::fs::write(&path, &all).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), all, "COMITY_GOLDEN=write, and read the difference");
}

#[test]
fn every_audience_reads_the_same_answer() {
    for (language, audience) in every() {
        let text = render_answer(&answered(), audience, language, Some("Mari Kask")).unwrap().text();
        for said in ["Personal Data Protection Act § 25", "§ 25(3)", "halduskohus", "2027", "2026"] {
            assert!(text.contains(said), "{language} {audience} lacks {said}:\n{text}");
        }
        assert_eq!(text.contains("Mari Kask"), audience.is_letter(), "{language} {audience}");
        assert_eq!(
            text.contains(&answered().number),
            audience != Audience::Journalist,
            "{language} {audience}"
        );
        assert!(!text.contains('{') && !text.contains('_'), "{language} {audience}:\n{text}");
        // What no answer may leave out: that more may be held, but where the request itself is refused and nobody looked.
        let voice = |facts: &AnswerFacts| render_answer(facts, audience, language, None).unwrap().parts;
        let (told, none, refused) = (voice(&answered()), voice(&nothing()), voice(&refused()));
        let neither: Vec<&Part> =
            none.iter().filter(|part| told.contains(part) && !refused.contains(part)).collect();
        assert_eq!(neither.len(), 1, "{language} {audience}");
    }
}

#[test]
fn english_answers_are_easy_to_read() {
    for (audience, most) in [(Audience::Person, 8.0), (Audience::Child, 5.0)] {
        for facts in [answered(), nothing(), refused()] {
            let plain =
                AnswerFacts { rules: Vec::new(), remedies: Vec::new(), declined: Vec::new(), ..facts };
            let message = render_answer(&plain, audience, Language::En, Some("Mari")).unwrap();
            let grade = grade(&message);
            assert!(grade <= most, "{audience}: grade {grade:.1}, at most {most}\n{}", message.text());
        }
    }
}

#[test]
fn every_audience_reads_the_same_facts() {
    for (language, audience) in every() {
        let message = render(&facts(), audience, language, Some("Mari Kask")).unwrap();
        let text = message.text();
        let lists: BTreeSet<&String> = message
            .parts
            .iter()
            .filter_map(|part| match part {
                Part::List(lines) => Some(lines),
                Part::Text(_) => None,
            })
            .flatten()
            .collect();
        assert_eq!(lists.len(), 5, "{language} {audience}: a rule, two kinds of data, two ways to turn");
        for said in ["National Cyber Centre", "Network security law", "§ 126¹³", "halduskohus", "Art. 13(3)"]
        {
            assert!(text.contains(said), "{language} {audience} lacks {said}:\n{text}");
        }
        for year in ["2026", "2027"] {
            assert!(text.contains(year), "{language} {audience} lacks {year}");
        }
        // Who it is about stands in letters to them alone; a journalist cannot look the notice up.
        assert_eq!(text.contains("Mari Kask"), audience.is_letter(), "{language} {audience}");
        assert_eq!(text.contains(&facts().number), audience != Audience::Journalist, "{language} {audience}");
        assert!(!text.contains('{') && !text.contains('_'), "{language} {audience}:\n{text}");
    }
}

/// The keys of a language's file.
fn keys(language: Language) -> BTreeSet<String> {
    let path = root().join(format!("messages/notices/{language}.ftl"));
    let text = std::fs::read_to_string(path).unwrap();
    let keys = text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
    keys.map(|line| line.split(" =").next().unwrap().to_owned()).collect()
}

/// The words of a list of the vocabulary.
fn words(file: &str, list: Option<&str>) -> Vec<String> {
    let text = std::fs::read_to_string(root().join("vocabulary").join(file)).unwrap();
    let table: toml::Table = text.parse().unwrap();
    match list {
        None => table.keys().cloned().collect(),
        Some(list) => {
            let values = table[list]["values"].as_array().unwrap();
            values.iter().map(|value| value.as_str().unwrap().to_owned()).collect()
        }
    }
}

#[test]
fn every_word_of_the_vocabulary_has_a_text_in_every_language() {
    let mut wanted: Vec<String> = Vec::new();
    for (prefix, file, list) in [
        ("activity", "enums.toml", Some("activity")),
        ("category", "enums.toml", Some("data_category")),
        ("ground", "enums.toml", Some("deferral_ground")),
        ("purpose", "purposes.toml", None),
    ] {
        wanted.extend(words(file, list).iter().map(|word| format!("{prefix}-{word}")));
    }
    for entry in std::fs::read_dir(root().join("vocabulary/calendars")).unwrap() {
        let path = entry.unwrap().path();
        wanted.push(format!("party-{}", path.file_stem().unwrap().to_string_lossy()));
    }
    let english = keys(Language::En);
    for language in Language::ALL {
        let keys = keys(language);
        let missing: Vec<&String> = wanted.iter().filter(|key| !keys.contains(*key)).collect();
        assert!(missing.is_empty(), "{language} lacks {missing:?}");
        assert_eq!(keys, english, "{language} has other keys than English");
    }
}

#[test]
fn a_word_without_a_text_is_written_as_it_is() {
    let strange = Facts { purpose: Some("star_gazing".into()), party: "ZZ".into(), ..facts() };
    let text = render(&strange, Audience::Person, Language::En, None).unwrap().text();
    assert!(text.contains("star gazing"), "{text}");
}

#[test]
fn data_that_stays_in_the_house_is_held() {
    let mut own = facts();
    own.event.as_mut().unwrap().partner = "EE".into();
    let text = render(&own, Audience::Person, Language::En, None).unwrap().text();
    assert!(text.contains("We hold data about you."), "{text}");
}

#[test]
fn a_page_says_its_language_and_lets_nothing_in() {
    let sly = Facts { authority: "<script>alert(1)</script> & \"Sons\"".into(), ..facts() };
    let page = render(&sly, Audience::Person, Language::Et, Some("<b>")).unwrap().html();
    assert!(page.contains("<html lang=\"et\">") && page.contains("<title>") && page.contains("<h1>"));
    assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
    assert_eq!(page.matches("<h1>").count(), 1);
    assert_eq!(page.matches("<ul>").count(), page.matches("</ul>").count());
}

/// The grade of the Flesch-Kincaid formula (1975): 0.39 words a sentence + 11.8 syllables a word - 15.59.
fn grade(message: &Message) -> f64 {
    let (mut sentences, mut words, mut syllables) = (0_usize, 0_usize, 0_usize);
    for part in &message.parts {
        let lines = match part {
            Part::Text(text) => std::slice::from_ref(text),
            Part::List(lines) => lines.as_slice(),
        };
        for line in lines {
            let own = line.split(['.', '!', '?']).filter(|rest| rest.chars().any(char::is_alphabetic));
            sentences += own.count();
            for word in line.split_whitespace() {
                let letters: String =
                    word.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
                if !letters.is_empty() {
                    words += 1;
                    syllables += syllables_of(&letters);
                }
            }
        }
    }
    0.39 * words as f64 / sentences as f64 + 11.8 * syllables as f64 / words as f64 - 15.59
}

/// Groups of vowels, less a silent e at the end; one at least.
fn syllables_of(word: &str) -> usize {
    let is_vowel = |c: char| "aeiouyäöüõ".contains(c);
    let letters: Vec<char> = word.chars().collect();
    let mut groups = letters
        .iter()
        .zip([' '].iter().chain(&letters))
        .filter(|(c, before)| is_vowel(**c) && !is_vowel(**before))
        .count();
    let silent =
        word.ends_with('e') && !word.ends_with("le") || word.ends_with("es") && !word.ends_with("ses");
    if silent && groups > 1 {
        groups -= 1;
    }
    groups.max(1)
}

#[test]
fn syllables_are_counted_as_people_speak() {
    for (word, syllables) in [
        ("data", 2),
        ("erase", 2),
        ("you", 1),
        ("partner", 2),
        ("investigation", 5),
        ("the", 1),
        ("people", 2),
    ] {
        assert_eq!(syllables_of(word), syllables, "{word}");
    }
}

/// C71: whoever has finished the eighth year of school reads the letter to a person, and a child of ten theirs.
#[test]
fn english_letters_are_easy_to_read() {
    for (audience, most) in [(Audience::Person, 8.0), (Audience::Child, 5.0)] {
        // In the words that the gateway brings; names of laws and courts are as they are.
        let plain = Facts { owed_by: Vec::new(), remedies: Vec::new(), delays: Vec::new(), ..facts() };
        for facts in [plain, facts()] {
            let message = render(&facts, audience, Language::En, Some("Mari")).unwrap();
            let grade = grade(&message);
            assert!(grade <= most, "{audience}: grade {grade:.1}, at most {most}\n{}", message.text());
        }
    }
}

//! Rights and the articles that keep them: gaps are named, waivers are recorded, and people read the whole of it.

use crate::common::{edit, fixtures};
use comity_agreement::pack::Kind;
use comity_agreement::rights::{Conformance, conformance, gaps, rights};
use comity_agreement::{Finding, LawFiles, Level, Library, shipped};
use std::fmt::Write as _;
use std::path::Path;

const RIGHTS: &str = "vocabulary/rights.toml";
const TEXT: &str = r#"
[training]
summary = "To be dealt with by people who know how"
echr    = "Art. 0"
iccpr   = "Art. 0"
reasons = ["training_not_valid"]

[quiet]
summary = "To be left alone"
echr    = "Art. 8"
iccpr   = "Art. 17"
duties  = ["delete_by"]

[seal]
summary = "That seals hold"
echr    = "none"
iccpr   = "none"
reasons = ["sealed_red"]

[visits]
summary = "To be visited"
echr    = "Art. 5"
iccpr   = "Art. 10"
facts   = ["visits"]
"#;

fn with_rights() -> LawFiles {
    let mut files = fixtures();
    files.0.insert(RIGHTS.into(), TEXT.as_bytes().to_vec());
    files
}

fn found(files: &LawFiles) -> Vec<Finding> {
    let mut library = Library::open(files).unwrap();
    let law = library.law(&"grove".parse().unwrap()).unwrap();
    gaps(&library, &law).unwrap_or_else(|error| error.0)
}

#[test]
fn a_right_is_kept_by_what_a_rule_gives_owes_or_asks() {
    let files = with_rights();
    let mut library = Library::open(&files).unwrap();
    let law = library.law(&"grove".parse().unwrap()).unwrap();
    let rows = conformance(&rights(&library).unwrap(), &law);
    let row = |name: &str| rows.iter().find(|row| row.right.name == name).unwrap();
    let own = |row: &Conformance| row.own.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(own(row("training")), ["Art. 2"]);
    assert_eq!(own(row("quiet")), ["Art. 5"]);
    assert!(own(row("seal")).is_empty() && row("seal").included.contains("seal"), "kept by what is included");
    assert!(row("visits").is_gap());
}

#[test]
fn what_is_owed_of_data_about_nobody_keeps_no_right_about_people() {
    let mut library = Library::open(shipped()).unwrap();
    let rights = rights(&library).unwrap();
    let mut kept = |pack: &str, right: &str| -> Vec<String> {
        let law = library.law(&pack.parse().unwrap()).unwrap();
        let rows = conformance(&rights, &law);
        let row = rows.iter().find(|row| row.right.name == right).unwrap();
        row.own.iter().map(ToString::to_string).collect()
    };
    // Each has a rule by which what is about nobody ends: `when` it is not, or `unless` it is about people.
    for (pack, article) in
        [("coe-cets224", "Art. 2(1)"), ("un-cybercrime-2024", "Art. 40(19)"), ("eu-dir-2023-977", "Art. 3")]
    {
        let kept = kept(pack, "private_life");
        assert!(!kept.is_empty() && !kept.contains(&article.to_owned()), "{pack}: {kept:?}");
    }
}

#[test]
fn a_right_that_nothing_keeps_is_named_until_an_office_has_waived_it() {
    let mut files = with_rights();
    let findings = found(&files);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert_eq!((findings[0].level, findings[0].file.as_str()), (Level::Error, "agreements/grove/pack.toml"));
    assert!(
        findings[0].text.contains("`visits` (ECHR Art. 5, ICCPR Art. 10) is not covered"),
        "{findings:#?}"
    );
    let waiver = |right: &str, by: &str| {
        format!("[[waiver]]\nright = \"{right}\"\nby = \"{by}\"\nnote = \"nobody travels\"\n")
    };
    let waive = |text: String| {
        let mut waived = files.clone();
        waived.0.get_mut("agreements/grove/pack.toml").unwrap().extend(text.bytes());
        waived
    };
    assert_eq!(found(&waive(waiver("visits", "reviewer"))), []);
    let both = found(&waive(waiver("visits", "reviewer") + &waiver("quiet", "reviewer")));
    assert_eq!((both.len(), both[0].level), (1, Level::Warning), "{both:#?}");
    assert!(both[0].text.contains("`quiet`") && both[0].text.contains("is waived, and the pack keeps it"));
    let strange = found(&waive(waiver("visits", "reviewer") + &waiver("quite", "reviewer")));
    assert!(strange[0].text.contains("no right `quite` is known (did you mean `quiet`?)"), "{strange:#?}");
    let unknown = Library::open(&waive(waiver("visits", "nobody"))).unwrap().law(&"grove".parse().unwrap());
    assert!(unknown.unwrap_err().to_string().contains("office `nobody` is not in the vocabulary"));
    // A word that the vocabulary does not have keeps nothing.
    edit(&mut files, RIGHTS, "\"visits\"", "\"vists\"");
    let findings = found(&files);
    assert_eq!((findings[0].file.as_str(), findings[0].line), (RIGHTS, 24), "{findings:#?}");
    assert!(
        findings[0]
            .text
            .contains("`vists` is not among the facts of the vocabulary (did you mean `visits`?)")
    );
}

/// `UPDATE_GOLDEN=1 cargo test -p comity-agreement --test law rights` writes `docs/rights.md` anew.
#[test]
fn the_rights_under_every_pack_are_written_down_for_people() {
    let mut library = Library::open(shipped()).unwrap();
    let rights = rights(&library).unwrap();
    let mut text = String::from(
        "# Which articles keep which right\n\nWritten by `UPDATE_GOLDEN=1 cargo test -p comity-agreement --test law rights` from \
         `vocabulary/rights.toml` and the rules of each pack.\nA right is named with its place in the European Convention on Human \
         Rights and in the International Covenant on\nCivil and Political Rights. What no article keeps is a gap: an agreement with one is \
         not adopted without a waiver.\nWhether an article keeps a right well is not told here.\n",
    );
    for slug in library.slugs() {
        let law = library.law(&slug).unwrap();
        let _ = write!(text, "\n## {slug}\n\n| right | kept by |\n|---|---|\n");
        for row in conformance(&rights, &law) {
            let join = |words: Vec<String>| words.join("; ");
            let kept = match (&row.waiver, row.is_gap()) {
                (Some(waiver), true) => format!("not covered, waived by `{}`: {}", waiver.by, waiver.note),
                (None, true) => "not covered".to_owned(),
                _ if row.own.is_empty() => {
                    format!("{} (included)", join(row.included.iter().map(ToString::to_string).collect()))
                }
                _ => join(row.own.iter().map(ToString::to_string).collect()),
            };
            let _ = writeln!(
                text,
                "| {} (ECHR {}; ICCPR {}) | {kept} |",
                row.right.summary, row.right.echr, row.right.iccpr
            );
            let open = row.is_gap() && row.waiver.is_none() && law.pack().kind == Kind::Agreement;
            assert!(!open, "{slug} leaves `{}` open", row.right.name);
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rights.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == text, "docs/rights.md is out of date: UPDATE_GOLDEN=1, then read the diff");
}

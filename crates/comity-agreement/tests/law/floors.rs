//! Floors both ways: what a party's law may not loosen, what it may not refuse, and what is displaced by whom.

use crate::common::{edit, fixtures};
use comity_agreement::{Finding, LawFiles, Level, Library, lint, shipped};

const PERMITS: &str = "agreements/grove/permits.cedar";
const PACK: &str = "agreements/grove/pack.toml";
const SEAL: &str = "agreements/seal/pack.toml";
const XB: &str = "jurisdictions/XB/pack.toml";
const XB_FORBIDS: &str = "jurisdictions/XB/forbids.cedar";

/// What is wrong with asking `party`'s law beside `agreement`.
fn together(files: &LawFiles, agreement: &str, party: &str) -> Vec<Finding> {
    let mut library = Library::open(files).unwrap();
    let mut law = |slug: &str| library.law(&slug.parse().unwrap()).unwrap_or_else(|error| panic!("{error}"));
    let (agreement, party) = (law(agreement), law(party));
    lint::check_together(&agreement, &party, library.vocabulary())
}

/// The errors that `law check` finds in a pack.
fn errors(files: &LawFiles, slug: &str) -> Vec<Finding> {
    let mut library = Library::open(files).unwrap();
    let found = lint::check(&mut library, &slug.parse().unwrap());
    found.into_iter().filter(|finding| finding.level == Level::Error).collect()
}

#[track_caller]
fn says(findings: &[Finding], file: &str, line: usize, text: &str) {
    assert!(
        findings.iter().any(|found| found.file == file && found.line == line && found.text.contains(text)),
        "nothing at {file}:{line} says `{text}`: {findings:#?}"
    );
}

#[test]
fn an_overlay_that_loosens_is_an_error() {
    let mut files = fixtures();
    assert_eq!(together(&files, "grove", "XB"), []);
    // Both figures have names of their own; what they do to the data is the same.
    edit(&mut files, "jurisdictions/XB/obligations.toml", "\"20 days\"", "\"6 weeks\"");
    let findings = together(&files, "grove", "XB");
    assert_eq!(findings.len(), 1, "{findings:?}");
    says(
        &findings,
        "jurisdictions/XB/obligations.cedar",
        1,
        "`xb.content-erased` erases later than `grove.retention`",
    );
    // `law check` says so of the party's law and of the agreement alike.
    assert_eq!(errors(&files, "XB"), findings);
    assert_eq!(errors(&files, "grove"), findings);
    // Where the agreement's duty need not match, the overlay's stands alone and loosens nothing.
    let rules = "jurisdictions/XB/obligations.cedar";
    edit(&mut files, rules, " && context has personal_data && context.personal_data", "");
    assert_eq!(together(&files, "grove", "XB"), []);
    // A lighter treatment is looser too.
    let lighter = "[treatments]\ncontact = { treatment = \"keep\", article = \"§ 5\" }\n";
    files.0.get_mut(XB).unwrap().extend(lighter.bytes());
    assert!(together(&files, "grove", "XB")[0].text.contains("`contact` is treated more lightly"));
}

#[test]
fn data_protection_in_general_does_not_refuse_what_a_floor_of_cooperation_grants() {
    let mut files = fixtures();
    edit(&mut files, PERMITS, "@enforce(\"suppress\")", "@enforce(\"suppress\") @floor(\"cooperation\")");
    edit(&mut files, XB_FORBIDS, "@enforce", "@kind(\"data_protection\") @enforce");
    let findings = together(&files, "grove", "XB");
    assert_eq!(findings.len(), 1);
    says(&findings, XB_FORBIDS, 1, "floor of cooperation");
    // What the agreement displaces is not asked beside it, so it refuses nothing.
    let mut displaced = files.clone();
    edit(&mut displaced, PACK, "include   =", "displaces = [\"xb.content\"]\ninclude   =");
    assert_eq!(together(&displaced, "grove", "XB"), []);
    // A forbid for cases that the floor does not cover meets nothing.
    let narrower = "context has activity && context.activity == Activity::\"criminal_investigation\" && context has data_category";
    edit(&mut files, XB_FORBIDS, "context has data_category", narrower);
    assert_eq!(together(&files, "grove", "XB"), []);
}

#[test]
fn what_displaces_each_other_is_an_error_that_names_both() {
    let mut files = fixtures();
    edit(&mut files, PACK, "include   =", "displaces = [\"seal.red\"]\ninclude   =");
    assert_eq!(errors(&files, "grove"), []);
    edit(&mut files, SEAL, "certainty =", "displaces = [\"grove.training\"]\ncertainty =");
    let circle =
        "`displaces` is circular: `grove` displaces `seal.red` of `seal`, which displaces `grove.training`";
    says(&errors(&files, "grove"), PACK, 6, circle);
    let loaded = Library::open(&files).unwrap().law(&"grove".parse().unwrap());
    assert!(loaded.unwrap_err().to_string().contains("is circular"));
    // Between an agreement and a party's law: neither is asked beside the other.
    let mut files = fixtures();
    edit(&mut files, PACK, "include   =", "displaces = [\"xb.content\"]\ninclude   =");
    edit(&mut files, XB, "certainty", "displaces = [\"grove.training\"]\ncertainty");
    let findings = together(&files, "grove", "XB");
    assert!(
        findings.iter().any(|found| found.text.contains("is circular: `XB` displaces `grove.training`")),
        "{findings:#?}"
    );
    // Two agreements that are never asked together: `law check` names it all the same.
    let mut files = fixtures();
    for path in ["forbids.cedar", "obligations.cedar", "obligations.toml", "pack.toml", "permits.cedar"] {
        let text = String::from_utf8(files.0[&format!("agreements/grove/{path}")].clone()).unwrap();
        files.0.insert(format!("agreements/copse/{path}"), text.replace("grove", "copse").into_bytes());
    }
    edit(&mut files, PACK, "include   =", "displaces = [\"copse.grant\"]\ninclude   =");
    edit(
        &mut files,
        "agreements/copse/pack.toml",
        "include   =",
        "displaces = [\"grove.grant\"]\ninclude   =",
    );
    says(
        &errors(&files, "grove"),
        PACK,
        6,
        "`copse.grant` of `copse`, which displaces `grove.grant` of `grove`",
    );
}

#[test]
fn what_may_be_displaced_is_narrow_and_named() {
    let displaces = |id: &str| {
        let mut files = fixtures();
        edit(&mut files, PACK, "include   =", &format!("displaces = [\"{id}\"]\ninclude   ="));
        files
    };
    says(&errors(&displaces("seal.rad"), "grove"), PACK, 6, "which no pack has (did you mean `seal.red`?)");
    says(&errors(&displaces("grove.grant"), "grove"), PACK, 6, "a rule of this pack");
    // Of a party's law only what refuses on data-protection grounds where a floor of cooperation grants.
    says(&errors(&displaces("xb.content"), "grove"), PACK, 6, "it stays");
    // Of what is included all but its floor of protection.
    let mut files = displaces("seal.red");
    edit(&mut files, "agreements/seal/forbids.cedar", "@enforce", "@floor(\"protection\") @enforce");
    says(&errors(&files, "grove"), PACK, 6, "a floor of protection: nothing displaces it");
    // A party's law displaces nothing of an agreement, nor of what it includes.
    for id in ["grove.training", "seal.red"] {
        let mut files = fixtures();
        edit(&mut files, XB, "certainty", &format!("displaces = [\"{id}\"]\ncertainty"));
        let findings = together(&files, "grove", "XB");
        assert!(
            findings.iter().any(|found| found.text.contains("an overlay may only tighten")),
            "{findings:#?}"
        );
    }
}

/// A forbid on data-protection grounds in general, put into a state's own law, is refused beside each shipped text that
/// sets a floor of cooperation for what is shared, and taken by one that sets none.
#[test]
fn the_shipped_floors_of_cooperation_hold() {
    let rule = "\n@id(\"fr.test.general\") @article(\"art. 0\") @summary(\"Nothing leaves without our standard\") \
        @reason(\"no_transfer_ground\") @enforce(\"suppress\") @kind(\"data_protection\")\n\
        forbid (principal, action == Action::\"share\", resource == Party::\"FR\");\n";
    let mut files = shipped().clone();
    files.0.get_mut("jurisdictions/FR/forbids.cedar").unwrap().extend(rule.bytes());
    for agreement in ["coe-cets224", "eu-us-umbrella", "coe-108plus", "eu-led-2016-680"] {
        let findings = together(&files, agreement, "FR");
        assert!(
            findings.len() == 1
                && findings[0].text.contains("`fr.test.general` refuses on generic data-protection grounds"),
            "{agreement}: {findings:#?}"
        );
    }
    assert_eq!(together(&files, "eu-nis2-2022-2555", "FR"), []);
    // Orders under the Protocol are transfers too: each of its articles grants as a floor.
    for action in ["order_direct", "order_give_effect", "emergency_access", "mla_request"] {
        let mut files = files.clone();
        edit(
            &mut files,
            "jurisdictions/FR/forbids.cedar",
            "action == Action::\"share\", resource == Party::\"FR\")",
            &format!("action == Action::\"{action}\", resource == Party::\"FR\")"),
        );
        assert_eq!(together(&files, "coe-cets224", "FR").len(), 1, "{action}");
    }
}

/// What the Umbrella Agreement displaces is named by it, and meets its floor when it is not displaced.
#[test]
fn a_shipped_displacement_is_what_keeps_the_floor() {
    let mut files = shipped().clone();
    assert_eq!(errors(&files, "eu-us-umbrella"), []);
    edit(&mut files, "agreements/eu-us-umbrella/pack.toml", "\"be.dpa-66.transfer\", ", "");
    says(
        &errors(&files, "eu-us-umbrella"),
        "jurisdictions/BE/forbids.cedar",
        be_line(&files),
        "`umb.3-1.send`",
    );
}

fn be_line(files: &LawFiles) -> usize {
    let text = String::from_utf8(files.0["jurisdictions/BE/forbids.cedar"].clone()).unwrap();
    1 + text.lines().position(|line| line == "@id(\"be.dpa-66.transfer\")").unwrap()
}

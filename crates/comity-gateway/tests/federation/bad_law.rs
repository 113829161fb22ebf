//! Law that must not be adopted: each named by file and line, while exchanges go on under the law that runs.

use crate::house::{House, PHISHING, pair};
use comity_agreement::shipped;
use comity_exchange::report::ExchangeOutcome;
use comity_exchange::shell::Shell as _;
use comity_gateway::work::manage;
use comity_terms::PackSlug;
use std::path::{Path, PathBuf};

const PACK: &str = "eu-nis2-2022-2555";

/// A shipped pack in a folder of its own, with `new` for the first `old` in one of its files.
fn changed(room: &Path, slug: &str, file: &str, old: &str, new: &str) -> PathBuf {
    let root = if slug.len() == 2 { "jurisdictions" } else { "agreements" };
    let folder = room.join(root).join(slug);
    std::fs::create_dir_all(&folder).unwrap();
    for (path, bytes) in &shipped().0 {
        if let Some(name) = path.strip_prefix(&format!("{root}/{slug}/")) {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
    }
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(text.contains(old), "{file} has no `{old}`");
    std::fs::write(path, text.replacen(old, new, 1)).unwrap();
    folder
}

/// What adopting the folder says.
async fn refused(house: &House, folder: &Path) -> String {
    let before = house.gateway.register().adopted;
    let said = manage::adopt(&house.gateway, folder.to_str().unwrap(), Path::new("/")).await.unwrap_err();
    assert_eq!(house.gateway.register().adopted, before, "nothing is adopted: {said}");
    said.to_string()
}

/// Whether a finding names the file and a line of it.
fn at_a_line(said: &str, file: &str) -> bool {
    said.match_indices(&format!("/{file}:")).any(|(at, found)| {
        let digits: String = said[at + found.len()..].chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<usize>().is_ok_and(|line| line > 0)
    })
}

/// What a lawyer, a typist or a hostile partner might put into a pack: file, text, what is there instead, what is said.
const BAD: [(&str, &str, &str, &str); 16] = [
    ("pack.toml", "slug      = \"eu-nis2", "slug      = eu-nis2", "expected"),
    ("pack.toml", "supervision ", "supervison ", "`supervision` is missing"),
    (
        "pack.toml",
        "from  = \"2024-10-18\"",
        "from  = \"2024-10-18\"\nuntil = \"2024-10-17\"",
        "lies before `from`",
    ),
    ("pack.toml", "from  = \"2024-10-18\"", "from  = \"2023-01-16\"", "by a row before this"),
    ("pack.toml", "displaces     = []", "displaces = [\"tlp.rad.first\"]", "did you mean `tlp.red.first`?"),
    ("pack.toml", "displaces     = []", "displaces = [\"nis2.23-1.liability\"]", "a rule of this pack"),
    ("pack.toml", "displaces     = []", "displaces = [\"base.core\"]", "a floor of protection"),
    ("forbids.cedar", "forbid (", "forbid ((", "unexpected token"),
    (
        "forbids.cedar",
        "context has national_security_ground",
        "context has national_securty_ground",
        "did you mean",
    ),
    ("forbids.cedar", "@reason(", "@raeson(", "did you mean `reason`?"),
    ("forbids.cedar", "@reason(\"essential", "@reason(\"esential", "is not in the vocabulary"),
    (
        "forbids.cedar",
        "context has national_security_ground && context.national_security_ground",
        "context.national_security_ground",
        "national_security_ground",
    ),
    ("permits.cedar", "permit (\n  principal,", "permit (\n  principal == ?principal,", "slot"),
    ("permits.cedar", "permit (", "{\"effect\":\"permit\"} permit (", "unexpected token"),
    (
        "obligations.toml",
        "rule     = \"nis2.23-4.early-warning\"",
        "rule = \"nis2.23-4.erly-warning\"",
        "did you mean",
    ),
    ("obligations.toml", "to = \"CSIRT", "too = \"CSIRT", "no key `too` of obligations is known"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_pack_is_named_while_exchanges_go_on_under_the_law_that_runs() {
    let (sender, receiver) = pair(&["EE", "FI"], true).await;
    let slug: PackSlug = PACK.parse().unwrap();
    let digest = sender.gateway.adopted(&slug).unwrap();
    let exchanging = async {
        let mut reports = Vec::new();
        for _ in 0..2 {
            reports.push(sender.share(PHISHING).await);
        }
        reports
    };
    let adopting = async {
        for (file, old, new, says) in BAD {
            let room = tempfile::tempdir().unwrap();
            let said = refused(&sender, &changed(room.path(), PACK, file, old, new)).await;
            assert!(said.contains(says) && at_a_line(&said, file), "{file}, `{new}`: {said}");
        }
        // Files that are no pack's, or of no pack's size.
        let room = tempfile::tempdir().unwrap();
        let folder = changed(room.path(), PACK, "pack.toml", "", "");
        std::fs::write(folder.join("policies.json"), "[]").unwrap();
        assert!(refused(&sender, &folder).await.contains("a pack has no such file"));
        std::fs::remove_file(folder.join("policies.json")).unwrap();
        std::fs::write(folder.join("forbids.cedar"), vec![b' '; 10 << 20]).unwrap();
        let said = refused(&sender, &folder).await;
        assert!(said.contains("forbids.cedar") && said.contains("10485760"), "{said}");
        // The party's own law may not loosen the agreement that it has adopted.
        let loosening = changed(
            room.path(),
            "EE",
            "pack.toml",
            "displaces     = []",
            "displaces = [\"nis2.23-1.liability\"]",
        );
        let said = refused(&sender, &loosening).await;
        assert!(said.contains("an overlay may only tighten") && at_a_line(&said, "pack.toml"), "{said}");
    };
    let (reports, ()) = tokio::join!(exchanging, adopting);
    for report in reports {
        assert_eq!((report.outcome, report.pack_digest.0), (ExchangeOutcome::Delivered, digest));
    }
    assert_eq!(sender.gateway.adopted(&slug), Some(digest));
    assert_eq!(receiver.gateway.adopted(&slug), Some(digest));
    assert_eq!(sender.share(PHISHING).await.outcome, ExchangeOutcome::Delivered);
}

/// A pack on the shelf that somebody changed after it was signed is never asked: nothing is decided without law.
#[tokio::test(flavor = "multi_thread")]
async fn a_pack_that_was_changed_after_it_was_signed_is_not_asked() {
    let (sender, _receiver) = pair(&["EE", "FI"], true).await;
    let slug: PackSlug = PACK.parse().unwrap();
    let digest = sender.gateway.adopted(&slug).unwrap();
    let directory = sender.gateway.directory().clone();
    let address = sender.address();
    let room = sender.close().await;
    let file =
        directory.data().join("law").join(digest.hex()).join("agreements").join(PACK).join("forbids.cedar");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen("increase_liability_for_notifying", "statistics", 1)).unwrap();
    let sender = House::reopen(room, directory, address).await;
    let said = sender.gateway.shelf().law(&slug, digest).unwrap_err().to_string();
    assert!(said.contains(PACK) && said.contains(&digest.to_string()), "{said}");
    assert!(sender.gateway.laws(&slug, &"FI".parse().unwrap()).is_none(), "no question is put to it");
}

// C11: of one kind of data nobody would know when it ends.
#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_that_leaves_data_without_an_end_is_not_adopted() {
    let (sender, _receiver) = pair(&["EE", "FI"], true).await;
    let room = tempfile::tempdir().unwrap();
    let always = "unless { context has personal_data && context.personal_data };";
    let sometimes = "when { context has sensitive && !context.sensitive.isEmpty() };";
    let folder = changed(room.path(), PACK, "obligations.cedar", always, sometimes);
    let said = refused(&sender, &folder).await;
    assert!(
        said.contains("no rule says when `indicator` is deleted") && said.contains("not about a person"),
        "{said}"
    );
}

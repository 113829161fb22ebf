//! What an analyst would check, case by case; the labelled corpus under `tests/` measures the whole.

use super::*;

/// The spans of a text in which `⟦LABEL what⟧` marks each.
#[track_caller]
fn check(marked: &str) {
    let mut text = String::new();
    let mut wanted = Vec::new();
    let mut rest = marked;
    while let Some((before, after)) = rest.split_once('⟦') {
        let (inside, after) = after.split_once('⟧').expect("a closing bracket");
        let (label, what) = inside.split_once(' ').expect("a label");
        text.push_str(before);
        wanted.push((label.to_owned(), what.to_owned()));
        text.push_str(what);
        rest = after;
    }
    text.push_str(rest);
    let found: Vec<(String, String)> = detect(&text)
        .spans
        .iter()
        .map(|span| (span.label.to_string(), text[span.start..span.end].to_owned()))
        .collect();
    assert_eq!(found, wanted, "in {text:?}");
}

#[test]
fn honorifics_stay_outside_the_name() {
    check("Please call Mr. ⟦PERSON Xavier Brockhaus⟧ or Frau ⟦PERSON Quendel⟧.");
    check("Proua ⟦PERSON Mari Tamm⟧ teatas juhtumist.");
}

#[test]
fn only_the_user_in_a_path_or_a_domain_account_is_a_person() {
    check(r"Dropped to C:\Users\⟦PATH_USER mtamm⟧\AppData\Local\Temp\x.exe by CORP\⟦USERNAME jkask⟧.");
    check("cat /home/⟦PATH_USER jdoe⟧/.ssh/id_rsa");
    check(r"HKLM\Software\Microsoft\Windows\CurrentVersion\Run and C:\Users\Public\run.exe");
}

#[test]
fn what_identifies_an_attack_is_nobody() {
    check("Cobalt Strike beacons to 185.220.101.4 and evil-domain.com; Lazarus Group used CVE-2024-12345.");
    check("hxxps://login-update[.]com/anna.tamm@example.org and d41d8cd98f00b204e9800998ecf8427e");
}

#[test]
fn an_address_is_a_persons_where_its_neighbours_say_so() {
    check("The employee's laptop ⟦IP 10.20.30.40⟧ connected to the C2 server 45.77.12.9.");
    check("⟦PERSON Anna Tamm⟧ logged in from her home connection ⟦IP 84.50.12.7⟧.");
}

#[test]
fn numbers_are_counted_in_code_points() {
    let text = "õ – ⟂ 田中: anna.tamm@example.ee";
    let found = detect(text);
    let points = in_code_points(text, &found.spans);
    assert_eq!(points.len(), 1);
    let letters: Vec<char> = text.chars().collect();
    let cut: String = letters[points[0].start..points[0].end].iter().collect();
    assert_eq!(cut, "anna.tamm@example.ee");
}

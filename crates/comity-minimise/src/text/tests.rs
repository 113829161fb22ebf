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
fn namespaces_and_folders_of_the_system_are_no_accounts() {
    check(r"Mutex Global\MsWinZonesCacheCounterMutexA, key CurrentVersion\RunOnce, WMI ROOT\CIMV2.");
    check(r"NT VIRTUAL MACHINE\Virtual Machines and C:\Users\All Users\x.exe");
    check(r"net use \\srv\share /user:ACME\⟦USERNAME admin.kov⟧");
    check(r"\\fileserver\home$\⟦PATH_USER bjorn.dahl⟧\Desktop");
}

#[test]
fn who_acts_in_a_sentence_decides_whose_the_address_is() {
    check("The attacker logged in from 91.219.236.18.");
    check("User visited 203.0.113.44 yesterday.");
    check("Connexion vers 203.0.113.44 observée.");
    check("Ühendus aadressiga 203.0.113.44.");
    check("ransom note: contact johnsmith1987@onionmail.example");
    check("The spear phishing mail came from ceo@fake-corp.example.");
    check("The phishing mail was received by ⟦EMAIL anna.tamm@corp.example⟧.");
    check("The user logged in from ⟦IP 91.219.236.18⟧.");
}

#[test]
fn authorities_companies_and_places_are_no_people() {
    check("Signalé par ANSSI. Opfer: Deutsche Bahn.");
    check("Hôpital de Dax");
    check("Customers of John Hancock and Alice Blue at the Juan de Fuca Strait.");
}

#[test]
fn accounts_stand_behind_labels_of_every_script() {
    check("ユーザー名:⟦USERNAME k.sasaki⟧");
    check("利用者ID: ⟦USERNAME m_saito⟧");
    check("L'utilisateur ⟦USERNAME lgarnaud⟧ s'est connecté.");
    check("uid=1001(⟦USERNAME fnguyen⟧) gid=1001(⟦USERNAME fnguyen⟧)");
}

#[test]
fn a_signature_tells_whose_a_mailbox_is() {
    check("差出人: ⟦PERSON 中村 太郎⟧ <⟦EMAIL taro@corp.example⟧>");
    check("From: Payment Team <settlement@corp.example>");
}

#[test]
fn names_are_found_in_lists_signatures_and_greetings_without_what_stands_before_them() {
    check("passwords of ⟦PERSON Chidi Anagonye⟧, ⟦PERSON Tahani Al-Jamil⟧ and ⟦PERSON Jason Mendoza⟧");
    check("⟦PERSON Achterberg, Rosalind⟧");
    check("Author: ⟦PERSON K. Szymborski⟧");
    check("⟦PERSON Achterberg, Rosalind⟧ (Ministry of Transport)");
    check("Terveisin ⟦PERSON Aarne⟧");
    check("Tarkista 203.0.113.22. Terveisin ⟦PERSON Aarne⟧");
    check("Everybody calls me ⟦PERSON Lauren⟧.");
    check("Tere, ⟦PERSON Ülle⟧!");
    check("On Monday ⟦PERSON Rosalind Achterberg⟧ called.");
    check("M. ⟦PERSON Étienne Vasseur-Lacombe⟧ a été prévenu.");
    check("Author:\n⟦PERSON K. Szymborski⟧");
    check("Reported by:\n⟦PERSON Anna Tamm⟧\nAffected systems:\nDomain Controllers");
    check("M. ⟦PERSON Étienne⟧");
    check("Bonjour,\n\nM. ⟦PERSON Étienne⟧\nResponsable sécurité");
    check("⟦PERSON Anna Kowalska⟧ reported a phishing mail. ⟦PERSON Liina Saar⟧ avas manuse.");
}

#[test]
fn the_mailbox_of_an_office_is_nobodys_even_where_the_office_is_the_victim() {
    check(
        "The phishing mail was sent to it-helpdesk@victim.example and to ⟦EMAIL anna.tamm@victim.example⟧.",
    );
    check("Contact: soc@victim.example, press-office@victim.example");
}

#[test]
fn numbers_of_states_stand_behind_labels_of_every_script() {
    check("マイナンバー ⟦NATIONAL_ID 123456789018⟧");
    check("Aadhaar ⟦NATIONAL_ID 2341 2341 2346⟧");
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

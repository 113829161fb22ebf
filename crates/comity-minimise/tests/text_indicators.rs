//! What identifies an attack is nobody: indicators of every kind, in sentences of nine languages, stay as they are.
//!
//! A gateway that tokenises an address of the attacker, a mutex or a family of malware takes from its partner what the
//! exchange was for. Prints each that was touched: `cargo test --test text_indicators -- --nocapture`.

use comity_minimise::text::{Label, detect};

/// At most one of a hundred is touched (the aim of the detector).
const TOUCHED_MAX: f64 = 0.01;

/// Kinds that stand in any sentence.
const ANY: [&str; 62] = [
    "hxxps://login-update[.]com/a",
    "https://files.sendsafe.example/dl.php?id=77",
    "update-sync[.]net",
    "cdn-telemetry.top",
    "xmr-pool.example",
    "lockbitapt6vx57t3eeqjofwgcglmutr3a35nygvokja5uuccip4ykyd.onion",
    "d41d8cd98f00b204e9800998ecf8427e",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "CVE-2024-3400",
    "T1059.001",
    "CWE-79",
    "GHSA-4hjh-wcwx-xvwj",
    "KB5005565",
    "S-1-5-18",
    r"Global\MsWinZonesCacheCounterMutexA",
    r"Local\ZonesCounterMutex",
    r"Session\1\BaseNamedObjects\qwx",
    r"BaseNamedObjects\SynchronizeMutexA",
    r"\\.\pipe\msagent_12",
    r"ROOT\CIMV2",
    r"root\subscription",
    r"CurrentVersion\RunOnce",
    r"HKLM\Software\Microsoft\Windows\CurrentVersion\Run",
    r"HKCU\Environment\UserInitMprLogonScript",
    r"NT AUTHORITY\SYSTEM",
    r"NT SERVICE\TrustedInstaller",
    r"IIS APPPOOL\DefaultAppPool",
    r"\Device\HarddiskVolume3\x.exe",
    r"System32\rundll32.exe",
    r"C:\ProgramData\Oracle\java.dll",
    r"C:\Users\Public\run.exe",
    r"C:\Users\All Users\x.exe",
    r"%APPDATA%\svch0st.exe",
    r"D:\work\loader\Release\loader.pdb",
    "/usr/lib/systemd/system/x.service",
    "/var/www/html/shell.php",
    "/tmp/.x/miner.sh",
    "invoice_0924.xlsm",
    "libcef.dll",
    "Cobalt Strike",
    "Mimikatz",
    "Emotet",
    "LockBit",
    "BlackCat",
    "Agent Tesla",
    "Raccoon Stealer",
    "Lazarus Group",
    "Fancy Bear",
    "Volt Typhoon",
    "Wizard Spider",
    "Charming Kitten",
    "APT28",
    "UNC2452",
    "AS9009",
    "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "python-requests/2.31",
    "e7d705a3286e19ea42f587b344ee6865",
    "{8C9F2C9A-12A4-4B3F-9C44-0F5D3C6F0B11}",
    "Windows Management Instrumentation",
    "Active Directory",
];

/// Kinds that are reached over a network.
const REACHED: [&str; 8] = [
    "203.0.113.44",
    "91.219.236.18",
    "198.51.100.23:8443",
    "185.220.101.34",
    "45.77.12.9",
    "2a0b:f4c2::27",
    "104.168.98.156",
    "103.224.182.250",
];

/// Mailboxes of attackers.
const MAILBOXES: [&str; 6] = [
    "johnsmith1987@onionmail.example",
    "ceo@fake-corp.example",
    "decrypt-files@tutamail.example",
    "track@dhl-parcel-info.example",
    "lockhelp77@cock.example",
    "mlopez1987@mail-drop.example",
];

/// A language, sentences for anything, for what is reached, for mailboxes; `{}` is the indicator.
type Language = (&'static str, [&'static str; 3], [&'static str; 3], [&'static str; 2]);

const LANGUAGES: [Language; 9] = [
    (
        "en",
        [
            "The attackers used {} in March.",
            "We found {} on two servers; please hunt for it.",
            "Indicator: {}",
        ],
        [
            "The malware connects to {} every hour.",
            "User visited {} yesterday.",
            "The attacker logged in from {}.",
        ],
        ["ransom note: contact {}", "The spear phishing mail came from {}."],
    ),
    (
        "fr",
        [
            "Les attaquants ont utilisé {} en mars.",
            "Nous avons trouvé {} sur deux serveurs.",
            "Indicateur : {}",
        ],
        [
            "Connexion vers {} observée.",
            "Le maliciel contacte {} chaque heure.",
            "L'attaquant s'est connecté depuis {}.",
        ],
        ["La note de rançon donne l'adresse {}.", "Le mail d'hameçonnage provient de {}."],
    ),
    (
        "de",
        ["Die Angreifer nutzten {} im März.", "Auf zwei Servern wurde {} gefunden.", "Indikator: {}"],
        [
            "Die Schadsoftware kommuniziert mit {} jede Stunde.",
            "Verbindung zu {} beobachtet.",
            "Der Angreifer hat sich von {} angemeldet.",
        ],
        ["Das Schreiben der Erpresser nennt {}.", "Die Phishing-Mail kam von {}."],
    ),
    (
        "et",
        ["Ründajad kasutasid märtsis {}.", "Kahest serverist leiti {}.", "Indikaator: {}"],
        [
            "Ühendus aadressiga {} on tuvastatud.",
            "Pahavara suhtles aadressiga {}.",
            "Ründaja logis sisse aadressilt {}.",
        ],
        ["Lunaraha nõudes on aadress {}.", "Õngitsuskiri tuli aadressilt {}."],
    ),
    (
        "fi",
        ["Hyökkääjät käyttivät maaliskuussa {}.", "Kahdelta palvelimelta löytyi {}.", "Indikaattori: {}"],
        [
            "Haittaohjelma otti yhteyden osoitteeseen {}.",
            "Liikenne osoitteeseen {} estettiin.",
            "Hyökkääjä kirjautui osoitteesta {}.",
        ],
        ["Lunnasvaatimuksessa on osoite {}.", "Kalasteluviesti tuli osoitteesta {}."],
    ),
    (
        "es",
        ["Los atacantes usaron {} en marzo.", "Encontramos {} en dos servidores.", "Indicador: {}"],
        [
            "Conexión con {} observada.",
            "El malware se comunica con el servidor {}.",
            "El atacante inició sesión desde {}.",
        ],
        ["La nota de rescate indica {}.", "El correo de phishing provenía de {}."],
    ),
    (
        "pl",
        ["Atakujący użyli {} w marcu.", "Na dwóch serwerach znaleziono {}.", "Wskaźnik: {}"],
        [
            "Złośliwe oprogramowanie łączy się z serwerem {}.",
            "Połączenie z {} zablokowano.",
            "Atakujący zalogował się z {}.",
        ],
        ["W żądaniu okupu podano {}.", "Wiadomość phishingowa przyszła z {}."],
    ),
    (
        "tr",
        ["Saldırganlar mart ayında {} kullandı.", "İki sunucuda {} bulundu.", "Gösterge: {}"],
        [
            "Zararlı yazılım {} adresine bağlandı.",
            "{} ile bağlantı kuruldu, engellendi.",
            "Saldırgan {} adresinden oturum açtı.",
        ],
        ["Fidye notunda {} yazıyor.", "Oltalama e-postası {} adresinden geldi."],
    ),
    (
        "ja",
        ["攻撃者は {} を使用した。", "二台のサーバで {} を発見した。", "指標: {}"],
        ["マルウェアは {} と通信した。", "通信先 {} を遮断した。", "攻撃者は {} からログインした。"],
        ["身代金の要求には {} とある。", "フィッシングメールの送信元は {} である。"],
    ),
];

#[test]
fn indicators_of_every_kind_stay_as_they_are_in_nine_languages() {
    let (mut all, mut touched) = (0_u32, 0_u32);
    for (language, any, reached, mailboxes) in LANGUAGES {
        let sentences =
            [(&any[..], &ANY[..]), (&any, &REACHED), (&reached, &REACHED), (&mailboxes, &MAILBOXES)];
        for (sentences, indicators) in sentences {
            for (sentence, indicator) in sentences.iter().flat_map(|s| indicators.iter().map(move |i| (s, i)))
            {
                let start = sentence.find("{}").expect("a place for the indicator");
                let text = sentence.replace("{}", indicator);
                let end = start + indicator.len();
                let found = detect(&text).spans;
                all += 1;
                if let Some(span) = found.iter().find(|span| span.start < end && span.end > start) {
                    touched += 1;
                    eprintln!("{language}: {} in {text:?}", span.label);
                }
            }
        }
    }
    let share = f64::from(touched) / f64::from(all);
    eprintln!("{touched} of {all} indicators touched");
    assert!(share <= TOUCHED_MAX, "{touched} of {all} touched");
}

/// A catalogue of vulnerabilities names companies, products and flaws: nobody.
#[test]
fn companies_products_and_flaws_of_a_catalogue_are_nobody() {
    let Some(files) = comity_beside::shared_files("data/reference/cisa-kev") else { return };
    let (mut all, mut wrong) = (0_u32, Vec::new());
    for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "json")) {
        let bytes = std::fs::read(file).expect("a readable file");
        let catalogue: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        for flaw in catalogue["vulnerabilities"].as_array().expect("a list of flaws") {
            let text = |name: &str| flaw[name].as_str().unwrap_or_default().to_owned();
            let product = format!("{} {}", text("vendorProject"), text("product"));
            let texts = [text("vendorProject"), text("product"), product, text("vulnerabilityName")];
            for text in texts.into_iter().chain([text("shortDescription"), text("requiredAction")]) {
                all += 1;
                let persons = detect(&text).spans;
                if persons.iter().any(|span| span.label == Label::Person) {
                    wrong.push(text);
                }
            }
        }
    }
    assert!(all > 0 && wrong.is_empty(), "{} of {all}: {wrong:#?}", wrong.len());
}

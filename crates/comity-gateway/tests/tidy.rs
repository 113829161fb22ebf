//! What reviewers would otherwise check by eye: the arrows between rooms, each foreign technology in its room, no
//! clock or randomness in the pure ones, no law in Rust, no dead link.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let others = ["target", ".git", ".venv", ".node"].iter().any(|name| path.ends_with(name));
        if path.is_dir() && !others {
            files(&path, ending, found);
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
}

/// The lines of a crate's own sources, comments and tests left out.
fn code(room: &str) -> Vec<(PathBuf, String)> {
    let mut sources = Vec::new();
    files(&root().join(format!("crates/comity-{room}/src")), ".rs", &mut sources);
    let mut lines = Vec::new();
    for path in sources.into_iter().filter(|path| !path.ends_with("tests.rs")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let own = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let own = own.lines().filter(|line| !line.trim_start().starts_with("//"));
        lines.extend(own.map(|line| (path.clone(), line.to_owned())));
    }
    lines
}

const ROOMS: [&str; 11] = [
    "terms",
    "agreement",
    "minimise",
    "import",
    "misp",
    "notices",
    "vault",
    "tlog",
    "exchange",
    "store",
    "gateway",
];

#[test]
fn arrows_point_at_what_is_depended_on() {
    let allowed: [(&str, &[&str]); 11] = [
        ("terms", &[]),
        ("tlog", &[]),
        ("agreement", &["terms"]),
        ("prove", &["terms", "agreement"]),
        ("minimise", &["terms"]),
        ("import", &[]),
        ("misp", &["import"]),
        ("notices", &[]),
        ("vault", &["terms"]),
        ("exchange", &["terms", "agreement", "minimise", "vault", "tlog"]),
        ("store", &["terms", "tlog", "vault", "exchange"]),
    ];
    for (room, allowed) in allowed {
        let path = root().join(format!("crates/comity-{room}/Cargo.toml"));
        let text = std::fs::read_to_string(path).unwrap();
        let dependencies = text.split("[dependencies]").nth(1).unwrap_or_default();
        let dependencies = dependencies.split("\n[").next().unwrap_or_default();
        for line in dependencies.lines().filter_map(|line| line.strip_prefix("comity-")) {
            let other = line.split(['.', ' ']).next().unwrap_or_default();
            assert!(allowed.contains(&other), "comity-{room} must not depend on comity-{other}");
        }
    }
}

#[test]
fn each_technology_has_one_room() {
    let rooms = [
        ("cedar_policy", "agreement"),
        ("rusqlite", "store"),
        ("aes_gcm", "vault"),
        ("hpke::", "vault"),
        ("axum::", "gateway"),
        ("rustls::", "gateway"),
        ("cryptoki", "gateway"),
        ("lettre", "gateway"),
        ("fluent_bundle", "notices"),
    ];
    for (technology, home) in rooms {
        for room in ROOMS.into_iter().filter(|room| *room != home) {
            for (path, line) in code(room) {
                assert!(!line.contains(technology), "{}: {technology} is {home}'s: {line}", path.display());
            }
        }
    }
}

#[test]
fn the_pure_rooms_read_no_clock_and_draw_no_randomness() {
    let forbidden =
        ["SystemTime::now", "Instant::now", "Timestamp::now", "OsRng", "thread_rng", "env::var", "getrandom"];
    // The provers' own binary is a shell of its own; their theorems are pure.
    let shell = |path: &Path| {
        path.ends_with("main.rs")
            || path.components().any(|part| {
                let part = part.as_os_str();
                part == "run" || part == "run.rs"
            })
    };
    for room in
        ["terms", "agreement", "minimise", "import", "misp", "notices", "vault", "tlog", "exchange", "prove"]
    {
        for (path, line) in code(room).into_iter().filter(|(path, _)| room != "prove" || !shell(path)) {
            for word in forbidden {
                assert!(!line.contains(word), "{}: {word} is the shell's: {line}", path.display());
            }
        }
    }
}

#[test]
fn no_law_stands_in_rust() {
    // Names of packs as they are shipped. The demo's default scope is the contract's, and examples of the help are
    // examples: both are the command line's alone.
    let told = |path: &Path, line: &str| {
        let help =
            path.components().any(|part| ["cli", "cli.rs"].map(AsRef::as_ref).contains(&part.as_os_str()));
        path.ends_with("cli/mod.rs") && line.contains("default_value = ")
            || help && line.contains("after_help = ")
    };
    let mut packs: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(root().join("agreements")).unwrap() {
        packs.push(entry.unwrap().file_name().to_string_lossy().into_owned());
    }
    for room in ROOMS.into_iter().chain(["prove"]) {
        for (path, line) in code(room).into_iter().filter(|(path, line)| !told(path, line)) {
            for pack in &packs {
                assert!(!line.contains(pack.as_str()), "{} names {pack}: {line}", path.display());
            }
            assert!(!line.contains("\"Art. "), "{} names an article: {line}", path.display());
        }
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut documents = Vec::new();
    files(&root(), ".md", &mut documents);
    for document in documents {
        let text = std::fs::read_to_string(&document).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let path = document.parent().unwrap().join(target);
            assert!(path.exists(), "{} links to {target}, which is not there", document.display());
        }
    }
}

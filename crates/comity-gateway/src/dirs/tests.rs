use super::*;
use crate::clock::OsEntropy;
use std::os::unix::fs::PermissionsExt as _;

fn code() -> JurisdictionCode {
    JurisdictionCode::new("XA").unwrap()
}

fn init(data: &Path, keys: Option<&Path>) -> Result<Directory, DirectoryError> {
    let now = "2026-03-01T10:00:00Z".parse().unwrap();
    Directory::init(data, keys, &code(), "Cyber Centre of XA", &mut OsEntropy, now)
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_gateway_is_made_once_and_opens_again() {
    let room = tempfile::tempdir().unwrap();
    let data = room.path().join("xa");
    let made = init(&data, None).unwrap();
    let opened = Directory::open(&data, None).unwrap();
    assert_eq!(opened, made);
    let gateway = opened.gateway().unwrap();
    assert_eq!((gateway.jurisdiction, &*gateway.authority), (code(), "Cyber Centre of XA"));
    assert!(gateway.origin.starts_with("comity/XA/"));
    assert_eq!(opened.seed(SeedOf::Party, 1).unwrap(), made.seed(SeedOf::Party, 1).unwrap());
    assert_ne!(opened.seed(SeedOf::Party, 1).unwrap(), opened.seed(SeedOf::Log, 1).unwrap());
    assert_eq!(opened.certificate(1).unwrap().pin(), made.certificate(1).unwrap().pin());
    assert!(matches!(init(&data, None), Err(DirectoryError::Exists(_))));
}

#[test]
fn everything_is_private() {
    let room = tempfile::tempdir().unwrap();
    let directory = init(&room.path().join("xa"), None).unwrap();
    for place in [directory.data(), directory.keys(), &directory.identity(), &directory.epoch_keys()] {
        assert_eq!(mode(place), 0o700, "{}", place.display());
    }
    for name in ["gateway.toml", "party.key", "log.key", "witness.key", "tls.key", "tls.crt"] {
        assert_eq!(mode(&directory.identity().join(name)), 0o600, "{name}");
    }
}

#[test]
fn keys_lie_beside_and_never_inside() {
    let room = tempfile::tempdir().unwrap();
    let data = room.path().join("xa");
    assert!(matches!(init(&data, Some(&data.join("keys"))), Err(DirectoryError::KeysInside { .. })));
    assert!(matches!(init(&data, Some(&data.join("../xa/keys"))), Err(DirectoryError::KeysInside { .. })));
    assert!(matches!(init(&data, Some(&data)), Err(DirectoryError::KeysInside { .. })));
    std::fs::create_dir(&data).unwrap();
    std::os::unix::fs::symlink(&data, room.path().join("link")).unwrap();
    let through_a_link = room.path().join("link/keys");
    assert!(matches!(init(&data, Some(&through_a_link)), Err(DirectoryError::KeysInside { .. })));
    assert_eq!(init(&data, None).unwrap().keys(), room.path().canonicalize().unwrap().join("xa.keys"));
}

#[test]
fn a_directory_without_a_gateway_or_its_keys_is_not_opened() {
    let room = tempfile::tempdir().unwrap();
    assert!(matches!(Directory::open(room.path(), None), Err(DirectoryError::Absent(_))));
    let directory = init(&room.path().join("xa"), None).unwrap();
    std::fs::remove_dir_all(directory.keys()).unwrap();
    assert!(matches!(Directory::open(directory.data(), None), Err(DirectoryError::KeysAbsent(_))));
}

#[test]
fn one_process_at_a_time_and_the_message_names_it() {
    let room = tempfile::tempdir().unwrap();
    let directory = init(&room.path().join("xa"), None).unwrap();
    let lock = directory.lock().unwrap();
    let refused = directory.lock().unwrap_err().to_string();
    assert!(refused.ends_with(&format!("is in use by process {}", std::process::id())), "{refused}");
    drop(lock);
    directory.lock().unwrap();
}

#[test]
fn an_authority_has_a_name() {
    let room = tempfile::tempdir().unwrap();
    for bad in ["", "  ", "two\nlines", &"x".repeat(201)] {
        let now = Timestamp::UNIX_EPOCH;
        let made = Directory::init(&room.path().join("xa"), None, &code(), bad, &mut OsEntropy, now);
        assert!(matches!(made, Err(DirectoryError::Authority(_))), "{bad:?}");
    }
}

#[test]
fn a_damaged_seed_is_named() {
    let room = tempfile::tempdir().unwrap();
    let directory = init(&room.path().join("xa"), None).unwrap();
    std::fs::write(directory.identity().join("log.key"), "00ff").unwrap();
    let error = directory.seed(SeedOf::Log, 1).unwrap_err().to_string();
    assert!(error.ends_with("log.key: not a seed: expected 64 hexadecimal digits"), "{error}");
}

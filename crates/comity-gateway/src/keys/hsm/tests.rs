//! Against SoftHSM2, a PKCS#11 module in software.

use super::*;
use crate::clock::OsEntropy;
use crate::keys::{FileEpochKeys, KeyError};
use comity_beside::SoftToken;
use comity_terms::{Month, PackSlug};
use comity_vault::EpochKeys as _;
use std::process::Command;
use std::sync::Arc;

/// A token of its own; the module reads where its tokens lie from the environment, when the process begins. So `test` runs
/// in a process of its own, which this one starts and waits for.
fn with_token(name: &str, test: impl FnOnce(&Path, HsmSettings)) {
    if let Some(room) = std::env::var_os("COMITY_TEST_TOKEN") {
        let room = PathBuf::from(room);
        let SoftToken { library, pin, .. } = SoftToken::at(&room);
        return test(
            &room,
            HsmSettings { module: library, token: SoftToken::LABEL.to_owned(), pin_file: pin },
        );
    }
    let room = tempfile::tempdir().unwrap();
    let Some(token) = SoftToken::made(room.path()) else { return };
    let output = Command::new(std::env::current_exe().unwrap())
        .args([&format!("keys::hsm::tests::{name}"), "--exact", "--nocapture"])
        .env("SOFTHSM2_CONF", &token.conf)
        .env("COMITY_TEST_TOKEN", room.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "the test ran");
}

fn bucket_place() -> (PackSlug, Month) {
    ("pact-2026".parse().unwrap(), Month::of("2026-03-01T00:00:00Z".parse().unwrap()))
}

#[test]
fn epoch_keys_are_sealed_by_the_module_and_open_after_a_restart() {
    with_token("epoch_keys_are_sealed_by_the_module_and_open_after_a_restart", |room, settings| {
        let hsm = Arc::new(Hsm::open(&settings).unwrap());
        let (agreement, month) = bucket_place();
        let root = room.join("epoch");
        let mut keys = FileEpochKeys::new(root.clone(), Some(Arc::clone(&hsm)));
        let (bucket, key) = keys.current(&agreement, month).unwrap();
        let file = root.join("pact-2026").join(format!("{}.1", month.number()));
        let kept = std::fs::read(&file).unwrap();
        assert_eq!(kept.len(), SEALED_LENGTH);
        assert!(!kept.windows(KEY_LENGTH).any(|window| window == key.dangerous_bytes()));
        assert_eq!(hsm.count().unwrap(), 1);

        let again = FileEpochKeys::new(root.clone(), Some(Arc::new(Hsm::open(&settings).unwrap())));
        assert_eq!(again.get(&bucket).unwrap().unwrap().dangerous_bytes(), key.dangerous_bytes());
        let without = FileEpochKeys::new(root.clone(), None).get(&bucket).unwrap_err();
        assert!(without.to_string().contains("settings.toml names none"), "{without}");

        // A file that was changed, or put in the place of another bucket's, opens nothing.
        let mut bent = kept.clone();
        bent[40] ^= 1;
        std::fs::write(&file, bent).unwrap();
        assert!(FileEpochKeys::new(root.clone(), Some(Arc::clone(&hsm))).get(&bucket).is_err());
        std::fs::write(file.with_file_name(format!("{}.2", month.number())), kept).unwrap();
        let other = comity_vault::Bucket { generation: 2, ..bucket };
        assert!(FileEpochKeys::new(root, Some(hsm)).get(&other).is_err());
    });
}

#[test]
fn what_the_module_has_destroyed_no_copy_of_the_files_brings_back() {
    with_token("what_the_module_has_destroyed_no_copy_of_the_files_brings_back", |room, settings| {
        let hsm = Arc::new(Hsm::open(&settings).unwrap());
        let (agreement, month) = bucket_place();
        let root = room.join("epoch");
        let mut keys = FileEpochKeys::new(root.clone(), Some(Arc::clone(&hsm)));
        let (first, _) = keys.current(&agreement, month).unwrap();
        let file = root.join("pact-2026").join(format!("{}.1", month.number()));
        let copy = std::fs::read(&file).unwrap();
        let (second, kept) = keys.turn(&first).unwrap();
        assert_eq!(hsm.count().unwrap(), 2);
        keys.destroy(&first).unwrap();
        keys.destroy(&first).unwrap();
        assert_eq!(hsm.count().unwrap(), 1);
        assert!(keys.get(&first).unwrap().is_none());
        assert_eq!(keys.get(&second).unwrap().unwrap().dangerous_bytes(), kept.dangerous_bytes());

        // The file as it was before, in a copy of the directory that knows of no destruction.
        let stolen = room.join("stolen");
        std::fs::create_dir_all(stolen.join("pact-2026")).unwrap();
        std::fs::write(stolen.join("pact-2026").join(format!("{}.1", month.number())), copy).unwrap();
        let gone = FileEpochKeys::new(stolen, Some(hsm)).get(&first).unwrap_err();
        assert!(matches!(gone, KeyError::Hsm(HsmError::Missing(_))), "{gone}");
    });
}

#[test]
fn a_key_that_was_made_before_the_module_was_named_opens_and_takes_nothing_any_more() {
    with_token(
        "a_key_that_was_made_before_the_module_was_named_opens_and_takes_nothing_any_more",
        |room, settings| {
            let (agreement, month) = bucket_place();
            let root = room.join("epoch");
            let (bucket, plain) = FileEpochKeys::new(root.clone(), None).current(&agreement, month).unwrap();
            let hsm = Arc::new(Hsm::open(&settings).unwrap());
            let mut keys = FileEpochKeys::new(root, Some(Arc::clone(&hsm)));
            assert_eq!(keys.get(&bucket).unwrap().unwrap().dangerous_bytes(), plain.dangerous_bytes());
            let (next, _) = keys.current(&agreement, month).unwrap();
            assert_eq!((next.generation, hsm.count().unwrap()), (2, 1), "the next generation is sealed");
            assert_eq!(keys.current(&agreement, month).unwrap().0, next);
            keys.destroy(&bucket).unwrap();
            assert_eq!(hsm.count().unwrap(), 1);
        },
    );
}

#[test]
fn what_is_wrong_with_the_settings_is_named() {
    with_token("what_is_wrong_with_the_settings_is_named", |room, settings| {
        let told = |settings: &HsmSettings| Hsm::open(settings).unwrap_err().to_string();
        let module = HsmSettings { module: "/no/such/library.so".into(), ..settings.clone() };
        assert!(told(&module).contains("/no/such/library.so"), "{}", told(&module));
        let token = HsmSettings { token: "other".to_owned(), ..settings.clone() };
        assert!(told(&token).contains("no token is called `other`"), "{}", told(&token));
        let pin_file = HsmSettings { pin_file: room.join("none"), ..settings.clone() };
        assert!(told(&pin_file).contains("is not there"), "{}", told(&pin_file));
        std::fs::write(room.join("wrong"), "000000").unwrap();
        let wrong = HsmSettings { pin_file: room.join("wrong"), ..settings.clone() };
        assert!(told(&wrong).contains("PinIncorrect"), "{}", told(&wrong));
        assert!(!told(&wrong).contains("000000"));
        let mut entropy = OsEntropy;
        let hsm = Hsm::open(&settings).unwrap();
        let sealed = hsm.seal(&EpochKey::draw(&mut entropy), "a bucket", &mut entropy).unwrap();
        assert!(matches!(hsm.open_sealed(&sealed[..9], "a bucket"), Err(HsmError::Altered(_))));
    });
}

use super::*;
use std::fs;
use std::path::PathBuf;

fn mark(size: u64) -> Mark {
    Mark {
        origin: "gateway.example/log".into(),
        size: TreeSize(size),
        root: Hash([size as u8; 32]),
        time: "2026-11-24T04:30:00.123456789Z".parse().unwrap(),
    }
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mark");
    (folder, path)
}

#[test]
fn a_new_file_holds_no_mark() {
    let (_folder, path) = folder();
    assert_eq!(FileMark::open(&path).unwrap().read().unwrap(), None);
    assert_eq!(FileMark::open(&path).unwrap().read().unwrap(), None);
}

#[test]
fn the_last_mark_is_read_back_and_the_file_does_not_grow() {
    let (_folder, path) = folder();
    for size in 0..5 {
        FileMark::open(&path).unwrap().write(&mark(size)).unwrap();
        assert_eq!(FileMark::open(&path).unwrap().read().unwrap(), Some(mark(size)));
    }
    assert_eq!(fs::metadata(&path).unwrap().len(), FILE_LENGTH);
}

#[test]
fn wherever_a_write_is_cut_off_the_mark_before_it_stands() {
    let (_folder, path) = folder();
    let mut file = FileMark::open(&path).unwrap();
    (1..=2).for_each(|size| file.write(&mark(size)).unwrap());
    let before = fs::read(&path).unwrap();
    file.write(&mark(3)).unwrap();
    let after = fs::read(&path).unwrap();
    let changed = (0..before.len()).filter(|at| before[*at] != after[*at]).collect::<Vec<_>>();
    for cut in &changed {
        let torn = [&after[..*cut], &before[*cut..]].concat();
        fs::write(&path, torn).unwrap();
        assert_eq!(FileMark::open(&path).unwrap().read().unwrap(), Some(mark(2)), "cut at byte {cut}");
    }
}

#[test]
fn two_damaged_slots_are_an_error_and_no_empty_mark() {
    let (_folder, path) = folder();
    let mut file = FileMark::open(&path).unwrap();
    (1..=2).for_each(|size| file.write(&mark(size)).unwrap());
    let mut bytes = fs::read(&path).unwrap();
    (bytes[20], bytes[SLOT_LENGTH + 20]) = (0xff, 0xff);
    fs::write(&path, bytes).unwrap();
    assert_eq!(FileMark::open(&path).unwrap_err().kind(), io::ErrorKind::InvalidData);
}

#[cfg(unix)]
#[test]
fn a_mark_that_is_made_has_its_place_on_the_disk() {
    use std::os::unix::fs::MetadataExt as _;
    let room = tempfile::tempdir().unwrap();
    let path = room.path().join("mark");
    FileMark::open(&path).unwrap();
    let file = std::fs::metadata(&path).unwrap();
    // A file that is only announced takes nothing, and its first mark fails on a disk that is full by then. (The system
    // counts in blocks of 512 bytes.)
    assert!(file.blocks() * 512 >= FILE_LENGTH, "{} blocks", file.blocks());
}

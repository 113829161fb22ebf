use std::convert::Infallible;

use super::*;
use crate::cosignature::CosigningKey;
use crate::testing::{Files, Log};
use crate::tile::{decode_bundle, encode_bundle, tile_bytes};

fn audit(files: &Files, log: &Log) -> Report {
    verify_log(files, Some(log.vkey()), None, &mut |_| {}).unwrap()
}

#[test]
fn every_honest_log_is_accepted() {
    for size in [0, 1, 2, 255, 256, 257, 511, 512, 600] {
        let log = Log::with(size);
        let report = audit(&log.files(), &log);
        assert_eq!(report.finding, None, "size {size}");
        assert!(report.signature_verified);
        assert_eq!(report.checkpoint.as_ref(), Some(log.checkpoint().checkpoint()));
    }
}

#[test]
fn three_levels_of_tiles_are_walked_in_order() {
    let log = Log::with(66_000);
    let mut seen = Vec::new();
    let report = verify_log(&log.files(), None, None, &mut |size| seen.push(size.0)).unwrap();
    assert!(report.ok() && !report.signature_verified);
    assert_eq!(seen.len(), 258);
    assert!(seen.is_sorted() && seen.last() == Some(&66_000));
}

#[test]
fn every_flipped_byte_of_every_file_is_found() {
    let log = Log::with(300);
    let files = log.files();
    assert_eq!(files.len(), 1 + 3 + 2);
    for (path, content) in &files {
        for at in 0..content.len() {
            let mut tampered = files.clone();
            tampered.get_mut(path).unwrap()[at] ^= 0x10;
            assert!(!audit(&tampered, &log).ok(), "{path}, byte {at}");
        }
    }
}

#[test]
fn every_missing_or_cut_file_is_found() {
    let log = Log::with(300);
    let files = log.files();
    for path in files.keys() {
        let mut tampered = files.clone();
        let content = tampered.remove(path).unwrap();
        assert!(!audit(&tampered, &log).ok(), "{path} missing");
        for cut in [content.len() - 1, 0] {
            tampered.insert(path.clone(), content[..cut].to_vec());
            assert!(!audit(&tampered, &log).ok(), "{path} cut to {cut}");
        }
        tampered.insert(path.clone(), [&content[..], &[0]].concat());
        assert!(!audit(&tampered, &log).ok(), "{path} with a byte more");
    }
}

/// Rewrites one entry of a bundle without touching any tile.
fn rewrite(files: &mut Files, bundle: Bundle, at: usize, entry: &[u8]) {
    let path = bundle.path();
    let mut entries: Vec<Vec<u8>> =
        decode_bundle(bundle, &files[&path]).unwrap().into_iter().map(<[u8]>::to_vec).collect();
    entries[at] = entry.to_vec();
    files.insert(path, encode_bundle(entries.iter().map(Vec::as_slice)).unwrap());
}

#[test]
fn a_rewritten_entry_is_named() {
    let log = Log::with(600);
    let mut files = log.files();
    rewrite(&mut files, Bundle::new(1, 256).unwrap(), 44, b"entry 999");
    rewrite(&mut files, Bundle::new(2, 88).unwrap(), 3, b"later");
    let finding = audit(&files, &log).finding.unwrap();
    assert!(matches!(finding, Finding::Entry { index: LeafIndex(300), .. }), "{finding}");
    assert_eq!(finding.entries(), Some(300..301));
    assert_eq!(finding.to_string(), "entry 300: its hash is not the one in its tile");
}

#[test]
fn an_entry_rewritten_with_its_hash_is_found_by_the_tile_above() {
    let mut log = Log::with(600);
    let mut files = log.files();
    rewrite(&mut files, Bundle::new(1, 256).unwrap(), 44, b"entry 999");
    log.nodes.insert((0, 300), leaf_hash(b"entry 999"));
    let tile = Tile::new(0, 1, 256).unwrap();
    files.insert(tile.path(), tile_bytes(tile, &log.nodes).unwrap());
    // An entry after that range is not what is reported first.
    rewrite(&mut files, Bundle::new(2, 88).unwrap(), 3, b"later");
    let finding = audit(&files, &log).finding.unwrap();
    assert_eq!(finding.entries(), Some(256..512), "{finding}");
    assert!(matches!(&finding, Finding::Tile { path, .. } if path == "tile/1/000.p/2"));
}

#[test]
fn a_log_rewritten_throughout_is_found_by_its_root() {
    let log = Log::with(300);
    let mut other = Log::with(0);
    (0..300).for_each(|index| other.append(format!("other {index}").into_bytes()));
    let mut files = other.files();
    files.insert("checkpoint".to_owned(), log.checkpoint().to_string().into_bytes());
    let finding = audit(&files, &log).finding.unwrap();
    assert_eq!(finding, Finding::Root { size: TreeSize(300) });
    assert_eq!(finding.entries(), Some(0..300));
}

#[test]
fn a_damaged_or_missing_tile_names_its_range() {
    let log = Log::with(66_000);
    let mut files = log.files();
    files.remove("tile/1/001.p/1");
    let finding = audit(&files, &log).finding.unwrap();
    assert_eq!(finding.entries(), Some(65_536..66_000));
    assert_eq!(finding.to_string(), "entries 65536 to 65999, tile/1/001.p/1: it is missing");

    let mut files = log.files();
    files.get_mut("tile/1/000").unwrap()[7 * 32] ^= 1;
    assert_eq!(audit(&files, &log).finding.unwrap().entries(), Some(1792..2048));

    let mut files = log.files();
    files.get_mut("tile/2/000.p/1").unwrap()[0] ^= 1;
    assert_eq!(audit(&files, &log).finding.unwrap().entries(), Some(0..65_536));
}

#[test]
fn full_files_stand_in_for_partial_ones() {
    let grown = Log::with(512);
    let mut files = grown.files();
    files.insert("checkpoint".to_owned(), grown.checkpoint_at(300).to_string().into_bytes());
    // The full tile 1 replaced the partial ones; tile/1/000.p/1 is still there beside p/2.
    let tile = Tile::new(1, 0, 1).unwrap();
    files.insert(tile.path(), tile_bytes(tile, &grown.nodes).unwrap());
    assert_eq!(audit(&files, &grown).finding, None);
}

#[test]
fn the_checkpoint_is_judged_by_key_and_quorum() {
    let log = Log::with(3);
    let witness = CosigningKey::from_seed("witness.example", &[1; 32]).unwrap();
    let text =
        |quorum| format!("log {}\nwitness w {}\nquorum {quorum}\n", log.vkey(), witness.verifier_key());
    let policy = |quorum| Policy::parse(text(quorum).as_bytes()).unwrap();
    let verify = |files: &Files, policy: &Policy| verify_log(files, None, Some(policy), &mut |_| {}).unwrap();

    let mut files = log.files();
    assert!(verify(&files, &policy("none")).ok());
    let refused = verify(&files, &policy("w")).finding.unwrap();
    assert_eq!(refused.to_string(), "checkpoint: not cosigned by the quorum");
    assert_eq!(refused.entries(), None);

    let mut cosigned = log.checkpoint();
    cosigned.add(witness.cosign(&cosigned, 5));
    files.insert("checkpoint".to_owned(), cosigned.to_string().into_bytes());
    let report = verify(&files, &policy("w"));
    assert!(report.ok() && report.signature_verified);

    let stranger =
        Log { key: crate::SigningKey::from_seed("other.example", &[1; 32]).unwrap(), ..Log::with(0) };
    assert!(!audit(&files, &stranger).ok());
    files.insert("checkpoint".to_owned(), b"nothing".to_vec());
    assert_eq!(audit(&files, &log).checkpoint, None);
}

#[test]
fn a_checkpoint_that_claims_more_than_there_is_stops_at_once() {
    let log = Log::with(3);
    let mut files = log.files();
    let checkpoint = Checkpoint::new(log.vkey().name(), TreeSize::MAX, leaf_hash(b"")).unwrap();
    let signed = SignedCheckpoint::sign(checkpoint, &log.key).unwrap();
    files.insert("checkpoint".to_owned(), signed.to_string().into_bytes());
    let finding = audit(&files, &log).finding.unwrap();
    assert_eq!(finding.to_string(), "entries 0 to 255, tile/entries/000: it is missing");
}

/// A source that fails is no verdict on the log.
#[test]
fn a_failing_source_is_an_error() {
    struct Failing(Files);
    impl TileSource for Failing {
        type Error = &'static str;

        fn fetch(&self, path: &str) -> Result<Option<Vec<u8>>, &'static str> {
            if path.contains("entries") {
                return Err("unreachable");
            }
            self.0.fetch(path).map_err(|never: Infallible| match never {})
        }
    }
    let log = Log::with(3);
    assert_eq!(verify_log(&Failing(log.files()), None, None, &mut |_| {}), Err("unreachable"));
}

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::merkle::{leaf_hash, node_hash};
use crate::testing::Log;

#[test]
fn paths_of_the_text_parse_and_format() {
    // tlog-tiles: index 1234067 is x001/x234/067.
    let tile = Tile::new(0, 1_234_067, 256).unwrap();
    assert_eq!(tile.path(), "tile/0/x001/x234/067");
    let cases = [
        ("checkpoint", Resource::Checkpoint),
        ("tile/0/000", Resource::Tile(Tile::new(0, 0, 256).unwrap())),
        ("tile/0/x001/x234/067", Resource::Tile(tile)),
        ("tile/1/000.p/17", Resource::Tile(Tile::new(1, 0, 17).unwrap())),
        ("tile/7/000.p/1", Resource::Tile(Tile::new(7, 0, 1).unwrap())),
        ("tile/entries/x001/000.p/255", Resource::Bundle(Bundle::new(1000, 255).unwrap())),
        ("tile/entries/999", Resource::Bundle(Bundle::new(999, 256).unwrap())),
    ];
    for (path, resource) in cases {
        assert_eq!(path.parse(), Ok(resource));
        assert_eq!(resource.to_string(), path);
    }
}

#[test]
fn other_spellings_are_refused() {
    let paths = [
        "",
        "/checkpoint",
        "checkpoint/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/8/000",
        "tile/-1/000",
        "tile/0/x000/001",
        "tile/0/001/000",
        "tile/0/x001/x000",
        "tile/0/x01/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000/",
        "tile/0//000",
        "tile/0/../000",
        "tile/entries/",
        "tile/entries/000.p/1/1",
        "tile/entries/x999/x999/x999/x999/x999/x999/999",
        "tile/8/0/000",
    ];
    for path in paths {
        assert!(path.parse::<Resource>().is_err(), "{path}");
    }
}

/// tlog-tiles: the tiles of a tree of 70,000, and of one of 256.
#[test]
fn widths_of_the_text() {
    let tiles: Vec<Tile> = tiles_for(TreeSize(0), TreeSize(70_000)).collect();
    let count =
        |level, full| tiles.iter().filter(|tile| tile.level == level && (tile.width == 256) == full).count();
    assert_eq!((count(0, true), count(0, false), count(1, true), count(1, false)), (273, 1, 1, 1));
    let last = tiles.iter().rev().take(1).copied().collect::<Vec<_>>();
    assert_eq!(last, [Tile::new(2, 0, 1).unwrap()]);
    assert!(tiles.contains(&Tile::new(0, 273, 112).unwrap()));
    assert!(tiles.contains(&Tile::new(1, 1, 17).unwrap()));

    let tiles: Vec<String> = tiles_for(TreeSize(0), TreeSize(256)).map(Tile::path).collect();
    assert_eq!(tiles, ["tile/0/000", "tile/1/000.p/1"]);
}

#[test]
fn a_step_writes_what_changed_and_no_more() {
    let paths =
        |old, new| -> Vec<String> { tiles_for(TreeSize(old), TreeSize(new)).map(Tile::path).collect() };
    assert_eq!(paths(10, 12), ["tile/0/000.p/12"]);
    assert_eq!(paths(250, 256), ["tile/0/000", "tile/1/000.p/1"]);
    assert_eq!(paths(256, 257), ["tile/0/001.p/1"]);
    assert_eq!(paths(255, 513), ["tile/0/000", "tile/0/001", "tile/0/002.p/1", "tile/1/000.p/2"]);
    assert_eq!(paths(300, 300), [""; 0]);
    assert_eq!(paths(0, 0), [""; 0]);
    let bundles: Vec<String> = bundles_for(TreeSize(255), TreeSize(513)).map(Bundle::path).collect();
    assert_eq!(bundles, ["tile/entries/000", "tile/entries/001", "tile/entries/002.p/1"]);
}

#[test]
fn a_tile_of_level_one_holds_the_roots_of_full_tiles() {
    let log = Log::with(600);
    let full = tile_hashes(
        Tile::new(0, 1, 256).unwrap(),
        &tile_bytes(Tile::new(0, 1, 256).unwrap(), &log.nodes).unwrap(),
    );
    let mut row = full.unwrap();
    assert_eq!(row[3], leaf_hash(b"entry 259"));
    while row.len() > 1 {
        row = row.chunks(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
    }
    let above = Tile::new(1, 0, 2).unwrap();
    assert_eq!(tile_hashes(above, &tile_bytes(above, &log.nodes).unwrap()).unwrap()[1], row[0]);
    let missing = tile_bytes(Tile::new(1, 0, 3).unwrap(), &log.nodes);
    assert_eq!(missing, Err(ReadError::Missing { level: 8, index: 2 }));
}

#[test]
fn content_of_another_width_is_refused() {
    let tile = Tile::new(0, 0, 2).unwrap();
    assert_eq!(tile_hashes(tile, &[1; 64]).unwrap().len(), 2);
    for length in [0, 32, 63, 65, 96] {
        assert!(tile_hashes(tile, &vec![1; length]).is_err(), "{length} bytes");
    }
}

#[test]
fn a_bundle_is_its_entries_and_nothing_more() {
    let long = vec![9; ENTRY_BYTES_MAX];
    let entries: [&[u8]; 3] = [b"", b"ab", &long];
    let bytes = encode_bundle(entries).unwrap();
    assert_eq!(bytes[..6], [0, 0, 0, 2, b'a', b'b']);
    let bundle = Bundle::new(0, 3).unwrap();
    assert_eq!(decode_bundle(bundle, &bytes).unwrap(), entries);
    assert!(decode_bundle(bundle, &bytes[..bytes.len() - 1]).is_err());
    assert!(decode_bundle(bundle, &[&bytes[..], &[0]].concat()).is_err());
    assert!(decode_bundle(Bundle::new(0, 2).unwrap(), &bytes).is_err());
    assert!(encode_bundle([&vec![0; ENTRY_BYTES_MAX + 1][..]]).is_err());
}

proptest! {
    #[test]
    fn every_tile_has_one_path(level in 0_u8..=7, place in any::<u64>(), width in 1_u16..=256) {
        let indices = ((TreeSize::MAX.0 >> (8 * level)) / 256) + 1;
        let tile = Tile::new(level, place % indices, width).unwrap();
        prop_assert_eq!(tile.path().parse::<Resource>(), Ok(Resource::Tile(tile)));
        let bundle = Bundle::new(tile.index, width).unwrap();
        prop_assert_eq!(bundle.path().parse::<Resource>(), Ok(Resource::Bundle(bundle)));
    }

    #[test]
    fn what_parses_formats_back(path in "(tile/)?(entries/|[0-9]{1,2}/)?(x?[0-9]{1,4}/){0,3}[0-9]{2,4}(\\.p/[0-9]{1,3})?") {
        if let Ok(resource) = path.parse::<Resource>() {
            prop_assert_eq!(resource.to_string(), path);
        }
    }

    /// Publishing in any steps leaves the same files as publishing at once, but for partial ones left over.
    #[test]
    fn steps_add_up(steps in prop::collection::vec(0_u64..90_000, 1..6)) {
        let mut files = BTreeSet::new();
        let mut size = 0;
        for step in steps {
            files.extend(tiles_for(TreeSize(size), TreeSize(size + step)));
            size += step;
        }
        let at_once: BTreeSet<Tile> = tiles_for(TreeSize(0), TreeSize(size)).collect();
        prop_assert!(files.is_superset(&at_once));
        prop_assert!(files.difference(&at_once).all(|tile| tile.width < 256));
    }
}

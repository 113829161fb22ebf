//! Everything that a gateway keeps, to be held against what it kept before: a dry run leaves it as it is.

use crate::house::House;
use rusqlite::types::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a gateway keeps.
pub(crate) struct Kept {
    /// Every row, by table: the entries of the log too.
    rows: BTreeMap<String, Vec<String>>,
    /// Every key file, and every file of who the gateway is.
    keys: Vec<(PathBuf, Vec<u8>)>,
}

impl Kept {
    #[track_caller]
    pub(crate) fn are_those_of(&self, before: &Self, what: &str) {
        for (table, rows) in &before.rows {
            assert_eq!(&self.rows[table], rows, "{what}: rows of {table}");
        }
        let names = |kept: &Self| kept.keys.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
        assert_eq!(names(self), names(before), "{what}: key files");
        assert!(self.keys == before.keys, "{what}: a key is another");
    }
}

/// What `house` keeps now.
pub(crate) fn rows_and_keys(house: &House) -> Kept {
    let data = house.gateway.directory().data();
    let database = rusqlite::Connection::open(data.join("comity.sqlite")).unwrap();
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name";
    let mut tables = database.prepare(tables).unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let rows = tables.into_iter().map(|table| {
        let mut all = database.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let columns = all.column_count();
        let one = |row: &rusqlite::Row<'_>| {
            (0..columns).map(|column| row.get::<_, Value>(column)).collect::<Result<Vec<_>, _>>()
        };
        let all = all.query_map([], one).unwrap().map(|row| format!("{:?}", row.unwrap()));
        let mut all: Vec<String> = all.collect();
        all.sort();
        (table, all)
    });
    let rows = rows.collect();
    let mut apart = data.to_owned().into_os_string();
    apart.push(".keys");
    let mut keys = Vec::new();
    files(Path::new(&apart), &mut keys);
    files(&data.join("identity"), &mut keys);
    keys.sort();
    Kept { rows, keys }
}

fn files(root: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            found.push((path, bytes));
        }
    }
}

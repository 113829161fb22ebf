//! Everything that a gateway keeps, to be held against what it kept before: a dry run leaves it as it is.

use crate::house::House;
use rusqlite::types::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

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
    let folders = [PathBuf::from(apart), data.join("identity")];
    let keys = folders.iter().flat_map(|folder| comity_beside::files(folder));
    let keys: Vec<_> = keys.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect();
    assert!(!keys.is_empty(), "a gateway has keys");
    Kept { rows, keys }
}

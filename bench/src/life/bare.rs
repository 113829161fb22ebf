//! The same records in a table, as a server keeps them that governs nothing: each write one durable transaction.

use super::Tested;
use super::house::{What, id, mailbox};
use rusqlite::{Connection, params};
use std::path::{Path, PathBuf};

pub(super) struct Table {
    connection: Connection,
    pub(super) path: PathBuf,
}

impl Table {
    pub(super) fn open(path: &Path) -> Tested<Self> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch(
            "CREATE TABLE objects (id TEXT PRIMARY KEY, person TEXT, added INTEGER, restricted INTEGER, body TEXT) STRICT;
             CREATE INDEX by_person ON objects (person); CREATE INDEX by_added ON objects (added);
             CREATE TABLE log (number INTEGER PRIMARY KEY, line TEXT) STRICT;",
        )?;
        Ok(Self { connection, path: path.to_owned() })
    }

    /// A bundle of records from `first` on.
    pub(super) fn insert_all(&mut self, bundle: &str, what: What, first: usize) -> Tested<()> {
        let bundle: serde_json::Value = serde_json::from_str(bundle)?;
        let transaction = self.connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached("INSERT INTO objects VALUES (?1, ?2, ?3, 0, ?4)")?;
            for (number, object) in (first..).zip(bundle["objects"].as_array().ok_or("no objects")?) {
                let person = (what == What::Persons).then(|| mailbox(number));
                insert.execute(params![id(what, number), person, number as i64, object.to_string()])?;
            }
            transaction.execute("INSERT INTO log (line) VALUES ('inserted')", [])?;
        }
        transaction.commit()?;
        Ok(())
    }

    fn change(&mut self, sql: &str, of: &str) -> Tested<()> {
        let transaction = self.connection.transaction()?;
        let changed = transaction.prepare_cached(sql)?.execute([of])?;
        transaction.prepare_cached("INSERT INTO log (line) VALUES (?1)")?.execute([sql])?;
        transaction.commit()?;
        if changed == 0 { Err("nothing was changed".into()) } else { Ok(()) }
    }

    fn read(&self, sql: &str, of: impl rusqlite::ToSql) -> Tested<()> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([of], |row| row.get::<_, String>(0))?;
        if rows.collect::<Result<Vec<_>, _>>()?.is_empty() { Err("nothing was read".into()) } else { Ok(()) }
    }

    pub(super) fn delete(&mut self, number: usize) -> Tested<()> {
        self.change("DELETE FROM objects WHERE id = ?1", &id(What::Persons, number))
    }

    pub(super) fn delete_person(&mut self, number: usize) -> Tested<()> {
        self.change("DELETE FROM objects WHERE person = ?1", &mailbox(number))
    }

    pub(super) fn restrict_person(&mut self, number: usize) -> Tested<()> {
        self.change("UPDATE objects SET restricted = 1 WHERE person = ?1", &mailbox(number))
    }

    pub(super) fn read_person(&self, number: usize) -> Tested<()> {
        self.read("SELECT body FROM objects WHERE person = ?1", mailbox(number))
    }

    pub(super) fn read_one(&self, number: usize) -> Tested<()> {
        self.read("SELECT body FROM objects WHERE id = ?1", id(What::Persons, number))
    }

    pub(super) fn read_page(&self, first: usize) -> Tested<()> {
        self.read("SELECT body FROM objects WHERE added >= ?1 ORDER BY added LIMIT 100", first as i64)
    }

    pub(super) fn read_log(&self, first: usize) -> Tested<()> {
        self.read("SELECT line FROM log WHERE number >= ?1 ORDER BY number LIMIT 100", first as i64)
    }

    pub(super) fn is_gone(&self, number: usize) -> Tested<()> {
        let mut statement = self.connection.prepare_cached("SELECT 1 FROM objects WHERE id = ?1")?;
        if statement.exists([id(What::Persons, number)])? { Err("it is there".into()) } else { Ok(()) }
    }
}

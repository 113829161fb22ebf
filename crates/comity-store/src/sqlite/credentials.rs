//! Tokens that stand for officers, who officers are to an OpenID provider, and how an officer stands.

use super::columns::{change, digest, every, first, insert_once, instant, maybe_text, plain, text};
use super::fault::Fault;
use super::peers::read_officer;
use comity_exchange::ports::{Record, Standing, SubjectRow, TokenRow};
use comity_terms::Digest;
use rusqlite::{Connection, Row, params};

/// Keeps what a record says of them.
pub(super) fn put(connection: &Connection, record: &Record) -> Result<(), Fault> {
    for row in &record.tokens {
        put_token(connection, row)?;
    }
    for row in &record.subjects {
        put_subject(connection, row)?;
    }
    Ok(())
}

/// Keeps one token; an end that was set stays.
fn put_token(connection: &Connection, row: &TokenRow) -> Result<(), Fault> {
    change(
        connection,
        "-- put_token
         INSERT INTO token (digest, officer, title, begun, until, ended) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (digest) DO UPDATE SET ended = coalesce(ended, excluded.ended)",
        params![
            row.digest.0,
            row.officer,
            row.title,
            instant(row.from),
            row.until.map(instant),
            row.ended.map(instant)
        ],
    )?;
    Ok(())
}

fn put_subject(connection: &Connection, row: &SubjectRow) -> Result<(), Fault> {
    insert_once(
        connection,
        "the officer of a subject",
        "-- put_subject
         INSERT INTO officer_subject (subject, officer) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        params![row.subject.0, row.officer],
    )
}

pub(super) fn token(connection: &Connection, wanted: Digest) -> Result<Option<TokenRow>, Fault> {
    first(
        connection,
        "-- token
         SELECT digest, officer, title, begun, until, ended FROM token WHERE digest = ?1",
        [wanted.0],
        token_row,
    )
}

pub(super) fn tokens(connection: &Connection) -> Result<Vec<TokenRow>, Fault> {
    every(
        connection,
        "-- tokens
         SELECT digest, officer, title, begun, until, ended FROM token ORDER BY begun, digest",
        [],
        token_row,
    )
}

fn token_row(row: &Row<'_>) -> Result<TokenRow, Fault> {
    Ok(TokenRow {
        digest: digest(row, "digest")?,
        officer: plain(row, "officer")?,
        title: plain(row, "title")?,
        from: text(row, "begun")?,
        until: maybe_text(row, "until")?,
        ended: maybe_text(row, "ended")?,
    })
}

pub(super) fn subject(connection: &Connection, subject: Digest) -> Result<Option<String>, Fault> {
    first(
        connection,
        "-- subject
         SELECT officer FROM officer_subject WHERE subject = ?1",
        [subject.0],
        |row| plain(row, "officer"),
    )
}

pub(super) fn standing(connection: &Connection, name: &str) -> Result<Option<Standing>, Fault> {
    first(
        connection,
        "-- standing
         SELECT name, role, unit, training_until, password_hash, newest.key, newest.ended IS NOT NULL AS revoked
         FROM officer LEFT JOIN (SELECT officer, key, ended FROM officer_key WHERE officer = ?1
                                 ORDER BY begun DESC, key DESC LIMIT 1) AS newest ON newest.officer = name
         WHERE name = ?1",
        [name],
        |row| {
            let (officer, key) = (read_officer(row)?, plain(row, "key")?);
            Ok(Standing { officer, key, revoked: plain(row, "revoked")? })
        },
    )
}

//! Tokens that stand for officers, who officers are to an OpenID provider, and how an officer stands.

use super::columns::{change, digest, every, first, instant, maybe_text, plain, text};
use super::connection::Client;
use super::fault::Fault;
use super::peers::read_officer;
use comity_exchange::ports::{Record, Standing, SubjectRow, TokenRow};
use comity_terms::Digest;
use tokio_postgres::Row;

/// Whether the record says anything of them.
pub(super) fn speaks(record: &Record) -> bool {
    !(record.tokens.is_empty() && record.subjects.is_empty())
}

/// Keeps what a record says of them, in an open transaction. When it fails, whatever it changed is to be taken back.
pub(super) async fn put(client: &Client, record: &Record) -> Result<(), Fault> {
    for row in &record.tokens {
        put_token(client, row).await?;
    }
    for row in &record.subjects {
        put_subject(client, row).await?;
    }
    Ok(())
}

/// Keeps one token; an end that was set stays.
async fn put_token(client: &Client, row: &TokenRow) -> Result<(), Fault> {
    change(
        client,
        "-- put_token
         INSERT INTO token (digest, officer, title, begun, until, ended) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (digest) DO UPDATE SET ended = coalesce(token.ended, excluded.ended)",
        &[
            &&row.digest.0[..],
            &row.officer,
            &row.title,
            &instant(row.from),
            &row.until.map(instant),
            &row.ended.map(instant),
        ],
    )
    .await?;
    Ok(())
}

async fn put_subject(client: &Client, row: &SubjectRow) -> Result<(), Fault> {
    let put = change(
        client,
        "-- put_subject
         INSERT INTO officer_subject (subject, officer) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        &[&&row.subject.0[..], &row.officer],
    )
    .await?;
    if put == 0 { Err(Fault::Conflict("the officer of a subject")) } else { Ok(()) }
}

pub(super) async fn token(client: &Client, wanted: Digest) -> Result<Option<TokenRow>, Fault> {
    first(
        client,
        "-- token
         SELECT digest, officer, title, begun, until, ended FROM token WHERE digest = $1",
        &[&&wanted.0[..]],
        token_row,
    )
    .await
}

pub(super) async fn tokens(client: &Client) -> Result<Vec<TokenRow>, Fault> {
    every(
        client,
        "-- tokens
         SELECT digest, officer, title, begun, until, ended FROM token ORDER BY begun, digest",
        &[],
        token_row,
    )
    .await
}

fn token_row(row: &Row) -> Result<TokenRow, Fault> {
    Ok(TokenRow {
        digest: digest(row, "digest")?,
        officer: plain(row, "officer")?,
        title: plain(row, "title")?,
        from: text(row, "begun")?,
        until: maybe_text(row, "until")?,
        ended: maybe_text(row, "ended")?,
    })
}

pub(super) async fn subject(client: &Client, subject: Digest) -> Result<Option<String>, Fault> {
    first(
        client,
        "-- subject
         SELECT officer FROM officer_subject WHERE subject = $1",
        &[&&subject.0[..]],
        |row| plain(row, "officer"),
    )
    .await
}

pub(super) async fn standing(client: &Client, name: &str) -> Result<Option<Standing>, Fault> {
    first(
        client,
        "-- standing
         SELECT name, role, unit, training_until, password_hash, newest.key, newest.ended IS NOT NULL AS revoked
         FROM officer LEFT JOIN (SELECT officer, key, ended FROM officer_key WHERE officer = $1
                                 ORDER BY begun DESC, key DESC LIMIT 1) AS newest ON newest.officer = name
         WHERE name = $1",
        &[&name],
        |row| {
            let (officer, key) = (read_officer(row)?, plain(row, "key")?);
            Ok(Standing { officer, key, revoked: plain(row, "revoked")? })
        },
    )
    .await
}

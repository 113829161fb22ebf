//! Exchanges that wait for offices, what these said, and offices that are lent.

use super::columns::{change, every, first, id, insert_once, instant, maybe_id, plain, text};
use super::fault::Fault;
use comity_exchange::ports::{ApprovalRow, DelegationRow, EscalationRow, Record};
use comity_exchange::wire::Text;
use comity_terms::{Digest, ExchangeId};
use rusqlite::{Connection, Row, params};

/// Keeps what a record says of offices.
pub(super) fn put(connection: &Connection, record: &Record) -> Result<(), Fault> {
    for row in &record.escalations {
        put_escalation(connection, row)?;
    }
    for row in &record.approvals {
        put_approval(connection, row)?;
    }
    for (digest, exchange) in &record.used {
        put_used(connection, *digest, *exchange)?;
    }
    for row in &record.delegations {
        put_delegation(connection, row)?;
    }
    Ok(())
}

/// Keeps a row; what no longer waits stays so.
fn put_escalation(connection: &Connection, row: &EscalationRow) -> Result<(), Fault> {
    let detail = serde_json::to_string(&row.detail)
        .map_err(|_| Fault::Other("an escalation does not write as JSON".into()))?;
    insert_once(
        connection,
        "the end of an escalation",
        "-- put_escalation
         INSERT INTO escalation (exchange, open, detail) VALUES (?1, ?2, ?3)
         ON CONFLICT (exchange) DO UPDATE SET open = excluded.open, detail = excluded.detail WHERE open = 1",
        params![row.exchange.as_bytes(), row.open, detail],
    )
}

fn put_approval(connection: &Connection, row: &ApprovalRow) -> Result<(), Fault> {
    insert_once(
        connection,
        "approval",
        "-- put_approval
         INSERT INTO approval (digest, exchange, detail, used_by) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (digest) DO NOTHING",
        params![
            row.approval.digest().0,
            row.exchange.as_bytes(),
            row.written(),
            row.used_by.as_ref().map(ExchangeId::as_bytes)
        ],
    )
}

fn put_used(connection: &Connection, digest: Digest, exchange: ExchangeId) -> Result<(), Fault> {
    insert_once(
        connection,
        "the use of an approval",
        "-- put_used
         UPDATE approval SET used_by = ?2 WHERE digest = ?1 AND used_by IS NULL",
        params![digest.0, exchange.as_bytes()],
    )
}

fn put_delegation(connection: &Connection, row: &DelegationRow) -> Result<(), Fault> {
    change(
        connection,
        "-- put_delegation
         INSERT OR REPLACE INTO delegation (holder, delegate, begun, until) VALUES (?1, ?2, ?3, ?4)",
        params![row.holder, row.delegate, instant(row.from.0), instant(row.until.0)],
    )?;
    Ok(())
}

pub(super) fn escalation(
    connection: &Connection,
    exchange: ExchangeId,
) -> Result<Option<EscalationRow>, Fault> {
    first(
        connection,
        "-- escalation
         SELECT exchange, open, detail FROM escalation WHERE exchange = ?1",
        [exchange.as_bytes()],
        read_escalation,
    )
}

pub(super) const ESCALATIONS: &str = "-- escalations
     SELECT exchange, open, detail FROM escalation WHERE open = 1 AND exchange > ?1 ORDER BY exchange LIMIT ?2";

pub(super) fn escalations(
    connection: &Connection,
    after: Option<ExchangeId>,
    limit: u32,
) -> Result<Vec<EscalationRow>, Fault> {
    let after = after.map(|after| after.as_bytes().to_vec()).unwrap_or_default();
    every(connection, ESCALATIONS, params![after, limit], read_escalation)
}

fn read_escalation(row: &Row<'_>) -> Result<EscalationRow, Fault> {
    let detail: String = plain(row, "detail")?;
    Ok(EscalationRow {
        exchange: id(row, "exchange", ExchangeId::from_bytes)?,
        open: plain(row, "open")?,
        detail: serde_json::from_str(&detail).map_err(|_| Fault::Column("detail"))?,
    })
}

pub(super) fn approvals(connection: &Connection, exchange: ExchangeId) -> Result<Vec<ApprovalRow>, Fault> {
    every(
        connection,
        "-- approvals
         SELECT exchange, detail, used_by FROM approval WHERE exchange = ?1 ORDER BY digest",
        [exchange.as_bytes()],
        |row| {
            let exchange = id(row, "exchange", ExchangeId::from_bytes)?;
            let used_by = maybe_id(row, "used_by", ExchangeId::from_bytes)?;
            let detail: String = plain(row, "detail")?;
            ApprovalRow::read(exchange, &detail, used_by).ok_or(Fault::Column("detail"))
        },
    )
}

pub(super) fn delegations(connection: &Connection) -> Result<Vec<DelegationRow>, Fault> {
    every(
        connection,
        "-- delegations
         SELECT holder, delegate, begun, until FROM delegation ORDER BY holder, delegate, begun",
        [],
        |row| {
            Ok(DelegationRow {
                holder: plain(row, "holder")?,
                delegate: plain(row, "delegate")?,
                from: Text(text(row, "begun")?),
                until: Text(text(row, "until")?),
            })
        },
    )
}

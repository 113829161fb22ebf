//! Exchanges that wait for offices, what these said, and offices that are lent.

use super::columns::{change, every, first, id, instant, maybe_id, number, plain, text};
use super::connection::Client;
use super::fault::Fault;
use comity_exchange::ports::{ApprovalRow, DelegationRow, EscalationRow, Record};
use comity_exchange::wire::Text;
use comity_terms::{Digest, ExchangeId};
use tokio_postgres::Row;

/// Whether the record says anything of offices.
pub(super) fn speaks(record: &Record) -> bool {
    !(record.escalations.is_empty()
        && record.approvals.is_empty()
        && record.used.is_empty()
        && record.delegations.is_empty())
}

/// Keeps what a record says of offices, in an open transaction. When it fails, whatever it changed is to be taken back.
pub(super) async fn put(client: &Client, record: &Record) -> Result<(), Fault> {
    for row in &record.escalations {
        put_escalation(client, row).await?;
    }
    for row in &record.approvals {
        put_approval(client, row).await?;
    }
    for (digest, exchange) in &record.used {
        put_used(client, *digest, *exchange).await?;
    }
    for row in &record.delegations {
        put_delegation(client, row).await?;
    }
    Ok(())
}

fn once(changed: u64, what: &'static str) -> Result<(), Fault> {
    if changed == 0 { Err(Fault::Conflict(what)) } else { Ok(()) }
}

/// Keeps a row; what no longer waits stays so.
async fn put_escalation(client: &Client, row: &EscalationRow) -> Result<(), Fault> {
    let detail = serde_json::to_string(&row.detail)
        .map_err(|_| Fault::Other("an escalation does not write as JSON".into()))?;
    let put = change(
        client,
        "-- put_escalation
         INSERT INTO escalation (exchange, open, detail) VALUES ($1, $2, $3)
         ON CONFLICT (exchange) DO UPDATE SET open = excluded.open, detail = excluded.detail
         WHERE escalation.open = 1",
        &[&&row.exchange.as_bytes()[..], &i64::from(row.open), &detail],
    )
    .await?;
    once(put, "the end of an escalation")
}

async fn put_approval(client: &Client, row: &ApprovalRow) -> Result<(), Fault> {
    let used_by = row.used_by.map(|exchange| exchange.as_bytes().to_vec());
    let put = change(
        client,
        "-- put_approval
         INSERT INTO approval (digest, exchange, detail, used_by) VALUES ($1, $2, $3, $4)
         ON CONFLICT (digest) DO NOTHING",
        &[&&row.approval.digest().0[..], &&row.exchange.as_bytes()[..], &row.written(), &used_by],
    )
    .await?;
    once(put, "approval")
}

async fn put_used(client: &Client, digest: Digest, exchange: ExchangeId) -> Result<(), Fault> {
    let put = change(
        client,
        "-- put_used
         UPDATE approval SET used_by = $2 WHERE digest = $1 AND used_by IS NULL",
        &[&&digest.0[..], &&exchange.as_bytes()[..]],
    )
    .await?;
    once(put, "the use of an approval")
}

async fn put_delegation(client: &Client, row: &DelegationRow) -> Result<(), Fault> {
    change(
        client,
        "-- put_delegation
         INSERT INTO delegation (holder, delegate, begun, until) VALUES ($1, $2, $3, $4)
         ON CONFLICT (holder, delegate, begun) DO UPDATE SET until = excluded.until",
        &[&row.holder, &row.delegate, &instant(row.from.0), &instant(row.until.0)],
    )
    .await?;
    Ok(())
}

pub(super) async fn escalation(
    client: &Client,
    exchange: ExchangeId,
) -> Result<Option<EscalationRow>, Fault> {
    first(
        client,
        "-- escalation
         SELECT exchange, open, detail FROM escalation WHERE exchange = $1",
        &[&&exchange.as_bytes()[..]],
        read_escalation,
    )
    .await
}

pub(super) const ESCALATIONS: &str = "-- escalations
     SELECT exchange, open, detail FROM escalation WHERE open = 1 AND exchange > $1 ORDER BY exchange LIMIT $2";

pub(super) async fn escalations(
    client: &Client,
    after: Option<ExchangeId>,
    limit: u32,
) -> Result<Vec<EscalationRow>, Fault> {
    let after = after.map(|after| after.as_bytes().to_vec()).unwrap_or_default();
    every(client, ESCALATIONS, &[&after, &i64::from(limit)], read_escalation).await
}

fn read_escalation(row: &Row) -> Result<EscalationRow, Fault> {
    let detail: String = plain(row, "detail")?;
    Ok(EscalationRow {
        exchange: id(row, "exchange", ExchangeId::from_bytes)?,
        open: number::<i64>(row, "open")? == 1,
        detail: serde_json::from_str(&detail).map_err(|_| Fault::Column("detail"))?,
    })
}

pub(super) async fn approvals(client: &Client, exchange: ExchangeId) -> Result<Vec<ApprovalRow>, Fault> {
    every(
        client,
        "-- approvals
         SELECT exchange, detail, used_by FROM approval WHERE exchange = $1 ORDER BY digest",
        &[&&exchange.as_bytes()[..]],
        |row| {
            let exchange = id(row, "exchange", ExchangeId::from_bytes)?;
            let used_by = maybe_id(row, "used_by", ExchangeId::from_bytes)?;
            let detail: String = plain(row, "detail")?;
            ApprovalRow::read(exchange, &detail, used_by).ok_or(Fault::Column("detail"))
        },
    )
    .await
}

pub(super) async fn delegations(client: &Client) -> Result<Vec<DelegationRow>, Fault> {
    every(
        client,
        "-- delegations
         SELECT holder, delegate, begun, until FROM delegation ORDER BY holder, delegate, begun",
        &[],
        |row| {
            Ok(DelegationRow {
                holder: plain(row, "holder")?,
                delegate: plain(row, "delegate")?,
                from: Text(text(row, "begun")?),
                until: Text(text(row, "until")?),
            })
        },
    )
    .await
}

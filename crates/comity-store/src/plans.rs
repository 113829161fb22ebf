//! How an engine goes about the queries that are asked by the clock, and the lists that come in parts, whatever has gathered in
//! the meantime: by an index, so that what they cost is what they find, not what is kept.

/// One of these queries, and the engine's own words for how it goes about it.
#[derive(Debug)]
pub struct Plan {
    /// The query: the function that asks it.
    pub query: &'static str,
    /// `EXPLAIN QUERY PLAN` of SQLite, `EXPLAIN` of PostgreSQL, line by line.
    pub steps: Vec<String>,
}

impl Plan {
    /// Of a statement, which opens with a comment that names it.
    pub(crate) fn of(sql: &'static str, steps: Vec<String>) -> Self {
        let query = sql.lines().next().unwrap_or_default().trim_start_matches("-- ");
        Self { query, steps }
    }
}

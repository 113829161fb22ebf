//! Legal time: what "24 hours", "10 days" or "one month" come to. Pure: holidays and zone are arguments.

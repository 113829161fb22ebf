-- Exchanges that wait for offices, what these said, and offices that are lent.

ALTER TABLE officer ADD COLUMN unit TEXT; -- the unit that they serve in; null where it is not known

-- A row is replaced by its exchange; one that no longer waits never waits again.
CREATE TABLE escalation (
    exchange BLOB PRIMARY KEY CHECK (length(exchange) = 16),
    open     INTEGER NOT NULL CHECK (open IN (0, 1)), -- whether it still waits
    detail   TEXT NOT NULL       -- what is asked of whom, and until when: JSON
) STRICT, WITHOUT ROWID;

CREATE INDEX escalation_open ON escalation (exchange) WHERE open = 1;

-- Written once; `used_by` is set once.
CREATE TABLE approval (
    digest   BLOB PRIMARY KEY CHECK (length(digest) = 32), -- what it binds, as its use is recorded
    exchange BLOB NOT NULL CHECK (length(exchange) = 16),  -- the exchange that it was said of
    detail   TEXT NOT NULL,      -- what it binds: JSON
    used_by  BLOB CHECK (length(used_by) = 16) -- the exchange that it was used for; null while it was not
) STRICT, WITHOUT ROWID;

CREATE INDEX approval_by_exchange ON approval (exchange);

-- Written once, never changed.
CREATE TABLE delegation (
    holder   TEXT NOT NULL,      -- the officer whose office it is
    delegate TEXT NOT NULL,      -- the officer who may act in it
    begun    TEXT NOT NULL,      -- since when
    until    TEXT NOT NULL,      -- the last instant
    PRIMARY KEY (holder, delegate, begun)
) STRICT, WITHOUT ROWID;

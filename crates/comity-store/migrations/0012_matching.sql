-- Blind matching: the key and filter of a day, what was answered, and what was used of a budget.
--
-- A filter leads nowhere without the key of its day, which lies beside the epoch keys and is destroyed when the day has
-- passed. Nothing here tells a value, and nobody but the asker knows what matched.

-- One row for each scope and day, at each side; it stays as it is until the day has passed.
CREATE TABLE match_epoch (
    side       TEXT NOT NULL,    -- 'holder' or 'asker'
    peer       TEXT NOT NULL,    -- the other party
    agreement  TEXT NOT NULL,
    activity   TEXT NOT NULL,
    purpose    TEXT NOT NULL,
    question   BLOB NOT NULL CHECK (length(question) = 32), -- the digest of facts and laws
    day        TEXT NOT NULL,    -- yyyy-mm-dd, UTC
    header     BLOB NOT NULL,    -- the statement, as the holder signed it
    signature  BLOB NOT NULL CHECK (length(signature) = 64),
    receipt    TEXT,             -- the holder's, at the asker
    leaf_index INTEGER,          -- the entry that records it, at the holder
    filter     BLOB NOT NULL,
    PRIMARY KEY (side, peer, agreement, activity, purpose, question, day)
) STRICT;

-- One row for each batch that was answered: the same message gets the same answer. Goes when its day has passed.
CREATE TABLE match_answer (
    message    BLOB PRIMARY KEY CHECK (length(message) = 32), -- what it is known by
    peer       TEXT NOT NULL,
    question   BLOB NOT NULL CHECK (length(question) = 16),   -- the question's id
    batch      INTEGER NOT NULL,
    day        TEXT NOT NULL,
    header     BLOB NOT NULL,    -- the answer, as it was signed
    signature  BLOB NOT NULL CHECK (length(signature) = 64),
    bodies     BLOB NOT NULL,    -- the evaluated elements
    leaf_index INTEGER NOT NULL, -- the entry that records it
    UNIQUE (peer, question, batch)
) STRICT;

CREATE INDEX match_answer_by_day ON match_answer (day);

-- How many evaluations a partner has used in a month. Goes when the month has passed.
CREATE TABLE match_spent (
    peer      TEXT NOT NULL,
    agreement TEXT NOT NULL,
    purpose   TEXT NOT NULL,
    month     INTEGER NOT NULL,  -- yyyymm
    spent     INTEGER NOT NULL,
    PRIMARY KEY (peer, agreement, purpose, month)
) STRICT, WITHOUT ROWID;

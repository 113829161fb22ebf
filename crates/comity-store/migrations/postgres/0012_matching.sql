-- Blind matching: the key and filter of a day, what was answered, and what was used of a budget.
--
-- A filter leads nowhere without the key of its day, which lies beside the epoch keys and is destroyed when the day has
-- passed. Nothing here tells a value, and nobody but the asker knows what matched.

-- One row for each scope and day, at each side; it stays as it is until the day has passed.
CREATE TABLE match_epoch (
    side       TEXT COLLATE "C" NOT NULL,    -- 'holder' or 'asker'
    peer       TEXT COLLATE "C" NOT NULL,    -- the other party
    agreement  TEXT COLLATE "C" NOT NULL,
    activity   TEXT COLLATE "C" NOT NULL,
    purpose    TEXT COLLATE "C" NOT NULL,
    question   BYTEA NOT NULL CHECK (length(question) = 32), -- the digest of facts and laws
    day        TEXT COLLATE "C" NOT NULL,    -- yyyy-mm-dd, UTC
    header     BYTEA NOT NULL,    -- the statement, as the holder signed it
    signature  BYTEA NOT NULL CHECK (length(signature) = 64),
    receipt    TEXT COLLATE "C",             -- the holder's, at the asker
    leaf_index BIGINT,          -- the entry that records it, at the holder
    filter     BYTEA NOT NULL,
    PRIMARY KEY (side, peer, agreement, activity, purpose, question, day)
);

-- One row for each batch that was answered: the same message gets the same answer. Goes when its day has passed.
CREATE TABLE match_answer (
    message    BYTEA PRIMARY KEY CHECK (length(message) = 32), -- what it is known by
    peer       TEXT COLLATE "C" NOT NULL,
    question   BYTEA NOT NULL CHECK (length(question) = 16),   -- the question's id
    batch      BIGINT NOT NULL,
    day        TEXT COLLATE "C" NOT NULL,
    header     BYTEA NOT NULL,    -- the answer, as it was signed
    signature  BYTEA NOT NULL CHECK (length(signature) = 64),
    bodies     BYTEA NOT NULL,    -- the evaluated elements
    leaf_index BIGINT NOT NULL, -- the entry that records it
    UNIQUE (peer, question, batch)
);

CREATE INDEX match_answer_by_day ON match_answer (day);

-- How many evaluations a partner has used in a month. Goes when the month has passed.
CREATE TABLE match_spent (
    peer      TEXT COLLATE "C" NOT NULL,
    agreement TEXT COLLATE "C" NOT NULL,
    purpose   TEXT COLLATE "C" NOT NULL,
    month     BIGINT NOT NULL,  -- yyyymm
    spent     BIGINT NOT NULL,
    PRIMARY KEY (peer, agreement, purpose, month)
);

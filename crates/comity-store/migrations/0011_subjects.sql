-- Persons: which records name somebody, by tags, and what persons have asked for.
--
-- A tag stands for an identifier under the key of a month of erasure, which lies beside the epoch keys and is destroyed
-- when the month has passed. Nothing here tells a value.

-- One row for each identifier of a record. Goes with its key row; of what was sent, with the key of its month.
CREATE TABLE subject_tag (
    month   INTEGER NOT NULL,      -- of the tag's key: yyyymm
    tag     BLOB NOT NULL CHECK (length(tag) = 16),
    segment INTEGER NOT NULL,      -- the segment's number
    ordinal INTEGER NOT NULL,      -- the record in it
    PRIMARY KEY (month, tag, segment, ordinal)
) STRICT, WITHOUT ROWID;

CREATE INDEX subject_tag_by_record ON subject_tag (segment, ordinal);

-- What a person asked for. Each change writes the whole row under the next version, where the one before is still there.
CREATE TABLE subject_request (
    id               BLOB PRIMARY KEY CHECK (length(id) = 16),
    action           TEXT NOT NULL,    -- what is asked, as law knows it
    open             INTEGER NOT NULL, -- 1 while it waits for its answer
    filed_at         TEXT NOT NULL,
    due_operational  TEXT NOT NULL,    -- by when it is to be answered, by plain arithmetic
    due_legal_latest TEXT NOT NULL,    -- the last lawful instant of an answer
    decided_at       TEXT,             -- when it was answered; null while it was not
    version          INTEGER NOT NULL, -- how often the row was written
    detail           TEXT NOT NULL     -- the rest: JSON; nothing of who asks, and nothing of what is held
) STRICT, WITHOUT ROWID;

CREATE INDEX subject_request_open ON subject_request (due_legal_latest) WHERE open = 1;

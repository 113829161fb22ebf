-- The life of each epoch key: how many records it wraps, how many that it wrapped are erased, and its end.

CREATE TABLE epoch (
    -- Fixed: which key.
    agreement    TEXT NOT NULL,
    month        INTEGER NOT NULL, -- the month of erasure: yyyymm
    generation   INTEGER NOT NULL,
    -- Changed by records that come, go, or are wrapped anew.
    held         INTEGER NOT NULL CHECK (held >= 0), -- key rows wrapped by it
    erased       INTEGER NOT NULL DEFAULT 0,         -- key rows erased that it once wrapped
    erased_since TEXT,                               -- when the first of these was
    -- Each set once.
    closed_at    TEXT,             -- since when it takes no record
    destroyed_at TEXT,             -- since when it is known to be destroyed
    PRIMARY KEY (agreement, month, generation)
) STRICT, WITHOUT ROWID;

CREATE INDEX epoch_alive ON epoch (month) WHERE destroyed_at IS NULL;
CREATE INDEX epoch_to_destroy ON epoch (erased_since) WHERE erased_since IS NOT NULL AND destroyed_at IS NULL;

INSERT INTO epoch (agreement, month, generation, held)
SELECT agreement, CAST(strftime('%Y%m', erase_by, 'unixepoch') AS INTEGER), generation, count(*)
FROM key_row JOIN segment ON segment.number = key_row.segment
GROUP BY 1, 2, 3;

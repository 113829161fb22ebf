-- The life of each epoch key: how many records it wraps, how many that it wrapped are erased, and its end.

CREATE TABLE epoch (
    -- Fixed: which key.
    agreement    TEXT COLLATE "C" NOT NULL,
    month        BIGINT NOT NULL, -- the month of erasure: yyyymm
    generation   BIGINT NOT NULL,
    -- Changed by records that come, go, or are wrapped anew.
    held         BIGINT NOT NULL CHECK (held >= 0), -- key rows wrapped by it
    erased       BIGINT NOT NULL DEFAULT 0,         -- key rows erased that it once wrapped
    erased_since TEXT COLLATE "C",                  -- when the first of these was
    -- Each set once.
    closed_at    TEXT COLLATE "C",   -- since when it takes no record
    destroyed_at TEXT COLLATE "C",   -- since when it is known to be destroyed
    PRIMARY KEY (agreement, month, generation)
);

CREATE INDEX epoch_alive ON epoch (month) WHERE destroyed_at IS NULL;
CREATE INDEX epoch_to_destroy ON epoch (erased_since) WHERE erased_since IS NOT NULL AND destroyed_at IS NULL;

INSERT INTO epoch (agreement, month, generation, held)
SELECT agreement, CAST(to_char(to_timestamp(erase_by) AT TIME ZONE 'UTC', 'YYYYMM') AS BIGINT), generation, count(*)
FROM key_row JOIN segment ON segment.number = key_row.segment
GROUP BY 1, 2, 3;

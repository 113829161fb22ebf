-- Endpoints that are told of acts, and how far each has been told.

-- Each change writes the whole row under the next version, where the one before is still there.
CREATE TABLE webhook (
    id            BYTEA PRIMARY KEY CHECK (length(id) = 16),
    url           TEXT COLLATE "C" NOT NULL,  -- where it is
    events        TEXT COLLATE "C" NOT NULL,  -- what it is told of: names of acts, with spaces between
    officer       TEXT COLLATE "C" NOT NULL,  -- who asked for it
    begun         TEXT COLLATE "C" NOT NULL,  -- since when
    ended         TEXT COLLATE "C",           -- since when no more; null while it is
    version       BIGINT NOT NULL,  -- how often the row was written
    next_entry    BIGINT NOT NULL,  -- the first entry that it was not told of
    failures      BIGINT NOT NULL,  -- tries that have failed since the last that did not
    failing_since TEXT COLLATE "C",           -- the first of these; null where there is none
    trouble       TEXT COLLATE "C",           -- why the last one failed
    next_at       TEXT COLLATE "C" NOT NULL,  -- no try before this instant
    disabled      TEXT COLLATE "C"            -- when it was given up; null while it is told
);

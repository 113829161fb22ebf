-- Endpoints that are told of acts, and how far each has been told.

-- Each change writes the whole row under the next version, where the one before is still there.
CREATE TABLE webhook (
    id            BLOB PRIMARY KEY CHECK (length(id) = 16),
    url           TEXT NOT NULL,  -- where it is
    events        TEXT NOT NULL,  -- what it is told of: names of acts, with spaces between
    officer       TEXT NOT NULL,  -- who asked for it
    begun         TEXT NOT NULL,  -- since when
    ended         TEXT,           -- since when no more; null while it is
    version       INTEGER NOT NULL,  -- how often the row was written
    next_entry    INTEGER NOT NULL,  -- the first entry that it was not told of
    failures      INTEGER NOT NULL,  -- tries that have failed since the last that did not
    failing_since TEXT,           -- the first of these; null where there is none
    trouble       TEXT,           -- why the last one failed
    next_at       TEXT NOT NULL,  -- no try before this instant
    disabled      TEXT            -- when it was given up; null while it is told
) STRICT, WITHOUT ROWID;

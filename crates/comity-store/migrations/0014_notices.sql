-- Notices: persons who are to be told that data about them was given or obtained, by when, and what of that waits.
--
-- Nothing here tells whom a notice goes to, or what it says: that lies sealed in the vault.

-- Each change writes the whole row under the next version, where the one before is still there.
CREATE TABLE notice (
    id               BLOB PRIMARY KEY CHECK (length(id) = 16),
    state            TEXT NOT NULL,    -- arisen, open, deferred, issued, given, closed
    owed             INTEGER NOT NULL, -- 1 while the person is still to be told
    exchange         BLOB,             -- the exchange that gave rise to it, where one did
    agreement        TEXT NOT NULL,    -- whose law is asked of it, beside that of this party
    arisen_at        TEXT NOT NULL,
    due_operational  TEXT NOT NULL,    -- by when the person is to be told, by plain arithmetic
    due_legal_latest TEXT NOT NULL,    -- the last lawful instant
    next_at          TEXT,             -- when it is looked at next; null when it is not
    overdue_since    TEXT,             -- when it was found that the person had not been told in time
    ended_at         TEXT,             -- when it was given or closed
    version          INTEGER NOT NULL, -- how often the row was written
    detail           TEXT NOT NULL     -- the rest: JSON; nothing of whom it goes to, and nothing of what it says
) STRICT, WITHOUT ROWID;

CREATE INDEX notice_next ON notice (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX notice_owed ON notice (arisen_at) WHERE owed = 1;

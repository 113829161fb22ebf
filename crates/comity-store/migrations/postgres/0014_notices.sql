-- Notices: persons who are to be told that data about them was given or obtained, by when, and what of that waits.
--
-- Nothing here tells whom a notice goes to, or what it says: that lies sealed in the vault.

-- Each change writes the whole row under the next version, where the one before is still there.
CREATE TABLE notice (
    id               BYTEA PRIMARY KEY CHECK (length(id) = 16),
    state            TEXT COLLATE "C" NOT NULL,    -- arisen, open, deferred, issued, given, closed
    owed             BIGINT NOT NULL, -- 1 while the person is still to be told
    exchange         BYTEA,             -- the exchange that gave rise to it, where one did
    agreement        TEXT COLLATE "C" NOT NULL,    -- whose law is asked of it, beside that of this party
    arisen_at        TEXT COLLATE "C" NOT NULL,
    due_operational  TEXT COLLATE "C" NOT NULL,    -- by when the person is to be told, by plain arithmetic
    due_legal_latest TEXT COLLATE "C" NOT NULL,    -- the last lawful instant
    next_at          TEXT COLLATE "C",             -- when it is looked at next; null when it is not
    overdue_since    TEXT COLLATE "C",             -- when it was found that the person had not been told in time
    ended_at         TEXT COLLATE "C",             -- when it was given or closed
    version          BIGINT NOT NULL, -- how often the row was written
    detail           TEXT COLLATE "C" NOT NULL     -- the rest: JSON; nothing of whom it goes to, and nothing of what it says
);

CREATE INDEX notice_next ON notice (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX notice_owed ON notice (arisen_at) WHERE owed = 1;

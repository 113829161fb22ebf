-- Opt-outs and mandates: what people have opted out of, and what those who speak for them have allowed.
--
-- Of a person there are tags alone, under the key of the year in which the opt-out ends, which lies beside the epoch keys and
-- is destroyed when that year has passed. Nothing here tells who has opted out.

-- Each change writes the whole row under the next version, where the one before is still there. Goes with its period.
CREATE TABLE opt_out (
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    period     INTEGER NOT NULL, -- of the key of its tags: yyyymm, the last month of a year
    state      TEXT NOT NULL,    -- waiting, in_force, refused or withdrawn
    categories TEXT NOT NULL,    -- words of the vocabulary, with a space between
    filed_at   TEXT NOT NULL,
    until      TEXT NOT NULL,    -- when it ends by itself
    version    INTEGER NOT NULL, -- how often the row was written
    detail     TEXT NOT NULL     -- the rest: JSON; nothing of who filed it
) STRICT, WITHOUT ROWID;

CREATE INDEX opt_out_in_force ON opt_out (period, until) WHERE state = 'in_force';

-- One row for each thing that a person is known by. Goes when the opt-out is refused or withdrawn, and with its period.
CREATE TABLE opt_out_tag (
    period  INTEGER NOT NULL,
    tag     BLOB NOT NULL CHECK (length(tag) = 16),
    opt_out BLOB NOT NULL CHECK (length(opt_out) = 16),
    PRIMARY KEY (period, tag, opt_out)
) STRICT, WITHOUT ROWID;

CREATE INDEX opt_out_tag_by_opt_out ON opt_out_tag (opt_out);

-- What a body that speaks for people has allowed: a public act, with the digest of its text. Kept as laws are.
CREATE TABLE mandate (
    id      BLOB PRIMARY KEY CHECK (length(id) = 16),
    begun   TEXT NOT NULL,
    until   TEXT NOT NULL,
    ended   TEXT,             -- when it was ended before that
    version INTEGER NOT NULL, -- how often the row was written
    detail  TEXT NOT NULL     -- what it covers: JSON
) STRICT, WITHOUT ROWID;

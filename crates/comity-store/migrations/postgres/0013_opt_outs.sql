-- Opt-outs and mandates: what people have opted out of, and what those who speak for them have allowed.
--
-- Of a person there are tags alone, under the key of the year in which the opt-out ends, which lies beside the epoch keys and
-- is destroyed when that year has passed. Nothing here tells who has opted out.

-- Each change writes the whole row under the next version, where the one before is still there. Goes with its period.
CREATE TABLE opt_out (
    id         BYTEA PRIMARY KEY CHECK (length(id) = 16),
    period     BIGINT NOT NULL, -- of the key of its tags: yyyymm, the last month of a year
    state      TEXT COLLATE "C" NOT NULL,    -- waiting, in_force, refused or withdrawn
    categories TEXT COLLATE "C" NOT NULL,    -- words of the vocabulary, with a space between
    filed_at   TEXT COLLATE "C" NOT NULL,
    until      TEXT COLLATE "C" NOT NULL,    -- when it ends by itself
    version    BIGINT NOT NULL, -- how often the row was written
    detail     TEXT COLLATE "C" NOT NULL     -- the rest: JSON; nothing of who filed it
);

CREATE INDEX opt_out_in_force ON opt_out (period, until) WHERE state = 'in_force';

-- One row for each thing that a person is known by. Goes when the opt-out is refused or withdrawn, and with its period.
CREATE TABLE opt_out_tag (
    period  BIGINT NOT NULL,
    tag     BYTEA NOT NULL CHECK (length(tag) = 16),
    opt_out BYTEA NOT NULL CHECK (length(opt_out) = 16),
    PRIMARY KEY (period, tag, opt_out)
);

CREATE INDEX opt_out_tag_by_opt_out ON opt_out_tag (opt_out);

-- What a body that speaks for people has allowed: a public act, with the digest of its text. Kept as laws are.
CREATE TABLE mandate (
    id      BYTEA PRIMARY KEY CHECK (length(id) = 16),
    begun   TEXT COLLATE "C" NOT NULL,
    until   TEXT COLLATE "C" NOT NULL,
    ended   TEXT COLLATE "C",             -- when it was ended before that
    version BIGINT NOT NULL, -- how often the row was written
    detail  TEXT COLLATE "C" NOT NULL     -- what it covers: JSON
);

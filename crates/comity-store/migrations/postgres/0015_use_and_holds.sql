-- What keeps records from erasure for a time, what was used of what was received, and how often persons are looked up.

-- One row for each hold. Each change writes the whole row under the next version, where the one before is still there.
CREATE TABLE hold (
    id          BYTEA PRIMARY KEY CHECK (length(id) = 16),
    exchange    BYTEA NOT NULL CHECK (length(exchange) = 16), -- whose records are held
    class       BYTEA CHECK (length(class) = 16), -- the class of the one record that is held; null for all of them
    ordinal     BIGINT,          -- that record in its class, from 0
    ground      TEXT COLLATE "C" NOT NULL,    -- why, in the vocabulary's words
    restricts   BIGINT NOT NULL CHECK (restricts IN (0, 1)), -- whether nobody uses them meanwhile
    since       TEXT COLLATE "C" NOT NULL,    -- since when they are held on that ground, by this hold or those before it
    begun       BIGINT NOT NULL, -- since when, in seconds since 1970
    until       BIGINT NOT NULL, -- until when
    lifted      BIGINT,          -- since when no more, before its time; null unless it was let go
    officer_key TEXT COLLATE "C" NOT NULL,    -- whose order it is
    bound       TEXT COLLATE "C" NOT NULL,    -- the rule that bounds it: law, pack, rule, article
    erase_after TEXT COLLATE "C",             -- why records are erased when it ends, though their time has not come; null where nobody asked
    version     BIGINT NOT NULL  -- how often the row was written
);

CREATE INDEX hold_by_exchange ON hold (exchange);

-- One row for each use of records of an exchange, by its entry. Written once, never changed.
CREATE TABLE used (
    exchange   BYTEA NOT NULL CHECK (length(exchange) = 16), -- by which the records had come
    leaf_index BIGINT NOT NULL, -- the entry of the use
    at         TEXT COLLATE "C" NOT NULL,
    action     TEXT COLLATE "C" NOT NULL,    -- what was asked, as law knows it
    purpose    TEXT COLLATE "C" NOT NULL,    -- what for
    reader     TEXT COLLATE "C",             -- by whose key; null for a tool of the gateway's own
    given      BIGINT NOT NULL, -- records of it that were given
    refused    BIGINT NOT NULL, -- records of it that the laws did not let be given
    PRIMARY KEY (exchange, leaf_index)
);

-- Uses in entries before this size are in no row of `used`: they were recorded before there were any. One row.
CREATE TABLE used_from (
    tree_size BIGINT NOT NULL
);

INSERT INTO used_from (tree_size) SELECT coalesce(max(tree_size), 0) FROM checkpoint;

-- How often persons were looked up: one row for each look-up and whom it counts for. Goes when its period has passed.
CREATE TABLE looked_up (
    who   BYTEA NOT NULL CHECK (length(who) = 16), -- stands for a person, or for an officer
    at    BIGINT NOT NULL, -- in seconds since 1970
    leaf_index BIGINT NOT NULL, -- the entry of the use
    times BIGINT NOT NULL,
    until BIGINT NOT NULL, -- when it counts no more
    PRIMARY KEY (who, at, leaf_index)
);

CREATE INDEX looked_up_by_end ON looked_up (until);

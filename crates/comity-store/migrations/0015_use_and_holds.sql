-- What keeps records from erasure for a time, what was used of what was received, and how often persons are looked up.

-- One row for each hold. Each change writes the whole row under the next version, where the one before is still there.
CREATE TABLE hold (
    id          BLOB PRIMARY KEY CHECK (length(id) = 16),
    exchange    BLOB NOT NULL CHECK (length(exchange) = 16), -- whose records are held
    class       BLOB CHECK (length(class) = 16), -- the class of the one record that is held; null for all of them
    ordinal     INTEGER,          -- that record in its class, from 0
    ground      TEXT NOT NULL,    -- why, in the vocabulary's words
    restricts   INTEGER NOT NULL CHECK (restricts IN (0, 1)), -- whether nobody uses them meanwhile
    since       TEXT NOT NULL,    -- since when they are held on that ground, by this hold or those before it
    begun       INTEGER NOT NULL, -- since when, in seconds since 1970
    until       INTEGER NOT NULL, -- until when
    lifted      INTEGER,          -- since when no more, before its time; null unless it was let go
    officer_key TEXT NOT NULL,    -- whose order it is
    bound       TEXT NOT NULL,    -- the rule that bounds it: law, pack, rule, article
    erase_after TEXT,             -- why records are erased when it ends, though their time has not come; null where nobody asked
    version     INTEGER NOT NULL  -- how often the row was written
) STRICT, WITHOUT ROWID;

CREATE INDEX hold_by_exchange ON hold (exchange);

-- One row for each use of records of an exchange, by its entry. Written once, never changed.
CREATE TABLE used (
    exchange   BLOB NOT NULL CHECK (length(exchange) = 16), -- by which the records had come
    leaf_index INTEGER NOT NULL, -- the entry of the use
    at         TEXT NOT NULL,
    action     TEXT NOT NULL,    -- what was asked, as law knows it
    purpose    TEXT NOT NULL,    -- what for
    reader     TEXT,             -- by whose key; null for a tool of the gateway's own
    given      INTEGER NOT NULL, -- records of it that were given
    refused    INTEGER NOT NULL, -- records of it that the laws did not let be given
    PRIMARY KEY (exchange, leaf_index)
) STRICT, WITHOUT ROWID;

-- Uses in entries before this size are in no row of `used`: they were recorded before there were any. One row.
CREATE TABLE used_from (
    tree_size INTEGER NOT NULL
) STRICT;

INSERT INTO used_from (tree_size) SELECT coalesce(max(tree_size), 0) FROM checkpoint;

-- How often persons were looked up: one row for each look-up and whom it counts for. Goes when its period has passed.
CREATE TABLE looked_up (
    who   BLOB NOT NULL CHECK (length(who) = 16), -- stands for a person, or for an officer
    at    INTEGER NOT NULL, -- in seconds since 1970
    leaf_index INTEGER NOT NULL, -- the entry of the use
    times INTEGER NOT NULL,
    until INTEGER NOT NULL, -- when it counts no more
    PRIMARY KEY (who, at, leaf_index)
) STRICT, WITHOUT ROWID;

CREATE INDEX looked_up_by_end ON looked_up (until);

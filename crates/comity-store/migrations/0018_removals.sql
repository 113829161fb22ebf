-- Removing a partner: that it is removed, and what is not passed on to whom.

-- Partners that an officer removed. A row is replaced by its party.
CREATE TABLE peer_removal (
    party  TEXT PRIMARY KEY, -- who
    reason TEXT NOT NULL,    -- why, in the vocabulary's words
    at     TEXT NOT NULL,    -- since when
    ended  TEXT              -- since when it is a partner again; null while it is removed
) STRICT, WITHOUT ROWID;

-- Exchanges whose records are not passed on to a party, by the word of whoever they are from; our own exchanges too, which
-- partners were told so of. A row is replaced by a later word.
CREATE TABLE barred (
    exchange BLOB NOT NULL CHECK (length(exchange) = 16),
    party    TEXT NOT NULL,    -- to whom not
    origin   TEXT NOT NULL,    -- whose word it is
    at       TEXT NOT NULL,    -- when the origin said so
    stands   INTEGER NOT NULL, -- whether it stands; 0: it was taken back
    PRIMARY KEY (exchange, party, origin)
) STRICT, WITHOUT ROWID;

CREATE INDEX barred_by_origin ON barred (origin, party) WHERE stands = 1;

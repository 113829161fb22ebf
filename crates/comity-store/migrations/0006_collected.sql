-- What readers may ask for: streams, the objects that lie in them, and the standing requests that tools ask by.
--
-- Ids and contents of objects stand here as digests under a key that lies beside the epoch keys.

-- Written once, never changed.
CREATE TABLE stream (
    number    INTEGER PRIMARY KEY, -- other tables refer to it
    agreement TEXT NOT NULL,       -- the pack
    partner   TEXT NOT NULL,       -- whom it came from; the gateway's own party for what was placed here
    activity  TEXT NOT NULL,
    purpose   TEXT NOT NULL,
    UNIQUE (agreement, partner, activity, purpose)
) STRICT;

-- A segment whose records readers may ask for. Goes with it.
CREATE TABLE collected_segment (
    segment INTEGER PRIMARY KEY, -- the segment's number
    known   TEXT NOT NULL        -- the facts of its class, and the safeguards that it came under: JSON
) STRICT;

-- One row for each record that readers may ask for. Goes with its key row.
CREATE TABLE collected (
    stream    INTEGER NOT NULL,
    added     INTEGER NOT NULL,    -- microseconds since 1970, rising in a stream: the object's place in it
    object    BLOB NOT NULL CHECK (length(object) = 16),  -- stands for its id
    content   BLOB NOT NULL CHECK (length(content) = 16), -- stands for its bytes
    stix_type TEXT NOT NULL,
    version   TEXT NOT NULL,       -- when it was modified; the instant of adding where its type has no versions
    segment   INTEGER NOT NULL,    -- the segment's number
    ordinal   INTEGER NOT NULL,    -- the record in it
    PRIMARY KEY (stream, added)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX collected_by_object ON collected (stream, object, version);
CREATE INDEX collected_by_type ON collected (stream, stix_type, added);
CREATE INDEX collected_by_record ON collected (segment, ordinal);

-- Objects that were taken out of a stream: nobody puts them there again. Written once, never changed.
CREATE TABLE removed (
    stream  INTEGER NOT NULL,
    object  BLOB NOT NULL CHECK (length(object) = 16), -- stands for its id
    version TEXT NOT NULL,       -- the version; empty for the object whole
    at      TEXT NOT NULL,       -- when
    PRIMARY KEY (stream, object, version)
) STRICT, WITHOUT ROWID;

-- Standing requests. A row is replaced by its id.
CREATE TABLE collection (
    id     BLOB PRIMARY KEY CHECK (length(id) = 16),
    detail TEXT NOT NULL         -- what is asked, by whom, until when: JSON
) STRICT, WITHOUT ROWID;

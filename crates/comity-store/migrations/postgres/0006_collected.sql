-- What readers may ask for: streams, the objects that lie in them, and the standing requests that tools ask by.
--
-- Ids and contents of objects stand here as digests under a key that lies beside the epoch keys.

-- Written once, never changed.
CREATE TABLE stream (
    number    BIGINT PRIMARY KEY, -- other tables refer to it
    agreement TEXT COLLATE "C" NOT NULL,       -- the pack
    partner   TEXT COLLATE "C" NOT NULL,       -- whom it came from; the gateway's own party for what was placed here
    activity  TEXT COLLATE "C" NOT NULL,
    purpose   TEXT COLLATE "C" NOT NULL,
    UNIQUE (agreement, partner, activity, purpose)
);

-- A segment whose records readers may ask for. Goes with it.
CREATE TABLE collected_segment (
    segment BIGINT PRIMARY KEY, -- the segment's number
    known   TEXT COLLATE "C" NOT NULL        -- the facts of its class, and the safeguards that it came under: JSON
);

-- One row for each record that readers may ask for. Goes with its key row.
CREATE TABLE collected (
    stream    BIGINT NOT NULL,
    added     BIGINT NOT NULL,    -- microseconds since 1970, rising in a stream: the object's place in it
    object    BYTEA NOT NULL CHECK (length(object) = 16),  -- stands for its id
    content   BYTEA NOT NULL CHECK (length(content) = 16), -- stands for its bytes
    stix_type TEXT COLLATE "C" NOT NULL,
    version   TEXT COLLATE "C" NOT NULL,       -- when it was modified; the instant of adding where its type has no versions
    segment   BIGINT NOT NULL,    -- the segment's number
    ordinal   BIGINT NOT NULL,    -- the record in it
    PRIMARY KEY (stream, added)
);

CREATE UNIQUE INDEX collected_by_object ON collected (stream, object, version);
CREATE INDEX collected_by_type ON collected (stream, stix_type, added);
CREATE INDEX collected_by_record ON collected (segment, ordinal);

-- Objects that were taken out of a stream: nobody puts them there again. Written once, never changed.
CREATE TABLE removed (
    stream  BIGINT NOT NULL,
    object  BYTEA NOT NULL CHECK (length(object) = 16), -- stands for its id
    version TEXT COLLATE "C" NOT NULL,       -- the version; empty for the object whole
    at      TEXT COLLATE "C" NOT NULL,       -- when
    PRIMARY KEY (stream, object, version)
);

-- Standing requests. A row is replaced by its id.
CREATE TABLE collection (
    id     BYTEA PRIMARY KEY CHECK (length(id) = 16),
    detail TEXT COLLATE "C" NOT NULL         -- what is asked, by whom, until when: JSON
);

-- Logs that ended, and what partners can show of this gateway's and we of theirs.

-- The checkpoints of logs that this one succeeds. Never changed.
CREATE TABLE ended_checkpoint (
    origin    TEXT NOT NULL,     -- the log that ended
    tree_size INTEGER NOT NULL,  -- how many entries it signs
    note      TEXT NOT NULL,     -- the signed note
    PRIMARY KEY (origin, tree_size)
) STRICT, WITHOUT ROWID;

ALTER TABLE witnessed ADD COLUMN note TEXT; -- the checkpoint that was cosigned last; null from before this column

-- The keys that officers' orders are signed with.
CREATE TABLE officer_key (
    officer TEXT NOT NULL,
    key     TEXT NOT NULL,       -- the public half
    begun   TEXT NOT NULL,       -- since when it counts
    ended   TEXT,                -- until when; null while it does
    PRIMARY KEY (officer, key)
) STRICT, WITHOUT ROWID;

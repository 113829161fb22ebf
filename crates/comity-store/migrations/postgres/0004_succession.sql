-- Logs that ended, and what partners can show of this gateway's and we of theirs.

-- The checkpoints of logs that this one succeeds. Never changed.
CREATE TABLE ended_checkpoint (
    origin    TEXT COLLATE "C" NOT NULL, -- the log that ended
    tree_size BIGINT NOT NULL,           -- how many entries it signs
    note      TEXT COLLATE "C" NOT NULL, -- the signed note
    PRIMARY KEY (origin, tree_size)
);

ALTER TABLE witnessed ADD COLUMN note TEXT COLLATE "C"; -- the checkpoint that was cosigned last; null from before this column

-- The keys that officers' orders are signed with.
CREATE TABLE officer_key (
    officer TEXT COLLATE "C" NOT NULL,
    key     TEXT COLLATE "C" NOT NULL, -- the public half
    begun   TEXT COLLATE "C" NOT NULL, -- since when it counts
    ended   TEXT COLLATE "C",          -- until when; null while it does
    PRIMARY KEY (officer, key)
);

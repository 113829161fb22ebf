-- Tokens that stand for officers, and who officers are to an OpenID provider.

-- Written once; `ended` is set once.
CREATE TABLE token (
    digest  BLOB PRIMARY KEY CHECK (length(digest) = 32), -- SHA-256 of the token, which is kept nowhere
    officer TEXT NOT NULL,       -- whom it stands for
    title   TEXT NOT NULL,       -- what it is for
    begun   TEXT NOT NULL,       -- since when it counts
    until   TEXT,                -- the last instant; null where it has no end of its own
    ended   TEXT                 -- when it was ended before; null while it was not
) STRICT, WITHOUT ROWID;

-- Written once, never changed.
CREATE TABLE officer_subject (
    subject BLOB PRIMARY KEY CHECK (length(subject) = 32), -- SHA-256 of issuer and subject
    officer TEXT NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

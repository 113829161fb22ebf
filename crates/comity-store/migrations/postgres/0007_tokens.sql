-- Tokens that stand for officers, and who officers are to an OpenID provider.

-- Written once; `ended` is set once.
CREATE TABLE token (
    digest  BYTEA PRIMARY KEY CHECK (length(digest) = 32), -- SHA-256 of the token, which is kept nowhere
    officer TEXT COLLATE "C" NOT NULL, -- whom it stands for
    title   TEXT COLLATE "C" NOT NULL, -- what it is for
    begun   TEXT COLLATE "C" NOT NULL, -- since when it counts
    until   TEXT COLLATE "C",          -- the last instant; null where it has no end of its own
    ended   TEXT COLLATE "C"           -- when it was ended before; null while it was not
);

-- Written once, never changed.
CREATE TABLE officer_subject (
    subject BYTEA PRIMARY KEY CHECK (length(subject) = 32), -- SHA-256 of issuer and subject
    officer TEXT COLLATE "C" NOT NULL UNIQUE
);

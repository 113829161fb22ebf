-- State, sealed records and the log of one gateway.
--
-- Ids are 16 bytes. Instants with fractions are fixed-width RFC 3339 text in UTC with nine decimals, which
-- sorts as it reads; an instant of erasure is whole seconds since 1970, so that key rows stay small.
-- No table but `segment` and `outbox` holds anything made of an input's values, and these hold ciphertext.

-- ---------------------------------------------------------------------------------------------- the log

-- Written once, never changed.
CREATE TABLE entry (
    leaf_index INTEGER PRIMARY KEY,  -- its place in the log, from 0
    bytes      BLOB NOT NULL CHECK (length(bytes) = 38), -- the public entry
    opening    BLOB NOT NULL CHECK (length(opening) = 16), -- the segment that holds its sealed opening
    exchange   BLOB CHECK (length(exchange) = 16)  -- the exchange that it is about; null for other acts
) STRICT;

CREATE INDEX entry_by_exchange ON entry (exchange, leaf_index) WHERE exchange IS NOT NULL;

-- The roots of complete subtrees, about two for each entry. Written once, never changed.
CREATE TABLE node (
    level    INTEGER NOT NULL,   -- its height: 0 for an entry
    position INTEGER NOT NULL,   -- which subtree of that height, from the left
    hash     BLOB NOT NULL CHECK (length(hash) = 32), -- its root
    PRIMARY KEY (level, position)
) STRICT, WITHOUT ROWID;

-- Every checkpoint that was signed, so that an answer can be given again byte for byte. Never changed.
CREATE TABLE checkpoint (
    tree_size INTEGER PRIMARY KEY, -- how many entries it signs
    note      TEXT NOT NULL        -- the signed note
) STRICT;

-- One row: the right edge of the tree.
CREATE TABLE frontier (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    bytes BLOB NOT NULL          -- size and peaks
) STRICT;

-- ------------------------------------------------------------------------------------------- exchanges

-- The skeleton of each exchange. A row is replaced by its id.
CREATE TABLE exchange (
    id               BLOB PRIMARY KEY CHECK (length(id) = 16),
    side             TEXT NOT NULL CHECK (side IN ('sender', 'receiver')), -- which side this gateway is on
    peer             TEXT NOT NULL, -- the other party
    agreement        TEXT NOT NULL, -- the pack
    agreement_digest BLOB NOT NULL CHECK (length(agreement_digest) = 32), -- the pack's digest
    supersedes       BLOB CHECK (length(supersedes) = 16), -- the exchange that it replaces
    offer            BLOB CHECK (length(offer) = 32), -- the signed offer's digest, once there is one
    outcome          TEXT NOT NULL, -- what became of it so far
    whole            INTEGER NOT NULL CHECK (whole IN (0, 1)), -- whether the sender's laws permitted every class
    objects          INTEGER NOT NULL, -- how many objects went
    at               TEXT NOT NULL, -- the instant of the act
    changed_at       TEXT NOT NULL  -- the instant of the last change
) STRICT, WITHOUT ROWID;

-- The final answers given to partners' offers. Written once, never changed.
CREATE TABLE answer (
    peer        TEXT NOT NULL, -- who offered
    exchange    BLOB NOT NULL CHECK (length(exchange) = 16),
    offer       BLOB NOT NULL CHECK (length(offer) = 32), -- the digest of the offer that it answers
    header      BLOB NOT NULL, -- the signed header
    signature   BLOB NOT NULL CHECK (length(signature) = 64), -- the party's signature over the header
    cosignature TEXT,          -- the cosignature line given with it
    witnessed   INTEGER,       -- the size of the partner's log that was known here then
    leaf_index  INTEGER NOT NULL, -- the entry that records it
    PRIMARY KEY (peer, exchange)
) STRICT;

-- Receipts of the other side.
CREATE TABLE partner_receipt (
    exchange BLOB PRIMARY KEY CHECK (length(exchange) = 16),
    receipt  BLOB NOT NULL       -- the tlog-proof as received and verified
) STRICT;

-- Offers that wait for their answers.
CREATE TABLE outbox (
    exchange      BLOB PRIMARY KEY CHECK (length(exchange) = 16),
    -- Fixed when it is put here.
    peer          TEXT NOT NULL, -- whom it goes to
    header        BLOB NOT NULL, -- the header as signed
    signature     BLOB NOT NULL CHECK (length(signature) = 64), -- the signature over it
    bodies        BLOB NOT NULL, -- the sealed bodies, end to end
    horizon       TEXT NOT NULL, -- when to give up
    -- Changed by each try.
    attempts      INTEGER NOT NULL, -- how many claims there were
    next_at       TEXT NOT NULL,    -- the next try
    claimed_until TEXT              -- until when a try has it to itself; null when none has
) STRICT;

CREATE INDEX outbox_by_next_at ON outbox (next_at);

-- ------------------------------------------------------------------------------------------- the vault

-- Sealed blobs.
CREATE TABLE segment (
    number    INTEGER PRIMARY KEY, -- counts up in the order of sealing; key rows refer to it
    id        BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    exchange  BLOB CHECK (length(exchange) = 16), -- the exchange that it belongs to, where there is one
    class     BLOB CHECK (length(class) = 16), -- the class of objects that it holds; null for an opening
    agreement TEXT NOT NULL,      -- the agreement that its records are held under
    kind      TEXT NOT NULL CHECK (kind IN ('opening', 'records')), -- what it holds
    blob      BLOB NOT NULL       -- the ciphertext; last, so that the other columns are read without it
) STRICT;

CREATE INDEX segment_by_exchange ON segment (exchange, number) WHERE exchange IS NOT NULL;

-- One row for each sealed record: while it is there, and its epoch key too, the record can be read.
CREATE TABLE key_row (
    segment     INTEGER NOT NULL REFERENCES segment (number),
    ordinal     INTEGER NOT NULL, -- the place in the segment, from 0
    offset      INTEGER NOT NULL, -- where in the blob the sealed record begins
    length      INTEGER NOT NULL, -- how many bytes it has there
    wrapped_key BLOB NOT NULL CHECK (length(wrapped_key) = 60), -- the secret, wrapped by the epoch key
    commitment  BLOB NOT NULL CHECK (length(commitment) = 32),  -- to the secret and its context
    generation  INTEGER NOT NULL, -- of the epoch key
    erase_by    INTEGER NOT NULL, -- the instant by which the record is to be erased, in seconds since 1970
    PRIMARY KEY (segment, ordinal)
) STRICT, WITHOUT ROWID;

-- What is due for erasure, and what shares an epoch key: the rows of a month lie together.
CREATE INDEX key_row_by_erase_by ON key_row (erase_by, generation);

-- ------------------------------------------------------------------------------------------ the others

-- Partner gateways.
CREATE TABLE peer (
    party    TEXT PRIMARY KEY,
    url      TEXT NOT NULL,     -- its federation listener
    identity TEXT NOT NULL      -- what it told of itself, verified when it was made known: JSON
) STRICT, WITHOUT ROWID;

-- What this gateway last cosigned of each partner's log.
CREATE TABLE witnessed (
    origin    TEXT PRIMARY KEY, -- the log
    tree_size INTEGER NOT NULL, -- the size cosigned
    root      BLOB NOT NULL CHECK (length(root) = 32) -- the root cosigned
) STRICT, WITHOUT ROWID;

-- What partners said they know of this gateway's log: hints.
CREATE TABLE witnessed_by (
    party     TEXT PRIMARY KEY,
    tree_size INTEGER NOT NULL  -- the size that it knows
) STRICT, WITHOUT ROWID;

-- Officers of this gateway.
CREATE TABLE officer (
    name           TEXT PRIMARY KEY,
    role           TEXT NOT NULL,
    training_until TEXT NOT NULL, -- the last instant at which the training is valid
    password_hash  TEXT NOT NULL  -- argon2, in PHC form
) STRICT, WITHOUT ROWID;

-- Packs that this gateway has adopted.
CREATE TABLE adopted_law (
    number    INTEGER PRIMARY KEY AUTOINCREMENT, -- counts up in the order of adoption
    pack      TEXT NOT NULL,
    digest    BLOB NOT NULL CHECK (length(digest) = 32),
    signature TEXT NOT NULL,     -- by this gateway's party key
    at        TEXT NOT NULL,     -- when
    UNIQUE (pack, digest)
) STRICT;

-- Signatures of partners under packs.
CREATE TABLE law_signature (
    party     TEXT NOT NULL,
    pack      TEXT NOT NULL,
    digest    BLOB NOT NULL CHECK (length(digest) = 32),
    signature TEXT NOT NULL,     -- by the party's key
    PRIMARY KEY (party, pack, digest)
) STRICT, WITHOUT ROWID;

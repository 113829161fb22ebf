-- State, sealed records and the log of one gateway, for PostgreSQL: the same tables and columns as in SQLite, so that
-- a database moves from one engine to the other as it is.
--
-- Several nodes of the gateway work on it. Whoever writes a batch has locked the row of `sequencer` first.
--
-- Ids are 16 bytes. Instants with fractions are fixed-width RFC 3339 text in UTC with nine decimals, which
-- sorts as it reads; an instant of erasure is whole seconds since 1970, so that key rows stay small.
-- No table but `segment` and `outbox` holds anything made of an input's values, and these hold ciphertext.

-- ---------------------------------------------------------------------------------------------- the log

-- Written once, never changed.
CREATE TABLE entry (
    leaf_index BIGINT PRIMARY KEY,  -- its place in the log, from 0
    bytes      BYTEA NOT NULL CHECK (length(bytes) = 38), -- the public entry
    opening    BYTEA NOT NULL CHECK (length(opening) = 16), -- the segment that holds its sealed opening
    exchange   BYTEA CHECK (length(exchange) = 16)  -- the exchange that it is about; null for other acts
);

CREATE INDEX entry_by_exchange ON entry (exchange, leaf_index) WHERE exchange IS NOT NULL;

-- The roots of complete subtrees, about two for each entry. Written once, never changed.
CREATE TABLE node (
    level    BIGINT NOT NULL,   -- its height: 0 for an entry
    position BIGINT NOT NULL,   -- which subtree of that height, from the left
    hash     BYTEA NOT NULL CHECK (length(hash) = 32), -- its root
    PRIMARY KEY (level, position)
);

-- Every checkpoint that was signed, so that an answer can be given again byte for byte. Never changed.
CREATE TABLE checkpoint (
    tree_size BIGINT PRIMARY KEY, -- how many entries it signs
    note      TEXT COLLATE "C" NOT NULL        -- the signed note
);

-- One row: the right edge of the tree, and whose turn it was last. To lock it is to be the sequencer.
CREATE TABLE sequencer (
    one       BIGINT PRIMARY KEY CHECK (one = 1),
    tree_size BIGINT NOT NULL,   -- how many entries are committed
    frontier  BYTEA NOT NULL,    -- size and peaks
    epoch     BIGINT NOT NULL,   -- counts up whenever the turn goes to another node
    holder    TEXT COLLATE "C" NOT NULL, -- the node whose turn it was last; drawn by each process
    segments  BIGINT NOT NULL,   -- the highest number given to a segment
    register  BIGINT NOT NULL    -- counts changes of partners and laws, so that nodes notice them
);

-- ------------------------------------------------------------------------------------------- exchanges

-- The skeleton of each exchange. A row is replaced by its id.
CREATE TABLE exchange (
    id               BYTEA PRIMARY KEY CHECK (length(id) = 16),
    side             TEXT COLLATE "C" NOT NULL CHECK (side IN ('sender', 'receiver')), -- which side this gateway is on
    peer             TEXT COLLATE "C" NOT NULL, -- the other party
    agreement        TEXT COLLATE "C" NOT NULL, -- the pack
    agreement_digest BYTEA NOT NULL CHECK (length(agreement_digest) = 32), -- the pack's digest
    supersedes       BYTEA CHECK (length(supersedes) = 16), -- the exchange that it replaces
    offer            BYTEA CHECK (length(offer) = 32), -- the signed offer's digest, once there is one
    outcome          TEXT COLLATE "C" NOT NULL, -- what became of it so far
    whole            BIGINT NOT NULL CHECK (whole IN (0, 1)), -- whether the sender's laws permitted every class
    objects          BIGINT NOT NULL, -- how many objects went
    at               TEXT COLLATE "C" NOT NULL, -- the instant of the act
    changed_at       TEXT COLLATE "C" NOT NULL  -- the instant of the last change
);

-- The final answers given to partners' offers. Written once, never changed.
CREATE TABLE answer (
    peer        TEXT COLLATE "C" NOT NULL, -- who offered
    exchange    BYTEA NOT NULL CHECK (length(exchange) = 16),
    offer       BYTEA NOT NULL CHECK (length(offer) = 32), -- the digest of the offer that it answers
    header      BYTEA NOT NULL, -- the signed header
    signature   BYTEA NOT NULL CHECK (length(signature) = 64), -- the party's signature over the header
    cosignature TEXT COLLATE "C",          -- the cosignature line given with it
    witnessed   BIGINT,       -- the size of the partner's log that was known here then
    leaf_index  BIGINT NOT NULL, -- the entry that records it
    PRIMARY KEY (peer, exchange)
);

-- Receipts of the other side.
CREATE TABLE partner_receipt (
    exchange BYTEA PRIMARY KEY CHECK (length(exchange) = 16),
    receipt  BYTEA NOT NULL       -- the tlog-proof as received and verified
);

-- Offers that wait for their answers.
CREATE TABLE outbox (
    exchange      BYTEA PRIMARY KEY CHECK (length(exchange) = 16),
    -- Fixed when it is put here.
    peer          TEXT COLLATE "C" NOT NULL, -- whom it goes to
    header        BYTEA NOT NULL, -- the header as signed
    signature     BYTEA NOT NULL CHECK (length(signature) = 64), -- the signature over it
    bodies        BYTEA NOT NULL, -- the sealed bodies, end to end
    horizon       TEXT COLLATE "C" NOT NULL, -- when to give up
    -- Changed by each try.
    attempts      BIGINT NOT NULL, -- how many claims there were
    next_at       TEXT COLLATE "C" NOT NULL,    -- the next try
    claimed_until TEXT COLLATE "C"              -- until when a try has it to itself; null when none has
);

CREATE INDEX outbox_by_next_at ON outbox (next_at);

-- ------------------------------------------------------------------------------------------- the vault

-- Sealed blobs.
CREATE TABLE segment (
    number    BIGINT PRIMARY KEY, -- counts up in the order of sealing; key rows refer to it
    id        BYTEA NOT NULL UNIQUE CHECK (length(id) = 16),
    exchange  BYTEA CHECK (length(exchange) = 16), -- the exchange that it belongs to, where there is one
    class     BYTEA CHECK (length(class) = 16), -- the class of objects that it holds; null for an opening
    agreement TEXT COLLATE "C" NOT NULL,      -- the agreement that its records are held under
    kind      TEXT COLLATE "C" NOT NULL CHECK (kind IN ('opening', 'records')), -- what it holds
    blob      BYTEA NOT NULL       -- the ciphertext; last, so that the other columns are read without it
);

CREATE INDEX segment_by_exchange ON segment (exchange, number) WHERE exchange IS NOT NULL;

-- One row for each sealed record: while it is there, and its epoch key too, the record can be read.
CREATE TABLE key_row (
    segment     BIGINT NOT NULL REFERENCES segment (number),
    ordinal     BIGINT NOT NULL, -- the place in the segment, from 0
    "offset"    BIGINT NOT NULL, -- where in the blob the sealed record begins
    length      BIGINT NOT NULL, -- how many bytes it has there
    wrapped_key BYTEA NOT NULL CHECK (length(wrapped_key) = 60), -- the secret, wrapped by the epoch key
    commitment  BYTEA NOT NULL CHECK (length(commitment) = 32),  -- to the secret and its context
    generation  BIGINT NOT NULL, -- of the epoch key
    erase_by    BIGINT NOT NULL, -- the instant by which the record is to be erased, in seconds since 1970
    PRIMARY KEY (segment, ordinal)
);

-- What is due for erasure, and what shares an epoch key: the rows of a month lie together.
CREATE INDEX key_row_by_erase_by ON key_row (erase_by, generation);

-- ------------------------------------------------------------------------------------------ the others

-- Partner gateways.
CREATE TABLE peer (
    party    TEXT COLLATE "C" PRIMARY KEY,
    url      TEXT COLLATE "C" NOT NULL,     -- its federation listener
    identity TEXT COLLATE "C" NOT NULL      -- what it told of itself, verified when it was made known: JSON
);

-- What this gateway last cosigned of each partner's log.
CREATE TABLE witnessed (
    origin    TEXT COLLATE "C" PRIMARY KEY, -- the log
    tree_size BIGINT NOT NULL, -- the size cosigned
    root      BYTEA NOT NULL CHECK (length(root) = 32) -- the root cosigned
);

-- What partners said they know of this gateway's log: hints.
CREATE TABLE witnessed_by (
    party     TEXT COLLATE "C" PRIMARY KEY,
    tree_size BIGINT NOT NULL  -- the size that it knows
);

-- Officers of this gateway.
CREATE TABLE officer (
    name           TEXT COLLATE "C" PRIMARY KEY,
    role           TEXT COLLATE "C" NOT NULL,
    training_until TEXT COLLATE "C" NOT NULL, -- the last instant at which the training is valid
    password_hash  TEXT COLLATE "C" NOT NULL  -- argon2, in PHC form
);

-- Packs that this gateway has adopted.
CREATE TABLE adopted_law (
    number    BIGINT PRIMARY KEY, -- counts up in the order of adoption
    pack      TEXT COLLATE "C" NOT NULL,
    digest    BYTEA NOT NULL CHECK (length(digest) = 32),
    signature TEXT COLLATE "C" NOT NULL,     -- by this gateway's party key
    at        TEXT COLLATE "C" NOT NULL,     -- when
    UNIQUE (pack, digest)
);

-- Signatures of partners under packs.
CREATE TABLE law_signature (
    party     TEXT COLLATE "C" NOT NULL,
    pack      TEXT COLLATE "C" NOT NULL,
    digest    BYTEA NOT NULL CHECK (length(digest) = 32),
    signature TEXT COLLATE "C" NOT NULL,     -- by the party's key
    PRIMARY KEY (party, pack, digest)
);

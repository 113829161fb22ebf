-- Orders that data be erased or restricted wherever it went, where it went, and what is restricted here.

-- One row for each signed message that such an order came by or went out by. Each change writes the whole row under
-- the next version, where the one before is still there.
CREATE TABLE recall (
    message      BYTEA PRIMARY KEY CHECK (length(message) = 32), -- what it is known by
    recall_order BYTEA NOT NULL CHECK (length(recall_order) = 16), -- the order, the same at every gateway
    way          TEXT COLLATE "C" NOT NULL CHECK (way IN ('given', 'taken')), -- whether it went out or came in
    peer         TEXT COLLATE "C" NOT NULL,   -- whom it goes to, or whom it came from
    parent       BYTEA CHECK (length(parent) = 32), -- the message that is passed on by it; null at the origin
    header       BYTEA NOT NULL,   -- the header as signed
    signature    BYTEA NOT NULL CHECK (length(signature) = 64), -- the signature over it
    receipt      TEXT COLLATE "C",            -- the origin's receipt, where the order is another's
    leaf_index   BIGINT,         -- the entry that its receipt is for; null while there is none
    at           TEXT COLLATE "C" NOT NULL,   -- when it was made or came
    due          TEXT COLLATE "C",            -- by when every holder owes an answer; null where no law says
    version      BIGINT NOT NULL, -- how often the row was written
    answer       BYTEA,            -- the newest answer: of ours the signed header, of a partner its frame
    complete     BIGINT NOT NULL CHECK (complete IN (0, 1)), -- whether no further answer is to come
    attempts     BIGINT NOT NULL, -- how many tries there were
    next_at      TEXT COLLATE "C" NOT NULL    -- no try before this instant
);

CREATE INDEX recall_by_order ON recall (recall_order, at);
CREATE INDEX recall_open ON recall (next_at) WHERE complete = 0;
CREATE INDEX recall_by_parent ON recall (parent) WHERE parent IS NOT NULL;

-- Records given to partners that were received from others. Written once, never changed.
CREATE TABLE derived (
    exchange BYTEA NOT NULL CHECK (length(exchange) = 16), -- the exchange that gave it
    class    BYTEA NOT NULL CHECK (length(class) = 16),    -- the class of objects in it
    ordinal  BIGINT NOT NULL,    -- the record in the class, from 0
    source   BYTEA NOT NULL CHECK (length(source) = 16),   -- the exchange that it was received by
    source_class   BYTEA NOT NULL CHECK (length(source_class) = 16),
    source_ordinal BIGINT NOT NULL,
    PRIMARY KEY (source, source_class, source_ordinal, exchange, class, ordinal)
);

CREATE INDEX derived_by_exchange ON derived (exchange);

-- Exchanges whose records nobody may use. A row is replaced by its exchange.
CREATE TABLE restricted (
    exchange     BYTEA PRIMARY KEY CHECK (length(exchange) = 16),
    recall_order BYTEA NOT NULL CHECK (length(recall_order) = 16), -- by which order
    begun        TEXT COLLATE "C" NOT NULL,   -- since when
    lifted       TEXT COLLATE "C"             -- since when no more; null while it is
);

-- Which records of an exchange an order restricts. What was restricted before stays restricted whole.

ALTER TABLE restricted ADD COLUMN whole BIGINT NOT NULL DEFAULT 1 CHECK (whole IN (0, 1)); -- whatever the exchange has

-- The records of an exchange that an order restricts, where it names some.
CREATE TABLE restricted_record (
    exchange     BYTEA NOT NULL CHECK (length(exchange) = 16),
    recall_order BYTEA NOT NULL CHECK (length(recall_order) = 16), -- by which order
    class        BYTEA NOT NULL CHECK (length(class) = 16), -- the class of objects in the exchange
    ordinal      BIGINT NOT NULL, -- the record in the class, from 0
    PRIMARY KEY (exchange, recall_order, class, ordinal)
);

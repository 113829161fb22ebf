-- What persons ask takes effect: which records that were sent name somebody, so that an order to the partner can name them;
-- and what several orders restrict stays restricted until each of them is lifted.

-- One row for each identifier of a record that was sent. Goes with the opening of its entry, or with the key of its month.
CREATE TABLE subject_sent (
    month   INTEGER NOT NULL,     -- of the tag's key: yyyymm
    tag     BLOB NOT NULL CHECK (length(tag) = 16),
    segment INTEGER NOT NULL,     -- the number of the segment that holds the opening
    class   BLOB NOT NULL CHECK (length(class) = 16), -- the class of objects in the exchange
    ordinal INTEGER NOT NULL,     -- the record in the class, from 0
    PRIMARY KEY (month, tag, segment, class, ordinal)
) STRICT, WITHOUT ROWID;

CREATE INDEX subject_sent_by_opening ON subject_sent (segment);

-- Exchanges whose records nobody may use. A row is replaced by its exchange and order.
CREATE TABLE restricted_by_order (
    exchange     BLOB NOT NULL CHECK (length(exchange) = 16),
    recall_order BLOB NOT NULL CHECK (length(recall_order) = 16), -- by which order
    begun        TEXT NOT NULL,   -- since when
    lifted       TEXT,            -- since when no more; null while it is
    PRIMARY KEY (exchange, recall_order)
) STRICT, WITHOUT ROWID;

INSERT INTO restricted_by_order (exchange, recall_order, begun, lifted)
SELECT exchange, recall_order, begun, lifted FROM restricted;
DROP TABLE restricted;
ALTER TABLE restricted_by_order RENAME TO restricted;

CREATE INDEX restricted_by_its_order ON restricted (recall_order);

-- Requests that partners pass on, and that are passed on to them.
ALTER TABLE subject_request ADD COLUMN case_id BLOB CHECK (length(case_id) = 16); -- the same at every gateway; null where there is none
ALTER TABLE subject_request ADD COLUMN leaf_index INTEGER; -- the entry that a receipt about it is for
ALTER TABLE subject_request ADD COLUMN next_at TEXT;   -- when something is to be sent about it next; null where nothing is

CREATE UNIQUE INDEX subject_request_by_case ON subject_request (case_id) WHERE case_id IS NOT NULL;
CREATE INDEX subject_request_to_send ON subject_request (next_at) WHERE next_at IS NOT NULL;

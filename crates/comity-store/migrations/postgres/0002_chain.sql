-- An exchange that replaces another belongs to its chain, of which a receiver accepts one; and records that did
-- not read as their offer said are kept without a reader.

ALTER TABLE exchange ADD COLUMN chain BYTEA NOT NULL DEFAULT '\x00000000000000000000000000000000'
    CHECK (length(chain) = 16); -- the first exchange of its chain: itself, unless it replaces another

UPDATE exchange SET chain = coalesce(supersedes, id);

CREATE UNIQUE INDEX exchange_accepted_in_chain ON exchange (peer, chain)
    WHERE side = 'receiver' AND outcome = 'delivered';

ALTER TABLE segment ADD COLUMN quarantined BIGINT NOT NULL DEFAULT 0
    CHECK (quarantined IN (0, 1)); -- whether nobody may read it until it is settled

-- An exchange knows the entry that records it: found by its own row, where an index over entries had to be kept for it,
-- most of what appending an entry wrote.

ALTER TABLE exchange ADD COLUMN first_entry BIGINT; -- the first entry about it; null while there is none

UPDATE exchange SET first_entry = (SELECT min(leaf_index) FROM entry WHERE entry.exchange = exchange.id);

DROP INDEX entry_by_exchange;

-- What was found in all layers of an image together, which is quicker to read than the records of its layers
-- are to stack. `chain_id` is that of its top layer. The record stands last, so that nothing is read over it.
CREATE TABLE stack_records (
    chain_id TEXT NOT NULL,
    variant  TEXT NOT NULL,
    bytes    INTEGER NOT NULL,
    used     INTEGER NOT NULL,
    record   BLOB NOT NULL,
    PRIMARY KEY (chain_id, variant)
);
-- How large all records are and which are the oldest, without reading them.
DROP INDEX layer_records_by_use;
CREATE INDEX layer_records_by_use ON layer_records (used, bytes);
CREATE INDEX stack_records_by_use ON stack_records (used, bytes);

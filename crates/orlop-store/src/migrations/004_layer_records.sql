-- What was found in layers, in whatever form whoever found it keeps it (`variant` says how it was looked
-- for). It can be found again. Records of layers that are stored go with them; those of other layers, which
-- were looked at in a registry, are bounded by `used`: when a record was last asked for.
CREATE TABLE layer_records (
    diff_id TEXT NOT NULL,
    variant TEXT NOT NULL,
    record  BLOB NOT NULL,
    bytes   INTEGER NOT NULL,
    used    INTEGER NOT NULL,
    PRIMARY KEY (diff_id, variant)
);
CREATE INDEX layer_records_by_use ON layer_records (used);

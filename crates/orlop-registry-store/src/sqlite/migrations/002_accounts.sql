-- Accounts of machines, as the crate of access describes them (JSON).
CREATE TABLE robot (
    name    TEXT PRIMARY KEY,
    record  TEXT NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;

-- Keys that sign tokens. Who reads them can make any token: the file of the database is 0600.
CREATE TABLE signing_key (
    name    TEXT PRIMARY KEY,
    record  TEXT NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;

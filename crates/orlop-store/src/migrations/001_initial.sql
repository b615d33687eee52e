-- Digests, diff IDs and chain IDs are their text (`sha256:…`), times are nanoseconds since 1970.

-- What is in oci/blobs. A file there without a row is an orphan.
CREATE TABLE blobs (
    digest TEXT NOT NULL PRIMARY KEY,
    size   INTEGER NOT NULL,
    stored INTEGER NOT NULL
) WITHOUT ROWID;

-- Which document names which: index -> manifest -> configuration and layers. A child need not be here.
CREATE TABLE edges (
    parent TEXT NOT NULL,
    child  TEXT NOT NULL,
    PRIMARY KEY (parent, child)
) WITHOUT ROWID;
CREATE INDEX edges_by_child ON edges (child, parent);

-- What a layer blob unpacks to.
CREATE TABLE layers (
    diff_id TEXT NOT NULL,
    blob    TEXT NOT NULL,
    PRIMARY KEY (diff_id, blob)
) WITHOUT ROWID;
CREATE INDEX layers_by_blob ON layers (blob);

-- Which chains the layers of a manifest make, bottom first.
CREATE TABLE image_chains (
    manifest TEXT NOT NULL,
    position INTEGER NOT NULL,
    chain_id TEXT NOT NULL,
    PRIMARY KEY (manifest, position)
) WITHOUT ROWID;
CREATE INDEX image_chains_by_chain ON image_chains (chain_id);

-- Unpacked layers.
CREATE TABLE snapshots (
    driver   TEXT NOT NULL,
    chain_id TEXT NOT NULL,
    parent   TEXT,
    diff_id  TEXT NOT NULL,
    bytes    INTEGER NOT NULL,
    inodes   INTEGER NOT NULL,
    stored   INTEGER NOT NULL,
    PRIMARY KEY (driver, chain_id)
) WITHOUT ROWID;
CREATE INDEX snapshots_by_chain ON snapshots (chain_id);
CREATE INDEX snapshots_by_parent ON snapshots (parent);

-- In which repositories a blob is known to be: a push to the same registry can mount it from there.
CREATE TABLE sources (
    digest     TEXT NOT NULL,
    repository TEXT NOT NULL,
    PRIMARY KEY (digest, repository)
) WITHOUT ROWID;

-- Images by the digest of their target. Without a name it is dangling.
CREATE TABLE images (
    target     TEXT NOT NULL PRIMARY KEY,
    descriptor TEXT NOT NULL,
    stored     INTEGER NOT NULL
) WITHOUT ROWID;

-- Names in canonical form: repository:tag or repository@digest.
CREATE TABLE names (
    name    TEXT NOT NULL PRIMARY KEY,
    target  TEXT NOT NULL,
    updated INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX names_by_target ON names (target);

-- Each change of a name: `old` is null when it is new, `new` is null when it is gone.
CREATE TABLE name_history (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    old  TEXT,
    new  TEXT,
    at   INTEGER NOT NULL
);
CREATE INDEX name_history_by_name ON name_history (name, id);

-- What running operations keep from collection; alive while locks/lease-ID is locked.
CREATE TABLE leases (
    id      TEXT NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    created INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE lease_blobs (
    digest TEXT NOT NULL,
    lease  TEXT NOT NULL,
    PRIMARY KEY (digest, lease)
) WITHOUT ROWID;
CREATE INDEX lease_blobs_by_lease ON lease_blobs (lease);
CREATE TABLE lease_chains (
    chain_id TEXT NOT NULL,
    lease    TEXT NOT NULL,
    PRIMARY KEY (chain_id, lease)
) WITHOUT ROWID;
CREATE INDEX lease_chains_by_lease ON lease_chains (lease);

-- Facts derived from a blob, which can be computed again.
CREATE TABLE facts (
    kind   TEXT NOT NULL,
    digest TEXT NOT NULL,
    json   TEXT NOT NULL,
    PRIMARY KEY (kind, digest)
) WITHOUT ROWID;
CREATE INDEX facts_by_digest ON facts (digest);

-- Containers, as far as they use images.
CREATE TABLE containers (
    id       TEXT NOT NULL PRIMARY KEY,
    name     TEXT NOT NULL,
    image    TEXT NOT NULL,
    manifest TEXT NOT NULL,
    chain_id TEXT,
    running  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX containers_by_image ON containers (image);
CREATE INDEX containers_by_manifest ON containers (manifest);
CREATE INDEX containers_by_chain ON containers (chain_id);

-- Images mounted by the user. A row of an earlier boot, or that the mount table of its own mount
-- namespace doesn't have, is stale.
CREATE TABLE mounts (
    target    TEXT NOT NULL,
    namespace TEXT NOT NULL,
    boot      TEXT NOT NULL,
    driver    TEXT NOT NULL,
    image     TEXT,
    chain_id  TEXT,
    writable  INTEGER NOT NULL,
    created   INTEGER NOT NULL,
    PRIMARY KEY (target, namespace)
) WITHOUT ROWID;
CREATE INDEX mounts_by_image ON mounts (image);
CREATE INDEX mounts_by_chain ON mounts (chain_id);

-- Single values: `index_stale` is 1 while index.json lags behind `names`.
CREATE TABLE settings (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO settings (key, value) VALUES ('index_stale', '0');

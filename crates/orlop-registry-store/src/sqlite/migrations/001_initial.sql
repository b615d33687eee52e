-- Times are nanoseconds since 1970. Sizes are bytes.

CREATE TABLE repository (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT    NOT NULL UNIQUE,
    created_at   INTEGER NOT NULL,
    -- The sizes of its blobs and of its manifests.
    bytes        INTEGER NOT NULL DEFAULT 0,
    -- When pushes began that went on without a long pause, and when one last did something.
    push_since   INTEGER,
    push_last    INTEGER,
    -- How many changes its OCI layout on disk is behind.
    layout_stale INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX repository_stale ON repository (id) WHERE layout_stale > 0;

-- Content that a file holds. Without a row the file is nothing.
CREATE TABLE blob (
    id         INTEGER PRIMARY KEY,
    digest     TEXT    NOT NULL UNIQUE,
    size       INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- Which repository may read which blob.
CREATE TABLE repository_blob (
    repository_id INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    blob_id       INTEGER NOT NULL REFERENCES blob (id),
    -- When a client sent it, or asked for it in order to push.
    touched_at    INTEGER NOT NULL,
    PRIMARY KEY (repository_id, blob_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX repository_blob_blob ON repository_blob (blob_id);

-- Which repository has which manifest. Its bytes are a blob, which it isn't a member of by this.
CREATE TABLE manifest (
    id            INTEGER PRIMARY KEY,
    repository_id INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    digest        TEXT    NOT NULL,
    blob_id       INTEGER NOT NULL REFERENCES blob (id),
    size          INTEGER NOT NULL,
    media_type    TEXT    NOT NULL,
    artifact_type TEXT,
    subject       TEXT,
    annotations   TEXT,
    pushed_at     INTEGER NOT NULL,
    pushed_by     TEXT    NOT NULL,
    pulled_at     INTEGER,
    -- When a tag last ceased to name it.
    untagged_at   INTEGER,
    -- Since when its subject is gone, counted anew when it is pushed again or loses a tag.
    orphaned_at   INTEGER,
    UNIQUE (repository_id, digest)
) STRICT;
CREATE INDEX manifest_blob ON manifest (blob_id);
CREATE INDEX manifest_subject ON manifest (repository_id, subject, digest) WHERE subject IS NOT NULL;
CREATE INDEX manifest_orphan ON manifest (repository_id, orphaned_at) WHERE orphaned_at IS NOT NULL;

-- What a manifest names, whether it is there or not. kind: 0 a blob, 1 a manifest.
CREATE TABLE manifest_child (
    repository_id INTEGER NOT NULL,
    child         TEXT    NOT NULL,
    kind          INTEGER NOT NULL,
    manifest_id   INTEGER NOT NULL REFERENCES manifest (id) ON DELETE CASCADE,
    PRIMARY KEY (repository_id, child, kind, manifest_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX manifest_child_manifest ON manifest_child (manifest_id);

CREATE TABLE tag (
    repository_id INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    name          TEXT    NOT NULL,
    manifest_id   INTEGER NOT NULL REFERENCES manifest (id) ON DELETE CASCADE,
    pushed_at     INTEGER NOT NULL,
    pushed_by     TEXT    NOT NULL,
    pulled_at     INTEGER,
    PRIMARY KEY (repository_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_manifest ON tag (manifest_id);

-- Names, not references: an event outlives what it speaks of.
CREATE TABLE event (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    at          INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    repository  TEXT,
    tag         TEXT,
    media_type  TEXT,
    digest      TEXT,
    size        INTEGER,
    actor       TEXT    NOT NULL,
    address     TEXT,
    user_agent  TEXT,
    request_id  TEXT,
    note        TEXT
) STRICT;

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

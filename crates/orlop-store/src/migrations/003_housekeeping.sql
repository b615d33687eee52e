-- When an image was last pulled, pushed, tagged or mounted. Null in rows of schema 2: as `stored`.
ALTER TABLE images ADD COLUMN used INTEGER;

-- What commands removed, so that it can be taken back; each command that removed something is one.
CREATE TABLE removals (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    command TEXT NOT NULL,
    at      INTEGER NOT NULL
);

-- The rows of `images` that went. While `held_until` isn't null, the image's content is a root.
CREATE TABLE removed_images (
    removal    INTEGER NOT NULL,
    target     TEXT NOT NULL,
    descriptor TEXT NOT NULL,
    stored     INTEGER NOT NULL,
    used       INTEGER,
    held_until INTEGER,
    PRIMARY KEY (removal, target)
) WITHOUT ROWID;
CREATE INDEX removed_images_by_target ON removed_images (target);
CREATE INDEX removed_images_held ON removed_images (held_until) WHERE held_until IS NOT NULL;

-- The names that went.
CREATE TABLE removed_names (
    removal INTEGER NOT NULL,
    name    TEXT NOT NULL,
    target  TEXT NOT NULL,
    PRIMARY KEY (removal, name)
) WITHOUT ROWID;

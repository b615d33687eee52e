-- When somebody who may push asked for a manifest: an index that lists it may follow.
ALTER TABLE manifest ADD COLUMN touched_at INTEGER;

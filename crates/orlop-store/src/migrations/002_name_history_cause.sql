-- Why a name changed: `pulled`, `tagged`, … Null where nobody said it, and in rows of schema 1.
ALTER TABLE name_history ADD COLUMN cause TEXT;

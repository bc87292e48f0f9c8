-- What each table holds is told in store.py.
CREATE TABLE IF NOT EXISTS record (
  id INTEGER PRIMARY KEY,
  type TEXT NOT NULL,
  archived INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  archived_ms INTEGER,
  properties TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS history (
  record_id INTEGER NOT NULL,
  property TEXT NOT NULL,
  serial INTEGER NOT NULL,
  value TEXT,
  at_ms INTEGER NOT NULL,
  source_type TEXT NOT NULL,
  source_id TEXT,
  user_id INTEGER,
  PRIMARY KEY (record_id, property, serial)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS association (
  from_id INTEGER NOT NULL,
  to_type TEXT NOT NULL,
  to_id INTEGER NOT NULL,
  category TEXT NOT NULL,
  type_id INTEGER NOT NULL,
  PRIMARY KEY (from_id, to_type, to_id, category, type_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS merged (old_id INTEGER PRIMARY KEY, new_id INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS stale (
  id INTEGER PRIMARY KEY,
  type TEXT NOT NULL,
  shown_until_ms INTEGER NOT NULL,
  created_ms INTEGER,
  updated_ms INTEGER,
  properties TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS document (
  kind TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS member (
  list_id INTEGER NOT NULL, record_id INTEGER NOT NULL, added_ms INTEGER NOT NULL, PRIMARY KEY (list_id, record_id)
) STRICT, WITHOUT ROWID;

/**
 * The vault's tables.
 *
 * Key material (`owner_key.wrapped`, `secret.bytes`) is in tables that are only appended to in the order of their
 * integer key, and it is destroyed by overwriting it in place with as many zeros. That is on purpose: when SQLite
 * splits or merges pages it may leave a copy of a moved row in the unused part of a page, which `secure_delete` does
 * not reach (about one row in ten thousand, measured). Rows that never move leave no copy. What may change its length
 * or is deleted stands in tables without key material.
 *
 * Integer key 0 is never used. All-zero bytes mean destroyed.
 */
export const SCHEMA = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS vault_key (name TEXT PRIMARY KEY, wrapped BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS block (
    id INTEGER PRIMARY KEY, first INTEGER NOT NULL, size INTEGER NOT NULL, tag INTEGER NOT NULL, after TEXT NOT NULL, wrapped BLOB NOT NULL
  );
  CREATE TABLE IF NOT EXISTS owner (id TEXT PRIMARY KEY, n INTEGER NOT NULL, status TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS owner_key (n INTEGER PRIMARY KEY, owner TEXT NOT NULL, wrapped BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS secret (
    n INTEGER PRIMARY KEY, tag INTEGER NOT NULL, bytes BLOB NOT NULL,
    owner INTEGER NOT NULL, stream TEXT NOT NULL, event TEXT NOT NULL, category TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS secret_owner ON secret (owner);
  CREATE INDEX IF NOT EXISTS secret_stream ON secret (stream);
  CREATE TABLE IF NOT EXISTS claim (
    token TEXT PRIMARY KEY, owner TEXT NOT NULL, stream TEXT NOT NULL, command_id TEXT NOT NULL, confirmed INTEGER NOT NULL, freed_by TEXT
  );
  CREATE INDEX IF NOT EXISTS claim_owner ON claim (owner);
  CREATE INDEX IF NOT EXISTS claim_pending ON claim (command_id) WHERE confirmed = 0;
  CREATE INDEX IF NOT EXISTS claim_freed ON claim (freed_by) WHERE freed_by IS NOT NULL;
  CREATE TABLE IF NOT EXISTS tombstone (
    event TEXT NOT NULL, kind TEXT NOT NULL, owner TEXT NOT NULL, stream TEXT NOT NULL, of_event TEXT NOT NULL, category TEXT NOT NULL,
    at TEXT NOT NULL, PRIMARY KEY (event, kind, owner, stream, of_event, category)
  );
  CREATE INDEX IF NOT EXISTS tombstone_owner ON tombstone (owner);
  CREATE INDEX IF NOT EXISTS tombstone_stream ON tombstone (stream);
  CREATE INDEX IF NOT EXISTS tombstone_event ON tombstone (of_event);
`;

/** Rotation of the key-encryption key: every key here is wrapped anew, the events stay as they are. */
import { unwrap, wrap, type Random } from './crypto';
import type { Database } from './database';
import type { KeyRing } from './key-file';

const ROWS_AT_ONCE = 1_000;

/** The epochs that keys here are wrapped with, ascending. */
export function epochsInUse(db: Database): number[] {
  const rows = db.all<{ epoch: Uint8Array }>(
    `SELECT DISTINCT substr(wrapped, 1, 4) AS epoch
     FROM (SELECT wrapped FROM owner_key UNION ALL SELECT wrapped FROM vault_key UNION ALL SELECT wrapped FROM block)
     WHERE substr(wrapped, 1, 4) <> zeroblob(4)`,
  );
  return rows.map(({ epoch }) => Buffer.from(epoch).readUInt32BE(0)).sort((a, b) => a - b);
}

/**
 * Wraps every key that is not under the current epoch, a thousand a transaction; may be interrupted and run again.
 * @returns how many keys were wrapped anew
 */
export function rewrapAll(db: Database, ring: KeyRing, random: Random): number {
  const current = Buffer.alloc(4);
  current.writeUInt32BE(ring.current);
  const rewrap = (name: string, wrapped: Uint8Array) => wrap(ring, name, unwrap(ring, name, Buffer.from(wrapped)), random);

  const named = db.all<{ name: string; wrapped: Uint8Array }>(
    'SELECT name, wrapped FROM vault_key WHERE substr(wrapped, 1, 4) <> ?',
    current,
  );
  db.transaction(() =>
    named.forEach(({ name, wrapped }) => db.run('UPDATE vault_key SET wrapped = ? WHERE name = ?', rewrap(name, wrapped), name)),
  );
  let rotated = named.length;
  for (let last = 0; ;) {
    const rows = db.all<{ n: number; owner: string; wrapped: Uint8Array }>(
      `SELECT n, owner, wrapped FROM owner_key
       WHERE n > ? AND substr(wrapped, 1, 4) NOT IN (?, zeroblob(4)) ORDER BY n LIMIT ${ROWS_AT_ONCE}`,
      last,
      current,
    );
    if (rows.length === 0) break;
    db.transaction(() =>
      rows.forEach(({ n, owner, wrapped }) => db.run('UPDATE owner_key SET wrapped = ? WHERE n = ?', rewrap(owner, wrapped), n)),
    );
    rotated += rows.length;
    last = rows[rows.length - 1]!.n;
  }
  db.truncateWal();
  return rotated;
}

/** Opens the vault that belongs to a history, and its key file; both are made where the history is new. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { pooledRandom } from './crypto';
import { Database } from './database';
import { KeyFileRefused, VaultMismatch } from './errors';
import { createKeyFile, loadKeyRing } from './key-file';
import { Vault } from './vault';

/**
 * Vault and history name each other: a history begins with an event whose id its vault has made. So a vault beside
 * other events is found at once, and not when the first value does not open.
 *
 * @param first id of the history's first event; undefined where there is no event yet
 * @returns the vault, the id that the first event is to have, or has, and where the keys are
 * @throws VaultMismatch; KeyFileRefused; VaultInUse; KeyLost where the key file is another vault's
 */
export function openVault({
  file,
  keyFile: keyFileOf,
  first,
  clock,
}: {
  file: string;
  /** Where the keys are, by the id of the history's first event. */
  keyFile: (firstEvent: string) => string;
  first: string | undefined;
  clock: () => Date;
}): { vault: Vault; firstEvent: string; keyFile: string } {
  const db = new Database(file);
  try {
    const firstEvent = checkHistory(db, first);
    const keyFile = keyFileOf(firstEvent);
    const isNew = db.get('SELECT 1 FROM vault_key') === undefined;
    if (!isNew && !existsSync(keyFile))
      throw new KeyFileRefused(keyFile, `it is not there, and without it nothing in ${file} can be opened`);
    const keys = existsSync(keyFile) ? loadKeyRing(keyFile) : createKeyFile(keyFile, pooledRandom());
    return { vault: new Vault({ file, keys, clock }, db), firstEvent, keyFile };
  } catch (error) {
    db.close();
    throw error;
  }
}

function checkHistory(db: Database, first: string | undefined): string {
  const row = db.get<{ value: string }>("SELECT value FROM meta WHERE name = 'first'");
  const isUsed = db.get('SELECT 1 FROM owner') !== undefined;
  if (first === undefined && isUsed) throw new VaultMismatch(db.file, 'it holds keys, and there is no event');
  if (first !== undefined && row === undefined && !isUsed) throw new VaultMismatch(db.file, 'there are events, and it is new');
  if (first !== undefined && row !== undefined && row.value !== first) throw new VaultMismatch(db.file, 'they begin with another event');
  if (row !== undefined) return row.value;
  const value = first ?? randomUUID();
  db.transaction(() => db.run("INSERT INTO meta (name, value) VALUES ('first', ?)", value));
  return value;
}

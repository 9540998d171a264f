/** A vault in a folder of its own, for specs: it can be left as a kill would leave it, and its bytes can be looked at. */
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import type { Sealed } from '@rapport/kernel/events';
import { pooledRandom } from '../crypto';
import { createKeyFile, loadKeyRing } from '../key-file';
import { Vault, type FieldToSeal, type VaultOptions } from '../vault';
import { commitsInLog } from './wal';

type Options = Partial<Pick<VaultOptions, 'random' | 'reserve' | 'ownerKeyLife'>>;
export type Use = { owner: string; stream: string; event: string; category: string; secret: string };

export const SOMETIME = new Date('2026-01-01T00:00:00.000Z');
export const uuid = (n: number) => `00000000-0000-8000-8000-${String(n).padStart(12, '0')}`;

export class Place {
  private readonly folders: string[] = [];
  private readonly vaults: Vault[] = [];
  readonly keyFile: string;
  vault: Vault;

  constructor(private readonly options: Options = {}) {
    const keys = mkdtempSync(join(tmpdir(), 'rapport-vault-'));
    this.folders.push(keys);
    this.keyFile = join(keys, 'test.key');
    createKeyFile(this.keyFile, pooledRandom());
    this.newFolder();
    this.vault = this.open();
  }

  /** Where the vault is now. */
  get folder(): string {
    return this.folders[this.folders.length - 1]!;
  }

  get file(): string {
    return join(this.folder, 'vault.db');
  }

  private newFolder(): void {
    this.folders.push(mkdtempSync(join(tmpdir(), 'rapport-vault-')));
  }

  private open(options = this.options): Vault {
    const vault = new Vault({ file: this.file, keys: loadKeyRing(this.keyFile), clock: () => SOMETIME, ...options });
    this.vaults.push(vault);
    return vault;
  }

  /** Closes it properly and opens it again, with the keys that are in the key file now. */
  reopen(options = this.options): Vault {
    this.vault.close();
    return (this.vault = this.open(options));
  }

  /** Goes on with the files as they are at this instant, as the next process does after a kill. The old one is of no more use. */
  crash(options = this.options): Vault {
    const from = this.folder;
    this.newFolder();
    for (const name of readdirSync(from)) copyFileSync(join(from, name), join(this.folder, name));
    return (this.vault = this.open(options));
  }

  /** A look at, or a change of, the closed file behind the vault's back. */
  raw<T>(work: (db: InstanceType<typeof DatabaseSync>) => T): T {
    this.vault.close();
    const db = new DatabaseSync(this.file);
    try {
      return work(db);
    } finally {
      db.exec('PRAGMA journal_mode = DELETE');
      db.close();
      this.vault = this.open();
    }
  }

  /** Whether bytes are anywhere in the vault's files, write-ahead log and free pages included. */
  holds(bytes: Uint8Array): boolean {
    return readdirSync(this.folder).some((name) => readFileSync(join(this.folder, name)).includes(Buffer.from(bytes)));
  }

  /** How many transactions the write-ahead log holds. */
  commits(): number {
    return commitsInLog(this.file);
  }

  /** Seals one value, as an event that was read back holds it. */
  seal(stream: string, event: string, owner: string, value: unknown, category = 'contact', field = 'text'): Sealed {
    return this.sealAll(stream, event, [{ field, owner, category, value }])[0]!;
  }

  sealAll(stream: string, event: string, fields: FieldToSeal[]): Sealed[] {
    const sealed = this.vault.sealFields(stream, event, fields);
    return fields.map(({ field }) => ({ ...sealed.get(field)!, at: `${event}/${field}` }));
  }

  close(): void {
    for (const vault of this.vaults) vault.close();
    for (const folder of this.folders) rmSync(folder, { recursive: true, force: true });
  }
}

/** What `sweep` is told of a sealed value in an event. */
export function useOf(stream: string, { at, owner, category, secret }: Sealed): Use {
  return { stream, event: at!.slice(0, at!.indexOf('/')), owner, category, secret };
}

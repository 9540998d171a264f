/** The stores of one installation, opened for writing: the events, the vault with its keys, and where the read models are. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openEventStore, type EmbeddedEventStore, type EventStore } from '@rapport/event-store';
import { isSealed } from '@rapport/kernel';
import { createKeyFile, keyFilePath, loadKeyRing, pooledRandom, Vault } from '@rapport/vault';
import type { Configuration } from './configuration';

export interface Stores {
  readonly store: EventStore | EmbeddedEventStore;
  readonly vault: Vault;
  readonly keyFile: string;
  /** As a worker opens the event store anew. */
  readonly storeConfig: { readonly url: string | undefined; readonly dataDir: string };
  readonly readModelFile: string;
  /** The module of the projections, for `runProjections`. */
  readonly projectionsModule: string;
  close(): Promise<void>;
}

/** The folder of the project, from source or from `dist`. */
export function projectRoot(): string {
  for (let folder = __dirname; ; folder = join(folder, '..')) if (existsSync(join(folder, 'nest-cli.json'))) return folder;
}

/** @throws StoreLocked, VaultInUse where another process has them; EventStoreUnavailable, KeyFileRefused */
export async function openStores({ dataDir, eventStoreUrl }: Pick<Configuration, 'dataDir' | 'eventStoreUrl'>): Promise<Stores> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const storeConfig = { url: eventStoreUrl, dataDir };
  const store = await openEventStore(storeConfig);
  let vault: Vault | undefined;
  try {
    const storeId = 'storeId' in store ? store.storeId : createHash('sha256').update(eventStoreUrl!).digest('hex').slice(0, 32);
    const keyFile = keyFilePath(process.env, storeId, dataDir);
    const keys = existsSync(keyFile) ? loadKeyRing(keyFile) : createKeyFile(keyFile, pooledRandom());
    const opened = new Vault({ file: join(dataDir, 'vault.db'), keys, clock: () => new Date() });
    vault = opened;
    if (opened.needsSweep) await sweep(store, opened);
    return {
      store,
      vault: opened,
      keyFile,
      storeConfig,
      readModelFile: join(dataDir, 'read.db'),
      projectionsModule: join(projectRoot(), ...(__filename.endsWith('.ts') ? ['projections'] : ['dist', 'projections']), 'index'),
      close: async () => {
        await store.close();
        opened.close();
      },
    };
  } catch (error) {
    vault?.close();
    await store.close();
    throw error;
  }
}

/** After a crash: gives the secrets that events use their rows, and destroys what no event uses. */
async function sweep(store: EventStore, vault: Vault): Promise<void> {
  const uses: Parameters<Vault['sweep']>[0] extends Iterable<infer U> ? U[] : never = [];
  for (let from: string | undefined; ;) {
    const events = await store.readAll({ direction: 'backwards', from, limit: 2_000 });
    for (const event of events) {
      for (const value of Object.values(event.data)) {
        if (isSealed(value))
          uses.push({ secret: value.secret, owner: value.owner, category: value.category, stream: event.stream, event: event.id });
      }
    }
    if (events.length === 0) break;
    from = events[events.length - 1]!.position;
  }
  vault.sweep(uses);
}

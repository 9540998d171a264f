/** The stores of one installation, opened for writing: the events, the vault with its keys, and where the read models are. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { declarations } from '@rapport/domain';
import { openEventStore, type EmbeddedEventStore, type EventStore } from '@rapport/event-store';
import { recover } from '@rapport/kernel/recovery';
import { keyFilePath, openVault, type Vault } from '@rapport/vault';
import type { Configuration } from './configuration';

export interface Stores {
  readonly store: EventStore | EmbeddedEventStore;
  readonly vault: Vault;
  /** The id that the first event has, or is to have: vault and events know each other by it. */
  readonly firstEvent: string;
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

/** The version of the software. */
export function versionOf(): string {
  return (JSON.parse(readFileSync(join(projectRoot(), 'package.json'), 'utf8')) as { version: string }).version;
}

/** The event store is in use by another program. */
export class ForeignHistory extends Error {
  override readonly name = 'ForeignHistory';
  constructor({ stream, type }: { readonly stream: string; readonly type: string }) {
    super(`The event store begins with ${type} in ${stream}, which is not an event of Rapport. Give Rapport an event store of its own.`);
  }
}

/**
 * @throws StoreLocked, VaultInUse where another process has them; EventStoreUnavailable, ForeignEvent, ForeignHistory,
 * KeyFileRefused, VaultMismatch
 */
export async function openStores({ dataDir, eventStoreUrl }: Pick<Configuration, 'dataDir' | 'eventStoreUrl'>): Promise<Stores> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const storeConfig = { url: eventStoreUrl, dataDir };
  const store = await openEventStore(storeConfig);
  let vault: Vault | undefined;
  try {
    const [first] = await store.readAll({ limit: 1 });
    if (first !== undefined && !declarations.some(({ type }) => type === first.type)) throw new ForeignHistory(first);
    const opened = openVault({
      file: join(dataDir, 'vault.db'),
      // A server's address may change; the history stays the same.
      keyFile: (firstEvent) => keyFilePath(process.env, 'storeId' in store ? store.storeId : firstEvent, dataDir),
      first: first?.id,
      clock: () => new Date(),
    });
    vault = opened.vault;
    await recover(store, opened.vault);
    return {
      store,
      ...opened,
      storeConfig,
      readModelFile: join(dataDir, 'read.db'),
      projectionsModule: join(projectRoot(), ...(__filename.endsWith('.ts') ? ['projections'] : ['dist', 'projections']), 'index'),
      close: async () => {
        await store.close();
        opened.vault.close();
      },
    };
  } catch (error) {
    vault?.close();
    await store.close();
    throw error;
  }
}

/** The stores of this installation for a command that needs them to itself, so while no server runs. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { eventsFile, StoreLocked } from '@rapport/event-store';
import { VaultInUse } from '@rapport/vault';
import { readConfiguration } from '../../server/src/configuration';
import { openStores, type Stores } from '../../server/src/stores';
import { Stop } from './stop';

/**
 * Opens the stores for as long as `work` takes; no server can start meanwhile.
 * @throws Stop where there is nothing yet, or a server runs
 */
export async function withStores<T>(work: (stores: Stores) => T | Promise<T>): Promise<T> {
  const configuration = readConfiguration(process.env);
  const { dataDir, eventStoreUrl } = configuration;
  const [file, made] = eventStoreUrl === undefined ? [eventsFile(dataDir), 'store'] : [join(dataDir, 'vault.db'), 'vault'];
  if (!existsSync(file)) {
    throw new Stop(`There is no ${made} in ${dataDir} yet. Set DATA_DIR as for the server; the server makes it when it first starts.`);
  }
  const stores = await openStores(configuration).catch((error: unknown) => {
    throw error instanceof StoreLocked || error instanceof VaultInUse ? new Stop(runs(error)) : error;
  });
  try {
    return await work(stores);
  } finally {
    await stores.close();
  }
}

function runs(error: StoreLocked | VaultInUse): string {
  const { pid, address } = error instanceof StoreLocked ? error.holder : {};
  const who = [...(pid === undefined ? [] : [`process ${pid}`]), ...(address === undefined ? [] : [address])].join(', ');
  return `A server runs on these stores${who === '' ? '' : ` (${who})`}. Stop it, run this command again, and start it afterwards.`;
}

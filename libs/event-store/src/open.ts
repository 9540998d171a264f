import { join } from 'node:path';
import { openEmbeddedEventStore, type EmbeddedEventStore } from './embedded/store';
import { openEventStoreDB } from './eventstoredb/store';
import type { EventStore } from './port';

/** The file of the embedded store in the data folder. */
export function eventsFile(dataDir: string): string {
  return join(dataDir, 'events.db');
}

/**
 * Opens the store that the configuration names.
 *
 * @param url EVENT_STORE_URL: `esdb://…` or `esdb+discover://…`; undefined or empty for the embedded store
 * @param dataDir DATA_DIR, for the embedded store; created where it does not exist
 * @returns the embedded store also tells its `storeId` and takes its `announce`: `'storeId' in store`
 * @throws EventStoreUnavailable, StoreLocked
 */
export async function openEventStore({
  url,
  dataDir,
  readOnly,
}: {
  url?: string;
  dataDir: string;
  readOnly?: boolean;
}): Promise<EventStore | EmbeddedEventStore> {
  if (url === undefined || url === '') return openEmbeddedEventStore({ file: eventsFile(dataDir), readOnly });
  if (!/^esdb(\+discover)?:\/\//.test(url)) throw new Error('EVENT_STORE_URL must begin with esdb:// or esdb+discover://.');
  return openEventStoreDB(url);
}

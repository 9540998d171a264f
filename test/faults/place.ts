/** A server whose purposes and colleagues are set up, and what can be found in its files while it runs or after. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { dataCategories } from '@rapport/domain';
import { eventsFile, openEmbeddedEventStore, type StoredEvent } from '@rapport/event-store';
import { isSealed, type Sealed } from '@rapport/kernel/events';
import { recover } from '@rapport/kernel/recovery';
import { declarations, projections } from '@rapport/projections';
import { compare, rebuild } from '@rapport/read-model';
import { openVault } from '@rapport/vault';
import { TestServer } from '../http/server';
import { about } from './load';

const PURPOSE = {
  slug: about.purpose,
  title: 'Customer service',
  explanation: 'We answer what you ask.',
  categories: dataCategories,
  subjects: ['customer-contact', 'colleague'],
  basis: 'contract',
  retention: dataCategories.map((category) => ({ category, keep: 'P2Y', from: 'last-contact' })),
};

/** The environment of a server that has bad luck: see `inject.ts`. */
export const unlucky = (more: { readonly FAULT?: string; readonly THREAD?: string }): NodeJS.ProcessEnv => ({
  NODE_OPTIONS: `--require ${join(__dirname, '..', '..', 'dist', 'test', 'faults', 'inject.js')}`,
  ...more,
});

/** Sends a command that has to be taken. @returns the id it was answered with */
export async function send(server: TestServer, by: string, method: string, path: string, body: object): Promise<string> {
  const { status, body: answer } = await server.call(by, method, path, body);
  if (status >= 300) throw new Error(`${path} was answered ${status}: ${JSON.stringify(answer)}`);
  return answer['id'] as string;
}

/** Lets Petra, and Sam of the service desk, work with personal data. */
export async function setUp(server: TestServer): Promise<void> {
  await send(server, 'petra', 'POST', '/v1/purposes', PURPOSE);
  const sam = await send(server, 'petra', 'POST', '/v1/people', { ...about, relationship: 'colleague', name: 'Sam' });
  await send(server, 'petra', 'POST', `/v1/people/${sam}/sign-ins`, { ...about, issuer: `${server.url}/identity`, subject: 'sam' });
  await send(server, 'petra', 'POST', `/v1/staff/${sam}/roles`, { role: 'support' });
  const day = (later: number) => new Date(Date.now() + later * 86_400_000).toISOString().slice(0, 10);
  await send(server, 'petra', 'POST', `/v1/staff/${sam}/trainings`, { completedOn: day(-1), validUntil: day(300) });
}

/** What the events are, read beside the server or without it. @param from position, exclusive */
export async function eventsOf(server: TestServer, from?: string): Promise<StoredEvent[]> {
  const store = await openEmbeddedEventStore({ file: eventsFile(server.dataDir), readOnly: true });
  try {
    return await store.readAll({ from });
  } finally {
    await store.close();
  }
}

/** Opens every sealed value there is, of a server that has stopped. @returns event, field and what it is, of each; throws where one is lost */
export async function openAll(server: TestServer): Promise<{ event: StoredEvent; field: string; value: unknown }[]> {
  const config = join(server.folder, 'config', 'rapport');
  const keyFile = join(
    config,
    readdirSync(config).find((name) => name.endsWith('.key'))!,
  );
  const store = await openEmbeddedEventStore({ file: eventsFile(server.dataDir) });
  const events = await store.readAll();
  const { vault } = openVault({
    file: join(server.dataDir, 'vault.db'),
    keyFile: () => keyFile,
    first: events[0]?.id,
    clock: () => new Date(),
  });
  try {
    await recover(store, vault);
    return events.flatMap((event) =>
      Object.entries(event.data).flatMap(([field, value]) =>
        isSealed(value) ? [{ event, field, value: vault.open({ ...(value as Sealed), at: `${event.id}/${field}` }) }] : [],
      ),
    );
  } finally {
    vault.close();
    await store.close();
  }
}

/** Lets a server that has stopped catch up, stops it, and rebuilds its read models beside its own. @returns the tables that differ */
export async function differFromRebuild(server: TestServer): Promise<string[]> {
  await server.start();
  for (;;) {
    const { position } = (await server.call(undefined, 'GET', '/health/ready')).body;
    if (position === (await eventsOf(server)).at(-1)!.position) break;
  }
  await server.kill('SIGKILL');
  const file = join(server.folder, 'rebuilt.db');
  if (existsSync(file)) throw new Error('They were rebuilt before.');
  const store = await openEmbeddedEventStore({ file: eventsFile(server.dataDir), readOnly: true });
  await rebuild({ store, file, projections, declarations });
  await store.close();
  return compare(join(server.dataDir, 'read.db'), file);
}

/**
 * A process for the specs that kill: applies a history, and kills itself where it is told to, as a power cut would.
 * Arguments: `follow` or `rebuild`; the file; the number of events; the event in whose handling it dies, or `end`.
 */
import { declarationsOf } from '@rapport/kernel/recorded';
import { follow } from '../follow';
import type { Projection } from '../projection';
import { Projector } from '../projector';
import { rebuild } from '../rebuild';
import { openForWriting } from '../sqlite';
import { eventId, storedEvents } from '../testing';
import { declarations, history, projections } from './sample';
import { StoreDouble } from './store.double';

const [mode, file = '', count = '0', dieAt = ''] = process.argv.slice(2);
const die = () => process.kill(process.pid, 'SIGKILL');

const mortal: Projection[] = projections.map((projection) => ({
  ...projection,
  onEvery: (event) => {
    if (event.id === eventId(Number(dieAt))) die();
    return projection.onEvery?.(event) ?? [];
  },
}));
const store = new StoreDouble(storedEvents(history(Number(count)))).asStore;

async function main(): Promise<void> {
  if (mode === 'follow')
    await follow(store, new Projector(openForWriting(file), mortal, declarationsOf(declarations)), () => undefined, { batchSize: 100 });
  else
    await rebuild({
      store,
      file,
      projections: mortal,
      declarations,
      batchSize: 100,
      onProgress: (events) => void (dieAt === 'end' && events === Number(count) && die()),
    });
}

void main();

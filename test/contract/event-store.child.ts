/** A process of its own for the tests of the embedded store: it is locked out, killed, or reads beside the writer. */
import { EMBEDDED_FILE, plan } from './event-store.plan';
import { openEmbeddedEventStore, StoreLocked } from '../../libs/event-store/src';

const [mode = '', directory = '', ...streams] = process.argv.slice(2);

const tell = (message: unknown) => process.send?.(message);

async function main(): Promise<void> {
  const store = await openEmbeddedEventStore({ file: EMBEDDED_FILE(directory), readOnly: mode === 'follow' });
  store.announce('http://127.0.0.1:3000');
  tell({ opened: process.pid });
  if (mode === 'follow') {
    for await (const { events } of store.subscribe()) for (const { id } of events) tell({ seen: id });
  }
  if (mode === 'load') {
    await Promise.all(
      streams.map(async (stream) => {
        for (let n = 0; ; n++) {
          const { expected, events } = plan(stream, n);
          await store.append(stream, expected, events);
          tell({ acknowledged: n, stream });
        }
      }),
    );
  }
}

main().catch((error: unknown) => {
  tell({
    failed: (error as Error).name,
    message: (error as Error).message,
    holder: error instanceof StoreLocked ? error.holder : undefined,
  });
  process.disconnect();
});

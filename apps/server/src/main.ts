import 'reflect-metadata';
import { pino } from 'pino';
import { startServer } from './application';
import { readConfiguration } from './configuration';

async function main(): Promise<void> {
  const log = pino({ base: undefined });
  const server = await startServer(readConfiguration(process.env), log);
  log.info({ url: server.url }, 'Rapport is ready');
  if (server.introduction !== undefined) process.stdout.write(server.introduction);
  const stop = () => {
    server.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ error: { name: (error as Error).name } }, 'Stopping failed');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

main().catch((error: unknown) => {
  // Before anything is served there is no personal value in an error: its message says what to do.
  process.stderr.write(`${error instanceof Error ? `${error.name}: ${error.message}` : 'The start failed.'}\n`);
  process.exit(1);
});

/** The server that commands are sent to: the one that runs, or one that this process runs for as long as it takes. */
import { setTimeout as pause } from 'node:timers/promises';
import { readLockHolder, StoreLocked } from '@rapport/event-store';
import { pino } from 'pino';
import { readConfiguration, type Configuration } from '../../server/src/configuration';
import { Stop } from './stop';
import { credentialsIn, isLoopback, TokenSource } from './token';

export interface Server {
  /** Without a slash at the end. */
  readonly url: string;
  readonly tokens: TokenSource;
  /** Ends a server that was started here. */
  close(): Promise<void>;
}

/** How long a server that is starting may take until it serves, in milliseconds. */
const PATIENCE = 60_000;
const LOOK_AGAIN = 200;

/**
 * Reaches a server: the one RAPPORT_URL names; the one that has the embedded store open; else one is started here, on
 * a free port of this machine.
 * @throws Stop
 */
export async function reachServer(env: NodeJS.ProcessEnv): Promise<Server> {
  const configuration = readConfiguration(env);
  const { issuer, audience } = configuration;
  const credentials = credentialsIn(env, issuer, audience);
  const { url, close } = await locate(env['RAPPORT_URL'] || undefined, configuration);
  return { url, tokens: new TokenSource(credentials, url), close };
}

/** As `reachServer`, for a command that has a token of somebody's own. @throws Stop */
export function locateServer(env: NodeJS.ProcessEnv): Promise<Pick<Server, 'url' | 'close'>> {
  return locate(env['RAPPORT_URL'] || undefined, readConfiguration(env));
}

async function locate(named: string | undefined, configuration: Configuration): Promise<Pick<Server, 'url' | 'close'>> {
  if (named !== undefined) return { url: checked(named), close: async () => undefined };
  for (const until = Date.now() + PATIENCE; ;) {
    const holder = configuration.eventStoreUrl === undefined ? readLockHolder(configuration.dataDir) : undefined;
    if (holder?.address !== undefined) return { url: holder.address, close: async () => undefined };
    if (holder === undefined) {
      const started = await start(configuration);
      if (started !== undefined) return started;
    }
    if (Date.now() > until) {
      const { pid } = holder ?? {};
      throw new Stop(
        `${pid === undefined ? 'A process' : `Process ${pid}`} has the stores in ${configuration.dataDir} open and serves nothing. Wait for it, or stop it.`,
      );
    }
    await pause(LOOK_AGAIN);
  }
}

/** @returns undefined where another process has just opened the store */
async function start(configuration: Configuration): Promise<Pick<Server, 'url' | 'close'> | undefined> {
  try {
    // Only here: commands that need no server of their own start in a fraction of the time.
    const { startServer } = await import('../../server/src/application.js');
    const log = pino({ base: undefined, level: 'error' }, pino.destination({ dest: 2, sync: true }));
    return await startServer(configuration, log, 0);
  } catch (error) {
    if (error instanceof StoreLocked) return undefined;
    throw error;
  }
}

function checked(url: string): string {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new Stop('RAPPORT_URL is expected as the address of the server, such as https://rapport.example.org.');
  }
  if (new URL(url).protocol === 'http:' && !isLoopback(url)) {
    throw new Stop('RAPPORT_URL must begin with https:// where the server is another machine: people’s data is sent to it.');
  }
  return url.replace(/\/+$/, '');
}

/** The file of key-encryption keys: one line an epoch, `epoch:base64(32 bytes)`. It is never kept beside the vault. */
import { chmodSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { KEY_BYTES, type Random } from './crypto';
import { KeyFileRefused } from './errors';

export interface KeyRing {
  /** The epoch new keys are wrapped with: the highest. */
  readonly current: number;
  readonly epochs: readonly number[];
  get(epoch: number): Buffer | undefined;
}

function ringOf(keys: ReadonlyMap<number, Buffer>): KeyRing {
  const epochs = [...keys.keys()].sort((a, b) => a - b);
  return { current: epochs[epochs.length - 1]!, epochs, get: (epoch) => keys.get(epoch) };
}

function parse(file: string): Map<number, Buffer> {
  const keys = new Map<number, Buffer>();
  for (const [index, line] of readFileSync(file, 'utf8').split('\n').entries()) {
    if (line.trim() === '') continue;
    const match = /^([1-9]\d{0,8}):([A-Za-z0-9+/]{43}=)$/.exec(line.trim());
    if (!match) throw new KeyFileRefused(file, `line ${index + 1} is not "epoch:base64 of ${KEY_BYTES} bytes"`);
    if (keys.has(Number(match[1]))) throw new KeyFileRefused(file, `line ${index + 1} has an epoch that is there already`);
    keys.set(Number(match[1]), Buffer.from(match[2]!, 'base64'));
  }
  if (keys.size === 0) throw new KeyFileRefused(file, 'it holds no key');
  return keys;
}

function write(file: string, keys: ReadonlyMap<number, Buffer>): void {
  const text = [...keys].map(([epoch, key]) => `${epoch}:${key.toString('base64')}\n`).join('');
  const beside = `${file}.new`;
  const fd = openSync(beside, 'w', 0o600);
  writeSync(fd, text);
  fsyncSync(fd);
  closeSync(fd);
  renameSync(beside, file);
}

/** @throws KeyFileRefused where others can read it, or it is not well-formed */
export function loadKeyRing(file: string): KeyRing {
  if (!existsSync(file)) throw new KeyFileRefused(file, 'it is not there');
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) {
    throw new KeyFileRefused(file, 'others than its owner can read it: chmod 600');
  }
  return ringOf(parse(file));
}

/** Makes a file with one key, readable by its owner only. @throws KeyFileRefused where there is one */
export function createKeyFile(file: string, random: Random): KeyRing {
  if (existsSync(file)) throw new KeyFileRefused(file, 'it is there already');
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  write(file, new Map([[1, random(KEY_BYTES)]]));
  chmodSync(file, 0o600);
  return loadKeyRing(file);
}

/** Adds an epoch, which becomes the current one. Then `Vault.rotate`. */
export function addEpoch(file: string, random: Random): KeyRing {
  const keys = new Map(loadKeyRing(file).epochs.map((epoch) => [epoch, loadKeyRing(file).get(epoch)!]));
  write(file, keys.set(Math.max(...keys.keys()) + 1, random(KEY_BYTES)));
  return loadKeyRing(file);
}

/** Destroys an old epoch. @param inUse the epochs the vault still needs @throws KeyFileRefused where it is one of them */
export function dropEpoch(file: string, epoch: number, inUse: readonly number[]): KeyRing {
  if (inUse.includes(epoch)) throw new KeyFileRefused(file, `epoch ${epoch} still wraps keys: rotate first`);
  const ring = loadKeyRing(file);
  if (ring.current === epoch) throw new KeyFileRefused(file, `epoch ${epoch} is the current one: add another first`);
  write(file, new Map(ring.epochs.filter((other) => other !== epoch).map((other) => [other, ring.get(other)!])));
  return loadKeyRing(file);
}

/**
 * Where the keys are: RAPPORT_KEY_FILE; in development the user's configuration folder, by the store's own id.
 * @throws KeyFileRefused in production without RAPPORT_KEY_FILE, or where it is inside the data folder
 */
export function keyFilePath(env: NodeJS.ProcessEnv, storeId: string, dataDir: string): string {
  const named = env['RAPPORT_KEY_FILE'];
  if (!named && env['NODE_ENV'] === 'production')
    throw new KeyFileRefused('RAPPORT_KEY_FILE', 'production needs it: a file of keys, kept apart from the data');
  const file = resolve(named || join(env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'rapport', `${storeId}.key`));
  const inside = relative(resolve(dataDir), file);
  if (!inside.startsWith('..') && !isAbsolute(inside)) {
    throw new KeyFileRefused(file, 'it is inside the data folder, so that every copy of the data would hold its own keys');
  }
  return file;
}

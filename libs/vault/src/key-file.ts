/** The file of key-encryption keys: one line an epoch, `epoch:base64(32 bytes)`. It is never kept beside the vault. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
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

/** @throws KeyFileRefused where it is not there, others can read it, or it is not well-formed */
function read(file: string): Map<number, Buffer> {
  if (!existsSync(file)) throw new KeyFileRefused(file, 'it is not there');
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) {
    throw new KeyFileRefused(file, 'others than its owner can read it: chmod 600');
  }
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

/** Writes a file beside it, durably, and hands it to `place`, which puts it into its place in one step. */
function write(file: string, keys: ReadonlyMap<number, Buffer>, place: (beside: string) => void): void {
  const beside = `${file}.new`;
  // One that a crash left behind may have another mode.
  rmSync(beside, { force: true });
  const fd = openSync(beside, 'wx', 0o600);
  try {
    writeSync(fd, [...keys].map(([epoch, key]) => `${epoch}:${key.toString('base64')}\n`).join(''));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  place(beside);
  syncFolder(dirname(file));
}

/** Makes a name durable: without it a power cut could bring the old file back, after keys were wrapped with the new one. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return; // Folders cannot be opened there; NTFS journals names.
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Replaces the file; the bytes of the old one are overwritten, so that no block of the disk keeps a key that was dropped. */
function replace(file: string, keys: ReadonlyMap<number, Buffer>): void {
  const old = openSync(file, 'r+');
  try {
    write(file, keys, (beside) => renameSync(beside, file));
    const { size } = statSync(file);
    writeSync(old, Buffer.alloc(Math.max(size, 4096)), 0, undefined, 0);
    fsyncSync(old);
    ftruncateSync(old, 0);
  } finally {
    closeSync(old);
  }
}

/** @throws KeyFileRefused where it is not there, others can read it, or it is not well-formed */
export function loadKeyRing(file: string): KeyRing {
  return ringOf(read(file));
}

/** Makes a file with one key, readable by its owner only; durable when this returns. @throws KeyFileRefused where there is one */
export function createKeyFile(file: string, random: Random): KeyRing {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  write(file, new Map([[1, random(KEY_BYTES)]]), (beside) => {
    try {
      linkSync(beside, file); // Unlike a rename, it never replaces a file that came in between.
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? new KeyFileRefused(file, 'it is there already') : error;
    } finally {
      rmSync(beside);
    }
  });
  return loadKeyRing(file);
}

/** Adds an epoch, which becomes the current one; durable when this returns. Then `Vault.rotate`. */
export function addEpoch(file: string, random: Random): KeyRing {
  const keys = read(file);
  replace(file, keys.set(Math.max(...keys.keys()) + 1, random(KEY_BYTES)));
  return loadKeyRing(file);
}

/**
 * Destroys an old epoch. What is wrapped with it in a backup is erased with it.
 * @param inUse the epochs the vault still needs @throws KeyFileRefused where it is one of them, the current one, or not there
 */
export function dropEpoch(file: string, epoch: number, inUse: readonly number[]): KeyRing {
  if (inUse.includes(epoch)) throw new KeyFileRefused(file, `epoch ${epoch} still wraps keys: rotate first`);
  const keys = read(file);
  if (Math.max(...keys.keys()) === epoch) throw new KeyFileRefused(file, `epoch ${epoch} is the current one: add another first`);
  if (!keys.delete(epoch)) throw new KeyFileRefused(file, `it has no epoch ${epoch}`);
  replace(file, keys);
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
  const way = relative(real(dataDir), real(file));
  if (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)) {
    throw new KeyFileRefused(file, 'it is inside the data folder, so that every copy of the data would hold its own keys');
  }
  return file;
}

/** The path with no symbolic link in it, as far as it exists. */
function real(path: string): string {
  const absolute = resolve(path);
  if (existsSync(absolute)) return realpathSync(absolute);
  return dirname(absolute) === absolute ? absolute : join(real(dirname(absolute)), basename(absolute));
}

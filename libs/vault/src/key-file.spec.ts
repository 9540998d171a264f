import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pooledRandom } from './crypto';
import { KeyFileRefused } from './errors';
import { addEpoch, createKeyFile, dropEpoch, keyFilePath, loadKeyRing } from './key-file';

const random = pooledRandom();

describe('The key file', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rapport-keys-'));
    file = join(folder, 'new', 'test.key');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is made once, readable by its user only, and read as it was made', () => {
    const ring = createKeyFile(file, random);
    expect(ring).toMatchObject({ current: 1, epochs: [1] });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(loadKeyRing(file).get(1)).toEqual(ring.get(1));
    expect(() => createKeyFile(file, random)).toThrow(KeyFileRefused);
    expect(loadKeyRing(file).get(1)).toEqual(ring.get(1));
    expect(readdirSync(join(folder, 'new'))).toEqual(['test.key']);
  });

  it('takes further epochs, the newest being the current one, and lets go of old ones that nothing needs', () => {
    const first = createKeyFile(file, random).get(1);
    const ring = addEpoch(file, random);
    expect(ring).toMatchObject({ current: 2, epochs: [1, 2] });
    expect(ring.get(1)).toEqual(first);
    expect(ring.get(2)).not.toEqual(first);
    expect(addEpoch(file, random).current).toBe(3);
    expect(() => dropEpoch(file, 1, [1, 3])).toThrow('still wraps keys');
    expect(() => dropEpoch(file, 3, [])).toThrow('is the current one');
    expect(() => dropEpoch(file, 4, [])).toThrow('has no epoch 4');
    expect(dropEpoch(file, 1, [3])).toMatchObject({ current: 3, epochs: [2, 3] });
    expect(loadKeyRing(file).get(1)).toBeUndefined();
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('leaves nothing of a dropped key in the bytes of the file that it replaced', () => {
    createKeyFile(file, random);
    addEpoch(file, random);
    const old = join(folder, 'old');
    linkSync(file, old); // Another name for the bytes on the disk, which the name `file` is about to leave.
    const text = readFileSync(old, 'utf8');
    dropEpoch(file, 1, [2]);
    expect(text).toContain('1:');
    expect(readFileSync(old).length).toBe(0);
  });

  it('goes on where a crash left a draft behind', () => {
    mkdirSync(join(folder, 'new'));
    writeFileSync(`${file}.new`, 'half a li', { mode: 0o644 });
    createKeyFile(file, random);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(loadKeyRing(file).epochs).toEqual([1]);
  });

  const key = Buffer.alloc(32, 1).toString('base64');
  it.each([
    ['', 'it holds no key'],
    [`1:${key}\n0:${key}\n`, 'line 2 is not'],
    [`1:${key.slice(1)}\n`, 'line 1 is not'],
    [`1:${key}\n\n1:${key}\n`, 'line 3 has an epoch that is there already'],
    ['-----BEGIN PRIVATE KEY-----\n', 'line 1 is not'],
  ])('is refused where it is not well-formed, and the message holds no key: %j', (text, message) => {
    mkdirSync(join(folder, 'new'));
    writeFileSync(file, text, { mode: 0o600 });
    let thrown: unknown;
    try {
      loadKeyRing(file);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(KeyFileRefused);
    expect((thrown as Error).message).toContain(message);
    expect((thrown as Error).message).not.toContain(key.slice(0, 20));
  });

  it('may have lines as other systems end them', () => {
    mkdirSync(join(folder, 'new'));
    writeFileSync(file, `2:${key}\r\n1:${key}\r\n`, { mode: 0o600 });
    expect(loadKeyRing(file)).toMatchObject({ current: 2, epochs: [1, 2] });
  });

  it('is refused where others can read it, or where it is not', () => {
    createKeyFile(file, random);
    for (const mode of [0o640, 0o604, 0o620]) {
      chmodSync(file, mode);
      expect(() => loadKeyRing(file)).toThrow('chmod 600');
      expect(() => addEpoch(file, random)).toThrow('chmod 600');
    }
    expect(() => loadKeyRing(join(folder, 'none'))).toThrow('it is not there');
  });
});

describe('The place of the key file', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'rapport-keys-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const path = (env: NodeJS.ProcessEnv, dataDir = join(folder, 'data')) => keyFilePath(env, 'store-1', dataDir);

  it('is named, or by the store’s id in the user’s configuration folder', () => {
    expect(path({ RAPPORT_KEY_FILE: join(folder, 'k') })).toBe(join(folder, 'k'));
    expect(path({ RAPPORT_KEY_FILE: '', XDG_CONFIG_HOME: folder })).toBe(join(folder, 'rapport', 'store-1.key'));
    expect(path({})).toMatch(/\.config[/\\]rapport[/\\]store-1\.key$/);
  });

  it('has to be named in production', () => {
    expect(() => path({ NODE_ENV: 'production', XDG_CONFIG_HOME: folder })).toThrow('production needs it');
    expect(path({ NODE_ENV: 'production', RAPPORT_KEY_FILE: join(folder, 'k') })).toBe(join(folder, 'k'));
  });

  it('is not in the data folder, by whichever name', () => {
    const data = join(folder, 'data');
    expect(() => path({ RAPPORT_KEY_FILE: join(data, 'k') })).toThrow('inside the data folder');
    expect(() => path({ RAPPORT_KEY_FILE: join(data, 'a', 'b', 'k') })).toThrow('inside the data folder');
    expect(() => path({ RAPPORT_KEY_FILE: join(data, '..keys', 'k') })).toThrow('inside the data folder');
    expect(path({ RAPPORT_KEY_FILE: join(folder, 'data2', 'k') })).toBe(join(folder, 'data2', 'k'));
    mkdirSync(data);
    symlinkSync(data, join(folder, 'other'));
    expect(() => path({ RAPPORT_KEY_FILE: join(folder, 'other', 'k') })).toThrow('inside the data folder');
    expect(() => path({ RAPPORT_KEY_FILE: join(data, 'k') }, join(folder, 'other'))).toThrow('inside the data folder');
  });
});

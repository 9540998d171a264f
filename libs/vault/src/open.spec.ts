import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pooledRandom } from './crypto';
import { KeyFileRefused, KeyLost, VaultMismatch } from './errors';
import { createKeyFile } from './key-file';
import { openVault } from './open';
import { uuid } from './spec/place';

describe('A vault and its history', () => {
  let folder: string;
  const open = (first: string | undefined, { file = 'vault.db', key = 'a.key' } = {}) =>
    openVault({ file: join(folder, file), keyFile: () => join(folder, 'keys', key), first, clock: () => new Date() });
  const use = (first: string | undefined, more = {}) => {
    const { vault, firstEvent } = open(first, more);
    vault.createOwner(uuid(1));
    vault.close();
    return firstEvent;
  };

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'rapport-open-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('begin together, and the first event has the id that the vault made', () => {
    const { vault, firstEvent } = open(undefined);
    vault.close();
    expect(firstEvent).toMatch(/^[0-9a-f-]{36}$/);
    expect(use(undefined)).toBe(firstEvent);
    expect(use(firstEvent)).toBe(firstEvent);
  });

  it.each<[string, (first: string) => string | undefined]>([
    ['other events', () => uuid(7)],
    ['no event', () => undefined],
  ])('a vault beside %s is refused, and goes on beside its own', (_, other) => {
    const first = use(undefined);
    expect(() => open(other(first))).toThrow(VaultMismatch);
    expect(use(first)).toBe(first);
  });

  it('events without their vault are refused, and no key file is made for them', () => {
    expect(() => open(uuid(7), { file: 'other.db', key: 'other.key' })).toThrow(VaultMismatch);
    expect(existsSync(join(folder, 'keys', 'other.key'))).toBe(false);
  });

  it('a vault without its key file is refused, and none is made', () => {
    const first = use(undefined);
    const key = join(folder, 'keys', 'a.key');
    renameSync(key, `${key}.away`);
    expect(() => open(first)).toThrow(KeyFileRefused);
    expect(existsSync(key)).toBe(false);
    renameSync(`${key}.away`, key);
    expect(use(first)).toBe(first);
  });

  it('a vault with the key file of another is refused', () => {
    const first = use(undefined);
    createKeyFile(join(folder, 'keys', 'b.key'), pooledRandom());
    expect(() => open(first, { key: 'b.key' })).toThrow(KeyLost);
    expect(use(first)).toBe(first);
  });

  it('a file that is no vault is left as it is', () => {
    writeFileSync(join(folder, 'vault.db'), 'no database at all, but long enough to be taken for one'.repeat(40));
    expect(() => open(undefined)).toThrow(/not a database/);
  });
});

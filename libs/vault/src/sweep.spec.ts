/** What a crash leaves, and what is made of it: no event without its secret, and no secret without an event. */
import { ERASED, type Sealed } from '@rapport/kernel/events';
import { keyStream, unwrap } from './crypto';
import { KeyLost, VaultNotSwept } from './errors';
import { loadKeyRing } from './key-file';
import { Place, useOf, uuid } from './spec/place';

const ALICE = uuid(1);
const BOB = uuid(2);

describe('After a crash', () => {
  let place: Place;
  beforeEach(() => {
    place = new Place({ reserve: 16 });
    place.vault.createOwner(ALICE);
    place.vault.createOwner(BOB);
  });
  afterEach(() => place.close());
  const seal = (n: number, owner = ALICE) => place.seal('person-1', uuid(n), owner, n);
  const sweep = (sealed: Sealed[]) => place.vault.sweep(sealed.map((each) => useOf('person-1', each)));

  it('nothing is to be swept where nothing was used, or where the vault was closed', () => {
    expect(place.crash().unswept).toBeUndefined();
    const sealed = seal(10);
    expect(place.vault.unswept).toBeUndefined();
    expect(place.reopen().unswept).toBeUndefined();
    expect(place.vault.open(sealed)).toBe(10);
  });

  it('every secret that an event uses is kept, those that none uses are destroyed', () => {
    const appended = [seal(10), seal(11, BOB)];
    const lost = seal(12);
    const [block] = place.crash()['db'].all<{ first: number; size: number; wrapped: Uint8Array }>('SELECT first, size, wrapped FROM block');
    const key = unwrap(loadKeyRing(place.keyFile), `block ${block!.first}`, Buffer.from(block!.wrapped));
    const secrets = keyStream(key, block!.size * 32);
    sweep(appended);
    expect(appended.map((each) => place.vault.open(each))).toEqual([10, 11]);
    expect(() => place.vault.open(lost)).toThrow(KeyLost);
    place.vault.close();
    expect(place.holds(secrets.subarray(0, 32))).toBe(true);
    expect(place.holds(secrets.subarray(64, 96))).toBe(false);
    expect(place.holds(block!.wrapped)).toBe(false);
  });

  it('secrets of blocks before the last are in rows, whether an event uses them or not', () => {
    const sealed = Array.from({ length: 40 }, (_, n) => seal(100 + n));
    place.crash();
    sweep(sealed.slice(32));
    expect(sealed.map((each) => place.vault.open(each))).toEqual(sealed.map((_, n) => 100 + n));
  });

  it('nothing is sealed, destroyed, rotated or called lost before it was swept', () => {
    const sealed = seal(10);
    place.vault.fence(BOB);
    place.crash();
    expect(() => seal(11)).toThrow(VaultNotSwept);
    expect(() => place.vault.destroyOwner(BOB, uuid(70))).toThrow(VaultNotSwept);
    expect(() => place.vault.destroySecrets({ event: uuid(10) }, uuid(70))).toThrow(VaultNotSwept);
    expect(() => place.vault.rotate()).toThrow(VaultNotSwept);
    expect(() => place.vault.open(sealed)).toThrow(VaultNotSwept);
    expect(place.crash().unswept).toBeDefined();
    place.reopen();
    sweep([sealed]);
    expect(place.vault.open(sealed)).toBe(10);
  });

  it('a sweep that is broken off changes nothing, and one that is killed is run again', () => {
    const sealed = [seal(10), seal(11)];
    place.crash();
    function* broken() {
      yield useOf('person-1', sealed[0]!);
      throw new Error('the store was gone');
    }
    expect(() => place.vault.sweep(broken())).toThrow('the store was gone');
    place.vault['db'].run = () => {
      throw new Error('killed');
    };
    expect(() => sweep(sealed)).toThrow('killed');
    place.crash();
    sweep(sealed);
    place.crash();
    expect(place.vault.unswept).toBeUndefined();
    expect(sealed.map((each) => place.vault.open(each))).toEqual([10, 11]);
  });

  it('more events than need be do no harm: other blocks, other vaults, strange ids', () => {
    const old = Array.from({ length: 20 }, (_, n) => seal(100 + n));
    place.reopen();
    const last = seal(10);
    place.crash();
    const strange = ['', '.', 'x.y', '-1.5', '0.0', last.secret.replace(/\..*/, '.1')].map((secret) => ({
      ...useOf('person-1', last),
      secret,
    }));
    place.vault.sweep([...strange, ...[...old, last, last].map((each) => useOf('person-1', each))]);
    expect([...old, last].map((each) => place.vault.open(each))).toEqual([...old.map((_, n) => 100 + n), 10]);
  });

  it('of whoever was destroyed nothing comes back', () => {
    const sealed = seal(10);
    place.crash();
    // As if a backup of the owners were newer than the block.
    place.vault['owners'].set(ALICE, { n: 1, status: 'destroyed' });
    sweep([sealed]);
    expect(place.vault.open(sealed)).toEqual(ERASED);
    expect(place.raw((db) => db.prepare('SELECT count(*) AS n FROM secret').get())).toEqual({ n: 0 });
  });

  it('it is known behind which position the events stand that may use the block', () => {
    const position = (n: number) => n.toString(16).padStart(16, '0').repeat(2);
    seal(10);
    expect(place.crash().unswept).toEqual({ after: '' });
    sweep([]);
    place.vault.passed(position(7));
    place.vault.passed(position(5));
    seal(11);
    place.vault.passed(position(9));
    expect(place.crash().unswept).toEqual({ after: position(7) });
    sweep([]);
    place.vault.passed(position(9));
    for (let n = 0; n < 17; n++) seal(20 + n);
    expect(place.crash().unswept).toEqual({ after: position(9) });
  });

  it('the rows are put in their order: put between others they would leave a copy, now and then, in a page that is split', () => {
    place.reopen({ reserve: 4_096 });
    const sealed = Array.from({ length: 1_000 }, (_, n) => place.seal(`person-${n}`, uuid(1_000 + n), n % 2 === 0 ? ALICE : BOB, n));
    place.crash();
    const db = place.vault['db'];
    const run = db.run.bind(db);
    const order: unknown[] = [];
    db.run = (sql, ...given) => {
      if (sql.startsWith('INSERT INTO secret')) order.push(given[0]);
      return run(sql, ...given);
    };
    const shuffled = sealed.map((each, n) => useOf(`person-${n}`, each)).sort((a, b) => (a.event.slice(-1) < b.event.slice(-1) ? 1 : -1));
    place.vault.sweep(shuffled);
    expect(order).toEqual(Array.from({ length: 1_000 }, (_, n) => (order[0] as number) + n));
    const secrets = place.raw((raw) => raw.prepare('SELECT bytes FROM secret WHERE owner = 1').all() as { bytes: Uint8Array }[]);
    expect(secrets.length).toBe(500);
    place.vault.fence(ALICE);
    place.vault.destroyOwner(ALICE, uuid(70));
    expect(secrets.filter(({ bytes }) => place.holds(bytes))).toEqual([]);
  });
});

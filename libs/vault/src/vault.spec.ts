import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { ERASED, type Sealed } from '@rapport/kernel/events';
import * as fc from 'fast-check';
import { KeyLost, OwnerFenced, OwnerNotFenced, SealBroken, UnknownOwner, VaultUnavailable } from './errors';
import { Place, SOMETIME, uuid } from './spec/place';

const [ALICE, BOB, STREAM] = [uuid(1), uuid(2), 'person-1'];

describe('The vault', () => {
  let place: Place;
  beforeEach(() => {
    place = new Place();
    place.vault.createOwner(ALICE);
    place.vault.createOwner(BOB);
  });
  afterEach(() => place.close());

  describe('seals and opens', () => {
    it('any JSON value, also after it was opened anew', () => {
      fc.assert(
        fc.property(fc.jsonValue(), (value) => {
          const sealed = place.seal(STREAM, uuid(9), ALICE, value);
          const wanted: unknown = JSON.parse(JSON.stringify(value));
          expect(place.vault.open(sealed)).toEqual(wanted);
          place.vault.close();
          place.vault = place.crash();
          place.vault.sweep([]);
          expect(place.vault.open(sealed)).toEqual(wanted);
        }),
        { numRuns: 10 },
      );
    });

    it('with one secret for each owner and category of an event, and another nonce for each field', () => {
      const sealed = place.sealAll(STREAM, uuid(9), [
        { field: 'email', owner: ALICE, category: 'contact', value: 'x' },
        { field: 'telephone', owner: ALICE, category: 'contact', value: 'x' },
        { field: 'name', owner: ALICE, category: 'identity', value: 'x' },
        { field: 'other', owner: BOB, category: 'contact', value: 'x' },
      ]);
      expect(new Set(sealed.map(({ secret }) => secret)).size).toBe(3);
      expect(sealed[0]!.secret).toBe(sealed[1]!.secret);
      expect(new Set(sealed.map(({ value }) => value)).size).toBe(4);
    });

    it.each<[string, (sealed: Sealed, other: Sealed) => Sealed]>([
      ['moved to another event', (sealed) => ({ ...sealed, at: `${uuid(8)}/text` })],
      ['moved to another field', (sealed) => ({ ...sealed, at: `${uuid(9)}/name` })],
      ['given to another owner', (sealed) => ({ ...sealed, owner: BOB })],
      ['called another category, so that others might see it', (sealed) => ({ ...sealed, category: 'feedback' })],
      ['given another secret', (sealed, other) => ({ ...sealed, secret: other.secret })],
      ['given another value', (sealed, other) => ({ ...sealed, value: other.value })],
      ['cut short', (sealed) => ({ ...sealed, value: sealed.value.slice(0, 20) })],
      ['emptied', (sealed) => ({ ...sealed, value: '' })],
      ['read without its place', ({ at: _, ...sealed }) => sealed],
    ])('nothing that was %s', (_, change) => {
      const sealed = place.seal(STREAM, uuid(9), ALICE, 'mine');
      const other = place.seal(STREAM, uuid(7), BOB, 'theirs');
      expect(() => place.vault.open(change(sealed, other))).toThrow(SealBroken);
      expect(place.vault.open(sealed)).toBe('mine');
    });

    it('nothing that was destroyed elsewhere and pointed at: what is destroyed is known by its own place', () => {
      const kept = place.seal(STREAM, uuid(9), ALICE, 'kept');
      const gone = place.seal(STREAM, uuid(8), ALICE, 'gone');
      place.vault.destroySecrets({ event: uuid(8) }, uuid(70));
      expect(place.vault.open(gone)).toEqual(ERASED);
      expect(() => place.vault.open({ ...kept, secret: gone.secret })).toThrow(SealBroken);
    });

    it('one changed bit anywhere', () => {
      const sealed = place.seal(STREAM, uuid(9), ALICE, 'mine');
      const bytes = Buffer.from(sealed.value, 'base64url');
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = Buffer.from(bytes);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        expect(() => place.vault.open({ ...sealed, value: changed.toString('base64url') })).toThrow(SealBroken);
      }
    });

    it('no secret id that it has not given, whatever it looks like', () => {
      const sealed = place.seal(STREAM, uuid(9), ALICE, 'mine');
      const forms = fc.oneof(
        fc.string(),
        fc.constantFrom('', '.', '0.0', '-1.5', `${sealed.secret}.`, `${sealed.secret} `, sealed.secret.toUpperCase(), `0${sealed.secret}`),
        fc.stringMatching(/^[0-9a-z]{1,14}\.[0-9a-z]{1,14}$/),
        fc.constant(sealed.secret.replace(/\..*/, '.1')),
      );
      fc.assert(
        fc.property(
          forms.filter((secret) => secret !== sealed.secret),
          (secret) => {
            let thrown: unknown;
            try {
              place.vault.open({ ...sealed, secret });
            } catch (error) {
              thrown = error;
            }
            expect(thrown instanceof SealBroken || thrown instanceof KeyLost).toBe(true);
          },
        ),
      );
    });

    it('for nobody it has no key of, and then takes no secret', () => {
      const first = place.seal(STREAM, uuid(9), ALICE, 'mine').secret;
      const both = [ALICE, uuid(3)].map((owner) => ({ field: owner, owner, category: 'contact', value: 1 }));
      expect(() => place.vault.sealFields(STREAM, uuid(8), both)).toThrow(UnknownOwner);
      const [n, tag] = first.split('.');
      expect(place.seal(STREAM, uuid(7), ALICE, 'mine').secret).toBe(`${(parseInt(n!, 36) + 1).toString(36)}.${tag}`);
    });
  });

  describe('erases', () => {
    it('a person: nothing of theirs opens, everything of the others does, now and later', () => {
      const hers = [uuid(11), uuid(12)].map((event) => place.seal(STREAM, event, ALICE, event));
      const his = place.seal(STREAM, uuid(13), BOB, 'his');
      expect(() => place.vault.destroyOwner(ALICE, uuid(70))).toThrow(OwnerNotFenced);
      place.vault.fence(ALICE);
      expect(place.vault.open(hers[0]!)).toBe(uuid(11));
      place.vault.destroyOwner(ALICE, uuid(70));
      for (const look of [() => undefined, () => place.reopen(), () => place.crash()]) {
        look();
        expect(place.vault.ownerStatus(ALICE)).toBe('destroyed');
        for (const sealed of hers) expect(place.vault.open(sealed)).toEqual(ERASED);
        expect(place.vault.open(his)).toBe('his');
      }
    });

    it('may be run again, and knows whom it never had', () => {
      place.vault.fence(ALICE);
      place.vault.fence(ALICE);
      place.vault.destroyOwner(ALICE, uuid(70));
      place.vault.destroyOwner(ALICE, uuid(70));
      expect(place.vault.ownerStatus(ALICE)).toBe('destroyed');
      expect(() => place.vault.fence(uuid(3))).toThrow(UnknownOwner);
      expect(() => place.vault.destroyOwner(uuid(3), uuid(70))).toThrow(UnknownOwner);
    });

    it('for good: no new key is made for whoever was destroyed', () => {
      const hers = place.seal(STREAM, uuid(11), ALICE, 'hers');
      place.vault.fence(ALICE);
      place.vault.destroyOwner(ALICE, uuid(70));
      place.vault.createOwner(ALICE);
      expect(place.vault.ownerStatus(ALICE)).toBe('destroyed');
      expect(() => place.seal(STREAM, uuid(12), ALICE, 'again')).toThrow(OwnerFenced);
      expect(place.vault.open(hers)).toEqual(ERASED);
    });

    it('what was sealed before the fence and is appended after it cannot be read', () => {
      const late = place.seal(STREAM, uuid(11), ALICE, 'late');
      place.vault.fence(ALICE);
      expect(() => place.seal(STREAM, uuid(12), ALICE, 'too late')).toThrow(OwnerFenced);
      place.vault.destroyOwner(ALICE, uuid(70));
      expect(place.vault.open(late)).toEqual(ERASED);
    });

    it('keeps the fence when it is killed', () => {
      place.vault.fence(ALICE);
      place.crash();
      expect(() => place.seal(STREAM, uuid(12), ALICE, 'too late')).toThrow(OwnerFenced);
    });

    it('one value, one event, one category of a record, one category of a person, and nothing else', () => {
      const sealed = new Map<string, Sealed>();
      let event = 20;
      for (const stream of ['person-1', 'call-1']) {
        for (const owner of [ALICE, BOB]) {
          for (const category of ['contact', 'support']) {
            const id = uuid(event++);
            sealed.set(`${stream} ${owner} ${category} ${id}`, place.seal(stream, id, owner, id, category));
          }
        }
      }
      const left = () => [...sealed].filter(([, value]) => place.vault.open(value) !== ERASED).map(([name]) => name);
      const destroy = (filter: Parameters<typeof place.vault.destroySecrets>[0], fits: RegExp) => {
        const wanted = left().filter((name) => !fits.test(name));
        const before = left().length;
        expect(place.vault.destroySecrets(filter, uuid(70))).toBe(before - wanted.length);
        expect(left()).toEqual(wanted);
        place.crash();
        expect(left()).toEqual(wanted);
      };
      destroy({ event: uuid(20), owner: ALICE, category: 'contact' }, new RegExp(`${uuid(20)}$`));
      destroy({ event: uuid(21) }, new RegExp(`${uuid(21)}$`));
      destroy({ stream: 'call-1', category: 'support' }, /^call-1 .* support/);
      destroy({ owner: BOB, category: 'contact' }, new RegExp(` ${BOB} contact`));
      expect(left().length).toBe(2);
      for (const filter of [{}, { category: 'contact' }, { owner: '' }])
        expect(() => place.vault.destroySecrets(filter, uuid(70))).toThrow(RangeError);
    });

    it('values that come after a category of a person was destroyed are theirs again', () => {
      place.vault.destroySecrets({ owner: ALICE, category: 'contact' }, uuid(70));
      expect(place.vault.open(place.seal(STREAM, uuid(9), ALICE, 'new'))).toBe('new');
    });

    it('key material: not a byte of it is left in any file, however the pages have grown', () => {
      const owners = Array.from({ length: 400 }, (_, n) => uuid(1000 + n));
      owners.forEach((owner) => place.vault.createOwner(owner));
      owners.flatMap((owner, n) => [1, 2, 3].map((k) => place.seal(`person-${n}`, uuid(10_000 + 3 * n + k), owner, 'x')));
      const material = place.raw((db) => ({
        keys: db.prepare('SELECT owner, wrapped AS bytes FROM owner_key').all() as { owner: string; bytes: Uint8Array }[],
        secrets: db.prepare('SELECT owner.id AS owner, bytes FROM secret JOIN owner ON owner.n = secret.owner').all() as {
          owner: string;
          bytes: Uint8Array;
        }[],
      }));
      const all = [...material.keys, ...material.secrets];
      expect(all.length).toBe(402 + 1200);
      expect(all.every(({ bytes }) => place.holds(bytes))).toBe(true);
      const erased = new Set(owners.filter((_, n) => n % 10 === 0));
      for (const owner of erased) {
        place.vault.fence(owner);
        place.vault.destroyOwner(owner, uuid(70));
      }
      place.vault.createOwner(uuid(5));
      place.seal('person-5', uuid(6), uuid(5), 'x');
      place.vault.destroySecrets({ stream: 'person-1' }, uuid(71));
      place.crash();
      const gone = ({ owner }: { owner: string }) => erased.has(owner) || owner === owners[1];
      const found = all.filter((each) => erased.has(each.owner) && place.holds(each.bytes));
      expect(found).toEqual([]);
      expect(material.secrets.filter((each) => gone(each) && place.holds(each.bytes))).toEqual([]);
      // The check itself: the others are still to be found.
      expect(all.filter((each) => !gone(each)).every(({ bytes }) => place.holds(bytes))).toBe(true);
    });

    it('secrets that were used and not yet written, and the block that could make them again', () => {
      const sealed = place.seal(STREAM, uuid(9), ALICE, 'x');
      const block = place.crash().unswept;
      expect(block).toBeDefined();
      place.vault.sweep([{ stream: STREAM, event: uuid(9), owner: ALICE, category: 'contact', secret: sealed.secret }]);
      place.seal(STREAM, uuid(8), ALICE, 'y');
      place.vault.fence(ALICE);
      place.vault.destroyOwner(ALICE, uuid(70));
      const rows = place.raw((db) => ({
        bytes: (db.prepare('SELECT bytes FROM secret').all() as { bytes: Uint8Array }[]).map(({ bytes }) => Buffer.from(bytes)),
        blocks: db.prepare('SELECT count(*) AS n FROM block').get() as { n: number },
      }));
      expect(rows.bytes.length).toBe(2);
      expect(rows.bytes.every((bytes) => bytes.equals(Buffer.alloc(32)))).toBe(true);
      expect(rows.blocks.n).toBe(0);
    });

    it('the identifiers they claimed', () => {
      const number = { namespace: 'member', value: '17' };
      place.vault.claims.claim({ ...number, owner: ALICE, stream: STREAM, commandId: 'c1' });
      place.vault.claims.confirm('c1');
      place.vault.fence(ALICE);
      place.vault.destroyOwner(ALICE, uuid(70));
      expect(place.vault.claims.find(number)).toBeUndefined();
    });

    it('what a log still held when the process was killed, at the next start', () => {
      const sealed = place.seal(STREAM, uuid(9), ALICE, 'x');
      const [row] = place.raw((db) => db.prepare('SELECT bytes FROM secret').all() as { bytes: Uint8Array }[]);
      // Destroyed, but killed before the log was cut: the same transaction without what follows it.
      const inner = place.vault['db'];
      inner.truncateWal = () => undefined;
      place.seal(STREAM, uuid(8), ALICE, 'y');
      place.vault.fence(ALICE);
      place.vault.destroyOwner(ALICE, uuid(70));
      expect(place.holds(row!.bytes)).toBe(true);
      place.crash();
      expect(place.holds(row!.bytes)).toBe(false);
      expect(place.vault.open(sealed)).toEqual(ERASED);
    });
  });

  describe('is durable once asked', () => {
    it('with one flush for all that were made in a turn, and none where nothing was', async () => {
      const db = place.vault['db'];
      const sync = db['sync'].bind(db);
      let flushes = 0;
      db['sync'] = () => {
        flushes++;
        return sync();
      };
      const waiting = Array.from({ length: 100 }, (_, n) => {
        place.vault.createOwner(uuid(1_000 + n));
        const request = { namespace: 'number', value: String(n), owner: uuid(1_000 + n), stream: `person-${n}`, commandId: `c${n}` };
        place.vault.claims.claim(request);
        return place.vault.durable();
      });
      await Promise.all(waiting);
      expect(flushes).toBe(1);
      await place.vault.durable();
      expect(flushes).toBe(1);
      place.vault.createOwner(uuid(2_000));
      // A transaction that is durable itself takes with it what was written before.
      place.vault.fence(ALICE);
      await place.vault.durable();
      expect(flushes).toBe(1);
    });

    it('or says that it is not, to each that waits, and is once it can be', async () => {
      const db = place.vault['db'];
      const log = db['log'];
      Object.assign(db, { log: -1 });
      place.vault.createOwner(uuid(1_000));
      const waiting = [place.vault.durable(), place.vault.durable()];
      const outcomes = await Promise.allSettled(waiting);
      expect(outcomes).toEqual(waiting.map(() => ({ status: 'rejected', reason: expect.any(VaultUnavailable) })));
      Object.assign(db, { log });
      await place.vault.durable();
    });
  });

  describe('tells lost from destroyed', () => {
    it.each([
      ['the key was overwritten', 'UPDATE owner_key SET wrapped = zeroblob(length(wrapped))'],
      ['the key is missing', 'DELETE FROM owner_key'],
      ['the owner is missing', 'DELETE FROM owner'],
      ['the secret was overwritten', 'UPDATE secret SET bytes = zeroblob(length(bytes))'],
      ['the secret is missing', 'DELETE FROM secret'],
      ['the secret is another one with its number', 'UPDATE secret SET tag = tag + 1'],
    ])('%s, and no tombstone says so: an error, never shown as erased', (_, sql) => {
      const sealed = place.seal(STREAM, uuid(9), ALICE, 'x');
      place.raw((db) => db.exec(sql));
      expect(() => place.vault.open(sealed)).toThrow(KeyLost);
    });

    it('a tombstone of another value is no tombstone of this one', () => {
      const sealed = place.seal(STREAM, uuid(9), ALICE, 'x');
      place.vault.destroySecrets({ stream: STREAM, category: 'support' }, uuid(70));
      place.vault.destroySecrets({ event: uuid(8) }, uuid(70));
      place.vault.destroySecrets({ owner: BOB }, uuid(70));
      place.raw((db) => db.exec('UPDATE secret SET bytes = zeroblob(length(bytes))'));
      expect(() => place.vault.open(sealed)).toThrow(KeyLost);
    });

    it('a tombstone holds ids, the kind and the time', () => {
      place.vault.fence(ALICE);
      place.vault.destroyOwner(ALICE, uuid(70));
      const rows = place.raw((db) => db.prepare('SELECT event, kind, owner, at FROM tombstone').all());
      expect(rows).toEqual([{ event: uuid(70), kind: 'owner', owner: ALICE, at: SOMETIME.toISOString() }]);
    });
  });

  describe('keeps owners’ keys in memory', () => {
    const inMemory = () => place.vault['ownerKeys'].size;

    it('for a short time only, also those that nobody asks for again', async () => {
      const made: Buffer[] = [];
      const random = (bytes: number) => {
        made.push(randomBytes(bytes));
        return made[made.length - 1]!;
      };
      place.reopen({ ownerKeyLife: 20, random });
      place.vault.createOwner(uuid(3));
      const key = made.find(({ length }) => length === 32)!;
      while (inMemory() > 0) await setTimeout(5);
      expect(key.equals(Buffer.alloc(32))).toBe(true);
    });

    it('not past the fence, and not past the end, even where it was read in between', () => {
      const sealed = place.seal(STREAM, uuid(9), ALICE, 'x');
      place.seal(STREAM, uuid(8), BOB, 'x');
      place.vault.fence(ALICE);
      expect(inMemory()).toBe(1);
      place.vault.open(sealed);
      expect(inMemory()).toBe(2);
      place.vault.destroyOwner(ALICE, uuid(70));
      expect(inMemory()).toBe(1);
      const secrets = place.vault['secrets'];
      expect(secrets['unwritten'].size).toBe(0);
      expect(secrets['block']).toBeUndefined();
    });
  });

  describe('writes', () => {
    it('nothing for a value: a block of secrets is one transaction, whatever uses it', () => {
      place.reopen({ reserve: 100 });
      for (let n = 0; n < 100; n++) place.seal(STREAM, uuid(100 + n), ALICE, 'x');
      const one = place.commits();
      for (let n = 0; n < 900; n++) place.seal(STREAM, uuid(200 + n), ALICE, 'x');
      expect(place.commits() - one).toBe(9);
    });

    it('one transaction for an owner, and one for a claim; to confirm it costs none', () => {
      const before = place.commits();
      place.vault.createOwner(uuid(3));
      expect(place.commits() - before).toBe(1);
      place.vault.claims.claim({ namespace: 'member', value: '1', owner: uuid(3), stream: 'person-3', commandId: 'c1' });
      expect(place.commits() - before).toBe(2);
      place.vault.claims.confirm('c1');
      expect(place.commits() - before).toBe(2);
    });

    it('or says that it cannot, changes nothing, and goes on when it can', () => {
      const { vault } = place;
      const full = (pages: number) => vault['db']['db'].exec(`PRAGMA max_page_count = ${pages}`);
      full(1);
      let owner = 100;
      const fill = () => {
        for (; owner < 10_000; owner++) vault.createOwner(uuid(owner));
      };
      expect(fill).toThrow(VaultUnavailable);
      expect(vault.ownerStatus(uuid(owner))).toBe('unknown');
      full(1_000_000);
      vault.createOwner(uuid(owner));
      expect(place.vault.open(place.seal(STREAM, uuid(9), uuid(owner), 'x'))).toBe('x');
    });
  });

  describe('makes ids', () => {
    it('that follow from the parts, each for itself, and are not those of another vault', () => {
      const parts = fc.array(fc.string(), { minLength: 1, maxLength: 4 });
      const other = new Place();
      fc.assert(
        fc.property(parts, parts, (a, b) => {
          const same = JSON.stringify(a) === JSON.stringify(b);
          expect(place.vault.commandId(a) === place.vault.commandId(b)).toBe(same);
          expect(place.vault.commandId(a)).not.toBe(other.vault.commandId(a));
        }),
      );
      other.close();
      const id = place.vault.commandId(['a']);
      expect(id).toMatch(/^[0-9a-f]{64}$/);
      expect(place.vault.uuid(id, 'stream')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(place.vault.uuid(id, 'stream')).not.toBe(place.vault.uuid(id, 'other'));
      expect(place.vault.digest('{}')).not.toBe(place.vault.digest('{"a":1}'));
      const before = [id, place.vault.uuid(id, 'stream'), place.vault.digest('{}')];
      place.reopen();
      expect([place.vault.commandId(['a']), place.vault.uuid(id, 'stream'), place.vault.digest('{}')]).toEqual(before);
    });
  });
});

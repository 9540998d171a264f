import { randomBytes } from 'node:crypto';
import type { Sealed } from '@rapport/kernel/events';
import { pooledRandom } from './crypto';
import { KeyFileRefused, KeyLost } from './errors';
import { addEpoch, dropEpoch } from './key-file';
import { Place, useOf, uuid } from './spec/place';

describe('Rotation', () => {
  const OWNERS = 1_500; // More than one transaction.
  let place: Place;
  let sealed: Sealed[];
  beforeEach(() => {
    place = new Place();
    for (let n = 0; n < OWNERS; n++) place.vault.createOwner(uuid(n));
    place.reopen();
    sealed = [0, 1, 999, 1_000, 1_499].map((n) => place.seal(`person-${n}`, uuid(10_000 + n), uuid(n), n));
  });
  afterEach(() => place.close());
  const opened = () => sealed.map((each) => place.vault.open(each));
  const ALL = [0, 1, 999, 1_000, 1_499];
  const addAnEpoch = () => {
    addEpoch(place.keyFile, pooledRandom());
    place.reopen();
  };

  it('wraps every key anew, so that the old epoch can be dropped; the values stay as they are', () => {
    const id = place.vault.commandId(['a']);
    const wrapped = place.raw((db) => db.prepare('SELECT wrapped FROM owner_key UNION ALL SELECT wrapped FROM vault_key').all()) as {
      wrapped: Uint8Array;
    }[];
    addAnEpoch();
    place.vault.createOwner(uuid(5_000));
    expect(place.vault.epochsInUse()).toEqual([1, 2]);
    expect(() => dropEpoch(place.keyFile, 1, place.vault.epochsInUse())).toThrow(KeyFileRefused);
    expect(place.vault.rotate()).toBe(OWNERS + 3);
    expect(place.vault.rotate()).toBe(0);
    expect(wrapped.filter((each) => place.holds(each.wrapped))).toEqual([]);
    dropEpoch(place.keyFile, 1, place.vault.epochsInUse());
    place.reopen();
    expect(opened()).toEqual(ALL);
    expect(place.vault.commandId(['a'])).toBe(id);
  });

  it('may be killed in the middle: whatever was wrapped anew or not opens, and it is finished by the next one', () => {
    addAnEpoch();
    let left = 1_200;
    const random = (bytes: number) => {
      if (left-- === 0) throw new Error('killed');
      return randomBytes(bytes);
    };
    place.reopen({ random });
    expect(() => place.vault.rotate()).toThrow('killed');
    place.crash({});
    expect(place.vault.epochsInUse()).toEqual([1, 2]);
    expect(opened()).toEqual(ALL);
    expect(() => dropEpoch(place.keyFile, 1, place.vault.epochsInUse())).toThrow(KeyFileRefused);
    expect(place.vault.rotate()).toBe(OWNERS - 1_000);
    dropEpoch(place.keyFile, 1, place.vault.epochsInUse());
    place.reopen();
    expect(opened()).toEqual(ALL);
  });

  it('leaves alone what was destroyed', () => {
    place.vault.fence(uuid(0));
    place.vault.destroyOwner(uuid(0), uuid(70_000));
    addAnEpoch();
    expect(place.vault.rotate()).toBe(OWNERS - 1 + 3);
    expect(place.vault.epochsInUse()).toEqual([2]);
    expect(opened()).toEqual([{ erased: true }, ...ALL.slice(1)]);
  });

  it('knows the epoch of a block that a crash left behind, which is needed to sweep it', () => {
    addEpoch(place.keyFile, pooledRandom());
    place.crash();
    expect(place.vault.unswept).toBeDefined();
    expect(place.vault.epochsInUse()).toEqual([1]);
    expect(() => dropEpoch(place.keyFile, 1, place.vault.epochsInUse())).toThrow(KeyFileRefused);
    place.vault.sweep(sealed.map((each, n) => useOf(`person-${ALL[n]}`, each)));
    expect(place.vault.rotate()).toBe(OWNERS + 3);
    expect(opened()).toEqual(ALL);
  });

  it('does not begin with a key file that lost an epoch', () => {
    addAnEpoch();
    place.vault.createOwner(uuid(5_000));
    dropEpoch(place.keyFile, 1, []);
    expect(() => place.reopen()).toThrow(KeyLost);
    expect(() => place.reopen()).toThrow('lacks epoch 1');
  });
});

/** Whatever is done in whatever order, with a kill between any two steps: what opens is what was not destroyed. */
import { ERASED, type Sealed } from '@rapport/kernel/events';
import * as fc from 'fast-check';
import { pooledRandom } from './crypto';
import { addEpoch, dropEpoch } from './key-file';
import { Place, useOf, uuid } from './spec/place';

const OWNERS = [uuid(1), uuid(2), uuid(3)];
const STREAMS = ['person-1', 'call-1'];
const CATEGORIES = ['contact', 'support'];

interface Kept {
  readonly sealed: Sealed;
  readonly value: number;
  readonly stream: string;
  readonly event: string;
  erased: boolean;
}

/** The vault and what it should be. */
class Both {
  readonly status = new Map<string, 'live' | 'fenced' | 'destroyed'>();
  /** What events in the store hold. */
  readonly events: Kept[] = [];
  private steps = 0;
  constructor(readonly place: Place) {}

  seal(owner: string, stream: string, category: string, appended: boolean): void {
    const value = ++this.steps;
    const event = uuid(100 + value);
    const seal = () => this.place.seal(stream, event, owner, value, category);
    if (this.status.get(owner) !== 'live') return expect(seal).toThrow();
    const sealed = seal();
    if (appended) this.events.push({ sealed, value, stream, event, erased: false });
  }

  createOwner(owner: string): void {
    this.place.vault.createOwner(owner);
    if (!this.status.has(owner)) this.status.set(owner, 'live');
  }

  fence(owner: string): void {
    if (!this.status.has(owner)) return expect(() => this.place.vault.fence(owner)).toThrow();
    this.place.vault.fence(owner);
    if (this.status.get(owner) === 'live') this.status.set(owner, 'fenced');
  }

  destroyOwner(owner: string): void {
    const destroy = () => this.place.vault.destroyOwner(owner, uuid(99));
    if ((this.status.get(owner) ?? 'live') === 'live') return expect(destroy).toThrow();
    destroy();
    this.status.set(owner, 'destroyed');
    for (const kept of this.events) if (kept.sealed.owner === owner) kept.erased = true;
  }

  destroySecrets(owner: string, stream: string, category: string, given: number): void {
    const filter = {
      ...((given & 1) === 0 ? {} : { owner }),
      ...((given & 2) === 0 ? {} : { stream }),
      ...((given & 4) === 0 ? {} : { category }),
    };
    const destroy = () => this.place.vault.destroySecrets(filter, uuid(99));
    if ((given & 3) === 0) return expect(destroy).toThrow(RangeError);
    destroy();
    for (const kept of this.events) {
      const { sealed } = kept;
      const fits = (filter.owner ?? sealed.owner) === sealed.owner && (filter.category ?? sealed.category) === sealed.category;
      if (fits && (filter.stream ?? kept.stream) === kept.stream) kept.erased = true;
    }
  }

  /** @param sweeps how often the sweep itself is killed before it is done */
  crash(sweeps: number): void {
    for (let n = 0; n <= sweeps; n++) {
      this.place.crash();
      if (n < sweeps && this.place.vault.unswept !== undefined) {
        const uses = this.events.map(({ stream, sealed }) => useOf(stream, sealed));
        function* broken() {
          yield* uses.slice(0, n);
          throw new Error('killed');
        }
        expect(() => this.place.vault.sweep(broken())).toThrow('killed');
      }
    }
    if (this.place.vault.unswept !== undefined) this.place.vault.sweep(this.events.map(({ stream, sealed }) => useOf(stream, sealed)));
  }

  rotate(drop: boolean): void {
    const ring = addEpoch(this.place.keyFile, pooledRandom());
    this.place.reopen();
    this.place.vault.rotate();
    expect(this.place.vault.epochsInUse()).toEqual([ring.current]);
    if (!drop) return;
    for (const epoch of ring.epochs.slice(0, -1)) dropEpoch(this.place.keyFile, epoch, this.place.vault.epochsInUse());
    this.place.reopen();
  }

  check(): void {
    for (const [owner, status] of this.status) expect(this.place.vault.ownerStatus(owner)).toBe(status);
    for (const { sealed, value, erased } of this.events) expect(this.place.vault.open(sealed)).toEqual(erased ? ERASED : value);
  }
}

const owner = fc.constantFrom(...OWNERS);
const stream = fc.constantFrom(...STREAMS);
const category = fc.constantFrom(...CATEGORIES);
type Step = (both: Both) => void;
const step = <A extends unknown[]>(name: string, args: fc.Arbitrary<A>, work: (both: Both, ...args: A) => void): fc.Arbitrary<Step> =>
  args.map((given) => Object.assign((both: Both) => work(both, ...given), { toString: () => `${name}(${JSON.stringify(given)})` }));

const steps = fc.oneof(
  { weight: 3, arbitrary: step('create', fc.tuple(owner), (both, id) => both.createOwner(id)) },
  {
    weight: 8,
    arbitrary: step('seal', fc.tuple(owner, stream, category, fc.boolean()), (both, ...given) => both.seal(...given)),
  },
  { weight: 1, arbitrary: step('fence', fc.tuple(owner), (both, id) => both.fence(id)) },
  { weight: 1, arbitrary: step('destroyOwner', fc.tuple(owner), (both, id) => both.destroyOwner(id)) },
  {
    weight: 1,
    arbitrary: step('destroySecrets', fc.tuple(owner, stream, category, fc.nat(7)), (both, ...given) => both.destroySecrets(...given)),
  },
  { weight: 3, arbitrary: step('crash', fc.tuple(fc.nat(2)), (both, sweeps) => both.crash(sweeps)) },
  { weight: 1, arbitrary: step('reopen', fc.constant<[]>([]), (both) => both.place.reopen()) },
  { weight: 1, arbitrary: step('rotate', fc.tuple(fc.boolean()), (both, drop) => both.rotate(drop)) },
);

it('opens what was not destroyed, whatever came in between', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 25 }), (sequence) => {
      const both = new Both(new Place({ reserve: 3 }));
      try {
        for (const run of sequence) {
          run(both);
          both.check();
        }
      } finally {
        both.place.close();
      }
    }),
    { numRuns: 25 },
  );
});

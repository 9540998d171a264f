import fc from 'fast-check';
import { Dictionary } from './dictionary';

const keys = ['a', 'b', 'c', 'd'];

describe('Dictionary', () => {
  it('is what copying would give, in every version, wherever the next one was made from', () => {
    const step = fc.record({ from: fc.nat(), key: fc.constantFrom(...keys), value: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const versions = [{ ours: Dictionary.empty<number>(), plain: {} as Record<string, number> }];
        for (const { from, key, value } of steps) {
          const { ours, plain } = versions[from % versions.length]!;
          versions.push({ ours: ours.with(key, value), plain: { ...plain, [key]: value } });
        }
        for (const { ours, plain } of versions) for (const key of keys) expect(ours.get(key)).toBe(plain[key]);
      }),
    );
  });

  it('has no member of its own accord', () => {
    expect(Dictionary.empty<number>().with('a', 1).get('constructor')).toBeUndefined();
  });

  it('does not copy what it is added to', () => {
    let last = Dictionary.empty<number>();
    for (let n = 0; n < 100_000; n++) last = last.with(String(n), n);
    expect(last.get('99999')).toBe(99_999);
  });
});

import { toPosition } from './protocol';
import { Tail } from './tail';

const names = (...types: string[]) => types.map((type) => ({ stream: 'a-1', type }));
const only = (type: string) => ({ types: [type] });

describe('Tail', () => {
  it('says how far nothing of concern has come, and leaves the rest to the file', () => {
    const tail = new Tail();
    tail.append(names('Red', 'Red'), 2);
    tail.append(names('Blue'), 3);
    tail.append(names('Red'), 4);
    expect(tail.quietUntil(undefined, only('Green'))).toBe(toPosition(4));
    expect(tail.quietUntil(toPosition(3), only('Blue'))).toBe(toPosition(4));
    expect(tail.quietUntil(toPosition(2), only('Blue'))).toBeUndefined();
    expect(tail.quietUntil(toPosition(4), only('Blue'))).toBeUndefined();
    expect(tail.quietUntil(toPosition(3), { streamPrefixes: ['a-'] })).toBeUndefined();
  });

  it('knows nothing of what stands before the first append it heard of, or before a gap', () => {
    const tail = new Tail();
    tail.append(names('Red'), 10);
    expect(tail.quietUntil(toPosition(8), only('Green'))).toBeUndefined();
    expect(tail.quietUntil(toPosition(9), only('Green'))).toBe(toPosition(10));
    tail.append(names('Red'), 12); // 11 came to light after a commit whose outcome was not known.
    expect(tail.quietUntil(toPosition(9), only('Green'))).toBeUndefined();
    expect(tail.quietUntil(toPosition(11), only('Green'))).toBe(toPosition(12));
  });

  it('forgets what is long past', () => {
    const tail = new Tail();
    for (let sequence = 1; sequence <= 20_000; sequence++) tail.append(names('Red'), sequence);
    expect(tail.quietUntil(toPosition(1), only('Green'))).toBeUndefined();
    expect(tail.quietUntil(toPosition(19_000), only('Green'))).toBe(toPosition(20_000));
  });
});

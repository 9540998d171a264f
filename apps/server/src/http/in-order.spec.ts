import { setImmediate } from 'node:timers/promises';
import { inOrder } from './in-order';

/** Numbers from 1, as many as are asked for, and how many were. */
function counting(last = Infinity) {
  const state = { read: 0, ended: false };
  async function* numbers() {
    try {
      while (state.read < last) yield ++state.read;
    } finally {
      state.ended = true;
    }
  }
  return { state, numbers: numbers() };
}

const settled = async () => {
  for (let turn = 0; turn < 20; turn++) await setImmediate();
};

describe('inOrder', () => {
  it('gives the results in the order of the items, however long each takes', async () => {
    const results: number[] = [];
    const started: number[] = [];
    const work = async (item: number) => {
      started.push(item);
      for (let turn = 0; turn < 10 - item; turn++) await setImmediate();
      return item * 10;
    };
    for await (const result of inOrder(counting(9).numbers, work, 4)) results.push(result);
    expect(results).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90]);
    expect(started).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('gives a result while the next item is not there yet', async () => {
    let give: (item: number) => void = () => undefined;
    async function* slow() {
      yield 1;
      yield await new Promise<number>((resolve) => (give = resolve));
    }
    const results = inOrder(slow(), async (item) => item, 8);
    expect(await results.next()).toEqual({ done: false, value: 1 });
    const second = results.next();
    await settled();
    give(2);
    expect(await second).toEqual({ done: false, value: 2 });
    expect(await results.next()).toEqual({ done: true, value: undefined });
  });

  it('has no more under way than it may, and reads no further while nobody takes results', async () => {
    const { state, numbers } = counting();
    let underWay = 0;
    let most = 0;
    const work = async (item: number) => {
      most = Math.max(most, ++underWay);
      await setImmediate();
      underWay--;
      return item;
    };
    const results = inOrder(numbers, work, 4);
    await results.next();
    await settled();
    const { read } = state;
    await settled();
    expect(state.read).toBe(read);
    expect(read).toBeLessThanOrEqual(6);
    for (let taken = 0; taken < 100; taken++) await results.next();
    expect(most).toBe(4);
    await results.return();
    expect(state.ended).toBe(true);
  });

  it('breaks off where the items do', async () => {
    async function* broken() {
      yield 1;
      throw new Error('broken');
    }
    const results = inOrder(broken(), async (item) => item, 4);
    await expect(
      (async () => {
        const all: number[] = [];
        for await (const result of results) all.push(result);
        return all;
      })(),
    ).rejects.toThrow('broken');
  });
});

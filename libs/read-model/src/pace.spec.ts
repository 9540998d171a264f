import { setImmediate } from 'node:timers/promises';
import { Pace } from './pace';

const LONG = 2 ** 30;

describe('Pace', () => {
  it('rests until somebody waits', async () => {
    const pace = new Pace(LONG);
    let rested = false;
    const rest = pace.rest().then(() => (rested = true));
    await setImmediate();
    expect(rested).toBe(false);
    pace.hurry();
    await rest;
  });

  it('spares the next rest where somebody came to wait before it, and no other', async () => {
    const pace = new Pace(LONG);
    pace.hurry();
    await pace.rest();
    let rested = false;
    const rest = pace.rest().then(() => (rested = true));
    await setImmediate();
    expect(rested).toBe(false);
    pace.hurry();
    await rest;
  });

  it('ends a rest by itself', async () => {
    await new Pace(1).rest();
  });
});

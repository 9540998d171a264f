import { position } from '@rapport/event-store';
import { ProjectionFailed, ReadModelBehind } from './errors';
import { Progress } from './progress';

const at = (n: number) => position(BigInt(n));
/** Longer than any test: what is waited for comes, or the test fails by its own limit. */
const LONG = 60_000;

describe('progress', () => {
  let now = 1_000;
  let progress: Progress;
  beforeEach(() => {
    now = 1_000;
    progress = new Progress(() => now);
  });

  it('waits until a position is passed, and not longer', async () => {
    const settled: string[] = [];
    const waits = [5, 10, 11].map((n) => progress.waitFor(at(n), LONG).then(() => settled.push(`${n}`)));
    progress.advanced(at(4), false);
    await Promise.resolve();
    expect(settled).toEqual([]);
    progress.advanced(at(10), false);
    await Promise.all(waits.slice(0, 2));
    expect(settled).toEqual(['5', '10']);
    progress.advanced(at(20), true);
    await waits[2];
    await progress.waitFor(at(20), 0);
  });

  it('tells after the time given how far behind it is', async () => {
    progress.advanced(at(4), false);
    now = 1_250;
    const error: unknown = await progress.waitFor(at(5), 1).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ReadModelBehind);
    expect(error).toMatchObject({ wanted: at(5), applied: at(4), lag: 250 });
  });

  it('counts the lag from when it was last up to date', () => {
    expect(progress.status()).toEqual({ position: undefined, caughtUp: false, lag: 0 });
    progress.advanced(at(1), true);
    now = 2_000;
    expect(progress.status()).toEqual({ position: at(1), caughtUp: true, lag: 0 });
    progress.advanced(at(2), false);
    now = 2_500;
    progress.advanced(at(3), false);
    now = 3_000;
    expect(progress.status()).toEqual({ position: at(3), caughtUp: false, lag: 1_000 });
    progress.advanced(at(4), true);
    expect(progress.status().lag).toBe(0);
  });

  it('waits for the end of the store', async () => {
    const caughtUp = progress.caughtUp();
    progress.advanced(at(1), true);
    await caughtUp;
    await progress.caughtUp();
  });

  it('rejects who waits, and who comes later, when projecting stopped; what is there is still there', async () => {
    progress.advanced(at(3), true);
    const waiting = progress.waitFor(at(5), LONG);
    const error = new ProjectionFailed({ reason: 'on purpose' });
    progress.stopped(error);
    progress.stopped(new ProjectionFailed({ reason: 'later' }));
    await expect(waiting).rejects.toBe(error);
    await expect(progress.waitFor(at(5), LONG)).rejects.toBe(error);
    await expect(progress.caughtUp()).rejects.toBe(error);
    await progress.waitFor(at(3), LONG);
    now = 4_000;
    expect(progress.status()).toEqual({ position: at(3), caughtUp: false, lag: 3_000, error });
  });
});

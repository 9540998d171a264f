import { setImmediate } from 'node:timers/promises';
import type { Batch, SubscribeOptions } from '../port';
import type { Reader } from './reader';
import type { Tail } from './tail';

/** Tells waiting subscriptions that there may be something new. */
export class Bell {
  private rung = 0;
  private readonly waiting = new Set<() => void>();

  /** How often it has rung: take it before looking, so that what comes while looking is not missed. */
  get count(): number {
    return this.rung;
  }

  ring(): void {
    this.rung++;
    for (const wake of this.waiting) wake();
  }

  /**
   * Waits until it has rung more than `count` times.
   * @param patience milliseconds after which to stop waiting; undefined to wait for ever
   */
  async after(count: number, patience: number | undefined, signal: AbortSignal): Promise<void> {
    if (this.rung > count || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = patience === undefined ? undefined : setTimeout(wake, patience);
      const waiting = this.waiting;
      function wake() {
        clearTimeout(timer);
        waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      }
      waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }
}

const BATCH_SIZE = 1_000;

/** Where a subscription hears of events. */
export interface Source {
  readonly reader: Reader;
  readonly bell: Bell;
  /** See `Bell.after`: needed where the writer is another process, which cannot ring. */
  readonly patience?: number;
  /** Where this process is the writer. */
  readonly tail?: Tail;
}

export async function* deliver(
  { reader, bell, patience, tail }: Source,
  { after, filter, batchSize = BATCH_SIZE }: SubscribeOptions,
  signal: AbortSignal,
): AsyncGenerator<Batch, undefined, undefined> {
  let position = after;
  let toldCaughtUp = false;
  while (!signal.aborted) {
    const count = bell.count;
    const quiet = filter === undefined ? undefined : tail?.quietUntil(position, filter);
    const batch = quiet === undefined ? reader.next(position, filter, batchSize) : { events: [], position: quiet, caughtUp: true };
    const moved = batch.position !== position;
    position = batch.position;
    if (batch.events.length > 0 || (batch.caughtUp && (moved || !toldCaughtUp))) {
      toldCaughtUp = batch.caughtUp;
      yield batch;
    }
    if (batch.caughtUp) await bell.after(count, patience, signal);
    // A long history is read beside other work, not instead of it.
    else await setImmediate();
  }
  return undefined;
}

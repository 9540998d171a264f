import type { Batch } from './port';

/**
 * An iterable whose iteration ends at once when its signal or its `return` says so, even while a `next` is waiting;
 * a bare async generator would hear of `return` only after the next batch.
 *
 * @param ends the signals that end it
 */
export function subscription(
  start: (signal: AbortSignal) => AsyncGenerator<Batch, undefined, undefined>,
  ends: readonly (AbortSignal | undefined)[],
): AsyncIterable<Batch> {
  return {
    [Symbol.asyncIterator]() {
      const returned = new AbortController();
      const signals = ends.filter((signal) => signal !== undefined);
      const batches = start(AbortSignal.any([...signals, returned.signal]));
      return {
        next: () => batches.next(),
        return: () => {
          returned.abort();
          return batches.return(undefined);
        },
      };
    },
  };
}

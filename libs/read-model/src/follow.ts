/** Applies a store's history, and what comes, to a set of projections. */
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { EventStore, Position } from '@rapport/event-store';
import type { Projector } from './projector';

/** A backlog is applied in batches of this size; what comes live, in whatever there is. */
export const BATCH_SIZE = 5_000;

/**
 * Once caught up, at most one batch in so many milliseconds. Alone an event is shown at once; where many come, they
 * share a transaction and what goes with it.
 */
const PACE = 4;

/**
 * Follows `$all` until the signal ends it: one subscription, one batch at a time. The next batch is pulled when the
 * last one is committed, so nothing piles up in memory however far behind the read models are.
 *
 * @param report called after each commit
 * @throws ProjectionFailed
 */
export async function follow(
  store: EventStore,
  projector: Projector,
  report: (position: Position | undefined, caughtUp: boolean) => void,
  { batchSize = BATCH_SIZE, signal }: { batchSize?: number; signal?: AbortSignal } = {},
): Promise<void> {
  const after = projector.position;
  for await (const batch of store.subscribe({ batchSize, ...(after === undefined ? {} : { after }) }, signal)) {
    projector.apply(batch.events, batch.position);
    if (batch.caughtUp) projector.retire();
    report(projector.position, batch.caughtUp);
    // Either lets a request to stop be heard.
    await (batch.caughtUp ? setTimeout(PACE) : setImmediate());
  }
}

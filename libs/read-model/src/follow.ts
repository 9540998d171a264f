/** Applies a store's history, and what comes, to a set of projections. */
import { setImmediate } from 'node:timers/promises';
import type { EventStore, Position } from '@rapport/event-store';
import { Pace } from './pace';
import type { Projector } from './projector';

/** A backlog is applied in batches of this size; what comes live, in whatever there is. */
export const BATCH_SIZE = 5_000;

/** Milliseconds between batches of what comes live. */
export const PACE = 50;

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
  { batchSize = BATCH_SIZE, pace = new Pace(PACE), signal }: { batchSize?: number; pace?: Pace; signal?: AbortSignal } = {},
): Promise<void> {
  const after = projector.position;
  for await (const batch of store.subscribe({ batchSize, ...(after === undefined ? {} : { after }) }, signal)) {
    projector.apply(batch.events, batch.position);
    if (batch.caughtUp) projector.retire();
    report(projector.position, batch.caughtUp);
    // Either lets a request to stop be heard.
    await (batch.caughtUp ? pace.rest() : setImmediate());
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import {
  ErrorType,
  excludeSystemEvents,
  isCommandError,
  START,
  type AllStreamSubscription,
  type EventStoreDBClient,
  type Position as ServerPosition,
} from '@eventstore/db-client';
import { matcher } from './checks';
import {
  parsePosition,
  position as toPosition,
  type Batch,
  type EventFilter,
  type JsonObject,
  type Position,
  type StoredEvent,
  type SubscribeOptions,
} from './port';

/** An event as the client gives it. */
export interface Recorded {
  readonly streamId: string;
  readonly revision: bigint;
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
  readonly metadata: unknown;
  readonly isJson: boolean;
  readonly position?: ServerPosition;
}

/** @throws Error where the event was written by another program and is not JSON */
export function toStored(event: Recorded): StoredEvent {
  const { streamId, revision, id, type, data, metadata, isJson } = event;
  if (!isJson) throw new Error(`Event ${id} in ${streamId} is not JSON. A store that Rapport uses must hold nothing else's events.`);
  return {
    id,
    type,
    data: data as JsonObject,
    metadata: (metadata ?? {}) as JsonObject,
    stream: streamId,
    revision: Number(revision),
    position: positionOf(event),
  };
}

/** Every event that was read from a log has a position; the client's types also know those that were not. */
export function positionOf({ position }: Recorded): Position {
  const { commit, prepare } = position as ServerPosition;
  return toPosition(commit, prepare);
}

/** What the client's reads and subscriptions have in common. */
interface Feeding {
  removeAllListeners(event: 'readable'): unknown;
  on(event: 'error', listener: () => void): unknown;
  resume(): unknown;
}

/**
 * Ends a read that nobody needs any more. A call of the client ends only when what has arrived has been taken, and
 * closing the client waits for that; so the rest flows away.
 */
export async function release(stream: Feeding, cancel: () => Promise<void>): Promise<void> {
  stream.removeAllListeners('readable');
  stream.on('error', () => undefined);
  // What could not even be begun has nothing to cancel.
  await cancel().catch(() => undefined);
  stream.resume();
}

const BATCH_SIZE = 1_000;
/** Milliseconds until a lost subscription is made again: doubled from the first to the last while it fails. */
const FIRST_DELAY = 50;
const LAST_DELAY = 2_000;

/** The subscription, made again from the last delivered position whenever the connection is lost. */
export async function* deliver(
  client: EventStoreDBClient,
  { after, filter, batchSize = BATCH_SIZE }: SubscribeOptions,
  signal: AbortSignal,
): AsyncGenerator<Batch, undefined, undefined> {
  let position = after;
  let delay = FIRST_DELAY;
  while (!signal.aborted) {
    const feed = new Feed(client, position, filter, batchSize, signal);
    try {
      for (let batch = await feed.next(); batch !== undefined; batch = await feed.next()) {
        position = batch.position;
        delay = FIRST_DELAY;
        yield batch;
      }
    } catch (error) {
      if (!isPassing(error)) throw error;
    } finally {
      await feed.stop();
    }
    await sleep(delay, undefined, { signal }).catch(() => undefined);
    delay = Math.min(2 * delay, LAST_DELAY);
  }
  return undefined;
}

function isPassing(error: unknown): boolean {
  return error instanceof Error && isCommandError(error) && error.type !== ErrorType.ACCESS_DENIED;
}

/** Events the server looks at in one go. */
const SEARCH_WINDOW = 1_000;

/**
 * One subscription while it lasts. Events wait in the client's stream, bounded by its high-water mark: the server is
 * only asked for more when the consumer has asked for the next batch. A server tells once that the end was reached, and
 * not that a slow consumer has fallen behind later: from then on, caught up is whoever has read all that has arrived.
 */
class Feed {
  private readonly stream: AllStreamSubscription;
  private readonly passes: (stream: string, type: string) => boolean;
  private live = false;
  private told: { position: Position | undefined; caughtUp: boolean };
  private over = false;
  private failure: unknown;
  private wake: () => void = () => undefined;
  private readonly onChange = () => this.wake();

  constructor(
    client: EventStoreDBClient,
    private position: Position | undefined,
    filter: EventFilter | undefined,
    private readonly batchSize: number,
    private readonly signal: AbortSignal,
  ) {
    this.told = { position, caughtUp: false };
    this.passes = matcher(filter);
    this.stream = client.subscribeToAll(
      {
        fromPosition: position === undefined ? START : parsePosition(position),
        // The server has one filter, by stream or by type, and tells only now and then what it has left out. So it leaves
        // out its own events and the rest is done here: the position is exact.
        filter: excludeSystemEvents({ maxSearchWindow: SEARCH_WINDOW }),
      },
      { highWaterMark: batchSize },
    );
    const finish = (failure?: unknown) => {
      this.over = true;
      this.failure ??= failure;
      this.wake();
    };
    this.stream.on('readable', this.onChange);
    this.stream.on('caughtUp', () => {
      this.live = true;
      this.wake();
    });
    this.stream.on('error', finish);
    this.stream.on('end', () => finish());
    this.stream.on('close', () => finish());
    signal.addEventListener('abort', this.onChange);
  }

  /** @returns undefined once it is over, or the signal says so */
  async next(): Promise<Batch | undefined> {
    for (;;) {
      if (this.signal.aborted) return undefined;
      if (this.failure !== undefined) throw this.failure instanceof Error ? this.failure : new Error('The subscription failed.');
      const events = this.take();
      const drained = this.stream.readableLength === 0;
      const caughtUp = this.live && drained;
      if (events.length > 0 || this.position !== this.told.position || caughtUp !== this.told.caughtUp) {
        this.told = { position: this.position, caughtUp };
        return { events, position: this.position, caughtUp };
      }
      if (this.over) return undefined;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  async stop(): Promise<void> {
    this.signal.removeEventListener('abort', this.onChange);
    await release(this.stream, () => this.stream.unsubscribe());
  }

  private take(): StoredEvent[] {
    const events: StoredEvent[] = [];
    while (events.length < this.batchSize) {
      const resolved = this.stream.read() as { event?: Recorded } | null;
      if (resolved === null) break;
      if (resolved.event === undefined) continue;
      const at = positionOf(resolved.event);
      if (this.position !== undefined && at <= this.position) continue;
      this.position = at;
      if (this.passes(resolved.event.streamId, resolved.event.type)) events.push(toStored(resolved.event));
    }
    return events;
  }
}

/** The subscription: what is there is read; what comes is delivered by the server's own subscription. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb';
import { matcher } from '../checks';
import type { Batch, EventFilter, Position, StoredEvent, SubscribeOptions } from '../port';
import { end, type Connection, type ReadCall } from './connection';
import { EventStoreUnavailable, readError } from './errors';
import { tail } from './reading';
import { placeOf, toReadAll, toStored, toSubscribe } from './requests';

const BATCH_SIZE = 1_000;
/** Milliseconds until a lost subscription is made again: doubled from the first to the last while it fails. */
const FIRST_DELAY = 50;
const LAST_DELAY = 2_000;

/**
 * Delivers, and begins again after the last delivered position whenever the connection is lost.
 * @throws UnknownPosition, ForeignEvent
 */
export async function* deliver(
  connection: Connection,
  { after, filter, batchSize = BATCH_SIZE }: SubscribeOptions,
  signal: AbortSignal,
): AsyncGenerator<Batch, undefined, undefined> {
  let position = after;
  for (let delay = FIRST_DELAY; !signal.aborted; delay = Math.min(2 * delay, LAST_DELAY)) {
    try {
      for (const part of [past, present]) {
        for await (const batch of part(connection, { after: position, filter, batchSize }, signal)) {
          position = batch.position;
          delay = FIRST_DELAY;
          yield batch;
        }
      }
    } catch (error) {
      if (!(error instanceof EventStoreUnavailable)) throw error;
    }
    await sleep(delay, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}

interface Part {
  readonly after: Position | undefined;
  readonly filter: EventFilter | undefined;
  readonly batchSize: number;
}

/**
 * What is there now. Reading it is faster than the server's subscription, and the server leaves out what the filter does
 * not let through: it is known how far a read goes.
 */
async function* past(connection: Connection, part: Part, signal: AbortSignal): AsyncGenerator<Batch> {
  const { after, filter, batchSize } = part;
  const [last] = await tail(connection, 1);
  if (last === undefined || (after !== undefined && after >= last.position)) return;
  let position = after;
  const feed = await Feed.of(connection, toReadAll({ from: after, filter }), part, signal);
  try {
    for (let whole = await feed.next(batchSize); whole !== undefined; whole = await feed.next(batchSize)) {
      position = whole.position;
      if (whole.events.length > 0) yield { events: whole.events, position, caughtUp: false };
    }
  } finally {
    feed.stop();
  }
  if (!signal.aborted && (position ?? '') < last.position) yield { events: [], position: last.position, caughtUp: false };
}

/** What comes. Once the server has told that its end was reached, whoever has taken all that has arrived has caught up. */
async function* present(connection: Connection, part: Part, signal: AbortSignal): AsyncGenerator<Batch> {
  const feed = await Feed.of(connection, toSubscribe(part.after), part, signal);
  let told = { position: part.after, caughtUp: false };
  try {
    for (let some = await feed.next(1); some !== undefined; some = await feed.next(1)) {
      const { events, ...now } = some;
      if (events.length === 0 && now.position === told.position && now.caughtUp === told.caughtUp) continue;
      told = now;
      yield some;
    }
  } finally {
    feed.stop();
  }
}

/** What has arrived: an event that is wanted, one that is not, or whether the server is at the end of the store. */
type Arrival = StoredEvent | { readonly position: Position } | { readonly live: boolean };

/**
 * What a call delivers, in its order and none twice, to be pulled. At most one batch waits here; the server is asked for
 * more when that has been taken.
 */
class Feed {
  private readonly waiting: Arrival[] = [];
  private readonly passes: (stream: string, type: string) => boolean;
  /** The last that has arrived, and the last that has been taken. */
  private arrived: Position | undefined;
  private taken: Position | undefined;
  private live = false;
  private over = false;
  private failure: unknown;
  private wake: () => void = () => undefined;
  private readonly onAbort = () => this.wake();

  private constructor(
    private readonly call: ReadCall,
    private readonly part: Part,
    private readonly signal: AbortSignal,
  ) {
    this.arrived = this.taken = part.after;
    this.passes = matcher(part.filter);
    const finish = (failure?: unknown) => {
      this.over = true;
      this.failure ??= failure;
      this.wake();
    };
    call.on('data', (response: ReadResp) => {
      try {
        this.receive(response);
      } catch (error) {
        finish(error);
      }
    });
    call.on('error', finish);
    call.on('end', () => finish());
    call.on('close', () => finish());
    signal.addEventListener('abort', this.onAbort);
  }

  /** @throws EventStoreUnavailable */
  static async of(connection: Connection, request: ReadReq, part: Part, signal: AbortSignal): Promise<Feed> {
    return new Feed(await connection.read(request), part, signal);
  }

  /**
   * @param least so many, or as many as there are at the end
   * @returns undefined once it is over, or the signal says so
   * @throws EventStoreUnavailable, UnknownPosition, ForeignEvent
   */
  async next(least: number): Promise<Batch | undefined> {
    for (;;) {
      if (this.signal.aborted) return undefined;
      if (this.waiting.length >= least || (this.over && this.waiting.length > 0)) return this.take();
      if (this.failure !== undefined) throw readError(this.failure);
      if (this.over) return undefined;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  stop(): void {
    this.signal.removeEventListener('abort', this.onAbort);
    end(this.call);
  }

  private receive(response: ReadResp): void {
    if (this.over) return;
    const event = response.getEvent()?.getEvent();
    if (event !== undefined) {
      const place = placeOf(event);
      if (this.arrived !== undefined && place.position <= this.arrived) return;
      this.waiting.push(this.passes(place.stream, place.type) ? toStored(event, place) : { position: place.position });
      this.arrived = place.position;
    } else if (response.hasCaughtUp() || response.hasFellBehind()) {
      this.waiting.push({ live: response.hasCaughtUp() });
    } else return;
    if (this.waiting.length >= this.part.batchSize) this.call.pause();
    this.wake();
  }

  private take(): Batch {
    const events: StoredEvent[] = [];
    for (const arrival of this.waiting.splice(0, this.part.batchSize)) {
      if ('live' in arrival) this.live = arrival.live;
      else this.taken = arrival.position;
      if ('type' in arrival) events.push(arrival);
    }
    this.call.resume();
    return { events, position: this.taken, caughtUp: this.live && this.waiting.length === 0 };
  }
}

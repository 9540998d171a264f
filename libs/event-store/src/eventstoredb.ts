/** EventStoreDB (and KurrentDB) through its own client. */
import {
  AccessDeniedError,
  BACKWARDS,
  END,
  ErrorType,
  EventStoreDBClient,
  FORWARDS,
  isCommandError,
  jsonEvent,
  MaxAppendSizeExceededError,
  START,
  StreamNotFoundError,
  WrongExpectedVersionError,
  type AppendExpectedRevision,
  type StreamingRead,
} from '@eventstore/db-client';
import { matcher, serialize } from './checks';
import { deliver, positionOf, release, toStored, type Recorded } from './eventstoredb-subscription';
import {
  AppendTooLarge,
  OutcomeUnknown,
  parsePosition,
  position,
  WrongExpectedRevision,
  type Appended,
  type EventStore,
  type ExpectedRevision,
  type NewEvent,
  type Position,
  type ReadAllOptions,
  type ReadStreamOptions,
  type StoredEvent,
} from './port';
import { subscription } from './subscription';

interface ReadEvent {
  readonly event?: Recorded;
}

/** The server cannot be reached or does not answer. Reading again later is safe. */
export class EventStoreUnavailable extends Error {
  override readonly name = 'EventStoreUnavailable';
  constructor(options?: { cause?: unknown }) {
    super('EventStoreDB does not answer. Check that it runs and that EVENT_STORE_URL names it.', options);
  }
}

/**
 * @param connectionString `esdb://…` or `esdb+discover://…`, as EventStoreDB documents it; it may hold credentials and
 *   appears in no error
 * @throws EventStoreUnavailable
 */
export async function openEventStoreDB(connectionString: string): Promise<EventStore> {
  const client = EventStoreDBClient.connectionString(connectionString);
  // Without this the client multiplexes all appends on one call: when that call breaks, it forgets some of them and
  // throws where nobody can catch it. One call an append has a deadline and an outcome of its own.
  Object.defineProperty(client, 'supports', { value: async () => false });
  const store = new EventStoreDB(client);
  await store.head();
  return store;
}

class EventStoreDB implements EventStore {
  private readonly closed = new AbortController();

  constructor(private readonly client: EventStoreDBClient) {}

  async append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<Appended> {
    serialize(stream, expected, events);
    try {
      const result = await this.client.appendToStream(
        stream,
        events.map(({ id, type, data, metadata }) => jsonEvent({ id, type, data, metadata })),
        { expectedRevision: toServer(expected) },
      );
      const revision = Number(result.nextExpectedRevision);
      if (result.position !== undefined) return { revision, position: position(result.position.commit, result.position.prepare) };
      // It answers a repeated append without a position at times.
      const [last] = await this.readStream(stream, { from: revision, limit: 1 });
      if (last === undefined) throw new OutcomeUnknown(stream);
      return { revision, position: last.position };
    } catch (error) {
      throw appendError(stream, expected, error);
    }
  }

  async readStream(stream: string, { direction, from, limit }: ReadStreamOptions = {}): Promise<StoredEvent[]> {
    if (limit === 0) return [];
    const backwards = direction === 'backwards';
    const found = this.client.readStream(stream, {
      direction: backwards ? BACKWARDS : FORWARDS,
      fromRevision: from === undefined ? (backwards ? END : START) : BigInt(from),
      ...(limit === undefined ? {} : { maxCount: limit }),
    });
    return take(found, Number.MAX_SAFE_INTEGER, () => true);
  }

  /** A filter is applied here: a read looks at everything from `from` on. */
  async readAll({ direction, from, limit = Number.MAX_SAFE_INTEGER, filter }: ReadAllOptions = {}): Promise<StoredEvent[]> {
    if (limit === 0) return [];
    const backwards = direction === 'backwards';
    const passes = matcher(filter);
    const found = this.client.readAll({
      direction: backwards ? BACKWARDS : FORWARDS,
      fromPosition: from === undefined ? (backwards ? END : START) : parsePosition(from),
    });
    return take(found, limit, (event) => {
      if (!passes(event.streamId, event.type)) return false;
      // Whether the server counts the event at `from` differs by direction; here it never does.
      return from === undefined || (backwards ? positionOf(event) < from : positionOf(event) > from);
    });
  }

  subscribe(options = {}, signal?: AbortSignal) {
    return subscription((ended) => deliver(this.client, options, ended), [signal, this.closed.signal]);
  }

  async head(): Promise<Position | undefined> {
    return (await this.readAll({ direction: 'backwards', limit: 1 }))[0]?.position;
  }

  async close(): Promise<void> {
    this.closed.abort();
    await this.client.dispose();
  }
}

/** Reads until there are `limit` events that `wanted` lets through, and none where there is no such stream. */
async function take(found: StreamingRead<ReadEvent>, limit: number, wanted: (event: Recorded) => boolean): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  try {
    for await (const { event } of found.iterator({ destroyOnReturn: false }) as AsyncIterable<ReadEvent>) {
      if (event === undefined || !wanted(event)) continue;
      events.push(toStored(event));
      if (events.length === limit) break;
    }
    return events;
  } catch (error) {
    if (error instanceof StreamNotFoundError) return [];
    throw readError(error);
  } finally {
    await release(found, () => found.cancel());
  }
}

function toServer(expected: ExpectedRevision): AppendExpectedRevision {
  if (typeof expected === 'number') return BigInt(expected);
  return expected === 'none' ? 'no_stream' : expected === 'exists' ? 'stream_exists' : 'any';
}

/** Definite answers of the server: nothing was written, and trying again would not help. */
const REFUSALS: ReadonlySet<string> = new Set([
  ErrorType.ACCESS_DENIED,
  ErrorType.STREAM_DELETED,
  ErrorType.INVALID_ARGUMENT,
  ErrorType.MISSING_REQUIRED_METADATA_PROPERTY,
  ErrorType.UNSUPPORTED,
]);

function appendError(stream: string, expected: ExpectedRevision, error: unknown): unknown {
  if (error instanceof WrongExpectedVersionError) {
    return new WrongExpectedRevision(stream, expected, typeof error.actualVersion === 'bigint' ? Number(error.actualVersion) : 'none');
  }
  if (error instanceof MaxAppendSizeExceededError) return new AppendTooLarge(stream, error.maxAppendSize + 1, error.maxAppendSize);
  if (error instanceof OutcomeUnknown || !(error instanceof Error) || !isCommandError(error) || REFUSALS.has(error.type)) return error;
  // Unavailable, cancelled, deadline, or unknown: it may have been written before the answer was lost.
  return new OutcomeUnknown(stream, { cause: error });
}

function readError(error: unknown): unknown {
  if (!(error instanceof Error) || !isCommandError(error) || error instanceof AccessDeniedError) return error;
  return new EventStoreUnavailable({ cause: error });
}

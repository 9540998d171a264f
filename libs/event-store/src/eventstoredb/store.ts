/** EventStoreDB (and KurrentDB): its connection is the client's, its protocol is spoken here. */
import { matcher, serialize } from '../checks';
import {
  AppendFailed,
  OutcomeUnknown,
  type Appended,
  type EventStore,
  type ExpectedRevision,
  type NewEvent,
  type Position,
  type ReadAllOptions,
  type ReadStreamOptions,
  type StoredEvent,
  type SubscribeOptions,
} from '../port';
import { subscription } from '../subscription';
import { Appender } from './appender';
import { Connection } from './connection';
import { read, tail } from './reading';
import { toReadAll, toReadStream } from './requests';
import { deliver } from './subscription';

/**
 * @param connectionString `esdb://…` or `esdb+discover://…`, as EventStoreDB documents it; it may hold credentials and
 *   appears in no error
 * @throws InvalidConnectionString, EventStoreUnavailable
 */
export async function openEventStoreDB(connectionString: string): Promise<EventStore> {
  const store = new EventStoreDB(new Connection(connectionString));
  try {
    await store.head();
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

const isOurs = matcher();
/** So many of the last events are looked at before the server is asked to search. */
const TAIL = 20;

class EventStoreDB implements EventStore {
  private readonly closed = new AbortController();
  private readonly appender: Appender;
  /** Where the last look at a tail of nothing but the server's own events has found the last of ours. */
  private searched: { readonly end: Position; readonly head: Position | undefined } | undefined;

  constructor(private readonly connection: Connection) {
    this.appender = new Appender(connection);
  }

  async append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<Appended> {
    const texts = serialize(stream, expected, events);
    if (this.closed.signal.aborted) throw new AppendFailed(stream, 'the store is closed');
    const { revision, position } = await this.appender.append(stream, expected, texts);
    if (position !== undefined) return { revision, position };
    const [last] = await this.readStream(stream, { from: revision, limit: 1 });
    if (last === undefined) throw new OutcomeUnknown(stream);
    return { revision, position: last.position };
  }

  async readStream(stream: string, options: ReadStreamOptions = {}): Promise<StoredEvent[]> {
    return options.limit === 0 ? [] : read(this.connection, toReadStream(stream, options));
  }

  async readAll({ direction, from, limit, filter }: ReadAllOptions = {}): Promise<StoredEvent[]> {
    if (limit === 0) return [];
    const isWanted = matcher(filter);
    return read(this.connection, toReadAll({ direction, from, filter }), {
      limit,
      filtered: true,
      passes: ({ stream, type, position }) =>
        isWanted(stream, type) &&
        // Whether the server counts the event at `from` differs by direction; here it never does.
        (from === undefined || (direction === 'backwards' ? position < from : position > from)),
    });
  }

  subscribe(options: SubscribeOptions = {}, signal?: AbortSignal) {
    return subscription((ended) => deliver(this.connection, options, ended), [signal, this.closed.signal]);
  }

  async head(): Promise<Position | undefined> {
    const last = await tail(this.connection, TAIL);
    const ours = last.find(({ stream, type }) => isOurs(stream, type));
    if (ours !== undefined || last.length < TAIL) return ours?.position;
    const end = last[0]!.position;
    // The server searches half a million events a second: not again where nothing has come since.
    if (this.searched?.end !== end) {
      this.searched = { end, head: (await this.readAll({ direction: 'backwards', limit: 1 }))[0]?.position };
    }
    return this.searched.head;
  }

  async close(): Promise<void> {
    this.closed.abort();
    await this.appender.settled();
    await this.connection.close();
  }
}

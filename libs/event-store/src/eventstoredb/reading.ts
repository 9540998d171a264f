/** Reads that have an end. */
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb';
import type { StoredEvent } from '../port';
import { end, type Connection } from './connection';
import { EventStoreUnavailable, readError } from './errors';
import { placeOf, toReadTail, toStored, type Place, type Recorded } from './requests';

/** How long a read may be without news of the server, in milliseconds, where the server has no reason to be silent. */
const PATIENCE = 10_000;

interface Wanted {
  /** Default: all of them. */
  readonly limit?: number;
  /** Which of the events that come; default: each. */
  readonly passes?: (place: Place) => boolean;
  /** True where the server filters: it is silent while it lets nothing through. Where it is gone, the connection breaks. */
  readonly filtered?: boolean;
}

/**
 * @returns no events where there is no such stream
 * @throws EventStoreUnavailable, UnknownPosition, ForeignEvent
 */
export async function read(connection: Connection, request: ReadReq, wanted: Wanted = {}): Promise<StoredEvent[]> {
  return each(connection, request, wanted, toStored);
}

/** The last events of all, the server's own included, the last one first. */
export async function tail(connection: Connection, limit: number): Promise<Place[]> {
  return each(connection, toReadTail(limit), {}, (_, place) => place);
}

async function each<T>(
  connection: Connection,
  request: ReadReq,
  { limit, passes, filtered }: Wanted,
  take: (event: Recorded, place: Place) => T,
): Promise<T[]> {
  const found: T[] = [];
  try {
    const call = await connection.read(request);
    let heard = 0;
    let before = 0;
    const watch = setInterval(() => {
      if (heard === before) call.destroy(new EventStoreUnavailable());
      before = heard;
    }, PATIENCE);
    if (filtered === true) clearInterval(watch);
    try {
      for await (const response of call as AsyncIterable<ReadResp>) {
        heard++;
        const event = response.getEvent()?.getEvent();
        if (event === undefined) continue;
        const place = placeOf(event);
        if (passes?.(place) === false) continue;
        found.push(take(event, place));
        if (found.length === limit) break;
      }
      return found;
    } finally {
      clearInterval(watch);
      end(call);
    }
  } catch (error) {
    throw readError(error);
  }
}

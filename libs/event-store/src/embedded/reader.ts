import { activeFilter } from '../checks';
import {
  type Batch,
  type EventFilter,
  type JsonObject,
  type Position,
  type ReadAllOptions,
  type ReadStreamOptions,
  type StoredEvent,
} from '../port';
import { toPosition, toSequence } from './protocol';
import { openForReading, type Database } from './schema';

type Statement = ReturnType<Database['prepare']>;
type Row = [position: number, stream: string, revision: number, id: string, type: string, data: string, metadata: string];

const COLUMNS = 'position, stream, revision, id, type, data, metadata';

/** A filter may let nothing through for a long time: at most that many events are looked at in one go. */
const SCAN = 20_000;

/** A read connection of its own. Reads are synchronous: a page that is in the cache costs less than a hop to a thread. */
export class Reader {
  readonly storeId: string;
  private readonly db: Database;
  private readonly statements = new Map<string, Statement>();

  /** @throws Error where there is no store at `file` */
  constructor(file: string) {
    const { db, storeId } = openForReading(file);
    this.db = db;
    this.storeId = storeId;
  }

  readStream(stream: string, { direction, from, limit }: ReadStreamOptions = {}): StoredEvent[] {
    const backwards = direction === 'backwards';
    const sql = `SELECT ${COLUMNS} FROM events WHERE stream = ? AND revision ${backwards ? '<=' : '>='} ? ORDER BY revision ${backwards ? 'DESC' : 'ASC'} LIMIT ?`;
    return this.rows(sql, stream, from ?? (backwards ? Number.MAX_SAFE_INTEGER : 0), limit ?? -1);
  }

  readAll({ direction, from, limit = Number.MAX_SAFE_INTEGER, filter }: ReadAllOptions = {}): StoredEvent[] {
    const { streamPrefixes, types } = activeFilter(filter);
    const step = streamPrefixes.length + types.length === 0 ? Number.MAX_SAFE_INTEGER : SCAN;
    const found: StoredEvent[] = [];
    if (direction === 'backwards') {
      let end = from === undefined ? this.headSequence() : toSequence(from) - 1;
      for (; end > 0 && found.length < limit; end -= step)
        found.push(...this.between(Math.max(0, end - step), end, filter, limit - found.length, 'DESC'));
    } else {
      const head = this.headSequence();
      let start = from === undefined ? 0 : toSequence(from);
      for (; start < head && found.length < limit; start += step)
        found.push(...this.between(start, Math.min(head, start + step), filter, limit - found.length, 'ASC'));
    }
    return found;
  }

  /** The next events after a position, for a subscription. */
  next(after: Position | undefined, filter: EventFilter | undefined, size: number): Batch {
    const { streamPrefixes, types } = activeFilter(filter);
    const start = after === undefined ? 0 : toSequence(after);
    // Read first: what is appended from here on belongs to the next batch.
    const head = this.headSequence();
    const end = streamPrefixes.length + types.length === 0 ? head : Math.min(head, start + SCAN);
    const events = end > start ? this.between(start, end, filter, size, 'ASC') : [];
    const looked = events.length === size ? (events[size - 1] as StoredEvent).position : end > start ? toPosition(end) : after;
    return { events, position: looked, caughtUp: looked === undefined || toSequence(looked) >= head };
  }

  /** Those after `start` up to `end` that pass. */
  private between(start: number, end: number, filter: EventFilter | undefined, limit: number, order: 'ASC' | 'DESC'): StoredEvent[] {
    const { streamPrefixes, types } = activeFilter(filter);
    const prefix = streamPrefixes.map(() => 'substr(stream, 1, length(?)) = ?').join(' OR ');
    const among = types.map(() => '?').join(', ');
    // The types' index gives few positions, in order; left to itself, SQLite would read every event between the two.
    const range =
      among === ''
        ? 'position > ? AND position <= ?'
        : `position IN (SELECT position FROM events INDEXED BY events_by_type WHERE position > ? AND position <= ? AND type IN (${among}))`;
    const sql = `SELECT ${COLUMNS} FROM events WHERE ${range}${prefix === '' ? '' : ` AND (${prefix})`} ORDER BY position ${order} LIMIT ?`;
    return this.rows(sql, start, end, ...types, ...streamPrefixes.flatMap((each) => [each, each]), limit);
  }

  head(): Position | undefined {
    const sequence = this.headSequence();
    return sequence === 0 ? undefined : toPosition(sequence);
  }

  close(): void {
    this.statements.clear();
    this.db.close();
  }

  private headSequence(): number {
    return (this.statement('SELECT max(position) FROM events').get() as [number | null])[0] ?? 0;
  }

  private rows(sql: string, ...values: (string | number)[]): StoredEvent[] {
    return (this.statement(sql).all(...values) as Row[]).map(toEvent);
  }

  private statement(sql: string): Statement {
    let statement = this.statements.get(sql);
    if (statement === undefined) {
      statement = this.db.prepare(sql, { returnArrays: true });
      this.statements.set(sql, statement);
    }
    return statement;
  }
}

function toEvent([sequence, stream, revision, id, type, data, metadata]: Row): StoredEvent {
  return {
    id,
    type,
    data: JSON.parse(data) as JsonObject,
    metadata: JSON.parse(metadata) as JsonObject,
    stream,
    revision,
    position: toPosition(sequence),
  };
}

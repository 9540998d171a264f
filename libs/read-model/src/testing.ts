/**
 * Given-when-then for projections: `given(happened(NoteTaken, stream, { … })).apply(projection)` gives the rows.
 * Values are written readable and sealed for show: `readable` reads them back from a row.
 */
import { position, type JsonObject, type StoredEvent } from '@rapport/event-store';
import {
  isSealed,
  type DataOf,
  type EventDeclaration,
  type EventMetadata,
  type EventType,
  type Fields,
  type Sealed,
} from '@rapport/kernel';
import { declarationsOf } from '@rapport/kernel/recorded';
import { ownerOf } from '@rapport/kernel/sealing';
import type { Projection, Tables } from './projection';
import { Projector } from './projector';
import { readModelOn, type ReadModel } from './query';
import { openForWriting, type Database } from './sqlite';
import type { ColumnType, Columns, JsonText, SelectedRow, Table } from './table';

/** An event for `given`, before it has a place in the history. */
export interface Happened {
  readonly declaration: EventDeclaration;
  readonly stream: string;
  readonly data: JsonObject;
  readonly metadata: Partial<EventMetadata>;
}

/**
 * @param data as `decide` writes it; sealed fields are sealed for show, under the owner the declaration names
 * @param metadata what matters to the test; the rest is filled in
 */
export function happened<N extends string, F extends Fields>(
  declaration: EventType<N, F>,
  stream: string,
  data: DataOf<F>,
  metadata: Partial<EventMetadata> = {},
): Happened {
  return {
    declaration: declaration as unknown as EventDeclaration,
    stream,
    data: sealForShow(declaration.fields, stream, data as JsonObject),
    metadata,
  };
}

function sealForShow(fields: Fields, stream: string, data: JsonObject): JsonObject {
  const record = stream.slice(stream.indexOf('-') + 1);
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => {
      const field = fields[name];
      if (field?.kind !== 'sealed' || value === undefined || isSealed(value)) return [name, value];
      const text = Buffer.from(JSON.stringify(value)).toString('base64url');
      const shown = {
        $sealed: 1,
        owner: ownerOf(field.owner, data, record),
        category: field.category,
        secret: `secret of ${name}`,
        value: text,
      };
      return [name, shown];
    }),
  );
}

/** The value that `happened` sealed for show. */
export function readable<T>(sealed: Sealed<T>): T {
  return JSON.parse(Buffer.from(sealed.value, 'base64url').toString()) as T;
}

/** The id of the n-th event given, from 1. */
export function eventId(n: number): string {
  return `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
}

/** The events as a store would give them back: ids and positions count from 1. */
export function storedEvents(events: readonly Happened[]): StoredEvent[] {
  const revisions = new Map<string, number>();
  return events.map(({ declaration, stream, data, metadata }, index) => {
    const revision = (revisions.get(stream) ?? -1) + 1;
    revisions.set(stream, revision);
    return {
      id: eventId(index + 1),
      type: declaration.type,
      data,
      metadata: { ...metadataFor(declaration, stream, revision), ...metadata } as unknown as JsonObject,
      stream,
      revision,
      position: position(BigInt(index + 1)),
    };
  });
}

const WHEN = '2026-01-01T00:00:00.000Z';

function metadataFor(declaration: EventDeclaration, stream: string, revision: number): EventMetadata {
  return {
    version: declaration.version,
    commandId: 'command',
    commandDigest: 'digest',
    correlationId: 'correlation',
    actor: { kind: 'system', id: 'test' },
    occurredAt: WHEN,
    recordedAt: WHEN,
    decision: {
      action: 'Test',
      facts: {},
      policies: [],
      policySet: 'none',
      at: WHEN,
      sources: { stream, revision: revision - 1, authorities: position(0n) },
    },
  };
}

type Read<V> = V extends 0 | 1 ? boolean : V;
type Decoded<K, V> = K extends 'boolean' | 'boolean?'
  ? Read<V> | Extract<V, null>
  : K extends 'json' | 'json?'
    ? NonNullable<V> extends JsonText<infer T>
      ? T | Extract<V, null>
      : unknown
    : V;
/** A row with its JSON read and its booleans as booleans. */
export type DecodedRow<C extends Columns> = { [K in keyof C]: Decoded<C[K], SelectedRow<C>[K]> };
export type RowsOf<T extends Tables> = { [K in keyof T]: T[K] extends Table<string, infer C> ? DecodedRow<C>[] : never };

export interface Given {
  /** The rows of its tables after these events, ordered by key. @throws ProjectionFailed */
  apply<T extends Tables>(projection: Projection<T>): RowsOf<T>;
  /** The read models after these events, for queries. @throws ProjectionFailed */
  readModel(...projections: readonly Projection[]): ReadModel;
}

/** @param events what happened, in this order */
export function given(...events: readonly Happened[]): Given {
  const project = (projections: readonly Projection[]): Database => {
    const database = openForWriting(':memory:');
    const declared = events.map((event) => event.declaration);
    const handled = projections
      .flatMap(({ handlers }) => [...handlers.keys()])
      .filter((type) => !declared.some((event) => event.type === type));
    const declarations = declarationsOf([...declared, ...handled.map(undeclared)]);
    new Projector(database, projections, declarations).apply(storedEvents(events), position(BigInt(events.length)));
    return database;
  };
  return {
    apply: <T extends Tables>(projection: Projection<T>) => {
      const database = project([projection]);
      const rows = Object.entries(projection.tables).map(([name, table]) => [name, rowsOf(database, table)]);
      database.close();
      return Object.fromEntries(rows) as RowsOf<T>;
    },
    readModel: (...projections) => readModelOn(project(projections)),
  };
}

/** Stands for an event the projection handles and the test does not give. */
function undeclared(type: string): EventDeclaration {
  return { type, version: 1, fields: {}, title: type, upcast: {} };
}

function rowsOf(database: Database, table: Table): { [column: string]: unknown }[] {
  const order = table.key.map((column) => `"${column}"`).join(', ');
  const rows = database.prepare(`SELECT * FROM "${table.storedAs}" ORDER BY ${order}`).all() as {
    [column: string]: string | number | null;
  }[];
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([column, value]) => [column, decode(table.columns[column], value)])),
  );
}

function decode(type: ColumnType | undefined, value: string | number | null): unknown {
  if (value === null) return null;
  if (type === 'json' || type === 'json?') return JSON.parse(value as string);
  return type === 'boolean' || type === 'boolean?' ? value === 1 : value;
}

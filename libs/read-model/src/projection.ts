/** A projection: its tables, and which events change them how. Its handlers are pure functions of one event. */
import type { EventType, Fields, RecordedDataOf, RecordedEvent } from '@rapport/kernel';
import type { Operations } from './operations';
import { assign, type Table } from './table';

export interface Handler {
  readonly type: string;
  readonly handle: (event: RecordedEvent) => Operations;
}

export type Tables = { readonly [name: string]: Table };

export interface Projection<T extends Tables = Tables> {
  readonly name: string;
  readonly version: number;
  readonly tables: T;
  /** By event type; these are the events it shows. */
  readonly handlers: ReadonlyMap<string, Handler['handle']>;
  /** For every event, whatever its type; before the type's own handler. */
  readonly onEvery?: Handler['handle'];
}

/**
 * What to do on events of a type.
 * @param handle pure: the same event gives the same operations; an exception stops the read models
 */
export function on<N extends string, F extends Fields>(
  type: EventType<N, F>,
  handle: (event: RecordedEvent<N, RecordedDataOf<F>>) => Operations,
): Handler {
  return { type: type.type, handle: handle as unknown as Handler['handle'] };
}

/**
 * Declares a projection and gives it its tables.
 *
 * @param version raise it with every change of tables or handlers: tables of a new version are built beside the old
 * @throws Error where its name is not lower-case letters, digits and underscores, it has two handlers for a type or
 * none at all, or a table is another's
 */
export function projection<const T extends Tables>(declaration: {
  name: string;
  version: number;
  tables: T;
  on?: readonly Handler[];
  onEvery?: (event: RecordedEvent) => Operations;
}): Projection<T> {
  const { name, version, tables, on: handlers = [], onEvery } = declaration;
  if (!/^[a-z][a-z0-9_]*$/.test(name) || name.includes('__'))
    throw new Error(`A projection's name is lower-case, with single underscores: '${name}'.`);
  if (!Number.isInteger(version) || version < 1) throw new Error(`The version of ${name} counts from 1.`);
  if (handlers.length === 0 && onEvery === undefined) throw new Error(`${name} handles no event.`);
  const byType = new Map(handlers.map((handler) => [handler.type, handler.handle]));
  if (byType.size !== handlers.length) throw new Error(`${name} has two handlers for one event type.`);
  const names = Object.values(tables).map((table) => table.name);
  if (new Set(names).size !== names.length) throw new Error(`${name} has two tables of one name.`);
  for (const table of Object.values(tables)) assign(table, name, version);
  return { name, version, tables, handlers: byType, ...(onEvery === undefined ? {} : { onEvery }) };
}

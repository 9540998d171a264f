/** Reading events back: by their declaration, upcast, each sealed value bound to its event and field. */
import type { JsonObject, StoredEvent } from '@rapport/event-store';
import { isSealed, type EventDeclaration, type EventMetadata, type RecordedEvent } from './events';

/** The declared event types by name. */
export type Declarations = ReadonlyMap<string, EventDeclaration>;

/** @throws Error where two declarations share a type */
export function declarationsOf(events: Iterable<EventDeclaration>): Declarations {
  const byType = new Map<string, EventDeclaration>();
  for (const event of events) {
    const known = byType.get(event.type);
    if (known !== undefined && known !== event) throw new Error(`Two events are declared with the type ${event.type}.`);
    byType.set(event.type, event);
  }
  return byType;
}

/** An event this software cannot read: it was written by a newer one, or by something else. */
export class UnknownEventType extends Error {
  override readonly name = 'UnknownEventType';
  constructor(
    readonly type: string,
    readonly eventId: string,
    what = 'is not declared here',
  ) {
    super(`The event type ${type} ${what} (event ${eventId}). Deploy the software that reads it before the one that writes it.`);
  }
}

/**
 * A stored event as the domain and the projections read it: upcast to the declaration's version, `at` set on
 * each sealed value (sealed values stand only at the top level of the data).
 *
 * `at` is the name the field was sealed under, so it is set before upcasting: an upcaster may rename a field.
 *
 * @throws UnknownEventType its type, or the version it was written with, is not known here
 */
export function recorded(stored: StoredEvent, declarations: Declarations): RecordedEvent {
  const declaration = declarations.get(stored.type);
  if (declaration === undefined) throw new UnknownEventType(stored.type, stored.id);
  return {
    type: stored.type,
    data: upcast(bind(stored.data, stored.id), stored, declaration),
    id: stored.id,
    stream: stored.stream,
    streamId: stored.stream.slice(stored.stream.indexOf('-') + 1),
    revision: stored.revision,
    position: stored.position,
    metadata: stored.metadata as unknown as EventMetadata,
  };
}

/** Reads stored events as recorded ones. */
export type Recorder = (stored: StoredEvent) => RecordedEvent;

/** @returns `recorded` for these declarations @throws Error where two of them share a type */
export function recorder(events: Iterable<EventDeclaration>): Recorder {
  const declarations = declarationsOf(events);
  return (stored) => recorded(stored, declarations);
}

function bind(data: JsonObject, eventId: string): JsonObject {
  const bound: { [field: string]: JsonObject[string] } = {};
  for (const field in data) {
    const value = data[field];
    bound[field] = isSealed(value) ? ({ ...(value as object), at: `${eventId}/${field}` } as unknown as JsonObject) : value;
  }
  return bound;
}

function upcast(data: JsonObject, stored: StoredEvent, declaration: EventDeclaration): JsonObject {
  const written = stored.metadata['version'];
  if (written === declaration.version) return data;
  if (typeof written !== 'number' || !Number.isInteger(written) || written < 1 || written > declaration.version) {
    throw new UnknownEventType(
      stored.type,
      stored.id,
      `is declared here up to version ${declaration.version} and was written with another`,
    );
  }
  let current = data;
  for (let version = written; version < declaration.version; version++) {
    const step = declaration.upcast[version];
    if (step === undefined) throw new UnknownEventType(stored.type, stored.id, `has no upcaster from version ${version}`);
    current = step(current);
  }
  return current;
}

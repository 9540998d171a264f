/** What both adapters refuse before anything is sent, so that no store sees what another would not take. */
import { findFlaw, survives, type Flaw } from './json';
import { AppendTooLarge, MAX_APPEND_BYTES, type EventFilter, type ExpectedRevision, type NewEvent } from './port';

/** An append that no store could take, whatever its state: a mistake in the program. Nothing was sent. */
export class InvalidAppend extends Error {
  override readonly name = 'InvalidAppend';
}

/** Event data or metadata that would not come back as it was. The message has the path, never the value. Nothing was sent. */
export class InvalidEventJson extends Error {
  override readonly name = 'InvalidEventJson';
  constructor(
    readonly eventType: string,
    /** From the event: 'data/participants/0'. */
    readonly path: string,
    reason: string,
  ) {
    super(`${eventType}: ${path} ${reason}. It would not come back from the store as it went in.`);
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * Checks an append and writes its JSON.
 *
 * @returns flat: id, type, data and metadata (JSON text) of the first event, then of the second, ...
 * @throws InvalidAppend no events, an expected revision that is none, an id that is not a lower-case UUID, or a name
 *   that is empty, not valid text, or begins with `$` (those are the store's own)
 * @throws InvalidEventJson
 * @throws AppendTooLarge
 */
export function serialize(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): string[] {
  checkName('stream', stream);
  if (typeof expected === 'number' && !(Number.isSafeInteger(expected) && expected >= 0)) {
    throw new InvalidAppend('An expected revision is 0 or more; use none where the stream must not exist.');
  }
  if (events.length === 0) throw new InvalidAppend(`An append to ${stream} must have an event.`);
  const texts: string[] = [];
  for (const event of events) {
    checkName('event type', event.type);
    if (!UUID.test(event.id)) throw new InvalidAppend(`The id of an event is a lower-case UUID; that of a ${event.type} is not.`);
    texts.push(event.id, event.type, toJson(event, 'data'), toJson(event, 'metadata'));
  }
  const bytes = bytesOf(texts);
  if (bytes > MAX_APPEND_BYTES) throw new AppendTooLarge(stream, bytes);
  return texts;
}

/**
 * The size of an append as EventStoreDB counts it: for each event the UTF-8 bytes of data and of metadata, and two bytes
 * for each UTF-16 unit of the type; the ids and the stream's name are not counted.
 *
 * @param texts as `serialize` gives them
 */
export function bytesOf(texts: readonly string[]): number {
  let bytes = 0;
  for (let i = 0; i < texts.length; i += 4) {
    bytes += 2 * texts[i + 1]!.length + Buffer.byteLength(texts[i + 2]!) + Buffer.byteLength(texts[i + 3]!);
  }
  return bytes;
}

function checkName(what: string, name: string): void {
  if (name === '' || name.startsWith('$') || !survives(name)) {
    throw new InvalidAppend(`The name of a ${what} must be valid text that does not begin with $, and not empty.`);
  }
}

function toJson(event: NewEvent, part: 'data' | 'metadata'): string {
  const value: unknown = event[part];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new InvalidEventJson(event.type, part, 'is not an object');
  check(event, part, findFlaw(value, false));
  const json = JSON.stringify(value);
  // JSON writes NUL and half a surrogate pair as an escape (ECMA-262 §25.5.2.3), and hardly anything else of ours.
  if (json.includes('\\u')) check(event, part, findFlaw(value));
  return json;
}

function check({ type }: NewEvent, part: string, found: Flaw | undefined): void {
  if (found !== undefined) throw new InvalidEventJson(type, [part, ...found.path].join('/'), found.reason);
}

/** The parts of a filter that say something: an empty list is as good as none. */
export function activeFilter(filter: EventFilter = {}): { streamPrefixes: readonly string[]; types: readonly string[] } {
  return { streamPrefixes: filter.streamPrefixes ?? [], types: filter.types ?? [] };
}

/** @returns whether an event passes: not one of the store's own, and both parts of the filter match where both are given */
export function matcher(filter?: EventFilter): (stream: string, type: string) => boolean {
  const { streamPrefixes, types } = activeFilter(filter);
  const wanted = new Set(types);
  return (stream, type) =>
    !stream.startsWith('$') &&
    !type.startsWith('$') &&
    (wanted.size === 0 || wanted.has(type)) &&
    (streamPrefixes.length === 0 || streamPrefixes.some((prefix) => stream.startsWith(prefix)));
}

/**
 * The event store as the rest of Rapport sees it, with EventStoreDB's own semantics.
 * Two adapters implement it (`embedded`, `eventstoredb`); one contract suite holds for both.
 */

/**
 * A place in `$all`: 32 lower-case hexadecimal digits, the commit position followed by the prepare position.
 * Positions of one store compare as strings. Opaque to everybody else.
 */
export type Position = string;

/** JSON as it is stored. No BigInt: it ends the process inside db-client. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };
export type JsonObject = { readonly [key: string]: Json | undefined };

/** An event to append. `id` is a lower-case UUID; the store recognizes a repeated append by it. */
export interface NewEvent {
  readonly id: string;
  readonly type: string;
  readonly data: JsonObject;
  readonly metadata: JsonObject;
}

/** An event as the store gives it back. `revision` counts from 0 in its stream. */
export interface StoredEvent extends NewEvent {
  readonly stream: string;
  readonly revision: number;
  readonly position: Position;
}

/** `none`: the stream must not exist; `exists`: it must; a number: its last event has that revision; `any`: no check, and no idempotency. */
export type ExpectedRevision = number | 'none' | 'any' | 'exists';

/** Where the last event of an append stands. */
export interface Appended {
  readonly revision: number;
  readonly position: Position;
}

export type Direction = 'forwards' | 'backwards';

export interface ReadStreamOptions {
  readonly direction?: Direction;
  /** First revision to read, inclusive. Default: the stream's start, or its end when reading backwards. */
  readonly from?: number;
  /** How many events at most. Default: all of them. */
  readonly limit?: number;
}

/** Both must match where both are given; an empty filter lets everything through. */
export interface EventFilter {
  /** The stream's name begins with one of these. */
  readonly streamPrefixes?: readonly string[];
  /** The event's type is one of these. */
  readonly types?: readonly string[];
}

export interface ReadAllOptions {
  readonly direction?: Direction;
  /** Exclusive: events after it (before it, when backwards). Default: the start, or the end when reading backwards. */
  readonly from?: Position;
  readonly limit?: number;
  readonly filter?: EventFilter;
}

export interface SubscribeOptions {
  /** Exclusive. Default: from the start. */
  readonly after?: Position;
  readonly filter?: EventFilter;
  /** Events in one batch at most. Default 1,000. */
  readonly batchSize?: number;
}

/** What a subscription delivers: the next events in `$all` order, none twice, none left out. */
export interface Batch {
  readonly events: readonly StoredEvent[];
  /** How far the subscription has looked, filtered-out events included: the checkpoint to store. `undefined` in an empty store. */
  readonly position: Position | undefined;
  /** True where the subscription had reached the end of the store when this batch was read. A batch may be empty to tell that. */
  readonly caughtUp: boolean;
}

export interface EventStore {
  /**
   * Appends all of `events` to `stream`, or nothing.
   *
   * Idempotent exactly as EventStoreDB is: the same ids appended again at the same original `none` or exact
   * revision answer as the first append did. With `any` or `exists` ids are not compared.
   *
   * @throws WrongExpectedRevision the stream is not where it was expected; nothing was written
   * @throws AppendTooLarge the append is over 1 MiB; nothing was written
   * @throws AppendFailed, EventStoreUnavailable nothing was written; trying again later is safe
   * @throws OutcomeUnknown the connection was lost after sending: append again with the same ids and revision
   */
  append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<Appended>;

  /** The events of a stream; empty where there is no such stream. */
  readStream(stream: string, options?: ReadStreamOptions): Promise<StoredEvent[]>;

  /** Events of the whole store, without the store's own system events. */
  readAll(options?: ReadAllOptions): Promise<StoredEvent[]>;

  /**
   * A catch-up subscription that goes live: reads what is there, then what comes, until the iteration is
   * ended (`return`, or the signal). It pulls: the next batch is fetched when the consumer asks for it.
   * It reconnects by itself where the store was restarted.
   */
  subscribe(options?: SubscribeOptions, signal?: AbortSignal): AsyncIterable<Batch>;

  /** The position of the last event; undefined where there is none. */
  head(): Promise<Position | undefined>;

  close(): Promise<void>;
}

/** The stream was not at the expected revision (EventStoreDB's WrongExpectedVersion). */
export class WrongExpectedRevision extends Error {
  override readonly name = 'WrongExpectedRevision';
  constructor(
    readonly stream: string,
    readonly expected: ExpectedRevision,
    readonly actual: number | 'none',
  ) {
    super(`${stream} was expected at revision ${expected} and is at ${actual}. Load it again and decide anew.`);
  }
}

/** EventStoreDB's limit for one append, which the embedded store keeps as well. */
export const MAX_APPEND_BYTES = 1024 * 1024;

export class AppendTooLarge extends Error {
  override readonly name = 'AppendTooLarge';
  constructor(
    readonly stream: string,
    readonly bytes: number,
    readonly limit = MAX_APPEND_BYTES,
  ) {
    super(
      `The append to ${stream} has ${bytes} bytes; the limit for one append is ${limit}. Split it, or store large content as an attachment.`,
    );
  }
}

/** Nothing was written: the transaction failed as a whole (a full disk, for instance), or the store is closed. */
export class AppendFailed extends Error {
  override readonly name = 'AppendFailed';
  constructor(
    readonly stream: string,
    reason: string,
  ) {
    super(`The append to ${stream} could not be written: ${reason}. Nothing was written; it can be tried again.`);
  }
}

/** Sent, but not answered: it may have been written. Appending again with the same ids at the same revision is safe. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';
  constructor(
    readonly stream: string,
    options?: { cause?: unknown },
  ) {
    super(`Whether the append to ${stream} was written is not known. Append again with the same event ids.`, options);
  }
}

const HEX = 16;

/** @param commit and `prepare` are the store's positions, 0 or more. */
export function position(commit: bigint, prepare: bigint = commit): Position {
  return commit.toString(16).padStart(HEX, '0') + prepare.toString(16).padStart(HEX, '0');
}

/** @throws RangeError where the text is not a position */
export function parsePosition(text: Position): { commit: bigint; prepare: bigint } {
  if (!/^[0-9a-f]{32}$/.test(text)) throw new RangeError('A position has 32 lower-case hexadecimal digits.');
  return { commit: BigInt(`0x${text.slice(0, HEX)}`), prepare: BigInt(`0x${text.slice(HEX)}`) };
}

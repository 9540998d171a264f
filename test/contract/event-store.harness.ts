/** What the contract needs from a store beside its port: outages, which differ by adapter. */
import { randomUUID } from 'node:crypto';
import {
  EventStoreUnavailable,
  OutcomeUnknown,
  type Appended,
  type Batch,
  type EventStore,
  type ExpectedRevision,
  type JsonObject,
  type NewEvent,
  type Position,
  type StoredEvent,
} from '@rapport/event-store';

export interface Harness {
  /** Opens the store, as the application does at its start. */
  open(): Promise<EventStore>;
  /** The store is away for a moment. @returns the store to go on with: the same one where it reconnects by itself */
  interrupt(store: EventStore): Promise<EventStore>;
  /** The append arrives, its answer does not. @returns the store to go on with */
  loseAnswer(store: EventStore, stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<EventStore>;
  /** Makes the store write an event of its own about that stream, where it does such things. */
  provokeSystemEvent(stream: string): Promise<void>;
  /** Frees what `open` and the others have used. */
  dispose(): Promise<void>;
}

/** The server keeps what earlier runs wrote: every run has names of its own. */
export function uniqueName(word: string): string {
  return word + randomUUID().replace(/[^a-f]/g, '');
}
export function newStream(category = 'thing'): string {
  return `${category}-${randomUUID()}`;
}
export function newEvent(type = 'ThingHappened', data: JsonObject = { text: 'hello' }): NewEvent {
  return { id: randomUUID(), type, data, metadata: { commandId: randomUUID() } };
}
export function newEvents(count: number): NewEvent[] {
  return Array.from({ length: count }, (_, n) => newEvent('ThingHappened', { n }));
}

/** Appends until it is known how it ended: what is appended again with the same ids at the same revision is there once. */
export async function appendSurely(store: EventStore, ...append: Parameters<EventStore['append']>): Promise<Appended> {
  for (;;) {
    try {
      return await store.append(...append);
    } catch (error) {
      if (!(error instanceof OutcomeUnknown || error instanceof EventStoreUnavailable)) throw error;
    }
  }
}

/** Waits until the store answers again: it may still be finding out that its last connection is gone. */
export async function reached(store: EventStore): Promise<void> {
  for (;;) {
    try {
      await store.head();
      return;
    } catch (error) {
      if (!(error instanceof EventStoreUnavailable)) throw error;
    }
  }
}

/** Reads batches until `enough` says so, then ends the iteration. */
export async function collect(batches: AsyncIterable<Batch>, enough: (soFar: Collected) => boolean): Promise<Collected> {
  const soFar = new Collected();
  for await (const batch of batches) {
    soFar.add(batch);
    if (enough(soFar)) break;
  }
  return soFar;
}

export class Collected {
  readonly events: StoredEvent[] = [];
  readonly batches: Batch[] = [];
  position: Position | undefined;
  caughtUp = false;

  add(batch: Batch): void {
    this.batches.push(batch);
    this.events.push(...batch.events);
    this.position = batch.position;
    this.caughtUp = batch.caughtUp;
  }
}

export const ids = (events: readonly { readonly id: string }[]) => events.map(({ id }) => id);

import type { Batch, EventStore, ReadAllOptions, StoredEvent, SubscribeOptions } from '@rapport/event-store';

/** A double of the event store: a fixed history, read in batches; it counts how many batches were asked for. */
export class StoreDouble implements Pick<EventStore, 'readAll' | 'subscribe'> {
  /** Batches handed out. */
  pulled = 0;

  constructor(private readonly events: readonly StoredEvent[]) {}

  readAll({ from, limit }: ReadAllOptions = {}): Promise<StoredEvent[]> {
    return Promise.resolve(this.after(from, limit));
  }

  /** Ends at the end of the history, where a real subscription would wait. */
  async *subscribe({ after, batchSize = 1_000 }: SubscribeOptions = {}): AsyncGenerator<Batch> {
    let position = after;
    for (;;) {
      const events = this.after(position, batchSize);
      position = events.at(-1)?.position ?? position;
      this.pulled++;
      const caughtUp = this.after(position, 1).length === 0;
      yield await Promise.resolve({ events, position, caughtUp });
      if (caughtUp) return;
    }
  }

  /** As the port, for what takes a whole one. */
  get asStore(): EventStore {
    return this as unknown as EventStore;
  }

  private after(position: string | undefined, limit = this.events.length): StoredEvent[] {
    const start = position === undefined ? 0 : this.events.findIndex((event) => event.position > position);
    return start < 0 ? [] : this.events.slice(start, start + limit);
  }
}

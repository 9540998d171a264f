/**
 * Who may do what, from events alone: sign-ins, roles, trainings, engagements, services and purposes.
 * A view in memory of the whole store, kept by a subscription of its own; a command waits for nothing but
 * its freshness. The identity provider says who somebody is (issuer and subject), nothing else.
 */
import { Directory, DIRECTORY_EVENTS, type Account, type Principal, type Purpose, type Role } from '@rapport/domain';
import type { EventStore, Position, StoredEvent } from '@rapport/event-store';
import type { Erased, RecordedEvent, Sealed } from '@rapport/kernel';

export type { Principal } from '@rapport/domain';

export const SYSTEM: Principal = { kind: 'system', id: 'rapport', roles: [], trained: false, purposes: [], engaged: false };

export interface AuthoritiesOptions {
  readonly store: EventStore;
  /** Reads an event of the store as it was declared. */
  readonly recorded: (stored: StoredEvent) => RecordedEvent;
  readonly open: <T>(value: Sealed<T>) => T | Erased;
  /** Milliseconds that only go forward. */
  readonly monotonic: () => number;
  /** How long the view may be without news of the store, in milliseconds, before nothing is decided on it. */
  readonly maxStaleness: number;
  /** Told once where the view stops: nothing is decided from then on. */
  readonly onFailure?: (error: Error) => void;
}

export class Authorities {
  readonly directory: Directory;
  private applied: Position = '';
  private heardAt = -Infinity;
  private headBefore: Position = '';
  private failure: unknown;
  private waiting: { readonly position: Position; readonly resolve: () => void }[] = [];
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: AuthoritiesOptions) {
    this.directory = new Directory(options.open);
  }

  /** Reads what there is, then follows. Resolves when it has caught up; rejects where the history cannot be read. */
  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.running = this.follow(resolve).catch((thrown: unknown) => {
        const error = thrown instanceof Error ? thrown : new Error('The view of authorities stopped.');
        this.failure = error;
        this.options.onFailure?.(error);
        this.wake();
        reject(error);
      });
    });
    this.keepInTouch();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** The position of the last event the view has applied; empty where there is none. */
  get position(): Position {
    return this.applied;
  }

  /** Whether decisions may be based on the view: it runs, and it heard from the store lately. */
  get isFresh(): boolean {
    return this.failure === undefined && this.options.monotonic() - this.heardAt <= this.options.maxStaleness;
  }

  /**
   * Resolves when the view has applied everything up to `position`, so that a role counts for the very next command.
   * Also once it is too old to decide by: then the next command is not decided at all.
   */
  async reached(position: Position): Promise<void> {
    if (this.applied >= position || this.failure !== undefined) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.options.maxStaleness);
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      this.waiting.push({ position, resolve: done });
    });
  }

  /** True for the events this view is made of. */
  concerns(types: readonly string[]): boolean {
    return types.some((type) => DIRECTORY_EVENTS.includes(type));
  }

  /** Who signs in by this account, with what they may do at `now` (ISO 8601, UTC); undefined for nobody we know. */
  principal(account: Account, now: string): Principal | undefined {
    return this.directory.principal(account, now);
  }

  /** The same one as `principal` gave, with what they may do at `now`. */
  renewed(principal: Principal, now: string): Principal {
    return this.directory.renewed(principal, now);
  }

  purpose(slug: string): Purpose | undefined {
    return this.directory.purpose(slug);
  }

  get purposes(): readonly Purpose[] {
    return this.directory.purposes;
  }

  /** Whether anybody has this role. */
  hasRole(role: Role): boolean {
    return this.directory.hasRole(role);
  }

  private async follow(caughtUp: () => void): Promise<void> {
    const batches = this.options.store.subscribe({ filter: { types: DIRECTORY_EVENTS } }, this.stopping.signal);
    for await (const batch of batches) {
      for (const stored of batch.events) this.directory.apply(this.options.recorded(stored));
      if (batch.position !== undefined && batch.position > this.applied) this.applied = batch.position;
      this.heardAt = this.options.monotonic();
      this.wake();
      if (batch.caughtUp) caughtUp();
    }
  }

  /** Asks the store now and then: a subscription that hears nothing cannot tell silence from a broken line. */
  private keepInTouch(): void {
    const timer = setInterval(() => {
      this.options.store.head().then(
        (head) => {
          // Where the view has not come as far as the last look found the store to be, it is not fresh.
          if (this.applied >= this.headBefore) this.heardAt = this.options.monotonic();
          this.headBefore = head ?? '';
        },
        () => undefined, // The view grows stale and says so; the store's own client reconnects.
      );
    }, this.options.maxStaleness / 4);
    timer.unref();
    this.stopping.signal.addEventListener('abort', () => clearInterval(timer));
  }

  private wake(): void {
    const isOver = ({ position }: { position: Position }) => position <= this.applied || this.failure !== undefined;
    const reached = this.waiting.filter(isOver);
    this.waiting = this.waiting.filter((waiting) => !isOver(waiting));
    for (const { resolve } of reached) resolve();
  }
}

/** How far the read models are, as the main thread knows it, and who waits for them. */
import type { Position } from '@rapport/event-store';
import { ReadModelBehind, type ProjectionFailed } from './errors';

export interface Status {
  /** All read models have applied everything up to here; undefined: one is still at the start. */
  readonly position: Position | undefined;
  /** True where they had reached the end of the store when they last reported. */
  readonly caughtUp: boolean;
  /** For how long they have not been up to date, in milliseconds; 0 where they are. */
  readonly lag: number;
  /** Why they stopped. They do not go on by themselves. */
  readonly error?: ProjectionFailed;
}

interface Waiter {
  /** True once what it waits for has come. */
  readonly done: () => boolean;
  readonly settle: (error?: Error) => void;
}

export class Progress {
  #position: Position | undefined;
  #caughtUp = false;
  #behindSince: number;
  #error: ProjectionFailed | undefined;
  readonly #waiters = new Set<Waiter>();

  /** @param now milliseconds of a clock that never goes back */
  constructor(private readonly now: () => number) {
    this.#behindSince = now();
  }

  status(): Status {
    const lag = this.#caughtUp ? 0 : Math.round(this.now() - this.#behindSince);
    return { position: this.#position, caughtUp: this.#caughtUp, lag, ...(this.#error === undefined ? {} : { error: this.#error }) };
  }

  /** A batch was committed. */
  advanced(position: Position | undefined, caughtUp: boolean): void {
    if (this.#caughtUp && !caughtUp) this.#behindSince = this.now();
    this.#position = position;
    this.#caughtUp = caughtUp;
    for (const waiter of this.#waiters) if (waiter.done()) waiter.settle();
  }

  /** They stopped: everybody who waits is told, and whoever comes later. */
  stopped(error: ProjectionFailed): void {
    if (this.#error !== undefined) return;
    if (this.#caughtUp) this.#behindSince = this.now();
    this.#error = error;
    this.#caughtUp = false;
    for (const waiter of this.#waiters) waiter.settle(error);
  }

  /** Whether somebody waits. */
  get isAwaited(): boolean {
    return this.#waiters.size > 0;
  }

  /** Whether the read models have applied everything up to a position. */
  hasPassed(position: Position): boolean {
    return this.#position !== undefined && this.#position >= position;
  }

  /**
   * Waits until the read models have applied everything up to a position.
   * @param timeout milliseconds
   * @throws ReadModelBehind they have not within that time; ProjectionFailed they stopped
   */
  waitFor(position: Position, timeout: number): Promise<void> {
    const behind = () => new ReadModelBehind(position, this.#position, this.status().lag);
    return this.#wait(() => this.hasPassed(position), { timeout, behind });
  }

  /** Waits until they have reached the end of the store. @throws ProjectionFailed they stopped */
  caughtUp(): Promise<void> {
    return this.#wait(() => this.#caughtUp);
  }

  #wait(done: () => boolean, limit?: { timeout: number; behind: () => Error }): Promise<void> {
    if (done()) return Promise.resolve();
    if (this.#error !== undefined) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => {
      const settle = (error?: Error) => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        if (error === undefined) resolve();
        else reject(error);
      };
      const waiter: Waiter = { done, settle };
      const timer = limit === undefined ? undefined : setTimeout(() => settle(limit.behind()), limit.timeout);
      this.#waiters.add(waiter);
    });
  }
}

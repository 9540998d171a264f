import type { Worker } from 'node:worker_threads';
import { AppendFailed, OutcomeUnknown, WrongExpectedRevision, type Appended, type ExpectedRevision } from '../port';
import { CLOSE, Outcome, toCode, toPosition, type BatchReply } from './protocol';
import type { Tail } from './tail';

interface Pending {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  readonly texts: readonly string[];
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: Error) => void;
}

/** A batch is cut after about that many UTF-16 units of text, so that one message stays small. */
const MAX_BATCH_TEXT = 8 * 1024 * 1024;

/**
 * Collects the appends that arrive while a batch is being committed and sends them together as the next one:
 * they share a transaction, an fsync and a message each way.
 */
export class GroupCommit {
  private queue: Pending[] = [];
  private inFlight: Pending[] | undefined;
  private flushScheduled = false;
  private stopped: string | undefined;
  private failed: string | undefined;
  private onIdle: (() => void) | undefined;
  private readonly exited: Promise<void>;
  private appends = 0;
  private commits = 0;

  /**
   * @param worker the committer, which has said that it is ready
   * @param tail told of every append that was written
   * @param onCommit called after each commit that wrote something
   */
  constructor(
    private readonly worker: Worker,
    private readonly maxBatch: number,
    private readonly tail: Tail,
    private readonly onCommit: () => void,
  ) {
    worker.on('message', (reply: BatchReply) => this.answer(reply));
    worker.on('error', (error: Error) => this.fail(error.message));
    this.exited = new Promise((resolve) => {
      worker.on('exit', () => {
        this.fail('its writer has ended');
        resolve();
      });
    });
  }

  /** @param texts as `serialize` gives them */
  append(stream: string, expected: ExpectedRevision, texts: readonly string[]): Promise<Appended> {
    if (this.stopped !== undefined) return Promise.reject(new AppendFailed(stream, this.stopped));
    return new Promise((resolve, reject) => {
      this.queue.push({ stream, expected, texts, resolve, reject });
      this.scheduleFlush();
    });
  }

  /**
   * At the end of this turn of the event loop: appends of all the requests that it reads are sent together. Sent one by
   * one, each would have a transaction, an fsync and a round of every subscription to itself, just when there are many.
   */
  private scheduleFlush(): void {
    if (this.flushScheduled || this.inFlight !== undefined || this.queue.length === 0) return;
    this.flushScheduled = true;
    setImmediate(() => this.flush());
  }

  /** Why the writer ended by itself; nothing can be appended any more. Undefined while it works, and once it was closed. */
  get failure(): string | undefined {
    return this.failed;
  }

  stats(): { readonly appends: number; readonly commits: number } {
    return { appends: this.appends, commits: this.commits };
  }

  /** Commits what was accepted, then ends the worker. */
  async close(): Promise<void> {
    if (this.stopped !== undefined) return;
    this.stopped = 'the store is closed';
    if (this.inFlight !== undefined || this.queue.length > 0) await new Promise<void>((resolve) => (this.onIdle = resolve));
    this.worker.postMessage(CLOSE);
    await this.exited;
  }

  private flush(): void {
    this.flushScheduled = false;
    if (this.inFlight !== undefined || this.queue.length === 0) return;
    const appends: number[] = [];
    const texts: string[] = [];
    let taken = 0;
    for (let size = 0; taken < this.queue.length && taken < this.maxBatch && size < MAX_BATCH_TEXT; taken++) {
      const pending = this.queue[taken] as Pending;
      appends.push(toCode(pending.expected), pending.texts.length / 4);
      texts.push(pending.stream);
      for (const text of pending.texts) {
        texts.push(text);
        size += text.length;
      }
    }
    this.inFlight = taken === this.queue.length ? this.queue : this.queue.slice(0, taken);
    this.queue = taken === this.queue.length ? [] : this.queue.slice(taken);
    this.worker.postMessage({ appends, texts });
  }

  private answer(reply: BatchReply): void {
    const answered = this.inFlight ?? [];
    this.inFlight = undefined;
    this.scheduleFlush();
    if ('failure' in reply) {
      for (const { stream, reject } of answered) {
        const error = new AppendFailed(stream, reply.failure);
        reject(reply.outcomeUnknown ? new OutcomeUnknown(stream, { cause: error }) : error);
      }
    } else {
      this.appends += answered.length;
      if (reply.wrote) this.commits++;
      for (let i = 0; i < answered.length; i++) this.settle(answered[i] as Pending, reply.outcomes, 3 * i);
      if (reply.wrote) this.onCommit();
    }
    if (this.queue.length === 0) this.onIdle?.();
  }

  /** The worker is gone. What it was working on may have been written, what had not been sent was not. */
  private fail(reason: string): void {
    if (this.stopped === undefined) this.failed = reason;
    this.stopped ??= reason;
    for (const { stream, reject } of this.inFlight ?? []) reject(new OutcomeUnknown(stream, { cause: new Error(reason) }));
    for (const { stream, reject } of this.queue) reject(new AppendFailed(stream, reason));
    this.inFlight = undefined;
    this.queue = [];
    this.onIdle?.();
  }

  private settle({ stream, expected, texts, resolve, reject }: Pending, outcomes: readonly number[], at: number): void {
    const revision = outcomes[at + 1] as number;
    const sequence = outcomes[at + 2] as number;
    if (outcomes[at] === Outcome.REFUSED) return reject(new WrongExpectedRevision(stream, expected, revision < 0 ? 'none' : revision));
    if (outcomes[at] === Outcome.WRITTEN) {
      const names = Array.from({ length: texts.length / 4 }, (_, event) => ({ stream, type: texts[4 * event + 1] as string }));
      this.tail.append(names, sequence);
    }
    resolve({ revision, position: toPosition(sequence) });
  }
}

/** Appends, many under way on one call, each with an answer of its own. */
import { randomUUID } from 'node:crypto';
import { unpackToCommandError } from '@eventstore/db-client/dist/streams/appendToStream/unpackError';
import type { BatchAppendResp } from '@eventstore/db-client/generated/streams_pb';
import { bytesOf } from '../checks';
import { OutcomeUnknown, position, type ExpectedRevision, type Position } from '../port';
import type { AppendCall, Connection } from './connection';
import { appendError } from './errors';
import { idOf, toAppend } from './requests';

/** How long an append may be without its answer, in milliseconds. The server gives up before that. */
const PATIENCE = 5_000;

export interface Answer {
  readonly revision: number;
  /** The server leaves it out at times where the append had been written before. */
  readonly position: Position | undefined;
}

interface Waiting {
  readonly call: AppendCall;
  readonly stream: string;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

export class Appender {
  /** By correlation id. */
  private readonly waiting = new Map<string, Waiting>();
  private call: Promise<AppendCall> | undefined;
  private readonly underWay = new Set<Promise<Answer>>();

  constructor(private readonly connection: Connection) {}

  /**
   * @param texts as `serialize` gives them
   * @throws as `EventStore.append`
   */
  async append(stream: string, expected: ExpectedRevision, texts: readonly string[]): Promise<Answer> {
    const answer = this.openCall().then((call) => this.send(call, stream, expected, texts));
    this.underWay.add(answer);
    try {
      return await answer;
    } catch (error) {
      throw appendError(stream, expected, bytesOf(texts), error);
    } finally {
      this.underWay.delete(answer);
    }
  }

  /** Waits for the answers that are still to come. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.underWay);
  }

  /** The call that takes appends now: a new one where the last one has ended. */
  private async openCall(): Promise<AppendCall> {
    for (;;) {
      const begun = (this.call ??= this.begin());
      const call = await begun;
      if (this.call === begun) return call;
    }
  }

  private begin(): Promise<AppendCall> {
    const begun: Promise<AppendCall> = this.connection.append().then((call) => {
      const over = (error?: Error) => {
        if (this.call === begun) this.call = undefined;
        this.lose(call, error);
      };
      call.on('data', (response: BatchAppendResp) => this.answer(response));
      call.on('error', over);
      call.on('close', () => over());
      call.on('end', () => over());
      return call;
    });
    begun.catch(() => {
      if (this.call === begun) this.call = undefined;
    });
    return begun;
  }

  private send(call: AppendCall, stream: string, expected: ExpectedRevision, texts: readonly string[]): Promise<Answer> {
    const id = randomUUID();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.take(id)?.reject(new OutcomeUnknown(stream)), PATIENCE);
      this.waiting.set(id, { call, stream, resolve, reject, timer });
      call.write(toAppend(id, stream, expected, texts));
    });
  }

  private answer(response: BatchAppendResp): void {
    // Nobody waits for an answer that comes too late.
    const waiting = this.take(idOf(response.getCorrelationId()!));
    if (waiting === undefined) return;
    const success = response.getSuccess();
    if (success === undefined) return waiting.reject(refusal(response, waiting.stream));
    const place = success.getPosition();
    waiting.resolve({
      revision: Number(success.getCurrentRevision()),
      position: place === undefined ? undefined : position(BigInt(place.getCommitPosition()), BigInt(place.getPreparePosition())),
    });
  }

  /** The call has ended: what was not answered on it may have been written or not. */
  private lose(call: AppendCall, error: Error | undefined): void {
    for (const [id, waiting] of this.waiting) {
      if (waiting.call === call) this.take(id)?.reject(error ?? new OutcomeUnknown(waiting.stream));
    }
  }

  private take(id: string): Waiting | undefined {
    const waiting = this.waiting.get(id);
    if (waiting === undefined) return undefined;
    clearTimeout(waiting.timer);
    this.waiting.delete(id);
    return waiting;
  }
}

/** Answers that say the append is not as the server takes it, beside those the client knows. */
const NOT_TAKEN = /\.(BadRequest|MaximumAppendEventSizeExceeded)$/;

function refusal(response: BatchAppendResp, stream: string): Error {
  const status = response.getError();
  const kind = status?.getDetails()?.getTypeName() ?? '';
  if (status === undefined || kind === '') return new OutcomeUnknown(stream);
  // Its own message names ids and sizes only.
  if (NOT_TAKEN.test(kind)) return new Error(`EventStoreDB does not take the append to ${stream}: ${status.getMessage()}`);
  return unpackToCommandError(status, stream) as Error;
}

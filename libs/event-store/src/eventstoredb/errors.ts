/** What the server's answers mean to whoever appends or reads. */
import {
  AccessDeniedError,
  convertToCommandError,
  ErrorType,
  isCommandError,
  MaxAppendSizeExceededError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { AppendTooLarge, OutcomeUnknown, WrongExpectedRevision, type ExpectedRevision } from '../port';

/** The server cannot be reached, does not answer or does not let us in. Nothing was written; trying again later is safe. */
export class EventStoreUnavailable extends Error {
  override readonly name = 'EventStoreUnavailable';
  constructor(options: { cause?: unknown } = {}) {
    super(
      options.cause instanceof AccessDeniedError
        ? 'EventStoreDB does not let this user do that. Check user and password in EVENT_STORE_URL, and the access lists of $all.'
        : 'EventStoreDB does not answer. Check that it runs, that EVENT_STORE_URL names it, and that tls=false is there where it does without TLS.',
      options,
    );
  }
}

/** The position to read from is none of this store's. */
export class UnknownPosition extends Error {
  override readonly name = 'UnknownPosition';
  constructor(options?: { cause?: unknown }) {
    super('This event store has no such position: it was kept beside another store. Build anew what was derived from that one.', options);
  }
}

const INVALID_ARGUMENT = 3;

/** What a read has failed with. */
export function readError(error: unknown): unknown {
  const known = commandError(error);
  if (known === undefined || known.type === ErrorType.STREAM_DELETED) return error;
  if (known.code === INVALID_ARGUMENT || known.message.includes('InvalidPosition')) return new UnknownPosition({ cause: known });
  return new EventStoreUnavailable({ cause: known });
}

/** Definite answers of the server: nothing was written, and trying again would not help. */
const REFUSALS: ReadonlySet<string> = new Set([
  ErrorType.STREAM_DELETED,
  ErrorType.INVALID_ARGUMENT,
  ErrorType.MISSING_REQUIRED_METADATA_PROPERTY,
  ErrorType.UNSUPPORTED,
]);

/** What an append has failed with. @param bytes how large it was */
export function appendError(stream: string, expected: ExpectedRevision, bytes: number, error: unknown): unknown {
  const known = commandError(error);
  if (known === undefined) return error;
  if (known instanceof WrongExpectedVersionError) {
    return new WrongExpectedRevision(stream, expected, typeof known.actualVersion === 'bigint' ? Number(known.actualVersion) : 'none');
  }
  if (known instanceof MaxAppendSizeExceededError) return new AppendTooLarge(stream, bytes, known.maxAppendSize);
  if (REFUSALS.has(known.type)) return known;
  if (known instanceof AccessDeniedError || wasNotSent(known)) return new EventStoreUnavailable({ cause: known });
  // Unavailable, cancelled, deadline, or unknown: it may have been written before the answer was lost.
  return new OutcomeUnknown(stream, { cause: known });
}

/** The client says so where it had no connection to send anything on. */
function wasNotSent({ type, message }: { readonly type: ErrorType; readonly message: string }): boolean {
  return type === ErrorType.UNAVAILABLE && /No connection established|Name resolution failed/.test(message);
}

interface CommandError {
  readonly type: ErrorType;
  readonly code?: number;
  readonly message: string;
}

function commandError(error: unknown): CommandError | undefined {
  if (!(error instanceof Error)) return undefined;
  const converted = convertToCommandError(error);
  return isCommandError(converted) ? (converted as CommandError) : undefined;
}

/** What the funnel throws instead of an answer. Each is answered as a problem document; none holds a personal value. */
import type { Refusal } from './refusal';

/** `decide` refused, or something the command needs is not there. */
export class Refused extends Error {
  override readonly name = 'Refused';
  constructor(readonly refusal: Refusal) {
    super(refusal.detail);
  }
}

/** The policies do not allow it. `reason` is a stable code. */
export class Forbidden extends Error {
  override readonly name = 'Forbidden';
  constructor(
    readonly reason: string,
    readonly detail: string,
    readonly field?: string,
  ) {
    super(detail);
  }
}

/** `If-Match` named another revision than the current one (RFC 9110 §13.1.1). */
export class RevisionConflict extends Error {
  override readonly name = 'RevisionConflict';
  constructor(
    readonly expected: number | '*',
    /** -1 where there is no record yet. */
    readonly actual: number,
  ) {
    super(
      actual < 0
        ? 'There is no such record yet, so it has no revision.'
        : `The record is at revision ${actual}, not at ${expected}. Read it again and decide anew.`,
    );
  }
}

/** The cursor is none of this list with these parameters. */
export class InvalidCursor extends Error {
  override readonly name = 'InvalidCursor';
}

/** The Idempotency-Key was used before, with another body. */
export class IdempotencyMismatch extends Error {
  override readonly name = 'IdempotencyMismatch';
  constructor() {
    super('This Idempotency-Key was used before with another body. Use a new key for a new command.');
  }
}

/** What is needed to decide or to answer cannot be had now; nothing was done, or a retry with the same key is safe. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
  constructor(
    readonly code: 'authorities-stale' | 'outcome-unknown' | 'disclosure-not-recorded' | 'store-unavailable',
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/**
 * Errors as problem documents (RFC 9457). Each kind has a stable `type`, a relative URL with a page behind it; the
 * sentences here are all there is to read, so that no message of an error and no value of the input can get out.
 */
import { AppendFailed, AppendTooLarge, EventStoreUnavailable, OutcomeUnknown, WrongExpectedRevision } from '@rapport/event-store';
import { isInvalid, refusals, type Invalid, type Refusal, type Violation } from '@rapport/kernel';
import { VaultUnavailable } from '@rapport/vault';
import { Forbidden, IdempotencyMismatch, InvalidCursor, Refused, RevisionConflict, Unavailable } from '@rapport/kernel/errors';
import { ProjectionFailed, ReadModelBehind } from '@rapport/read-model';
import { IdentityProviderUnavailable } from '../identity/tokens';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

export interface ProblemType {
  /** The last segment of `type`. */
  readonly code: string;
  readonly status: number;
  readonly title: string;
  /** What it means and what to do about it. */
  readonly explanation: string;
}

const TYPES = {
  'malformed-url': [400, 'Malformed address', 'The path holds a percent sign that begins no valid UTF-8 escape.'],
  'malformed-body': [
    400,
    'Malformed body',
    'The body is not one JSON value in UTF-8 as the interface takes it. `errors` says where it can be told.',
  ],
  'malformed-request': [400, 'Malformed request', 'The request does not keep the rules of HTTP.'],
  'invalid-input': [
    400,
    'Invalid input',
    'Fields are missing, unknown or not as they should be. `errors` names every one with what is expected.',
  ],
  'invalid-header': [400, 'Invalid header', 'A header is not as it should be; `header` names it.'],
  unauthenticated: [401, 'Not signed in', 'A valid access token is needed: Authorization: Bearer …'],
  forbidden: [403, 'Not allowed', 'The policies do not allow it. `reason` is a stable code.'],
  'not-found': [404, 'Not found', 'There is no such thing here, or none that you may know of.'],
  'not-acceptable': [406, 'Not acceptable', 'None of the media types in Accept can be answered with; the description says which can.'],
  'method-not-allowed': [405, 'Method not allowed', 'The address exists, but not with this method; Allow lists those there are.'],
  'request-timeout': [408, 'Request not completed in time', 'The request did not arrive in time. Send it again.'],
  'concurrent-change': [409, 'Changed at the same time', 'Others changed the record at the same time. Send the command again.'],
  'revision-conflict': [
    412,
    'Changed since it was read',
    'The record is no longer at the revision in If-Match. Read it again and decide anew; `revision` is the current one.',
  ],
  'too-large': [413, 'Too large', 'The body is larger than is taken here; `limit` is in bytes. Split it.'],
  'uri-too-long': [414, 'Address too long', 'A part of the path is longer than is taken here.'],
  'unsupported-media-type': [
    415,
    'Unsupported media type',
    'The body has to be JSON in UTF-8: Content-Type: application/json, or application/x-ndjson for a batch.',
  ],
  'idempotency-mismatch': [
    422,
    'Idempotency-Key used before',
    'The Idempotency-Key was used before with another body. Use a new key for a new command.',
  ],
  'headers-too-large': [431, 'Headers too large', 'The headers are larger than is taken here.'],
  'internal-error': [
    500,
    'Internal error',
    'Something went wrong on our side. Quote `instance` when you report it; the same request with the same Idempotency-Key may be sent again.',
  ],
  'read-model-behind': [
    503,
    'Not there yet',
    'What you wait for has not arrived in the view you asked. Ask again after Retry-After seconds.',
  ],
  'authorities-stale': [
    503,
    'Authorities not known',
    'Who may do what is not known recently enough to decide. Send the request again later.',
  ],
  'outcome-unknown': [
    503,
    'Outcome not known',
    'Whether the command took effect is not known yet. Send it again with the same Idempotency-Key: it takes effect once.',
  ],
  'disclosure-not-recorded': [
    503,
    'Disclosure not recorded',
    'Personal data is shown only once that is recorded, and it could not be. Nothing was shown.',
  ],
  'identity-provider-unavailable': [
    503,
    'Identity provider not available',
    'The keys of the identity provider cannot be had, so that no token can be verified. Send the request again later.',
  ],
  'too-many-streams': [503, 'Too many streams', 'As many streams of events are open as there may be. Try again later.'],
  'store-unavailable': [
    503,
    'Store not available',
    'The event store or the vault cannot be reached, or does not take anything. Nothing was done; send the request again later.',
  ],
} as const satisfies { readonly [code: string]: readonly [status: number, title: string, explanation: string] };

export type ProblemCode = keyof typeof TYPES;

/** Every kind of problem that HTTP itself brings. */
const PROBLEM_TYPES: readonly ProblemType[] = Object.entries(TYPES).map(([code, [status, title, explanation]]) => ({
  code,
  status,
  title,
  explanation,
}));

/** 'call-closed' is 'Call closed'. */
const titleOf = (code: string): string => `${code.charAt(0).toUpperCase()}${code.slice(1).replaceAll('-', ' ')}`;

/** Every kind of problem: those of HTTP, then the refusals of the domain as it declares them. */
export function problemTypes(): readonly ProblemType[] {
  const ofDomain = [...refusals.values()]
    .filter(({ code }) => !Object.hasOwn(TYPES, code))
    .map(({ code, status, detail }) => ({ code, status, title: titleOf(code), explanation: detail }));
  return [...PROBLEM_TYPES, ...ofDomain];
}

/** The document, RFC 9457 §3, with our own members: `errors`, and what a kind adds (`reason`, `revision`, `limit`, `header`). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** The id of the request, for reports. */
  readonly instance?: string;
  readonly errors?: readonly Violation[];
  readonly [member: string]: unknown;
}

/** A problem to be thrown; the filter answers with it. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly safeMessage = true;
  constructor(
    readonly problem: Problem,
    readonly headers: { readonly [name: string]: string } = {},
    options?: { cause?: unknown },
  ) {
    super(problem.title, options);
  }
}

interface More {
  /** Where the kind's own explanation says too little. Never a value of the input. */
  readonly detail?: string;
  readonly members?: { readonly [name: string]: unknown };
  readonly headers?: { readonly [name: string]: string };
  readonly cause?: unknown;
}

/** A problem of a known kind. */
export function problem(code: ProblemCode, { detail, members = {}, headers = {}, cause }: More = {}): ProblemError {
  const [status, title, explanation] = TYPES[code];
  return new ProblemError({ type: `/problems/${code}`, title, status, detail: detail ?? explanation, ...members }, headers, { cause });
}

/** 400 with every violation. */
export function invalidInput({ violations }: Invalid): ProblemError {
  return problem('invalid-input', { members: { errors: violations } });
}

/** 400. @param violation where in the body, where that can be told */
export function malformedBody(detail: string, violation?: Violation): ProblemError {
  return problem('malformed-body', { detail, members: violation === undefined ? {} : { errors: [violation] } });
}

/** 400. @param header its name as it is written in specifications */
export function invalidHeader(header: string, detail: string): ProblemError {
  return problem('invalid-header', { detail, members: { header } });
}

/**
 * 401 with the challenge of RFC 6750 §3.
 * @param token `missing`: none was sent; `invalid`: expired, for somebody else, badly signed. The client is not told which
 */
export function unauthenticated(token: 'missing' | 'invalid'): ProblemError {
  const challenge = token === 'missing' ? 'Bearer realm="rapport"' : 'Bearer realm="rapport", error="invalid_token"';
  return problem('unauthenticated', {
    ...(token === 'invalid' ? { detail: 'The access token is not valid here, or no longer. Get a new one.' } : {}),
    headers: { 'www-authenticate': challenge },
  });
}

/** 404: nothing there, or nothing that the caller may know of; both look the same. */
export function notFound(): ProblemError {
  return problem('not-found');
}

/** 412 with the current revision, also as its ETag. */
export function revisionConflict(current: number): ProblemError {
  if (current < 0) return problem('revision-conflict', { detail: 'There is no such record yet, so it has no revision.' });
  return problem('revision-conflict', { members: { revision: current }, headers: { etag: `"${current}"` } });
}

/** 413. @param limit in bytes */
export function tooLarge(limit: number): ProblemError {
  return problem('too-large', { members: { limit } });
}

/** 404, 409 or 422, as the domain says. Its code is the kind of the problem. */
export function refusalProblem({ code, status, detail, field, more = {} }: Refusal): ProblemError {
  const errors = field === undefined ? {} : { errors: [{ pointer: `/${field}`, code, detail }] };
  return new ProblemError({ ...more, type: `/problems/${code}`, title: titleOf(code), status, detail, ...errors });
}

/** What clients wait before they try again where we know nothing better. */
const RETRY_AFTER = { 'retry-after': '1' };

/** The problem an error of ours stands for; undefined for any other error. */
export function problemOf(error: unknown): ProblemError | undefined {
  if (error instanceof ProblemError) return error;
  if (error instanceof Refused) return refusalProblem(error.refusal);
  if (error instanceof Forbidden) {
    const { reason, detail, field } = error;
    const errors = field === undefined ? {} : { errors: [{ pointer: `/${field}`, code: reason, detail }] };
    return problem('forbidden', { detail, members: { reason, ...errors } });
  }
  if (error instanceof InvalidCursor) {
    const detail = 'This is no `next` of this list with these parameters. Take it as it was answered, or begin without a cursor.';
    return invalidInput({ invalid: true, violations: [{ pointer: '/cursor', code: 'cursor', detail }] });
  }
  if (error instanceof RevisionConflict) return revisionConflict(error.actual);
  if (error instanceof IdempotencyMismatch) return problem('idempotency-mismatch');
  if (error instanceof IdentityProviderUnavailable) return problem('identity-provider-unavailable', { headers: RETRY_AFTER, cause: error });
  if (error instanceof ReadModelBehind || error instanceof ProjectionFailed) {
    return problem('read-model-behind', { headers: RETRY_AFTER, cause: error });
  }
  if (error instanceof Unavailable) return problem(error.code, { headers: RETRY_AFTER, cause: error });
  if (error instanceof EventStoreUnavailable || error instanceof AppendFailed || error instanceof VaultUnavailable) {
    return problem('store-unavailable', { headers: RETRY_AFTER, cause: error });
  }
  if (error instanceof OutcomeUnknown) return problem('outcome-unknown', { headers: RETRY_AFTER, cause: error });
  if (error instanceof WrongExpectedRevision) return problem('concurrent-change', { headers: RETRY_AFTER });
  if (error instanceof AppendTooLarge) return tooLarge(error.limit);
  if (isInvalid(error)) return invalidInput(error);
  return undefined;
}

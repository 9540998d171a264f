/** The headers that make a command safe to send again and a query read its own writes. */
import { invalidHeader } from './problems';

/** Answered with each command, and sent with a query that must show its effect. */
export const POSITION_HEADER = 'rapport-position';

type Header = string | readonly string[] | undefined;

/** Headers sent twice come as a list or joined with a comma; neither is one value. */
function one(name: string, header: Header): string | undefined {
  if (header === undefined || typeof header === 'string') return header;
  throw invalidHeader(name, `${name} is expected once.`);
}

/**
 * The Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a structured field's string, `"…"` (RFC 8941
 * §3.3.3), or the same characters bare. Both spellings are one key.
 *
 * @returns 1 to 200 visible ASCII characters; undefined where none was sent
 * @throws ProblemError `invalid-header`
 */
export function parseIdempotencyKey(header: Header): string | undefined {
  const text = one('Idempotency-Key', header)?.trim();
  if (text === undefined) return undefined;
  const quoted = /^"((?:[!#-[\]-~]|\\["\\])*)"$/.exec(text)?.[1];
  const key = quoted === undefined ? text : quoted.replace(/\\(["\\])/g, '$1');
  const bare = quoted === undefined && /[",;\\]/.test(text);
  if (bare || !/^[!-~]{1,200}$/.test(key)) {
    throw invalidHeader(
      'Idempotency-Key',
      'Idempotency-Key is expected as 1 to 200 visible ASCII characters, best in double quotes; a random UUID does.',
    );
  }
  return key;
}

/** The key as a structured field's string (RFC 8941 §4.1.6). */
export function formatIdempotencyKey(key: string): string {
  return `"${key.replace(/["\\]/g, '\\$&')}"`;
}

/** The ETag of a revision (RFC 9110 §8.8.3), strong. */
export function etag(revision: number): string {
  return `"${revision}"`;
}

/**
 * If-Match (RFC 9110 §13.1.1).
 *
 * @returns the revision; `*` where any will do as long as there is one; undefined where nothing was sent
 * @throws ProblemError `invalid-header` where it is not one ETag as we give them
 */
export function parseIfMatch(header: Header): number | '*' | undefined {
  const text = one('If-Match', header)?.trim();
  if (text === undefined || text === '*') return text;
  const revision = /^"(0|[1-9]\d{0,14})"$/.exec(text)?.[1];
  if (revision === undefined) {
    throw invalidHeader(
      'If-Match',
      'If-Match is expected as the one ETag that the record was answered with, such as "7", or as *; a weak ETag (W/) matches nothing.',
    );
  }
  return Number(revision);
}

/**
 * `Prefer: wait=…` (RFC 7240 §4.3): how long the client would wait for the read model.
 *
 * @param most seconds we are ready to hold the answer back
 * @returns seconds, `most` at most; undefined where nothing usable was preferred: a preference is never an error (§2)
 */
export function parsePreferWait(header: Header, most: number): number | undefined {
  const text = typeof header === 'string' ? header : (header ?? []).join(',');
  // The first one counts where it is given twice (§2).
  const seconds = /(?:^|,)\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:[;,]|$)/i.exec(text)?.[1];
  return seconds === undefined ? undefined : Math.min(Number(seconds), most);
}

/** Whether a text is a position as it is written. */
export const isPosition = (text: string): boolean => /^[0-9a-f]{32}$/.test(text);

/**
 * The position a query must have passed.
 * @throws ProblemError `invalid-header` where it is not one we gave
 */
export function parsePositionToken(header: Header): string | undefined {
  const text = one('Rapport-Position', header)?.trim();
  if (text !== undefined && !isPosition(text)) {
    throw invalidHeader(
      'Rapport-Position',
      'Rapport-Position is expected as a command was answered with it: 32 lower-case hexadecimal digits.',
    );
  }
  return text;
}

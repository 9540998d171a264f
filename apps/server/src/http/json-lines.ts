/** NDJSON as the batch endpoint takes it: one JSON text a line, LF or CRLF between them. */
import type { Readable } from 'node:stream';
import { MAX_BATCH_BYTES, MAX_BODY_BYTES, parseJson } from './json';
import { malformedBody, problemOf, tooLarge, type Problem } from './problems';

/** `line` counts from 1, empty lines included, as an editor shows them. */
export type JsonLine = { readonly line: number; readonly value: unknown } | { readonly line: number; readonly problem: Problem };

const LF = 0x0a;
const CR = 0x0d;

/**
 * Splits a body into lines and parses each, as it arrives; what is wrong with a line is an entry in its place, and
 * the next line is read all the same. Empty lines are skipped; the last line may end without a line feed.
 *
 * @param limits in bytes: `line` for one line, `total` for the body
 * @throws ProblemError `too-large` where the body is over its limit; lines before that have been yielded
 */
export async function* jsonLines(
  body: Readable,
  limits: { readonly line: number; readonly total: number } = { line: MAX_BODY_BYTES, total: MAX_BATCH_BYTES },
): AsyncGenerator<JsonLine, void, undefined> {
  let line = 1;
  let total = 0;
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;

  const keep = (bytes: Uint8Array): void => {
    // Over the limit only the count goes on: the line is refused whatever else it holds.
    if (pendingBytes <= limits.line) pending.push(bytes);
    pendingBytes += bytes.length;
  };
  const finish = (): JsonLine | undefined => {
    const bytes = Buffer.concat(pending);
    const size = bytes.at(-1) === CR ? pendingBytes - 1 : pendingBytes;
    const at = line++;
    pending = [];
    pendingBytes = 0;
    if (size > limits.line) return { line: at, problem: tooLarge(limits.line).problem };
    return size === 0 ? undefined : parseLine(at, bytes.subarray(0, size));
  };

  try {
    // Ending early must not destroy the request: the answer goes out by the same socket.
    for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      total += chunk.length;
      if (total > limits.total) throw tooLarge(limits.total);
      let from = 0;
      for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, from)) {
        keep(chunk.subarray(from, end));
        from = end + 1;
        const finished = finish();
        if (finished !== undefined) yield finished;
      }
      keep(chunk.subarray(from));
    }
  } finally {
    // What is left unread would stand before the connection's next request for ever.
    body.resume();
  }
  const last = finish();
  if (last !== undefined) yield last;
}

function parseLine(line: number, bytes: Uint8Array): JsonLine {
  try {
    if (bytes[0] === 0xfe || bytes[0] === 0xff)
      throw malformedBody('The line is not UTF-8; it looks like UTF-16. Write UTF-8 without a byte order mark.');
    return { line, value: parseJson(bytes) };
  } catch (error) {
    const known = problemOf(error);
    if (known === undefined) throw error;
    return { line, problem: known.problem };
  }
}

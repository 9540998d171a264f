/**
 * JSON as it comes in. Beyond what JSON.parse refuses: invalid UTF-8, a name given twice (parsers disagree which one
 * counts), names that look like array indexes (JavaScript reorders them, so the bytes that are hashed would change),
 * NUL and lone surrogates (they break in other stores), and more nesting than any command has.
 */
import { pointerSegment, type Violation } from '@rapport/kernel';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { malformedBody, problem, tooLarge } from './problems';

/** Bytes of one command at most, as a body or as a line of a batch. */
export const MAX_BODY_BYTES = 256 * 1024;
/** Bytes of a batch at most. */
export const MAX_BATCH_BYTES = 8 * 1024 * 1024;
const MAX_DEPTH = 32;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * @param bytes one JSON text in UTF-8
 * @throws ProblemError `malformed-body`, with a pointer where it can be told
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = decode(bytes);
  if (text.startsWith('\ufeff')) throw malformedBody('The body begins with a byte order mark; write UTF-8 without one (RFC 8259 §8.1).');
  if (text.trim() === '') throw malformedBody('The body is empty; JSON is expected.');
  const { members, depth } = measure(text);
  if (depth > MAX_DEPTH) throw malformedBody(`The body is nested deeper than ${MAX_DEPTH} levels.`);
  const value = parse(text);
  const walk = new Walk(text.includes('\\u'));
  const violation = walk.look(value) ?? (walk.members === members ? undefined : duplicate(text));
  if (violation !== undefined) throw malformedBody('The body is JSON, but not as it is taken here.', violation);
  return value;
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw malformedBody('The body is not valid UTF-8.');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
    throw malformedBody('The body is not JSON.');
  }
}

/** How many members (`"name":`) the text writes and how deep it nests, without parsing it. */
function measure(text: string): { members: number; depth: number } {
  let members = 0;
  let level = 0;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: // a string: on to its closing quote
        for (i++; i < text.length && text.charCodeAt(i) !== 0x22; i++) if (text.charCodeAt(i) === 0x5c) i++;
        break;
      case 0x3a:
        members++;
        break;
      case 0x7b:
      case 0x5b:
        if (++level > depth) depth = level;
        break;
      case 0x7d:
      case 0x5d:
        level--;
        break;
    }
  }
  return { members, depth };
}

/** Looks at every name and string of a parsed value. Fewer members than the text writes mean that one was written twice. */
class Walk {
  members = 0;

  /** @param escapes whether the text has `\u` escapes: without them it cannot hold NUL or a lone surrogate */
  constructor(private readonly escapes: boolean) {}

  look(value: unknown): Violation | undefined {
    if (typeof value === 'string') return this.escapes ? badText(value) : undefined;
    if (typeof value !== 'object' || value === null) return undefined;
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) {
        const found = this.look(value[i]);
        if (found !== undefined) return below(String(i), found, `/${i}`);
      }
      return undefined;
    }
    for (const name of Object.keys(value)) {
      this.members++;
      const found = badName(name) ?? (this.escapes ? badText(name) : undefined) ?? this.look((value as Record<string, unknown>)[name]);
      if (found !== undefined) return below(name, found);
    }
    return undefined;
  }
}

/** The violation as seen from one level further up. A name that does not look like a field's is not repeated. */
function below(name: string, violation: Violation, segment = pointerSegment(name)): Violation {
  return { ...violation, pointer: segment === undefined ? '' : segment + violation.pointer };
}

function badName(name: string): Violation | undefined {
  return /^\d+$/.test(name)
    ? { pointer: '', code: 'integer-like-name', detail: 'A member’s name that is a number is not taken.' }
    : undefined;
}

function badText(text: string): Violation | undefined {
  if (text.includes('\0')) return { pointer: '', code: 'control-character', detail: 'Text without NUL is expected.' };
  if (/\p{Cs}/u.test(text)) {
    return { pointer: '', code: 'lone-surrogate', detail: 'Well-formed Unicode is expected: a surrogate stands without its other half.' };
  }
  return undefined;
}

/** Where a valid JSON text gives a name twice in one object. Only called where one does. */
function duplicate(text: string): Violation {
  const detail = 'Each name may be given once in an object.';
  const frames: { readonly names?: Set<string>; segment: string | undefined; index: number }[] = [];
  const pointer = (): string => {
    const unnamed = frames.findIndex(({ segment }) => segment === undefined);
    return frames
      .slice(0, unnamed === -1 ? frames.length : unnamed)
      .map(({ segment }) => segment)
      .join('');
  };
  let nameNext = false;
  for (const [token] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],]/g)) {
    const frame = frames.at(-1);
    if (token === '{') frames.push({ names: new Set(), segment: undefined, index: 0 });
    else if (token === '[') frames.push({ segment: '/0', index: 0 });
    else if (token === '}' || token === ']') frames.pop();
    else if (token === ',' && frame?.names === undefined && frame !== undefined) frame.segment = `/${++frame.index}`;
    else if (token !== ',' && nameNext && frame?.names !== undefined) {
      const name = JSON.parse(token) as string;
      frame.segment = pointerSegment(name);
      if (frame.names.has(name)) return { pointer: pointer(), code: 'duplicate-name', detail };
      frame.names.add(name);
    }
    nameNext = token === '{' || token === ',';
  }
  return { pointer: '', code: 'duplicate-name', detail };
}

/**
 * Makes Fastify read bodies with `parseJson`, NDJSON as a stream, and nothing else (415).
 * Nest must be created with `bodyParser: false`, or it adds its own parsers beside these.
 *
 * @param fastify the instance whose routes it holds for; another encapsulated context may have parsers of its own
 */
export function useJsonBodies(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES }, (request, body, done) => {
    try {
      refuseOtherCharsets(request);
      done(null, parseJson(body));
    } catch (error) {
      done(error as Error);
    }
  });
  // Fastify keeps no limit on a stream: `jsonLines` counts, and what is announced is refused before it is sent.
  fastify.addContentTypeParser('application/x-ndjson', (request, payload, done) => {
    try {
      refuseOtherCharsets(request);
      if (Number(request.headers['content-length']) > MAX_BATCH_BYTES) throw tooLarge(MAX_BATCH_BYTES);
      done(null, payload);
    } catch (error) {
      done(error as Error);
    }
  });
}

function refuseOtherCharsets({ headers }: FastifyRequest): void {
  const charset = /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(headers['content-type'] ?? '')?.[1];
  if (charset !== undefined && charset.toLowerCase() !== 'utf-8') throw problem('unsupported-media-type');
}

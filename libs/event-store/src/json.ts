declare global {
  interface String {
    /** In Node since 20; TypeScript's ES2023 library does not have it yet. */
    isWellFormed(): boolean;
  }
}

/** Deeper values are refused, so that neither this check nor JSON.stringify can exhaust the stack; it also stops at cycles. */
const MAX_DEPTH = 100;
const INTEGER_LIKE = /^(?:0|[1-9]\d*)$/;

/** Why a value would not come back from the store as it went in, and where. The path leads to the value and never shows it. */
export interface Flaw {
  readonly reason: string;
  readonly path: string[];
}

/**
 * Finds what JSON, a store or a canonical form (RFC 8785) would change, drop or refuse.
 *
 * @param texts whether to look at texts too; not looking takes half the time, for who has another way to know
 * @returns undefined where the value survives: plain objects and arrays, well-formed text without NUL, finite numbers,
 *   booleans, null; a member of an object may be undefined, which leaves it out
 */
export function findFlaw(value: unknown, texts = true, depth = 0): Flaw | undefined {
  switch (typeof value) {
    case 'string':
      return !texts || survives(value) ? undefined : flaw('is text with NUL or half a surrogate pair');
    case 'number':
      return Number.isFinite(value) ? undefined : flaw('is a number that is not finite');
    case 'boolean':
      return undefined;
    case 'object':
      if (value === null) return undefined;
      if (depth === MAX_DEPTH) return flaw(`is nested deeper than ${MAX_DEPTH} levels`);
      return Array.isArray(value) ? flawInArray(value, texts, depth) : flawInObject(value, texts, depth);
    default:
      return flaw(`is of type ${typeof value}, which JSON does not have`);
  }
}

function flawInArray(values: readonly unknown[], texts: boolean, depth: number): Flaw | undefined {
  for (let i = 0; i < values.length; i++) {
    const found = findFlaw(values[i], texts, depth + 1);
    if (found !== undefined) return within(String(i), found);
  }
  return undefined;
}

function flawInObject(value: object, texts: boolean, depth: number): Flaw | undefined {
  if (!isPlain(value)) return flaw('is an object that JSON would turn into something else');
  for (const key of Object.keys(value)) {
    // An engine moves integer-like keys to the front: the order would not be the one that was written.
    // The key itself stays out of the message: it could be a number that belongs to somebody.
    if (key.charCodeAt(0) <= 57 && INTEGER_LIKE.test(key)) return flaw('has a key that looks like an integer');
    if (texts && !survives(key)) return flaw('has a key with NUL or half a surrogate pair');
    const member = (value as Record<string, unknown>)[key];
    if (member === undefined) continue;
    const found = findFlaw(member, texts, depth + 1);
    if (found !== undefined) return within(key, found);
  }
  return undefined;
}

/** A literal or an instance of a class, but no Date, Map, Number or whatever else has a JSON form of its own. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return true;
  return Object.prototype.toString.call(value) === '[object Object]' && !('toJSON' in value);
}

/** True where the text is valid Unicode without NUL: what every store and every hash takes as it is. */
export function survives(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

function flaw(reason: string): Flaw {
  return { reason, path: [] };
}

function within(key: string, found: Flaw): Flaw {
  found.path.unshift(key);
  return found;
}
